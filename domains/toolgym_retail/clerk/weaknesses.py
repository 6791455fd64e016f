"""Where a clerk slips, and into what: by the situation, as it can be seen in its view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolgym.patterns import PATTERNS
from toolgym.scripted.novice import checked_rates
from toolgym_retail.clerk.memory import Memory, SeenRecord, holding
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import ItemRef, OrderRef, Place, Request

_ON_REQUEST = ("wrong_detail", "spent_on_part", "ended_early", "no_lookup", "wrong_figure", "refused_allowed")
RATES: dict[str, float] = {**dict.fromkeys(PATTERNS, 0.5), **dict.fromkeys(_ON_REQUEST, 0.0)}
"""How often each slip is made in its hard spot; some are made only by a clerk that is given a rate for them."""
CALM = 0.02
"""How often it is made elsewhere, and never more often than in its hard spot."""
MENDS = 0.3
"""How often a clerk tries again rightly after a tool has refused its own slip."""
SPOKEN = 0.4
"""How often a wrong choice shows in the proposal already, where the customer can object."""
REPEATS = 4
"""How often in all the same refused call is made."""


@dataclass(frozen=True)
class Situation:
    """What a clerk sees of a request at the moment at which it may slip.

    Args:
        request: The request as it was understood.
        memory: What was read.
        named: Whether the customer said the number of the order.
        asked: How many questions were needed for it.
        place: Which request of the dialogue it is, from 0.
        known: How many requests are known.
        at_first: How many of them stood in the customer's first message.
    """

    request: Request
    memory: Memory
    named: bool
    asked: int
    place: int
    known: int
    at_first: int

    @property
    def order(self) -> SeenRecord:
        """The record of the order; empty without one."""
        order = self.request.order
        return self.memory.orders.get(order.id, {}) if order is not None else {}

    @property
    def others(self) -> list[SeenRecord]:
        """The customer's other orders."""
        return self.memory.others(self.order.get("order_id", ""))

    @property
    def alike(self) -> list[SeenRecord]:
        """Those of the same status."""
        return [other for other in self.others if other["status"] == self.order.get("status")]

    @property
    def names(self) -> set[str]:
        """The products that the request is about."""
        return {item.product for item in self.request.items}


def _many_changes(seen: Situation) -> bool:
    changed = [item for item in seen.request.items if item.new_item_id is not None]
    return len(changed) >= 2 or sum(len(item.wanted) for item in changed) >= 3


def _like_item_near(seen: Situation) -> bool:
    return len(seen.request.items) >= 2 and bool(holding(seen.others, seen.names))


def _many_methods(seen: Situation) -> bool:
    sources = [method["source"] for method in seen.memory.methods.values()]
    return len(sources) >= 3 or len(set(sources)) < len(sources)


def _near_detail(seen: Situation) -> bool:
    address = seen.request.address
    if address is not None:
        return bool(seen.order) and seen.order["address"]["address1"] == address.address1
    return _many_methods(seen)


def _like_orders(seen: Situation) -> bool:
    return not seen.named and len(seen.alike) >= 2


def _like_unit(seen: Situation) -> bool:
    return len(seen.request.items) == 1 and bool(holding(seen.alike, seen.names))


def _several_units(seen: Situation) -> bool:
    return len(seen.request.items) >= 2


def _sounds_forbidden(seen: Situation) -> bool:
    """Whether an order was placed by mistake, or a refund goes to a gift card that did not pay: both are allowed."""
    if seen.request.kind == "cancel":
        return seen.request.reason == "ordered by mistake"
    payment = seen.request.payment
    paid_by = {entry["payment_method_id"] for entry in seen.order.get("payment_history", ())}
    return (
        seen.request.kind == "return"
        and payment is not None
        and payment.source == "gift_card"
        and payment.id not in paid_by
    )


def _all_said(seen: Situation) -> bool:
    return seen.asked == 0


def _long_list(seen: Situation) -> bool:
    return seen.place > 0 and (seen.known >= 3 or seen.at_first >= 2)


