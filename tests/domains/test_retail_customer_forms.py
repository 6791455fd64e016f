"""The customer hears assistants that speak as models do: long, in JSON, in lists, with remarks and reminders."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.language.consent import gives_up, says_no, says_yes
from toolgym.messages import STOP, Message
from toolgym.tasks import Task, read_tasks
from toolgym_retail.customer import Customer
from toolgym_retail.customer.topics import understand
from toolgym_retail.facts import Facts

SPEECH = Path(__file__).parent / "retail_speech"
INTENTS = {
    "identify": {"ask_identity"},
    "ask_item": {"ask_items"},
    "ask_new": {"ask_options"},
    "anything_else": {"ask_more"},
}
"""By intent of the set what the customer calls it, where that differs."""
EXCHANGE = (
    "Exchange the Area Rug (8 ft, rectangular, flatweave, terracotta) from order #W9447367 for the Area Rug (8 ft, "
    "rectangular, flatweave, indigo), the difference on your Mastercard ending in 7501."
)
"""What the customer of train-006 wants; the tasks that the messages are about are kept beside them."""


@cache
def tasks() -> dict[str, Task]:
    return {task.id: task for task in read_tasks(SPEECH / "tasks.jsonl")}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SPEECH / name).read_text(encoding="utf-8").splitlines()]


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SPEECH / "forms.json").read_text(encoding="utf-8"))
    return found


def answers(task: str, *said: str, seed: int = 0) -> list[str]:
    """What the customer of a task answers to one message after the other."""
    one = tasks()[task]
    customer = Customer(make_domain("retail"), one, np.random.default_rng(seed))
    view = [Message("assistant", "Hi! How can I help you today?")]
    view.append(customer.respond(tuple(view)))
    found = []
    for text in said:
        view.append(Message("assistant", text))
        view.append(customer.respond(tuple(view)))
        found.append(view[-1].content or "")
    return found


def as_meant(row: dict[str, Any]) -> bool:
    """Whether a message is understood; what tells and then asks for more may be taken either way."""
    heard = understand(row["text"])
    told = {"report": heard.reported, "refuse": heard.declined, "unavailable": heard.unavailable}
    if told.get(row["intent"]) and heard.intent in ("ask_more", "ask_request"):
        return True
    return heard.intent in INTENTS.get(row["intent"], {row["intent"]})


def test_at_least_95_percent_of_what_models_say_is_understood() -> None:
    missed = [row for row in rows("messages.jsonl") if not as_meant(row)]
    assert len(missed) <= 0.05 * 360, [(row["intent"], row["text"][:60]) for row in missed]


@pytest.mark.parametrize("style", sorted({row["style"] for row in rows("messages.jsonl")}))
def test_no_style_is_understood_much_worse_than_the_others(style: str) -> None:
    said = [row for row in rows("messages.jsonl") if row["style"] == style]
    assert sum(map(as_meant, said)) >= 0.9 * len(said)


def test_every_proposal_of_models_is_understood_as_one() -> None:
    said = rows("proposals.jsonl")
    assert len(said) > 300
    assert [row["text"][-80:] for row in said if understand(row["text"]).intent != "propose"] == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_it_answers_as_a_person_would(case: dict[str, Any]) -> None:
    facts = Facts.of(tasks()[case["task"]])
    for seed in range(3):
        reply = answers(case["task"], *case["says"], seed=seed)[-1]
        match case["expect"]:
            case "yes":
                assert says_yes(reply)
            case "no":
                assert says_no(reply)
            case "identity":
                assert facts.email in reply or facts.zip in reply
            case "no new request":
                assert STOP in reply
            case _:
                assert "4733" in reply
                assert not says_yes(reply)
                assert not says_no(reply)


@pytest.mark.parametrize("seed", range(8))
def test_a_reminder_and_the_go_ahead_are_both_answered(seed: int) -> None:
    (reply,) = answers("train-006", f"{EXCHANGE} Have you named all items, and shall I proceed?", seed=seed)
    assert says_yes(reply)
    assert reply.endswith(("all of it.", "everything.", "add."))


@pytest.mark.parametrize("short", ["Do you confirm that I should go on as described above?", "(yes/no)?"])
def test_a_short_question_means_what_was_proposed_the_turn_before(short: str) -> None:
    assert says_yes(answers("train-006", f"{EXCHANGE} Is that all that you want to exchange?", short)[-1])
    assert not says_yes(answers("train-006", "I have found your order.", short)[-1])


def test_what_it_objected_to_is_not_what_a_short_question_means() -> None:
    wrong = EXCHANGE.replace("#W9447367", "#W9447368")
    first, second = answers("train-006", f"{wrong} Shall I go ahead?", "Do you confirm that I should proceed? (yes/no)")
    assert says_no(first)
    assert not says_yes(second)


def test_a_doubt_costs_no_patience() -> None:
    vague = [f"I could take care of that for you in {number} steps. Shall I do it?" for number in range(3, 12)]
    assert not any(STOP in reply for reply in answers("train-006", *vague))
    assert says_yes(answers("train-006", *vague, f"{EXCHANGE} Shall I go ahead?")[-1])


def test_whoever_says_the_same_again_and_again_loses_it() -> None:
    replies = answers("train-006", *["I could take care of that. Shall I do it?"] * 12)
    assert any(STOP in reply for reply in replies)


def test_it_says_why_it_gives_up() -> None:
    wrong = EXCHANGE.replace("#W9447367", "#W9447368")
    last = answers("train-006", *[f"{wrong} Shall I go ahead?"] * 3)[-1]
    assert STOP in last
    assert gives_up(last)
    assert any(word in last for word in ("asked for", "what I want"))


def test_a_street_beside_is_this_correct_is_no_question_who_it_is() -> None:
    (reply,) = answers("train-006", "Am I speaking with Nobody Real of zip code 99999?")
    assert says_no(reply) or "not me" in reply.lower()
