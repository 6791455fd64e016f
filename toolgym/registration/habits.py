"""The habits of a user that is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolgym.errors import DataError

if TYPE_CHECKING:
    from toolgym.domain import AgentSpec
    from toolgym.scripted.habits import HabitsLike


def habit_names() -> list[str]:
    """The names by which habits are chosen.

    Example:
        >>> habit_names()[0], habit_names()[-1]
        ('plain', 'drawn')
    """
    from toolgym.scripted.habits import DRAWN, PRESETS

    return [*PRESETS, DRAWN]


def with_habits(user: AgentSpec, habits: HabitsLike | None) -> AgentSpec:
    """The user with its habits bound, if any are given.

    Args:
        user: The user.
        habits: As :func:`~toolgym.scripted.habits.habits_of` reads them; None leaves the user as it is.

    Raises:
        UnknownNameError: If there are no habits of that name.
        DataError: If the user is one that has none, has some already, or they do not fit.
    """
    from toolgym.scripted.habits import habits_of

    if habits is None:
        return user
    if not user.has_habits:
        raise DataError(
            f"the user {user.name!r} has no habits, and habits={habits!r} was given; leave it out, or choose "
            "user='scripted'"
        )
    if "habits" in user.bound:
        raise DataError(f"the user {user.name!r} has habits already, and habits={habits!r} was given; give them once")
    return user.bind(habits=habits_of(habits))
