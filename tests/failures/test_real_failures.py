"""What real models and their users do wrong: refusals, claims, wrong details, spent orders, users that stray."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.failures.test_real_form_consent import WORLD
from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport
from toolgym.messages import STOP, Message, ToolCall
from toolgym.tasks import Task

RETURN = (
    "return_delivered_order_items",
    {"order_id": "#W1266216", "item_ids": ["9672287958"], "payment_method_id": "gift_card_9870308"},
)
CANCEL = ("cancel_pending_order", {"order_id": "#W9234396", "reason": "ordered by mistake"})
WHO = {
    "return": ("Rhonda", "Jha", "78227"),
    "cancel": ("Esmeralda", "Vallejo", "76127"),
}
BYE = f"That's all, thanks. {STOP}"
Line = str | tuple[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def explained(
    retail: Domain,
    gold: tuple[str, Mapping[str, Any]],
    *lines: Line,
    wants: str,
    told: tuple[str, ...] = (),
    who: str = "return",
) -> FailureReport:
    """The report of a dialogue of a customer who is known: what it says and the assistant says and calls in turn."""
    first, last, code = WHO[who]
    task = Task.model_validate(
        {
            "id": "real",
            "user_scenario": {"instructions": wants},
            "world": WORLD,
            "flavour": "toolgym",
            "evaluation_criteria": {
                "actions": [{"action_id": "0", "name": gold[0], "arguments": gold[1]}],
                "communicate_info": list(told),
                "reward_basis": ["DB", "COMMUNICATE"],
            },
        }
    )
    episode = Episode(retail, task)
    if episode.turn == "assistant":
        episode.advance(Message("assistant", "Hello, how can I help you?"))
    episode.advance(Message("user", f"Hi, I'm {first} {last}, zip code {code}."))
    identify = ("find_user_id_by_name_zip", {"first_name": first, "last_name": last, "zip": code})
    for line in (identify, "Thank you. What can I do?", *lines):
        if episode.turn is None:
            break
        if isinstance(line, str):
            episode.advance(Message(episode.turn, line))
        else:
            call = ToolCall(line[0], line[1], f"call_{len(episode.messages)}")
            episode.advance(Message("assistant", None, (call,)))
    return RulesAnalyst().explain_one(retail, task, episode.trajectory())


WANTS_RETURN = "You want to return the Soundbar from order #W1266216, with the refund to your gift card."
WANTS_CANCEL = "You want to cancel order #W9234396 because it was ordered by mistake."
LOOK = ("get_order_details", {"order_id": "#W1266216"})
PROPOSAL = "I'd return the Soundbar from order #W1266216, refund to your gift card. Shall I go ahead?"


def test_a_refusal_of_what_is_allowed_is_named(retail: Domain) -> None:
    lines = ("I want to return the Soundbar from #W1266216.", LOOK, "I'm sorry, but I can't return that item.", BYE)
    report = explained(retail, RETURN, *lines, wants=WANTS_RETURN)
    assert report.pattern == "refused_allowed"
    assert report.findings[0].got == "I'm sorry, but I can't return that item."


def test_a_refusal_that_was_taken_back_is_none(retail: Domain) -> None:
    lines = ("Return the Soundbar from #W1266216.", LOOK, "I'm afraid I can't return that.", "Really?", PROPOSAL, "No.")
    report = explained(retail, RETURN, *lines, "All right.", BYE, wants=WANTS_RETURN)
    assert report.pattern == "ended_early"


def test_what_was_claimed_and_not_done_is_named(retail: Domain) -> None:
    lines = ("Return the Soundbar from #W1266216.", LOOK, PROPOSAL, "Yes, please.", "The return has been requested.")
    report = explained(retail, RETURN, *lines, BYE, wants=WANTS_RETURN)
    assert [(one.pattern, one.got) for one in report.causes] == [
        ("said_not_done", "only said: The return has been requested.")
    ]


def test_what_could_have_been_looked_up_and_was_asked_for_is_named(retail: Domain) -> None:
    lines = ("I want to return the Soundbar that I got.", "What is the order number?", "I don't have it at hand.")
    report = explained(retail, RETURN, *lines, "Then please come back with it.", BYE, wants=WANTS_RETURN)
    assert report.pattern == "no_lookup"


def test_a_valid_value_that_was_not_meant_is_a_wrong_detail_and_one_of_nothing_invalid(retail: Domain) -> None:
    who = ("get_user_details", {"user_id": "rhonda_jha_4672"})
    for method, pattern in (("paypal_3102533", "wrong_detail"), ("gift_card", "invalid_argument")):
        wrong = (RETURN[0], {**RETURN[1], "payment_method_id": method})
        talk = ("Return the Soundbar, refund to my gift card.", LOOK, who, PROPOSAL, "Yes, please.", wrong)
        report = explained(retail, RETURN, *talk, "Something went wrong.", BYE, wants=WANTS_RETURN)
        assert report.pattern == pattern


def test_a_reason_that_was_not_given_is_a_wrong_detail(retail: Domain) -> None:
    wrong = (CANCEL[0], {**CANCEL[1], "reason": "no longer needed"})
    lines = ("Cancel #W9234396, my son ordered it by mistake.", "I'd cancel order #W9234396. Shall I?", "Yes.", wrong)
    report = explained(retail, CANCEL, *lines, "It is cancelled.", BYE, wants=WANTS_CANCEL, who="cancel")
    assert report.pattern == "wrong_detail"


def test_an_order_that_was_spent_on_a_part_is_the_cause(retail: Domain) -> None:
    both = (RETURN[0], {**RETURN[1], "item_ids": ["9672287958", "3137907673"]})
    lines = ("Return the Soundbar and the Tower Fan of #W1266216.", LOOK, PROPOSAL, "Yes, and the fan.", RETURN, both)
    report = explained(retail, both, *lines, "The rest can't be returned.", BYE, wants=WANTS_RETURN)
    assert report.pattern == "spent_on_part"
    assert report.findings[0].message == 10


def test_another_deed_on_a_part_spends_the_order_for_what_was_wanted(retail: Domain) -> None:
    fan = (RETURN[0], {**RETURN[1], "item_ids": ["3137907673"]})
    given = {**RETURN[1], "new_item_ids": [another(retail)]}
    swap = ("exchange_delivered_order_items", given)
    asked = "I'd return the Tower Fan of order #W1266216 to your gift card. Shall I?"
    lines = ("Exchange the Soundbar, and return the fan if you can.", LOOK, asked, "Yes.", fan, swap, "It is refused.")
    report = explained(
        retail, swap, *lines, BYE, wants="Exchange the Soundbar; return the Tower Fan if both are possible."
    )
    assert [one.pattern for one in report.causes] == ["spent_on_part"]


def another(retail: Domain) -> str:
    """An available variant of the Soundbar, the cheapest."""
    rows = retail.worlds.get(WORLD).records("assistant", "products")
    variants = next(row["variants"] for row in rows if "9672287958" in row["variants"]).values()
    others = [one for one in variants if one["available"] and one["item_id"] != "9672287958"]
    return str(min(others, key=lambda one: one["price"])["item_id"])


@pytest.mark.parametrize(
    ("answer", "pattern"), [("It was $307.33.", "wrong_figure"), ("All is fine.", "fact_not_said")]
)
def test_another_figure_than_the_right_one_is_told_apart_from_none(retail: Domain, answer: str, pattern: str) -> None:
    lines = ("Return the Soundbar of #W1266216.", LOOK, PROPOSAL, "Yes, please.", RETURN, "It is returned.")
    asked = "Thanks. And how much did I pay for it?"
    report = explained(retail, RETURN, *lines, asked, answer, BYE, wants=WANTS_RETURN, told=("207.33",))
    assert report.pattern == pattern


# The user's own fault


def test_a_user_that_names_another_value_than_its_task_is_not_the_assistants_fault(retail: Domain) -> None:
    wrong = (CANCEL[0], {**CANCEL[1], "reason": "no longer needed"})
    asked = "I'd cancel order #W9234396 as no longer needed. Shall I?"
    lines = ("Cancel #W9234396, I no longer need it.", asked, "Yes, please.", wrong, "It is cancelled.", BYE)
    report = explained(retail, CANCEL, *lines, wants=WANTS_CANCEL, who="cancel")
    assert [(one.pattern, one.side) for one in report.causes] == [("user_deviated", "user")]
    assert report.user_alone


def test_a_value_that_the_assistant_named_first_is_not_the_users_fault(retail: Domain) -> None:
    wrong = (CANCEL[0], {**CANCEL[1], "reason": "no longer needed"})
    lines = (
        "Cancel #W9234396.",
        "As no longer needed? Shall I go ahead?",
        "Yes, no longer needed.",
        wrong,
        "Done.",
        BYE,
    )
    report = explained(retail, CANCEL, *lines, wants=WANTS_CANCEL, who="cancel")
    assert report.pattern == "wrong_detail"


@pytest.mark.parametrize("last", [f"Yes, please. {STOP}", STOP])
def test_a_user_that_leaves_before_the_call_is_at_fault(retail: Domain, last: str) -> None:
    lines = ("Return the Soundbar from #W1266216.", LOOK, PROPOSAL, last)
    report = explained(retail, RETURN, *lines, wants=WANTS_RETURN)
    assert [(one.pattern, one.side) for one in report.causes] == [("user_deviated", "user")]


@pytest.mark.parametrize("last", [f"This is a waste of time, I give up. {STOP}", f"No. {STOP}"])
def test_a_user_that_gives_up_or_says_no_is_not(retail: Domain, last: str) -> None:
    lines = ("Return the Soundbar from #W1266216.", LOOK, PROPOSAL, last)
    report = explained(retail, RETURN, *lines, wants=WANTS_RETURN)
    assert report.pattern == "ended_early"


def test_a_user_that_plays_the_assistant_is_at_fault(retail: Domain) -> None:
    lines = (
        "Return the Soundbar.",
        LOOK,
        "Which order?",
        "Your return has been processed. How can I help you further?",
    )
    report = explained(retail, RETURN, *lines, "I'm not sure I follow.", BYE, wants=WANTS_RETURN)
    assert report.pattern == "user_deviated"


def test_a_user_that_never_told_its_wish_is_at_fault(retail: Domain) -> None:
    report = explained(retail, RETURN, "Nothing, I was just looking around.", "All right!", BYE, wants=WANTS_RETURN)
    assert report.pattern == "user_deviated"
