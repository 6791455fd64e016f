"""What a server keeps for each of its clients: a bounded number, each until nobody has used it for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from toolgym.errors import ServiceError

_T = TypeVar("_T")


class Sessions(Generic[_T]):
    """Values by session, made when first used; safe to share between threads.

    Args:
        most: How many are kept, at least 1. A further one is refused: none that is in use is thrown out for it.
        idle: Seconds after which one that nobody used is forgotten, above 0.
        clock: Seconds that only go up.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> now = 0.0
        >>> sessions = Sessions(2, idle=60.0, clock=lambda: now)
        >>> sessions.get("a", list) is sessions.get("a", list)
        True
        >>> now = 61.0
        >>> sessions.get("b", list), len(sessions)
        ([], 1)
    """

    def __init__(self, most: int, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        if most < 1 or not idle > 0:
            raise ValueError(f"at least one session for more than 0 seconds can be kept, got {most!r} for {idle!r}")
        self.most = most
        self.idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept[_T]] = {}

    def __len__(self) -> int:
        with self._lock:
            self._forget()
            return len(self._kept)

    def get(self, name: str, make: Callable[[], _T]) -> _T:
        """The value of a session.

        Args:
            name: The session's.
            make: Makes it if it is not there; others wait for it, those of other sessions do not.

        Raises:
            ServiceError: If there are too many already.
            Exception: What ``make`` raises; nothing is kept then.
        """
        with self._lock:
            self._forget()
            kept = self._kept.pop(name, None)
            if kept is None:
                if len(self._kept) >= self.most:
                    raise ServiceError(
                        f"this server has {self.most} sessions already; end one, or wait until one was idle for "
                        f"{self.idle:g} seconds"
                    )
                kept = _Kept()
            self._kept[name] = kept  # the last used stand at the end
            kept.used = self._clock()
        with kept.lock:
            if kept.value is None:
                try:
                    kept.value = (make(),)
                except BaseException:
                    self.end(name)
                    raise
            return kept.value[0]

    def end(self, name: str) -> None:
        """Forget a session; one that is not there is no mistake."""
        with self._lock:
            self._kept.pop(name, None)

    def _forget(self) -> None:
        """Forget those that were not used for long."""
        last = self._clock() - self.idle
        for name in [name for name, kept in self._kept.items() if kept.used < last]:
            del self._kept[name]


class _Kept(Generic[_T]):
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value: tuple[_T] | None = None
        self.used = 0.0
