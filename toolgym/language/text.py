"""A message as plain text and as sentences, and whether a text holds a token."""

from __future__ import annotations

import re
from collections.abc import Iterator

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


def plain(text: str) -> str:
    """A message without markdown and typographic characters."""
    text = text.translate(_TYPOGRAPHIC).replace(_ARROW_EMOJI, " -> ")
    text = re.sub(r"^[ \t]*(?:[-*•>]|#{1,6}|\d{1,2}[.)])[ \t]+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t|:-]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"#{1,6}(?=\s)|\*+|`+|(?<![a-z0-9])_+|_+(?![a-z0-9])", "", text, flags=re.IGNORECASE)
    return re.sub(r"(?:(?<!\s)\s+)?\|\s*", " | ", text)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a message, its markdown removed."""
    parts = re.split(r"(?<=[.!?])[\"')\]]*\s+|\n+|(?<=[?!])(?=[A-Z])", plain(text))
    return [part.strip() for part in parts if re.search(r"\w", part)]


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
    before = r"(?<!\w)(?<!\d[.,])" if wanted[0].isalnum() else ""
    if wanted[0].isdigit():
        before += r"(?<!\.)"  # "50" is not in ".50"
    after = r"(?!\w)(?![.,]\d)" if wanted[-1].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, _folded(text)) is not None


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


def _folded(text: str) -> str:
    return " ".join(_THOUSANDS.sub("", text.casefold()).split())
