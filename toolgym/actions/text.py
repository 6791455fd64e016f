"""Text actions by toolgym's own rule.

Text that is a JSON object ``{"name": …, "arguments": {…}}``, a JSON list of such objects, or holds
``<tool_call>{…}</tool_call>`` blocks is a tool call. ``{"message": "…"}`` says the text in it, whatever that looks
like. Text that looks like a call but does not parse becomes a call with a ``problem``: the episode answers it with an
error and never says it to the other side.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from toolgym.actions.thoughts import told_text, unfenced
from toolgym.messages import AgentID, Message, ToolCall, decode_json, read_arguments

HOW = 'Write one JSON object {"name": "<tool>", "arguments": {…}}, or plain text without a tool call.'
EMPTY = "The message is empty. " + HOW
ONLY_THOUGHTS = "The message is empty: it holds nothing but thoughts, which nobody hears. " + HOW

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_NAME = re.compile(r'"name"\s*:')
_LIST_OF_CALLS = re.compile(r"\[\s*\{")
_MISSING: Any = object()


def broken(raw: str, problem: str, position: int, side: AgentID, name: str = "") -> ToolCall:
    """A call that could not be read: its text, and why."""
    return ToolCall(name, {}, f"call_{position}", side, problem, raw)


def read_call(value: Any, raw: str, position: int, side: AgentID) -> ToolCall:
    """A call from a decoded ``{"name", "arguments"}`` object."""
    if type(value) is dict:
        name, arguments = value.get("name"), value.get("arguments", _MISSING)
        if arguments is _MISSING and "parameters" not in value:
            arguments = {}
        if type(name) is str and (arguments is None or type(arguments) is str):
            with suppress(TypeError, ValueError, RecursionError):  # what is no arguments is told below
                arguments = read_arguments(arguments)
        if type(name) is str and type(arguments) is dict:
            identity = value.get("id")
            return ToolCall(
                name,
                arguments,
                identity if type(identity) is str and identity else f"call_{position}",
                side,
            )
    return broken(
        raw,
        f"This looks like a tool call but has no text 'name' and object 'arguments'. {HOW}",
        position,
        side,
    )


def plain_call(text: str, side: AgentID) -> ToolCall | None:
    """The call that a text is, if it is ``{"name": …, "arguments": {…}}`` and no more; None for all else.

    Most actions of a policy in training are one, and what is in it is data: nothing else needs to be looked for.
    """
    try:
        value = decode_json(text)
    except (ValueError, RecursionError):
        return None
    if type(value) is dict and len(value) == 2:
        name, arguments = value.get("name"), value.get("arguments")
        if type(name) is str and type(arguments) is dict:
            return ToolCall(name, arguments, "call_0", side)
    return None


def parse_text(text: str, side: AgentID) -> Message:
    """Read a text action by toolgym's rule."""
    body = text.strip()
    if not body:
        return Message(side, None, (broken(text, EMPTY, 0, side),))
    if body[0] == "`":
        body = unfenced(body)
    if _OPEN in body and not (body[0] in "{[" and _is_json(body)):  # in a call, the tag is data
        return _parse_blocks(body, side)
    if body[0] == "{" and '"message"' in body and (told := told_text(body)) is not None:
        return Message(side, told) if told.strip() else Message(side, None, (broken(text, EMPTY, 0, side),))
    if body[0] == "{" or (body[0] == "[" and _LIST_OF_CALLS.match(body)):
        return Message(side, None, tuple(_decode_calls(body, 0, side)))
    if (named := _NAME.search(body)) and '"arguments"' in body[named.end() :]:
        problem = f"Text and a tool call are mixed in one message; neither was used. {HOW}"
        return Message(side, None, (broken(text, problem, 0, side),))
    return Message(side, text)


def _is_json(body: str) -> bool:
    try:
        decode_json(body)
    except (ValueError, RecursionError):
        return False
    return True


def _parse_blocks(body: str, side: AgentID) -> Message:
    """Text around ``<tool_call>…</tool_call>`` blocks, and their calls."""
    said, *opened = body.split(_OPEN)
    calls: list[ToolCall] = []
    for block in opened:
        inside, closed, after = block.partition(_CLOSE)
        if not closed:
            return Message(side, None, (broken(body, f"A <tool_call> is not closed. {HOW}", 0, side),))
        calls += _decode_calls(inside.strip(), len(calls), side)
        said += after
    return Message(side, said.strip() or None, tuple(calls))


def _decode_calls(body: str, first: int, side: AgentID) -> list[ToolCall]:
    try:
        value = decode_json(body)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return [broken(body, f"This looks like a tool call but is not JSON: {why}. {HOW}", first, side)]
    if type(value) is list and value:
        return [read_call(item, body, first + position, side) for position, item in enumerate(value)]
    return [read_call(value, body, first, side)]
