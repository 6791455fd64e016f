"""A run before it is written: what it will hold, and who can play."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import evaluation
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Agent, Domain
from toolgym.errors import DataError, MissingExtraError, TaskError
from toolgym.models import Throttle
from toolgym.models.retries import Retries
from toolgym.rollouts import Evaluation, RunPlan, Settings, check_players, opened, play_run
from toolgym.rollouts import plan_run as planned
from toolgym.runs import Run, read_manifest
from toolgym.tasks import Task

TASKS = make_domain("mock").tasks["test"][:4]
IDS = [task.id for task in TASKS]
CHOSEN = st.one_of(st.just({}), st.dictionaries(st.sampled_from(IDS), st.integers(1, 4), min_size=1))


def settings(trials: int, chosen: Mapping[str, int]) -> Settings:
    return Settings("mock", "test", "no-op", trials=trials, tasks=chosen)


def numbers(one: Settings) -> list[int]:
    return [one.trials_of(task) for task in TASKS]


@given(st.integers(1, 4), CHOSEN, st.integers(1, 4), st.sets(st.sampled_from(IDS)))
def test_what_was_asked_for_stays_and_what_is_new_is_added(
    trials: int, held: dict[str, int], more: int, chosen: set[str]
) -> None:
    before, asked = settings(trials, held), settings(more, dict.fromkeys(chosen, more))
    fewest = min(number for number, new in zip(numbers(before), numbers(asked), strict=True) if new)
    if more < fewest:
        with pytest.raises(DataError, match=f"{fewest} trials of each of these tasks already, and trials={more} would"):
            asked.added_to(before.as_dict(), TASKS)
        return
    after = asked.added_to(before.as_dict(), TASKS)
    assert numbers(after) == [max(pair) for pair in zip(numbers(before), numbers(asked), strict=True)]
    assert after.trials == max(numbers(after))
    assert bool(after.tasks) is (len({*numbers(after)}) > 1)


@pytest.mark.parametrize(
    "wrong", [{}, {"trials": "4"}, {"trials": 4, "tasks": ["a"]}, {"trials": 4, "tasks": {"a": None}}]
)
def test_a_manifest_that_does_not_say_how_many_trials_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="must say how many trials"):
        settings(4, {}).added_to(wrong, TASKS)


def plan_run(folder: Path, asked: Settings, *, resume: bool, only: tuple[str, ...] = ()) -> RunPlan:
    """Plan a run of the no-op agent over these tasks."""
    return planned(folder, of(asked), resume=resume, only=only)


def of(asked: Settings) -> Evaluation:
    return evaluation(asked, make_domain("mock"), TASKS, make_agent("no-op"), make_user("minimal"))


def play(folder: Path, asked: Settings, *, resume: bool = False, only: tuple[str, ...] = ()) -> int:
    """Play what a run lacks, and say how many episodes it holds."""
    plan = plan_run(folder, asked, resume=resume, only=only)
    with opened({"it": plan}) as runs:
        before = len(runs["it"])
        play_run(runs["it"], plan.evaluation, only=only)
        assert len(runs["it"]) == before + plan.lacking
        return len(runs["it"])


def test_a_plan_says_what_is_lacking_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "x"
    plan = plan_run(folder, settings(2, {}), resume=False)
    assert (plan.goes_on, plan.lacking, plan.cost_usd) == (False, 8, 0.0)
    assert list(tmp_path.iterdir()) == []
    assert play(folder, settings(1, {IDS[2]: 1})) == 1
    assert plan_run(folder, settings(3, {}), resume=True).lacking == 11
    assert plan_run(folder, settings(3, {}), resume=True, only=(IDS[0], IDS[2])).lacking == 5
    with pytest.raises(DataError, match="exists; choose another name"):
        plan_run(folder, settings(2, {}), resume=False)
    with pytest.raises(DataError, match="seed=0, not 1"):
        plan_run(folder, replace(settings(2, {}), seed=1), resume=True)
    assert "continued" not in read_manifest(folder)


def test_trials_of_chosen_tasks_beyond_the_others_are_kept_when_the_others_follow(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    assert play(folder, settings(1, {})) == 4
    assert play(folder, settings(3, {IDS[1]: 3}), resume=True, only=(IDS[1],)) == 6
    assert read_manifest(folder)["settings"]["tasks"] == {**dict.fromkeys(IDS, 1), IDS[1]: 3}
    assert play(folder, settings(2, {}), resume=True) == 9
    assert play(folder, settings(3, {}), resume=True) == 12
    assert "tasks" not in read_manifest(folder)["settings"]
    whole = tmp_path / "whole"
    play(whole, settings(3, {}))
    assert (folder / "trajectories.jsonl").read_bytes() == (whole / "trajectories.jsonl").read_bytes()


def test_python_cannot_ask_for_less_than_a_run_holds_either(tmp_path: Path) -> None:
    play(tmp_path / "x", settings(2, {}))
    before = (tmp_path / "x" / "manifest.json").read_bytes()
    for fewer in (settings(1, {}), settings(2, {IDS[0]: 1})):
        with pytest.raises(DataError, match=r"has 2 trials of .*, and 1 would throw some away"):
            Run.resume(tmp_path / "x", fewer.as_dict())
    assert (tmp_path / "x" / "manifest.json").read_bytes() == before
    chosen = settings(2, {IDS[0]: 2})
    with Run.resume(tmp_path / "x", chosen.as_dict()) as run, pytest.raises(DataError, match="ask for as many"):
        play_run(run, of(chosen))


class Picky:
    """Plays the third task alone."""

    privileged = False
    made: list[str]

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.made.append(task.id)
        if task.id != IDS[2]:
            raise TaskError(f"not {task.id}")

    respond: Any = None


class Reading(Picky):
    """Reads the task."""

    privileged = True


def needing(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    raise MissingExtraError("this agent", "llm")


def test_players_are_made_until_one_task_lets_them_play_and_those_that_read_it_for_all(mock: Domain) -> None:
    Picky.made = []
    check_players(mock, TASKS, [Picky])
    assert Picky.made == IDS[:3]
    with pytest.raises(TaskError, match=f"not {IDS[0]}"):
        check_players(mock, TASKS[:2], [make_agent("oracle"), Picky])
    with pytest.raises(TaskError, match=f"not {IDS[3]}"):
        check_players(mock, TASKS[2:], [Reading])
    with pytest.raises(MissingExtraError):
        check_players(mock, TASKS, [make_agent("oracle"), needing])


def test_retries_are_news_for_a_minute_and_a_wait_as_long_as_it_lasts() -> None:
    now = [0.0]
    retries = Retries(clock=lambda: now[0])
    assert retries.recent is None
    retries.note("500 oh no", 2.0)
    retries.note("429 slow down", 100.0)
    assert retries.recent == (2, 100.0, "429 slow down")
    now[0] = 61.0
    assert retries.recent == (1, 39.0, "429 slow down")
    now[0] = 101.0
    assert retries.recent is None
    retries.note("429 slow down", 1.0)
    assert pickle.loads(pickle.dumps(Throttle(rpm=1))).retries.recent is None
