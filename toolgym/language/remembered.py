"""What was worked out for the texts that were read last: they come again, in a message and in other dialogues."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

LONG = 1000
"""Characters of a text that is remembered, at most: what is kept stays small whatever is read."""


def remembered(number: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Have a function remember what it answered for the texts that it was asked last; long ones are read anew.

    Args:
        number: How many texts, at least 1.

    Example:
        >>> @remembered(100)
        ... def shout(text):
        ...     print("shouting")
        ...     return text.upper()
        >>> shout("hello"), shout("hello")
        shouting
        ('HELLO', 'HELLO')
    """

    def decorated(function: Callable[[str], T]) -> Callable[[str], T]:
        kept = lru_cache(number)(function)

        @wraps(function)
        def answer(text: str) -> T:
            return kept(text) if len(text) <= LONG else function(text)

        return answer

    return decorated
