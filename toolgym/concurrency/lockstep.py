"""Coroutines run from synchronous code, all at once: those that never wait without an event loop, the others in one.

A turn is a coroutine. It is run by hand as far as it gets; a turn in which nothing is awaited is then complete. The
others pause where they first :func:`pause`, and go on together in the process's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterable, Sequence
from inspect import iscoroutine
from types import coroutine
from typing import Any, TypeVar

from toolgym.concurrency.bridge import wait_for

_T = TypeVar("_T")


def run_together(coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines to their ends: in order as far as they get without waiting, then all at once.

    They must :func:`pause` before they wait for anything, so that there is a loop when it begins.

    Args:
        coroutines: None of them has begun.

    Raises:
        Exception: The first of theirs, in their order, when all have ended.

    Example:
        >>> async def greet(name):
        ...     print(name)
        >>> run_together([greet("Ana"), greet("Ben")])
        Ana
        Ben
    """
    waiting: dict[int, Coroutine[Any, Any, None]] = {}
    errors: dict[int, BaseException] = {}
    try:
        for place, one in enumerate(coroutines):
            try:
                one.send(None)
            except StopIteration:
                continue
            except Exception as error:
                errors[place] = error
            else:
                waiting[place] = one
        if waiting:
            results = wait_for(_gathered(waiting.values()))
            errors |= {place: error for place, error in zip(waiting, results, strict=True) if error is not None}
    finally:
        for one in coroutines:
            one.close()
    if errors:
        raise errors[min(errors)]


async def later(answer: Awaitable[_T]) -> _T:
    """What an awaitable gives, waited for when there is a loop."""
    try:
        await pause()
    except GeneratorExit:  # it will never be waited for
        if iscoroutine(answer):
            answer.close()
        raise
    return await answer


@coroutine
def pause() -> Generator[None, None, None]:
    """Pause once; to an event loop it is a coroutine that yields to the others."""
    yield


async def _gathered(coroutines: Iterable[Coroutine[Any, Any, None]]) -> list[BaseException | None]:
    return await asyncio.gather(*coroutines, return_exceptions=True)
