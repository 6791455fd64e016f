"""The minimal user: states its reason, accepts what is proposed, does its own part, and stops."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from toolgym.domain import AgentSpec, Domain
from toolgym.messages import STOP, Message, ToolCall
from toolgym.tasks import Action, Instructions, Task

MAX_AGREEMENTS = 20
"""After that many yeses it stops, so that an agent that only asks does not talk for ever."""


class MinimalUser:
    """Plays any task, prose or not, for agents that need no answers; its results are not comparable with others.

    It opens with the reason for the call. To a question it says yes; to anything else it says that it is done. Gold
    calls of the task that are the user's own are made when the assistant first speaks after the calls before them.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self._opening = opening_line(task)
        self._blocks = user_blocks(task.gold)
        self._pending: list[Action] = []
        self._agreed = 0
        self._opened = False

    def respond(self, view: Sequence[Message]) -> Message:
        """The user's next message: its opening, the next of its own calls, or a yes until the gold is done."""
        last = view[-1]
        if not self._opened:
            self._opened = True
            return Message("user", self._opening)
        if last.role != "tool" and self._blocks:
            self._pending = list(self._blocks.pop(0))
        if self._pending:
            action = self._pending.pop(0)
            call = ToolCall(action.name, action.arguments, f"user_{len(view)}", "user")
            return Message("user", None, (call,))
        if last.role == "tool" and self._blocks:
            return Message("user", "I have done that.")
        if last.role == "tool" or "?" in (last.content or ""):
            self._agreed += 1
            if self._agreed <= MAX_AGREEMENTS:
                return Message("user", "Yes, please.")
        return Message("user", f"That is all, thank you. {STOP}")


def opening_line(task: Task) -> str:
    """What the user says first: it depends on the task alone."""
    instructions: Any = task.user_scenario.instructions
    if isinstance(instructions, Instructions):
        return f"{instructions.reason_for_call} {instructions.known_info or ''}".strip()
    return str(instructions).strip() or "Hello."


def user_blocks(gold: Sequence[Action]) -> list[list[Action]]:
    """The user's own gold calls, in runs between the assistant's."""
    return [list(run) for side, run in groupby(gold, lambda action: action.requestor) if side == "user"]


MINIMAL = AgentSpec(
    "minimal",
    MinimalUser,
    privileged=True,
    comparable=False,
    hint="It says yes to a question, and ends the dialogue after anything else.",
)
"""It makes the user's gold calls, and plays no customer."""
