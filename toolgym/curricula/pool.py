"""The pool: tasks, what is known of how each is solved, and how they are drawn from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import ValidationError

from toolgym.curricula.episodes import Episodes
from toolgym.curricula.worlds import pack_worlds, unpack_worlds
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.patterns import current_name
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

CAP = 0.05
"""The largest share of the draws that one task gets, where there are at least 20."""
PRIOR = (1.0, 1.0)
"""Successes and failures that every task is taken to have had before its first trial: the uniform Beta(1, 1)."""
MEMORY = 32
"""Over how many trials of a task its rate is taken, about: older ones count less and less, as the policy changes."""

Prior: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Entry:
    """A task of the pool, and what is known of it.

    Args:
        task: The task.
        of_split: Whether it is one of the split's that the curriculum began with; else it was made.
        patterns: The failure patterns that it is there for.
        round: The round that made it, from 0; None for one of the split's.
        trials: Trials since it came in that are neither void nor unjudged.
        solved: How many of them succeeded.
        recent: Both once more, as sums in which a trial counts less the longer it is ago.
        since: Both once more, since the last refresh.
    """

    task: Task
    of_split: bool = False
    patterns: tuple[str, ...] = ()
    round: int | None = None
    trials: int = 0
    solved: int = 0
    recent: tuple[float, float] = (0.0, 0.0)
    since: tuple[int, int] = (0, 0)

    def rate(self, prior: Prior = PRIOR) -> float:
        """How likely it is solved now: the mean of the Beta distribution that the prior and the trials give."""
        return (self.recent[1] + prior[0]) / (self.recent[0] + sum(prior))

    def learnability(self, prior: Prior = PRIOR) -> float:
        """p(1 - p) of the rate: at most 0.25, small for a task that is always or never solved, and never 0.

        Source:
            Foster and Foerster, Learning to reason at the frontier of learnability, arXiv:2502.12272; Tzannetos et
            al., Proximal curriculum for reinforcement learning agents, TMLR 2023.
        """
        rate = self.rate(prior)
        return rate * (1 - rate)

    def tried(self, success: bool) -> Entry:
        """The entry with one trial more."""
        keep = 1 - 1 / MEMORY
        return replace(
            self,
            trials=self.trials + 1,
            solved=self.solved + success,
            recent=(self.recent[0] * keep + 1, self.recent[1] * keep + success),
            since=(self.since[0] + 1, self.since[1] + success),
        )


def capped(weights: Sequence[float] | np.ndarray, cap: float = CAP) -> np.ndarray:
    """Probabilities in proportion to weights, none above a cap: what is cut off goes to the others in proportion.

    Args:
        weights: At least 0; what has 0 is not drawn, and everything else is, if only once in 10^9.
        cap: In (0, 1]; where fewer than 1/cap weights are above 0, they get equal probabilities.

    Returns:
        Probabilities that sum to 1.

    Raises:
        ValueError: If a weight is below 0 or not finite, or none is above 0.

    Example:
        >>> capped([3.0, 1.0], cap=0.6).tolist(), capped([3.0, 0.0, 1.0]).tolist()
        ([0.6, 0.4], [0.5, 0.0, 0.5])
    """
    given = np.asarray(weights, dtype=np.float64)
    positive = given > 0
    number = int(positive.sum())
    if not np.isfinite(given).all() or (given < 0).any() or not number:
        raise ValueError("weights must be finite and at least 0, and one of them above 0")
    if number * cap <= 1:
        return positive / number
    share = np.where(positive, np.maximum(given / given.max(), 1e-9), 0.0)
    full = np.zeros(len(share), dtype=np.bool_)
    while True:
        left = 1.0 - cap * int(full.sum())
        free = np.where(full, 0.0, share)
        found = np.where(full, cap, free * (left / free.sum()))
        over = (found > cap) & ~full
        if not over.any():
            return found
        full |= over


class Pool:
    """Tasks in the order in which they came, and the trials of each.

    Args:
        entries: The first ones.

    Raises:
        DataError: If two of them are one task, or have one id.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[str, Entry] = {}
        self._ids: set[str] = set()
        self.episodes = Episodes()
        """The episodes that have been counted, those of tasks that are not in the pool included."""
        self.trials = 0
        """Trials of its tasks since the last refresh."""
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Take in a task.

        Raises:
            DataError: If it, or another with its id, is in the pool.
        """
        task = entry.task
        if task.key in self._entries or task.id in self._ids:
            raise DataError(f"the pool has a task {task.id!r} already; every task of a pool has an id of its own")
        self._entries[task.key] = entry
        self._ids.add(task.id)
        self.trials += entry.since[0]

    def record(self, trajectory: Trajectory) -> bool:
        """Count a trial.

        Returns:
            Whether it was counted: not if it is void or not judged, or was counted before.
        """
        if trajectory.success is None or not self.episodes.add(trajectory):
            return False
        entry = self._entries.get(trajectory.task_key)
        if entry is not None:
            self._entries[trajectory.task_key] = entry.tried(trajectory.success)
            self.trials += 1
        return True

    def mark(self, key: str, patterns: Iterable[str]) -> None:
        """Note that a task is there for these patterns too.

        Raises:
            KeyError: If there is no such task.
        """
        entry = self._entries[key]
        self._entries[key] = replace(entry, patterns=tuple(dict.fromkeys([*entry.patterns, *patterns])))

    def begin_round(self) -> None:
        """Count the trials since the last refresh from none."""
        for key, entry in self._entries.items():
            if entry.since[0]:
                self._entries[key] = replace(entry, since=(0, 0))
        self.trials = 0

    def find(self, key: str) -> Task | None:
        """The task with this key, if it is in the pool."""
        entry = self._entries.get(key)
        return None if entry is None else entry.task

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def worlds(self) -> list[str]:
        """The digests of its worlds, each once."""
        return list(dict.fromkeys(entry.task.world for entry in self))

    def copy(self) -> Pool:
        """The same tasks and trials, to be changed apart from these."""
        other = Pool(self)
        other.episodes = self.episodes.copy()
        return other

    def state_dict(self, domain: Domain, folder: Path | None = None) -> dict[str, Any]:
        """The pool as JSON-able data, with the worlds that its domain does not bring itself.

        Args:
            domain: The domain, with the worlds in its store.
            folder: Where the curriculum keeps its files; worlds that are there are named alone.

        Raises:
            WorldError: If a world cannot be found.
        """
        return {
            "tasks": [_to_state(entry) for entry in self],
            "episodes": self.episodes.state_dict(),
            "worlds": pack_worlds(domain, self.worlds(), folder),
        }

    @classmethod
    def from_state(cls, domain: Domain, state: Mapping[str, Any], folder: Path | None = None) -> Pool:
        """Read what :meth:`state_dict` gave, and make its worlds known to the domain's store.

        Raises:
            DataError: If it is not that.
            WorldError: If a world is missing, or is not the one that is named.
        """
        try:
            pool = cls(map(_from_state, state["tasks"]))
            pool.episodes = Episodes.from_state(state["episodes"])
            worlds = dict(state["worlds"])
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            raise DataError(f"this is not the state of a pool: {error!r:.300}") from error
        unpack_worlds(domain, worlds, folder)
        for world in pool.worlds():
            domain.worlds.get(world)
        return pool


def _to_state(entry: Entry) -> dict[str, Any]:
    return {
        "task": entry.task.model_dump(mode="json", exclude_defaults=True),
        "of_split": entry.of_split,
        "patterns": list(entry.patterns),
        "round": entry.round,
        "trials": entry.trials,
        "solved": entry.solved,
        "recent": list(entry.recent),
        "since": list(entry.since),
    }


def _from_state(state: Mapping[str, Any]) -> Entry:
    fields = dict(state)
    fields["task"] = Task.model_validate(fields["task"])
    fields["patterns"] = map(current_name, fields["patterns"])
    for name in ("patterns", "recent", "since"):
        fields[name] = tuple(fields[name])
    return Entry(**fields)
