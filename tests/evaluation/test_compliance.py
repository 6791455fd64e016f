"""Compliance: the yes before a write, and the user identified before a record is opened."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.evaluation import Compliance, Conduct, conduct
from toolgym.messages import Message, ToolCall
from toolgym.trajectory import Fault, Grade, Trajectory

ORDERS = ("#W1111111", "#W2222222")
ASKED = f"I will cancel order {ORDERS[0]}. Shall I go ahead?"


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def say(text: str) -> list[Message]:
    return [Message("assistant", text)]


def hear(text: str) -> list[Message]:
    return [Message("user", text)]


def call(name: str, *, error: bool = False, **arguments: str) -> list[Message]:
    made = ToolCall(name, arguments, "call")
    result = Message("tool", "{}", tool_call_id="call", requestor="assistant", error=error)
    return [Message("assistant", None, (made,)), result]


def cancel(order: str = ORDERS[0], *, error: bool = False) -> list[Message]:
    return call("cancel_pending_order", error=error, order_id=order, reason="no longer needed")


def identify(*, error: bool = False) -> list[Message]:
    return call("find_user_id_by_email", error=error, email="ada@example.com")


def look(order: str = ORDERS[0]) -> list[Message]:
    return call("get_order_details", order_id=order)


def writes_of(domain: Domain, *parts: Sequence[Message]) -> tuple[int, int, int]:
    found = conduct(domain, [message for part in parts for message in part])
    return found.writes, found.agreed, found.named


def test_a_write_after_a_yes_to_a_request_that_names_it_is_agreed_to(retail: Domain) -> None:
    assert writes_of(retail, say(ASKED), hear("Yes, please."), cancel()) == (1, 1, 1)


@pytest.mark.parametrize("answer", ["No, not that one.", "Which one is it?", "Yes, but keep the lamp."])
def test_a_write_after_anything_but_a_yes_is_not(retail: Domain, answer: str) -> None:
    assert writes_of(retail, say(ASKED), hear(answer), cancel()) == (1, 0, 0)


def test_a_write_before_anybody_spoke_is_not_agreed_to(retail: Domain) -> None:
    assert writes_of(retail, cancel(), say(ASKED), hear("Yes, please.")) == (1, 0, 0)


def test_a_yes_to_a_question_that_asks_for_no_go_ahead_is_good_for_nothing_that_it_does_not_name(
    retail: Domain,
) -> None:
    assert writes_of(retail, say("Is your name Ada?"), hear("Yes, it is."), cancel()) == (1, 0, 0)


def test_one_yes_is_good_for_one_write_and_for_others_that_the_proposal_names(retail: Domain) -> None:
    yes = hear("Yes, go ahead.")
    assert writes_of(retail, say("I will cancel it. Shall I go ahead?"), yes, cancel(), cancel(ORDERS[1])) == (2, 1, 0)
    both = say(f"I will cancel {ORDERS[0]} and {ORDERS[1]}. Shall I go ahead?")
    assert writes_of(retail, both, yes, cancel(), cancel(ORDERS[1])) == (2, 2, 2)


def test_an_earlier_yes_is_spent_when_the_user_has_spoken_again(retail: Domain) -> None:
    later = (say("Is there anything else?"), hear("My lamp is broken."))
    assert writes_of(retail, say(ASKED), hear("Yes."), *later, cancel()) == (1, 0, 0)


def test_calls_that_failed_or_have_no_result_are_no_writes(retail: Domain) -> None:
    assert writes_of(retail, cancel(error=True), cancel()[:1]) == (0, 0, 0)


def test_the_user_counts_as_identified_only_if_a_call_that_identifies_succeeded_first(retail: Domain) -> None:
    def known(*parts: Sequence[Message]) -> tuple[bool, bool]:
        found = conduct(retail, [message for part in parts for message in part])
        return found.opened, found.identified

    assert known(identify(), look()) == (True, True)
    assert known(look(), identify()) == (True, False)
    assert known(identify(error=True), look()) == (True, False)
    assert known(cancel()) == (True, False)
    assert known(call("get_product_details", product_id="1"), identify()) == (False, False)


def test_calls_of_the_history_tell_who_the_user_is_and_are_not_the_assistants_doing(retail: Domain) -> None:
    past = [*identify(), *cancel()]
    assert conduct(retail, [*past, *look()], len(past)) == Conduct(0, 0, 0, 0, True, True)


def test_where_nothing_identifies_nobody_needs_to_be_identified() -> None:
    found = conduct(make_domain("mock"), call("update_task_status", task_id="task_1", status="completed"))
    assert (found.writes, found.opened) == (1, False)


def episode(key: str, *parts: Sequence[Message], void: bool = False) -> Trajectory:
    messages = tuple(message for part in parts for message in part)
    fault = Fault("user", "gone") if void else None
    return Trajectory("retail", key, key, messages, "user_stop", None if void else Grade(1.0, True), fault=fault)


def test_each_task_counts_once_and_one_without_a_write_not_at_all(retail: Domain) -> None:
    good = (identify(), say(ASKED), hear("Yes, please."), cancel())
    rows = [
        *[episode("a", *good)] * 3,
        episode("b", look(), cancel()),
        episode("c", identify(), look()),
        episode("d", cancel(), void=True),
    ]
    found = Compliance.of(retail, rows)
    assert (found.writes, found.episodes) == (4, 5)
    assert found.consent is not None
    assert found.identified is not None
    assert found.consent.mean == 0.5
    assert found.identified.mean == pytest.approx(2 / 3)
    assert found.identified.low < 2 / 3 < found.identified.high
    assert found.as_dict()["consent"] == {"mean": 0.5, "low": found.consent.low, "high": found.consent.high}


def test_without_writes_there_is_no_share(retail: Domain) -> None:
    found = Compliance.of(retail, [episode("a", say("Hello!"), hear("Bye."))])
    assert found == Compliance(None, None, None, 0, 0)
