"""Whether the user had agreed to a call, by what both sides said before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from toolgym.failures.rules.events import Event
from toolgym.failures.rules.matching import Matcher
from toolgym.language.agreement import Agreed, Exchange, agreed, exchanges, names_write, standing
from toolgym.language.consent import asks_for_consent, says_no
from toolgym.language.proposals import differs
from toolgym.messages import Message


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
        last = self._standing(event)
        if last is None:
            return "no"
        used = [
            other.call.arguments
            for other in self.mine
            if other.place < event.place and other.writes and other.changed and other.message > last.answered
        ]
        return agreed(last, self.matcher.record(event.call.name, event.call.arguments), event.call.arguments, used)

    def _standing(self, event: Event) -> Exchange | None:
        return standing([one for one in self.exchanges if one.answered < event.message])

    def differs(self, event: Event, choices: Mapping[str, Collection[Any]]) -> bool:
        """Whether a write is something else than what was agreed to before it, by what the proposal names."""
        last, call = self._standing(event), event.call
        record = self.matcher.record(call.name, call.arguments)
        return last is not None and differs(last.text, last.answer, record, call.arguments, choices)

    def refused(self, event: Event) -> bool:
        """Whether the user's last words before a call were a no to a proposal."""
        last = self.last(event)
        return last is not None and asks_for_consent(last.text) and says_no(last.answer)

    def named(self, text: str, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a text speaks of what a call changes: by its record, or by a value that is no common word."""
        return names_write(text, self.matcher.record(name, arguments), arguments)

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
