"""Draws goals: which customer of a world calls, what it wants, and how it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from toolgym.database import Rows
from toolgym.generation import Difficulty
from toolgym.worlds import Dice
from toolgym_retail.facts import Facts, Manner
from toolgym_retail.goals.difficulties import MAKERS
from toolgym_retail.goals.recipes import RECIPES, Draft, acts_instead
from toolgym_retail.goals.shopper import Shopper

_MANNERS: dict[Manner, float] = {"plain": 0.34, "friendly": 0.2, "terse": 0.18, "chatty": 0.16, "annoyed": 0.12}


@dataclass
class Goal:
    """What one customer wants in one call.

    Args:
        kind: The recipe's name.
        facts: What the customer knows and wants.
        user_id: Who it is.
        difficulties: What makes it hard.
    """

    kind: str
    facts: Facts
    user_id: str
    difficulties: tuple[str, ...] = ()


class GoalExplorer:
    """Looks for feasible goals in one world.

    Args:
        rows: The world.
        dice: Everything random comes from it.
    """

    def __init__(self, rows: Rows, dice: Dice) -> None:
        self._shopper = Shopper(rows, dice)

    def draw(self, kind: str, attempts: int = 400) -> Goal | None:
        """A goal of a recipe, or None if the world has none.

        Args:
            kind: A key of :data:`RECIPES`.
            attempts: How many customers to try.
        """
        shopper = self._shopper
        ids = list(shopper.users)
        for _ in range(attempts):
            shopper.user = shopper.users[shopper.dice.pick(ids)]
            draft = RECIPES[kind](shopper)
            if draft is not None:
                return self._goal(kind, draft)
        return None

    def inject(self, injector: str, dose: Difficulty, attempts: int = 1500) -> Goal | None:
        """A goal that stresses a failure pattern, or None if the world has none.

        Args:
            injector: A key of :data:`~toolgym_retail.goals.difficulties.MAKERS`.
            dose: How hard.
            attempts: How many customers to try.
        """
        shopper = self._shopper
        ids = list(shopper.users)
        for _ in range(attempts):
            shopper.user = shopper.users[shopper.dice.pick(ids)]
            draft = MAKERS[injector](shopper, dose)
            if draft is not None:
                return self._goal(injector, draft)
        return None

    def twin(self, goal: Goal, attempts: int = 200) -> Goal | None:
        """For a goal whose right answer is to refuse, a near one of the same customer whose right answer is to act."""
        refused, *others = goal.facts.requests
        self._shopper.user = self._shopper.users[goal.user_id]
        for _ in range(attempts):
            request = acts_instead(self._shopper, refused)
            if request is not None:
                requests = [request, *(other for other in others if other.kind == "question")]
                draft = Draft(requests, ["twin of a refusal"], goal.facts.upfront)
                return self._goal("act_" + goal.kind.removeprefix("refuse_"), draft, goal.facts)
        return None

    def _goal(self, kind: str, draft: Draft, like: Facts | None = None) -> Goal:
        """The goal of a draft; the customer speaks like that of other facts, or in a way that is drawn."""
        user, orders, dice = self._shopper.user, self._shopper.orders, self._shopper.dice
        identifies_by: Literal["email", "name_zip"] = "email"
        if like is not None:
            identifies_by, manner, detail = like.identifies_by, like.manner, like.detail
        else:
            identifies_by = "email" if dice.chance(0.4) else "name_zip"
            manner = dice.weighted(_MANNERS)
            detail = "full" if dice.chance(0.4) else "brief"
        facts = Facts(
            first_name=user["name"]["first_name"],
            last_name=user["name"]["last_name"],
            zip=user["address"]["zip"],
            email=user["email"],
            identifies_by=identifies_by,
            manner=draft.manner or manner,
            detail=draft.detail or detail,
            upfront=min(draft.upfront, len(draft.requests)),
            requests=tuple(draft.requests),
            methods=tuple(self._shopper.method(method) for method in user["payment_methods"]),
            orders={order: tuple(item["name"] for item in orders[order]["items"]) for order in user["orders"]},
        )
        return Goal(kind, facts, user["user_id"], tuple(draft.difficulties))
