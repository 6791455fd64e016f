"""How a view writes pieces of text, and reads them again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Protocol

from toolgym.rendering import LOOKALIKE
from toolgym.views.aliases import Aliases, Piece

SLOTS_OF_A_KIND = 96
"""How many names of one kind a view of slots tells apart at a time."""
SLOT = re.compile(r"<([A-Z])(\d+)>")
"""A slot."""
LINE = "<line>"
"""How it writes the end of a line."""


class Spelling(Protocol):
    """Writes pieces of text with aliases, and takes such text apart."""

    readable: bool
    """Whether names that mean something to who reads English get aliases too."""

    @property
    def aliases(self) -> Aliases:
        """The aliases that were given so far."""

    def write(self, pieces: list[Piece]) -> str:
        """The pieces as text, names by their aliases."""

    def literal(self, text: str) -> str:
        """JSON text that is to be read back as it is."""

    def read(self, text: str) -> list[Piece]:
        """Text in pieces, each known alias with what it stands for; spaces are as they should be once joined."""

    def join(self, text: str) -> str:
        """The text of joined pieces as a person would write it."""


class InLetters:
    """Aliases are a letter and a number, such as ``O1``; everything else stays as it is.

    Args:
        letters: The letters that aliases may begin with.
    """

    readable = False

    def __init__(self, letters: str) -> None:
        self.aliases = Aliases()
        self._alias = re.compile(rf"(?<!\w)[{letters}{LOOKALIKE}]\d+\b")

    def write(self, pieces: list[Piece]) -> str:
        """See Spelling."""
        return "".join(self.aliases.of(*piece) if piece.letter else piece.text for piece in pieces)

    def literal(self, text: str) -> str:
        """See Spelling."""
        return _UNLIKE_ITSELF.sub(_escaped, self._alias.sub(_escaped, text))

    def read(self, text: str) -> list[Piece]:
        """See Spelling."""
        pieces, end = [], 0
        for found in self._alias.finditer(text):
            pieces.append(Piece("", text[end : found.start()]))
            known = self.aliases.value(found[0])
            pieces.append(Piece("", found[0]) if known is None else Piece(found[0][0], known))
            end = found.end()
        return [*pieces, Piece("", text[end:])]

    def join(self, text: str) -> str:
        """See Spelling."""
        return text


_UNLIKE_ITSELF = re.compile(r"\|")
"""What separates values outside of JSON."""


def _escaped(found: re.Match[str]) -> str:
    """The first letter of what was found as JSON may write it."""
    return f"\\u{ord(found[0][0]):04x}{found[0][1:]}"


_WORD = re.compile(r"\n|[^\W\d_]+(?:['\u2019][^\W\d_]+)*(?:_[^\W\d_]+)*|\d+|[^\w\s]|_")
_BEFORE = re.compile(r" ([,.?!:;)%])")
_AFTER = re.compile(r"((?<!#)#|[($]) ")
_HEADING = re.compile(r"#(?: #)+(?= )")
_BOLD = re.compile(r"\* \* (\S(?:[^*]*\S)?) \* \*")
_QUOTED = re.compile(r"""([\"'`]) ([^\s\"'`](?:[^\"`]*?[^\s\"'`])?) \1""")
_SHORT = re.compile(r"\b([a-z]\.) (?=[a-z]\.)")


class InSlots:
    """Every token is a word of a closed vocabulary or a *slot*, such as ``<O1>``, and tokens stand apart.

    Names of every kind are slots, and so are words that are not in the vocabulary.

    Args:
        words: The vocabulary.
    """

    readable = True

    def __init__(self, words: Collection[str]) -> None:
        self.aliases = Aliases(SLOTS_OF_A_KIND)
        self._words = words

    def write(self, pieces: list[Piece]) -> str:
        """See Spelling."""
        return " ".join(self._tokens(pieces))

    def _tokens(self, pieces: list[Piece]) -> Iterator[str]:
        for letter, text in pieces:
            if letter:
                yield f"<{self.aliases.of(letter, text)}>"
                continue
            for word in _WORD.findall(text):
                if word == "\n":
                    yield LINE
                elif word in self._words:
                    yield word
                else:
                    yield f"<{self.aliases.of('N' if word[0].isupper() else LOOKALIKE, word)}>"

    def literal(self, text: str) -> str:
        """See Spelling."""
        return f"<{self.aliases.of(LOOKALIKE, text)}>"

    def read(self, text: str) -> list[Piece]:
        """See Spelling."""
        pieces = []
        for token in text.split():
            found = SLOT.fullmatch(token)
            known = self.aliases.value(f"{found[1]}{found[2]}") if found else None
            if found is None or known is None:
                pieces.append(Piece("", "\n" if token == LINE else token))
            else:
                pieces.append(Piece(found[1], known))
            pieces.append(Piece("", " "))
        return pieces[:-1]

    def join(self, text: str) -> str:
        """See Spelling."""
        text = text.replace(" \n ", "\n").replace(" \n", "\n").replace("\n ", "\n")
        text = text.replace(" - ", "-").replace(" / ", "/").replace(" _ ", "_")
        text = _QUOTED.sub(r"\1\2\1", _BOLD.sub(r"**\1**", text))
        text = _HEADING.sub(lambda found: found[0].replace(" ", ""), text)
        return _SHORT.sub(r"\1", _AFTER.sub(r"\1", _BEFORE.sub(r"\1", text)))


def words_of(text: str) -> list[str]:
    """The words and signs of a text, as :class:`InSlots` tells them apart.

    Example:
        >>> words_of("Don't cancel #W1!")
        ["Don't", 'cancel', '#', 'W', '1', '!']
    """
    return [LINE if word == "\n" else word for word in _WORD.findall(text)]
