"""Retail: what each writing tool changes, and where our own tools do not repeat tau2's bugs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from retail_world import (
    ADA,
    BEN,
    BLUE,
    BY_GIFT,
    CARD,
    CHAIR,
    DELIVERED,
    GIFT,
    GOLD,
    LARGE,
    MODIFIED,
    OAK,
    OTHER_PAYPAL,
    PAYPAL,
    PENDING,
    PINE,
    RED,
    SMALL,
    SMALL_GIFT,
    SPLIT,
    TWO_PARCELS,
    Shop,
    address,
    options,
    payment,
    rows,
)

from toolgym.tools import Flavour

REASON = "ordered by mistake"


def _pairs(order_id: str, old: list[str], new: list[str], method: str) -> dict[str, Any]:
    return {"order_id": order_id, "item_ids": old, "new_item_ids": new, "payment_method_id": method}


def _items(shop: Shop, order_id: str) -> list[str]:
    return [item["item_id"] for item in shop.order(order_id)["items"]]


# Cancelling


def test_a_cancelled_order_is_refunded_to_where_it_was_paid_from(shop: Shop) -> None:
    shown = json.loads(shop.does("cancel_pending_order", order_id=PENDING, reason=REASON))

    assert shown == shop.order(PENDING)
    assert shown["status"] == "cancelled"
    assert shown["cancel_reason"] == REASON
    assert shown["payment_history"] == [payment(25.2, CARD), payment(25.2, CARD, "refund")]
    assert shop.changed() == {("orders", PENDING)}


def test_a_gift_card_gets_its_money_back_at_once(shop: Shop) -> None:
    shop.does("cancel_pending_order", order_id=BY_GIFT, reason=REASON)
    assert shop.balance(GIFT) == 405.0
    assert shop.changed() == {("orders", BY_GIFT), ("users", ADA)}


def test_an_order_paid_in_two_ways_is_refunded_in_two_ways(shop: Shop) -> None:
    shop.does("cancel_pending_order", order_id=SPLIT, reason=REASON)
    refunds = shop.order(SPLIT)["payment_history"][2:]
    assert refunds == [payment(20.3, CARD, "refund"), payment(10.1, GIFT, "refund")]
    assert shop.balance(GIFT) == 310.1


def test_tau2_refunds_a_refund_again_and_our_own_tools_do_not(own: Shop, tau2: Shop) -> None:
    paid_twice = [payment(105.0, GIFT), payment(105.0, CARD), payment(105.0, GIFT, "refund")]
    for shop in (own, tau2):
        shop.does("modify_pending_order_payment", order_id=BY_GIFT, payment_method_id=CARD)
        assert shop.order(BY_GIFT)["payment_history"] == paid_twice
        shop.does("cancel_pending_order", order_id=BY_GIFT, reason=REASON)

    assert own.order(BY_GIFT)["payment_history"][3:] == [payment(105.0, CARD, "refund")]
    assert own.balance(GIFT) == 405.0
    assert tau2.order(BY_GIFT)["payment_history"][3:] == [
        payment(105.0, GIFT, "refund"),
        payment(105.0, CARD, "refund"),
        payment(105.0, GIFT, "refund"),
    ]
    assert tau2.balance(GIFT) == 615.0


def test_an_order_is_cancelled_once(shop: Shop) -> None:
    shop.does("cancel_pending_order", order_id=PENDING, reason=REASON)
    text = shop.refuses("cancel_pending_order", order_id=PENDING, reason=REASON)
    assert text == "Non-pending order cannot be cancelled"


# Paying otherwise


def test_a_new_payment_method_pays_and_the_old_one_is_refunded(shop: Shop) -> None:
    shown = json.loads(shop.does("modify_pending_order_payment", order_id=PENDING, payment_method_id=GIFT))

    history = [payment(25.2, CARD), payment(25.2, GIFT), payment(25.2, CARD, "refund")]
    assert shown["payment_history"] == history
    assert shown["status"] == "pending"
    assert shop.balance(GIFT) == 274.8
    assert shop.changed() == {("orders", PENDING), ("users", ADA)}
    text = shop.refuses("modify_pending_order_payment", order_id=PENDING, payment_method_id=OTHER_PAYPAL)
    assert text == "There should be exactly one payment for a pending order"


def test_a_gift_card_that_no_longer_pays_is_credited(shop: Shop) -> None:
    shop.does("modify_pending_order_payment", order_id=BY_GIFT, payment_method_id=OTHER_PAYPAL)
    assert shop.balance(GIFT) == 405.0


# Addresses


@pytest.mark.parametrize("order_id", [PENDING, MODIFIED])
def test_a_pending_order_is_sent_elsewhere_and_the_user_stays(shop: Shop, order_id: str) -> None:
    shown = json.loads(shop.does("modify_pending_order_address", order_id=order_id, **address(7, "99999")))
    assert shown["address"] == address(7, "99999")
    assert list(shown["address"]) == ["address1", "address2", "city", "country", "state", "zip"]
    assert shop.changed() == {("orders", order_id)}


def test_a_user_moves_and_the_orders_stay(shop: Shop) -> None:
    shown = json.loads(shop.does("modify_user_address", user_id=ADA, **address(7, "99999")))
    assert shown == shop.record("users", ADA)
    assert shown["address"] == address(7, "99999")
    assert shop.changed() == {("users", ADA)}


# Other items in a pending order


def test_one_of_two_equal_units_is_changed_and_paid_for(shop: Shop) -> None:
    shown = json.loads(shop.does("modify_pending_order_items", **_pairs(PENDING, [RED], [BLUE], GIFT)))

    assert [item["item_id"] for item in shown["items"]] == [BLUE, SMALL, RED]
    changed = shown["items"][0]
    assert (changed["name"], changed["price"], changed["options"]) == ("Lamp", 20.3, options(BLUE))
    assert shown["status"] == "pending (item modified)"
    assert len(shown["payment_history"]) == 2
    assert shop.balance(GIFT) == 289.8
    assert shop.changed() == {("orders", PENDING), ("users", ADA)}


def test_a_cheaper_item_is_refunded_to_the_named_method(shop: Shop) -> None:
    shop.does("modify_pending_order_items", **_pairs(BY_GIFT, [OAK], [PINE], GIFT))
    assert shop.order(BY_GIFT)["payment_history"][1] == payment(20.0, GIFT, "refund")
    assert shop.balance(GIFT) == 320.0


def test_a_modified_order_is_not_modified_again_nor_cancelled(shop: Shop) -> None:
    shop.does("modify_pending_order_items", **_pairs(PENDING, [RED], [BLUE], CARD))
    text = shop.refuses("modify_pending_order_items", **_pairs(PENDING, [RED], [BLUE], CARD))
    assert text == "Non-pending order cannot be modified"
    text = shop.refuses("cancel_pending_order", order_id=PENDING, reason=REASON)
    assert text == "Non-pending order cannot be cancelled"
    text = shop.refuses("modify_pending_order_payment", order_id=PENDING, payment_method_id=GIFT)
    assert text == "There should be exactly one payment for a pending order"


def test_tau2_leaves_the_difference_as_floats_add_up_and_our_own_tools_round_it(own: Shop, tau2: Shop) -> None:
    for shop in (own, tau2):
        shop.does("modify_pending_order_items", **_pairs(PENDING, [RED, SMALL], [BLUE, LARGE], GIFT))
    unrounded = 0.0 + (20.3 - 10.1) + (7.9 - 5.0)
    assert unrounded != 13.1
    assert tau2.order(PENDING)["payment_history"][1] == payment(unrounded, GIFT)
    assert own.order(PENDING)["payment_history"][1] == payment(13.1, GIFT)
    assert own.balance(GIFT) == tau2.balance(GIFT) == 286.9


def test_a_gift_card_may_be_emptied_to_the_last_cent_but_not_where_tau2_does_not_round(own: Shop, tau2: Shop) -> None:
    assert own.balance(SMALL_GIFT) == 2.9 < 7.9 - 5.0
    own.does("modify_pending_order_items", **_pairs(PENDING, [SMALL], [LARGE], SMALL_GIFT))
    assert own.balance(SMALL_GIFT) == 0.0
    text = tau2.refuses("modify_pending_order_items", **_pairs(PENDING, [SMALL], [LARGE], SMALL_GIFT))
    assert text == "Insufficient gift card balance to pay for the new item"
    tau2.does("exchange_delivered_order_items", **_pairs(DELIVERED, [SMALL], [LARGE], SMALL_GIFT))


def test_tau2_gives_every_item_the_last_ones_price_and_options(own: Shop, tau2: Shop) -> None:
    for shop in (own, tau2):
        shop.does("modify_pending_order_items", **_pairs(PENDING, [RED, SMALL], [BLUE, LARGE], CARD))
        assert _items(shop, PENDING) == [BLUE, LARGE, RED]
    lamp, mug, _ = tau2.order(PENDING)["items"]
    assert (lamp["price"], lamp["options"]) == (7.9, options(LARGE))
    assert (mug["price"], mug["options"]) == (7.9, options(LARGE))
    lamp, mug, _ = own.order(PENDING)["items"]
    assert (lamp["price"], lamp["options"]) == (20.3, options(BLUE))
    assert (mug["price"], mug["options"]) == (7.9, options(LARGE))


def test_each_of_two_equal_units_becomes_what_its_pair_says(shop: Shop) -> None:
    shop.does("modify_pending_order_items", **_pairs(PENDING, [RED, RED], [BLUE, GOLD], CARD))
    assert _items(shop, PENDING) == [BLUE, SMALL, GOLD]


def test_tau2_may_change_an_item_twice_and_our_own_tools_never_do(own: Shop, tau2: Shop) -> None:
    for shop in (own, tau2):
        assert _items(shop, SPLIT) == [BLUE, RED]
        shop.does("modify_pending_order_items", **_pairs(SPLIT, [BLUE, RED], [RED, GOLD], CARD))
    assert _items(tau2, SPLIT) == [GOLD, RED]  # the new RED one was found first
    assert _items(own, SPLIT) == [RED, GOLD]


def test_tau2_books_a_refund_of_nothing_and_our_own_tools_do_not(own: Shop, tau2: Shop) -> None:
    for shop in (own, tau2):
        shop.does("modify_pending_order_items", **_pairs(PENDING, [RED], [GOLD], CARD))
    assert tau2.order(PENDING)["payment_history"][1:] == [payment(0.0, CARD, "refund")]
    assert own.order(PENDING)["payment_history"][1:] == []


def test_tau2_modifies_an_order_without_naming_an_item(tau2: Shop) -> None:
    shown = json.loads(tau2.does("modify_pending_order_items", **_pairs(PENDING, [], [], CARD)))
    assert shown["status"] == "pending (item modified)"
    assert shown["payment_history"][1:] == [payment(0.0, CARD, "refund")]
    assert _items(tau2, PENDING) == [RED, SMALL, RED]


def _shop_of_two_prices(flavour: Flavour) -> Shop:
    """A shop where two equal lamps of one order were bought at 10.1 and at 15.0."""
    world: Any = rows()
    for order_id, place in ((PENDING, 2), (DELIVERED, 3)):
        unit = world["assistant"]["orders"][order_id]["items"][place]
        assert unit["item_id"] == RED
        unit["price"] = 15.0
    return Shop(flavour, world)


def test_tau2_counts_two_equal_units_at_the_firsts_price_and_our_own_tools_each_at_its_own() -> None:
    own, tau2 = _shop_of_two_prices("toolgym"), _shop_of_two_prices("tau2")
    for shop in (own, tau2):
        shop.does("modify_pending_order_items", **_pairs(PENDING, [RED, RED], [BLUE, GOLD], GIFT))
    assert own.order(PENDING)["payment_history"][1:] == [payment(5.3, GIFT)]  # 20.3 - 10.1 + 10.1 - 15.0
    assert own.balance(GIFT) == 294.7
    assert tau2.order(PENDING)["payment_history"][1:] == [payment(pytest.approx(10.2), GIFT)]
    lamp, _, other = own.order(PENDING)["items"]
    assert (lamp["item_id"], lamp["price"], lamp["options"]) == (BLUE, 20.3, options(BLUE))
    assert (other["item_id"], other["price"], other["options"]) == (GOLD, 10.1, options(GOLD))


def test_one_of_two_units_bought_at_different_prices_is_changed_and_the_other_keeps_its_price() -> None:
    shop = _shop_of_two_prices("toolgym")
    shop.does("modify_pending_order_items", **_pairs(PENDING, [RED], [BLUE], GIFT))
    assert shop.order(PENDING)["payment_history"][1:] == [payment(10.2, GIFT)]
    prices = [(unit["item_id"], unit["price"]) for unit in shop.order(PENDING)["items"]]
    assert prices == [(BLUE, 20.3), (SMALL, 5.0), (RED, 15.0)]


def test_tau2_exchanges_two_equal_units_at_the_firsts_price_and_our_own_tools_each_at_its_own() -> None:
    shops = (_shop_of_two_prices("toolgym"), 5.3), (_shop_of_two_prices("tau2"), 10.2)
    for shop, difference in shops:
        shop.does("exchange_delivered_order_items", **_pairs(DELIVERED, [RED, RED], [BLUE, GOLD], CARD))
        assert shop.order(DELIVERED)["exchange_price_difference"] == difference
        assert shop.order(DELIVERED)["exchange_items"] == [RED, RED]
        assert shop.order(DELIVERED)["exchange_new_items"] == [BLUE, GOLD]


def _shop_with(flavour: Flavour, pine: float) -> Shop:
    world: Any = rows()
    world["assistant"]["products"][CHAIR]["variants"][PINE]["price"] = pine
    return Shop(flavour, world)


@pytest.mark.parametrize(
    ("pine", "kind", "amount", "booked", "balance"),
    [
        (100.4, "payment", 0.4, 0.4000000000000057, 299.6),
        (80.006, "refund", 19.99, 19.994, 319.99),
        (100.004, None, 0.0, 0.0040000000000048885, 300.0),
    ],
)
def test_a_difference_is_rounded_to_cents(
    pine: float, kind: str | None, amount: float, booked: float, balance: float
) -> None:
    own, tau2 = _shop_with("toolgym", pine), _shop_with("tau2", pine)
    for shop in (own, tau2):
        shop.does("modify_pending_order_items", **_pairs(BY_GIFT, [OAK], [PINE], GIFT))
        assert shop.balance(GIFT) == balance
        noted = json.loads(
            shop.does("exchange_delivered_order_items", **_pairs(TWO_PARCELS, [OAK], [PINE], PAYPAL)),
        )
        assert noted["exchange_price_difference"] == round(pine - 100.0, 2)
    assert own.order(BY_GIFT)["payment_history"][1:] == ([payment(amount, GIFT, kind)] if kind else [])
    assert tau2.order(BY_GIFT)["payment_history"][1:] == [payment(booked, GIFT, kind or "payment")]


def test_what_is_owed_is_rounded_to_cents_and_refunded_however_little_it_is() -> None:
    world: Any = rows()
    world["assistant"]["orders"][SPLIT]["payment_history"] = [payment(0.401, CARD), payment(0.004, GIFT)]
    shop = Shop("toolgym", world)
    shop.does("cancel_pending_order", order_id=SPLIT, reason=REASON)
    assert shop.order(SPLIT)["payment_history"][2:] == [payment(0.4, CARD, "refund")]


# Delivered orders


def test_an_exchange_is_noted_and_moves_neither_items_nor_money(shop: Shop) -> None:
    before = dict(shop.order(DELIVERED))

    shown = json.loads(
        shop.does("exchange_delivered_order_items", **_pairs(DELIVERED, [SMALL, RED], [LARGE, BLUE], GIFT))
    )

    noted = {
        "status": "exchange requested",
        "exchange_items": [RED, SMALL],
        "exchange_new_items": [BLUE, LARGE],
        "exchange_payment_method_id": GIFT,
        "exchange_price_difference": 13.1,  # rounded in both flavours
    }
    assert shown == {**before, **noted}
    assert shop.balance(GIFT) == 300.0
    assert shop.changed() == {("orders", DELIVERED)}


def test_an_exchange_for_something_cheaper_has_a_negative_difference(shop: Shop) -> None:
    shown = json.loads(shop.does("exchange_delivered_order_items", **_pairs(TWO_PARCELS, [OAK], [PINE], PAYPAL)))
    assert shown["exchange_price_difference"] == -20.0
    assert shown["user_id"] == BEN


def test_tau2_loses_which_item_is_exchanged_for_which_and_our_own_tools_keep_it(own: Shop, tau2: Shop) -> None:
    for shop in (own, tau2):
        shop.does("exchange_delivered_order_items", **_pairs(DELIVERED, [BLUE, RED], [RED, GOLD], CARD))
        assert shop.order(DELIVERED)["exchange_items"] == [RED, BLUE]
    assert tau2.order(DELIVERED)["exchange_new_items"] == [RED, GOLD]
    assert own.order(DELIVERED)["exchange_new_items"] == [GOLD, RED]


def test_tau2_exchanges_nothing_at_a_difference_of_integer_zero(tau2: Shop) -> None:
    shown = tau2.does("exchange_delivered_order_items", **_pairs(DELIVERED, [], [], CARD))
    assert '"exchange_price_difference": 0,' in shown
    assert json.loads(shown)["status"] == "exchange requested"


def test_a_return_is_noted_and_moves_no_money(shop: Shop) -> None:
    before = dict(shop.order(DELIVERED))

    shown = json.loads(
        shop.does(
            "return_delivered_order_items",
            order_id=DELIVERED,
            item_ids=[SMALL, RED, BLUE, RED],
            payment_method_id=CARD,
        )
    )

    noted = {
        "status": "return requested",
        "return_items": [RED, RED, BLUE, SMALL],
        "return_payment_method_id": CARD,
    }
    assert shown == {**before, **noted}
    assert shop.changed() == {("orders", DELIVERED)}


def test_tau2_returns_nothing_at_all_if_asked_to(tau2: Shop) -> None:
    tau2.does("return_delivered_order_items", order_id=DELIVERED, item_ids=[], payment_method_id=CARD)
    assert tau2.order(DELIVERED)["status"] == "return requested"
    assert tau2.order(DELIVERED)["return_items"] == []


def test_an_order_that_nothing_was_paid_for_is_returned_to_a_gift_card_alone() -> None:
    world: Any = rows()
    world["assistant"]["orders"][DELIVERED]["payment_history"] = []
    own = Shop("toolgym", world)
    wanted = {"order_id": DELIVERED, "item_ids": [RED]}
    text = own.refuses("return_delivered_order_items", **wanted, payment_method_id=CARD)
    assert text == "Payment method should be the original payment method"
    own.does("return_delivered_order_items", **wanted, payment_method_id=GIFT)
    assert own.order(DELIVERED)["return_payment_method_id"] == GIFT


def test_a_delivered_order_is_returned_or_exchanged_but_not_both(shop: Shop) -> None:
    shop.does("return_delivered_order_items", order_id=DELIVERED, item_ids=[RED], payment_method_id=CARD)
    text = shop.refuses("exchange_delivered_order_items", **_pairs(DELIVERED, [RED], [BLUE], CARD))
    assert text == "Non-delivered order cannot be exchanged"
