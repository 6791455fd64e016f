"""What all providers look at in a request: the shape of its messages, and whether calls and results are paired."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]
Message: TypeAlias = dict[str, Any]
Messages: TypeAlias = list[dict[str, Any]]

NAME64 = re.compile(r"^[a-zA-Z0-9_-]{1,64}\Z")


class Refuse(Exception):  # noqa: N818 - what a check raises is an answer, not an error of ours
    """Raised by a check.

    Args:
        status: The HTTP status.
        body: The provider's own body.
        reason: The reason in plain words.
        headers: Sent besides the usual ones.
    """

    def __init__(self, status: int, body: Any, reason: str, headers: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.status, self.body, self.reason, self.headers = status, body, reason, headers or {}


def text_of(content: Any) -> str:
    """The text of a content, whether it is text or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return ""


def json_type(value: Any) -> str:
    """What JSON calls a value, with its article."""
    names = {
        type(None): "null",
        bool: "a boolean",
        str: "a string",
        int: "an integer",
        float: "a decimal",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")


def calls_of(message: Message) -> list[dict[str, Any]]:
    """The calls of a message of the model."""
    calls = message.get("tool_calls")
    return calls if message.get("role") in ("assistant", "model") and isinstance(calls, list) else []


def current_turn(messages: Messages) -> int:
    """Where the current turn begins: the last message of the user that says something; -1 for none."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].get("role") == "user" and text_of(messages[place].get("content")):
            return place
    return -1


def pairing(messages: Messages) -> list[tuple[str, int, Any]]:
    """Where calls and results are not paired, in order: kind, index of the message, detail."""
    found: list[tuple[str, int, Any]] = []
    place = 0
    while place < len(messages):
        message = messages[place]
        if not calls_of(message):
            if message.get("role") == "tool":
                found.append(("orphan", place, message.get("tool_call_id")))
            place += 1
            continue
        ids = [call.get("id") for call in calls_of(message)]
        found += [("dup_call", place, one) for at, one in enumerate(ids) if one in ids[:at]]
        seen: dict[Any, int] = {}
        after = place + 1
        while after < len(messages) and messages[after].get("role") == "tool":
            answered = messages[after].get("tool_call_id")
            if answered not in ids:
                found.append(("unknown", after, answered))
            elif answered in seen:
                found.append(("dup_result", after, (answered, seen[answered])))
            else:
                seen[answered] = after
            after += 1
        if missing := [one for one in ids if one not in seen]:
            found.append(("missing", place, missing))
        place = after
    return found


def wrong_types(body: Body) -> Iterator[tuple[str, str, Any]]:
    """The first value of a wrong type, if there is one: path, what is wanted, what is there.

    No provider takes these; each words the refusal itself.
    """
    messages = body.get("messages")
    if not isinstance(messages, list):
        yield "messages", "an array of objects", messages
        return
    if not messages:
        yield "messages", "nonempty", []
        return
    for place, message in enumerate(messages):
        for wrong in _of_message(f"messages[{place}]", message):
            yield wrong
            return
    tools = body.get("tools")
    if tools is None:
        return
    if not isinstance(tools, list):
        yield "tools", "an array of objects", tools
        return
    for place, tool in enumerate(tools):
        for wrong in _of_function(f"tools[{place}].function", tool.get("function") if isinstance(tool, dict) else tool):
            yield wrong
            return


def _of_message(path: str, message: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(message, dict):
        yield path, "an object", message
        return
    if not isinstance(message.get("role"), str):
        yield f"{path}.role", "a string", message.get("role")
    content = message.get("content")
    if isinstance(content, list):
        for place, part in enumerate(content):
            if not isinstance(part, dict) or not isinstance(part.get("type"), str):
                yield f"{path}.content[{place}]", "an object", part
            elif part["type"] == "text" and not isinstance(part.get("text"), str):
                yield f"{path}.content[{place}].text", "a string", part.get("text")
    elif content is not None and not isinstance(content, str):
        yield f"{path}.content", "one of a string or array of objects", content
    calls = message.get("tool_calls")
    if calls is not None and not isinstance(calls, list):
        yield f"{path}.tool_calls", "an array of objects", calls
        return
    for place, call in enumerate(calls or []):
        if not isinstance(call, dict):
            yield f"{path}.tool_calls[{place}]", "an object", call
            return
        yield from _of_function(f"{path}.tool_calls[{place}].function", call.get("function"))


def _of_function(path: str, function: Any) -> Iterator[tuple[str, str, Any]]:
    if not isinstance(function, dict):
        yield path, "an object", function
    elif not isinstance(function.get("name"), str):
        yield f"{path}.name", "a string", function.get("name")
