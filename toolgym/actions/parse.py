"""Actions in all their forms: text, chat messages, Messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from toolgym.actions.tau2 import parse_tau2
from toolgym.actions.text import EMPTY, ONLY_THOUGHTS, broken, parse_text, plain_call
from toolgym.actions.thoughts import FIELDS, said_by, split_thoughts, thoughts_in_fields, told_text
from toolgym.errors import DataError
from toolgym.messages import AgentID, Message, ToolCall, call_from_chat, from_chat

Parsing: TypeAlias = Literal["toolgym", "tau2"]

_BESIDE = {"role", "tokens", *FIELDS}
"""Keys that may accompany ``message`` in a mapping."""


def parse_action(
    action: str | Mapping[str, Any] | Message, side: AgentID = "assistant", parsing: Parsing = "toolgym"
) -> Message:
    """Turn what an agent produced into a message of its side.

    Thoughts in its text (see :mod:`toolgym.actions.thoughts`) become the message's ``reasoning``: they are said to
    nobody. What holds nothing else is an empty message, a call with a ``problem``. ``{"message": "…"}``, as text or as
    a mapping, is the text in it.

    Args:
        action: Text, a mapping in chat format (a mapping with ``name`` and ``arguments`` is one call; thoughts may
            stand beside either, in one of the :data:`~toolgym.actions.thoughts.FIELDS`), or a Message.
        side: The side that acts; it becomes the role and the requestor, whatever the action says. Only JSON text that
            is read by tau2's rule may name another requestor; an episode answers such a call with an error.
        parsing: How text is read: ``"toolgym"`` as :mod:`toolgym.actions.text` says, ``"tau2"`` as
            :mod:`toolgym.actions.tau2` does, which says thoughts to the other side too.

    Returns:
        A message whose calls each have an id.

    Raises:
        DataError: If a mapping is not in chat format.

    Example:
        >>> parse_action('{"name": "get_users", "arguments": {}}').tool_calls[0].name
        'get_users'
        >>> parse_action('{"name": "get_users", "arguments": {').tool_calls[0].problem[:19]
        'This looks like a t'
        >>> message = parse_action("<think>It is blue.</think>Which size?")
        >>> message.content, message.reasoning
        ('Which size?', 'It is blue.')
    """
    if isinstance(action, str):
        if parsing == "tau2":
            return parse_tau2(action, side)
        if action[:1] == "{" and (call := plain_call(action, side)) is not None:
            return Message(side, None, (call,))
        thoughts, said = split_thoughts(action)
        if thoughts:
            return _without_thoughts(thoughts, said, side)
        message = parse_text(said, side)
        return message if len(message.tool_calls) < 2 else read_said(said, side)
    if not isinstance(action, Message):
        if not isinstance(action, Mapping):
            raise DataError(
                f"an action is text, a chat message or a Message, got {type(action).__name__}: {str(action)[:80]}"
            )
        if "name" in action and "role" not in action:
            calls = _with_ids([call_from_chat(action, 0, side)], side)
            return Message(side, None, calls, reasoning=thoughts_in_fields(action) or None)
        action = _from_mapping(action, side, parsing)
    content, reasoning = action.content, action.reasoning
    if content and parsing == "toolgym":
        thoughts, content = split_thoughts(content)
        if thoughts:
            content, reasoning = content or None, _together(reasoning, thoughts)
        if content and not action.tool_calls and (told := told_text(content)) is not None:
            content = told
    calls = _with_ids(action.tool_calls, side)
    if not calls and not (content and content.strip()):
        calls = (broken(content or "", ONLY_THOUGHTS if reasoning else EMPTY, 0, side),)
    return replace(action, role=side, content=content, tool_calls=calls, reasoning=reasoning)


def read_said(text: str, side: AgentID) -> Message:
    """Read a text that holds no thoughts, or none any more, by toolgym's rule."""
    message = parse_text(text, side)
    if len(message.tool_calls) < 2:
        return message
    return replace(message, tool_calls=_with_ids(message.tool_calls, side))


def _without_thoughts(thoughts: Sequence[str], said: str, side: AgentID) -> Message:
    """A text that held thoughts, read."""
    message = replace(read_said(said, side), reasoning="\n\n".join(thoughts))
    return message if said.strip() else replace(message, tool_calls=(broken("", ONLY_THOUGHTS, 0, side),))


def _from_mapping(chat: Mapping[str, Any], side: AgentID, parsing: Parsing) -> Message:
    """A message in chat format, its thoughts in a field of their own, or ``{"message": "…"}``."""
    read = {**chat, "role": side}
    if parsing == "toolgym":
        text = said_by({name: value for name, value in chat.items() if name not in _BESIDE})
        if text is not None:
            read["content"] = text
    if chat.get("function_call") and not chat.get("tool_calls"):
        read["tool_calls"] = [chat["function_call"]]
    message = from_chat(read, side)
    return message if message.reasoning else replace(message, reasoning=thoughts_in_fields(chat) or None)


def _together(reasoning: str | None, thoughts: Sequence[str]) -> str:
    """The thoughts told apart from the text, and those in it."""
    return "\n\n".join([*([reasoning] if reasoning else []), *thoughts])


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
