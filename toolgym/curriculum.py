"""The protocol of a curriculum: which task comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


@runtime_checkable
class Curriculum(Protocol):
    """Chooses tasks, and learns from how they went.

    One owner samples and updates it: the environment when it made the curriculum from a name, else the caller.
    """

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """Draw ``k`` tasks, at least 1; the same generator state draws the same."""

    def update(self, group: Sequence[Trajectory]) -> None:
        """Learn from the trials of one task; an episode that was seen before changes nothing.

        An environment gives it those of a group that are not void, so they may be fewer than the group has.
        """

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """Whether a trainer should learn from this group; voided groups never."""

    def state_dict(self) -> dict[str, Any]:
        """All of its state, as JSON-able data."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""

    def metrics(self) -> dict[str, float]:
        """Figures for a log."""
