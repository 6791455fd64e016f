"""Asking again what may succeed later."""

from __future__ import annotations

import random
from asyncio import sleep
from typing import TYPE_CHECKING

from toolgym.models.failures import RequestError

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

FIRST_WAIT_S = 1.0
"""Seconds, about, between the first request and the second; each further wait is twice as long."""
LONGEST_WAIT_S = 60.0
"""Seconds, about, that are waited at most when the server asks for nothing."""
LONGEST_ASKED_S = 300.0
"""Seconds that a server may ask to wait; one that asks for more counts as refusing."""

_dice = random.Random()  # waiting changes no result, and must not take from the process's own generator


def retrying(attempts: int) -> AsyncRetrying:
    """What calls a coroutine again while it raises failures that may pass, and raises the last one.

    Args:
        attempts: Calls in all, at least 1.
    """
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    return AsyncRetrying(
        stop=stop_after_attempt(attempts),
        retry=retry_if_exception(may_pass),
        wait=_wait,
        sleep=sleep,
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
