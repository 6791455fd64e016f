"""A small shop made by hand, in which every check of every retail tool has something to catch."""

from __future__ import annotations

from typing import Any

from rules import RULES

from toolgym import make_domain
from toolgym.database import Database, Rows, WorldStore
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.messages import ToolCall
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Flavour, Result, Toolbox

ADA, BEN, CLEO = "ada_lovelace_0001", "ben_ito_0002", "cleo_diaz_0003"
CARD, GIFT, SMALL_GIFT, OTHER_PAYPAL = "credit_card_0001", "gift_card_0001", "gift_card_0002", "paypal_0001"
"""Ada's."""
PAYPAL, EMPTY_GIFT = "paypal_0002", "gift_card_0003"
"""Ben's and Cleo's."""
LAMP, MUG, CHAIR, VASE = "1000000001", "1000000002", "1000000003", "1000000004"
RED, BLUE, GREEN, GOLD = "2000000001", "2000000002", "2000000003", "2000000004"
"""Lamps at 10.1, 20.3, 30.0 (not available) and 10.1."""
SMALL, LARGE = "3000000001", "3000000002"
"""Mugs at 5.0 and 7.9."""
OAK, PINE = "4000000001", "4000000002"
"""Chairs at 100.0 and 80.0."""
GLASS, CLAY = "5000000001", "5000000002"
"""Vases at 20.0 (not available) and 25.0."""

PENDING, BY_GIFT, MODIFIED, PROCESSED = "#W0000001", "#W0000002", "#W0000003", "#W0000004"
DELIVERED, GIFT_DELIVERED, CANCELLED = "#W0000005", "#W0000006", "#W0000007"
EXCHANGED, RETURNED, SPLIT, LOST, TWO_PARCELS = "#W0000008", "#W0000009", "#W0000010", "#W0000011", "#W0000012"
EMPTIED = "#W0000013"

_PRICES = {RED: 10.1, BLUE: 20.3, GREEN: 30.0, GOLD: 10.1}
_PRICES |= {SMALL: 5.0, LARGE: 7.9, OAK: 100.0, PINE: 80.0, GLASS: 20.0, CLAY: 25.0}
_OPTIONS = {RED: "red", BLUE: "blue", GREEN: "green", GOLD: "gold", SMALL: "small", LARGE: "large"}
_OPTIONS |= {OAK: "oak", PINE: "pine", GLASS: "glass", CLAY: "clay"}
_PRODUCTS = {LAMP: "Lamp", MUG: "Mug", CHAIR: "Chair", VASE: "Vase"}
_VARIANTS = {LAMP: (RED, BLUE, GREEN, GOLD), MUG: (SMALL, LARGE), CHAIR: (OAK, PINE), VASE: (GLASS, CLAY)}
_UNAVAILABLE = (GREEN, GLASS)


def price(item_id: str) -> float:
    """What a variant costs."""
    return _PRICES[item_id]


def options(item_id: str) -> dict[str, str]:
    """A variant's options."""
    return {"kind": _OPTIONS[item_id]}


def address(number: int, zip_code: str = "12345") -> dict[str, str]:
    """An address, as a record and as the arguments of a tool."""
    return {
        "address1": f"{number} Main Street",
        "address2": "",
        "city": "Springfield",
        "country": "USA",
        "state": "CA",
        "zip": zip_code,
    }


def payment(amount: float, method: str, kind: str = "payment") -> dict[str, Any]:
    """One entry of a payment history."""
    return {"transaction_type": kind, "amount": amount, "payment_method_id": method}


def _product(product_id: str) -> dict[str, Any]:
    variants = {
        item: {"item_id": item, "options": options(item), "available": item not in _UNAVAILABLE, "price": price(item)}
        for item in _VARIANTS[product_id]
    }
    return {"name": _PRODUCTS[product_id], "product_id": product_id, "variants": variants}


def _user(user_id: str, number: int, email: str, methods: list[dict[str, Any]], orders: list[str]) -> dict[str, Any]:
    first, last = user_id.split("_")[:2]
    return {
        "user_id": user_id,
        "name": {"first_name": first.title(), "last_name": last.title()},
        "address": address(number),
        "email": email,
        "payment_methods": {method["id"]: method for method in methods},
        "orders": orders,
    }


def _order(order_id: str, user: str, status: str, items: list[str], history: list[Any], **more: Any) -> dict[str, Any]:
    product_of = {item: product for product, variants in _VARIANTS.items() for item in variants}
    units = [
        {
            "name": _PRODUCTS[product_of[item]],
            "product_id": product_of[item],
            "item_id": item,
            "price": price(item),
            "options": options(item),
        }
        for item in items
    ]
    parcels = [{"tracking_id": ["500000000001"], "item_ids": items}] if status == "delivered" else []
    order = {"order_id": order_id, "user_id": user, "address": address(9), "items": units, "status": status}
    return {**order, "fulfillments": parcels, "payment_history": history, **more}


