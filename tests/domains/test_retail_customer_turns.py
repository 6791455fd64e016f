"""The customer in the turns that decide a dialogue: refused, asked who it is, asked for a go-ahead and told more."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toolgym_retail.customer
from benchmarks.customer.train import ALWAYS, LAST, RULES, SETS, corpus, fitted, main, measure, some
from toolgym import make_domain
from toolgym.language.classifier import Classifier
from toolgym.language.consent import says_yes
from toolgym.messages import Message
from toolgym.tasks import Task, read_tasks
from toolgym_retail.customer import Customer
from toolgym_retail.customer.topics import understand
from toolgym_retail.facts import Facts, Method, Request

SPEECH = Path(__file__).parent / "retail_speech"
WEIGHTS = Path(toolgym_retail.customer.__file__).with_name("intents.npz")
SOLD_OUT = ("train-043", "train-018", "dev-043", "dev-067", "test-018")
"""Tasks whose customer takes something else, or cancels, if what it wants cannot be had."""
PROPOSAL = (
    "I'd exchange the Area Rug (8 ft, rectangular, flatweave, terracotta) from order #W9447367 for the Area Rug (8 ft, "
    "rectangular, flatweave, indigo), the difference on your Mastercard ending in 7501. Shall I go ahead?"
)
"""What the customer of train-006 wants."""


@cache
def tasks() -> dict[str, Task]:
    return {task.id: task for task in read_tasks(SPEECH / "turns_tasks.jsonl")}


@cache
def turns() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((SPEECH / "turns.json").read_text(encoding="utf-8"))
    return found


def first_wish(task: Task) -> Request:
    request = Facts.of(task).requests[0]
    return request.first or request


@cache
def refunds_elsewhere() -> list[str]:
    """Tasks whose customer wants a refund on another method than it paid with, and takes that one if it must."""
    found = []
    for task in tasks().values():
        wish = first_wish(task)
        if wish.kind == "return" and wish.otherwise is not None and wish.otherwise.payment != wish.payment:
            found.append(task.id)
    return found[:4]


def named(method: Method | None) -> str:
    assert method is not None
    plain = {"paypal": "PayPal account", "gift_card": "gift card"}
    return plain.get(method.source, f"{method.brand.title()} ending in {method.last_four}")


def answer(task: Task, said: str) -> str:
    """What the customer of a task answers to a message that comes right after its first line."""
    customer = Customer(make_domain("retail"), task, np.random.default_rng(0))
    view = [Message("assistant", "Hi! How can I help you today?")]
    view.append(customer.respond(tuple(view)))
    view.append(Message("assistant", said))
    return customer.respond(tuple(view)).content or ""


def test_after_a_refusal_in_any_form_the_alternative_is_taken() -> None:
    missed, count = [], 0
    for name in refunds_elsewhere():
        wish = first_wish(tasks()[name])
        assert wish.otherwise is not None
        assert wish.order is not None
        bad, good = named(wish.payment), named(wish.otherwise.payment)
        for form in turns()["refund"]:
            said = form.format(bad=bad, good=good, item=wish.items[0].product, order=wish.order.id)
            reply = answer(tasks()[name], said)
            count += 1
            if not (says_yes(reply) and good in said) and good not in reply:
                missed.append((name, said[:80], reply))
    assert count >= 300
    assert len(missed) <= 0.03 * count, missed


@pytest.mark.parametrize("name", SOLD_OUT)
def test_after_sold_out_in_any_form_something_else_is_taken(name: str) -> None:
    wish = first_wish(tasks()[name])
    assert wish.otherwise is not None
    for said in turns()["sold_out"]:
        reply = answer(tasks()[name], said)
        if wish.otherwise.kind == "cancel":
            assert "cancel" in reply
        else:
            new = [value for item in wish.otherwise.items for value in item.new_options.values()]
            assert any(str(value) in reply for value in new), (said, reply)


@pytest.mark.parametrize("number", [3, 10, 21, 33, 47, 60])
def test_a_question_for_identity_is_answered_with_it_in_any_form(number: int) -> None:
    task = tasks()[f"train-{number:03}"]
    facts = Facts.of(task)
    for form in turns()["identity"]:
        item = next((item.product for item in facts.requests[0].items), "order")
        reply = answer(task, form.format(item=item))
        assert facts.email in reply or facts.zip in reply, (form[:80], reply)


@pytest.mark.parametrize("after", turns()["afterwards"])
def test_a_go_ahead_is_given_whatever_is_said_after_the_question(after: str) -> None:
    assert says_yes(answer(tasks()["train-006"], f"{PROPOSAL} {after}"))


def test_what_stays_as_it_is_belongs_to_no_other_request() -> None:
    """Of several requests, a note about the orders of the others makes the proposal of one no wrong one."""
    task = next(task for task in tasks().values() if _changes_profile(task))
    facts = Facts.of(task)
    wish = facts.requests[0]
    other = facts.requests[1].order
    assert other is not None
    said = (
        f"I'd change the default address of your profile to {wish.address}. Orders that were placed before keep the "
        f"address that they have ({other.id} and #W0000001). Shall I go ahead?"
    )
    assert says_yes(answer(task, said))


def _changes_profile(task: Task) -> bool:
    facts = Facts.of(task)
    requests = facts.requests
    both = len(requests) == 2 and facts.upfront == 2 and requests[0].first is None
    return both and requests[0].kind == "user_address" and requests[1].order is not None


def test_a_reminder_that_all_was_told_claims_nothing_of_the_payment() -> None:
    wish = "I'd change the payment method of order {order} to your {method}."
    task = next(task for task in tasks().values() if first_wish(task).kind == "modify_payment")
    told = first_wish(task)
    assert told.order is not None
    said = wish.format(order=told.order.id, method=named(told.payment))
    reminder = (
        "Please confirm that you have told me everything that should be part of this and want to proceed. (yes/no)"
    )
    assert says_yes(answer(task, f"{said} {reminder}"))


def test_at_least_97_percent_of_the_second_set_of_messages_is_understood() -> None:
    share = measure(Classifier.load(WEIGHTS), corpus("messages2.jsonl"))["both"]
    assert share >= 0.97


def test_a_classifier_beside_the_rules_understands_more_than_they_of_a_set_it_has_not_seen() -> None:
    rows = [row for name in ALWAYS for row in some(corpus(name))]
    shares = measure(fitted([*corpus(SETS[0]), *rows]), corpus(SETS[1]))
    assert shares["both"] >= max(0.94, shares["rules"])


def test_its_weights_are_small_and_its_labels_what_an_assistant_may_call_for() -> None:
    assert WEIGHTS.stat().st_size < 1_000_000
    labels = set(Classifier.load(WEIGHTS).labels)
    assert set(RULES.names) <= labels
    assert {"propose", "refuse", "report", "ask_all", "ask_more", "inform", "wait", "unavailable"} <= labels


def test_at_least_99_percent_of_the_third_set_of_messages_is_understood() -> None:
    """Measured at first sight it was 97.3 %; the rules alone have to hold what was mended in them."""
    rows = corpus(LAST)
    shares = measure(Classifier.load(WEIGHTS), rows)
    assert len(rows) == 336
    assert shares["both"] >= 0.99
    assert shares["rules"] >= 0.9


@cache
def asked_who() -> dict[str, Any]:
    held: dict[str, Any] = json.loads((SPEECH / "identity.json").read_text(encoding="utf-8"))
    return held


def customer_called(name: str) -> Task:
    """A task whose customer is one of those of the set, and says all that it wants at once."""
    return next(iter(tasks().values())).model_copy(update={"facts": asked_who()["facts"][name]})


def tells_who(task: Task, reply: str) -> bool:
    facts = Facts.of(task)
    return facts.email in reply or (facts.last_name in reply and facts.zip in reply)


def test_at_least_99_of_100_long_questions_for_identity_are_answered_with_it() -> None:
    rows = asked_who()["asked"]
    assert len(rows) == 100
    said = [(row["text"], customer_called(row["customer"])) for row in rows]
    missed = [text for text, task in said if not tells_who(task, answer(task, text))]
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("name", asked_who()["more"]["customers"])
def test_identity_is_told_wherever_a_message_speaks_of_it_as_needed(name: str) -> None:
    task = customer_called(name)
    for text in asked_who()["more"]["texts"]:
        reply = answer(task, text)
        assert tells_who(task, reply), (text, reply)


def test_the_order_is_told_beside_who_the_customer_is_where_both_are_asked() -> None:
    task = customer_called("W001")
    reply = answer(
        task, "Two questions.\nFirst, who is the customer? Email, or name and zip.\nSecond, which order is it?"
    )
    assert tells_who(task, reply)
    order = Facts.of(task).requests[0].order
    assert order is not None
    assert order.id in reply


def test_who_has_told_who_it_is_says_yes_to_a_proposal_that_speaks_of_identification() -> None:
    task = customer_called("W001")
    order = Facts.of(task).requests[0].order
    assert order is not None
    customer = Customer(make_domain("retail"), task, np.random.default_rng(0))
    said = (
        "Please identify yourself by email, or by name and zip code.",
        f"I needed your identification to open the account. I'd cancel order #{order.id.lstrip('#')} as ordered by "
        "mistake, and the refund goes to the original payment method. Shall I go ahead?",
    )
    view = [Message("assistant", "Hi! How can I help you today?")]
    view.append(customer.respond(tuple(view)))
    for text in said:
        view.append(Message("assistant", text))
        view.append(customer.respond(tuple(view)))
    assert tells_who(task, view[3].content or "")
    assert says_yes(view[-1].content or ""), view[-1].content


@pytest.mark.parametrize(
    "said",
    [
        "The lavender candle with 60 hours is out of stock, so I'm unable to make the swap in order #W6558375. Would "
        "there be anything else?",
        "Change requested: candle to lavender, 60 hours. Unfortunately it's out of stock, so I can't make this change.",
        "The candle that you want is out of stock.\nmodification done: no\nIs there anything else I can help you with?",
    ],
)
def test_what_is_sold_out_is_not_taken_for_done_whatever_word_of_it_is_used(said: str) -> None:
    reply = answer(customer_called("R11"), said)
    assert "45 hours" in reply, reply


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("There are two mixers. Which one were you looking to replace with the mint 7 quart model?", "ask_items"),
        ("Which color would you like to exchange it for?", "ask_options"),
        ("What would you like to change about it? We have several lengths.", "ask_options"),
        (
            "Please tell me what it should look like:\n1. Frame: ash wood or aluminum?\n2. Seat: low or high?",
            "ask_options",
        ),
        ("Each order can be changed once. Do you want to change anything besides the Fountain Pen?", "ask_all"),
    ],
)
def test_a_question_is_understood_by_what_it_asks_for(said: str, intent: str) -> None:
    assert understand(said).intent == intent


def test_the_command_line_that_trains_shows_its_help_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = WEIGHTS.stat().st_mtime_ns
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "--cross" in capsys.readouterr().out
    assert WEIGHTS.stat().st_mtime_ns == before


def test_a_report_that_asks_for_more_is_no_refusal() -> None:
    heard = understand(
        "I have successfully processed that for you. The items have been changed. Is there anything else?"
    )
    assert (heard.intent, heard.reported, heard.declined) == ("ask_more", True, False)
