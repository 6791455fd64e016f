"""A dialogue as the chat of one side's model, in which that side is always the ``assistant``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toolgym.messages import SIDES, AgentID, Message, to_chat


def as_chat(view: Sequence[Message], side: AgentID, *, reasoning: bool = False) -> list[dict[str, Any]]:
    """Write what a side sees in OpenAI chat format, as the chat of that side's model.

    Args:
        view: What the side may see, oldest first, its prompt left out.
        side: Whose model it is: that side's messages get the role ``assistant``, the other's the role ``user``.
        reasoning: Whether the side's earlier thoughts go back to its model, as ``reasoning_content``.

    Example:
        >>> view = [Message("assistant", "What can I do for you?"), Message("user", "Cancel my order.")]
        >>> [message["role"] for message in as_chat(view, "user")]
        ['user', 'assistant']
    """
    return [_told(message, side, reasoning) for message in view]


def _told(message: Message, side: AgentID, reasoning: bool) -> dict[str, Any]:
    if message.role not in SIDES:
        return to_chat(message)
    if message.role != side:
        return {"role": "user", "content": message.content}
    chat = to_chat(replace(message, role="assistant"))
    if reasoning and message.reasoning:
        chat["reasoning_content"] = message.reasoning
    return chat
