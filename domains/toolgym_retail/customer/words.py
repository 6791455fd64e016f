"""A text as words, and where the words of a phrase stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"#?[Ww]\d{4,}|[A-Za-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*")
# "4-slot", "black/white", "-20": a hyphen or slash parts words, unless it belongs to an order's number.
_HYPHEN = re.compile(r"(?<![#\w])(?<![Ww])[-/]|(?<=\w)[-/](?=\w)")
# "500ml": a unit of measure is a word of its own.
_UNIT = re.compile(r"(\d)(?=[A-Za-z])")
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


def words_of(text: str) -> list[str]:
    """A text as words in lower case: hyphens and units apart, British spellings American, streets in full.

    Example:
        >>> words_of("the 500ml grey/blue bottle, #W1234567")
        ['the', '500', 'ml', 'gray', 'blue', 'bottle', '#w1234567']
    """
    text = _UNIT.sub(r"\1 ", _HYPHEN.sub(" ", text))
    return [_ALIASES.get(word.lower(), word.lower()) for word in _WORD.findall(text)]


def places_of(phrase: str, words: Sequence[str]) -> list[int]:
    """Where a phrase stands among the words of a text; a plural s does not matter.

    Example:
        >>> places_of("desk lamp", ["two", "desk", "lamps"])
        [1]
    """
    wanted = words_of(phrase)
    size = len(wanted)
    return [
        start
        for start in range(len(words) - size + 1)
        if all(_same(one, other) for one, other in zip(wanted, words[start : start + size], strict=True))
    ]


def _same(wanted: str, word: str) -> bool:
    return wanted == word or (len(wanted) > 3 and (wanted.rstrip("s") == word.rstrip("s") or word == wanted + "es"))
