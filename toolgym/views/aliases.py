"""Short aliases for what has names in one episode, numbered by first appearance, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from toolgym.rendering import LOOKALIKE, EntityKind, any_of


class Piece(NamedTuple):
    """A piece of text: plain where the letter is empty, else a name of that kind."""

    letter: str
    text: str


class Tagger:
    """Finds names in text.

    Args:
        kinds: The kinds that are told apart; the first that fits counts.

    Example:
        >>> order = EntityKind("O", "order", r"#W[0-9]+", arguments=frozenset({"order_id"}))
        >>> Tagger((order,)).split("Cancel #W12, please")
        [Piece(letter='', text='Cancel '), Piece(letter='O', text='#W12'), Piece(letter='', text=', please')]
    """

    def __init__(self, kinds: Sequence[EntityKind]) -> None:
        self.kinds = tuple(kinds)
        letters = "".join(kind.letter for kind in kinds) + LOOKALIKE
        patterns = {LOOKALIKE: rf"(?<!\w)[{letters}]\d+\b"}
        for kind in self.kinds:
            options = [kind.pattern] if kind.pattern else []
            if kind.listed:
                one = rf"(?:{any_of(kind.listed)})(?!\w)"
                options.append(rf"(?<!\w){one}(?:, {one})+")
            if kind.words:
                options.append(rf"(?<!\w)(?:{any_of(kind.words)})(?!\w)")
            if options:
                patterns[kind.letter] = "|".join(options)
        self._pattern = re.compile("|".join(f"(?P<{letter}>{pattern})" for letter, pattern in patterns.items()))
        self._of_argument = {argument: kind.letter for kind in self.kinds for argument in kind.arguments}

    def split(self, text: str) -> list[Piece]:
        """A text in pieces; together they are the text."""
        return list(_split(self._pattern, text))

    def letter_of(self, argument: str) -> str:
        """The letter of the kind that an argument of a tool holds; empty if it holds none."""
        return self._of_argument.get(argument, "")


@lru_cache(8192)
def _split(pattern: re.Pattern[str], text: str) -> tuple[Piece, ...]:
    return tuple(_pieces(pattern, text))


def _pieces(pattern: re.Pattern[str], text: str) -> Iterator[Piece]:
    end = 0
    for found in pattern.finditer(text):
        if found.start() > end:
            yield Piece("", text[end : found.start()])
        yield Piece(str(found.lastgroup), found[0])
        end = found.end()
    if end < len(text):
        yield Piece("", text[end:])


class Aliases:
    """The aliases of one episode.

    Args:
        most: How many a kind may have at a time, at least 1; further names take those of the oldest. None: no bound.

    Example:
        >>> aliases = Aliases()
        >>> aliases.of("O", "#W12"), aliases.of("O", "#W7"), aliases.of("O", "#W12"), aliases.value("O2")
        ('O1', 'O2', 'O1', '#W7')
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._of: dict[tuple[str, str], str] = {}
        self._value: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def of(self, letter: str, text: str) -> str:
        """The alias of a name, a new one if it has none."""
        known = self._of.get((letter, text))
        if known is not None:
            return known
        count = self._count[letter] = self._count.get(letter, 0) + 1
        alias = f"{letter}{count if self._most is None else (count - 1) % self._most + 1}"
        if (old := self._value.get(alias)) is not None:
            del self._of[letter, old]
        self._of[letter, text] = alias
        self._value[alias] = text
        return alias

    def value(self, alias: str) -> str | None:
        """What an alias stands for; None if it stands for nothing."""
        return self._value.get(alias)

    @property
    def given(self) -> Sequence[str]:
        """Every alias that stands for something."""
        return list(self._value)
