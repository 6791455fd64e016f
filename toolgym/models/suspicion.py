"""Requests that may have been too long, although their server does not say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_CUT = 200


class Taken:
    """The requests that a server took in one conversation, with which a refused one is compared.

    Attributes:
        suspected: Whether a request was suspected already.
    """

    def __init__(self) -> None:
        self.suspected = False
        self._size = 0
        self._messages = 0

    def note(self, messages: Sequence[Mapping[str, Any]], size: int) -> None:
        """Note a request that was taken.

        Args:
            messages: Its dialogue.
            size: Its bytes.
        """
        self._messages = len(messages)
        self._size = max(self._size, size)

    def may_ask(self, size: int, shorter: int) -> bool:
        """Whether a refused request may have been too long, and a shorter one can show it.

        Args:
            size: Its bytes.
            shorter: The bytes of the shorter one.
        """
        return not self.suspected and 0 < self._size < size and shorter < size

    def shorter(self, messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The beginning of a dialogue, and what is new in it since the last request that was taken, texts cut.

        Whatever else the server may mind is in what is new: then it refuses that as well.
        """
        head = [dict(message) for message in messages[:1] if message["role"] == "system"]
        earlier = messages[len(head) : self._messages]
        last = [message for message in earlier if message["role"] == "user"][-1:]
        return head + [_cut(message) for message in [*last, *messages[max(self._messages, len(head)) :]]]


def _cut(message: Mapping[str, Any]) -> dict[str, Any]:
    short = dict(message)
    for name in ("content", "reasoning_content"):
        if isinstance(short.get(name), str):
            short[name] = short[name][:_CUT]
    if calls := short.get("tool_calls"):
        short["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": "{}"}}
            if len(call["function"]["arguments"]) > _CUT
            else call
            for call in calls
        ]
    return short
