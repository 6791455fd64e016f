"""The fixed curriculum: the tasks of a split, drawn uniformly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolgym.curriculum import Budget, CurriculumSpec, RefreshReport
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
        """A curriculum of the tasks of a split."""
        return cls(domain.tasks[split])

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """Draw ``k`` tasks, each with the same chance."""
        return [self.tasks[int(place)] for place in rng.integers(len(self.tasks), size=k)]

    def update(self, group: Sequence[Trajectory]) -> None:
        """Nothing is learned."""

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """Whether none of the trials is void; signal is left to the trainer."""
        return all(trajectory.fault is None for trajectory in group)

    async def refresh(self, budget: Budget) -> RefreshReport:
        """Nothing is made; the report says so."""
        return RefreshReport(round=0, pool=len(self.tasks), notes=("the curriculum 'fixed' makes no tasks",))

    def state_dict(self) -> dict[str, Any]:
        """Nothing: there is no state but the tasks themselves."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing is restored, since there is no state."""

    def metrics(self) -> dict[str, float]:
        """How many tasks there are."""
        return {"tasks": float(len(self.tasks))}


FIXED = CurriculumSpec("fixed", Fixed.from_split, options=())
