"""The values of a product's options in a text: which option each belongs to, and where it stands."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from toolgym.language.changes import TURNS
from toolgym.language.words import Phrases, Words, places_of, words_of
from toolgym_retail.catalog import CATALOG
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import ItemRef

_SIZES = {"s": "small", "m": "medium", "l": "large", "xl": "extra large", "xxl": "extra extra large"}
# "extra large" is another size than "large"; "a bit small" is none.
_NO_SIZE_AFTER = ("extra", "too", "bit", "little", "very", "rather")

_STOP = re.compile(r"[,;()/|>\n]")
AXES = {kind.name: kind.options for kind in CATALOG}
"""The options of each product that the shop knows, and all their values."""
_ALL_BUT_ONE = 3
"""Values in a list from which on a single strange word among them is taken for one."""
_NEAR = 8
"""Words apart at which two values may stand in one description."""


# What is said of a value itself, as in "a new frame".
_NO_VALUE = frozenset(
    (
        "new",
        "old",
        "different",
        "other",
        "another",
        "matching",
        "similar",
        "same",
        "single",
        "given",
        "higher",
        "lower",
        "bit",
    )
)
_LISTED = re.compile(r"[,/;\u00b7|]| - ")
_BRACKETS = re.compile(r"\([^()]*\)")


class Value(NamedTuple):
    """A value of an option where a text names it."""

    place: int
    """At which word."""
    axis: str
    value: str


def option_values(reading: WishText, item: ItemRef, span: Collection[int]) -> list[Value]:
    """The values of the product's options that are named in some words; of values that overlap, the longest.

    A value that two options have, such as the steel of body and handle, belongs to the one that is named beside it, or
    else to the one that has no other value there.
    """
    values = _values_of(item.product, tuple(item.axes.items()))
    axes = values.axes
    taken: set[int] = set()
    found: list[Value] = []
    open_: list[tuple[int, int, str]] = []
    for value in values.near(reading):
        for place, size in _spots(reading, value):
            covered = set(range(place, place + size))
            if place in span and not covered & taken:
                taken |= covered
                if len(axes[value]) == 1:
                    found.append(Value(place, axes[value][0], value))
                else:
                    open_.append((place, size, value))
    for place, size, value in sorted(open_):
        found.append(Value(place, _axis_of(reading.words, place, size, axes[value], found, item, value), value))
    return sorted(found)


def unknown_value(reading: WishText, item: ItemRef) -> bool:
    """Whether a word that is no value stands where one is told: "a cotton strap", "30 miles, blurple, rim brakes"."""
    parts = [part.text.partition(":")[2] if part.label else part.text for part in reading.parts if part.role != "now"]
    return any(_beside_its_name(words_of(text), item) or _among_values(text, item) for text in parts)


def _known(axis: str, item: ItemRef) -> set[str]:
    return {*item.axes[axis], *AXES.get(item.product, {}).get(axis, ())}


def _beside_its_name(words: Words, item: ItemRef) -> bool:
    """Whether a word between "a" and the name of an option is no word of any value."""
    known = {word for axis in item.axes for value in (axis, *_known(axis, item)) for word in words_of(value)}
    known |= {*words_of(item.product), *_NO_VALUE}
    names = {words_of(axis)[-1] for axis in item.axes}
    spots = [spot for name in names for spot in places_of(name, words) if spot > 1 and words[spot - 2] in ("a", "an")]
    return any(words[spot - 1].isalpha() and words[spot - 1] not in known for spot in spots if runs_on(words, spot))


def _among_values(text: str, item: ItemRef) -> bool:
    """Whether a list gives a value for each option, and that for one of them is none."""
    pieces = [words_of(piece) for piece in _LISTED.split(_BRACKETS.sub("", text)) if "$" not in piece and piece.strip()]
    if len(pieces) != len(item.axes) or len(pieces) < _ALL_BUT_ONE:
        return False
    given = [{axis for axis in item.axes for one in _known(axis, item) if places_of(one, words)} for words in pieces]
    strange = [words for words, axes in zip(pieces, given, strict=True) if not axes]
    if len(strange) != 1 or len(strange[0]) != 1 or len(set().union(*given)) < len(pieces) - 1:
        return False
    return strange[0][0].isalpha() and strange[0][0] not in item.axes


class _Values:
    """The values of a product's options.

    Args:
        axes: The options that each value belongs to.
    """

    def __init__(self, axes: dict[str, list[str]]) -> None:
        self.axes = axes
        self._longest_first = sorted(axes, key=lambda value: -len(words_of(value)))
        self._sizes = set(filter(_is_size, axes))
        self._named = Phrases(value for value in self._longest_first if value not in self._sizes)

    def near(self, reading: WishText) -> list[str]:
        """Those that a text may name, those of most words first; sizes are looked for in any text."""
        named = self._named.near(reading.words)
        if not self._sizes:
            return named
        found = {*named, *self._sizes}
        return [value for value in self._longest_first if value in found]


@lru_cache(256)
def _values_of(product: str, given: tuple[tuple[str, tuple[str, ...]], ...]) -> _Values:
    axes: dict[str, list[str]] = {}
    known = AXES.get(product, {})
    for axis, all_values in given:
        for value in dict.fromkeys((*all_values, *known.get(axis, ()))):
            axes.setdefault(value, []).append(axis)
    return _Values(axes)


def _is_size(value: str) -> bool:
    """Whether a value is a size such as "S" or "XL"."""
    return len(value) <= 3 and value.isalpha() and value.isupper()


@lru_cache(64)
def _letters(size: str) -> re.Pattern[str]:
    """A size in capitals, or after the word "size"."""
    return re.compile(rf"(?<![\w'-]){size}(?![\w'])|size:? *{size.lower()}(?!\w)")


def _axis_of(
    words: Words, place: int, size: int, axes: Sequence[str], found: Sequence[Value], item: ItemRef, value: str
) -> str:
    """The option of which several could have a value that stands at some words."""
    after, before = words[place + size : place + size + 1], words[max(0, place - 1) : place]
    for word in (*(after if runs_on(words, place + size) else ()), *(before if runs_on(words, place) else ())):
        for axis in axes:
            if word in words_of(axis):
                return axis
    near = {
        other.axis
        for other in found
        if abs(other.place - place) <= _NEAR
        and not set(words[min(place, other.place) : max(place, other.place)]) & TURNS
    }
    free = [axis for axis in axes if axis not in near] or list(axes)
    new = item.new_options or {}
    return next((axis for axis in free if value in (item.options.get(axis), new.get(axis))), free[0])


def runs_on(words: Words, place: int) -> bool:
    """Whether nothing but a space or colon stands before a word: no comma, bracket or slash."""
    if not 0 < place < len(words):
        return False
    return _STOP.search(words.text, words.starts[place - 1], words.starts[place]) is None


def _spots(reading: WishText, value: str) -> list[tuple[int, int]]:
    """Where a value stands in the text, and on how many words."""
    if not _is_size(value):
        # "off-white" is not white.
        places = [place for place in places_of(value, reading.words) if place == 0 or reading.words[place - 1] != "off"]
        return [(place, len(words_of(value))) for place in places]
    starts = reading.words.starts
    spots = [(bisect_left(starts, match.end()) - 1, 1) for match in _letters(value).finditer(reading.body)]
    long = _SIZES.get(value.lower())
    if long is not None:
        size = len(words_of(long))
        spots += [
            (place, size)
            for place in places_of(long, reading.words)
            if place == 0 or reading.words[place - 1] not in _NO_SIZE_AFTER
        ]
    return spots
