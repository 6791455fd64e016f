"""Asking again what may succeed later."""

from __future__ import annotations

import random
from asyncio import sleep
from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from toolgym.models.failures import RequestError

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

FIRST_WAIT_S = 1.0
"""Seconds, about, between the first request and the second; each further wait is twice as long."""
LONGEST_WAIT_S = 60.0
"""Seconds, about, that are waited at most when the server asks for nothing."""
LONGEST_ASKED_S = 300.0
"""Seconds that a server may ask to wait; one that asks for more counts as refusing."""

REMEMBERED_S = 60.0
"""Seconds for which a retry is news."""

Noted: TypeAlias = Callable[[RequestError, float], None]
"""Is told of each failure that is followed by another request, and of the seconds until that one."""

_dice = random.Random()  # waiting changes no result, and must not take from the process's own generator


class Recent(NamedTuple):
    """The retries of the last minute: how many, and the last of them."""

    number: int
    wait_s: float
    """Seconds until its request is made again; 0 if that has happened."""
    why: str
    """What its server said."""


class Retries:
    """Remembers which requests were made again, for the display of a run's progress.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()  # a progress line is drawn in a thread of its own
        self._made: deque[tuple[float, float, str]] = deque()

    def __reduce__(self) -> tuple[type[Retries], tuple[()]]:
        return Retries, ()  # another process has requests of its own

    def note(self, why: str, wait_s: float) -> None:
        """Remember that a request failed, and after how many seconds (at least 0) it is made again."""
        with self._lock:
            now = self._clock()
            self._made.append((now, now + wait_s, why))
            self._forget(now)

    @property
    def recent(self) -> Recent | None:
        """What there is to say of the last minute; None if nothing was or is to be made again."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            if not self._made:
                return None
            _, until, why = self._made[-1]
            return Recent(len(self._made), max(0.0, until - now), why)

    def _forget(self, now: float) -> None:
        """Forget what is old, but not the last one while its request is still to come."""
        made = self._made
        while made and made[0][0] < now - REMEMBERED_S and (len(made) > 1 or made[0][1] < now):
            made.popleft()


def retrying(attempts: int, noted: Noted | None = None) -> AsyncRetrying:
    """What calls a coroutine again while it raises failures that may pass, and raises the last one.

    Args:
        attempts: Calls in all, at least 1.
        noted: Is told of each call that is made again.
    """
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    def note(state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome is not None else None
        if noted is not None and isinstance(failure, RequestError) and state.next_action is not None:
            noted(failure, state.next_action.sleep)

    return AsyncRetrying(
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception(may_pass),
        wait=_wait,
        sleep=sleep,
        before_sleep=note,
        reraise=True,
    )


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed later, and soon enough."""
    return isinstance(error, RequestError) and error.kind == "passing" and (error.wait_s or 0.0) <= LONGEST_ASKED_S


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome is not None else None
    if isinstance(failure, RequestError) and failure.wait_s is not None:
        return failure.wait_s + _dice.uniform(0.0, FIRST_WAIT_S)  # those who were sent away come back one by one
    doubled = FIRST_WAIT_S * 2.0 ** min(state.attempt_number - 1, 20)
    return min(doubled, LONGEST_WAIT_S) * _dice.uniform(0.5, 1.5)
