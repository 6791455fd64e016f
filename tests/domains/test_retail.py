"""Retail: what the reading tools answer, what each writing tool refuses and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from retail_world import (
    ADA,
    BEN,
    BLUE,
    CANCELLED,
    CARD,
    CHAIR,
    CLEO,
    DELIVERED,
    EMPTIED,
    EMPTY_GIFT,
    EXCHANGED,
    GIFT,
    GIFT_DELIVERED,
    GLASS,
    GREEN,
    LAMP,
    LARGE,
    LOST,
    MODIFIED,
    MUG,
    OAK,
    OTHER_PAYPAL,
    PAYPAL,
    PENDING,
    PROCESSED,
    RED,
    RETURNED,
    SMALL,
    SMALL_GIFT,
    SPLIT,
    VASE,
    Shop,
    address,
    payment,
    rows,
)

NOWHERE, NOTHING = "#W9999999", "9999999999"
REASON = "no longer needed"


def test_an_order_is_shown_with_all_fields_in_their_order_and_nulls(shop: Shop) -> None:
    shown = json.loads(shop.does("get_order_details", order_id=PENDING))

    assert list(shown) == [
        "order_id",
        "user_id",
        "address",
        "items",
        "status",
        "fulfillments",
        "payment_history",
        "cancel_reason",
        "exchange_items",
        "exchange_new_items",
        "exchange_payment_method_id",
        "exchange_price_difference",
        "return_items",
        "return_payment_method_id",
    ]
    assert list(shown["address"]) == ["address1", "address2", "city", "country", "state", "zip"]
    assert list(shown["items"][0]) == ["name", "product_id", "item_id", "price", "options"]
    assert shown["return_items"] is None
    expected = rows()["assistant"]["orders"][PENDING]
    assert {name: shown[name] for name in expected} == expected


def test_a_record_is_shown_as_json_with_default_separators(shop: Shop) -> None:
    text = shop.does("get_item_details", item_id=RED)
    assert text == '{"item_id": "2000000001", "options": {"kind": "red"}, "available": true, "price": 10.1}'


def test_products_and_users_are_shown_whole(shop: Shop) -> None:
    world = rows()["assistant"]
    assert json.loads(shop.does("get_product_details", product_id=LAMP)) == world["products"][LAMP]
    assert json.loads(shop.does("get_user_details", user_id=BEN)) == world["users"][BEN]


def test_product_types_are_listed_by_name_in_alphabetical_order(shop: Shop) -> None:
    text = shop.does("list_all_product_types")
    assert text == json.dumps({"Chair": CHAIR, "Lamp": LAMP, "Mug": MUG, "Vase": VASE})


@pytest.mark.parametrize("first_name", ["Ada", "aDA"])
def test_a_user_is_found_by_name_in_any_case_and_exact_zip(shop: Shop, first_name: str) -> None:
    found = shop.does("find_user_id_by_name_zip", first_name=first_name, last_name="LOVELACE", zip="12345")
    assert found == ADA  # and not Cleo, who has the same name and zip and comes later
    refusal = shop.refuses("find_user_id_by_name_zip", first_name=first_name, last_name="Lovelace", zip="1234")
    assert refusal == "User not found"


def test_a_user_who_moved_is_found_under_the_new_zip_only(shop: Shop) -> None:
    name = {"first_name": "ada", "last_name": "lovelace"}

    shop.does("modify_user_address", user_id=ADA, **address(5, "54321"))

    assert shop.does("find_user_id_by_name_zip", **name, zip="54321") == ADA
    assert shop.does("find_user_id_by_name_zip", **name, zip="12345") == CLEO


def test_a_user_is_found_by_email_in_any_case_but_not_trimmed(shop: Shop) -> None:
    assert shop.does("find_user_id_by_email", email="ada.LOVELACE@example.com") == ADA
    assert shop.refuses("find_user_id_by_email", email=" ben@example.com") == "User not found"


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        ("get_order_details", {"order_id": "W0000001"}, "Order not found"),
        ("get_product_details", {"product_id": RED}, "Product not found"),
        ("get_item_details", {"item_id": LAMP}, "Item not found"),
        ("get_user_details", {"user_id": "Ada_Lovelace_0001"}, "User not found"),
        ("find_user_id_by_email", {"email": "nobody@example.com"}, "User not found"),
    ],
)
def test_what_is_not_there_is_said_not_to_be_there(shop: Shop, tool: str, arguments: Any, text: str) -> None:
    assert shop.refuses(tool, **arguments) == text


def test_a_transfer_succeeds_and_changes_nothing(shop: Shop) -> None:
    result = shop.call("transfer_to_human_agents", summary="The user asks for a discount.")
    assert result == ("Transfer successful", False, False)


def test_the_calculator_is_a_tool(shop: Shop) -> None:
    assert shop.does("calculate", expression="2 * (3.5 + 1)") == "9.0"
    assert shop.refuses("calculate", expression="import os") == "Invalid characters in expression"


# Each row breaks the named rule and every later one, so that the order of the checks shows.

_ITEMS = {"item_ids": [LARGE], "new_item_ids": [], "payment_method_id": "nothing"}
_RETURN = {"item_ids": [LARGE], "payment_method_id": "nothing"}


def _pairs(old: list[str], new: list[str], method: str = "nothing") -> dict[str, Any]:
    return {"item_ids": old, "new_item_ids": new, "payment_method_id": method}


REFUSALS: list[tuple[str, str, dict[str, Any], str]] = [
    ("cancel_pending_order", NOWHERE, {"reason": REASON}, "Order not found"),
    *(
        ("cancel_pending_order", order, {"reason": REASON}, "Non-pending order cannot be cancelled")
        for order in (MODIFIED, PROCESSED, DELIVERED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("modify_pending_order_payment", NOWHERE, {"payment_method_id": "nothing"}, "Order not found"),
    *(
        (
            "modify_pending_order_payment",
            order,
            {"payment_method_id": "nothing"},
            "Non-pending order cannot be modified",
        )
        for order in (PROCESSED, DELIVERED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("modify_pending_order_payment", SPLIT, {"payment_method_id": PAYPAL}, "Payment method not found"),
    (
        "modify_pending_order_payment",
        SPLIT,
        {"payment_method_id": CARD},
        "There should be exactly one payment for a pending order",
    ),
    (
        "modify_pending_order_payment",
        MODIFIED,
        {"payment_method_id": CARD},
        "There should be exactly one payment for a pending order",
    ),
    (
        "modify_pending_order_payment",
        EMPTIED,
        {"payment_method_id": EMPTY_GIFT},
        "The new payment method should be different from the current one",
    ),
    (
        "modify_pending_order_payment",
        PENDING,
        {"payment_method_id": SMALL_GIFT},
        "Insufficient gift card balance to pay for the order",
    ),
    ("modify_pending_order_address", NOWHERE, address(5), "Order not found"),
    *(
        ("modify_pending_order_address", order, address(5), "Non-pending order cannot be modified")
        for order in (PROCESSED, DELIVERED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("modify_pending_order_items", NOWHERE, _ITEMS, "Order not found"),
    *(
        ("modify_pending_order_items", order, _ITEMS, "Non-pending order cannot be modified")
        for order in (MODIFIED, PROCESSED, DELIVERED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("modify_pending_order_items", PENDING, _ITEMS, f"{LARGE} not found"),
    ("modify_pending_order_items", PENDING, _pairs([SMALL, RED, RED, RED, LARGE], [RED]), f"{RED} not found"),
    (
        "modify_pending_order_items",
        PENDING,
        _pairs([RED], [RED, GREEN]),
        "The number of items to be exchanged should match",
    ),
    (
        "modify_pending_order_items",
        PENDING,
        _pairs([RED, SMALL], [RED, GREEN]),
        "The new item id should be different from the old item id",
    ),
    ("modify_pending_order_items", PENDING, _pairs([SMALL, RED], [GREEN, RED]), "Variant not found"),
    (
        "modify_pending_order_items",
        PENDING,
        _pairs([RED, SMALL], [GREEN, NOTHING]),
        f"New item {GREEN} not found or available",
    ),
    ("modify_pending_order_items", PENDING, _pairs([RED], [BLUE], PAYPAL), "Payment method not found"),
    (
        "modify_pending_order_items",
        PENDING,
        _pairs([RED], [BLUE], SMALL_GIFT),
        "Insufficient gift card balance to pay for the new item",
    ),
    ("exchange_delivered_order_items", NOWHERE, _ITEMS, "Order not found"),
    *(
        ("exchange_delivered_order_items", order, _ITEMS, "Non-delivered order cannot be exchanged")
        for order in (PENDING, MODIFIED, PROCESSED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("exchange_delivered_order_items", DELIVERED, _ITEMS, f"Number of {LARGE} not found."),
    (
        "exchange_delivered_order_items",
        DELIVERED,
        _pairs([RED], [GREEN, GREEN]),
        "The number of items to be exchanged should match.",
    ),
    ("exchange_delivered_order_items", DELIVERED, _pairs([SMALL, RED], [BLUE, GREEN]), "Variant not found"),
    (
        "exchange_delivered_order_items",
        DELIVERED,
        _pairs([RED, SMALL], [GREEN, BLUE]),
        f"New item {GREEN} not found or available",
    ),
    ("exchange_delivered_order_items", DELIVERED, _pairs([RED], [BLUE], PAYPAL), "Payment method not found"),
    (
        "exchange_delivered_order_items",
        DELIVERED,
        _pairs([RED], [BLUE], SMALL_GIFT),
        "Insufficient gift card balance to pay for the price difference",
    ),
    ("return_delivered_order_items", NOWHERE, _RETURN, "Order not found"),
    *(
        ("return_delivered_order_items", order, _RETURN, "Non-delivered order cannot be returned")
        for order in (PENDING, MODIFIED, PROCESSED, CANCELLED, EXCHANGED, RETURNED)
    ),
    ("return_delivered_order_items", DELIVERED, _RETURN, "Payment method not found"),
    (
        "return_delivered_order_items",
        DELIVERED,
        {"item_ids": [LARGE], "payment_method_id": OTHER_PAYPAL},
        "Payment method should be the original payment method",
    ),
    (
        "return_delivered_order_items",
        DELIVERED,
        {"item_ids": [BLUE, BLUE], "payment_method_id": CARD},
        "Some item not found",
    ),
]


@pytest.mark.parametrize(("tool", "order_id", "arguments", "text"), REFUSALS)
def test_the_first_broken_rule_is_the_one_named(
    shop: Shop, tool: str, order_id: str, arguments: dict[str, Any], text: str
) -> None:
    assert shop.refuses(tool, order_id=order_id, **arguments) == text


def test_a_user_without_record_cannot_move(shop: Shop) -> None:
    assert shop.refuses("modify_user_address", user_id="nobody", **address(5)) == "User not found"


@pytest.mark.parametrize("reason", ["No longer needed", "", "because", None, ["no longer needed"]])
def test_tau2_checks_the_reason_last(tau2: Shop, reason: Any) -> None:
    assert tau2.refuses("cancel_pending_order", order_id=NOWHERE, reason=reason) == "Order not found"
    text = tau2.refuses("cancel_pending_order", order_id=MODIFIED, reason=reason)
    assert text == "Non-pending order cannot be cancelled"
    text = tau2.refuses("cancel_pending_order", order_id=PENDING, reason=reason)
    assert text == ("unhashable type: 'list'" if isinstance(reason, list) else "Invalid reason")


def test_our_own_tools_check_arguments_before_anything_else(own: Shop) -> None:
    text = own.refuses("cancel_pending_order", order_id=NOWHERE, reason="because")
    assert text.startswith("Invalid arguments for cancel_pending_order: reason: ")
    assert "'no longer needed' or 'ordered by mistake'" in text
    assert "(got 'because')" in text


def test_tau2_answers_ill_typed_arguments_with_what_python_says(tau2: Shop) -> None:
    assert tau2.refuses("get_order_details", order_id=["#W0000001"]) == "unhashable type: 'list'"
    assert tau2.refuses("get_user_details", user_id={"a": 1}) == "unhashable type: 'dict'"
    assert tau2.refuses("find_user_id_by_email", email=None) == "'NoneType' object has no attribute 'lower'"
    assert tau2.refuses("get_item_details", item_id=5) == "Item not found"
    name = {"first_name": "Nobody", "last_name": 5, "zip": "12345"}
    assert tau2.refuses("find_user_id_by_name_zip", **name) == "User not found"  # the last name is not looked at
    text = tau2.refuses("find_user_id_by_name_zip", **{**name, "first_name": "ada"})
    assert text == "'int' object has no attribute 'lower'"
    assert tau2.refuses("find_user_id_by_name_zip", **{**name, "first_name": 5}).endswith("no attribute 'lower'")
    assert (
        tau2.refuses("find_user_id_by_name_zip", first_name="Ada", last_name="Lovelace", zip=12345) == "User not found"
    )
    walked = tau2.refuses("modify_pending_order_items", order_id=PENDING, **_pairs("20", []))  # type: ignore[arg-type]
    assert walked == "2 not found"
    broken = tau2.refuses("modify_pending_order_address", order_id=PENDING, **{**address(5), "zip": 12345})
    assert broken.startswith("1 validation error for UserAddress\nzip\n  Input should be a valid string")


def test_tau2_exchanges_an_item_for_itself_only_if_it_is_available(tau2: Shop) -> None:
    text = tau2.refuses("exchange_delivered_order_items", order_id=DELIVERED, **_pairs([GLASS], [GLASS], CARD))
    assert text == f"New item {GLASS} not found or available"
    shown = tau2.does("exchange_delivered_order_items", order_id=DELIVERED, **_pairs([RED], [RED], CARD))
    assert json.loads(shown)["exchange_price_difference"] == 0.0


def test_our_own_tools_exchange_no_item_for_itself(own: Shop) -> None:
    text = own.refuses("exchange_delivered_order_items", order_id=DELIVERED, **_pairs([SMALL, RED], [LARGE, RED], CARD))
    assert text == "The new item id should be different from the old item id"


@pytest.mark.parametrize("tool", ["modify_pending_order_items", "exchange_delivered_order_items"])
def test_our_own_tools_change_no_order_without_naming_an_item(own: Shop, tool: str) -> None:
    order = PENDING if tool == "modify_pending_order_items" else DELIVERED
    assert own.refuses(tool, order_id=order, **_pairs([], [], CARD)) == "No item is named"


def test_our_own_tools_return_nothing_without_naming_an_item(own: Shop) -> None:
    text = own.refuses("return_delivered_order_items", order_id=DELIVERED, item_ids=[], payment_method_id=CARD)
    assert text == "No item is named"


def test_a_cancellation_that_fails_half_way_keeps_its_refund_in_tau2(tau2: Shop) -> None:
    result = tau2.call("cancel_pending_order", order_id=LOST, reason=REASON)
    assert result == ("Error: Payment method not found", True, True)
    assert tau2.balance(GIFT) == 305.0
    assert tau2.changed() == {("users", ADA)}  # the order itself is as it was


def test_a_cancellation_that_fails_half_way_refunds_nothing_in_our_own_tools(own: Shop) -> None:
    assert own.refuses("cancel_pending_order", order_id=LOST, reason=REASON) == "Payment method not found"
    assert own.balance(GIFT) == 300.0
    assert own.order(LOST)["payment_history"] == [payment(5.0, GIFT), payment(5.0, "paypal_9999")]


def test_no_tool_belongs_to_the_user(shop: Shop) -> None:
    assert list(shop.toolbox.toolkits) == ["assistant"]
    assert shop.toolbox.toolkits["assistant"].tools.keys() >= {"get_order_details", "cancel_pending_order"}
    assert len(shop.toolbox.toolkits["assistant"].tools) == 16


def test_a_gift_card_of_the_user_may_always_be_refunded_to(shop: Shop) -> None:
    for method in (GIFT, SMALL_GIFT):
        fresh = Shop(shop.flavour)
        fresh.does("return_delivered_order_items", order_id=DELIVERED, item_ids=[RED], payment_method_id=method)
        assert fresh.order(DELIVERED)["return_payment_method_id"] == method
    shop.does("return_delivered_order_items", order_id=GIFT_DELIVERED, item_ids=[OAK], payment_method_id=EMPTY_GIFT)
    assert shop.balance(EMPTY_GIFT, CLEO) == 0.0  # no money moves before the item is back
