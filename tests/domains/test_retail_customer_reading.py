"""The customer reads in linear time, whatever it is told."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgym import make_domain
from toolgym.language import changes, parts, question_cues, statement_cues
from toolgym.language.text import AT_MOST
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym_retail.customer import (
    Customer,
    judge_items,
    judge_kind,
    judge_order,
    judgements,
    payments,
    topics,
    variants,
)
from toolgym_retail.facts import Facts

LENGTH = 100_000
SECONDS = 2.5
"""Far more than the 0.5 s that a machine of its own needs at most, since this one may be busy; what grows with the
square of the length needs minutes."""

MARKS = [
    *".,;:!?-_*#`|•>/\\()[]{}'\"@$&+=~^%<",
    "\n",
    "\n\n",
    "\t",
    " ",
    "…",
    "\u2014",
    "\u2019",
    "→",
    "é",
    "日本",
    "😀",
]
WRITTEN = ["- ", "* ", "1. ", "1) ", "## ", "| a | b |", "**a**", "`a`", "- a\n", "a? ", "a?", "A", "x", "xx", "..."]
FIGURES = ["1", "12", "1234", "12345 ", "1234567890 ", "#W1234567 ", "W1234567", "$1.00 ", "1,5", "500ml", "a@b.co "]
NAMED = ["lamp ", "gift card ", "paypal ", "visa ", "card 1234 ", "size S ", "XL ", "blue ", "12 Elm Street, "]
RUNS = [".", "x", "•", "*", "a?", "a? ", " ", "_", "now ", "digits ", "keep", "leav", "1.", "("]
LONG = {
    "amounts": "$1 ",
    "cards": "Visa ",
    "gift cards": "gift card ",
    "sizes": "S, M, ",
    "a list": "- a\n",
    "one word": "x",
    "full stops": ".",
    "orders": "#W1234567 ",
    "products": "the desk lamp ",
    "colors": "red, ",
    "a table": "| 1234567890 | Desk Lamp (red, large) | $12.50 |\n",
    "one sentence": "and I will return the desk lamp to your gift card ",
    "one-word lines": "lamp\n",
}
"""What a proposal may hold many times."""
MANY = ["gift card (", "gift card, ", "12345 ", "now ", "size S, ", "a@a", "return the lamp. ", "12 Elm Street, "]


@cache
def words() -> list[str]:
    """Every word in a pattern by which the customer reads."""
    found: set[str] = set()
    modules = (question_cues, statement_cues, parts, changes, topics, judgements)
    for module in (*modules, judge_order, judge_kind, judge_items, payments, variants):
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        for pattern in re.findall(r'r?"((?:[^"\\]|\\.)*)"', text):
            found |= set(re.findall(r"[a-z']{2,}", re.sub(r"\\[a-zA-Z]", " ", pattern)))
    return sorted(found)


@cache
def tasks() -> list[Task]:
    """One task of each combination of requests."""
    found: dict[tuple[str, ...], Task] = {}
    for task in make_domain("retail").tasks["test"]:
        found.setdefault(tuple(request.kind for request in Facts.of(task).requests), task)
    return list(found.values())


def seconds(task: Task, text: str) -> float:
    """How long it takes a customer to answer a text, of the processor's time."""
    customer = Customer(make_domain("retail"), task, np.random.default_rng(0))
    view = [Message("assistant", "Hello!")]
    view += [customer.respond(view), Message("assistant", text)]
    start = time.process_time()
    customer.respond(view)
    return time.process_time() - start


