"""What injectors do for the faults of real models: what sounds forbidden, is spent at once, or has a near twin."""

from __future__ import annotations

from typing import Literal

from toolgym.generation import Difficulty
from toolgym.generators.doses import dosed
from toolgym.generators.drafts import Draft
from toolgym_retail.facts import ItemRef, Place, Request
from toolgym_retail.goals.shopper import Shopper


def whole_basket(shopper: Shopper, dose: Difficulty, kind: Literal["return", "exchange"]) -> Draft[Request] | None:
    """Several units of a delivered order, which takes but one return or exchange."""
    order = shopper.some(shopper.of_status("delivered"))
    units = shopper.units(order, min(2 + dose.records, 4)) if order is not None else None
    if order is None or units is None:
        return None
    ref = shopper.order_ref(order, units)
    if kind == "return":
        items = tuple(shopper.item_ref(order, unit) for unit in units)
        payment = shopper.refund_to(order)
    else:
        changes = [shopper.change(order, unit, most=1) for unit in units]
        items = tuple(change for change in changes if change is not None)
        if len(items) < len(units) or (paid := shopper.payer(shopper.difference(order, items))) is None:
            return None
        payment = paid
    if ref is None:
        return None
    return dosed(
        shopper, [Request(kind=kind, order=ref, items=items, payment=payment)], dose, "a call for several units"
    )


def other_method(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """The difference goes on a method with which the order was not paid, of at least two."""
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, 1) if order is not None else None
    change = shopper.change(order, units[0]) if order is not None and units is not None else None
    if order is None or units is None or change is None:
        return None
    paid = {entry["payment_method_id"] for entry in order["payment_history"]}
    others = [method for method in shopper.user["payment_methods"] if method not in paid]
    ref, items = shopper.order_ref(order, units), (change,)
    payment = shopper.payer(shopper.difference(order, items), only=others) if others else None
    if ref is None or payment is None:
        return None
    kind: Literal["exchange", "modify_items"] = "exchange" if order["status"] == "delivered" else "modify_items"
    request = Request(kind=kind, order=ref, items=items, payment=payment)
    return dosed(shopper, [request], dose, "another payment method than the order's")


def near_address(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """A pending order goes to another apartment at the address that it has."""
    order = shopper.some(shopper.of_status("pending"))
    ref = shopper.order_ref(order) if order is not None else None
    if order is None or ref is None:
        return None
    apartment = next((place.address2 for place in (shopper.address() for _ in range(6)) if place.address2), "")
    if not apartment or apartment == order["address"]["address2"]:
        return None
    place = Place(**{**order["address"], "address2": apartment})
    request = Request(kind="modify_address", order=ref, items=shopper.first_unit(order), address=place)
    return dosed(shopper, [request], dose, "an address that is nearly the present one")


def unknown_number(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """A thing to be done with an order whose number the customer does not know, and the records tell."""
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, 1) if order is not None else None
    if order is None or units is None or len(shopper.user["orders"]) < 2 + min(dose.records, 2):
        return None
    ref = shopper.order_ref(order, units, vague=True, clue="any")
    if ref is None:
        return None
    if order["status"] == "delivered":
        items: tuple[ItemRef, ...] = (shopper.item_ref(order, units[0]),)
        request = Request(kind="return", order=ref, items=items, payment=shopper.refund_to(order))
    else:
        reason, excuse = shopper.reason()
        request = Request(kind="cancel", order=ref, items=shopper.first_unit(order), reason=reason, excuse=excuse)
    return dosed(shopper, [request], dose, "an order without its number")


def gift_card_refund(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """The refund of a return goes to a gift card although the order was paid otherwise: the policy allows that."""
    order = shopper.some(shopper.of_status("delivered"))
    units = shopper.units(order, 1) if order is not None else None
    if order is None or units is None:
        return None
    paid = {entry["payment_method_id"] for entry in order["payment_history"]}
    payment, ref = shopper.refund_to(order, other=True), shopper.order_ref(order, units)
    if payment.source != "gift_card" or payment.id in paid or ref is None:
        return None
    items = tuple(shopper.item_ref(order, unit) for unit in units)
    request = Request(kind="return", order=ref, items=items, payment=payment)
    return dosed(shopper, [request], dose, "allowed, and sounds forbidden")


def near_figures(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """A price or total is asked for, of an order with several units, beside something to be done."""
    question = next((one for one in (shopper.ask() for _ in range(8)) if one and _of_bill(shopper, one)), None)
    write = shopper.any_write()
    if question is None or write is None:
        return None
    draft = dosed(shopper, [write], dose, "a figure among others")
    draft.requests.insert(0, question)
    draft.upfront = 2
    return draft


def _of_bill(shopper: Shopper, question: Request) -> bool:
    """Whether a question is for a figure that stands among others like it."""
    order = shopper.orders[question.order.id] if question.order is not None else None
    return order is not None and "." in question.answer and len(order["items"]) > 2
