"""Whether what an assistant says agrees with what a user wants, detail by detail, by the judgements of a domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from toolgym.language.deeds import tells_deed, tells_past
from toolgym.language.parts import Part, Passage, later, parts_of
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
        doubtful: What of it the text leaves open: it may be meant as wanted, or otherwise.
    """

    wrong: tuple[str, ...]
    shown: frozenset[str]
    doubtful: frozenset[str] = frozenset()


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
        record: Details that tell of which record a request is, such as ``"order"``.
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
    record: AbstractSet[str] = frozenset()
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
        before any that can be told so belongs to all. What is left alone or told by the way begins nothing, and what
        is said of a request of which nothing is proposed belongs to the proposal that it stands in.
        """
        parts = [
            Part(piece, part.label, part.role)
            for part in parts_of(text)
            for piece in filter(str.strip, self.pieces.split(part.text))
        ]
        if len(wishes) > 1:
            parts = [part for part in parts if not later(part.text)] or parts
        written = [number for number, wish in enumerate(wishes) if wish.kind != QUESTION]
        if len(written) < len(wishes) and any(self.proposes(text, wishes[number]) for number in written):
            asked = [wish for wish in wishes if wish.kind == QUESTION]
            parts = [part for part in parts if not any(self.answers(part.text, wish) for wish in asked)]
            if len(written) == 1:
                return {written[0]: Passage.of(parts)}
        else:
            written = list(range(len(wishes)))
        owners = self._owners(parts, {number: wishes[number] for number in written})
        if len(set(owners) - {None}) > 1:
            alone = self._alone(parts, {number: wishes[number] for number in written})
            if alone is not None:
                return {alone: Passage.of(parts)}
        return {
            number: Passage.of([part for part, owner in zip(parts, owners, strict=True) if owner in (number, None)])
            for number in sorted({owner for owner in owners if owner is not None})
        }

    def _alone(self, parts: Sequence[Part], wishes: Mapping[int, R]) -> int | None:
        """The one of several requests that all of a text agrees with, where it names the record of none of the others.

        Two may be about things of the same name: then it is the record that tells them apart.
        """
        if len(wishes) < 2:
            return None
        found = {number: self.compare(Passage.of(parts), wish) for number, wish in wishes.items()}
        named = [number for number, one in found.items() if one.shown & self.record]
        if len(named) != 1 or found[named[0]].wrong or not self.proposes(Passage.of(parts), wishes[named[0]]):
            return None
        others = [one for number, one in found.items() if number != named[0]]
        return named[0] if all(self.record & set(one.wrong) for one in others) else None

    def _owners(self, parts: Sequence[Part], wishes: Mapping[int, R]) -> list[int | None]:
        """To which request each part belongs, by its number; None if to all."""
        owner: int | None = None
        owners: list[int | None] = []
        scored: dict[str, list[int]] = {}
        for part in parts:
            if part.role not in ("left", "note"):
                if part.text not in scored:
                    scored[part.text] = [self.touches(Passage.of([part]), wish) for wish in wishes.values()]
                scores = scored[part.text]
                best = max(scores)
                if best > 1 and scores.count(best) == 1:
                    owner = list(wishes)[scores.index(best)]
            owners.append(owner)
        own = {
            number: [part for part, owner in zip(parts, owners, strict=True) if owner in (number, None)]
            for number in dict.fromkeys(owner for owner in owners if owner is not None)
        }
        proposed = {
            number: wishes[number] for number, said in own.items() if self.proposes(Passage.of(said), wishes[number])
        }
        if len(own) < 2 or not proposed:
            return owners
        said = {number: self.compare(Passage.of(own[number]), wish).shown for number, wish in proposed.items()}
        for number, wish in list(proposed.items()):
            # "Order #W2 can be cancelled. ... I would cancel it, with the sofa, as it's no longer needed."
            alike = [
                other
                for other, one in proposed.items()
                if other != number and self.deed_of(one) == self.deed_of(wish) and not said[other] & self.record
            ]
            if alike and said[number] <= self.record | {"kind"}:
                del proposed[number]
        return _given_to_next(owners, proposed)

    def proposes(self, text: str, wish: R) -> bool:
        """Whether a text says that a request will be fulfilled, and more of it than its record."""
        found = self.compare(text, wish)
        bare = Agreement((), found.shown - self.record)
        return "kind" in found.shown and self.weight(bare, wish) > 0

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
        for part in dict.fromkeys(part.text for part in parts_of(text) if part.role != "left"):
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
        return Passage.of(
            [part for part in parts_of(text) if not (self._is_report(part.text) and tells_past(part.text))]
        )

    def _is_report(self, part: str) -> bool:
        deeds = any(deed.search(part) for deed in self.deeds.values())
        return deeds and "?" not in part and self.reports(part)


def _given_to_next(owners: Sequence[int | None], proposed: Collection[int]) -> list[int | None]:
    """The owners of parts, where those of whom nothing is proposed give theirs to the one before, or else after."""
    first = next((owner for owner in owners if owner in proposed), None)
    kept: list[int | None] = []
    last = first
    for owner in owners:
        last = owner if owner in proposed else last
        kept.append(None if owner is None else last)
    return kept


def judge(
    wish_text: W,
    shown: AbstractSet[str],
    judgements: Mapping[str, Callable[[W], bool]],
    doubtful: AbstractSet[str] = frozenset(),
) -> Agreement:
    """Judge a text that was read against a wish, one detail after the other.

    Args:
        wish_text: The text and the wish, as the judgements read them.
        shown: What of the wish the text states; judgements may add to it as they go.
        judgements: For each detail whether it is contradicted; the first that is wrong is the one that is corrected.
        doubtful: What the text leaves open; judgements may add to it too.
    """
    wrong = tuple(detail for detail, is_wrong in judgements.items() if is_wrong(wish_text))
    return Agreement(wrong, frozenset(shown), frozenset(doubtful))
