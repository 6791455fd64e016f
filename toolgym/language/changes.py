"""Which way a change runs: from what is named first to what is named then, or the other way round; English alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Words that part an old value from a new one: without any of them two values stand in one description.
TURNS = {
    "to",
    "for",
    "with",
    "into",
    "by",
    "from",
    "becomes",
    "become",
    "place",
    "instead",
    "of",
    "than",
    "not",
    "was",
    "old",
    "your",
}
# Between the new and the old: the new one was named first, as in "the blue one instead of the red one".
REVERSED = re.compile(
    r"\b(?:instead of|in exchange for|in place of|replac(?:es?|ing)|in return for|rather than|not|to replace|"
    r"previously|currently|before|was|old|away from|no longer|currently on)\b|\bnow$",
    re.I,
)
# Between an old value and a later new one these turn it round: "keep red instead of blue".
_TURNED_ROUND = re.compile(r"\b(?:instead of|rather than|in exchange for|in place of|replacing|replaces)\b")
# "You get the blue one and send us the red one."
_SENDS = re.compile(r"\b(?:send|sends|sent|return|give|gives) (?:\w+ ){0,3}$")
# "For the blue one ... we trade your red one for it."
_FOR_IT = re.compile(r"\b(?:for|with|to|by) (?:it|this|that|these|those)\b")
_NEW_ONE = re.compile(r"\b(?:new|replacement|receive|get|you want|becomes?)\b")
_OLD_ONE = re.compile(r"\b(?:old|current|return|send|original|for|from|was|existing|yours?)\b")

# "From the white one to the sage one", "exchange the white one for the sage one".
_RUNS_FORWARD = re.compile(r"\bfrom\b.* to\b|\b(?:exchange|exchanged|exchanging|swap|swapped|trade)\b.* for\b")


def runs_forward(words: Sequence[str], olds: Sequence[int], news: Sequence[int]) -> bool:
    """Whether the change runs from an old value to a new one, and not the other way round.

    Args:
        words: The words of a text, in lower case.
        olds: At which of them the old value stands, at least once.
        news: At which the new one does, at least once.

    Example:
        >>> runs_forward("the blue one instead of the red one".split(), [6], [1])
        True
        >>> runs_forward("keep red instead of blue".split(), [1], [4])
        False
    """
    old, new = min(olds), min(news)
    for place in olds if old > new else ():
        later = next((one for one in news if one > place), None)
        if later is not None and _RUNS_FORWARD.search(" ".join(words[max(0, place - 5) : later])):
            return True
    if old < new:
        return not _TURNED_ROUND.search(" ".join(words[old:new]))
    if _SENDS.search(" ".join(words[:old]) + " "):
        return True
    if _FOR_IT.search(" ".join(words[max(olds) + 1 : max(olds) + 14])):
        return True
    back = " ".join(words[new:old])
    if REVERSED.search(back):
        return True
    around = " ".join(words[max(0, new - 8) : old])
    return bool(_NEW_ONE.search(around) and _OLD_ONE.search(back))
