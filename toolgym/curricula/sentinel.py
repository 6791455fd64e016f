"""The curriculum inside training: failures become tasks while the policy learns, and what is mastered fades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolgym.curricula.pool import Entry
from toolgym.curricula.targeted import Targeted
from toolgym.curricula.validation import number
from toolgym.domain import Domain
from toolgym.tasks import Task


class Sentinel(Targeted):
    """Draws targeted tasks by the share of their pattern among the recent failures, times their learnability.

    The share of a pattern is spread over its tasks; a tenth of all is spread evenly over the patterns. A task that is
    mastered fades and never vanishes, and so does one that is never solved. Some of the draws stay with the tasks of
    the split, by learnability; fresh, all of them do.

    Args:
        domain: The domain, over the data to be played.
        tasks: The tasks that it begins with.
        base: The share of the draws that stays with the tasks of the split, in [0, 1]. No task gets more than a
            twentieth of all draws, so the share differs where one of both sides has few tasks.
        options: See :class:`~toolgym.curricula.targeted.Targeted`: analyst, proposer, certifier, solver, controller,
            proposing, apart, refresh_every, refresh_tasks, prior, seed, folder.

    Raises:
        DataError: If there are no tasks, or a part needs a model.
        UnknownNameError: If there is no part of that name.
        ValueError: If an argument is out of range.

    Example:
        >>> from toolgym import make_domain
        >>> Sentinel.from_split(make_domain("mock"), "train").metrics()["share/split"]
        1.0
    """

    name = "sentinel"

    def __init__(self, domain: Domain, tasks: Sequence[Task], *, base: float = 0.25, **options: Any) -> None:
        if not 0 <= number("base", base, "in [0, 1]") <= 1:
            raise ValueError(f"base must be in [0, 1], got {base}")
        super().__init__(domain, tasks, **options)
        self.base = base

    def weights(self, entries: Sequence[Entry]) -> np.ndarray:
        """See Pooled."""
        learnable = np.array([entry.learnability(self.prior) for entry in entries])
        aimed = self.pattern_weights(entries) * learnable
        kept = np.array([entry.of_split for entry in entries]) * learnable
        weights: np.ndarray = aimed + kept
        if aimed.any() and kept.any():
            weights = (1 - self.base) * aimed / aimed.sum() + self.base * kept / kept.sum()
        return weights