def rows() -> Rows:
    """The whole shop: 3 users, 4 products, 13 orders of all statuses."""
    card = {"source": "credit_card", "id": CARD, "brand": "visa", "last_four": "1234"}
    gifts = [{"source": "gift_card", "id": GIFT, "balance": 300.0}]
    gifts.append({"source": "gift_card", "id": SMALL_GIFT, "balance": 2.9})
    adas: list[dict[str, Any]] = [card, *gifts, {"source": "paypal", "id": OTHER_PAYPAL}]
    paypal = {"source": "paypal", "id": PAYPAL}
    cleos = {"source": "gift_card", "id": EMPTY_GIFT, "balance": 0.0}
    orders = [
        _order(PENDING, ADA, "pending", [RED, SMALL, RED], [payment(25.2, CARD)]),
        _order(BY_GIFT, ADA, "pending", [OAK, SMALL], [payment(105.0, GIFT)]),
        _order(
            MODIFIED,
            ADA,
            "pending (item modified)",
            [LARGE],
            [payment(5.0, GIFT), payment(2.9, GIFT)],
        ),
        _order(PROCESSED, BEN, "processed", [SMALL], [payment(5.0, PAYPAL)]),
        _order(DELIVERED, ADA, "delivered", [RED, BLUE, SMALL, RED, GLASS], [payment(65.5, CARD)]),
        _order(GIFT_DELIVERED, CLEO, "delivered", [OAK], [payment(100.0, EMPTY_GIFT)]),
        _order(
            CANCELLED,
            BEN,
            "cancelled",
            [SMALL],
            [payment(5.0, PAYPAL), payment(5.0, PAYPAL, "refund")],
            cancel_reason="no longer needed",
        ),
        _order(
            EXCHANGED,
            BEN,
            "exchange requested",
            [SMALL],
            [payment(5.0, PAYPAL)],
            exchange_items=[SMALL],
            exchange_new_items=[LARGE],
            exchange_payment_method_id=PAYPAL,
            exchange_price_difference=2.9,
        ),
        _order(
            RETURNED,
            BEN,
            "return requested",
            [SMALL],
            [payment(5.0, PAYPAL)],
            return_items=[SMALL],
            return_payment_method_id=PAYPAL,
        ),
        _order(SPLIT, ADA, "pending", [BLUE, RED], [payment(20.3, CARD), payment(10.1, GIFT)]),
        _order(LOST, ADA, "pending", [SMALL, SMALL], [payment(5.0, GIFT), payment(5.0, "paypal_9999")]),
        _order(EMPTIED, CLEO, "pending", [SMALL], [payment(5.0, EMPTY_GIFT)]),
        _order(
            TWO_PARCELS,
            BEN,
            "delivered",
            [SMALL, OAK],
            [payment(105.0, PAYPAL)],
            fulfillments=[
                {"tracking_id": ["500000000002"], "item_ids": [SMALL]},
                {"tracking_id": ["500000000003"], "item_ids": [OAK]},
            ],
        ),
    ]
    owned = {user: [order["order_id"] for order in orders if order["user_id"] == user] for user in (ADA, BEN, CLEO)}
    users = [
        _user(ADA, 1, "Ada.Lovelace@example.com", adas, owned[ADA]),
        _user(BEN, 2, "ben@example.com", [paypal], owned[BEN]),
        _user(CLEO, 3, "cleo@example.com", [cleos], owned[CLEO]),
    ]
    users[2]["name"] = {"first_name": "ADA", "last_name": "lovelace"}  # found by name only once Ada has moved away
    return {
        "assistant": {
            "products": {product: _product(product) for product in (MUG, LAMP, CHAIR, VASE)},
            "users": {user["user_id"]: user for user in users},
            "orders": {order["order_id"]: order for order in orders},
        }
    }


def build_domain(flavour: Flavour = "toolgym", shop: Rows | None = None) -> Domain:
    """The retail domain over this shop, or another, with one task in the split ``test``."""
    retail = make_domain("retail")
    worlds = WorldStore(retail.schemas)
    world = worlds.add(Database.build(retail.schemas, shop or rows()))
    task = Task.model_validate(
        {
            "id": "shop",
            "user_scenario": {"instructions": "Cancel the order."},
            "evaluation_criteria": {
                "actions": [
                    {
                        "action_id": "0",
                        "name": "cancel_pending_order",
                        "arguments": {"order_id": PENDING, "reason": "no longer needed"},
                    }
                ]
            },
            "world": world,
            "flavour": flavour,
        }
    )
    return retail.with_data(worlds=worlds, tasks=TaskSet({"test": lambda: [task]}), compat=RULES[flavour])


class Shop:
    """One session over the shop; tools are called as an episode calls them.

    Args:
        flavour: How the tools behave.
        shop: Another shop than the usual one.
    """

    def __init__(self, flavour: Flavour, shop: Rows | None = None) -> None:
        self.flavour = flavour
        domain = build_domain(flavour, shop)
        ready = set_up(domain, domain.tasks.find("shop"))
        self.base = ready.base
        self.toolbox: Toolbox = ready.toolbox()

    def call(self, tool: str, /, **arguments: Any) -> Result:
        """Run one call of the assistant."""
        return self.toolbox.call(ToolCall(tool, arguments, "call_0"))

    def does(self, tool: str, /, **arguments: Any) -> str:
        """Run a call that must succeed; its output."""
        result = self.call(tool, **arguments)
        assert not result.error, result.content
        return result.content

    def refuses(self, tool: str, /, **arguments: Any) -> str:
        """Run a call that must fail and change nothing; the error's text without its prefix."""
        before = dict(self.toolbox.session.diff())
        result = self.call(tool, **arguments)
        assert result.error, result.content
        assert not result.changed
        assert self.toolbox.session.diff() == before
        assert result.content.startswith("Error: ")
        return result.content.removeprefix("Error: ")

    def record(self, table: str, key: str) -> dict[str, Any]:
        """A record as it is now."""
        found = self.toolbox.session.get("assistant", table, key)
        assert found is not None
        return found

    def order(self, order_id: str) -> dict[str, Any]:
        """An order as it is now."""
        return self.record("orders", order_id)

    def balance(self, card: str, user: str = ADA) -> float:
        """What is on a gift card now."""
        balance: float = self.record("users", user)["payment_methods"][card]["balance"]
        return balance

    def changed(self) -> set[tuple[str, str]]:
        """Table and key of the records that differ from the start."""
        return {(table, key) for _, table, key in self.toolbox.session.diff()}
