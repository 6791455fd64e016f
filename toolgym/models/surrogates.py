"""Halves of surrogate pairs, which JSON can name but UTF-8 cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def whole_text(text: str) -> str:
    """A text in which surrogate pairs are joined and halves of them are replaced: one that can be sent and printed.

    Example:
        >>> whole_text("a" + chr(0xD83D) + chr(0xDE00) + chr(0xD83D)) == "a" + chr(0x1F600) + chr(0xFFFD)
        True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_json(value: Any) -> Any:
    """JSON whose texts are such."""
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, Mapping):
        return {whole_text(name): whole_json(item) for name, item in value.items()}
    return [whole_json(item) for item in value] if isinstance(value, list | tuple) else value
