"""What the shop's oracle says that it will do, in parts: from these each form of speaking makes its own text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolgym.scripted.proposals import Proposal, ProposalTexts, Row
from toolgym.scripted.voice import listed
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import ItemRef, Method, Request
from toolgym_retail.speech import method, unit, values

_TEXTS = ProposalTexts.read(Path(__file__).parent / "proposals.toml")


def parts(
    request: Request,
    methods: Sequence[Method],
    cost: float | None,
    order: Mapping[str, Any],
    user: Mapping[str, Any],
    products: Mapping[str, Mapping[str, Any]],
) -> Proposal:
    """What is about to be done.

    Args:
        request: What is proposed.
        methods: All payment methods of the customer, to tell them apart.
        cost: What the new items cost more (below 0: less), in dollars; None if nothing is changed for something else.
        order: The record of the order; empty if it is about none.
        user: The record of the customer.
        products: By item id the record of its product, where that was read.
    """
    clue = "" if request.order is None or request.order.known else f" ({request.order.clue})"
    subject = f"order {request.order.id}{clue}" if request.order is not None else "your default address"
    items = listed([unit(item) for item in request.items])
    difference = cost or 0.0
    return _TEXTS.proposal(
        request.kind,
        subject,
        [_row(item, order, products.get(item.item_id, {})) for item in request.items if request.kind in ITEM_KINDS],
        Subject=subject[0].upper() + subject[1:],
        number=f"{request.order.id}{clue}" if request.order is not None else "",
        status=str(order.get("status", "")),
        items=items,
        Items=items[:1].upper() + items[1:],
        swaps=listed([f"{unit(item)} for the one with {values(item.new_options)}" for item in request.items]),
        payment=method(request.payment, methods) if request.payment is not None else "",
        original=_original(order, methods),
        reason=request.reason or "",
        address=f"{request.address}, {request.address.country}" if request.address is not None else "",
        current=_address((order or user).get("address", {})),
        others=listed([one for one in user.get("orders", ()) if request.order is None or one != request.order.id]),
        difference=f"${abs(difference):.2f}",
        direction="to be paid" if difference > 0 else "refund",
        settled="charged to" if difference > 0 else "refunded to",
    )


def _row(item: ItemRef, order: Mapping[str, Any], product: Mapping[str, Any]) -> Row:
    prices = {unit["item_id"]: unit["price"] for unit in order.get("items", ())}
    variant = product.get("variants", {}).get(item.new_item_id, {})
    now = values(item.options)
    if item.new_item_id is None:
        return Row(item.product, now, item.item_id, prices.get(item.item_id))
    new = values(item.new_options)
    return Row(item.product, now, item.item_id, prices.get(item.item_id), new, item.new_item_id, variant.get("price"))


def _original(order: Mapping[str, Any], methods: Sequence[Method]) -> str:
    """The payment method that paid for an order, as a shop calls it."""
    paid = [entry.get("payment_method_id") for entry in order.get("payment_history", ())]
    named = next((one for one in methods if paid and one.id == paid[0]), None)
    return method(named, methods) if named is not None else "the original payment method"


def _address(record: Mapping[str, Any]) -> str:
    if not record:
        return ""
    street = ", ".join(filter(None, [record["address1"], record["address2"]]))
    return f"{street}, {record['city']}, {record['state']} {record['zip']}"