SPOTS: dict[str, Callable[[Situation], bool]] = {
    "wrong_variant": _many_changes,
    "item_from_another_record": _like_item_near,
    "invalid_argument": _many_methods,
    "wrong_detail": _near_detail,
    "wrong_record": _like_orders,
    "misattributed_item": _like_unit,
    "spent_on_part": _several_units,
    "no_confirmation": _all_said,
    "ended_early": _long_list,
    "said_not_done": _long_list,
    "refused_allowed": _sounds_forbidden,
}
"""The hard spots that are told from a request; the others are where the clerk has to tell something, or to refuse."""


class Weaknesses:
    """Draws the slips of one clerk.

    Args:
        rng: Everything random comes from it.
        rates: Chances in the hard spots by pattern, in ``[0, 1]``; those left out are 0. By default :data:`RATES`.
        calm: The chance elsewhere, in ``[0, 1]``; for each pattern at most its rate. By default :data:`CALM`.

    Raises:
        ValueError: If a rate is of an unknown pattern, or a chance is out of range.
    """

    def __init__(
        self, rng: np.random.Generator, *, rates: Mapping[str, float] | None = None, calm: float | None = None
    ) -> None:
        self.rng = rng
        self.rates = RATES if rates is None else checked_rates(rates, PATTERNS)
        self.calm = CALM if calm is None else calm
        if not 0 <= self.calm <= 1:
            raise ValueError(f"calm must be a chance in [0, 1], got {calm!r}")

    def slips(self, pattern: str, *, hard: bool) -> bool:
        """Whether a slip is made now."""
        rate = self.rates.get(pattern, 0.0)
        return self.chance(rate if hard else min(self.calm, rate))

    def chance(self, chance: float) -> bool:
        """Whether something of a chance happens; nothing is drawn where it cannot."""
        return chance > 0 and bool(self.rng.random() < chance)

    def looks_around(self) -> bool:
        """Whether any slip can be made for which the customer's other orders must be known."""
        return any(
            self.rates.get(one, 0.0) for one in ("item_from_another_record", "wrong_record", "misattributed_item")
        )

    def pick(self, values: Sequence[Any]) -> Any:
        """One of some values; None if there are none."""
        return values[int(self.rng.integers(len(values)))] if values else None

    # Wrong choices

    def wrong_choice(self, seen: Situation, patterns: Sequence[str]) -> tuple[str, Request | None]:
        """The wrong choice that is made, and its pattern; an empty name and None if it is the right one.

        Args:
            seen: The situation.
            patterns: The patterns that may still be drawn.
        """
        for pattern in (one for one in WRONG_CHOICES if one in patterns):
            wrong = _MISTAKES[pattern](self, seen, SPOTS[pattern](seen))
            if wrong is not None:
                return pattern, wrong
        return "", None

    def _other_variants(self, seen: Situation, hard: bool) -> Request | None:
        """Other variants near those that are wanted, unit by unit."""
        items, changed = [], False
        for item in seen.request.items:
            near = _near(item, seen)
            if near and self.slips("wrong_variant", hard=hard):
                item, changed = item.becoming(self.pick(near)), True
            items.append(item)
        return seen.request.model_copy(update={"items": tuple(items)}) if changed else None

    def _other_item(self, seen: Situation, hard: bool) -> Request | None:
        """A unit of another order in the place of one of this; a like one, if there is one."""
        request = seen.request
        if request.kind not in ITEM_KINDS:
            return None
        own = {unit["item_id"] for unit in seen.order["items"]} | {item.new_item_id for item in request.items}
        foreign = [unit for other in seen.others for unit in other["items"] if unit["item_id"] not in own]
        foreign = [unit for unit in foreign if unit["name"] in seen.names] or foreign
        if not foreign or not self.slips("item_from_another_record", hard=hard):
            return None
        unit = self.pick(foreign)
        place = next((place for place, item in enumerate(request.items) if item.product == unit["name"]), 0)
        items = [item.as_unit(unit) if number == place else item for number, item in enumerate(request.items)]
        return request.model_copy(update={"items": tuple(items)})

    def _like_item(self, seen: Situation, hard: bool) -> Request | None:
        """The like unit of another order, and that order."""
        request = seen.request
        if request.kind not in ITEM_KINDS or len(request.items) != 1:
            return None
        item = request.items[0]
        found = [
            (other["order_id"], unit)
            for other in holding(seen.alike, seen.names) or holding(seen.others, seen.names)
            for unit in other["items"]
            if unit["name"] == item.product and unit["item_id"] not in (item.item_id, item.new_item_id)
        ]
        if not found or not self.slips("misattributed_item", hard=hard):
            return None
        order_id, unit = self.pick(found)
        return request.model_copy(update={"order": OrderRef(id=order_id), "items": (item.as_unit(unit),)})

    def _other_record(self, seen: Situation, hard: bool) -> Request | None:
        """Another order, of the same status if there is one."""
        request, others = seen.request, seen.alike or seen.others
        if request.order is None or request.kind in ITEM_KINDS or not others:
            return None
        if not self.slips("wrong_record", hard=hard):
            return None
        return request.model_copy(update={"order": OrderRef(id=self.pick(others)["order_id"])})

    def _source_word(self, seen: Situation, hard: bool) -> Request | None:
        """The name of a source in the place of a payment method's id."""
        used = seen.request.payment
        if used is None or not self.slips("invalid_argument", hard=hard):
            return None
        return seen.request.model_copy(update={"payment": used.model_copy(update={"id": used.source})})

    def _other_detail(self, seen: Situation, hard: bool) -> Request | None:
        """Another payment method of the customer's, or the address that the order has already."""
        request, used = seen.request, seen.request.payment
        found: list[dict[str, Any]] = []
        if used is not None:
            found = [{"payment": seen.memory.method(one)} for one in seen.memory.methods if one != used.id]
        elif request.address is not None and seen.order:
            present = Place(**seen.order["address"])
            found = [{"address": present}] if present != request.address else []
        if not found or not self.slips("wrong_detail", hard=hard):
            return None
        return request.model_copy(update=self.pick(found))

    def _part(self, seen: Situation, hard: bool) -> Request | None:
        """The first of several units alone."""
        request = seen.request
        if request.kind not in ITEM_KINDS or len(request.items) < 2:
            return None
        if not self.slips("spent_on_part", hard=hard):
            return None
        return request.model_copy(update={"items": request.items[:1]})


