"""A curriculum for episodes that somebody else's library plays: many at once, and in any order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolgym.curriculum import Budget, Curriculum, RefreshReport
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class SharedCurriculum:
    """One curriculum for all environments of a process, whichever threads they run in.

    Give it to each as ``curriculum``, and as ``on_end``: it gathers the trials of each task, and updates the curriculum
    with a full group of them. A void trial takes its place in the group, and the curriculum is not told of it, as with
    the environments' own groups. The trials of a task are numbered as they end: a curriculum takes two of one number,
    seed and words for one.

    Args:
        curriculum: What draws and learns.
        group_size: Trials of a task in a group, at least 1.

    Raises:
        ValueError: If the size is out of range.

    Example:
        >>> from toolgym import make_curriculum
        >>> shared = SharedCurriculum(make_curriculum("fixed", "mock", "train"), group_size=4)
        >>> len(shared.sample(np.random.default_rng(0), 2)), shared.waiting
        (2, 0)
    """

    def __init__(self, curriculum: Curriculum, group_size: int = 1) -> None:
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self.curriculum = curriculum
        self.group_size = group_size
        self._lock = threading.Lock()
        self._groups: dict[str, list[Trajectory]] = {}
        self._trials: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How many trials are in groups that are not full."""
        with self._lock:
            return sum(map(len, self._groups.values()))

    def __call__(self, trajectory: Trajectory) -> None:
        """Take a finished trial."""
        key = trajectory.task_key
        with self._lock:
            trial = self._trials.get(key, 0)
            self._trials[key] = trial + 1
            group = self._groups.setdefault(key, [])
            group.append(replace(trajectory, trial=trial))
            if len(group) < self.group_size:
                return
            valid = tuple(one for one in self._groups.pop(key) if one.fault is None)
            if valid:
                self.curriculum.update(valid)

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """Draw ``k`` tasks, at least 1."""
        with self._lock:
            return self.curriculum.sample(rng, k)

    def update(self, group: Sequence[Trajectory]) -> None:
        """Learn from the trials of one task that somebody else has gathered."""
        with self._lock:
            self.curriculum.update(group)

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """Whether a trainer should learn from this group."""
        with self._lock:
            return self.curriculum.admit(group)

    async def refresh(self, budget: Budget) -> RefreshReport:
        """Make new tasks; call it between rounds, while nobody plays."""
        return await self.curriculum.refresh(budget)

    def state_dict(self) -> dict[str, Any]:
        """The curriculum's state, and how many trials of each task have ended; groups that are not full are lost."""
        with self._lock:
            return {"curriculum": self.curriculum.state_dict(), "trials": dict(self._trials)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        with self._lock:
            self.curriculum.load_state_dict(state["curriculum"])
            self._trials = dict(state["trials"])
            self._groups.clear()

    def metrics(self) -> dict[str, float]:
        """The curriculum's figures for a log."""
        with self._lock:
            return self.curriculum.metrics()
