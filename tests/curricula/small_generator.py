"""A small task generator over the mock domain, an analyst that reads the gold alone, and trials played once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from toolgym import make_agent, make_domain, make_user
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curriculum import Budget, Curriculum, RefreshReport
from toolgym.database import Rows, WorldStore
from toolgym.domain import Domain
from toolgym.failures.report import FailureReport, Finding, blank
from toolgym.generation import Difficulty, Injector
from toolgym.rollouts import play
from toolgym.tasks import Provenance, Task
from toolgym.trajectory import Fault, Trajectory
from toolgym.worlds.identities import Entity
from toolgym_mock import argument_roles
from toolgym_mock.world import generate

WORDS = ("the lamp", "the roof", "the menu", "the map", "the song", "the garden", "the poster", "the ticket")


class SmallExplorer:
    """Completes tasks, creates tasks, and does both."""

    def __init__(self, rows: Rows, world: str, rng: np.random.Generator) -> None:
        self.work = [task for task in rows["assistant"]["tasks"].values() if task["status"] == "pending"]
        self.people = list(rows["assistant"]["users"].values())
        self.world = world
        self.rng = rng

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return (self._task(task_id, [kind], None),)

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        pattern = next(one.pattern for one in SmallTaskGenerator.injectors if one.name == injector)
        kinds = {"many_like_it": ["complete"], "exact_title": ["create"], "two_things": ["complete", "create"]}[
            injector
        ]
        return (self._task(task_id, kinds * min(dose.steps, 2), pattern),)

    def _task(self, task_id: str, kinds: Sequence[str], pattern: str | None) -> Task:
        told, actions = [], []
        chosen = self.rng.permutation(len(self.work))
        for number, kind in enumerate(kinds):
            if kind == "complete":
                task = self.work[int(chosen[number])]
                told.append(f"{task['task_id']} ('{task['title']}') is finished and should be marked.")
                call: dict[str, Any] = {"name": "update_task_status"}
                call["arguments"] = {"task_id": task["task_id"], "status": "completed"}
            else:
                person = self.people[int(self.rng.integers(len(self.people)))]
                title = f"Look after {WORDS[int(self.rng.integers(len(WORDS)))]} no. {int(self.rng.integers(1000))}"
                told.append(f"You want a new task '{title}' for {person['user_id']} on the list.")
                call = {"name": "create_task", "arguments": {"user_id": person["user_id"], "title": title}}
            actions.append({"action_id": str(number), **call})
        return Task.model_validate(
            {
                "id": task_id,
                "user_scenario": {"instructions": " ".join(told)},
                "evaluation_criteria": {"actions": actions, "reward_basis": ["DB"]},
                "world": self.world,
                "provenance": Provenance(generator="small", pattern=pattern),
            }
        )


class SmallTaskGenerator:
    """Three patterns, two kinds of untargeted tasks."""

    kinds = ("complete", "create")
    injectors = (
        Injector("many_like_it", "wrong_record", "Many tasks are like it.", "task_1 is finished."),
        Injector("exact_title", "invalid_argument", "The title is taken over.", "Call it so."),
        Injector("two_things", "ended_early", "Two things at once.", "And one more thing."),
    )
    argument_roles = argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        return generate(rng, users=8, tasks=40)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> SmallExplorer:
        return SmallExplorer(rows, world, rng)


class GoldAnalyst:
    """Takes a failure's pattern from what the gold calls are."""

    def __init__(self) -> None:
        self.asked = 0

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        self.asked += len(failures)
        return [self._report(task, trajectory) for task, trajectory in failures]

    def _report(self, task: Task | None, trajectory: Trajectory) -> FailureReport:
        if task is None:
            return blank(task, trajectory, note="the task is not known any more")
        return blank(task, trajectory, findings=(Finding(pattern_of(task), 1, "the gold", "nothing"),), primary=0)


def pattern_of(task: Task) -> str:
    """What the analyst says of a failure on a task."""
    names = [action.name for action in task.gold if action.requestor == "assistant"]
    if "transfer_to_human_agents" in names:
        return "needless_transfer"
    if len(names) > 1:
        return "ended_early"
    return "invalid_argument" if names == ["create_task"] else "wrong_record"


def small_domain() -> Domain:
    """The mock domain with the task generator, and a store of its own that knows the shipped worlds alone."""
    mock = make_domain("mock")
    return mock.with_data(generator=SmallTaskGenerator(), worlds=WorldStore(mock.schemas, mock.worlds.folders))


@cache
def _played(key: str, solved: bool) -> Trajectory:
    domain, task = _TASKS[key]
    agent = make_agent("oracle" if solved else "no-op")
    found = play(domain, task, agent, make_user("minimal")).trajectory(user="minimal")
    assert found.success is solved
    return found


_TASKS: dict[str, tuple[Domain, Task]] = {}


def trials(domain: Domain, task: Task, outcomes: str, *, first: int = 0, seed: int | None = 0) -> list[Trajectory]:
    """Trials of a task.

    Args:
        domain: Its domain.
        task: The task.
        outcomes: One letter a trial: "+" solved, "-" failed, "v" void.
        first: The number of the first.
        seed: The run's seed.
    """
    _TASKS.setdefault(task.key, (domain, task))
    found = []
    for number, outcome in enumerate(outcomes, first):
        one = replace(_played(task.key, outcome == "+"), trial=number, seed=seed)
        found.append(replace(one, grade=None, fault=Fault("user", "it broke")) if outcome == "v" else one)
    return found


def refreshed(curriculum: Curriculum, tasks: int = 12) -> RefreshReport:
    """Refresh a curriculum."""
    return asyncio.run(curriculum.refresh(Budget(tasks=tasks, trials=2)))


MADE_OF: dict[str, list[Task]] = {}
"""The tasks of the split by what the analyst says of a failure on them."""
for _task in make_domain("mock").tasks["train"]:
    MADE_OF.setdefault(pattern_of(_task), []).append(_task)


def failing(kind: Callable[..., PoolCurriculum] = kinds.sentinel, failures: int = 4, **options: Any) -> PoolCurriculum:
    """A curriculum with failures on some tasks of the split."""
    domain = options.pop("domain", None) or small_domain()
    curriculum = kind(domain, "train", **{"analyst": GoldAnalyst(), **options})
    for name in ("wrong_record", "ended_early"):
        curriculum.update(trials(domain, MADE_OF[name][0], "-" * failures))
    return curriculum


def made(curriculum: PoolCurriculum) -> list[Task]:
    """The tasks that its refreshes made."""
    return [entry.task for entry in curriculum.pool if not entry.of_split]
