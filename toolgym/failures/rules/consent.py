"""Whether the user had agreed to a call, by what both sides said before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from toolgym.failures.agreement import Exchange, exchanges, names
from toolgym.failures.rules.events import Event
from toolgym.failures.rules.matching import Matcher
from toolgym.language.consent import asks_for_consent, says_no
from toolgym.messages import Message

Agreed: TypeAlias = Literal["no", "yes", "named"]
"""Whether a write was agreed to; ``"named"`` if what was agreed to names what it changes."""


class Consent:
    """What was said and agreed to in one dialogue.

    Args:
        messages: The dialogue.
        mine: The assistant's calls.
        matcher: What records calls name.
    """

    def __init__(self, messages: Sequence[Message], mine: Sequence[Event], matcher: Matcher) -> None:
        self.messages = messages
        self.exchanges: tuple[Exchange, ...] = tuple(exchanges(messages))
        self.mine = mine
        self.matcher = matcher

    @property
    def dialogue(self) -> str:
        """Everything that was said."""
        return _text(self.exchanges)

    def last(self, event: Event) -> Exchange | None:
        """The exchange before a call."""
        return next((one for one in reversed(self.exchanges) if one.answered < event.message), None)

    def before(self, event: Event) -> str:
        """What the assistant had said before the user's last words before a call."""
        last = self.last(event)
        return last.text if last is not None else ""

    def said_before(self, event: Event) -> str:
        """Everything that was said before a call."""
        return _text([one for one in self.exchanges if one.answered < event.message])

    def after(self, message: int) -> tuple[Exchange, ...]:
        """The exchanges in which the assistant spoke after a message."""
        return tuple(one for one in self.exchanges if one.message > message)

    def agreed(self, event: Event) -> Agreed:
        """Whether a write was agreed to before.

        One yes is good for one write, and for others that the same proposal names.
        """
        last = self.last(event)
        if last is None or not last.agreed:
            return "no"
        used = [
            other
            for other in self.mine
            if other.place < event.place and other.writes and other.changed and other.message > last.answered
        ]
        known = [value for other in used for value in other.call.arguments.values()]
        given = {name: value for name, value in event.call.arguments.items() if value not in known}
        record = self.matcher.record(event.call.name, event.call.arguments)
        if (record is not None and names(last.text, [record])) or self.named(last.text, event.call.name, given):
            return "named"
        return "no" if used else "yes"

    def refused(self, event: Event) -> bool:
        """Whether the user's last words before a call were a no to a proposal."""
        last = self.last(event)
        return last is not None and asks_for_consent(last.text) and says_no(last.answer)

    def named(self, text: str, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a text speaks of what a call changes: by its record, or by a value that is no common word."""
        record = self.matcher.record(name, arguments)
        if record is not None and names(text, [record]):
            return True
        values = [value for value in arguments.values() if isinstance(value, str) and value != record]
        return names(text, [value for value in values if len(value) > 3 and value != value.lower()])

    def promised(self, name: str, arguments: Mapping[str, Any]) -> Exchange | None:
        """The last exchange in which a call was agreed to, if no write was made or tried after it."""
        for place in range(len(self.exchanges) - 1, -1, -1):
            one = self.exchanges[place]
            if one.agreed and asks_for_consent(one.text) and self.named(one.text, name, arguments):
                until = self.exchanges[place + 1].answered if place + 1 < len(self.exchanges) else len(self.messages)
                tried = any(event.writes and one.answered < event.message < until for event in self.mine)
                return None if tried else one
        return None


def _text(said: Sequence[Exchange]) -> str:
    return "\n".join(f"{one.text}\n{one.answer}" for one in said)
