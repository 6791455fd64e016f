"""One answer to whether a user said yes: for whoever asks."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from wordings import NO, YES

import toolgym
from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.language.agreement import exchanges
from toolgym.language.consent import asks, asks_for_consent, says_no, says_yes
from toolgym.messages import STOP_MARKS, Message
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym_retail.facts import Facts

ROOT = Path(toolgym.__file__).parent.parent
WORDINGS = tomllib.loads((Path(__file__).parent / "wordings.toml").read_text(encoding="utf-8"))
PROPOSAL = "I will cancel order #W1234567. Shall I go ahead?"


def worded(kind: str) -> list[str]:
    """All wordings of a kind, whoever wrote them."""
    return [text for lists in WORDINGS.values() for text in lists.get(kind, [])]


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


def test_a_phrase_over_and_over_is_read_at_once() -> None:
    assert not says_yes("no objections " * 5000 + "to the lamp")
    assert says_yes("No objections. " * 5000)


@pytest.mark.parametrize("text", ["Is that sure?", "My e-mail is ada@example.com.", "", "Which one would that be?"])
def test_what_is_neither_is_neither(text: str) -> None:
    assert not says_yes(text)
    assert not says_no(text)


def test_a_question_beside_a_yes_does_not_take_it_back() -> None:
    assert says_yes("Yes, please. Could you also look at my other order?")


# The lists of others: what is said is told as it is meant, whatever the words


@pytest.mark.parametrize("text", worded("yes"))
def test_a_yes_in_other_words_is_a_yes_and_not_a_no(text: str) -> None:
    assert says_yes(text)
    assert not says_no(text)


@pytest.mark.parametrize("text", worded("no"))
def test_a_no_in_other_words_is_not_a_yes(text: str) -> None:
    assert not says_yes(text)


@pytest.mark.parametrize("text", worded("neither"))
def test_what_neither_agrees_nor_refuses_is_neither(text: str) -> None:
    assert not says_yes(text)
    assert not says_no(text)


@pytest.mark.parametrize("text", worded("asks"))
def test_a_request_for_a_go_ahead_is_one(text: str) -> None:
    assert asks_for_consent(text)
    assert asks(text)


@pytest.mark.parametrize("text", worded("asks_not"))
def test_a_question_for_something_else_asks_for_no_go_ahead(text: str) -> None:
    assert not asks_for_consent(text)


def test_a_no_is_mostly_told_from_what_is_neither() -> None:
    missed = [text for text in worded("no") if not says_no(text)]
    assert len(missed) <= 0.35 * len(worded("no")), missed


def test_the_analyst_and_the_oracle_take_the_same_answers_for_a_yes() -> None:
    for text in worded("yes") + worded("no") + worded("neither"):
        if text:
            (exchange,) = exchanges([Message("assistant", PROPOSAL), Message("user", text)])
            assert exchange.agreed is says_yes(text), text


def test_every_proposal_that_asks_for_consent_can_be_agreed_to() -> None:
    for text in worded("asks"):
        (exchange,) = exchanges([Message("assistant", text), Message("user", "Yes, please.")])
        assert exchange.agreed, text


@pytest.mark.parametrize(
    "text", ["Yes", "no ", "but not ", "I know ", "yes, ", "shall I ", "confirm your ", "? ", "a", "\U0001f44d", "and "]
)
def test_a_long_message_is_read_to_its_end(text: str) -> None:
    for ask in (says_yes, says_no, asks, asks_for_consent):
        assert ask(text * (100_000 // len(text))) in (True, False)


@pytest.mark.parametrize("mark", STOP_MARKS)
def test_a_stop_mark_beside_a_yes_says_nothing(mark: str) -> None:
    assert says_yes(f"Yes, please go ahead. {mark}")
    assert not says_yes(mark)


class _Reworded:
    """The scripted user of a task, with another wording of a yes, or before what it says instead of one."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, yes: str, no: str) -> None:
        self._user = make_user("scripted", domain=domain)(domain, task, rng)
        self._yes, self._no = yes, no
        self.said = 0

    def respond(self, view: Sequence[Message]) -> Message:
        answer = self._user.respond(view)
        assert isinstance(answer, Message)
        text = answer.content or ""
        heard = view[-1].content or ""
        if not asks_for_consent(heard) or any(mark in text for mark in STOP_MARKS):
            return answer
        if self._yes and says_yes(text):
            self.said += 1
            return Message("user", self._yes)
        if self._no and not says_yes(text):
            self.said += 1
            return Message("user", f"{self._no} {text}")
        return answer


