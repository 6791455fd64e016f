"""The scripted customer: what it understands, what it confirms, and what it never does.

The utterances in ``retail_speech`` were written by people who did not know the customer's lexicon, in several styles:
terse, plain, verbose, markdown, formal, casual, non-native, and a model's.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym_retail.customer import Customer
from toolgym_retail.customer.understanding import Intent, understand
from toolgym_retail.oracle import agrees

SPEECH = Path(__file__).parent / "retail_speech"
GREETING = Message("assistant", "Hello! What can I do for you today?")


@cache
def cards() -> dict[str, Task]:
    """One task for each situation in which the utterances are said."""
    found: dict[str, Task] = {}
    for name, card in json.loads((SPEECH / "cards.json").read_text()).items():
        facts = {**card["facts"], "detail": "full"}
        found[name] = Task(id=name, user_scenario={"instructions": card["story"]}, facts=facts)  # type: ignore[arg-type]
    return found


@cache
def utterances() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SPEECH / "utterances.jsonl").read_text().splitlines()]


def customer(task: Task, seed: int = 0) -> Customer:
    return Customer(make_domain("retail"), task, np.random.default_rng(seed))


class Talk:
    """A talk with a customer, line by line."""

    def __init__(self, task: Task, seed: int = 0) -> None:
        self.customer = customer(task, seed)
        self.view: list[Message] = [Message("system", "…"), GREETING]
        self.opening = self._answer()

    def _answer(self) -> str:
        message = self.customer.respond(tuple(self.view))
        self.view.append(message)
        return message.content or ""

    def say(self, text: str) -> str:
        self.view.append(Message("assistant", text))
        return self._answer()


def test_the_set_has_300_utterances_of_every_intent_in_several_styles() -> None:
    intents = Counter(row["intent"] for row in utterances())
    assert len(utterances()) >= 300
    assert set(intents) == set(get_args(Intent))
    assert len({row["style"] for row in utterances()}) >= 5
    verdicts = Counter(row["verdict"] for row in utterances() if row["intent"] == "propose")
    assert min(verdicts["right"], verdicts["wrong"]) >= 80


def test_at_least_95_percent_of_the_intents_are_understood() -> None:
    missed = [row for row in utterances() if understand(row["text"]).intent != row["intent"]]
    assert len(missed) <= 0.05 * len(utterances()), [(row["intent"], row["text"][:60]) for row in missed]


@pytest.mark.parametrize("style", sorted({row["style"] for row in utterances()}))
def test_no_style_is_understood_much_worse_than_the_others(style: str) -> None:
    rows = [row for row in utterances() if row["style"] == style]
    missed = [row for row in rows if understand(row["text"]).intent != row["intent"]]
    assert len(missed) <= 0.1 * len(rows), [(row["intent"], row["text"][:60]) for row in missed]


def test_no_wrong_proposal_is_confirmed() -> None:
    confirmed = []
    for row in utterances():
        if row["intent"] == "propose" and row["verdict"] == "wrong":
            reply = Talk(cards()[row["card"]]).say(row["text"])
            if agrees(reply):
                confirmed.append((row["card"], row["text"], reply))
    assert confirmed == []


def test_right_proposals_are_confirmed() -> None:
    rows = [row for row in utterances() if row["intent"] == "propose" and row["verdict"] == "right"]
    lost = [row for row in rows if not agrees(Talk(cards()[row["card"]]).say(row["text"]))]
    assert len(lost) <= 0.1 * len(rows), [(row["card"], row["text"][:90]) for row in lost]
