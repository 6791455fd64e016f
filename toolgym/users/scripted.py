"""The scripted user: plays a customer from the facts of a task, without a model."""

from __future__ import annotations

import numpy as np

from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.errors import TaskError
from toolgym.tasks import Task


def scripted_user(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    """The scripted user of a task, as its domain plays one.

    Args:
        domain: The domain; it brings the user.
        task: A task that carries facts, or whatever the domain's user plays from.
        rng: Chooses among wordings, from the second message on.

    Raises:
        TaskError: If the domain has no scripted user, or the task does not tell what that must know.

    Example:
        >>> from toolgym import make_domain
        >>> from toolgym.messages import Message
        >>> retail = make_domain("retail")
        >>> user = scripted_user(retail, retail.tasks["dev"][0], np.random.default_rng(0))
        >>> user.respond([Message("assistant", "Hello! What can I do for you today?")]).role
        'user'
    """
    scripted = domain.users.get("scripted")
    if scripted is None:
        raise TaskError(
            f"domain {domain.name!r} has no scripted user to play task {task.id!r}; choose another user: "
            "user='minimal' replays gold calls, user='human' is you"
        )
    return scripted(domain, task, rng)


SCRIPTED = AgentSpec("scripted", scripted_user, privileged=True)
"""It plays from the facts, which no side sees."""
