"""How the message of one turn compares with what a user wants, worked out once for each text and wish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from toolgym.scripted.agreement import Agreement, Judgements
from toolgym.scripted.facts import R
from toolgym.scripted.reader import OpenRequest


class Comparison(Generic[R]):
    """What a domain's judgements say of the texts of a turn.

    Args:
        means: The judgements of the domain.
    """

    def __init__(self, means: Judgements[R]) -> None:
        self._means = means
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
