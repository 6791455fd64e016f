"""One answer to whether a user said yes: for whoever asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from wordings import NO, YES

import toolgym
from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.failures.agreement import exchanges
from toolgym.language.consent import says_no, says_yes
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.tasks import Task

ROOT = Path(toolgym.__file__).parent.parent


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def test_there_are_40_wordings_of_each() -> None:
    assert len(set(YES)) == len(set(NO)) == 40


@pytest.mark.parametrize("text", YES)
def test_an_everyday_yes_is_a_yes_and_not_a_no(text: str) -> None:
    assert says_yes(text)
    assert not says_no(text)


@pytest.mark.parametrize("text", NO)
def test_an_everyday_no_is_not_a_yes(text: str) -> None:
    assert not says_yes(text)


@pytest.mark.parametrize("text", YES + NO)
def test_the_analyst_reads_consent_as_the_oracle_does(text: str) -> None:
    dialogue = [Message("assistant", "I will cancel order #W1234567. Shall I go ahead?"), Message("user", text)]
    (exchange,) = exchanges(dialogue)
    assert exchange.agreed is says_yes(text)


@pytest.mark.parametrize("text", ["Is that sure?", "My e-mail is ada@example.com.", "", "Which one would that be?"])
def test_what_is_neither_is_neither(text: str) -> None:
    assert not says_yes(text)
    assert not says_no(text)


def test_a_question_beside_a_yes_does_not_take_it_back() -> None:
    assert says_yes("Yes, please. Could you also look at my other order?")


class _OtherYes:
    """The scripted user of a task, with another wording wherever it says yes."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, yes: str) -> None:
        made = make_user("scripted", domain=domain)
        self._user = made(domain, task, rng)
        self._yes = yes
        self.said = 0

    def respond(self, view: Sequence[Message]) -> Message:
        answer = self._user.respond(view)
        assert isinstance(answer, Message)
        if says_yes(answer.content or ""):
            self.said += 1
            return Message("user", self._yes)
        return answer


@pytest.mark.parametrize("text", YES)
def test_the_oracle_solves_tasks_whatever_the_wording_of_a_yes(retail: Domain, text: str) -> None:
    users: list[_OtherYes] = []

    def user(domain: Domain, task: Task, rng: np.random.Generator) -> _OtherYes:
        users.append(_OtherYes(domain, task, rng, text))
        return users[-1]

    oracle = make_agent("oracle", domain=retail)
    grades = {task.id: play(retail, task, oracle, user, seed=3).grade for task in retail.tasks["test"][:40]}
    failed = [name for name, grade in grades.items() if not grade.success]
    assert sum(user.said for user in users) >= 20
    assert failed == []


def test_no_other_pattern_of_yes_is_in_the_packages() -> None:
    word = re.compile(r"yep\b|yeah\b|\byup\b")
    found = [
        str(path.relative_to(ROOT))
        for folder in ("toolgym", "domains")
        for path in (ROOT / folder).rglob("*.py")
        if word.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["toolgym/language/consent.py"]
