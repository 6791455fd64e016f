"""The novice: an oracle with the faults of a beginner, for everything that learns from failures."""

from __future__ import annotations

import numpy as np

from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.errors import TaskError
from toolgym.tasks import Task


def novice(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    """The novice of a task, as its domain plays one.

    Args:
        domain: The domain; it brings the novice and documents its faults.
        task: A task that the domain's scripted user can play.
        rng: Chooses faults and wordings.

    Raises:
        TaskError: If the domain has no novice, or the task does not tell what that must know.
    """
    own = domain.agents.get("novice")
    if own is None:
        raise TaskError(f"the domain {domain.name!r} has no novice for task {task.id!r}; choose another agent")
    return own(domain, task, rng)


NOVICE = AgentSpec("novice", novice, privileged=True)
"""The oracle in it reads the gold."""
