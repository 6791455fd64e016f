"""A cue: stems of words that point to something."""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolgym.language.text import Sentence


class Cue:
    """Stems that point to something, upper and lower case aside.

    Args:
        stems: Patterns in lower case; each begins at a word's beginning.
    """

    __slots__ = ("_pattern",)

    def __init__(self, stems: Sequence[str]) -> None:
        # In lower case: a pattern that ignores case cannot tell by its first letter which stems to try.
        self._pattern = re.compile(r"(?<![\w'])(?:" + "|".join(stems) + ")")

    def search(self, text: str) -> bool:
        """Whether a stem stands in a text."""
        if not isinstance(text, Sentence):
            return self._pattern.search(text.lower()) is not None
        found = text.found.get(self)
        if found is None:
            found = text.found[self] = self._pattern.search(text.lowered) is not None
        return found

    def last(self, text: str) -> int:
        """At which character the last stem in a text begins; -1 if there is none."""
        return max((found.start() for found in re.finditer(f"(?={self._pattern.pattern})", text.lower())), default=-1)

    def match(self, text: str) -> bool:
        """Whether a text begins with a stem."""
        return self._pattern.match(text.lower()) is not None


def cue(*stems: str) -> Cue:
    """A cue of several stems."""
    return Cue(stems)
