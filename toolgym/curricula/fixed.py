"""The fixed curriculum: the tasks of a split, drawn uniformly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolgym.curriculum import Budget, RefreshReport
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class Fixed:
    """Draws every task with the same chance, for ever.

    Args:
        tasks: The tasks; their order is part of what a seed reproduces.

    Raises:
        DataError: If there are none.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        if not tasks:
            raise DataError("a curriculum needs at least one task; this split has none")
        self.tasks = tuple(tasks)

    @classmethod
    def from_split(cls, domain: Domain, split: str) -> Fixed:
        """The tasks of a split; the entry point of this curriculum."""
        return cls(domain.tasks[split])

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """See Curriculum."""
        return [self.tasks[int(place)] for place in rng.integers(len(self.tasks), size=k)]

    def update(self, group: Sequence[Trajectory]) -> None:
        """See Curriculum. Nothing is learned."""

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """See Curriculum."""
        return all(trajectory.fault is None for trajectory in group)

    async def refresh(self, budget: Budget) -> RefreshReport:
        """See Curriculum. Nothing is made."""
        return RefreshReport(round=0, pool=len(self.tasks), notes=("the curriculum 'fixed' makes no tasks",))

    def state_dict(self) -> dict[str, Any]:
        """See Curriculum. There is no state but the tasks themselves."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See Curriculum."""

    def metrics(self) -> dict[str, float]:
        """See Curriculum."""
        return {"tasks": float(len(self.tasks))}
