"""Requests that become others when they are proposed: what was wanted first, and what is wanted then."""

from __future__ import annotations

from collections.abc import Sequence

from toolgym.database import Record
from toolgym.generators.recipes import after
from toolgym_retail.facts import ItemRef, Request
from toolgym_retail.goals.shopper import Shopper


def unchanged(items: tuple[ItemRef, ...]) -> tuple[ItemRef, ...]:
    """Units without the variants that they were to become."""
    return tuple(item.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()}) for item in items)


def other_variant(shopper: Shopper) -> Request | None:
    """Another variant than the one that was wanted first."""
    final = shopper.swap(shopper.dice.pick(("exchange", "modify_items")))
    if final is None:
        return None
    other = another_change(shopper, final)
    if other is None or other.new_item_id == final.items[0].new_item_id:
        return None
    return after(final.model_copy(update={"items": (other,)}), final)


def fewer_units(shopper: Shopper) -> Request | None:
    """To return one unit, not both."""
    both = shopper.give_back(2)
    return None if both is None else after(both, both.model_copy(update={"items": both.items[:1]}))


def exchange_not_return(shopper: Shopper) -> Request | None:
    """To exchange what was to be returned."""
    final = shopper.swap("exchange")
    return None if final is None else after(returned(shopper, final), final)


def other_refund(shopper: Shopper) -> Request | None:
    """To return something, with the refund to another method."""
    final = shopper.give_back()
    if final is None or final.order is None:
        return None
    other = shopper.refund_to(shopper.orders[final.order.id], other=True)
    return None if other == final.payment else after(final.model_copy(update={"payment": other}), final)


def change_not_cancel(shopper: Shopper) -> Request | None:
    """To change an item of an order that was to be cancelled."""
    final = shopper.swap("modify_items")
    if final is None:
        return None
    reason, excuse = shopper.reason()
    items = unchanged(final.items)
    return after(Request(kind="cancel", order=final.order, items=items, reason=reason, excuse=excuse), final)


def other_address(shopper: Shopper) -> Request | None:
    """Another address than the one that was given first."""
    final = shopper.ship_to()
    return None if final is None else after(final.model_copy(update={"address": shopper.address()}), final)


def other_card(shopper: Shopper) -> Request | None:
    """To pay by another method than the one that was named first."""
    final = shopper.pay_by()
    if final is None or final.order is None:
        return None
    entry = shopper.orders[final.order.id]["payment_history"][0]
    used = {entry["payment_method_id"], final.payment.id if final.payment is not None else ""}
    others = [method for method in shopper.user["payment_methods"] if method not in used]
    other = shopper.payer(entry["amount"], only=others) if others else None
    return None if other is None else after(final.model_copy(update={"payment": other}), final)


# What was wanted of another order


def cancel_other_order(shopper: Shopper) -> Request | None:
    """To cancel another order than the one that was named first."""
    final = shopper.cancel()
    return None if final is None else _named_wrongly(shopper, final, shopper.of_status("pending"))


def ship_other_order(shopper: Shopper) -> Request | None:
    """To ship another order than the one that was named first to an address."""
    final = shopper.ship_to()
    return None if final is None else _named_wrongly(shopper, final, shopper.of_status("pending"))


def pay_other_order(shopper: Shopper) -> Request | None:
    """To pay another order than the one that was named first by a method."""
    final = shopper.pay_by()
    if final is None or final.payment is None:
        return None
    method = shopper.user["payment_methods"][final.payment.id]
    payable = []
    for order in shopper.paid_once():
        entry = order["payment_history"][0]
        covers = method["source"] != "gift_card" or method["balance"] >= entry["amount"]
        if covers and entry["payment_method_id"] != method["id"]:
            payable.append(order)
    return _named_wrongly(shopper, final, payable)


def return_from_other_order(shopper: Shopper) -> Request | None:
    """To return a product from another order than the one that was named first, which holds it too."""
    final = shopper.give_back()
    if final is None or final.order is None:
        return None
    rivals = []
    for order in shopper.of_status("delivered"):
        units = [item for item in order["items"] if item["name"] == final.items[0].product]
        if order["order_id"] != final.order.id and len(units) == 1:
            rivals.append((order, units[0]))
    if not rivals:
        return None
    order, unit = shopper.dice.pick(rivals)
    update = {
        "order": shopper.order_ref(order),
        "items": (shopper.item_ref(order, unit),),
        "payment": shopper.refund_to(order),
    }
    return after(final.model_copy(update=update), final)


def _named_wrongly(shopper: Shopper, final: Request, orders: Sequence[Record]) -> Request | None:
    """A request about a whole order, after the same about one of some others."""
    others = [order for order in orders if final.order is not None and order["order_id"] != final.order.id]
    order = shopper.some(others)
    if order is None:
        return None
    update = {"order": shopper.order_ref(order), "items": shopper.first_unit(order)}
    return after(final.model_copy(update=update), final)


# Other requests about the same units


def another_change(shopper: Shopper, request: Request, *, available: bool = True) -> ItemRef | None:
    """Another variant for the first unit of a change."""
    if request.order is None:
        return None
    order = shopper.orders[request.order.id]
    item = next(item for item in order["items"] if item["item_id"] == request.items[0].item_id)
    return shopper.change(order, item, available=available)


def returned(shopper: Shopper, exchange: Request) -> Request:
    """The return of units instead of their exchange."""
    payment = shopper.refund_to(shopper.orders[exchange.order.id]) if exchange.order is not None else None
    return exchange.model_copy(update={"kind": "return", "items": unchanged(exchange.items), "payment": payment})
