"""Slips of the keys in what a user writes: only in ordinary words, never in what identifies or decides something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

import numpy as np

SHARE = 1 / 3
"""The most that slips: one ordinary word in so many."""
_SHORTEST = 5
"""Letters of a word that may slip, at least: a shorter one could turn into another word."""
_WORD = re.compile(rf"(?<![^\s(\"])[a-z]{{{_SHORTEST},}}(?=[\s.,!?;:)\"]|$)")
"""A word in small letters, with nothing but punctuation around it; names, numbers and e-mails are no such words."""
_LETTERS = re.compile(r"[^\W\d_]+")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT = {key: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in _ROWS for at, key in enumerate(row)}


def with_typos(text: str, share: float, rng: np.random.Generator, keep: AbstractSet[str]) -> str:
    """A text with slips in some of its ordinary words; the first letter of a word is always right.

    Args:
        text: The text.
        share: The chance of each word, in ``[0, 1]``.
        rng: Draws.
        keep: Words, in small letters, that have no slips.

    Example:
        >>> with_typos("Please exchange the kettle.", 1.0, np.random.default_rng(5), {"kettle"})
        'Please exchagne the kettle.'
    """

    def slipped(found: re.Match[str]) -> str:
        word = found[0]
        if word in keep or rng.random() >= share:
            return word
        return _slip(word, rng)

    return _WORD.sub(slipped, text)


def _slip(word: str, rng: np.random.Generator) -> str:
    """A word with one key pressed too early, not at all, twice, or beside where it should be."""
    kind, at = int(rng.integers(4)), 1 + int(rng.integers(len(word) - 2))
    before, letter, after = word[:at], word[at], word[at + 1 :]
    if kind == 0 and letter != after[0]:
        return before + after[0] + letter + after[1:]
    if kind == 1:
        return before + after
    if kind == 2:
        beside = _NEXT[letter]
        return before + beside[int(rng.integers(len(beside)))] + after
    return before + letter + letter + after


def words_of(values: object) -> Iterator[str]:
    """Every word in the texts of nested mappings and lists, in small letters.

    Example:
        >>> sorted(words_of({"name": "Mia Garcia", "items": [{"color": "sky blue"}, 7]}))
        ['blue', 'garcia', 'mia', 'sky']
    """
    if isinstance(values, str):
        yield from (word.lower() for word in _LETTERS.findall(values))
    elif isinstance(values, dict):
        yield from words_of(values.values())
    elif isinstance(values, Iterable):
        for value in values:
            yield from words_of(value)
