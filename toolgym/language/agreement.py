"""Whether a user agreed to what an assistant proposed, by the words of both; English alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from toolgym.language.alternatives import to_the_request
from toolgym.language.consent import acknowledges, asks, asks_for_consent, says_yes
from toolgym.language.layout import unwrapped
from toolgym.language.proposals import announces, leaves
from toolgym.language.text import holds_token
from toolgym.messages import Message

Agreed: TypeAlias = Literal["no", "yes", "named"]
"""Whether a write was agreed to; ``"named"`` if what was agreed to names what it changes."""


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
        said = to_the_request(self._shown, self.answer)
        return says_yes(said) and (self.requested or (asks(self._shown) and announces(self.text)))

    @property
    def requested(self) -> bool:
        """Whether the proposal asks for a go-ahead in words that leave no doubt."""
        return asks_for_consent(self._shown)

    @property
    def _shown(self) -> str:
        return unwrapped(self.text)


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


def standing(said: Sequence[Exchange]) -> Exchange | None:
    """The exchange whose answer holds after some exchanges: the last, or the one before if that was a yes.

    A yes still holds after the assistant has only announced what it is going to do, and the user has taken note.

    Example:
        >>> asked = Exchange("I will cancel order #W1. Shall I go ahead?", 1, "Yes.", 2)
        >>> told = Exchange("Thanks, I'll cancel it now.", 3, "No rush, I'll wait here.", 4)
        >>> standing([asked, told]) is asked
        True
    """
    if not said:
        return None
    last = said[-1]
    if len(said) < 2 or last.agreed or last.requested or not said[-2].agreed or not said[-2].requested:
        return last
    return said[-2] if announces(last.text) and acknowledges(last.answer) else last


def names(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of some values, upper and lower case and a leading ``#`` aside."""
    return any(holds_token(text, value.lstrip("#")) for value in values if value.strip("#"))


def agreed(
    last: Exchange | None, record: str | None, arguments: Mapping[str, Any], used: Sequence[Mapping[str, Any]]
) -> Agreed:
    """Whether a write was agreed to before.

    One yes is good for one write, and for others that the same proposal names. A yes to a question that is no clear
    request for a go-ahead ("Is it the blue one?") is good for what its message names alone.

    Args:
        last: The exchange before the write; None if the user had not spoken.
        record: The record that the write names, if it names one.
        arguments: What it was called with.
        used: What the writes were called with that were made since the user spoke.

    Example:
        >>> last = Exchange("I will cancel order #W1. Shall I go ahead?", 1, "Yes, please.", 2)
        >>> agreed(last, "#W1", {"order_id": "#W1"}, []), agreed(last, "#W2", {"order_id": "#W2"}, [])
        ('named', 'yes')
        >>> agreed(last, "#W2", {"order_id": "#W2"}, [{"order_id": "#W1"}]), agreed(None, "#W1", {}, [])
        ('no', 'no')
    """
    if last is None or not last.agreed:
        return "no"
    if record is not None and leaves(last.text, record):
        return "no"
    known = [value for other in used for value in other.values()]
    given = {name: value for name, value in arguments.items() if value not in known}
    if (record is not None and names(last.text, [record])) or names_write(last.text, record, given):
        return "named"
    return "yes" if last.requested and not used else "no"


def names_write(text: str, record: str | None, arguments: Mapping[str, Any]) -> bool:
    """Whether a text speaks of what a write changes: by its record, or by a value that is no common word."""
    if record is not None and names(text, [record]):
        return True
    return names(text, telling(record, arguments))


def telling(record: str | None, arguments: Mapping[str, Any]) -> list[str]:
    """The values of a write by which a text can be seen to speak of it: texts that are no common words."""
    values = [value for value in arguments.values() if isinstance(value, str) and value != record]
    return [value for value in values if len(value) > 3 and value != value.lower()]
