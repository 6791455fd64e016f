"""Many requests at once, and what comes of them in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


async def in_order(
    items: AsyncIterable[_T], work: Callable[[_T], Coroutine[Any, Any, _R]], concurrency: int
) -> AsyncGenerator[_R]:
    """Work on several items at once, and give what comes of each in the order of the items.

    What the work on one raises is raised in its place. Whatever is under way then, or when the caller stops early, is
    cancelled.

    Args:
        items: What is worked on; no more of them are taken than are worked on.
        work: A coroutine function.
        concurrency: How many are worked on at once, at least 1.

    Example:
        >>> async def numbers():
        ...     for number in range(4):
        ...         yield number
        >>> async def square(number):
        ...     await asyncio.sleep(0)
        ...     return number**2
        >>> async def main():
        ...     return [found async for found in in_order(numbers(), square, 2)]
        >>> asyncio.run(main())
        [0, 1, 4, 9]
    """
    under_way: deque[asyncio.Task[_R]] = deque()
    try:
        async for item in items:
            under_way.append(asyncio.create_task(work(item)))
            if len(under_way) == concurrency:
                found = await under_way[0]
                under_way.popleft()
                yield found
        while under_way:
            found = await under_way[0]
            under_way.popleft()
            yield found
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)  # all but the first to fail was cancelled above
        if isinstance(items, AsyncGenerator):
            await items.aclose()
