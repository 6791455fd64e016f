"""Callers, drafts and goals: who calls, what a call is made of, and what is to be achieved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from toolgym.database import Record
from toolgym.scripted.facts import Facts, Manner, R, stages
from toolgym.worlds import Dice

Detail: TypeAlias = Literal["brief", "full"]
"""Whether a user names the particulars of a request unasked (full), or only what it is about (brief)."""


F = TypeVar("F", bound=Facts[Any])


@dataclass
class Draft(Generic[R]):
    """What a recipe has drawn.

    Args:
        requests: What the user wants.
        difficulties: What makes it hard.
        upfront: How many of the requests it names at first.
        detail: Whether it names the particulars unasked; None: it is drawn.
        manner: How the user speaks; None: it is drawn.
    """

    requests: list[R]
    difficulties: list[str] = field(default_factory=list)
    upfront: int = 1
    detail: Detail | None = None
    manner: Manner | None = None


@dataclass(frozen=True)
class Goal(Generic[F]):
    """What one user wants in one call.

    Args:
        kind: The name of the recipe or of the injector.
        facts: What the user knows and wants.
        user_id: Who it is.
        difficulties: What makes it hard.
    """

    kind: str
    facts: F
    user_id: str
    difficulties: tuple[str, ...] = ()


class Caller(ABC, Generic[R, F]):
    """One user of a world after another, and the feasible requests that each may make.

    A domain's subclass brings the requests; recipes and doses put calls together from them.

    Args:
        users: The world's users by id.
        dice: Everything random comes from it.
    """

    def __init__(self, users: Mapping[str, Record], dice: Dice) -> None:
        self.users = users
        self.dice = dice
        self.user: Record = {}
        """Who it is now."""
        self.user_id = ""

    def become(self, user_id: str) -> None:
        """Make this the present user.

        Args:
            user_id: A key of ``users``.
        """
        self.user_id, self.user = user_id, self.users[user_id]

    @abstractmethod
    def any_write(self) -> R | None:
        """A feasible request of whatever kind that changes something; None if the draw gave none."""

    @abstractmethod
    def ask(self) -> R | None:
        """A question that a tool answers and that changes nothing; None if the draw gave none."""

    @abstractmethod
    def changes(self, request: R) -> set[str]:
        """The records that a request changes, whatever was wanted before or is taken instead."""

    @abstractmethod
    def facts(self, draft: Draft[R], like: F | None = None) -> F:
        """What the present user knows and wants.

        Args:
            draft: What was drawn.
            like: Facts of another call; the user then speaks and identifies as there, and nothing is drawn.
        """

    def answers_move(self, requests: Sequence[R]) -> bool:
        """Whether a request changes what another one asks, so that its answer depends on when it is given."""
        return False

    def touched(self, *requests: R) -> set[str]:
        """The records that requests change, in whatever stage."""
        found = set[str]()
        for request in requests:
            for stage in stages(request):
                found |= self.changes(stage)
        return found


MANNERS: Mapping[Manner, float] = {"plain": 0.34, "friendly": 0.2, "terse": 0.18, "chatty": 0.16, "annoyed": 0.12}
"""How often users speak in each manner."""


def speech(draft: Draft[R], like: Facts[R] | None, dice: Dice) -> dict[str, Any]:
    """How a user speaks and what it wants: the values that every domain's facts have.

    Args:
        draft: What was drawn; what it says of manner and detail goes first.
        like: Facts of another call whose manner and detail are taken over; None: both are drawn.
        dice: Everything random comes from it.
    """
    manner: Manner = like.manner if like is not None else dice.weighted(MANNERS)
    detail: Detail = like.detail if like is not None else "full" if dice.chance(0.4) else "brief"
    return {
        "manner": draft.manner or manner,
        "detail": draft.detail or detail,
        "upfront": min(draft.upfront, len(draft.requests)),
        "requests": tuple(draft.requests),
    }
