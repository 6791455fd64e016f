"""Whether a user agreed to what an assistant proposed, by the words of both; English alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgym.language.consent import asks, says_yes
from toolgym.language.text import holds_token
from toolgym.messages import Message


@dataclass(frozen=True)
class Exchange:
    """What the assistant said to the user, and what the user answered.

    Args:
        text: The assistant's words since the user spoke last.
        message: The number of the message with the last of them, from 0.
        answer: The user's words.
        answered: The number of the message with them.
    """

    text: str
    message: int
    answer: str
    answered: int

    @property
    def agreed(self) -> bool:
        """Whether it is a clear yes to a proposal."""
        return says_yes(self.answer) and asks(self.text)


def exchanges(messages: Sequence[Message]) -> Iterator[Exchange]:
    """Every exchange of a dialogue; messages that are calls are passed over."""
    said: list[str] = []
    last = 0
    for number, message in enumerate(messages):
        if message.tool_calls or not message.content:
            continue
        if message.role == "assistant":
            said.append(message.content)
            last = number
        elif message.role == "user":
            yield Exchange("\n".join(said), last, message.content, number)
            said = []


def names(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of some values, upper and lower case and a leading ``#`` aside."""
    return any(holds_token(text, value.lstrip("#")) for value in values if value.strip("#"))
