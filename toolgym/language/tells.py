"""What an assistant's message tells: what was done, what cannot be, what is gone, to whom it hands over."""

from __future__ import annotations

from dataclasses import dataclass

from toolgym.language import statement_cues as tell
from toolgym.language.aside_cues import BIDS, CONDITION, IN_CASE
from toolgym.language.asks import Whole
from toolgym.language.question_cues import IMPERATIVE, WH


@dataclass(frozen=True)
class Told:
    """What a message tells, beside what it asks.

    Args:
        reported: Whether something was done.
        declined_by: The sentences that say that something will not be done.
        sold_out: Whether what was wanted cannot be had.
        hands_over: Whether the user is handed over to somebody else.
    """

    reported: bool
    declined_by: tuple[str, ...]
    sold_out: bool
    hands_over: bool

    @classmethod
    def by(cls, message: Whole) -> Told:
        """What a message tells."""
        topics = message.topics
        distinct = list(dict.fromkeys(message.texts))
        gone = next(
            (place for place, part in enumerate(distinct) if topics.says_gone(part) and not CONDITION.match(part)), None
        )
        # "We have these ... Two more are sold out" is no news of what was wanted.
        sold_out = gone is not None and not any(
            tell.TO_BE_HAD.search(part) or (refuses(part) and not topics.says_gone(part)) for part in distinct[:gone]
        )
        return cls(
            any("?" not in part and topics.reports(part) for part in distinct),
            () if sold_out else tuple(filter(declines, distinct)),
            sold_out,
            any(map(_hands_over, distinct)),
        )

    @property
    def declined(self) -> bool:
        """Whether something will not be done."""
        return bool(self.declined_by)

    @property
    def flags(self) -> tuple[bool, bool, bool]:
        """Whether it reports, declines, and says that something is gone."""
        return self.reported, self.declined, self.sold_out


def refuses(part: str) -> bool:
    """Whether a sentence says that something will not be done.

    Not that something was not found, nor a caution, nor what will not be possible afterwards.
    """
    if not tell.CANNOT.search(part) or tell.CAUTION.match(part):
        return False
    if tell.UNTIL.search(part) and not tell.SORRY.search(part):
        return False
    if tell.NOT_FOUND.search(part) and not tell.TURNED_DOWN.search(part):
        return False
    return not tell.AGAIN.search(part) or tell.BECAUSE.search(part)


def declines(part: str) -> bool:
    """Whether a sentence says that something will not be done, or asks for something else in its place."""
    return refuses(part) or _wants_other(part)


def _wants_other(part: str) -> bool:
    """Whether a sentence asks for something else in the place of what was wanted."""
    if not tell.OTHER_WANTED.search(part) or CONDITION.match(part) or IN_CASE.search(part) or " or " in part:
        return False
    return bool(WH.match(part) or IMPERATIVE.match(part) or BIDS.match(part))


def _hands_over(part: str) -> bool:
    return tell.TRANSFER.search(part) and not tell.NO_TRANSFER.search(part)
