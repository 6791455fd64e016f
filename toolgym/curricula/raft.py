"""The curriculum in rounds: failures of a whole evaluation become tasks, and the policy is trained on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from toolgym.curricula.pool import Entry
from toolgym.curricula.targeted import Targeted
from toolgym.curricula.validation import number
from toolgym.domain import Domain
from toolgym.tasks import Task

Restart: TypeAlias = Literal["sft", "last"]


class Raft(Targeted):
    """Draws from the union of the targeted tasks of all rounds, each with the same chance.

    A round is: play the split, :meth:`refresh` on the failures, train on the pool. Before the first refresh it draws
    the tasks of the split, each with the same chance. In Proposer-off, tasks are weighted by pattern share.

    Args:
        domain: The domain, over the data to be played.
        tasks: The tasks that it begins with.
        restart: What a trainer starts each round from: ``"sft"``, the policy as it was before the first round, or
            ``"last"``, what the last round left. It is for the trainer to read.
        recency: How much newer rounds are preferred, at least 0: a task that is n rounds older than the newest has the
            weight (1 + n)^-recency. 0 draws all alike.
        options: See :class:`~toolgym.curricula.targeted.Targeted`: analyst, proposer, certifier, solver, controller,
            proposing, apart, refresh_every, refresh_tasks, prior, seed, folder.

    Raises:
        DataError: If there are no tasks, or a part needs a model.
        UnknownNameError: If there is no part of that name.
        ValueError: If an argument is out of range.

    Example:
        >>> from toolgym import make_domain
        >>> raft = Raft.from_split(make_domain("mock"), "train", restart="last")
        >>> raft.restart, raft.round
        ('last', 0)
    """

    name = "raft"

    def __init__(
        self,
        domain: Domain,
        tasks: Sequence[Task],
        *,
        restart: Restart = "sft",
        recency: float = 0.0,
        **options: Any,
    ) -> None:
        if restart not in ("sft", "last"):
            raise ValueError(f"restart must be 'sft' or 'last', got {restart!r}")
        if number("recency", recency, "of at least 0") < 0:
            raise ValueError(f"recency must be a finite number of at least 0, got {recency}")
        super().__init__(domain, tasks, **options)
        self.restart: Restart = restart
        self.recency = recency

    def weights(self, entries: Sequence[Entry]) -> Sequence[float] | np.ndarray:
        """See Pooled."""
        if not any(entry.patterns for entry in entries):
            return [1.0] * len(entries)
        newest = max((entry.round for entry in entries if entry.round is not None), default=None)
        if not self.proposing or newest is None:  # none was made: so far it went on without a Proposer
            return self.pattern_weights(entries)
        return [0.0 if entry.round is None else (1.0 + newest - entry.round) ** -self.recency for entry in entries]
