"""How the shop's records read in few words: what names something, and each output without its keys.

An identifier stands right behind what it is known by. What a policy would need arithmetic for is told as a relation:
an order's total, whether a gift card covers it, and in what a variant differs from the unit that was bought.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from toolgym.rendering import Described, EntityKind, Rendering, any_of
from toolgym.worlds.places import CITIES, STREET_TYPES
from toolgym_retail.catalog import CATALOG
from toolgym_retail.records import total_of

_EVERYDAY = frozenset(
    [
        "none",
        "on",
        "off",
        "one",
        "two",
        "single",
        "double",
        "full",
        "half",
        "new",
        "old",
        "standard",
        "regular",
        "small",
        "medium",
        "large",
        "yes",
        "no",
        "wired",
        "open",
        "plain",
        "high",
        "low",
        "soft",
        "hard",
        "light",
        "dark",
        "long",
        "short",
    ]
)
"""Option values that are ordinary words too."""
_VALUES = sorted({value for kind in CATALOG for values in kind.options.values() for value in values})
_OPTIONS = sorted({value for kind in CATALOG for values in kind.options.values() for value in values} - _EVERYDAY)
_CITY_NAMES = sorted({" ".join(place.split()[:-2]) for place in CITIES})
_WRITES = ("cancel", "modify", "return", "exchange")

KINDS = (
    EntityKind("O", "order", r"#W\d{7}", arguments=frozenset({"order_id"})),
    EntityKind("E", "e-mail address", r"[\w.'\u2019+-]+@[\w-]+(?:\.[\w-]+)+", arguments=frozenset({"email"})),
    EntityKind(
        "M",
        "payment method",
        r"\b(?:credit_card|paypal|gift_card)_\d{7}\b",
        arguments=frozenset({"payment_method_id"}),
    ),
    EntityKind("U", "customer", r"\b[^\W_][\w'\u2019-]*_\d{4}\b", arguments=frozenset({"user_id"})),
    EntityKind("T", "parcel", r"(?<!\d)\d{12}(?!\d)"),
    EntityKind(
        "I", "item or product", r"(?<!\d)\d{10}(?!\d)", arguments=frozenset({"item_ids", "new_item_ids", "product_id"})
    ),
    EntityKind("D", "amount", r"(?<![\d.,])\d[\d,]*\.\d\d(?!\d)", readable=True),
    EntityKind(
        "A",
        "street",
        rf"\b\d+ (?:[A-Z][a-z]+ )+(?:{'|'.join(STREET_TYPES)})\b",
        arguments=frozenset({"address1"}),
        readable=True,
    ),
    EntityKind(
        "B", "unit of a building", r"\b(?:Apt|Suite|Unit) \w+", arguments=frozenset({"address2"}), readable=True
    ),
    EntityKind("L", "last digits of a card", r"(?<=ending in )\d{4}\b", readable=True),
    EntityKind("Z", "zip code", r"(?<!\d)\d{5}(?!\d)", arguments=frozenset({"zip"}), readable=True),
    EntityKind("S", "state", r"(?<=, )[A-Z]{2}(?=,? \d{5})", arguments=frozenset({"state"}), readable=True),
    EntityKind("C", "city", words=tuple(_CITY_NAMES), arguments=frozenset({"city"}), readable=True),
    EntityKind("W", "type of product", words=tuple(kind.name for kind in CATALOG), readable=True),
    EntityKind("V", "option, or several", words=tuple(_OPTIONS), listed=tuple(_VALUES), readable=True),
    EntityKind("N", "name", arguments=frozenset({"first_name", "last_name"}), readable=True),
)
"""Everything in the shop that has names; the first that fits counts."""


class RetailRenderer:
    """Renders what the shop's tools return in one episode."""

    def __init__(self) -> None:
        self.described: dict[str, Described] = {}
        self._units: dict[str, dict[str, list[str]]] = {}
        """By product, the units of it that were seen in orders, each with its options."""
        self._gift_cards: dict[str, float] = {}

    def render(self, tool: str, output: str, *, error: bool) -> str:
        """An output as text, in lines; errors and plain texts stay as they are."""
        if tool == "calculate" and not error:
            return f"makes {float(output):.2f}"  # as amounts are written everywhere else
        if error or not output.startswith("{"):
            return output
        record = json.loads(output)
        write = tool.startswith(_WRITES)
        if "variants" in record:
            return "\n".join(self._product(record))
        if "order_id" in record:
            return f"ok {record['order_id']} {record['status']}" if write else "\n".join(self._order(record))
        if "payment_methods" in record:
            return f"ok {record['user_id']}" if write else "\n".join(self._user(record))
        return ", ".join(f"{name}: {value}" for name, value in record.items())

    def _order(self, order: Mapping[str, Any]) -> Iterator[str]:
        """Its number, status and city; units and prices; its total, and what covers it; how it was paid; parcels."""
        number = order["order_id"]  # stands behind all that a customer may know the order by
        yield f"{number} {order['status']} {order['address']['city']} {number}"
        for item in order["items"]:
            options = list(item["options"].values())
            values = ", ".join(options)
            self._units.setdefault(item["product_id"], {})[item["item_id"]] = options
            self.described.setdefault(item["product_id"], Described(name=item["name"]))
            self.described[item["item_id"]] = Described(item["name"], f"{item['name']} ({values})")
            yield f"{item['name']} {item['item_id']} {'; '.join(options)} {number}"
        for item in order["items"]:
            self.described[f"{item['price']:.2f}"] = Described(item["name"])
        prices = [f"{item['name']} {item['price']:.2f}" for item in order["items"]]
        yield f"prices {', '.join(prices)}"
        total = total_of(order)
        yield f"total {total} {number}"
        for card, balance in self._gift_cards.items():
            yield f"gift card {card} {'covers it' if balance >= float(total) else 'too little'}"
        yield f"paid {', '.join(dict.fromkeys(paid['payment_method_id'] for paid in order['payment_history']))}"
        if order["fulfillments"]:
            codes = [code for parcel in order["fulfillments"] for code in parcel["tracking_id"]]
            yield f"parcel number {', '.join(codes)}"

    def _user(self, user: Mapping[str, Any]) -> Iterator[str]:
        """Who it is, the ways to pay, and the orders."""
        yield str(user["user_id"])
        for key, method in user["payment_methods"].items():
            if method["source"] == "credit_card":
                known_by = f"{method['brand'].title()} ending in {method['last_four']}"
            else:
                known_by = "PayPal account" if method["source"] == "paypal" else "gift card"
            self.described[key] = Described(known_by)
            yield f"{known_by} {key}" + (f" holds {method['balance']:.2f}" if "balance" in method else "")
            if "balance" in method:
                self._gift_cards[key] = method["balance"]
        yield f"orders {' '.join(user['orders'])}"

    def _product(self, product: Mapping[str, Any]) -> Iterator[str]:
        """Its name and every variant: whether it can be had, and its options, or in what it differs from the unit."""
        name, product_id = product["name"], product["product_id"]
        self.described.setdefault(product_id, Described(name=name))
        units = self._units.get(product_id, {})
        owned = next(iter(units.values())) if len(units) == 1 else None
        yield str(name)
        rows = []
        for item_id, variant in product["variants"].items():
            options = list(variant["options"].values())
            values = ", ".join(options)
            differs = options if owned is None else [one for one, own in zip(options, owned, strict=True) if one != own]
            key = (", " if owned is not None or not units else "; ").join(differs) or "same"
            if item_id not in units:  # several units: what it differs in depends on the unit, and does not tell
                known_by = f"{name} {key}" if len(units) < 2 else name
                self.described[item_id] = Described(known_by, f"{name} ({values})")
            rows.append((len(differs), f"{'yes' if variant['available'] else 'no'} {key} {item_id}"))
        yield from (row for _, row in sorted(rows, key=lambda row: row[0]))


