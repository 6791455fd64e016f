"""What any assistant of the shop does by rules: it talks, asks, looks things up, and finds out what is meant."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any, TypeAlias

from toolgym.messages import Message, ToolCall
from toolgym_retail import speech
from toolgym_retail.clerk import hearing
from toolgym_retail.clerk.book import Book, Record
from toolgym_retail.clerk.hearing import Wish, wishes_in
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import ItemRef, Method
from toolgym_retail.speech import OracleWording

Talk: TypeAlias = Generator[Message, None, Any]
"""Messages of the assistant; it goes on when the view holds what came of the last one."""

_TRIES = 3
"""So often it asks for the same thing."""


class Desk:
    """Talks with a customer and finds out what it wants, from what it may see alone.

    Args:
        wording: How it speaks.
    """

    def __init__(self, wording: OracleWording) -> None:
        self.wording = wording
        self.book = Book()
        self._view: Sequence[Message] = ()
        self._lead = ""
        self._calls = 0
        self._wishes: list[Wish] = []
        """The requests that are known and not served yet."""
        self._stale = False
        """Whether a write may have changed the customer's record since it was read."""

    # Talking

    def say(self, text: str) -> Talk:
        """Say something; what comes back is the customer's answer."""
        lead, self._lead = self._lead, ""
        yield Message("assistant", f"{lead} {text}".strip() if lead else text)
        return self._view[-1].content or ""

    def line(self, name: str, **slots: str) -> str:
        """A line in its wording."""
        return speech.line(self.wording, name, **slots)

    def call(self, name: str, **given: Any) -> Talk:
        """Call a tool; what comes back is its record, which is kept, or its text; empty if it was refused."""
        self._calls += 1
        yield Message("assistant", None, (ToolCall(name, given, f"call_{self._calls}"),))
        result = self._view[-1]
        text = result.content or ""
        if result.error or not text.startswith("{"):
            return "" if result.error else text
        record = json.loads(text)
        self.book.keep(record)
        return record

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
            given = hearing.identity(said)
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
            number = hearing.number(wish.said)
            if not number and wish.order_id and not self.book.clue(wish).text:
                number = wish.order_id
            if not number:
                yield from self.read_orders()
                found = self.book.candidates(wish)
                if len(found) == 1:
                    number = found[0]
            if number and number not in self.book.orders:
                yield from self.call("get_order_details", order_id=number)
            if number in self.book.orders:
                wish.order_id = number
                return self.book.orders[number]
            yield from self.ask(wish, "order")
        return None

    def read_orders(self) -> Talk:
        """Look at all of the customer's orders."""
        for order_id in self.book.unread():
            yield from self.call("get_order_details", order_id=order_id)

    def read_user(self) -> Talk:
        """Look at the customer's record again."""
        yield from self.call("get_user_details", user_id=self.book.user["user_id"])
        self._stale = False

    def find_items(self, wish: Wish, order: Record | None) -> Talk:
        """The units that are meant, and what they shall become; None if that cannot be had."""
        if order is None or wish.kind not in ITEM_KINDS:
            return []
        names = self.book.named(wish)
        units = {name: self.book.units(wish, order, name) for name in names}
        for _ in range(_TRIES):
            if units and all(len({unit["item_id"] for unit in found}) == 1 for found in units.values()):
                break
            yield from self.ask(wish, "items")
            units = {name: self.book.units(wish, order, name) for name in self.book.named(wish)}
        if not units or not all(units.values()):
            yield from self.decline(wish, "I do not find these items in the order.")
            return None
        chosen = [found[0] for found in units.values()]
        if wish.kind == "return":
            return [self.book.item_ref(unit) for unit in chosen]
        items: list[ItemRef] = []
        for unit in chosen:
            if unit["product_id"] not in self.book.products:
                yield from self.call("get_product_details", product_id=unit["product_id"])
            values = self.book.wanted(wish, unit["name"], unit["product_id"])
            for _ in range(_TRIES):
                if not values:
                    yield from self.ask(wish, "options")
                    values = self.book.wanted(wish, unit["name"], unit["product_id"])
            variant = self.book.variant(unit, values) if values else None
            if variant is None:
                yield from self.sold_out(wish, unit["name"], values)
                return None
            items.append(self.book.item_ref(unit, variant))
        return items

    def find_reason(self, wish: Wish) -> Talk:
        """Why an order is to be cancelled."""
        if wish.kind != "cancel":
            return ""
        wish.reason = hearing.reason(wish.said) or wish.reason
        if not wish.reason:
            reply = yield from self.ask(wish, "reason")
            wish.reason = hearing.reason([reply]) or "other"
        return wish.reason

    def find_address(self, wish: Wish) -> Talk:
        """The new address; None if none is wanted."""
        if wish.kind not in ("modify_address", "user_address"):
            return None
        for _ in range(_TRIES):
            if hearing.address(wish.said) is None:
                yield from self.ask(wish, "address")
        return hearing.address(wish.said)

    def find_method(self, wish: Wish, order: Record | None) -> Talk:
        """The payment method that is to be used."""
        if order is None or wish.kind not in (*ITEM_KINDS, "modify_payment"):
            return None
        if self._stale:
            yield from self.read_user()
        methods, original = self.book.methods, order["payment_history"][0]["payment_method_id"]
        only = next(iter(methods)) if len(methods) == 1 and wish.kind != "modify_payment" else ""
        found = hearing.payment(wish.said, methods, original) or only
        for _ in range(_TRIES):
            if not found:
                yield from self.ask(wish, "payment")
                found = hearing.payment(wish.said, methods, original)
        used: Method = self.book.method(found or original)
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
