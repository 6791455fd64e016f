"""How the message of one turn compares with what a user wants, worked out once for each text and wish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from toolgym.language.speech_acts import Understood, parted
from toolgym.scripted.agreement import Agreement
from toolgym.scripted.facts import R
from toolgym.scripted.reader import OpenRequest, RequestReader


class Comparison(Generic[R]):
    """What a domain's judgements say of the texts of a turn.

    Args:
        reader: The domain's part of the user.
    """

    def __init__(self, reader: RequestReader[R]) -> None:
        self._reader = reader
        self._means = reader.judgements
        self._found: dict[tuple[str, int], Agreement] = {}

    def forget(self) -> None:
        """Begin a turn."""
        self._found.clear()

    def agreement(self, text: str, wish: R) -> Agreement:
        """How a text agrees with a wish."""
        asked = text, id(wish)
        if asked not in self._found:
            self._found[asked] = self._means.compare(text, wish)
        return self._found[asked]

    def touches(self, text: str, wish: R) -> int:
        """How much a text speaks of a wish; 0 if nothing points to it."""
        return self._means.weight(self.agreement(text, wish), wish)

    def names_nothing(self, text: str, requests: Sequence[OpenRequest[R]]) -> bool:
        """Whether a text names no detail of any of several requests."""
        return not any(self.agreement(text, one.wish).shown - {"kind"} for one in requests)

    def focus(self, active: Sequence[OpenRequest[R]], text: str, heard: Understood) -> OpenRequest[R] | None:
        """The request that the assistant speaks of: the one that its words touch most, else the one told last.

        What is refused may have been agreed to. A detail is asked for of a request that has such a detail.

        Args:
            active: The requests that were brought up and are not settled.
            text: The message.
            heard: What it calls for.
        """
        if heard.intent != "refuse":
            active = [one for one in active if not one.agreed] or active
        if heard.asked:
            active = [one for one in active if self._reader.has(one.wish, heard.asked[0])] or active
        if len(active) == 1:
            return active[0]
        return max(active, key=lambda one: (self.touches(text, one.wish), one.told_at), default=None)

    def declines(self, topic: str, text: str, one: OpenRequest[R]) -> bool:
        """Whether a message that asks for a detail declines the one that is wanted, where another will do."""
        topics = self._reader.topics
        if one.wish.otherwise is None or topic not in topics.names or topic in (topics.identity, topics.records):
            return False
        declined, _ = parted(text)
        about = topics.pointed_to(declined) - {topics.identity, topics.records}
        return bool(about) or self.touches(declined, one.wish) > 0
