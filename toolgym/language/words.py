"""A text as words, and where the words of a phrase stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

_WORD = re.compile(r"#[Ww]\d{4,}|[Ww]\d{4,}|[A-Za-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*")
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
    def by_stem(self) -> dict[str, list[int]]:
        """The places of each word, under what it is without a plural s."""
        spots: dict[str, list[int]] = {}
        for place, word in enumerate(self):
            spots.setdefault(word.rstrip("s"), []).append(place)
        return spots

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """Under what the first word may stand in another text, plural or not: "bus" as "bu", "box" as "boxe" too."""
        return _stems(self[0]) if self else ()


def words_of(text: str) -> Words:
    """A text as words in lower case: hyphens and units apart, British spellings American, streets in full.

    Example:
        >>> list(words_of("the 500ml grey/blue bottle, #W1234567"))
        ['the', '500', 'ml', 'gray', 'blue', 'bottle', '#w1234567']
    """
    return _phrase(text) if len(text) <= _PHRASE else _words(text)


def _words(text: str) -> Words:
    found = (word.replace(",", "") if _THOUSANDS.match(word) else word for word in _WORD.findall(text))
    words = Words([_ALIASES.get(word, word) for word in map(str.lower, found)])
    words.text = text
    return words


_PHRASE = 40
"""Characters of a name or value, which is looked for again and again, at most."""
_phrase = lru_cache(4096)(_words)


def _stems(word: str) -> tuple[str, ...]:
    return word.rstrip("s"), word + "e"


def places_of(phrase: str, words: Sequence[str]) -> list[int]:
    """Where a phrase stands among the words of a text; a plural s does not matter.

    Example:
        >>> places_of("desk lamp", ["two", "desk", "lamps"])
        [1]
    """
    wanted = words_of(phrase)
    last = len(words) - len(wanted)
    if not wanted:
        return list(range(last + 1))
    if not isinstance(words, Words):
        starts: Iterable[int] = range(last + 1)
    else:
        stem, plural = wanted.stems
        spots = words.by_stem
        starts = spots.get(stem, ())
        if plural in spots:
            starts = sorted([*starts, *spots[plural]])
    return [start for start in starts if start <= last and all(map(_same, wanted, words[start : start + len(wanted)]))]


def _same(wanted: str, word: str) -> bool:
    return wanted == word or (len(wanted) > 3 and (wanted.rstrip("s") == word.rstrip("s") or word == wanted + "es"))


class Phrases:
    """Names and values of which a text may hold some: they are looked up by the words that it has.

    Args:
        phrases: Any number of them.

    Example:
        >>> names = Phrases(["desk lamp", "tower fan", "floor lamp"])
        >>> names.near(words_of("The lamps, and a fan."))
        ['desk lamp', 'tower fan', 'floor lamp']
        >>> names.near(words_of("A towering bookcase."))
        []
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = list(phrases)
        self._by_stem: dict[str, set[int]] = {}
        self._wordless: list[int] = []
        for number, phrase in enumerate(self._phrases):
            words = words_of(phrase)
            if not words:
                self._wordless.append(number)
            for word in {words[0], words[-1]} if words else ():
                for stem in _stems(word):
                    self._by_stem.setdefault(stem, set()).add(number)

    def near(self, words: Words) -> list[str]:
        """Those whose first or last word a text has, plural or not, in their order: it holds no other one."""
        found = set(self._wordless)
        for stem in self._by_stem.keys() & words.by_stem.keys():
            found |= self._by_stem[stem]
        return [self._phrases[number] for number in sorted(found)]
