"""The novice of the retail domain: the oracle with a beginner's faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np

from toolgym.domain import Domain
from toolgym.scripted.novice import ScriptedNovice
from toolgym.scripted.oracle import Talk
from toolgym.tasks import Task
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import OrderRef, Place, Request
from toolgym_retail.oracle import Oracle
from toolgym_retail.records import Reason


class Novice(ScriptedNovice[Request], Oracle):
    """Plays like the oracle of the shop, and slips."""

    excuse = "The customer needs help."

    def __init__(
        self, domain: Domain, task: Task, rng: np.random.Generator, *, figures: bool = True, **options: Any
    ) -> None:
        super().__init__(domain, task, rng, **options)
        self.figures = figures

    @property
    def wrong_choices(self) -> Mapping[str, Callable[[Request], Request | None]]:
        """What it takes for a wish instead."""
        return {
            "wrong_variant": self._other_variant,
            "item_from_another_record": self._other_item,
            "invalid_argument": self._invalid,
            "wrong_record": self._other_record,
            "misattributed_item": self._like_item,
            "wrong_detail": self._other_detail,
            "spent_on_part": self._part,
        }

    def look_around(self, wish: Request, pattern: str) -> Talk:
        """Look at the customer's other orders, from which it takes the wrong one."""
        if pattern not in ("item_from_another_record", "wrong_record", "misattributed_item"):
            return
        for order_id in self._other_orders(wish):
            if order_id not in self.records:
                self.records[order_id] = yield from self.call("get_order_details", order_id=order_id)

    def looks_up(self, tool: str) -> bool:
        """Whether a tool is a look-up that it may make twice: of a record, not of who the customer is."""
        return tool.startswith("get_")

    def needless_question(self, wish: Request) -> str:
        """How it asks for the number of an order that the customer knows by a clue alone."""
        order = wish.order
        if order is None or order.known or order.id in self.records:
            return ""
        return "Could you please give me the order number?"

    def against_policy(self, wish: Request) -> Request:
        """What is asked; it keeps quiet about the reason that it gives for a cancellation."""
        if wish.kind != "cancel":
            return wish
        return wish.model_copy(update={"reason": wish.reason or "no longer needed"})

    def _other_orders(self, wish: Request) -> list[str]:
        return [order for order in self.user.get("orders", ()) if wish.order is not None and order != wish.order.id]

    def _mistakable(self, wish: Request) -> list[str]:
        """Other orders to which the same could be done; if there is none, any."""
        status = self.records[wish.order.id]["status"] if wish.order is not None else ""
        others = self._other_orders(wish)
        return [order for order in others if self.records[order]["status"] == status] or others

    def _other_variant(self, wish: Request) -> Request | None:
        changed = [item for item in wish.items if item.new_item_id is not None]
        item = self.pick(changed)
        if item is None:
            return None
        variants = self.records[self.product_of(wish, item.item_id)]["variants"].values()
        others = [
            one for one in variants if one["available"] and one["item_id"] not in (item.item_id, item.new_item_id)
        ]
        chosen = self.pick(others)
        if chosen is None:
            return None
        new = item.becoming(chosen)
        return wish.model_copy(update={"items": tuple(new if one is item else one for one in wish.items)})

    def _other_item(self, wish: Request) -> Request | None:
        """A unit of another order that it has looked at, put into the call of this one."""
        if wish.kind not in ITEM_KINDS or wish.order is None:
            return None
        own = {unit["item_id"] for unit in self.records[wish.order.id]["items"]}
        foreign = [
            unit
            for order in self._other_orders(wish)
            for unit in self.records.get(order, {}).get("items", ())
            if unit["item_id"] not in own
        ]
        unit = self.pick(foreign)
        if unit is None:
            return None
        return wish.model_copy(update={"items": (wish.items[0].as_unit(unit), *wish.items[1:])})

    def _invalid(self, wish: Request) -> Request | None:
        """An order number without its mark, or a payment method that is nobody's."""
        if wish.payment is not None and self.rng.random() < 0.5:
            return wish.model_copy(update={"payment": wish.payment.model_copy(update={"id": wish.payment.source})})
        if wish.order is None:
            return None
        return wish.model_copy(update={"order": wish.order.model_copy(update={"id": wish.order.id.removeprefix("#")})})

    def _other_detail(self, wish: Request) -> Request | None:
        """Another payment method of the customer's, the other reason, or the address that it has already."""
        if wish.payment is not None:
            used = wish.payment.id
            other = self.pick([method for method in self.facts.methods if method.id != used])
            return None if other is None else wish.model_copy(update={"payment": other})
        if wish.reason is not None:
            return wish.model_copy(update={"reason": next(one for one in get_args(Reason) if one != wish.reason)})
        if wish.address is not None and wish.order is not None:
            return wish.model_copy(update={"address": Place(**self.user["address"])})
        return None

    def _part(self, wish: Request) -> Request | None:
        """The first of several units alone, which leaves the others to a call that will be refused."""
        if wish.kind not in ITEM_KINDS or len(wish.items) < 2:
            return None
        return wish.model_copy(update={"items": wish.items[:1]})

    def _other_record(self, wish: Request) -> Request | None:
        """Another order of the customer in the place of the right one."""
        other = self.pick(self._mistakable(wish))
        if other is None or wish.kind in ITEM_KINDS:
            return None
        return wish.model_copy(update={"order": OrderRef(id=other)})

    def _like_item(self, wish: Request) -> Request | None:
        """The same kind of item in another order."""
        if wish.kind not in ITEM_KINDS:
            return None
        for order_id in self._mistakable(wish):
            units = self.records[order_id]["items"]
            found = [next((unit for unit in units if unit["name"] == item.product), None) for item in wish.items]
            items = [
                item.as_unit(unit)
                for item, unit in zip(wish.items, found, strict=True)
                if unit is not None and unit["item_id"] != item.new_item_id
            ]
            if len(items) == len(wish.items):
                return wish.model_copy(update={"order": OrderRef(id=order_id), "items": tuple(items)})
        return None

    def cost(self, wish: Request) -> float | None:
        """What the new variants cost more; a novice names no difference that it cannot work out."""
        try:
            return super().cost(wish)
        except (KeyError, StopIteration):
            return None
