"""The scripted user: plays a customer from the facts of a task, without a model."""

from __future__ import annotations

import numpy as np

from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.errors import TaskError
from toolgym.scripted.habits import DRAWN, Habits, HabitsLike, habits_of
from toolgym.scripted.user import ScriptedUser
from toolgym.tasks import Task

_FIRST_LINE = 1
"""Beside a task's key: the stream from which its first line draws what habits come to."""


def scripted_user(domain: Domain, task: Task, rng: np.random.Generator, *, habits: HabitsLike | None = None) -> Agent:
    """The scripted user of a task, as its domain plays one.

    Args:
        domain: The domain; it brings the user.
        task: A task that carries facts, or whatever the domain's user plays from.
        rng: Chooses among wordings, from the second message on.
        habits: How it behaves, as :func:`~toolgym.scripted.habits.habits_of` reads it: a child of ``rng`` draws what
            they come to, and with ``"drawn"`` the habits too. The first line depends on the task alone all the same:
            with ``"drawn"`` it has habits that are drawn for the task. None: as the task says, and nothing beside.

    Raises:
        TaskError: If the domain has no scripted user, the task does not tell what that must know, or habits are given
            and the domain's user is no :class:`~toolgym.scripted.user.ScriptedUser`.
        DataError: If the habits do not fit.

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
    user = scripted(domain, task, rng)
    chosen = Habits() if habits is None else habits_of(habits)
    if chosen == Habits():
        return user
    if not isinstance(user, ScriptedUser):
        raise TaskError(
            f"the scripted user of the domain {domain.name!r} is a {type(user).__name__} of its own, which has no "
            "habits; leave habits=… out, or make it a ScriptedUser"
        )
    (own,) = rng.spawn(1)
    of_task = np.random.default_rng([int(task.key, 16), _FIRST_LINE])
    if chosen == DRAWN:
        user.take_up(Habits.draw(own), own, Habits.draw(of_task), of_task)
    else:
        user.take_up(chosen, own, chosen, of_task)
    return user


SCRIPTED = AgentSpec("scripted", scripted_user, privileged=True, has_habits=True)
"""It plays from the facts, which no side sees."""