def lost(retail: Domain, tasks: Sequence[Task], yes: str = "", no: str = "") -> tuple[list[str], int]:
    """The tasks that the oracle does not solve with a user that words its answers so, and how many it worded."""
    users: list[_Reworded] = []

    def user(domain: Domain, task: Task, rng: np.random.Generator) -> _Reworded:
        users.append(_Reworded(domain, task, rng, yes, no))
        return users[-1]

    oracle = make_agent("oracle", domain=retail)
    grades = {task.id: play(retail, task, oracle, user, seed=3).grade for task in tasks}
    failed = [name for name, grade in grades.items() if grade is None or not grade.success]
    return failed, sum(one.said for one in users)


@pytest.mark.parametrize("text", YES)
def test_the_oracle_solves_tasks_whatever_the_wording_of_a_yes(retail: Domain, text: str) -> None:
    failed, worded = lost(retail, retail.tasks["test"][:40], yes=text)
    assert worded >= 20
    assert failed == []


@pytest.mark.parametrize("text", NO)
def test_the_oracle_solves_tasks_whatever_the_wording_of_a_no(retail: Domain, text: str) -> None:
    changing = [task for task in retail.tasks["test"] if any(request.first for request in Facts.of(task).requests)]
    failed, worded = lost(retail, changing[:20], no=text)
    assert worded >= len(changing[:20]) > 5
    assert failed == []


ASSENT = re.compile(
    r"(?<![a-z])(?:yes|yep|yeah|yup|(?<!make )(?<!be )sure|absolutely|definitely|certainly|agreed|of course|"
    r"by all means|sounds good|works for me)(?![a-z])",
    re.IGNORECASE,
)
READS_THE_USER = "toolgym/language/consent_cues.py"
READ_THE_ASSISTANT = {
    "domains/toolgym_retail/customer/identity.py": {r"\bsure\b"},
    "domains/toolgym_retail/customer/topics.py": {r"\byes\b|y/n"},
    "toolgym/language/aside_cues.py": {"yes"},
    "toolgym/language/deeds.py": {"made sure"},
    "toolgym/language/parts.py": {"once (?:it|this"},
    "toolgym/language/question_cues.py": {"yes", "sure"},
    "toolgym/language/request_cues.py": {"yes", "sure", "agreed"},
}
"""Where else words of assent stand in a pattern: how an assistant asks for a yes is no reading of one."""


def patterns_of_yes(root: Path) -> Iterator[tuple[str, str]]:
    """Each pattern in a package under a folder that a word of assent stands in, with its file."""
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        argued = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in ("re", "cue")
            for argument in node.args
            for part in ast.walk(argument)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                written = re.search(r"\\[bsW]|\(\?|\w\|\w", node.value) is not None
                if (written or id(node) in argued) and ASSENT.search(node.value.replace(r"\b", "")):
                    yield path.relative_to(root.parent).as_posix(), node.value


def test_no_other_pattern_of_yes_is_in_the_packages() -> None:
    found = [one for folder in ("toolgym", "domains") for one in patterns_of_yes(ROOT / folder)]
    assert READS_THE_USER in {place for place, _ in found}
    others = [
        (place, pattern)
        for place, pattern in found
        if place != READS_THE_USER and not any(known in pattern for known in READ_THE_ASSISTANT.get(place, ()))
    ]
    assert others == []


@pytest.mark.parametrize(
    "planted",
    [
        r"""YES = re.compile(r"\byes\b")""",
        r"""YES = re.compile(r"^\s*(?:yes|sure|ok(?:ay)?)\b", re.IGNORECASE)""",
        r"""agreed = re.search("absolutely", text)""",
        r"""_WORDS = "yep|yeah|y"; AGREES = re.compile(_WORDS)""",
        r"""AGREES = cue("certainly", "of course")""",
        r"""AGREES = re.compile(rf"(?:{_FINE}|sounds good)")""",
    ],
)
def test_another_pattern_of_yes_would_be_seen(planted: str, tmp_path: Path) -> None:
    (tmp_path / "domains" / "shop").mkdir(parents=True)
    (tmp_path / "domains" / "shop" / "agrees.py").write_text(planted, encoding="utf-8")
    assert {place for place, _ in patterns_of_yes(tmp_path / "domains")} == {"domains/shop/agrees.py"}


def test_a_yes_that_spares_another_record_by_its_number_is_a_yes() -> None:
    assert says_yes("Sure, go ahead. Only my order #W7801430 has to stay as it is.")
    assert not says_yes("Sure, go ahead. Only the lamp has to stay.")


def test_who_says_that_it_has_said_yes_says_yes() -> None:
    assert says_yes("I have said yes again and again.")
    assert not says_yes("I never said yes.")
