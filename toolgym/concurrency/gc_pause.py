"""Fewer passes of Python's cyclic garbage collector while thousands of episodes are alive.

A live episode is some seventy tracked objects, and none of them is in a cycle. With 4,096 of them the collector, which
at its defaults looks at all young objects after every few hundred new ones and at all objects now and then, took as
long as the episodes themselves (``toolgym bench rollouts``).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 500_000
"""New objects, less those that are gone, after which the collector looks at them."""

_lock = threading.Lock()
_users = 0
_before: tuple[int, int, int] = (0, 0, 0)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Let the collector run after :data:`NEW_OBJECTS` new objects, until the last of those who asked for it is done.

    A threshold that is higher already, or 0 (off), is left alone. What other code leaves in cycles is collected later,
    not never.

    Example:
        >>> with fewer_collections():
        ...     gc.get_threshold()[0] in (0, NEW_OBJECTS)
        True
    """
    global _users, _before
    with _lock:
        _users += 1
        if _users == 1:
            _before = gc.get_threshold()
            if 0 < _before[0] < NEW_OBJECTS:
                gc.set_threshold(NEW_OBJECTS, *_before[1:])
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                gc.set_threshold(*_before)