_COUNTED = any_of(value for value in _VALUES if re.fullmatch(r"\d+ \w+s", value))
_DESCRIBED = re.compile(
    rf"(?<!\w)(?P<before>(?:{any_of(_VALUES)})(?:, (?:{any_of(_VALUES)}))*) "
    rf"(?P<noun>one|{any_of(kind.name for kind in CATALOG)}) with "
    rf"(?P<after>(?:{_COUNTED})(?:(?:, | and )(?:{_COUNTED}))*)(?!\w)"
)
"""A thing with options on both sides of its noun: "the melamine one with 16 pieces"."""


def heard(text: str) -> str:
    """What a customer says, with the options of a thing in one list, in the order of the shop's records.

    Example:
        >>> heard("I want the melamine one with 16 pieces.")
        'I want the 16 pieces, melamine one.'
    """
    return _DESCRIBED.sub(_in_order, text)


def _in_order(found: re.Match[str]) -> str:
    noun = found["noun"]
    values = [*found["before"].split(", "), *re.split(", | and ", found["after"])]
    for kind in CATALOG:
        axes = [next((place for place, axis in enumerate(kind.options.values()) if one in axis), -1) for one in values]
        if noun in ("one", kind.name) and min(axes) >= 0 and len(set(axes)) == len(axes):
            return f"{', '.join(one for _, one in sorted(zip(axes, values, strict=True)))} {noun}"
    return found[0]


RENDERING = Rendering(
    KINDS,
    RetailRenderer,
    by_name=frozenset({"product_id"}),
    labelled={"expression": "D"},
    heard=heard,
    speakers={"figures": False},
)
