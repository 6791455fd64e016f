"""The control: synthetic tasks that aim at nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.curricula.figures import RefreshPlan
from toolgym.curricula.generative import Generative
from toolgym.curricula.pool import Entry
from toolgym.curriculum import Budget
from toolgym.proposal import TaskRequest


class General(Generative):
    """Draws untargeted synthetic tasks, each with the same chance: what targeted ones are to be compared with.

    Each refresh adds to the pool, whatever failed; before the first one it draws the tasks of the split.

    Example:
        >>> from toolgym import make_domain
        >>> General.from_split(make_domain("mock"), "train").sample(np.random.default_rng(0))[0].id[:5]
        'train'
    """

    name = "general"

    def weights(self, entries: Sequence[Entry]) -> Sequence[float]:
        """See Pooled."""
        made = [float(entry.round is not None) for entry in entries]
        return made if any(made) else [1.0] * len(entries)

    async def _plan(self, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        return RefreshPlan(tuple(TaskRequest(task_id, None, round=self.round) for task_id in self._ids(budget.tasks)))
