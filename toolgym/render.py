"""A dialogue as text: plain, or in colours for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from toolgym.messages import Message

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"assistant": "cyan", "user": "green", "tool": "dim", "system": "magenta"}


def line(message: Message, width: int = 0) -> str:
    """One message as text: its role, what was said, its calls; a result is cut to ``width`` if that is above 0."""
    parts = [message.content] if message.content else []
    for call in message.tool_calls:
        arguments = call.raw if call.raw is not None else json.dumps(dict(call.arguments))
        parts.append(f"{call.name}({arguments})")
    text = "\n".join(parts)
    if width and message.role == "tool" and len(text) > width:
        text = text[: width - 1] + "…"
    name = f"tool ({message.requestor})" if message.role == "tool" else message.role
    return f"{name}: {text}"


def transcript(messages: Iterable[Message]) -> str:
    """A dialogue, one message after the other."""
    return "\n".join(line(message) for message in messages)


def write_message(console: Console, message: Message) -> None:
    """Print one message in its role's colour."""
    from rich.text import Text

    style = "red" if message.error else _STYLES[message.role]
    console.print(Text(line(message, width=600), style=style))
