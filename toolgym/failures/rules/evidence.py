"""Calls and values in a few words, as reports show them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolgym.messages import Message

LONGEST = 160
"""Characters of one value or call, at most."""


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """A call in a line.

    Example:
        >>> call_text("cancel_pending_order", {"order_id": "#W1", "reason": "no longer needed"})
        "cancel_pending_order: order_id '#W1', reason 'no longer needed'"
    """
    parts = ", ".join(f"{argument} {value!r}" for argument, value in arguments.items())
    return cut(f"{name}: {parts}" if parts else name)


def value_text(name: str, argument: str, value: Any, messages: Sequence[Message]) -> str:
    """One argument of a call, with the options of the things that it names as far as a tool has told them.

    Args:
        name: The tool.
        argument: The argument.
        value: Its value; a mapping if several arguments are shown.
        messages: The dialogue, in whose results the options are looked up.
    """
    if isinstance(value, Mapping):
        return call_text(name, value)
    if value is None:
        return f"{name}: no {argument}"
    if isinstance(value, tuple):
        value = list(value)
    told = [text for one in (value if isinstance(value, list) else [value]) if (text := options(one, messages))]
    return cut(f"{name}: {argument} {value!r}" + (f" ({'; '.join(told)})" if told else ""))


def options(item: Any, messages: Sequence[Message]) -> str:
    """What tells a thing from its like: the first mapping of texts that stands beside its id in a result."""
    if not isinstance(item, str) or not item:
        return ""
    for message in messages:
        if message.role == "tool" and message.content and item in message.content:
            try:
                content = json.loads(message.content)
            except (ValueError, RecursionError):
                continue
            for record in records_of(content):
                if any(value == item for value in record.values()):
                    for value in record.values():
                        if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
                            return ", ".join(value.values())
    return ""


def cut(text: str) -> str:
    """A text of at most :data:`LONGEST` characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\u2026"


def told_records(text: str) -> Iterator[dict[str, Any]]:
    """Every mapping in a tool's result, the innermost first; none if it is no JSON."""
    try:
        yield from records_of(json.loads(text))
    except (ValueError, RecursionError):
        return


def records_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a JSON value, the innermost first."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from records_of(inner)
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from records_of(inner)