def repeated(fragment: str, length: int = LENGTH) -> str:
    return (fragment * (length // len(fragment) + 1))[:length]


@st.composite
def fragments(draw: st.DrawFn) -> str:
    """A short text of what means something to the customer, and of what does not."""
    piece = st.sampled_from(words()).flatmap(lambda word: st.sampled_from([word, f"{word} "]))
    other = st.sampled_from([*MARKS, *WRITTEN, *FIGURES, *NAMED]) | st.text(min_size=1, max_size=3)
    return "".join(draw(st.lists(piece | other, min_size=1, max_size=5)))


@settings(max_examples=40, deadline=None)
@given(fragments(), st.sampled_from(tasks()))
def test_a_hundred_thousand_characters_of_anything_are_read_at_once(fragment: str, task: Task) -> None:
    assert seconds(task, repeated(fragment)) < SECONDS


@pytest.mark.parametrize(
    "fragment", [".", "x", "•", "*", "a?", "a? ", " ", "_", "now ", "digits ", "keep", "leav", "1.", "("]
)
def test_twice_the_text_takes_about_twice_the_time(fragment: str) -> None:
    task = tasks()[1]
    once = min(seconds(task, repeated(fragment, 50_000)) for _ in range(2))
    assert seconds(task, repeated(fragment, 100_000)) < 4 * once + 0.2


def proposal(kind: str, length: int) -> str:
    """A proposal of a length that holds much of one kind."""
    if kind == "a list in JSON":
        row = {"item_id": "1234567890", "name": "Desk Lamp", "price": "$12.50"}
        text = json.dumps([row] * (length // len(json.dumps([row]))))
    else:
        text = repeated(LONG[kind], length)
    return f"{text}\nShall I go ahead?"


def cost(kind: str, length: int) -> float:
    """How long customers who want three things at once take to answer such a proposal, all of them together."""
    asking = [task for task in tasks() if Facts.of(task).upfront > 2]
    assert asking
    return min(sum(seconds(task, proposal(kind, length)) for task in asking) for _ in range(2))


@pytest.mark.parametrize("kind", [*LONG, "a list in JSON"])
def test_a_proposal_of_twice_the_length_takes_about_twice_the_time(kind: str) -> None:
    half = AT_MOST // 2 - 50
    assert cost(kind, 2 * half) < 3 * cost(kind, half) + 0.01


@pytest.mark.parametrize("kind", [*LONG, "a list in JSON"])
def test_a_hundred_thousand_characters_cost_what_is_read_of_them(kind: str) -> None:
    assert cost(kind, LENGTH) < 2.5 * cost(kind, AT_MOST - 50) + 0.01


def test_what_is_proposed_and_asked_at_either_end_of_a_long_message_is_heard() -> None:
    task = next(task for task in tasks() if Facts.of(task).requests[0].kind == "cancel")
    order = Facts.of(task).requests[0].order
    assert order is not None
    said = [f"I will cancel order {number}. {repeated('Please. ')}Shall I go ahead?" for number in (order.id, "#W1")]
    for text in said:
        short = text.replace(repeated("Please. "), "")
        assert answer(task, text) == answer(task, short)
    assert answer(task, said[0]) != answer(task, said[1])


def answer(task: Task, text: str) -> str | None:
    """What a customer says to a text after it has said what it wants."""
    customer = Customer(make_domain("retail"), task, np.random.default_rng(0))
    view = [Message("assistant", "Hello!")]
    view += [customer.respond(view), Message("assistant", text)]
    return customer.respond(view).content


@pytest.mark.parametrize("gap", [" ", "\t", "\u00a0", "\n ", " \n"])
def test_a_wide_gap_in_a_proposal_of_two_things_is_read_at_once(gap: str) -> None:
    task = next(task for task in tasks() if Facts.of(task).upfront > 1)
    text = f"I will cancel order #W1234567{repeated(gap)}and return the lamp. Shall I go ahead?"
    assert seconds(task, text) < SECONDS


@pytest.mark.parametrize("fragment", MANY)
@pytest.mark.parametrize("number", range(4))
def test_what_is_looked_for_may_stand_there_many_times(fragment: str, number: int) -> None:
    assert seconds(tasks()[number], repeated(fragment)) < SECONDS


def test_different_sentences_are_read_as_fast() -> None:
    text = " ".join(f"I return item {number}. Shall I send {number} back?" for number in range(2500))
    assert seconds(tasks()[0], text) < SECONDS
