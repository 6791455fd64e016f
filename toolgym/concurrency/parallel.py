"""Many jobs at once in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from time import perf_counter
from typing import TypeVar

from toolgym.concurrency.gc_pause import fewer_collections

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

_LONG = 0.005
"""Seconds of work after which a job yields to the others."""


async def in_parallel(
    jobs: Iterable[_Job], work: Callable[[_Job], Awaitable[_Result]], concurrency: int
) -> AsyncGenerator[_Result]:
    """Work on jobs, some at once, and yield what comes of each as soon as it is there.

    Args:
        jobs: Taken one by one, whenever there is room.
        work: What is done with one.
        concurrency: How many are worked on at once, at least 1; as many results again may wait for the consumer.

    Raises:
        ValueError: If ``concurrency`` is below 1.
        Exception: The first that ``work`` or ``jobs`` raises. The other jobs are cancelled then, as they are when the
            consumer stops, and have cleaned up when the iteration ends.

    Example:
        >>> async def double(number):
        ...     return 2 * number
        >>> async def main():
        ...     return [result async for result in in_parallel([1, 2, 3], double, concurrency=2)]
        >>> asyncio.run(main())
        [2, 4, 6]
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    events: asyncio.Queue[_Result | asyncio.Task[None]] = asyncio.Queue()
    room = asyncio.Semaphore(2 * concurrency)
    source = iter(jobs)
    turned = [perf_counter()]

    async def worker() -> None:
        await room.acquire()
        for job in source:
            events.put_nowait(await work(job))
            if perf_counter() - turned[0] > _LONG:  # work that waits for nothing must not keep everyone else waiting
                await asyncio.sleep(0)
                turned[0] = perf_counter()
            await room.acquire()
        room.release()

    workers = [asyncio.create_task(worker()) for _ in range(concurrency)]
    for task in workers:
        task.add_done_callback(events.put_nowait)
    running = len(workers)
    try:
        with fewer_collections():
            while running:
                event = await events.get()
                if isinstance(event, asyncio.Task):
                    event.result()
                    running -= 1
                else:
                    room.release()
                    yield event
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
