"""What the shop's views do so that one name stands for one thing, however somebody puts it."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest

from toolgym import make_domain
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
