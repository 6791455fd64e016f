"""Which episode a client plays: a task, a trial of it, a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError, refuse_unknown
from toolgym.tasks import Task

LARGEST_SEED = 2**63 - 1
"""The largest seed and trial; what a client sends is not unbounded."""


@dataclass(frozen=True)
class EpisodeChoice:
    """What is chosen of an episode, by the command line first and then by a client.

    Args:
        task: The id of the task; None draws one from the split by the seed.
        split: Where the task is from; None is any split for a task that is named, and for a draw ``test`` or, if there
            is none, the first.
        trial: Which repetition of the task, from 0.
        seed: The seed of the draw and of the user, at least 0.

    Raises:
        DataError: If the trial or the seed is no whole number of that range.

    Example:
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> EpisodeChoice(split="dev").read({"task": "dev-001", "trial": "2"}).trial
        2
        >>> EpisodeChoice(task="dev-001").find(mock).id
        'dev-001'
    """

    task: str | None = None
    split: str | None = None
    trial: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("trial", "seed"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_SEED:
                raise DataError(f"the {name} must be a whole number from 0 to {LARGEST_SEED}, got {value!r:.80}")

    def read(self, values: Mapping[str, str]) -> EpisodeChoice:
        """The same with what a client asks for, as text by name: task, split, trial, seed.

        Raises:
            UnknownNameError: If something else is asked for.
            DataError: If a trial or seed is no whole number of its range.
        """
        refuse_unknown("choice of an episode", values, ("task", "split", "trial", "seed"))
        chosen: dict[str, Any] = dict(values)
        for name in ("trial", "seed"):
            if name in chosen:
                text = chosen[name]
                if not (text.isascii() and text.isdigit() and len(text) < 20):
                    raise DataError(f"the {name} must be a whole number from 0 to {LARGEST_SEED}, got {text!r:.80}")
                chosen[name] = int(text)
        return replace(self, **chosen)

    def find(self, domain: Domain) -> Task:
        """The task that is chosen.

        Raises:
            UnknownNameError: If the domain has no such task or split.
            DataError: If there is no task to draw from.
        """
        if self.task is not None:
            if self.split is None:
                return domain.tasks.find(self.task)
            tasks = {task.id: task for task in domain.tasks[self.split]}
            if self.task not in tasks:
                raise UnknownNameError(f"task of the split {self.split!r}", self.task, tasks)
            return tasks[self.task]
        splits = domain.tasks.splits()
        if not splits:
            raise DataError(f"the domain {domain.name!r} has no tasks; serve one that has, such as retail")
        split = self.split or ("test" if "test" in splits else splits[0])
        drawn_from = domain.tasks[split]
        if not drawn_from:
            raise DataError(f"the split {split!r} of {domain.name!r} has no tasks; choose one of {', '.join(splits)}")
        return drawn_from[int(np.random.default_rng(self.seed).integers(len(drawn_from)))]

    def split_of(self, domain: Domain, task: Task) -> str:
        """The split that a task is from: the one that was named, or the first that holds it."""
        if self.split is not None:
            return self.split
        return next((name for name in domain.tasks.splits() if task in domain.tasks[name]), "")
