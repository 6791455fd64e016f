"""Assistants and customers that are no good, to see that nothing pays for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from toolgym.domain import Domain
from toolgym.language.consent import says_yes
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym_retail import speech
from toolgym_retail.facts import OrderRef, Request
from toolgym_retail.oracle import Oracle, Talk

Style: TypeAlias = Literal[
    "number", "item", "contents", "clue", "proposal", "full proposal", "long proposal", "listed proposal"
]


class Enumerator(Oracle):
    """Knows everything but which order is meant, and asks the customer about one candidate after the other.

    Args:
        style: ``"number"`` asks by the number, ``"item"`` by number and item, ``"contents"`` by all that the order
            holds, ``"clue"`` repeats the customer's own clue; ``"proposal"`` proposes the whole action for each, and
            ``"full proposal"`` tells all that it knows of the order with it, ``"long proposal"`` in a sentence each and
            ``"listed proposal"`` in a list.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, *, style: Style) -> None:
        super().__init__(domain, task, rng, wording="plain")
        self.style = style

    def find_order(self, wish: Request) -> Talk:
        """See Oracle; here the order is what the customer says yes to."""
        order = wish.order
        if order is None or order.known:
            return (yield from super().find_order(wish))
        for order_id in self.user["orders"]:
            self.records[order_id] = yield from self.call("get_order_details", order_id=order_id)
        return self.records[order.id]

    def act(self, wish: Request) -> Talk:
        """See Oracle; here it goes through the candidates."""
        if wish.order is None or wish.order.known:
            return (yield from super().act(wish))
        candidates = [order_id for order_id in self.user["orders"] if self._fits(wish, self.records[order_id])]
        for place in self.rng.permutation(len(candidates)):
            guess = self._guess(wish, self.records[candidates[int(place)]])
            reply = yield from self.say(self._question(wish, guess))
            if says_yes(reply):
                yield from self.do(guess)
                return True
        return True

    def _fits(self, wish: Request, order: Mapping[str, Any]) -> bool:
        right = self.records[wish.order.id] if wish.order is not None else {}
        names = {item["name"] for item in order["items"]}
        return order["status"] == right["status"] and (
            wish.kind not in ("return", "exchange", "modify_items") or all(item.product in names for item in wish.items)
        )

    def _guess(self, wish: Request, order: Mapping[str, Any]) -> Request:
        items = []
        for item in wish.items:
            unit = next((unit for unit in order["items"] if unit["item_id"] == item.item_id), None)
            unit = unit or next((unit for unit in order["items"] if unit["name"] == item.product), None)
            if unit is not None:
                items.append(item.model_copy(update={"item_id": unit["item_id"], "options": dict(unit["options"])}))
        return wish.model_copy(update={"order": OrderRef(id=order["order_id"]), "items": tuple(items)})

    def _question(self, wish: Request, guess: Request) -> str:
        assert guess.order is not None
        order = self.records[guess.order.id]
        if self.style == "number":
            return f"Do you mean order {guess.order.id}?"
        if self.style == "item" and guess.items:
            return f"Is it {speech.unit(guess.items[0])} from order {guess.order.id}?"
        if self.style == "clue" and wish.order is not None:
            return f"Is order {guess.order.id} {wish.order.clue}?"
        text = self.proposal(guess)
        names = ", ".join(f"the {item['name']}" for item in order["items"])
        total = sum(item["price"] for item in order["items"])
        listed = (
            f"Order {guess.order.id} contains {names}, came to ${total:.2f} and went to {order['address']['city']}."
        )
        if self.style == "contents":
            return f"{listed} Is it this one?"
        if self.style == "full proposal":
            return f"{listed} {text}"
        city = order["address"]["city"]
        if self.style == "long proposal":
            return f"Order {guess.order.id} contains {names}. It came to ${total:.2f}. It was sent to {city}. {text}"
        if self.style == "listed proposal":
            return f"- Order: {guess.order.id}\n- Contents: {names}\n- Total: ${total:.2f}\n- Sent to: {city}\n\n{text}"
        return text

    def cost(self, wish: Request) -> float | None:
        """See Oracle; a guess may be about units that have no such variant."""
        try:
            return super().cost(wish)
        except (KeyError, StopIteration):
            return None


class Mute:
    """A customer that says nothing of use."""

    privileged = False

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self._left = 12

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent."""
        self._left -= 1
        return Message("user", "…" if self._left else "… ###STOP###")
