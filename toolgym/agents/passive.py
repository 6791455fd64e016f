"""Agents that do nothing for the user. What one of them solves, a task should not pay for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.domain import AgentSpec, Domain
from toolgym.messages import Message, ToolCall
from toolgym.tasks import Task
from toolgym.tools import Effect

TRANSFER_TOOL = "transfer_to_human_agents"


class NoOp:
    """Says something polite and never acts."""

    line = "Thank you for your message."

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        """The same polite line each time."""
        return Message("assistant", self.line)


class AlwaysRefuse(NoOp):
    """Refuses whatever is asked."""

    line = "I am sorry, but I cannot help you with that."


class AlwaysTransfer:
    """Hands over to a human agent at once, where the domain has a tool for that."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self._pending = TRANSFER_TOOL in domain.toolkits["assistant"].tools

    def respond(self, view: Sequence[Message]) -> Message:
        """A hand-over to a human agent: the call if there is a tool for it, then the announcement."""
        if self._pending:
            self._pending = False
            call = ToolCall(TRANSFER_TOOL, {"summary": "The user asked for help."}, "transfer")
            return Message("assistant", None, (call,))
        return Message("assistant", "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.")


class ReadOnly:
    """Makes the gold's calls that only read, and changes nothing; it tells the user nothing of what it read."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        tools = domain.toolkits["assistant"].tools
        self._left = [
            action
            for action in task.gold
            if action.requestor == "assistant" and action.name in tools and tools[action.name].effect is Effect.READ
        ]
        self._made = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """The next gold call that only reads; once there are none left, that it has looked."""
        if self._left:
            action = self._left.pop(0)
            self._made += 1
            return Message("assistant", None, (ToolCall(action.name, action.arguments, f"read_{self._made}"),))
        return Message("assistant", "I have looked into it.")


NO_OP = AgentSpec("no-op", NoOp)
READ_ONLY = AgentSpec("read-only", ReadOnly, privileged=True)
"""It reads the gold's look-ups."""
ALWAYS_TRANSFER = AgentSpec("always-transfer", AlwaysTransfer)
ALWAYS_REFUSE = AgentSpec("always-refuse", AlwaysRefuse)
