"""Retail: what holds whatever is called, in our own flavour of the tools."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from retail_world import (
    ADA,
    BLUE,
    BY_GIFT,
    CARD,
    CLEO,
    DELIVERED,
    EMPTIED,
    EMPTY_GIFT,
    GIFT,
    GOLD,
    GREEN,
    LARGE,
    LOST,
    MODIFIED,
    OAK,
    OTHER_PAYPAL,
    PENDING,
    PINE,
    RED,
    SMALL,
    SMALL_GIFT,
    SPLIT,
    Shop,
    options,
    price,
)

_ORDER = st.sampled_from([PENDING, BY_GIFT, SPLIT, LOST, MODIFIED, EMPTIED, DELIVERED])
_METHOD = st.sampled_from([CARD, GIFT, SMALL_GIFT, OTHER_PAYPAL, EMPTY_GIFT])
_ITEM = st.sampled_from([RED, BLUE, GREEN, GOLD, SMALL, LARGE, OAK, PINE])
_REASON = st.just("ordered by mistake")
_LIST = st.lists(_ITEM, max_size=3)
_CALL = st.one_of(
    st.tuples(
        st.just("cancel_pending_order"),
        st.fixed_dictionaries({"order_id": _ORDER, "reason": _REASON}),
    ),
    st.tuples(
        st.just("modify_pending_order_payment"),
        st.fixed_dictionaries({"order_id": _ORDER, "payment_method_id": _METHOD}),
    ),
    st.tuples(
        st.sampled_from(["modify_pending_order_items", "exchange_delivered_order_items"]),
        st.fixed_dictionaries(
            {"order_id": _ORDER, "item_ids": _LIST, "new_item_ids": _LIST, "payment_method_id": _METHOD}
        ),
    ),
    st.tuples(
        st.just("return_delivered_order_items"),
        st.fixed_dictionaries({"order_id": _ORDER, "item_ids": _LIST, "payment_method_id": _METHOD}),
    ),
)


def _wealth(shop: Shop, card: str) -> float:
    """A gift card's balance and what its owner has paid with it."""
    owner = CLEO if card == EMPTY_GIFT else ADA
    total = shop.balance(card, owner)
    for order in (PENDING, BY_GIFT, SPLIT, LOST, MODIFIED, EMPTIED):
        for entry in shop.order(order)["payment_history"]:
            if entry["payment_method_id"] == card:
                total += entry["amount"] if entry["transaction_type"] == "payment" else -entry["amount"]
    return round(total, 6)


@settings(max_examples=60)
@given(calls=st.lists(_CALL, min_size=1, max_size=12))
def test_our_own_tools_neither_make_nor_lose_money(calls: list[tuple[str, dict[str, Any]]]) -> None:
    shop = Shop("toolgym")
    cards = {GIFT: ADA, SMALL_GIFT: ADA, EMPTY_GIFT: CLEO}
    before = {card: _wealth(shop, card) for card in cards}
    for tool, arguments in calls:
        shop.call(tool, **arguments)
        assert {card: _wealth(shop, card) for card in cards} == before
        assert all(shop.balance(card, owner) >= 0.0 for card, owner in cards.items())


@settings(max_examples=60)
@given(calls=st.lists(_CALL, min_size=1, max_size=12))
def test_our_own_tools_price_every_item_as_its_variant_says(calls: list[tuple[str, dict[str, Any]]]) -> None:
    shop = Shop("toolgym")
    for tool, arguments in calls:
        shop.call(tool, **arguments)
    for order in (PENDING, BY_GIFT, SPLIT, EMPTIED, DELIVERED):
        for item in shop.order(order)["items"]:
            assert (item["price"], item["options"]) == (price(item["item_id"]), options(item["item_id"]))
