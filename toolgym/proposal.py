"""What is proposed: tasks made on purpose, not yet certified."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from toolgym.domain import Domain
from toolgym.failures.report import FailureReport
from toolgym.generation import Shape
from toolgym.patterns import current_name
from toolgym.tasks import Task


@dataclass(frozen=True)
class TaskRequest:
    """What one task is wanted for.

    Args:
        task_id: The id that it shall have.
        pattern: The failure pattern that it shall stress; None for an untargeted task.
        level: How hard, from 0 to :data:`~toolgym.generation.MAX_LEVEL`; nothing for an untargeted task.
        round: The round of the curriculum, from 0.
        parents: The failures that it is made from.
        like: The writes that it should have, as far as the world has such a task; None for any.
    """

    task_id: str
    pattern: str | None = None
    level: int = 1
    round: int = 0
    parents: tuple[FailureReport, ...] = ()
    like: Shape | None = None

    def __post_init__(self) -> None:
        if self.pattern is not None:
            object.__setattr__(self, "pattern", current_name(self.pattern))


@dataclass(frozen=True)
class Proposal:
    """What came of a request.

    Args:
        request: The request.
        tasks: The task and what belongs to it, such as a refusal's twin: they are admitted together or not at all.
            Empty if nothing could be made.
        note: Why nothing could be made; else empty.
    """

    request: TaskRequest
    tasks: tuple[Task, ...]
    note: str = ""


class Proposer(Protocol):
    """Makes tasks that stress failure patterns."""

    def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        """One proposal for each request, in order; the worlds of its tasks are in the domain's store by then.

        Args:
            domain: The domain.
            requests: What is wanted.
            rng: Everything random comes from it.
            disjoint_from: Digests of worlds with which new ones must have no entity in common.

        Raises:
            DataError: If the domain has no task generator.
            ServiceError: If a model behind the proposer fails.
        """
