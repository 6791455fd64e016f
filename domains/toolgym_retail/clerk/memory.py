"""What a clerk has read: the records that tools returned, and what follows from them by the policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from toolgym_retail.clerk import parsing
from toolgym_retail.clerk.parsing import Clue, QuestionTopic, Wish
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import ItemRef, Method, OrderRef, Request, RequestKind
from toolgym_retail.records import total_of

SeenRecord: TypeAlias = Mapping[str, Any]
"""A record as a result of a tool shows it."""

_STATUS: dict[RequestKind, tuple[str, ...]] = {"return": ("delivered",), "exchange": ("delivered",)}
_STATUS |= dict.fromkeys(("cancel", "modify_items"), ("pending",))
_STATUS |= dict.fromkeys(("modify_address", "modify_payment"), ("pending", "pending (item modified)"))
"""Of which status an order must be."""
_DEEDS: dict[RequestKind, str] = {"cancel": "cancelled", "return": "returned", "exchange": "exchanged"}
_DEEDS |= {"modify_items": "changed", "modify_address": "sent elsewhere", "modify_payment": "paid in another way"}


class Memory:
    """The customer's record, its orders and the products that were looked at."""

    def __init__(self) -> None:
        self.user: SeenRecord = {}
        self.orders: dict[str, SeenRecord] = {}
        self.products: dict[str, SeenRecord] = {}

    def keep(self, record: SeenRecord) -> None:
        """Remember a record as a tool returned it."""
        if "order_id" in record:
            self.orders[record["order_id"]] = record
        elif "variants" in record:
            self.products[record["product_id"]] = record
        else:
            self.user = record

    @property
    def names(self) -> list[str]:
        """The products in the orders that were looked at."""
        return sorted({item["name"] for order in self.orders.values() for item in order["items"]})

    @property
    def methods(self) -> Mapping[str, SeenRecord]:
        """The customer's payment methods."""
        found: Mapping[str, SeenRecord] = self.user.get("payment_methods", {})
        return found

    def unread(self) -> list[str]:
        """The customer's orders that were not looked at."""
        return [order for order in self.user.get("orders", ()) if order not in self.orders]

    def others(self, order_id: str) -> list[SeenRecord]:
        """The customer's other orders, of those that were looked at."""
        return [self.orders[one] for one in self.user.get("orders", ()) if one != order_id and one in self.orders]

    def method(self, method_id: str) -> Method:
        """A payment method of the customer."""
        return Method.of(self.methods[method_id])

    # Which order

    def clue(self, wish: Wish) -> Clue:
        """By what the customer knows the order."""
        cities = {order["address"]["city"] for order in self.orders.values()}
        return parsing.clue(
            wish.said, self.names, cities, whole=wish.kind not in ITEM_KINDS and wish.kind != "question"
        )

    def candidates(self, wish: Wish) -> list[str]:
        """The customer's orders that may be meant."""
        clue = self.clue(wish)
        named = self.named(wish)
        return [
            order["order_id"]
            for order in self.others("")
            if clue.fits(order) and all(self.units(wish, order, name) for name in named)
        ]

    def order_ref(self, wish: Wish, order: SeenRecord) -> OrderRef:
        """An order as the customer was heard to speak of it."""
        number, clue = parsing.number(wish.said), self.clue(wish)
        paid_by = tuple(dict.fromkeys(entry["payment_method_id"] for entry in order["payment_history"]))
        if number == order["order_id"] or not clue.text:
            return OrderRef(id=order["order_id"], paid_by=paid_by)
        return OrderRef(id=order["order_id"], known=False, clue=clue.text, paid_by=paid_by)

    # Which items

    def named(self, wish: Wish) -> list[str]:
        """The products that a request is about."""
        return parsing.products(wish.said, self.names) if wish.kind in (*ITEM_KINDS, "question") else []

    def units(self, wish: Wish, order: SeenRecord, name: str) -> list[SeenRecord]:
        """The units of a product in an order that may be meant."""
        found = [item for item in order["items"] if item["name"] == name]
        values = {value for item in found for value in item["options"].values()}
        told = parsing.values_in(parsing.told_apart(wish.said, name), values)
        apart = [item for item in found if all(value in item["options"].values() for value in told)]
        return apart or ([] if told and len(found) > 1 else found)

    def wanted(self, wish: Wish, name: str, product_id: str) -> list[str]:
        """The values of options that are wanted instead."""
        variants = self.products[product_id]["variants"].values()
        values = {value for variant in variants for value in variant["options"].values()}
        return parsing.wanted(wish.said, name, values, self.names)

    def variant(self, item: SeenRecord, values: Sequence[str]) -> SeenRecord | None:
        """The variant that a unit shall become: with those values, and all else as it is; None if there is none."""
        ranked = []
        for place, variant in enumerate(self.products[item["product_id"]]["variants"].values()):
            changed = [value for axis, value in variant["options"].items() if item["options"].get(axis) != value]
            if changed and all(value in variant["options"].values() for value in values):
                exact = sorted(changed) == sorted(values)
                ranked.append((not exact, len(changed), not variant["available"], place, variant))
        return min(ranked, key=lambda one: one[:4])[-1] if ranked else None

    def item_ref(self, item: SeenRecord, variant: SeenRecord | None = None) -> ItemRef:
        """A unit, and what it shall become."""
        ref = ItemRef(item_id=item["item_id"], product=item["name"], options=item["options"])
        return ref if variant is None else ref.becoming(variant)

    def unavailable(self, request: Request) -> ItemRef | None:
        """The first unit that shall become a variant which is not available."""
        for ref in request.items:
            for product in self.products.values():
                if ref.new_item_id in product["variants"] and not product["variants"][ref.new_item_id]["available"]:
                    return ref
        return None

    def figure(self, about: QuestionTopic | None, order: SeenRecord | None, products: Sequence[str]) -> str:
        """What answers a question; empty if nothing does.

        Args:
            about: What is asked.
            order: The order that is asked about, if it is one.
            products: The products whose price is asked; of several, what they come to together.
        """
        if about == "balance":
            cards = [method for method in self.methods.values() if method["source"] == "gift_card"]
            return " and ".join(f"${card['balance']:.2f}" for card in cards)
        if order is None:
            return ""
        if about == "tracking":
            return " and ".join(number for parcel in order["fulfillments"] for number in parcel["tracking_id"])
        if about == "total":
            return f"${total_of(order)}"
        if len(products) > 1:
            return f"${sum(item['price'] for item in order['items'] if item['name'] in products):.2f}"
        return " and ".join(f"${item['price']:.2f}" for item in order["items"] if item["name"] in products)

    def near_figure(self, about: QuestionTopic | None, order: SeenRecord | None, right: str) -> str:
        """A figure that is easily taken for the right one: another price in the order, or another total; else empty.

        Args:
            about: What is asked.
            order: The order that is asked about, if it is one.
            right: What would be right.
        """
        if order is None or about not in ("price", "total"):
            return ""
        prices = [f"${item['price']:.2f}" for item in order["items"]]
        totals = [f"${total_of(other)}" for other in self.others(order["order_id"])]
        found = prices if about == "price" else totals + prices
        return next((figure for figure in found if figure not in right), "")

    def cost(self, request: Request) -> float | None:
        """What the new variants cost more than the units that the customer has; None if nothing becomes another."""
        prices = []
        units = [item for order in self.orders.values() for item in order["items"]]
        for ref in request.items:
            item = next((one for one in units if one["item_id"] == ref.item_id), None)
            if ref.new_item_id is None or item is None or item["product_id"] not in self.products:
                continue
            variants = self.products[item["product_id"]]["variants"]
            if ref.new_item_id in variants:
                prices.append(variants[ref.new_item_id]["price"] - item["price"])
        return round(sum(prices), 2) if prices else None

    # What the policy says

    def too_late(self, kind: RequestKind, order: SeenRecord) -> str:
        """Why an order of its status cannot be treated so; empty if it can."""
        allowed = _STATUS[kind]
        if order["user_id"] != self.user.get("user_id"):
            return "That order belongs to another account."
        if order["status"] in allowed:
            return ""
        return f"The order is {order['status']}; only {allowed[0]} orders can be {_DEEDS[kind]}."

    def forbids(self, request: Request, order: SeenRecord | None) -> str:
        """Why the policy does not allow a request, its order's status aside; empty if it does."""
        method = self.methods.get(request.payment.id) if request.payment is not None else None
        if order is None or method is None:
            return ""
        history = order["payment_history"]
        poor = "The gift card does not cover the whole amount."
        if request.kind == "return":
            if method["source"] == "gift_card" or method["id"] == history[0]["payment_method_id"]:
                return ""
            return "A refund can go to the original payment method or to a gift card only."
        if request.kind == "modify_payment":
            if len(history) != 1:
                return "Only an order with a single payment can be paid in another way."
            if history[0]["payment_method_id"] == method["id"]:
                return "The order is paid that way already."
            return poor if method["source"] == "gift_card" and method["balance"] < history[0]["amount"] else ""
        return poor if method["source"] == "gift_card" and method["balance"] < (self.cost(request) or 0.0) else ""


def holding(orders: Collection[SeenRecord], names: Collection[str]) -> list[SeenRecord]:
    """The orders that hold a unit of one of some products."""
    return [order for order in orders if any(item["name"] in names for item in order["items"])]
