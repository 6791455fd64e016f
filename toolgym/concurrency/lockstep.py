"""Agents asked from synchronous code, all at once: those that answer at once without an event loop, the others in one.

A turn is a coroutine. It is run by hand as far as it gets; a turn in which nothing is awaited is then complete. The
others stand still where an agent first gave an awaitable, or would block, and go on together in the process's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Generator, Iterable, Sequence
from inspect import iscoroutine
from types import coroutine
from typing import Any, TypeVar

from toolgym.concurrency.bridge import in_thread, wait_for
from toolgym.domain import Agent
from toolgym.evaluation.grade import Judge
from toolgym.messages import Message

_T = TypeVar("_T")


def run_together(coroutines: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines to their ends: in order as far as they get without waiting, then all at once.

    What they wait for must be :class:`Deferred` or :func:`deferred`, so that there is a loop when it begins.

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


class Deferred:
    """An agent whose turn stands still where it needs a loop or a thread, until there is a loop.

    Args:
        agent: Who answers.
    """

    __slots__ = ("_agent",)

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def respond(self, view: Sequence[Message]) -> Message | Awaitable[Message]:
        """See Agent."""
        if getattr(self._agent, "blocking", False):
            return self._respond_in_thread(view)
        answer = self._agent.respond(view)
        return _later(answer) if isinstance(answer, Awaitable) else answer

    async def _respond_in_thread(self, view: Sequence[Message]) -> Message:
        await _pause()
        answer = await in_thread(self._agent.respond, view)
        return await answer if isinstance(answer, Awaitable) else answer


def deferred(judge: Judge) -> Judge:
    """The judge, its verdicts put off until there is a loop if they must be awaited."""

    def judged(assertions: Sequence[str], messages: Sequence[Message]) -> Any:
        answer = judge(assertions, messages)
        return _later(answer) if isinstance(answer, Awaitable) else answer

    return judged


async def _later(answer: Awaitable[_T]) -> _T:
    try:
        await _pause()
    except GeneratorExit:  # it will never be waited for
        if iscoroutine(answer):
            answer.close()
        raise
    return await answer


@coroutine
def _pause() -> Generator[None, None, None]:
    """Stand still once; a loop takes it for a coroutine that lets the others go on."""
    yield


async def _gathered(coroutines: Iterable[Coroutine[Any, Any, None]]) -> list[BaseException | None]:
    return await asyncio.gather(*coroutines, return_exceptions=True)
