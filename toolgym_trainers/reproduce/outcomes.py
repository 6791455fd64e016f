"""What a run came to, task by task: always from its stored trajectories, and kept by their digest."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.evaluation.compliance import conduct
from toolgym.evaluation.metrics import MOST_VOID, pass_hat_k
from toolgym.runs import read_trajectories
from toolgym.runs.files import replace_whole
from toolgym.runs.tables import open_tables
from toolgym_trainers.reproduce.settings import Metric

FORMAT = 1
"""The layout of what is kept; another one is computed anew."""
TRAJECTORIES = "trajectories.jsonl"


@dataclass(frozen=True)
class TaskOutcome:
    """The trials of one task.

    Args:
        successes: How many succeeded.
        trials: How many count; void ones do not.
        calls: The assistant's calls in them.
        repeats: Those that were made again without progress.
        errors: Those that failed.
        writes: Those that wrote.
        agreed: Those of the writes that had a yes.
    """

    successes: int
    trials: int
    calls: int
    repeats: int
    errors: int
    writes: int
    agreed: int

    def value(self, metric: Metric) -> float:
        """One figure of it: Pass^k, repeats or errors an episode, or the share of writes with a yes.

        Args:
            metric: Which.

        Returns:
            It, or not a number where there is nothing to count.
        """
        if metric == "consent":
            return self.agreed / self.writes if self.writes else nan
        if metric == "repeats":
            return self.repeats / self.trials
        if metric == "errors":
            return self.errors / self.trials
        return pass_hat_k(self.successes, self.trials, int(metric.removeprefix("pass_")))


@dataclass(frozen=True)
class Outcomes:
    """A run, task by task.

    Args:
        run: Its folder's name.
        by_task: What came of each task, by its key.
        void: Trials that are void.
        trajectories: The digest of the file that it was computed from.
    """

    run: str
    by_task: Mapping[str, TaskOutcome]
    void: int
    trajectories: str

    def values(self, metric: Metric, keys: Sequence[str]) -> NDArray[np.float64]:
        """A figure of each of some tasks, in their order.

        Args:
            metric: Which figure.
            keys: The keys of the tasks.

        Raises:
            DataError: If the run has no counted trial of one of them, or too few for the figure.
        """
        found = []
        for key in keys:
            outcome = self.by_task.get(key)
            least = int(metric.removeprefix("pass_")) if metric.startswith("pass_") else 1
            if outcome is None or outcome.trials < least:
                held = 0 if outcome is None else outcome.trials
                raise DataError(
                    f"the run {self.run!r} has {held} counted trials of the task {key}, and {metric} needs {least}; "
                    "play it again: the same command goes on"
                )
            found.append(outcome.value(metric))
        return np.array(found, dtype=np.float64)


def outcomes_of(run: Path, domain: Domain, kept: Path | None = None) -> Outcomes:
    """What a run came to.

    Args:
        run: Its folder.
        domain: Its domain.
        kept: The folder where what was computed is kept under the run's name; it is taken from there only if the run's
            trajectories are still the same, byte for byte. None computes it.

    Raises:
        DataError: If it is not a run, or too many of its trials are void.
    """
    path = run / TRAJECTORIES
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    place = None if kept is None else kept / f"{run.name}.json"
    if place is not None and place.is_file():
        found = json.loads(place.read_text(encoding="ascii"))
        if found["format"] == FORMAT and found["trajectories"] == digest:
            tasks = {key: TaskOutcome(*row) for key, row in found["tasks"].items()}
            return Outcomes(run.name, tasks, found["void"], digest)
    computed = _computed(run, domain, digest)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        rows = {key: list(_row(one)) for key, one in computed.by_task.items()}
        whole = {"format": FORMAT, "trajectories": digest, "void": computed.void, "tasks": rows}
        replace_whole(place, json.dumps(whole).encode())
    return computed


def _row(outcome: TaskOutcome) -> tuple[int, ...]:
    return (
        outcome.successes,
        outcome.trials,
        outcome.calls,
        outcome.repeats,
        outcome.errors,
        outcome.writes,
        outcome.agreed,
    )


def _computed(run: Path, domain: Domain, digest: str) -> Outcomes:
    tools = domain.toolkits["assistant"].tools
    with open_tables(
        {run.name: run}, ["episodes", "calls"], tools=lambda name: tools if name == domain.name else {}
    ) as db:
        rows = db.execute(
            "SELECT task_key, count(*), count(*) FILTER (WHERE error), count(*) FILTER (WHERE repeated) "
            "FROM calls JOIN episodes USING (run, episode) "
            "WHERE fault_source IS NULL AND requestor = 'assistant' GROUP BY task_key"
        ).fetchall()
    calls: dict[str, tuple[int, int, int]] = {key: (made, failed, again) for key, made, failed, again in rows}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    void = played = 0
    for trajectory in read_trajectories(run):
        played += 1
        if trajectory.fault is not None or trajectory.grade is None:
            void += 1
            continue
        how = conduct(domain, trajectory.messages, trajectory.history)
        for place, number in enumerate((int(bool(trajectory.success)), 1, how.writes, how.agreed)):
            counts[trajectory.task_key][place] += number
    if void > MOST_VOID * played:
        raise DataError(
            f"{void} of {played} trials of the run {run.name!r} are void, and above {MOST_VOID:.0%} there are no "
            "figures; play it again: the same command goes on"
        )
    by_task = {}
    for key, (successes, trials, writes, agreed) in counts.items():
        made, failed, again = calls.get(key, (0, 0, 0))
        by_task[key] = TaskOutcome(successes, trials, made, again, failed, writes, agreed)
    return Outcomes(run.name, by_task, void, digest)


def matrix(runs: Sequence[Outcomes], metric: Metric, keys: Sequence[str]) -> NDArray[np.float64]:
    """A figure by seed (row) and task (column).

    Args:
        runs: A run for each seed.
        metric: Which figure.
        keys: The keys of the tasks.
    """
    return np.stack([one.values(metric, keys) for one in runs])


def as_json(value: Any) -> Any:
    """A value as JSON gives it back: names as text, what is not a number as null, floats in eight digits."""
    if isinstance(value, float):
        return None if value != value else float(f"{value:.8g}")
    if isinstance(value, Mapping):
        return {str(name): as_json(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    return value
