"""A message as plain text and as sentences, a long one abridged, and whether a text holds a token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolgym.language.remembered import remembered

_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",  # quotation marks
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",  # dashes
        "\u2014": " - ",
        "\u2192": " -> ",  # an arrow
        "\u00a0": " ",  # a space that does not break
    }
)
_ARROW_EMOJI = "\u27a1\ufe0f"
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


_LISTED = re.compile(r"^[ \t]*(?:[-*•>]|#{1,6}|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_RULE = re.compile(r"^[ \t|:-]+$", re.MULTILINE)
_MARKDOWN = re.compile(r"#{1,6}(?=\s)|\*+|`+|(?<![a-z0-9])_+|_+(?![a-z0-9])", re.IGNORECASE)
_CELL = re.compile(r"(?:(?<!\s)\s+)?\|\s*")
_BORDER = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+|(?<=[?!])(?=[A-Z])")
_LETTER = re.compile(r"\w")
_SPACE = re.compile(r"\s")

AT_MOST = 20_000
"""Characters of a message that are read: several times what the longest real ones have."""
_WORD_LENGTH = 100
"""Characters within which a message that is cut is cut between two words, if it can be."""


class Sentence(str):
    """A sentence or line, which remembers what was found in it."""

    __slots__ = ("found", "lowered")
    found: dict[object, bool]
    """Whether each cue stands in it, of those that were looked for."""
    lowered: str
    """It in lower case."""

    @staticmethod
    @remembered(256)
    def of(text: str) -> Sentence:
        """A text as a sentence: the same one for texts that were read lately."""
        sentence = Sentence(text)
        sentence.found, sentence.lowered = {}, text.lower()
        return sentence


def abridged(text: str, limit: int = AT_MOST) -> str:
    r"""A message of a length that is read: of a longer one its beginning and its end, half of it each.

    What an assistant says and what it asks stand at either end; nobody reads the middle of a message of a hundred
    thousand characters. It is cut between two words, so that nothing is a part of a word or a number.

    Args:
        text: Any text.
        limit: Characters that are read of it, at least 2.

    Example:
        >>> abridged("Your lamp goes back, " + "really " * 9 + "is that right?", limit=42)
        'Your lamp goes back,\nreally is that right?'
        >>> abridged("Is that right?")
        'Is that right?'
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    head, tail = text[:half], text[-half:]
    if not (text[half].isspace() or head[-1].isspace()):
        spaces = list(_SPACE.finditer(head, max(0, half - _WORD_LENGTH)))
        head = head[: spaces[-1].start()] if spaces else head
    if not (text[-half - 1].isspace() or tail[0].isspace()):
        space = _SPACE.search(tail, 0, _WORD_LENGTH)
        tail = tail[space.end() :] if space else tail
    return f"{head.rstrip()}\n{tail.lstrip()}"


@remembered(64)
def plain(text: str) -> str:
    """A message without markdown and typographic characters."""
    text = text.translate(_TYPOGRAPHIC).replace(_ARROW_EMOJI, " -> ")
    text = _RULE.sub("", _LISTED.sub("", text))
    text = _MARKDOWN.sub("", text)
    return _CELL.sub(" | ", text) if "|" in text else text


def sentences(text: str) -> list[str]:
    """The sentences and lines of a message, its markdown removed."""
    return list(_sentences(text))


@remembered(64)
def _sentences(text: str) -> tuple[Sentence, ...]:
    return tuple(Sentence.of(part.strip()) for part in _BORDER.split(plain(text)) if _LETTER.search(part))


def holds_token(text: str, token: str) -> bool:
    """Whether a text holds a token, not as a part of a longer word or number.

    Case, the width of spaces and the commas between thousands make no difference; a full stop or comma that ends the
    sentence is not a part of a number. A plural is a longer word: "two lamps" does not hold "lamp". As with ``in``,
    every text holds an empty token.

    Args:
        text: Any text.
        token: A word, a number, an identifier, or several words.

    Example:
        >>> holds_token("It costs 1,250.00 in all.", "1250.00"), holds_token("It costs 1,250.005.", "1250.00")
        (True, False)
        >>> holds_token("You approve the plan", "pro"), holds_token("Now at v1.10001", "v1.1000")
        (False, False)
    """
    wanted = _folded(token)
    if not wanted:
        return True
    folded = _folded(text)
    spot = folded.find(wanted)
    while spot >= 0:
        if _stands_alone(folded, spot, wanted):
            return True
        spot = folded.find(wanted, spot + 1)
    return False


def texts_in(value: object) -> Iterator[str]:
    """Every text in plain data, such as the arguments of a call, whatever its depth; keys are left out.

    Example:
        >>> list(texts_in({"order_id": "#W1", "items": [{"name": "lamp"}, 2]}))
        ['#W1', 'lamp']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)


def _stands_alone(text: str, spot: int, token: str) -> bool:
    """Whether a token at a character of a text is no part of a longer word or number."""
    before, after = text[max(0, spot - 2) : spot], text[spot + len(token) : spot + len(token) + 2]
    if token[0].isalnum() and before:
        if _is_word(before[-1]) or (before[0].isdecimal() and before[1:] in (".", ",")):
            return False
        if token[0].isdigit() and before[-1] == ".":  # "50" is not in ".50"
            return False
    if token[-1].isalnum() and after:
        return not (_is_word(after[0]) or (after[0] in ".," and after[1:].isdecimal()))
    return True


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@remembered(512)
def _folded(text: str) -> str:
    return " ".join(_THOUSANDS.sub("", text.casefold()).split())
