"""Refreshing a curriculum from synchronous code."""

from __future__ import annotations

from toolgym.concurrency.bridge import wait_for
from toolgym.curriculum import Budget, Curriculum, RefreshReport
from toolgym.errors import DataError


def refresh(curriculum: Curriculum, budget: Budget | None = None) -> RefreshReport:
    """Refresh a curriculum and wait until it is done: in a script, a training loop or a notebook, without asyncio.

    Args:
        curriculum: Whatever makes its tasks; that of an environment is ``env.unwrapped.curriculum``.
        budget: How much it may make; by default ``Budget()``, 200 tasks.

    Returns:
        What it brought.

    Raises:
        DataError: If it is no curriculum, or it cannot make tasks.
        RuntimeError: If a refresh of it is under way, or this is called in a coroutine that toolgym itself runs; there,
            ``await curriculum.refresh(budget)``.

    Example:
        >>> from toolgym import make_curriculum
        >>> general = make_curriculum("general", "mock", "train")
        >>> refresh(general, Budget(tasks=4)).proposed
        4
    """
    if isinstance(curriculum, type) or not isinstance(curriculum, Curriculum):
        raise DataError(
            f"refresh takes a curriculum, such as env.unwrapped.curriculum or what make_curriculum gives, "
            f"got {curriculum!r:.80}"
        )
    return wait_for(curriculum.refresh(Budget() if budget is None else budget))
