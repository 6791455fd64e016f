"""Messages and tool calls; OpenAI chat format in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from toolgym.errors import DataError

AgentID: TypeAlias = Literal["assistant", "user"]
Role: TypeAlias = Literal["system", "assistant", "user", "tool"]

SIDES: tuple[AgentID, AgentID] = ("assistant", "user")
STOP, TRANSFER, OUT_OF_SCOPE = "###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###"
STOP_MARKS = (STOP, TRANSFER, OUT_OF_SCOPE)

MAX_DEPTH = 100
"""Levels to which arguments may be nested; deeper ones could be neither stored nor read again everywhere."""
MAX_TOKENS = 2**53
"""Tokens of one message, at most: what every reader of JSON reads exactly."""
INVALID = "invalid_call"
"""In chat format, the name of a call whose own could not be read."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool.

    Args:
        name: The tool's name; empty when it could not be read.
        arguments: Keyword arguments, JSON values by name.
        id: Links the call to its result; unique in its message.
        requestor: The side that calls.
        problem: Why the text is not a call, when it looked like one; else None. Such a call is never executed.
        raw: The text that could not be read, when there is a problem.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    requestor: AgentID = "assistant"
    problem: str | None = None
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an episode.

    Args:
        role: Who speaks: ``"assistant"``, ``"user"``, ``"tool"`` for a call's result, or ``"system"``.
        content: The text; None when the message is tool calls alone.
        tool_calls: Calls to run, in order; empty when the message is text alone.
        tool_call_id: For a result, the id of its call.
        requestor: For a result, the side that called.
        error: For a result, whether the call failed.
        tokens: Number of tokens that the producer generated, at least 0; None if it did not say.
        reasoning: What the producer thought before it spoke; the other side never sees it.
    """

    role: Role
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    requestor: AgentID = "assistant"
    error: bool = False
    tokens: int | None = None
    reasoning: str | None = None


def to_chat(message: Message) -> dict[str, Any]:
    """Write a message in OpenAI chat format.

    Args:
        message: Any message of an episode.

    Returns:
        A JSON-able mapping. A tool call's ``arguments`` are JSON text, as that format has it. A call that did not
        parse has its text in ``{"raw": …}`` there, and the name ``invalid_call`` if its own could not be read: a
        server must be able to read the history that holds it.

    Example:
        >>> to_chat(Message("assistant", tool_calls=(ToolCall("get_users", {}, id="call_0"),)))["tool_calls"]
        [{'id': 'call_0', 'type': 'function', 'function': {'name': 'get_users', 'arguments': '{}'}}]
    """
    chat: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        chat["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        chat["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name if call.problem is None else call.name or INVALID,
                    "arguments": json.dumps(call.arguments if call.problem is None else {"raw": call.raw}),
                },
            }
            for call in message.tool_calls
        ]
    return chat


def from_chat(chat: Mapping[str, Any], requestor: AgentID = "assistant") -> Message:
    """Read a message in OpenAI chat format.

    Tool calls may be in that format (``arguments`` as JSON text) or flat (``name``, ``arguments`` as a mapping), as
    tau2's files have them. Arguments that are not a JSON object give a call with a ``problem``.

    Args:
        chat: The message; ``role`` is one of system, assistant, user, tool.
        requestor: The side that calls, where the message does not say.

    Raises:
        DataError: If the role is unknown, or content or tool calls are not of the format's types.
    """
    role, content = chat.get("role"), chat.get("content")
    if role not in ("system", "assistant", "user", "tool"):
        raise DataError(f"a message has the role {role!r}; allowed are system, assistant, user and tool")
    if content is not None and not isinstance(content, str):
        raise DataError(f"a message's content must be text or null, got {type(content).__name__}")
    if role == "tool":
        return Message(
            "tool",
            content,
            tool_call_id=chat.get("tool_call_id", chat.get("id")),
            requestor=chat.get("requestor", requestor),
            error=bool(chat.get("error", False)),
        )
    calls = chat.get("tool_calls") or ()
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        raise DataError(f"a message's tool_calls must be a list or null, got {type(calls).__name__}")
    side: AgentID = "user" if role == "user" else requestor
    tokens = chat.get("tokens")
    return Message(
        role,
        content,
        tuple(call_from_chat(call, position, side) for position, call in enumerate(calls)),
        tokens=tokens if isinstance(tokens, int) and 0 <= tokens <= MAX_TOKENS else None,
    )


def is_stop(text: str) -> bool:
    """Whether a user's text ends the dialogue: it holds one of :data:`STOP_MARKS`."""
    return "###" in text and any(mark in text for mark in STOP_MARKS)


def canonical_arguments(arguments: Mapping[str, Any]) -> str:
    """Write arguments as JSON with sorted keys, equal for equal calls.

    Raises:
        TypeError, ValueError, RecursionError: If they are not JSON (NaN included).
    """
    text = _encode_sorted(arguments)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(arguments) > MAX_DEPTH:
        raise ValueError(f"they are nested deeper than {MAX_DEPTH} levels")
    return text


def _depth(value: Any) -> int:
    """How deep lists and mappings are nested; no recursion, since the value may be very deep."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, Mapping | list | tuple)
        ]
    return depth


_encode = json.JSONEncoder(allow_nan=False).encode
_encode_sorted = json.JSONEncoder(sort_keys=True, allow_nan=False).encode


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


decode_json = json.JSONDecoder(parse_constant=_refuse_constant).decode


def call_from_chat(call: Any, position: int, side: AgentID) -> ToolCall:
    """One element of ``tool_calls``, nested as OpenAI writes it or flat as tau2 does."""
    if not isinstance(call, Mapping):
        raise DataError(f"a tool call must be a mapping, got {type(call).__name__}: {str(call)[:80]}")
    function = call.get("function", call)
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise DataError(f"a tool call must have a text 'name', got {str(call)[:120]}")
    name, arguments = function["name"], function.get("arguments", {})
    given = call.get("id")
    identity = given if isinstance(given, str) and given else f"call_{position}"
    requestor: AgentID = "user" if call.get("requestor", side) == "user" else "assistant"
    raw = arguments if isinstance(arguments, str) else None
    try:
        if raw is not None:
            arguments = decode_json(raw) if raw.strip() else {}
        elif isinstance(arguments, Mapping):  # as JSON has them: names are text, tuples are lists
            canonical_arguments(arguments)
            arguments = decode_json(_encode(arguments))
    except (TypeError, ValueError, RecursionError) as error:
        why = "they are nested too deeply" if isinstance(error, RecursionError) else str(error)
        return ToolCall(name, {}, identity, requestor, f"The arguments are not JSON: {why}.", raw or "")
    if not isinstance(arguments, Mapping):
        shown = raw if raw is not None else repr(arguments)[:200]
        problem = f"The arguments must be a JSON object, got {type(arguments).__name__}."
        return ToolCall(name, {}, identity, requestor, problem, shown)
    return ToolCall(name, arguments, identity, requestor)
