"""Whether a text leaves a question open, in any language that marks one."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+(?:(?<=\d)\.\d+)*%?")
_QUESTION = "?\uff1f"  # ASCII's mark and the full-width one
_SENTENCE_END = re.compile(rf"[.!\n{_QUESTION}]")
_MORE = frozenset({"else", "more", "further", "other"})


def ends_with_question(text: str) -> bool:
    """Whether a text ends with a question other than whether there is anything else.

    Example:
        >>> ends_with_question("I can do that. Shall I cancel it now?"), ends_with_question("Bye!")
        (True, False)
        >>> ends_with_question("It is cancelled. Anything else?")
        False
    """
    end = max((place for place, letter in enumerate(text, 1) if letter.isalnum()), default=0)
    if not set(_QUESTION) & set(text[end:]):
        return False
    words = set(_WORD.findall(_SENTENCE_END.split(text[:end])[-1].casefold()))
    return not (words & _MORE and any(word.startswith(("any", "some", "what", "how")) for word in words))
