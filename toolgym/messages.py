"""Messages and tool calls; OpenAI chat format in and out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
MAX_EXTRA = 2**18
"""Characters of JSON of further fields that are kept of one message or call, at most."""
INVALID = "invalid_call"
"""In chat format, the name of a call whose own could not be read."""
THOUGHTS = ("reasoning_content", "reasoning")
"""Fields of a chat message in which servers send a model's thoughts."""


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
        extra: Further fields with which a model's server sent it, such as a signature; JSON by name. They mean
            nothing here, and go back to that server with the call.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    requestor: AgentID = "assistant"
    problem: str | None = None
    raw: str | None = None
    extra: Mapping[str, Any] | None = None


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
        extra: Further fields with which a model's server sent it; as a call's.
    """

    role: Role
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    requestor: AgentID = "assistant"
    error: bool = False
    tokens: int | None = None
    reasoning: str | None = None
    extra: Mapping[str, Any] | None = None


def to_chat(message: Message) -> dict[str, Any]:
    """Write a message in OpenAI chat format.

    Args:
        message: Any message of an episode.

    Returns:
        A JSON-able mapping. A tool call's ``arguments`` are JSON text, as that format has it. A call that did not
        parse has its text in ``{"raw": …}`` there, and the name ``invalid_call`` if its own could not be read: a
        server must be able to read the history that holds it. Further fields (``extra``) stand where they stood.

    Example:
        >>> to_chat(Message("assistant", tool_calls=(ToolCall("get_users", {}, id="call_0"),)))["tool_calls"]
        [{'id': 'call_0', 'type': 'function', 'function': {'name': 'get_users', 'arguments': '{}'}}]
    """
    chat: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        chat["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        chat["tool_calls"] = [_call_to_chat(call) for call in message.tool_calls]
    return {**message.extra, **chat} if message.extra else chat


def _call_to_chat(call: ToolCall) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": call.name if call.problem is None else call.name or INVALID,
        "arguments": json.dumps(call.arguments if call.problem is None else {"raw": call.raw}),
    }
    chat: dict[str, Any] = {"id": call.id, "type": "function", "function": function}
    if not call.extra:
        return chat
    return {**call.extra, **chat, "function": {**call.extra.get("function", {}), **function}}


def from_chat(chat: Mapping[str, Any], requestor: AgentID = "assistant", *, extra: bool = False) -> Message:
    """Read a message in OpenAI chat format.

    Content may be a list of parts: see :func:`read_content`. Tool calls may be in that format (``arguments`` as JSON
    text) or flat (``name``, ``arguments`` as a mapping), as tau2's files have them. Arguments that are not a JSON
    object give a call with a ``problem``.

    Args:
        chat: The message; ``role`` is one of system, assistant, user, tool.
        requestor: The side that calls, where the message does not say.
        extra: Whether fields that the format does not have are kept, as ``extra``. Those that are empty are not, nor
            what is no JSON or longer than :data:`MAX_EXTRA`.

    Raises:
        DataError: If the role is unknown, or content or tool calls are not of the format's types.
    """
    role = chat.get("role")
    if role not in ("system", "assistant", "user", "tool"):
        raise DataError(f"a message has the role {role!r}; allowed are system, assistant, user and tool")
    content, thought = read_content(chat.get("content"))
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
    told = next((value for name in THOUGHTS if (value := _thought(chat.get(name)))), "")
    return Message(
        role,
        content,
        tuple(call_from_chat(call, position, side, extra=extra) for position, call in enumerate(calls)),
        tokens=tokens if isinstance(tokens, int) and 0 <= tokens <= MAX_TOKENS else None,
        reasoning="\n\n".join(part for part in (told, thought) if part) or None,
        extra=_extra(chat, _OF_MESSAGES) if extra else None,
    )


def read_content(content: object) -> tuple[str | None, str]:
    """Read the content of a chat message: text, null, or a list of parts, whose texts are joined.

    Args:
        content: As the format has it. Parts are texts, thoughts and refusals, in the ways of the known providers.

    Returns:
        The text, and what was thought.

    Raises:
        DataError: If it is something else, or a part is, such as an image.

    Example:
        >>> read_content([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Which size?"}])
        ('Which size?', 'Hm.')
    """
    if content is None or isinstance(content, str):
        return content, ""
    if not isinstance(content, list | tuple):
        raise DataError(f"a message's content must be text, null or a list of parts, got {type(content).__name__}")
    said: list[str] = []
    thoughts: list[str] = []
    for part in content:
        kind = part.get("type", "text") if isinstance(part, Mapping) else "text"
        if kind in _THINKING or (isinstance(part, Mapping) and part.get("thought") is True):
            thoughts.append(_text(part))
        elif kind in _SAYING:
            said.append(_text(part))
        elif kind not in _SILENT:
            raise DataError(f"a message's content holds a part of the kind {kind!r:.80}; only text can be read")
    return "".join(said), "".join(thoughts).strip()


def _thought(value: object) -> str:
    """The thoughts in a field of their own: text, or parts of it."""
    if not isinstance(value, list):
        return value if isinstance(value, str) and value.strip() else ""
    said, thought = read_content(value)
    return f"{said or ''}{thought}".strip()


_SAYING = ("text", "output_text", "input_text", "refusal")
_THINKING = ("thinking", "reasoning", "reasoning_text", "thought", "summary_text")
_SILENT = ("redacted_thinking", "reference")
_TEXTS = ("text", "thinking", "reasoning", "refusal", "thought", "content", "summary")


def _text(part: Any) -> str:
    """The text of a part, which some nest in parts of its own."""
    value = part
    if isinstance(part, Mapping):
        value = next((part[name] for name in _TEXTS if isinstance(part.get(name), str | list)), None)
    if isinstance(value, list):
        texts = [item.get("text", "") if isinstance(item, Mapping) else item for item in value]
        value = "".join(texts) if all(isinstance(text, str) for text in texts) else None
    if not isinstance(value, str):
        raise DataError(f"a message's content holds a part without text: {part!s:.120}")
    return value


_OF_MESSAGES = {
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "name",
    "refusal",
    "tokens",
    "requestor",
    "error",
    *THOUGHTS,
}
_OF_CALLS = {"id", "type", "index", "function", "name", "arguments", "requestor"}


def _extra(holder: Mapping[str, Any], known: set[str]) -> dict[str, Any] | None:
    """The fields other than the known ones that are not empty, as JSON has them; None for none."""
    found = {name: value for name, value in holder.items() if name not in known and value not in _EMPTY}
    if known is _OF_CALLS and isinstance(function := holder.get("function"), Mapping):
        further = {name: value for name, value in function.items() if name not in ("name", "arguments")}
        if further:
            found["function"] = further
    if not found:
        return None
    try:
        text = _encode(found)
        return json.loads(text) if len(text) <= MAX_EXTRA else None
    except (TypeError, ValueError, RecursionError):
        return None


_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)


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


def call_from_chat(call: Any, position: int, side: AgentID, *, extra: bool = False) -> ToolCall:
    """One element of ``tool_calls``, nested as OpenAI writes it or flat as tau2 does."""
    if not isinstance(call, Mapping):
        raise DataError(f"a tool call must be a mapping, got {type(call).__name__}: {str(call)[:80]}")
    function = call.get("function", call)
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise DataError(f"a tool call must have a text 'name', got {str(call)[:120]}")
    name, given = function["name"], call.get("id")
    identity = given if isinstance(given, str) and given else f"call_{position}"
    requestor: AgentID = "user" if call.get("requestor", side) == "user" else "assistant"
    further = _extra(call, _OF_CALLS) if extra else None
    arguments = function.get("arguments")
    try:
        return ToolCall(name, read_arguments(arguments), identity, requestor, extra=further)
    except (TypeError, ValueError, RecursionError) as error:
        why = "they are nested too deeply" if isinstance(error, RecursionError) else str(error)
        problem = why if isinstance(error, DataError) else f"The arguments are not JSON: {why}."
        raw = arguments if isinstance(arguments, str) else repr(arguments)[:200] if isinstance(error, DataError) else ""
        return ToolCall(name, {}, identity, requestor, problem, raw, further)


def read_arguments(arguments: object) -> dict[str, Any]:
    """Read a call's arguments as models and servers give them.

    Args:
        arguments: A mapping, or its JSON text, which may stand in a JSON text once more. Nothing (null, ``"null"``,
            an empty text) is no arguments.

    Raises:
        DataError: If they are JSON, but no object.
        TypeError, ValueError, RecursionError: If they are not JSON.

    Example:
        >>> read_arguments('{"order_id": "#W1"}'), read_arguments("null")
        ({'order_id': '#W1'}, {})
    """
    value = arguments
    if isinstance(value, Mapping):  # as JSON has them: names are text, tuples are lists
        canonical_arguments(value)
        value = decode_json(_encode(value))
    if isinstance(value, str):
        value = decode_json(value) if value.strip() else {}
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):  # an ordinary text then
            value = decode_json(value) if value.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"The arguments must be a JSON object, got {type(value).__name__}.")
    return value
