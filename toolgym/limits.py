"""When an episode is cut off, and how much one message may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from toolgym.actions.text import broken
from toolgym.messages import AgentID, Message

_KEPT = 1000
"""Characters that are kept of a message that is too long."""


@dataclass(frozen=True)
class Limits:
    """When an episode is cut off, and how much one message may hold.

    Args:
        max_steps: Steps, at least 1: each message of a side is one, and so is each batch of results.
        max_errors: Failed tool calls of both sides together, at least 1; the count never goes down.
        max_characters: Characters of one message's text and of its calls' names and arguments together, at least 1.
            Thoughts do not count; longer ones are cut to as many characters.
        max_calls: Calls in one message, at least 1.

    Source:
        tau2-bench 1.0.1's runner for the first two: 200 and 10. It has none of the others. In its recorded dialogues
        the longest message has 2,883 characters, and the one with the most calls has 5.
    """

    max_steps: int = 200
    max_errors: int = 10
    max_characters: int = 100_000
    max_calls: int = 64

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")

    @classmethod
    def training(cls) -> Limits:
        """Those for a policy that is being trained, which loops: 100 steps and 5 errors instead of 200 and 10.

        Nothing that succeeds is cut off by them. The longest successes in 1,000 tasks of retail, the scripted customer
        included, have 53 steps (oracle), 57 (novice) and 49 (clerk), with at most 2 failed calls; those of mock are
        shorter. Figures that are to be compared are measured with the limits by default.

        Example:
            >>> Limits.training().max_steps, Limits.training().max_errors
            (100, 5)
        """
        return cls(max_steps=100, max_errors=5)

    def excess(self, message: Message) -> str | None:
        """Why a message holds too much; None if it does not.

        Example:
            >>> Limits(max_characters=5).excess(Message("assistant", "Hello there."))
            'The message has more than 5 characters of text and arguments.'
        """
        if len(message.tool_calls) > self.max_calls:
            return f"The message has {len(message.tool_calls)} tool calls, and may have {self.max_calls}."
        if _is_longer(message, self.max_characters):
            return f"The message has more than {self.max_characters} characters of text and arguments."
        return None

    def applied_to(self, message: Message) -> Message:
        """A message as it counts: one that holds too much is a call that cannot be read, and keeps its beginning."""
        reasoning = message.reasoning
        if not message.tool_calls and reasoning is None and len(message.content or "") <= self.max_characters:
            return message
        if reasoning is not None and len(reasoning) > self.max_characters:
            message = replace(message, reasoning=_cut(reasoning, self.max_characters))
        problem = self.excess(message)
        if problem is None:
            return message
        side: AgentID = "user" if message.role == "user" else "assistant"
        texts = [message.content or "", *(call.raw or call.name for call in message.tool_calls[: self.max_calls])]
        raw = _cut(next((text for text in texts if text), ""), _KEPT)
        call = broken(raw, f"{problem} Nothing of it was used; write a shorter one.", 0, side)
        return replace(message, content=None, tool_calls=(call,))


def _cut(text: str, kept: int) -> str:
    """The beginning of a text, with how long it was."""
    return text if len(text) <= kept else f"{text[:kept]}… (cut: {len(text)} characters, {kept} kept)"


def _is_longer(message: Message, most: int) -> bool:
    """Whether text and calls of a message have more characters than ``most``; content that is no text counts as one."""
    count = len(message.content) if message.content is not None else 0
    for call in message.tool_calls:
        count += len(call.name) + len(call.raw or "")
        for name, value in call.arguments.items():
            count += len(name) if type(name) is str else 1
            count += len(value) if type(value) is str else _size(value, most - count)
    return count > most


def _size(value: object, enough: int) -> int:
    """The characters of a value that may hold others, or more than enough."""
    count = 0
    values = [value]
    while values and count <= enough:
        value = values.pop()
        kind = type(value)
        if kind is str:
            count += len(value)  # type: ignore[arg-type]  # it is text
            continue
        count += 1
        if kind is list or kind is tuple:
            values += value  # type: ignore[arg-type]  # it is a sequence
        elif isinstance(value, Mapping):
            values += value.keys()
            values += value.values()
        elif isinstance(value, str):
            count += len(value)
    return count
