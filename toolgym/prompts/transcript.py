"""A dialogue as models read it: one line of JSON per message, so that none can pass for several."""

from __future__ import annotations

import json
from typing import Any

from toolgym.messages import Message


def message_line(message: Message, *, number: int | None = None, width: int | None = None) -> str:
    """A message as a line of JSON.

    Args:
        message: The message.
        number: Its number in the dialogue, which stands first; None for no number.
        width: Characters that are kept of its text and of each call's arguments, at least 1; None for all.

    Example:
        >>> print(message_line(Message("assistant", "Hello there!"), number=0, width=5))
        {"message": 0, "role": "assistant", "content": "Hello… (7 characters more)"}
    """
    shown: dict[str, Any] = {} if number is None else {"message": number}
    shown["role"] = message.role
    if message.role == "tool":
        shown["to"] = message.requestor
    if message.content is not None:
        shown["error" if message.error else "content"] = _cut(message.content, width)
    if message.tool_calls:
        shown["calls"] = [
            {"tool": call.name, "arguments": _arguments(call.raw if call.problem else call.arguments, width)}
            for call in message.tool_calls
        ]
    return json.dumps(shown, ensure_ascii=False)


def _arguments(value: Any, width: int | None) -> Any:
    """Arguments as they are, or their text where it had to be cut."""
    if width is None:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= width else _cut(text, width)


def _cut(text: str, width: int | None) -> str:
    if width is None or len(text) <= width:
        return text
    return f"{text[:width]}… ({len(text) - width} characters more)"
