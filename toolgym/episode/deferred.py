"""Agents and judges whose answers wait until there is an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from toolgym.concurrency.lockstep import later
from toolgym.domain import Agent
from toolgym.evaluation.grade import Judge
from toolgym.messages import Message


class Deferred:
    """Wraps an agent: its turn pauses before it needs an event loop.

    Args:
        agent: Who answers.
    """

    __slots__ = ("_agent",)

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def respond(self, view: Sequence[Message]) -> Message | Awaitable[Message]:
        """The agent's next message, or an awaitable of it."""
        answer = self._agent.respond(view)
        return later(answer) if isinstance(answer, Awaitable) else answer


def deferred(judge: Judge) -> Judge:
    """Wraps a judge: a verdict that must be awaited pauses until there is an event loop."""

    def judged(assertions: Sequence[str], messages: Sequence[Message]) -> Any:
        answer = judge(assertions, messages)
        return later(answer) if isinstance(answer, Awaitable) else answer

    return judged
