"""Generated worlds of the retail domain: a shop with customers whose orders are easily confused."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeAlias

import numpy as np

from toolgym.database import Rows
from toolgym.worlds import Dice, Fresh, places
from toolgym.worlds.identities import Entity
from toolgym.worlds.people import People, email
from toolgym_retail import entities
from toolgym_retail.catalog import CATALOG, ProductType

_Record: TypeAlias = dict[str, Any]

_STATUSES = {"pending": 0.42, "delivered": 0.40, "processed": 0.09, "cancelled": 0.09}
_REASONS = ("no longer needed", "ordered by mistake")
_ORDERS = {1: 0.22, 2: 0.25, 3: 0.22, 4: 0.15, 5: 0.10, 6: 0.06}
"""How many orders a customer has who has any."""
_METHODS = {1: 0.45, 2: 0.38, 3: 0.17}
"""How many payment methods a customer has."""
_SOURCES = {"credit_card": 0.42, "gift_card": 0.31, "paypal": 0.27}


def generate(rng: np.random.Generator, users: int = 200, *, taken: Collection[Entity] = ()) -> Rows:
    """A shop with the whole catalogue, customers, and their orders; it shares no entity with tau2's data.

    Args:
        rng: Everything random comes from it; the names are also faker's, so another version of it may give others.
        users: How many customers, at least 0.
        taken: Entities of other worlds, which this one then does not have.
    """
    return _Shop(rng, taken).rows(users)


class _Shop:
    """Draws one world."""

    def __init__(self, rng: np.random.Generator, taken: Collection[Entity]) -> None:
        self.dice = Dice(rng)
        self.people = People(self.dice)
        self.fresh = Fresh(taken, entities.tau2_digests())
        self.products: dict[str, _Record] = {}
        self.users: dict[str, _Record] = {}
        self.orders: dict[str, _Record] = {}
        self.product_of: dict[str, _Record] = {}
        self.city_of: dict[str, str] = {}
        self.near: dict[str, list[str]] = {}
        """By item, the items of the same product that differ in one option."""

    def rows(self, users: int) -> Rows:
        for kind in self.dice.shuffled(CATALOG):
            self._add_product(kind)
        for _ in range(users):
            self._add_user()
        return {"assistant": {"products": self.products, "users": self.users, "orders": self.orders}}

    def _add_product(self, kind: ProductType) -> None:
        product_id = self.fresh.id(lambda: self.dice.digits(10), "product", "item")
        combinations = self._combinations(kind)
        free = set(self.dice.shuffled(range(len(combinations)))[:4])
        variants: dict[str, _Record] = {}
        for place, (options, cents) in enumerate(zip(combinations, self._prices(kind, combinations), strict=True)):
            item_id = self.fresh.id(lambda: self.dice.digits(10), "item", "product")
            variants[item_id] = {
                "item_id": item_id,
                "options": options,
                "available": place in free or self.dice.chance(0.68),
                "price": cents / 100,
            }
        product = {"name": kind.name, "product_id": product_id, "variants": variants}
        self.products[product_id] = product
        for item_id, variant in variants.items():
            self.product_of[item_id] = product
            self.near[item_id] = [
                other
                for other in variants
                if sum(value != variants[other]["options"][axis] for axis, value in variant["options"].items()) == 1
            ]

    def _combinations(self, kind: ProductType) -> list[dict[str, str]]:
        """Distinct combinations of options, each but the first mostly one step from another."""
        size = 1
        for values in kind.options.values():
            size *= len(values)
        count = self.dice.number(6, min(20, size * 3 // 4))
        chosen: list[dict[str, str]] = []
        while len(chosen) < count:
            if chosen and self.dice.chance(0.6):
                options = dict(self.dice.pick(chosen))
                axis = self.dice.pick(list(kind.options))
                options[axis] = self.dice.pick(kind.options[axis])
            else:
                options = {axis: self.dice.pick(values) for axis, values in kind.options.items()}
            if options not in chosen:
                chosen.append(options)
        return chosen

    def _prices(self, kind: ProductType, combinations: list[dict[str, str]]) -> list[int]:
        """Distinct prices in cents, within a fifth of the product's; each option adds or takes its part."""
        base = 100 * kind.price * self.dice.between(0.92, 1.08)
        reach = 0.2 / len(kind.options)
        parts: dict[tuple[str, str], float] = {}
        for axis, values in kind.options.items():
            steps = [self.dice.between(-reach, reach) for _ in values]
            if values[0][0].isdigit():
                steps.sort()
            parts |= {(axis, value): step for value, step in zip(values, steps, strict=True)}
        prices: list[int] = []
        for options in combinations:
            cents = round(base * (1 + sum(parts[option] for option in options.items())))
            while cents in prices:
                cents += 1
            prices.append(cents)
        return prices

    def _add_user(self) -> None:
        first, last, city = self.people.draw()
        name = {"first_name": first, "last_name": last}
        address = self.fresh(
            lambda: places.draw(self.dice, city),
            lambda drawn: [entities.address(drawn), entities.name_zip(first, last, drawn["zip"])],
        )
        user_id = self.fresh.id(lambda: f"{first}_{last}_{self.dice.digits(4)}".lower(), "user")
        mail = self.fresh(lambda: email(self.dice, first, last), lambda drawn: [entities.email(drawn)])
        user = {
            "user_id": user_id,
            "name": name,
            "address": address,
            "email": mail,
            "payment_methods": self._payment_methods(),
            "orders": [],
        }
        self.users[user_id] = user
        self.city_of[user_id] = city
        if not self.dice.chance(0.05):
            self._add_orders(user, self.dice.weighted(_ORDERS))

    def _payment_methods(self) -> dict[str, _Record]:
        count = self.dice.weighted(_METHODS)
        methods: dict[str, _Record] = {}
        while len(methods) < count:
            source = self.dice.weighted(_SOURCES)
            same = [method for method in methods.values() if method["source"] == source]
            if len(same) < (1 if source == "paypal" else 2):
                method = self._payment_method(source, same)
                methods[method["id"]] = method
        return methods

    def _payment_method(self, source: str, same: list[_Record]) -> _Record:
        """A way to pay; a second card ends in other digits than the first."""
        method: _Record = {"source": source}
        method["id"] = self.fresh.id(lambda: f"{source}_{self.dice.digits(7)}", "payment")
        if source == "gift_card":
            method["balance"] = self._balance()
        if source == "credit_card":
            method["brand"] = self.dice.pick(("visa", "mastercard"))
            endings = [other["last_four"] for other in same]
            while (last_four := f"{self.dice.number(0, 9999):04d}") in endings:
                pass
            method["last_four"] = last_four
        return method

    def _balance(self) -> float:
        if self.dice.chance(0.04):
            return 0.0
        high = 110 if self.dice.chance(0.85) else 300
        cents = self.dice.number(100, 100 * high)
        return cents / 100 if self.dice.chance(0.3) else float(cents // 100)

    def _add_orders(self, user: _Record, count: int) -> None:
        past: list[str] = []
        elsewhere: _Record | None = None
        for _ in range(count):
            address = user["address"]
            if self.dice.chance(0.2):
                if elsewhere is None or self.dice.chance(0.4):
                    elsewhere = self._elsewhere(user)
                address = elsewhere
            units = self._units(past)
            past += units
            self._add_order(user, address, units)

    def _elsewhere(self, user: _Record) -> _Record:
        """Another address than the customer's own, in the same city or not."""
        city = self.city_of[user["user_id"]] if self.dice.chance(0.4) else self.dice.pick(places.CITIES)
        return self.fresh(lambda: places.draw(self.dice, city), lambda drawn: [entities.address(drawn)])

    def _units(self, past: list[str]) -> list[str]:
        """The items of an order, one a unit; on purpose easily confused with each other and with earlier ones."""
        units: list[str] = []
        count = self.dice.number(1, 5)
        if past and self.dice.chance(0.42):
            units.append(self._like(self.dice.pick(past)))
        elif past and self.dice.chance(0.06):
            units.append(self.dice.pick(past))
        while len(units) < count:
            if units and self.dice.chance(0.08):
                units.append(self._like(self.dice.pick(units)))
            elif units and self.dice.chance(0.03):
                units.append(self.dice.pick(units))
            else:
                product = self.dice.pick(list(self.products.values()))
                if all(self.product_of[unit] is not product for unit in units):
                    units.append(self.dice.pick(list(product["variants"])))
        return self.dice.shuffled(units)

    def _like(self, item_id: str) -> str:
        """Another variant of an item's product, one that differs in a single option if there is one."""
        others = self.near[item_id] or [other for other in self.product_of[item_id]["variants"] if other != item_id]
        return self.dice.pick(others)

    def _add_order(self, user: _Record, address: _Record, units: list[str]) -> None:
        order_id = self.fresh.id(lambda: f"#W{self.dice.digits(7)}", "order")
        paid = {item_id: self._paid(item_id) for item_id in dict.fromkeys(units)}
        status = self.dice.weighted(_STATUSES)
        payments = self._payments(user["payment_methods"], sum(paid[item_id] for item_id in units))
        cancelled = status == "cancelled"
        types = ("payment", "refund") if cancelled else ("payment",)
        self.orders[order_id] = {
            "order_id": order_id,
            "user_id": user["user_id"],
            "address": dict(address),
            "items": [self._item(item_id, paid[item_id] / 100) for item_id in units],
            "status": status,
            "fulfillments": self._parcels(units) if status in ("processed", "delivered") else [],
            "payment_history": [
                {"transaction_type": kind, "amount": cents / 100, "payment_method_id": method}
                for kind in types
                for method, cents in payments.items()
            ],
            "cancel_reason": self.dice.pick(_REASONS) if cancelled else None,
            "exchange_items": None,
            "exchange_new_items": None,
            "exchange_payment_method_id": None,
            "exchange_price_difference": None,
            "return_items": None,
            "return_payment_method_id": None,
        }
        user["orders"].append(order_id)

    def _item(self, item_id: str, price: float) -> _Record:
        product = self.product_of[item_id]
        return {
            "name": product["name"],
            "product_id": product["product_id"],
            "item_id": item_id,
            "price": price,
            "options": dict(product["variants"][item_id]["options"]),
        }

    def _paid(self, item_id: str) -> int:
        """What a unit cost in cents: mostly today's price, sometimes an older one."""
        price: float = self.product_of[item_id]["variants"][item_id]["price"]
        cents = round(100 * price)
        if self.dice.chance(0.1):
            change = max(1, round(cents * self.dice.between(0.01, 0.08)))
            return cents + change if self.dice.chance(0.4) else cents - change
        return cents

    def _payments(self, methods: dict[str, _Record], total: int) -> dict[str, int]:
        """Cents by payment method: one mostly, which is seldom a gift card if much is to be paid, or two."""
        gift_cards = [method for method in methods if methods[method]["source"] == "gift_card"]
        first, *others = self.dice.shuffled(list(methods))
        if others and self.dice.chance(0.14):
            small, large = (first, others[0]) if first in gift_cards else (others[0], first)
            part = round(total * self.dice.between(0.15, 0.6))
            if small in gift_cards:
                part = min(part, 100 * self.dice.number(10, 200)) // 100 * 100
            return {large: total - part, small: part}
        if first in gift_cards and total > 20000 and self.dice.chance(0.75):
            first = next((method for method in others if method not in gift_cards), first)
        return {first: total}

    def _parcels(self, units: list[str]) -> list[_Record]:
        """The parcels of an order, with every unit in one of them."""
        parts = [units]
        if len(units) > 1 and self.dice.chance(0.15):
            cut = self.dice.number(1, len(units) - 1)
            parts = [units[:cut], units[cut:]]
        return [{"tracking_id": [self.dice.digits(12)], "item_ids": list(part)} for part in parts]
