"""The calls of a trajectory run again one by one, with the state before and the net change of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from toolgym.database import Session
from toolgym.episode.setup import TaskSetup
from toolgym.errors import DataError
from toolgym.messages import AgentID, Message, ToolCall, canonical_arguments
from toolgym.trajectory import Trajectory

Touched: TypeAlias = frozenset[tuple[AgentID, str, str]]
"""Side, table and key of the records that a call changed."""


@dataclass(frozen=True)
class Event:
    """One call of a trajectory, run again.

    Args:
        place: Which call it is, from 0.
        message: The number of the message that holds it, from 0.
        call: The call.
        before: The state in which it ran; nobody changes it.
        content: What it answered.
        error: Whether it failed.
        touched: The records that it changed.
        writes: Whether its tool is one that changes the state.
        repeats: The place of the call that it only repeats; None if it is no repeat.
    """

    place: int
    message: int
    call: ToolCall
    before: Session
    content: str
    error: bool
    touched: Touched
    writes: bool
    repeats: int | None = None

    @property
    def changed(self) -> bool:
        """Whether the net state changed."""
        return bool(self.touched)


@dataclass(frozen=True)
class Played:
    """A trajectory's calls, run again.

    Args:
        events: The calls in order.
        session: The state at the end.
        differ: Numbers of the messages whose calls answered something else than was recorded.
        unanswered: How many calls have no recorded result; they were not run.
    """

    events: tuple[Event, ...]
    session: Session
    differ: tuple[int, ...] = ()
    unanswered: int = 0


def play_again(prepared: TaskSetup, trajectory: Trajectory) -> Played:
    """Run the calls of a trajectory from its task's start.

    A repeat is what an episode counts as one: the same side, tool and arguments while the net state is the same, and
    the tool is not marked repeatable.

    Raises:
        DataError: If the trajectory holds a result of no call.
    """
    toolbox = prepared.toolbox()
    toolbox.synchronise()
    session = toolbox.session
    before = session.fork()
    seen: dict[tuple[AgentID, str, str], tuple[object, int]] = {}
    events: list[Event] = []
    differ: list[int] = []
    unanswered = 0
    for number, call, recorded in _calls(trajectory.messages, trajectory.history):
        if recorded is None:
            unanswered += 1
            continue
        found = toolbox.tool(call.name)
        name = (call.requestor, call.name, _arguments(call))
        place = len(events)
        at, first = seen.get(name, (_NEVER, place))
        repeated = at == session.fingerprint and not (found is not None and found.repeatable)
        old = session.diff()
        result = toolbox.call(call)
        seen[name] = (session.fingerprint, first if repeated else place)
        touched: Touched = frozenset()
        if result.changed:
            new = session.diff()
            touched = frozenset(key for key in old.keys() | new.keys() if old.get(key, "") != new.get(key, ""))
        if result.error != recorded.error or not _same(result.content, recorded.content or ""):
            differ.append(number)
        writes = found is not None and found.mutates
        repeats = first if repeated else None
        events.append(Event(place, number, call, before, result.content, result.error, touched, writes, repeats))
        toolbox.synchronise()
        if result.changed:
            before = session.fork()
    return Played(tuple(events), session, tuple(dict.fromkeys(differ)), unanswered)


_NEVER: Any = object()


def _calls(messages: Sequence[Message], start: int) -> Iterator[tuple[int, ToolCall, Message | None]]:
    """Every call with the number of its message and its result; None where an episode was cut off before it."""
    position = start
    while position < len(messages):
        number, message = position, messages[position]
        position += 1
        if message.role == "tool":
            raise DataError(f"message {number} is the result of no call")
        for call in message.tool_calls:
            result = messages[position] if position < len(messages) else None
            if result is not None and result.role == "tool":
                position += 1
                yield number, call, result
            else:
                yield number, call, None


def _arguments(call: ToolCall) -> str:
    """The arguments in a form that is equal for equal calls; of one that is none, what stood there."""
    if call.problem is not None:
        return call.raw or ""
    try:
        return canonical_arguments(call.arguments)
    except (TypeError, ValueError, RecursionError):
        return repr(call.arguments)


def _same(text: str, recorded: str) -> bool:
    """Whether two answers are equal, as JSON where they are JSON."""
    if text == recorded:
        return True
    try:
        return bool(json.loads(text) == json.loads(recorded))
    except (ValueError, RecursionError):
        return False
