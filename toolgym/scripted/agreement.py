"""Whether what an assistant says agrees with what a user wants, detail by detail, by the judgements of a domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from toolgym.language.deeds import tells_deed, tells_past
from toolgym.language.text import holds_token, sentences
from toolgym.scripted.facts import QUESTION, R

W = TypeVar("W")

BORDER = r"(?<=[.!?;])\s+|\n+|(?<!\s)\s+(?=\d\) )|(?<=\n)[^\S\n]+(?=\d\) )"
"""A pattern of where a piece of a text ends in any domain: after a sentence, at a line's end, before ``1) ``."""
_PIECE = re.compile(rf"{BORDER}|, and (?=(?:then|also|second|the|i)\b)|, then ")


@dataclass(frozen=True)
class Agreement:
    """How a text compares with a wish.

    Args:
        wrong: What contradicts it, such as ``"order"`` or ``"payment"``; empty if nothing does.
        shown: What of it the text states, so that the user can recognise it.
    """

    wrong: tuple[str, ...]
    shown: frozenset[str]


def _any_kind(wish: Any) -> str:
    return str(wish.kind)


@dataclass(frozen=True)
class Judgements(Generic[R]):
    """How a domain compares a text with a wish, and how surely the text means it.

    Args:
        compare: Compares a text with a wish; :func:`judge` does so with one function for each detail.
        weights: How surely a stated detail tells that a request is meant, at least 1.
        deeds: By kind of request, how it is said that one of that kind was done; see ``deed_of``.
        deed_of: Which of the deeds fulfils a wish; by default that of its kind.
        vague: Kinds whose word alone does not tell that a request is meant.
        pieces: Where what a text says of one request may end and the next begin.
        reports: Whether a sentence says that something was done; a domain with verbs of its own gives
            :meth:`~toolgym.language.topics.Topics.reports`.
        answers: Whether a text may answer a question; by default whether it holds the answer.
    """

    compare: Callable[[str, R], Agreement]
    weights: Mapping[str, int]
    deeds: Mapping[str, re.Pattern[str]]
    deed_of: Callable[[R], str] = _any_kind
    vague: AbstractSet[str] = frozenset()
    pieces: re.Pattern[str] = _PIECE
    reports: Callable[[str], bool] = tells_deed
    answers: Callable[[str, R], bool] = field(default=lambda text, wish: holds_token(text, wish.answer))

    def touches(self, text: str, wish: R) -> int:
        """How much a text speaks of a request: the more, the higher; 0 if nothing points to it."""
        return self.weight(self.compare(text, wish), wish)

    def weight(self, found: Agreement, wish: R) -> int:
        """How much a text that was compared with a request speaks of it."""
        shown = found.shown - {"kind"} if wish.kind in self.vague else found.shown
        return sum(self.weights.get(detail, 0) for detail in shown)

    def shares(self, text: str, wishes: Sequence[R]) -> dict[int, str]:
        """What a text says of each of several requests, by their numbers; those that it does not speak of are left out.

        A sentence or clause belongs to the request that it touches most, or else to that of the one before. What comes
        before any that can be told so belongs to all.
        """
        owner: int | None = None
        said: dict[int, list[str]] = {}
        common: list[str] = []
        scored: dict[str, list[int]] = {}
        for piece in filter(str.strip, self.pieces.split(text)):
            if piece not in scored:
                scored[piece] = [self.touches(piece, wish) for wish in wishes]
            scores = scored[piece]
            best = max(scores)
            if best > 1 and scores.count(best) == 1:
                owner = scores.index(best)
            if owner is None:
                common.append(piece)
            else:
                said.setdefault(owner, []).append(piece)
        return {number: "\n".join([*common, *pieces]) for number, pieces in sorted(said.items())}

    def tells_done(self, text: str, wish: R, *, by_name: bool = False) -> bool:
        """Whether a text says that a request was fulfilled.

        Args:
            text: The message.
            wish: The request.
            by_name: Whether it must name what it speaks of, since it may speak of another request.
        """
        if wish.kind == QUESTION:
            return False
        deed = self.deeds[self.deed_of(wish)]
        for part in dict.fromkeys(sentences(text)):
            if "?" not in part and self.reports(part) and deed.search(part):
                found = self.compare(part, wish)
                if "kind" in found.shown and not found.wrong and (not by_name or self.weight(found, wish) > 1):
                    return True
        return False

    def reports_deed(self, text: str) -> bool:
        """Whether a text says that anything was done that a user may want, and not only looked up."""
        return any(map(self._is_report, sentences(text)))

    def without_reports(self, text: str) -> str:
        """A message without the sentences that say what was done: they are no part of what it proposes."""
        return "\n".join(part for part in sentences(text) if not (self._is_report(part) and tells_past(part)))

    def _is_report(self, part: str) -> bool:
        deeds = any(deed.search(part) for deed in self.deeds.values())
        return deeds and "?" not in part and self.reports(part)


def judge(wish_text: W, shown: AbstractSet[str], judgements: Mapping[str, Callable[[W], bool]]) -> Agreement:
    """Judge a text that was read against a wish, one detail after the other.

    Args:
        wish_text: The text and the wish, as the judgements read them.
        shown: What of the wish the text states; judgements may add to it as they go.
        judgements: For each detail whether it is contradicted; the first that is wrong is the one that is corrected.
    """
    wrong = tuple(detail for detail, is_wrong in judgements.items() if is_wrong(wish_text))
    return Agreement(wrong, frozenset(shown))
