"""A dialogue as text: plain, or in colours for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toolgym.messages import Message

if TYPE_CHECKING:
    from rich.console import Console

_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
"""Control characters but tab and newline, those that turn the direction of text, break lines or are not seen at all,
and halves of surrogate pairs."""
_STYLES = {"assistant": "cyan", "user": "green", "tool": "dim", "system": "magenta"}


def printable(text: str) -> str:
    r"""A text of unknown origin for a terminal: what would move its cursor or break its encoding stands as an escape.

    Example:
        >>> print(printable("\x1b[2J, and [bold] as it stands"))
        \x1b[2J, and [bold] as it stands
    """
    return _HARMFUL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def line(message: Message, width: int = 0, notes: Mapping[int, str] | None = None) -> str:
    """One message as text: its role, what was said, its calls; a result is cut to ``width`` if that is above 0.

    Args:
        message: The message.
        width: Characters of a result that are shown; 0 for all.
        notes: What stands behind a call, by its place in the message, from 0.
    """
    parts = [message.content] if message.content else []
    for place, call in enumerate(message.tool_calls):
        arguments = call.raw if call.raw is not None else json.dumps(dict(call.arguments))
        note = f"  ← {notes[place]}" if notes and place in notes else ""
        parts.append(f"{call.name}({arguments}){note}")
    text = "\n".join(parts)
    if width and message.role == "tool" and len(text) > width:
        text = text[: width - 1] + "…"
    name = f"tool ({message.requestor})" if message.role == "tool" else message.role
    return f"{name}: {text}"


def transcript(messages: Iterable[Message]) -> str:
    """A dialogue, one message after the other."""
    return "\n".join(line(message) for message in messages)


def write_message(
    console: Console,
    message: Message,
    *,
    whole: bool = False,
    number: int | None = None,
    notes: Mapping[int, str] | None = None,
) -> None:
    """Print one message in its role's colour.

    Args:
        console: Where.
        message: What.
        whole: Whether a tool's result is printed in full, JSON over several lines; otherwise it is cut.
        number: Its place in the dialogue, printed before it.
        notes: What stands behind a call, by its place in the message, from 0.
    """
    from rich.text import Text

    style = "red" if message.error else _STYLES[message.role]
    if whole and message.role == "tool" and message.content:
        message = replace(message, content=readable(message.content, console.width))
    text = printable(line(message, width=0 if whole else 600, notes=notes))
    console.print(Text(text if number is None else f"{number:>3} {text}", style=style))


def readable(text: str, width: int = 120) -> str:
    """A tool's result for a person: a JSON object or list over several lines where it is too long for one.

    Example:
        >>> print(readable('{"id": "#W1", "items": [{"id": "1"}, {"id": "2"}]}', width=40))
        {
          "id": "#W1",
          "items": [{"id": "1"}, {"id": "2"}]
        }
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _lay_out(value, width) if isinstance(value, dict | list) else text


def _lay_out(value: Any, width: int, indent: str = "") -> str:
    """JSON: on one line if that has at most ``width`` characters, else one line an entry."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= width or not isinstance(value, dict | list):
        return text
    deeper = indent + "  "
    if isinstance(value, dict):
        names = [json.dumps(name, ensure_ascii=False) + ": " for name in value]
        entries = [
            name + _lay_out(item, width - 3 - len(name), deeper)
            for name, item in zip(names, value.values(), strict=True)
        ]
    else:
        entries = [_lay_out(item, width - 3, deeper) for item in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{deeper}" + f",\n{deeper}".join(entries) + f"\n{indent}{last}"
