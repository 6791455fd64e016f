"""What the shop's views do so that one name stands for one thing, however somebody puts it."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from toolgym import Domain, make_domain
from toolgym.episode.setup import set_up
from toolgym.messages import Message, ToolCall
from toolgym.views import View
from toolgym_retail.catalog import CATALOG, ProductType
from toolgym_retail.rendering import heard

WORDS = frozenset(["yes", "no", "one", "with", "the", "I", "want", "prices", "total", ".", ",", ";"])
TWO_SIDED = [
    (kind, one, other)
    for kind in CATALOG
    for (_, ones), (_, others) in combinations(kind.options.items(), 2)
    for one in ones
    for other in others
    if bool(re.fullmatch(r"\d+ \w+s", one)) != bool(re.fullmatch(r"\d+ \w+s", other))
]
"""Two options of a product, of which the one stands before its noun and the other behind it."""


@pytest.mark.parametrize(("kind", "one", "other"), TWO_SIDED[:: max(1, len(TWO_SIDED) // 40)])
def test_options_on_both_sides_of_a_noun_have_the_slot_of_the_variant(kind: ProductType, one: str, other: str) -> None:
    domain = make_domain("retail")
    sight = View("slots", WORDS | set(domain.toolkits["assistant"].tools)).open(domain, [])
    before, after = (other, one) if re.fullmatch(r"\d+ \w+s", one) else (one, other)
    said = sight.show(Message("user", f"I want the {before} {kind.name} with {after}."))
    assert said is not None
    (alias,) = re.findall(r"<V\d+>", said.text)
    variant = {"available": True, "price": 1.0, "options": {"a": one, "b": other}}
    product = {"name": kind.name, "product_id": "1234567890", "variants": {"2345678901": variant}}
    sight.show(Message("assistant", None, (ToolCall("get_product_details", {"product_id": "1234567890"}, "call_0"),)))
    shown = sight.show(Message("tool", json.dumps(product), tool_call_id="call_0"))
    assert shown is not None
    assert f"yes {alias} <I" in shown.text


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("I want the melamine one with 16 pieces.", "I want the 16 pieces, melamine one."),
        ("the porcelain, cobalt Dinnerware Set with 24 pieces", "the 24 pieces, porcelain, cobalt Dinnerware Set"),
        ("the one with 16 pieces", "the one with 16 pieces"),
        ("the order with the Dinnerware Set", "the order with the Dinnerware Set"),
        ("the melamine one with my name", "the melamine one with my name"),
    ],
)
def test_what_a_customer_says_of_options_is_one_list_in_the_order_of_the_records(said: str, read: str) -> None:
    assert heard(said) == read


ORDER = {
    "order_id": "#W1234567",
    "address": {"city": "Austin"},
    "status": "delivered",
    "items": [
        {"item_id": "2345678901", "product_id": "1234567890", "name": "Kettle", "price": 82.4, "options": {"a": "red"}},
        {"item_id": "3456789012", "product_id": "2234567890", "name": "Desk Lamp", "price": 9.0, "options": {"a": "b"}},
    ],
    "payment_history": [{"transaction_type": "payment", "amount": 91.4, "payment_method_id": "gift_card_1234567"}],
    "fulfillments": [],
}


def tools_of(domain: Domain) -> list[dict[str, Any]]:
    """The assistant's tools."""
    return [tool.schema for tool in set_up(domain, domain.tasks["dev"][0]).tools["assistant"]]


@pytest.mark.parametrize(("known", "label"), [(set(), r"<N\d+>"), ({"Kettle"}, "Kettle")])
def test_a_sum_names_the_thing_that_each_price_is_of(known: set[str], label: str) -> None:
    domain = make_domain("retail")
    words = WORDS | {"+", "/", *known}
    sight = View("slots", words | set(domain.toolkits["assistant"].tools)).open(domain, tools_of(domain))
    sight.show(Message("assistant", None, (ToolCall("get_order_details", {"order_id": "#W1234567"}, "call_0"),)))
    sight.show(Message("tool", json.dumps(ORDER), tool_call_id="call_0"))
    call = ToolCall("calculate", {"expression": "82.40 + 9.00 + 3.00"}, "call_1")
    shown = sight.show(Message("assistant", None, (call,)))
    assert shown is not None
    assert re.fullmatch(rf"/ calculate {label} <D\d+> \+ <W\d+> <D\d+> \+ <D\d+>", shown.text), shown.text
    (read,) = sight.read(shown.text).tool_calls
    assert (read.name, read.arguments) == ("calculate", call.arguments)


def test_a_compact_view_leaves_a_sum_as_it_is() -> None:
    domain = make_domain("retail")
    sight = View("compact").open(domain, tools_of(domain))
    sight.show(Message("assistant", None, (ToolCall("get_order_details", {"order_id": "#W1234567"}, "call_0"),)))
    sight.show(Message("tool", json.dumps(ORDER), tool_call_id="call_0"))
    shown = sight.show(Message("assistant", None, (ToolCall("calculate", {"expression": "82.40 + 9.00"}, "call_1"),)))
    assert shown is not None
    assert shown.text == "/calculate 82.40 + 9.00"
