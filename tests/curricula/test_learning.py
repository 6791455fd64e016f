"""Feeding runs to a curriculum, and what a pool's folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_runs import keep
from small_generator import GoldAnalyst, failing, refreshed, small_domain, trials

from toolgym import make_domain
from toolgym.curricula import Fixed, PoolCurriculum, kinds, learn_from, pool_contents
from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

MOCK = make_domain("mock")
TASKS = MOCK.tasks["train"]


def run_over(folder: Path, tasks: Sequence[Task], outcomes: str = "--", split: str = "train", **settings: Any) -> Path:
    """A run with the same outcomes on each task."""
    rows = [replace(row, split=split) for task in tasks for row in trials(MOCK, task, outcomes)]
    return keep(folder, *rows, split=split, **settings)


def curriculum(**options: Any) -> PoolCurriculum:
    return kinds.sentinel(small_domain(), "train", analyst=GoldAnalyst(), **options)


def test_a_curriculum_learns_from_runs_and_tells_what_it_knew_before(tmp_path: Path) -> None:
    first, second = run_over(tmp_path / "first", TASKS[:3]), run_over(tmp_path / "second", TASKS[:5])
    mine = curriculum()
    [one] = learn_from(mine, first)
    assert (one.run, one.episodes, one.known, one.new, one.note()) == ("first", 6, 0, 6, None)
    again, more = learn_from(mine, first, second)
    assert (again.new, more.episodes, more.known, more.new) == (0, 10, 6, 4)
    assert more.note() == "6 of the 10 episodes of the run 'second' were counted before, and teach nothing new"
    assert mine.metrics()["failures"] == 10.0


def test_nothing_is_learned_from_test_tasks_not_even_from_the_run_beside_them(tmp_path: Path) -> None:
    fine = run_over(tmp_path / "fine", TASKS[:2])
    tests = run_over(tmp_path / "tests", MOCK.tasks["test"][:2], split="test")
    mine = curriculum()
    before = mine.state_dict()
    with pytest.raises(DataError, match=r"learns from its split 'train'.*nothing must be learned from tasks of 'test'"):
        learn_from(mine, fine, tests)
    assert mine.state_dict() == before


def test_a_run_that_lies_about_its_split_is_told_by_its_tasks(tmp_path: Path) -> None:
    lying = run_over(tmp_path / "lying", MOCK.tasks["test"][:1])
    with pytest.raises(DataError, match="played the task 'test-001', which is not in the curriculum"):
        learn_from(curriculum(), lying)
    with pytest.raises(DataError, match=r"which is not in the pool '.*pool'"):
        learn_from(curriculum(folder=tmp_path / "pool"), lying)


def test_one_that_was_given_tasks_learns_from_runs_that_hold_these_alone(tmp_path: Path) -> None:
    mine = kinds.learnability(MOCK, TASKS[:4])
    assert learn_from(mine, run_over(tmp_path / "some", TASKS[:4]))[0].new == 8
    with pytest.raises(DataError, match="is not in the curriculum"):
        learn_from(mine, run_over(tmp_path / "more", TASKS[:5]))


def test_runs_over_the_pool_are_learned_from_wherever_its_folder_is(tmp_path: Path) -> None:
    mine = failing(folder=tmp_path / "pool")
    refreshed(mine)
    made = [entry.task for entry in mine.pool if not entry.of_split]
    rows = [replace(row, split="pool") for row in trials(mine.domain, made[0], "-+-")]
    run = keep(tmp_path / "over", *rows, split="pool", pool=str(tmp_path / "moved since"))
    assert learn_from(mine, run)[0].new == 3
    with pytest.raises(DataError, match="played the pool"):
        learn_from(curriculum(), run)


def test_a_run_of_another_domain_or_without_episodes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no episode"):
        learn_from(curriculum(), keep(tmp_path / "empty", split="train"))
    other = [replace(row, domain="retail") for row in trials(MOCK, TASKS[0], "-")]
    with pytest.raises(DataError, match=r"is over 'retail' .*, not over 'mock'"):
        learn_from(curriculum(), keep(tmp_path / "retail", *other, split="train"))
    with pytest.raises(DataError, match="is not a run"):
        learn_from(curriculum(), tmp_path)


def test_a_curriculum_of_somebody_else_is_told_its_domain_and_split(tmp_path: Path) -> None:
    class Counting(Fixed):
        seen = 0

        def update(self, group: Sequence[Trajectory]) -> None:
            self.seen += len(group)

    run, other = run_over(tmp_path / "run", TASKS[:3]), run_over(tmp_path / "dev", MOCK.tasks["dev"][:1], split="dev")
    mine = Counting(TASKS)
    with pytest.raises(DataError, match="domain="):
        learn_from(mine, run)
    [learned] = learn_from(mine, run, domain=MOCK, split="train")
    assert (learned.episodes, learned.known, learned.new, learned.note(), mine.seen) == (6, None, 6, None, 6)
    with pytest.raises(DataError, match="played the split 'dev'"):
        learn_from(mine, other, domain=MOCK, split="train")


class Listening(Fixed):
    """A curriculum that is none over a pool, and notes what it is told of."""

    heard: tuple[str, ...] = ()

    def update(self, group: Sequence[Trajectory]) -> None:
        self.heard = (*self.heard, *(row.task_id for row in group))


def test_a_curriculum_of_ones_own_never_hears_of_test_tasks(tmp_path: Path) -> None:
    tests = run_over(tmp_path / "tests", MOCK.tasks["test"][:1], split="test")
    lying = run_over(tmp_path / "lying", MOCK.tasks["test"][:1])
    mine = Listening(TASKS)
    with pytest.raises(DataError, match="name domain and split of a curriculum that is not a PoolCurriculum"):
        learn_from(mine, tests, domain=MOCK)
    with pytest.raises(DataError, match="says that it played 'train', and the task 'test-001' is of another split"):
        learn_from(mine, lying, domain=MOCK, split="train")
    assert mine.heard == ()


def test_the_contents_of_a_pool_are_read_by_pattern(tmp_path: Path) -> None:
    mine = failing(folder=tmp_path)
    report = refreshed(mine, 10)
    asked = []

    def known(name: str, data: str) -> Domain:
        asked.append((name, data))
        return mine.domain

    found = pool_contents(tmp_path, known)
    assert asked == [("mock", "toolgym")]
    assert (found.curriculum, found.domain, found.made, found.tasks) == (
        "sentinel",
        "mock",
        report.admitted,
        report.pool,
    )
    assert sum(row["tasks"] for row in found.patterns.values()) == report.admitted
    assert list(found.as_dict()["reports"][0]) == list(report.as_dict())


def test_what_is_no_pool_has_no_contents(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no curriculum"):
        pool_contents(tmp_path, make_domain)
    mine = kinds.general(small_domain(), "train", folder=tmp_path / "a")
    refreshed(mine, 2)

    def unknown(name: str, data: str) -> Domain:
        raise UnknownNameError("domain", name, [])

    with pytest.raises(UnknownNameError, match="No domain named 'mock'"):
        pool_contents(tmp_path / "a", unknown)
