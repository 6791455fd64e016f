"""The scripted oracle and novice of any domain, at the desk of a library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from library_desk import DOMAIN, Novice, Oracle
from library_reader import Request

from toolgym.domain import AgentFactory
from toolgym.episode.machine import Episode
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.failures import RulesAnalyst
from toolgym.language.consent import says_yes
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.scripted.speech import WORDINGS, Speech
from toolgym.tasks import Task

TASKS = {task.id: task for task in DOMAIN.tasks["test"]}
WRITES = ("lend_book", "take_back")


def played(agent: AgentFactory, task: str, *, trial: int = 0) -> Episode:
    return play(DOMAIN, TASKS[task], agent, DOMAIN.users["scripted"], trial=trial)


def words(episode: Episode, role: str = "assistant") -> str:
    return "\n".join(message.content or "" for message in episode.messages if message.role == role)


def called(episode: Episode, role: str = "assistant") -> list[str]:
    return [call.name for message in episode.messages if message.role == role for call in message.tool_calls]


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("task", TASKS)
def test_the_oracle_solves_every_task_in_every_wording(task: str, wording: str) -> None:
    episode = played(partial(Oracle, wording=wording), task)
    assert episode.grade.success, words(episode)
    assert episode.termination == "user_stop"


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("task", TASKS)
def test_every_write_follows_a_yes_and_names_what_was_heard(task: str, wording: str) -> None:
    known, last = "", ""
    for message in played(partial(Oracle, wording=wording), task).view("assistant"):
        for call in message.tool_calls:
            assert call.name not in WRITES or says_yes(last)
            assert all(str(value) in known for value in call.arguments.values())
        if message.role in ("user", "tool"):
            known += f" {message.content}"
        if message.role == "user":
            last = message.content or ""


def test_it_asks_who_the_user_is_before_anything_else() -> None:
    first = played(partial(Oracle, wording="plain"), "lend").messages[2]
    assert first.content == "Could you tell me your reader name?"


def test_it_asks_the_user_for_its_own_part_once_its_own_is_done() -> None:
    episode = played(partial(Oracle, wording="plain"), "lend-and-shelve")
    assert "I have lent you The Waves. Now please put The Waves on your shelf" in words(episode)
    assert called(episode, "user") == ["put_on_shelf"]


def test_it_says_no_twice_and_writes_nothing_where_it_must_not() -> None:
    episode = played(partial(Oracle, wording="plain"), "refuse")
    assert words(episode).count("Reference books stay in the library.") == 2
    assert not set(called(episode)) & set(WRITES)


def test_it_offers_nothing_of_what_is_out_and_takes_up_the_alternative() -> None:
    said = words(played(partial(Oracle, wording="plain"), "is-out"))
    assert "The Tin Drum is not available" in said
    assert "Lend you The Tin Drum" not in said


def test_it_hands_over_who_insists_where_the_domain_does_so() -> None:
    class HandsOver(Oracle):
        hands_over = True

    episode = played(partial(HandsOver, wording="plain"), "refuse")
    assert called(episode)[-1] == "transfer_to_human_agents"
    assert "TRANSFERRED" in words(episode)


def test_what_it_hears_as_json_it_reads_and_all_else_it_takes_as_text() -> None:
    oracle = Oracle(DOMAIN, TASKS["lend"], np.random.default_rng(0), wording="plain")
    for text, read in (('{"a": 1}', {"a": 1}), ("[1]", [1]), ("[unknown]", "[unknown]"), ("7", "7")):
        talk = oracle.call("find_book", title="x")
        next(talk)
        oracle._view = [Message("tool", text)]
        with pytest.raises(StopIteration) as result:
            next(talk)
        assert result.value.value == read


def test_a_request_is_brought_up_by_a_whole_word_and_not_by_a_part_of_one() -> None:
    class ByAuthor(Oracle):
        def signs(self, request: Request) -> Sequence[str]:
            return ["Eco"]

    oracle = ByAuthor(DOMAIN, TASKS["lend"], np.random.default_rng(0), wording="plain")
    request = oracle.facts.requests[0]
    for text, brought_up in (("I have a second wish.", False), ("Now for the book by Eco.", True)):
        oracle._view = [Message("user", text)]
        assert oracle.brought_up(request) is brought_up


def test_a_fault_that_there_is_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for usual in ({"ended_earyl": 0.5}, {"wrong_record": 1.5}):
        monkeypatch.setattr(Novice, "usual_rates", usual)
        with pytest.raises(ValueError, match="is not a chance in"):
            Novice(DOMAIN, TASKS["lend"], rng)
    monkeypatch.setattr(Novice, "usual_rates", {})
    monkeypatch.setattr(Novice, "wrong_choices", {"wrong_recrod": lambda wish: None})
    with pytest.raises(UnknownNameError, match=r"named 'wrong_recrod'. Did you mean 'wrong_record'"):
        Novice(DOMAIN, TASKS["lend"], rng)


def test_a_task_without_facts_and_an_unknown_wording_are_told() -> None:
    rng = np.random.default_rng(0)
    bare = TASKS["lend"].model_copy(update={"facts": None})
    with pytest.raises(TaskError, match="no facts"):
        Oracle(DOMAIN, bare, rng)
    with pytest.raises(UnknownNameError, match="Did you mean 'plain'"):
        Oracle(DOMAIN, TASKS["lend"], rng, wording="plane")


def test_a_line_without_one_of_the_wordings_is_told(tmp_path: Path) -> None:
    file = tmp_path / "speech.toml"
    file.write_text('[greet]\nplain = "Hello"\nterse = "Hi"\n')
    with pytest.raises(DataError, match="'greet' has no wording formal, markdown, model"):
        Speech.read(file)


@pytest.mark.parametrize("task", TASKS)
def test_a_novice_without_faults_is_the_oracle(task: str) -> None:
    novice = played(partial(Novice, rates={}, wording="plain"), task)
    assert novice.messages == played(partial(Oracle, wording="plain"), task).messages
    assert novice.injected == ()


@pytest.mark.parametrize("pattern", Novice.usual_rates)
def test_each_fault_happens_where_it_can_and_alone(pattern: str) -> None:
    labels: Counter[str] = Counter()
    for task in TASKS:
        for trial in range(4):
            episode = played(partial(Novice, rates={pattern: 1.0}), task, trial=trial)
            labels.update(label.pattern for label in episode.injected)
            lasting = any(not label.recovered for label in episode.injected)
            if pattern != "user_not_told":  # this reader shelves its books without being told
                assert episode.grade.success is not lasting, (task, trial, episode.injected, words(episode))
    assert set(labels) == {pattern}


def test_the_rules_find_the_fault_of_each_failure_that_has_one() -> None:
    found, asked = Counter[str](), Counter[str]()
    for task in TASKS.values():
        for trial in range(30):
            episode = play(DOMAIN, task, Novice, DOMAIN.users["scripted"], trial=trial)
            lasting = {label.pattern for label in episode.injected if not label.recovered} - {"user_not_told"}
            if episode.grade.success or len(lasting) != 1:
                continue
            (pattern,) = lasting
            report = RulesAnalyst().explain_one(DOMAIN, task, episode.trajectory())
            asked[pattern] += 1
            found[pattern] += pattern in {finding.pattern for finding in report.findings}
    assert len(asked) >= 5
    assert sum(found.values()) >= 0.95 * sum(asked.values()), (asked, found)


def test_a_fault_with_the_users_own_part_leaves_it_unsaid() -> None:
    episode = played(partial(Novice, rates={"user_not_told": 1.0}, wording="plain"), "lend-and-shelve")
    assert [label.pattern for label in episode.injected] == ["user_not_told"]
    assert "shelf" not in words(episode)


@pytest.mark.parametrize("rates", [{"no_such_pattern": 0.5}, {"wrong_record": 1.5}, {"wrong_record": -0.1}])
def test_a_rate_that_is_none_is_told(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is not a chance in"):
        Novice(DOMAIN, TASKS["lend"], np.random.default_rng(0), rates=rates)


def test_a_novice_of_any_domain_can_be_drawn_again() -> None:
    task: Task = TASKS["several"]
    one, other = (play(DOMAIN, task, Novice, DOMAIN.users["scripted"], seed=3) for _ in range(2))
    assert one.messages == other.messages
    assert one.injected == other.injected