def _near(item: ItemRef, seen: Situation) -> list[SeenRecord]:
    """The available variants of a unit's product that differ least from the one that is wanted."""
    unit = next((unit for unit in seen.order.get("items", ()) if unit["item_id"] == item.item_id), None)
    if item.new_item_id is None or unit is None:
        return []
    wanted = item.new_options or {}
    ranked = [
        (sum(wanted.get(axis) != value for axis, value in variant["options"].items()), variant)
        for variant in seen.memory.products[unit["product_id"]]["variants"].values()
        if variant["available"] and variant["item_id"] not in (item.item_id, item.new_item_id)
    ]
    least = min((distance for distance, _ in ranked), default=0)
    return [variant for distance, variant in ranked if distance == least]


_MISTAKES: dict[str, Callable[[Weaknesses, Situation, bool], Request | None]] = {
    "wrong_variant": Weaknesses._other_variants,
    "item_from_another_record": Weaknesses._other_item,
    "misattributed_item": Weaknesses._like_item,
    "wrong_record": Weaknesses._other_record,
    "invalid_argument": Weaknesses._source_word,
    "wrong_detail": Weaknesses._other_detail,
    "spent_on_part": Weaknesses._part,
}
WRONG_CHOICES = tuple(_MISTAKES)
"""The patterns of wrong choices, in the order in which they are drawn; the first that is made is the only one."""
