"""Where synchronous code waits for asynchronous agents, and asynchronous code for blocking ones.

Agents may answer with an awaitable. Synchronous drivers (the Gymnasium environments, an evaluation in a notebook) have
no event loop, or must not block the one that they are called from: one loop in a thread of its own, made when it is
first needed and shared by the whole process, runs what they wait for.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")

BLOCKING_THREADS = 256
"""How many blocking agents are waited for at once."""

_lock = threading.Lock()
_thread: threading.Thread | None = None
_loop: asyncio.AbstractEventLoop | None = None
_pool: ThreadPoolExecutor | None = None


def wait_for(awaitable: Awaitable[_T]) -> _T:
    """Wait for an awaitable from synchronous code, whether or not the caller's thread runs an event loop.

    An interrupt (Ctrl-C) cancels what is waited for, and lets it clean up first.

    Args:
        awaitable: What is waited for; it runs in the process's own loop.

    Raises:
        RuntimeError: If it is called from that loop, which would wait for itself.

    Example:
        >>> async def answer():
        ...     return 42
        >>> wait_for(answer())
        42
    """
    loop = _running_loop()
    if threading.current_thread() is _thread:
        raise RuntimeError("this would wait for itself: inside a coroutine, await the asynchronous form instead")
    ended = threading.Event()
    tasks: list[asyncio.Task[_T]] = []

    def start() -> None:
        tasks.append(loop.create_task(_awaited(awaitable)))
        tasks[0].add_done_callback(lambda _: ended.set())

    def cancel() -> None:
        if tasks:
            tasks[0].cancel()
        else:  # the interrupt came before it could begin
            ended.set()

    try:
        loop.call_soon_threadsafe(start)
        ended.wait()
    except BaseException:
        loop.call_soon_threadsafe(cancel)
        ended.wait()
        raise
    return tasks[0].result()


async def in_thread(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call a blocking function without blocking the loop; up to :data:`BLOCKING_THREADS` of them run at once."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="toolgym-blocking")
        pool = _pool
    return await asyncio.get_running_loop().run_in_executor(pool, _returned, function, *arguments)


async def _awaited(awaitable: Awaitable[_T]) -> _T:
    return await awaitable


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_run, args=(_loop,), name="toolgym-loop", daemon=True)
            _thread.start()
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop whatever is raised in it: SystemExit is for who waits, and must not end the loop of all others."""
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            continue
        return


def _returned(function: Callable[..., _T], *arguments: Any) -> _T:
    try:
        return function(*arguments)
    except StopIteration as error:  # no future can hold one
        raise RuntimeError("it raised StopIteration") from error


def _forget() -> None:
    """A forked child has neither the thread nor the pool of its parent."""
    global _lock, _loop, _thread, _pool
    _lock, _loop, _thread, _pool = threading.Lock(), None, None, None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
