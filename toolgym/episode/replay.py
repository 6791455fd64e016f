"""Running recorded calls again: how a state is built from a dialogue, as tau2 builds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from toolgym.errors import DataError
from toolgym.messages import Message, ToolCall
from toolgym.tools import Toolbox


def calls_with_results(messages: Sequence[Message]) -> Iterator[tuple[ToolCall, Message]]:
    """Every call of a dialogue with its result.

    Raises:
        DataError: If a message's calls are not followed by exactly their results, in order.
    """
    position = 0
    while position < len(messages):
        message = messages[position]
        position += 1
        for call in message.tool_calls:
            result = messages[position] if position < len(messages) else None
            if result is None or result.role != "tool" or (result.tool_call_id or "") != call.id:
                raise DataError(
                    f"the call {call.name!r} with the id {call.id!r} is not followed by its result; "
                    f"message {position} is {'missing' if result is None else result.role}"
                )
            position += 1
            yield call, result
        if not message.tool_calls and message.role == "tool":
            raise DataError(f"message {position - 1} is the result of no call")


def replay(toolbox: Toolbox, messages: Sequence[Message], *, strict: bool = True) -> int:
    """Run a dialogue's state-changing calls again.

    Calls of unknown tools and of tools that do not change the state are passed over. A result is compared with the
    recorded one as JSON where it is JSON.

    Args:
        toolbox: Over the state to start from.
        messages: The dialogue.
        strict: Whether a different result is an error; otherwise it is counted.

    Returns:
        How many results differed.

    Raises:
        DataError: If calls and results do not pair, or a result differs and ``strict`` is set.
    """
    different = 0
    for call, recorded in calls_with_results(messages):
        found = toolbox.tool(call.name)
        if found is None or not found.mutates:
            continue
        result = toolbox.call(call)
        if _decoded(result.content) != _decoded(recorded.content or ""):
            different += 1
            if strict:
                raise DataError(
                    f"the recorded call {call.name}({json.dumps(dict(call.arguments), default=str)[:200]}) answered "
                    f"{(recorded.content or '')[:200]!r}, and now {result.content[:200]!r}"
                )
    toolbox.synchronise()
    return different


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
