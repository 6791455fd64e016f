"""The customer confirms what it wants, however a model says it, and nothing else.

Three sets were written by those who had not seen the customer, and altered in a detail each; a fourth holds what
is easily confused, in words of our own.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.language.consent import says_yes
from toolgym.messages import Message
from toolgym_retail import speech
from toolgym_retail.customer import Customer
from toolgym_retail.facts import Facts

SPEECH = Path(__file__).parent / "retail_speech"
SETS = ("models_first", "models_second", "models_third")


class Proposal(NamedTuple):
    """A proposal for one of the wishes of a customer."""

    facts: dict[str, Any]
    request: int
    text: str
    detail: str
    """What of it is not as wanted; empty if all is."""


class Answer(NamedTuple):
    """What the customer answers to a proposal, and to all of it once more in a sentence."""

    at_once: bool
    within_one: bool


@cache
def proposals(name: str) -> tuple[Proposal, ...]:
    """The proposals of a set: right ones, and the same with a detail altered."""
    held = json.loads((SPEECH / f"{name}.json").read_text(encoding="utf-8"))
    found = []
    for row in held["proposals"]:
        facts = held["facts"][row["task"]]
        right = row["text"]
        found.append(Proposal(facts, row["request"], right, ""))
        for other in row["altered"]:
            text = right[: other["from"]] + other["text"] + right[other["to"] :]
            found.append(Proposal(facts, row["request"], text, other["detail"]))
    return tuple(found)


def answer(proposal: Proposal) -> Answer:
    """What a customer who has said all that it wants answers."""
    domain = make_domain("retail")
    facts_told = {**proposal.facts, "upfront": len(proposal.facts["requests"])}
    task = domain.tasks["dev"][0].model_copy(update={"facts": facts_told})
    customer = Customer(domain, task, np.random.default_rng(0))
    view = [Message("assistant", "Hi! How can I help you today?")]
    view.append(customer.respond(tuple(view)))
    view.append(Message("assistant", proposal.text))
    view.append(customer.respond(tuple(view)))
    at_once = says_yes(view[-1].content or "")
    if at_once or proposal.detail:
        return Answer(at_once, at_once)
    facts = Facts.of(task)
    first, *rest = speech.details(facts.requests[proposal.request], facts.methods, 1.0)
    view.append(Message("assistant", f"I would {first[0].lower()}{first[1:]}; {'; '.join(rest)}. Shall I go ahead?"))
    return Answer(False, says_yes(customer.respond(tuple(view)).content or ""))


@cache
def answers(name: str) -> tuple[tuple[Proposal, Answer], ...]:
    return tuple((one, answer(one)) for one in proposals(name))


@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("models_first", 304, 532), ("models_second", 144, 240), ("models_third", 264, 520)]
)
def test_each_set_has_its_proposals(name: str, right: int, wrong: int) -> None:
    assert [bool(one.detail) for one in proposals(name)].count(False) == right
    assert [bool(one.detail) for one in proposals(name)].count(True) == wrong


@pytest.mark.parametrize("name", SETS)
def test_at_most_one_wrong_proposal_of_200_is_confirmed(name: str) -> None:
    wrong = [(one, said) for one, said in answers(name) if one.detail]
    confirmed = [(one.detail, one.text) for one, said in wrong if said.at_once]
    assert len(confirmed) <= len(wrong) / 200, confirmed


@pytest.mark.parametrize("name", SETS)
def test_95_of_100_right_proposals_are_confirmed_at_once(name: str) -> None:
    right = [(one, said) for one, said in answers(name) if not one.detail]
    lost = [one.text for one, said in right if not said.at_once]
    assert len(lost) <= 0.05 * len(right), lost


@pytest.mark.parametrize("name", SETS)
def test_99_of_100_right_proposals_are_confirmed_within_one_clarification(name: str) -> None:
    right = [(one, said) for one, said in answers(name) if not one.detail]
    lost = [one.text for one, said in right if not said.within_one]
    assert len(lost) <= 0.01 * len(right), lost


@cache
def confusable() -> dict[str, Any]:
    held: dict[str, Any] = json.loads((SPEECH / "confusable.json").read_text(encoding="utf-8"))
    return held


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_what_is_easily_confused_is_told_apart(right: bool) -> None:
    """A part of an order for the whole, an exchange for a change, the value of another option, and the like."""
    held = confusable()
    rows = held["right" if right else "wrong"]
    assert len(rows) > 20
    said = [(row["text"], answer(Proposal(held["facts"][row["task"]], 0, row["text"], "any")).at_once) for row in rows]
    assert [text for text, confirmed in said if confirmed is not right] == []
