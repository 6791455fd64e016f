"""A text as words, and where the words of a phrase stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

_WORD = re.compile(r"#?[Ww]\d{4,}|[A-Za-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)")
_AMERICAN = {"colour": "color", "colours": "colors", "grey": "gray", "aluminium": "aluminum", "metre": "meter"}
STREET_FORMS = {
    "rd": "road",
    "st": "street",
    "ave": "avenue",
    "dr": "drive",
    "ln": "lane",
    "blvd": "boulevard",
    "ct": "court",
    "pl": "place",
    "ter": "terrace",
    "cir": "circle",
    "pkwy": "parkway",
    "hwy": "highway",
}
STREET_KINDS = frozenset({*STREET_FORMS.values(), "way", "trail"})
"""What a street may be."""
_ALIASES = _AMERICAN | STREET_FORMS


class Words(tuple[str, ...]):
    """The words of a text, which remember where each stands: to find a phrase need not go through them all."""

    text: str

    @cached_property
    def starts(self) -> list[int]:
        """At which character of the text each of them begins."""
        return [found.start() for found in _WORD.finditer(self.text)]

    @cached_property
    def _by_stem(self) -> dict[str, list[int]]:
        spots: dict[str, list[int]] = {}
        for place, word in enumerate(self):
            spots.setdefault(word.rstrip("s"), []).append(place)
        return spots

    def spots(self, word: str) -> list[int]:
        """Where a word may stand, plural or not, in order."""
        found = self._by_stem.get(word.rstrip("s"), [])
        plural = self._by_stem.get(word + "e", [])
        return sorted([*found, *plural]) if plural else found


def words_of(text: str) -> Words:
    """A text as words in lower case: hyphens and units apart, British spellings American, streets in full.

    Example:
        >>> list(words_of("the 500ml grey/blue bottle, #W1234567"))
        ['the', '500', 'ml', 'gray', 'blue', 'bottle', '#w1234567']
    """
    found = (word.replace(",", "") if _THOUSANDS.match(word) else word for word in _WORD.findall(text))
    words = Words([_ALIASES.get(word, word) for word in map(str.lower, found)])
    words.text = text
    return words


_phrase = lru_cache(4096)(words_of)
"""The words of a name or value, which is looked for again and again."""


def places_of(phrase: str, words: Sequence[str]) -> list[int]:
    """Where a phrase stands among the words of a text; a plural s does not matter.

    Example:
        >>> places_of("desk lamp", ["two", "desk", "lamps"])
        [1]
    """
    wanted = _phrase(phrase)
    size = len(wanted)
    last = len(words) - size
    if not wanted:
        return list(range(last + 1))
    first, *rest = wanted
    starts = words.spots(first) if isinstance(words, Words) else range(last + 1)
    return [
        start
        for start in starts
        if start <= last
        and _same(first, words[start])
        and all(_same(one, words[start + place]) for place, one in enumerate(rest, 1))
    ]


def _same(wanted: str, word: str) -> bool:
    return wanted == word or (len(wanted) > 3 and (wanted.rstrip("s") == word.rstrip("s") or word == wanted + "es"))
