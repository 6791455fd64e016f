"""Files of what scripted speakers say: TOML tables of texts with ``{slots}``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolgym.errors import DataError


def read_table(file: Path) -> dict[str, Any]:
    """The tables of a file.

    Args:
        file: A TOML file in UTF-8.

    Raises:
        DataError: If it is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # not TOML, or not UTF-8
        raise DataError(f"{file} is not TOML: {error}") from error


def filled(name: str, text: str, slots: Mapping[str, str]) -> str:
    """A text with its slots filled.

    Args:
        name: What it is a text of, for the message.
        text: The text, with ``{slots}``.
        slots: What is filled in; what the text has no slot for is left out.

    Raises:
        DataError: If the text has a slot for which nothing is given, or a brace that opens none.

    Example:
        >>> filled("borrow", "I'd like to borrow {title}", {"title": "Emma", "name": "Ada"})
        "I'd like to borrow Emma"
    """
    try:
        return text.format(**slots)
    except (LookupError, ValueError) as error:
        given = ", ".join(f"{{{slot}}}" for slot in slots) or "none"
        raise DataError(
            f"the slots of {name!r} cannot be filled in {text!r} ({error}); there is {given}; write a brace that is "
            "no slot twice"
        ) from error
