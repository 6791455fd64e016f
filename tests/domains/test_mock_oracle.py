"""Mock's oracle in dialogue and its novice, with its scripted user."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from toolgym import evaluate, make_agent, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.failures import RulesAnalyst
from toolgym.language.consent import says_yes
from toolgym.messages import TRANSFER
from toolgym.rollouts import play
from toolgym.scripted.speech import WORDINGS
from toolgym.tasks import Task
from toolgym_mock.facts import facts_of
from toolgym_mock.novice import Novice
from toolgym_mock.oracle import TalkingOracle

WRITES = ("create_task", "update_task_status")


def solve(mock: Domain, task: Task, wording: str = "plain") -> Episode:
    return play(mock, task, partial(TalkingOracle, wording=wording), make_user("scripted", domain=mock))


def said(episode: Episode) -> str:
    return "\n".join(message.content or "" for message in episode.messages if message.role == "assistant")


@pytest.fixture(scope="module")
def slipped(mock: Domain) -> list[Episode]:
    """The novice over every task of the test and train splits, eight times."""
    user = make_user("scripted", domain=mock)
    tasks = [task for split in ("test", "train") for task in mock.tasks[split]]
    return [play(mock, task, Novice, user, trial=trial) for task in tasks for trial in range(8)]


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("split", ["test", "train", "validation", "dev"])
def test_it_solves_every_shipped_task_in_every_wording(mock: Domain, split: str, wording: str) -> None:
    failed = {task.id for task in mock.tasks[split] if not solve(mock, task, wording).grade.success}
    assert failed == set()


@pytest.mark.parametrize("wording", WORDINGS)
def test_it_changes_nothing_without_a_yes_and_knows_nothing_that_was_not_said(mock: Domain, wording: str) -> None:
    for task in mock.tasks["test"]:
        known, last = "", ""
        for message in solve(mock, task, wording).view("assistant"):
            for call in message.tool_calls:
                if call.name in WRITES and call.id != "earlier":  # which the task's history has
                    assert says_yes(last), task.id
                    assert all(str(value) in known for value in call.arguments.values()), task.id
            known += f" {message.content}" if message.role in ("user", "tool") else ""
            last = (message.content or "") if message.role == "user" else last


def test_it_leaves_the_notification_to_the_user_and_says_so(mock: Domain) -> None:
    task = next(task for task in mock.tasks["test"] if facts_of(task).errands)
    episode = solve(mock, task)
    assert "please dismiss the notification about it, and tell me when that is done" in said(episode)
    (call,) = [call for message in episode.messages if message.role == "user" for call in message.tool_calls]
    assert call.name == "dismiss_notification"
    assert call.arguments["notification_id"] not in said(episode)


def test_it_hands_over_who_wants_a_task_deleted(mock: Domain) -> None:
    task = next(task for task in mock.tasks["test"] if any("transfer" in action.name for action in task.gold))
    episode = solve(mock, task)
    assert "Tasks cannot be deleted." in said(episode)
    assert (episode.messages[-1].content or "").endswith(TRANSFER)


def test_the_oracle_of_that_name_still_plays_the_gold_calls(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    episode = play(mock, task, make_agent("oracle", domain=mock), make_user("minimal"))
    assert episode.messages[-1].role == "user"
    assert [call.name for message in episode.messages for call in message.tool_calls] == [
        action.name for action in task.gold
    ]


def test_both_can_be_evaluated_by_name(tmp_path: Path) -> None:
    results = evaluate("mock", agent="talking-oracle", user="scripted", split="test", runs=tmp_path)
    assert all(trajectory.success for trajectory in results.trajectories)


def test_each_fault_happens_and_an_episode_fails_where_one_lasts(slipped: list[Episode]) -> None:
    happened = Counter(label.pattern for episode in slipped for label in episode.injected)
    assert set(happened) == set(Novice.usual_rates)
    for episode in slipped:
        lasting = any(not label.recovered for label in episode.injected)
        assert episode.grade.success is not lasting, (episode.task.id, episode.injected, said(episode))


def test_a_novice_without_faults_is_the_oracle(mock: Domain) -> None:
    user = make_user("scripted", domain=mock)
    for task in mock.tasks["test"]:
        novice = play(mock, task, partial(Novice, rates={}, wording="plain"), user)
        assert novice.messages == solve(mock, task).messages


def test_the_rules_find_the_fault_of_nearly_each_failure_that_has_one(mock: Domain, slipped: list[Episode]) -> None:
    asked, found = Counter[str](), Counter[str]()
    for episode in slipped:
        lasting = {label.pattern for label in episode.injected if not label.recovered}
        if len(lasting) != 1:
            continue
        (pattern,) = lasting
        report = RulesAnalyst().explain_one(mock, episode.task, episode.trajectory())
        asked[pattern] += 1
        found[pattern] += pattern in {finding.pattern for finding in report.findings}
    told = {"wrong_record", "ended_early", "invalid_argument", "fact_not_said", "needless_transfer"}
    assert set(asked) == told | {"no_confirmation"}
    assert sum(found.values()) >= 0.95 * sum(asked.values()), (asked, found)
