"""Actions in all their forms: text, chat messages, Messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from toolgym.actions.tau2 import parse_tau2
from toolgym.actions.text import EMPTY, broken, parse_text
from toolgym.errors import DataError
from toolgym.messages import AgentID, Message, ToolCall, call_from_chat, from_chat

Parsing: TypeAlias = Literal["toolgym", "tau2"]


def parse_action(
    action: str | Mapping[str, Any] | Message, side: AgentID = "assistant", parsing: Parsing = "toolgym"
) -> Message:
    """Turn what an agent produced into a message of its side.

    Args:
        action: Text, a mapping in chat format (a mapping with ``name`` and ``arguments`` is one call), or a Message.
        side: The side that acts; it becomes the role and the requestor, whatever the action says.
        parsing: ``"toolgym"`` as :mod:`toolgym.actions.text` says; ``"tau2"``: JSON, then the functional form
            ``tool(name='value')``, and anything else is said to the other side.

    Returns:
        A message whose calls each have an id.

    Raises:
        DataError: If a mapping is not in chat format.

    Example:
        >>> parse_action('{"name": "get_users", "arguments": {}}').tool_calls[0].name
        'get_users'
        >>> parse_action('{"name": "get_users", "arguments": {').tool_calls[0].problem[:19]
        'This looks like a t'
    """
    if isinstance(action, str):
        message = parse_text(action, side) if parsing == "toolgym" else parse_tau2(action, side)
        return (
            message if len(message.tool_calls) < 2 else replace(message, tool_calls=_with_ids(message.tool_calls, side))
        )
    if not isinstance(action, Message):
        if not isinstance(action, Mapping):
            raise DataError(
                f"an action is text, a chat message or a Message, got {type(action).__name__}: {str(action)[:80]}"
            )
        if "name" in action and "role" not in action:
            return Message(side, None, _with_ids([call_from_chat(action, 0, side)], side))
        action = from_chat({**action, "role": side}, side)
    calls = _with_ids(action.tool_calls, side)
    if not calls and not (action.content and action.content.strip()):
        calls = (broken(action.content or "", EMPTY, 0, side),)
    return Message(side, action.content, calls, tokens=action.tokens, reasoning=action.reasoning, extra=action.extra)


def _with_ids(calls: Sequence[ToolCall], side: AgentID) -> tuple[ToolCall, ...]:
    """The calls as one side's, each with an id of its own."""
    taken: set[str] = set()
    numbered = []
    for position, call in enumerate(calls):
        identity = call.id or f"call_{position}"
        while identity in taken:
            identity += "_"
        taken.add(identity)
        if identity != call.id or call.requestor != side:
            call = replace(call, id=identity, requestor=side)
        numbered.append(call)
    return tuple(numbered)
