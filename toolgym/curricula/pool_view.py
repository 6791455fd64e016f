"""A curriculum over a pool as the parts see it that make its tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolgym.curricula.progress import Progress
from toolgym.domain import Domain
from toolgym.tasks import Task


@dataclass(frozen=True)
class PoolView:
    """A curriculum as its refresher sees it, which reads it and changes nothing.

    Args:
        name: The curriculum's name, with which the ids of new tasks begin.
        domain: Its domain.
        tasks: The tasks that it began with.
        progress: Its pool, and what it has learned. Trials that come in during a refresh are counted in it.
        seed: Its seed.
    """

    name: str
    domain: Domain
    tasks: Sequence[Task]
    progress: Progress
    seed: int

    @property
    def round(self) -> int:
        """How many refreshes there were."""
        return self.progress.round

    def ids(self, number: int) -> list[str]:
        """Ids for new tasks of this round."""
        return [f"{self.name}-r{self.round}-{place:03d}" for place in range(number)]
