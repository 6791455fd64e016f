"""The frozen sets of failures: dialogues whose faults are known, by which an analyst is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from benchmarks.analyst.scores import Scores, scores
from toolgym.domain import Domain
from toolgym.failures.report import FailureReport
from toolgym.patterns import before_split, current_name
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

FOLDER = Path(__file__).parent / "frozen"
BROKEN = ("broken", "broken_held_out", "broken_third")
"""Dialogues of the oracle into which a fault was put: their label is the fault."""
READ = ("careless", "careless_held_out")
"""Failures of the careless agent: their labels are what a reader named."""

Explain = Callable[[Domain, Task, Trajectory], FailureReport]
"""Explains one failure, such as :meth:`toolgym.failures.RulesAnalyst.explain_one`."""


@dataclass(frozen=True)
class Labelled:
    """One failure of a frozen set.

    Args:
        task: The task that was played, as it was then.
        trajectory: The failure, without anything that tells its label.
        primary: The pattern of its primary cause; empty for one that fits no pattern.
        causes: The patterns of all its causes.
        message: How many messages the assistant had seen when it happened; None for what was labelled by reading.
    """

    task: Task
    trajectory: Trajectory
    primary: str
    causes: frozenset[str]
    message: int | None = None


@dataclass(frozen=True)
class Measured:
    """How well the failures of a set are explained.

    Args:
        primary: The primary causes against the labels.
        causes: All causes against the labels.
        agreement: How often the primary cause is that of the label, in [0, 1].
    """

    primary: Scores
    causes: Scores
    agreement: float


def failures_of(name: str) -> Iterator[Labelled]:
    """The failures of a frozen set with their labels.

    Args:
        name: One of :data:`BROKEN` or :data:`READ`.
    """
    tasks = {task.key: task for task in frozen_tasks()}
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    trajectories = [Trajectory.from_json(line) for line in lines]
    if name in BROKEN:
        for one in trajectories:
            (fault,) = one.injected
            bare = replace(one, injected=(), agent="")
            yield Labelled(tasks[one.task_key], bare, fault.pattern, frozenset({fault.pattern}), fault.message)
        return
    labels = json.loads((FOLDER / f"{name}_labels.json").read_text("utf-8"))
    for one, label in zip(trajectories, labels, strict=True):
        assert one.episode_id == label["episode_id"]
        causes = frozenset(map(current_name, label["causes"]))
        bare = replace(one, injected=(), agent="")
        yield Labelled(tasks[one.task_key], bare, current_name(label["primary"]), causes)


@cache
def frozen_tasks() -> tuple[Task, ...]:
    """The tasks of all frozen sets, as they were when the sets were made."""
    lines = (FOLDER / "tasks.jsonl").read_text("utf-8").splitlines()
    return tuple(Task.model_validate_json(line) for line in lines)


def freeze_tasks(tasks: Iterable[Task]) -> None:
    """Write the tasks of the frozen sets.

    Args:
        tasks: Where each is looked for; one that is not among them stays as it was frozen.
    """
    known = {task.key: task for task in (*frozen_tasks(), *tasks)}
    lines = [line for name in (*BROKEN, *READ) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    keys = dict.fromkeys(Trajectory.from_json(line).task_key for line in lines)
    written = "".join(f"{known[key].model_dump_json(exclude_none=True)}\n" for key in keys)
    (FOLDER / "tasks.jsonl").write_text(written, "utf-8")
    frozen_tasks.cache_clear()


def measured(name: str, explain: Explain, domain: Domain) -> Measured:
    """How well an analyst explains a frozen set.

    The labels are those of the time at which it was made: a pattern that has been split off since counts as the one
    that it was a part of (:data:`~toolgym.patterns.SPLIT_FROM`).

    Args:
        name: The set.
        explain: The analyst.
        domain: Retail.
    """
    primary, causes, same, number = [], [], 0, 0
    for one in failures_of(name):
        report = explain(domain, one.task, one.trajectory)
        number += 1
        said = before_split(report.pattern or "")
        primary.append(({one.primary}, {said}))
        causes.append((one.causes, {before_split(finding.pattern) for finding in report.causes}))
        same += one.primary == said
    return Measured(scores(primary), scores(causes), same / number)
