"""What any assistant of the shop does by rules: it asks, looks things up, and finds out what is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolgym.scripted.assistant import ScriptedAssistant, Talk
from toolgym_retail.clerk import parsing
from toolgym_retail.clerk.memory import Memory, SeenRecord
from toolgym_retail.clerk.parsing import Wish, wishes_in
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import ItemRef, Method
from toolgym_retail.speech import SPEECH

_TRIES = 3
"""Times that it asks for the same thing."""


class RuleAssistant(ScriptedAssistant):
    """Talks with a customer and finds out what it wants, from what it may see alone.

    Args:
        wording: How it speaks.
    """

    speech = SPEECH

    def __init__(self, wording: str) -> None:
        super().__init__(wording)
        self.memory = Memory()
        self._wishes: list[Wish] = []
        """The requests that are known and not served yet."""
        self._stale = False
        """Whether a write may have changed the customer's record since it was read."""

    def call(self, name: str, /, **given: Any) -> Talk:
        """Call a tool; what comes back is its record, which is kept, or its text; empty if it was refused."""
        result = yield from super().call(name, **given)
        if self.was_refused:
            return ""
        if isinstance(result, Mapping):
            self.memory.keep(result)
        return result

    def hear(self, text: str) -> bool:
        """Take up the requests that the customer brings up: whether there are any."""
        found = wishes_in(text)
        for wish in reversed(found):
            again = next((one for one in self._wishes if one.is_again(wish)), None)
            if again is not None:
                again.said += wish.said
                again.otherwise = wish.otherwise or again.otherwise
            else:
                self._wishes.insert(0, wish)
        return bool(found)

    def identify(self) -> Talk:
        """Find out who the customer is."""
        tried: list[dict[str, str]] = []
        while True:
            said = [message.content or "" for message in self._view if message.role == "user"]
            given = parsing.identity(said)
            if given and given not in tried:
                tried.append(given)
                name = "find_user_id_by_email" if "email" in given else "find_user_id_by_name_zip"
                user_id = yield from self.call(name, **given)
                if user_id:
                    yield from self.call("get_user_details", user_id=user_id)
                    return
            yield from self.say(self.line("identity"))

    def ask(self, wish: Wish, detail: str) -> Talk:
        """Ask for a detail of a request."""
        wish.asked += 1
        reply = yield from self.say(self.line(detail))
        wish.said.append(reply)
        return reply

    # Working out what is meant

    def find_order(self, wish: Wish) -> Talk:
        """The record of the order that is meant, by its number or a clue; None if it cannot be found."""
        for _ in range(_TRIES + 1):
            number = parsing.number(wish.said)
            if not number and wish.order_id and not self.memory.clue(wish).text:
                number = wish.order_id
            if not number:
                yield from self.read_orders()
                found = self.memory.candidates(wish)
                if len(found) == 1:
                    number = found[0]
            if number and number not in self.memory.orders:
                yield from self.call("get_order_details", order_id=number)
            if number in self.memory.orders:
                wish.order_id = number
                return self.memory.orders[number]
            yield from self.ask(wish, "order")
        return None

    def read_orders(self) -> Talk:
        """Look at all of the customer's orders."""
        for order_id in self.memory.unread():
            yield from self.call("get_order_details", order_id=order_id)

    def read_user(self) -> Talk:
        """Look at the customer's record again."""
        yield from self.call("get_user_details", user_id=self.memory.user["user_id"])
        self._stale = False

    def find_items(self, wish: Wish, order: SeenRecord | None) -> Talk:
        """The units that are meant, and what they shall become; None if that cannot be had."""
        if order is None or wish.kind not in ITEM_KINDS:
            return []
        names = self.memory.named(wish)
        units = {name: self.memory.units(wish, order, name) for name in names}
        for _ in range(_TRIES):
            if units and all(len({unit["item_id"] for unit in found}) == 1 for found in units.values()):
                break
            yield from self.ask(wish, "items")
            units = {name: self.memory.units(wish, order, name) for name in self.memory.named(wish)}
        if not units or not all(units.values()):
            yield from self.decline(wish, "I do not find these items in the order.")
            return None
        chosen = [found[0] for found in units.values()]
        if wish.kind == "return":
            return [self.memory.item_ref(unit) for unit in chosen]
        items: list[ItemRef] = []
        for unit in chosen:
            if unit["product_id"] not in self.memory.products:
                yield from self.call("get_product_details", product_id=unit["product_id"])
            values = self.memory.wanted(wish, unit["name"], unit["product_id"])
            for _ in range(_TRIES):
                if not values:
                    yield from self.ask(wish, "options")
                    values = self.memory.wanted(wish, unit["name"], unit["product_id"])
            variant = self.memory.variant(unit, values) if values else None
            if variant is None:
                yield from self.sold_out(wish, unit["name"], values)
                return None
            items.append(self.memory.item_ref(unit, variant))
        return items

    def find_reason(self, wish: Wish) -> Talk:
        """Why an order is to be cancelled."""
        if wish.kind != "cancel":
            return ""
        wish.reason = parsing.reason(wish.said) or wish.reason
        if not wish.reason:
            reply = yield from self.ask(wish, "reason")
            wish.reason = parsing.reason([reply]) or "other"
        return wish.reason

    def find_address(self, wish: Wish) -> Talk:
        """The new address; None if none is wanted."""
        if wish.kind not in ("modify_address", "user_address"):
            return None
        for _ in range(_TRIES):
            if parsing.address(wish.said) is None:
                yield from self.ask(wish, "address")
        return parsing.address(wish.said)

    def find_method(self, wish: Wish, order: SeenRecord | None) -> Talk:
        """The payment method that is to be used."""
        if order is None or wish.kind not in (*ITEM_KINDS, "modify_payment"):
            return None
        if self._stale:
            yield from self.read_user()
        methods, original = self.memory.methods, order["payment_history"][0]["payment_method_id"]
        only = next(iter(methods)) if len(methods) == 1 and wish.kind != "modify_payment" else ""
        found = parsing.payment(wish.said, methods, original) or only
        for _ in range(_TRIES):
            if not found:
                yield from self.ask(wish, "payment")
                found = parsing.payment(wish.said, methods, original)
        used: Method = self.memory.method(found or original)
        return used

    # Saying no

    def sold_out(self, wish: Wish, product: str, values: Sequence[str]) -> Talk:
        """Say that a variant is not to be had."""
        text = self.line("sold_out", item=product, values=", ".join(values) or "that one")
        yield from self.decline(wish, "It is not available.", text=text)

    def decline(self, wish: Wish, why: str, *, text: str = "") -> Talk:
        """Say that something cannot be had, again if the customer insists; take the alternative that it names.

        Args:
            wish: What cannot be had.
            why: Why not.
            text: What is said at first; by default a refusal.
        """
        reply = yield from self.say(text or self.line("refuse", why=why))
        if self.takes_other(wish, reply) or self.hear(reply):
            return
        self.hear((yield from self.say(self.line("refuse_again", why=why))))

    def takes_other(self, wish: Wish, reply: str) -> bool:
        """Take up the alternative that the customer named with a request, if it did."""
        other = wish.otherwise
        if other is None:
            return False
        found = wishes_in(reply)
        if other.kind == wish.kind:
            other.said = [*wish.said, *other.said]
        if found and found[0].kind == other.kind:
            other.said += found.pop(0).said
        other.order_id = wish.order_id
        self._wishes[:0] = [other, *found]
        return True
