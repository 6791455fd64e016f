"""How the shop's assistants speak to a customer: what they ask, what they are about to do, and what they did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolgym.scripted.forms import form_speech
from toolgym.scripted.speech import Speech
from toolgym.scripted.voice import listed
from toolgym_retail.facts import ItemRef, Method, Request

SPEECH = Speech.read(Path(__file__).parent / "speech.toml")
"""Every line of theirs."""
FORM_SPEECH = form_speech(Path(__file__).parent / "forms.toml")
"""Every line in the forms of real models."""


def details(request: Request, methods: Sequence[Method], cost: float | None, *, figures: bool = True) -> list[str]:
    """What is about to be done, sentence by sentence.

    Args:
        request: What is proposed.
        methods: All payment methods of the customer, to tell them apart.
        cost: What the new items cost more (below 0: less), in dollars; None if nothing is changed for something else.
        figures: Whether the amount of a difference in price is named.
    """
    kind, order = request.kind, request.order
    number = f"order {order.id}" if order is not None else "your profile"
    parts = []
    if kind == "cancel":
        why = f" (reason: {request.reason})" if request.reason else ""
        parts.append(f"Cancel {number}{why}; the money goes back to where it came from")
    elif kind == "return":
        parts.append(f"Return {listed([unit(item) for item in request.items])} from {number}")
    elif kind in ("exchange", "modify_items"):
        verb = "Exchange" if kind == "exchange" else "Change"
        into = "for" if kind == "exchange" else "to"
        parts += [
            f"{verb} {unit(item)} from {number} {into} the {item.product} ({values(item.new_options)})"
            for item in request.items
        ]
    elif kind == "modify_address":
        parts.append(f"Ship {number} to {request.address} instead")
    elif kind == "user_address":
        parts.append(f"Change the default address of your profile to {request.address}")
    elif kind == "modify_payment" and request.payment is not None:
        parts.append(f"Change the payment of {number} to {method(request.payment, methods)}")
    if order is not None and not order.known:
        parts.append(f"That is {order.clue}")
    if kind == "return" and request.payment is not None:
        parts.append(f"The refund goes to {method(request.payment, methods)}")
    if kind in ("exchange", "modify_items") and request.payment is not None:
        way = "is paid with" if (cost or 0.0) > 0 else "goes to"
        amount = f" of ${abs(cost or 0.0):.2f}" if figures else ""
        way = way if figures else "goes to"  # which of the two it is takes the same arithmetic
        parts.append(f"The difference{amount} {way} {method(request.payment, methods)}")
    return parts


def deed(request: Request) -> str:
    """What was done, in a sentence."""
    number = f"order {request.order.id}" if request.order is not None else "your profile"
    items = f"{listed([unit(item) for item in request.items])} from {number} has been requested."
    return {
        "cancel": f"I have cancelled {number}.",
        "return": f"The return of {items}",
        "exchange": f"The exchange of {items}",
        "modify_items": f"The items of {number} have been changed.",
        "modify_address": f"The shipping address of {number} has been changed.",
        "user_address": "The default address of your profile has been changed.",
        "modify_payment": f"The payment method of {number} has been changed.",
    }[request.kind]


def unit(item: ItemRef) -> str:
    """A unit with all its options."""
    return f"the {item.product} ({values(item.options)})"


def method(used: Method, methods: Sequence[Method]) -> str:
    """A payment method as a shop calls it."""
    if used.source == "paypal":
        return "your PayPal account"
    twins = [other for other in methods if other.source == used.source]
    if used.source == "gift_card":
        return "your gift card" + (f" {used.id}" if len(twins) > 1 else "")
    return f"your {used.brand.title()} ending in {used.last_four}"


def values(options: dict[str, str] | None) -> str:
    """The values of all options."""
    return ", ".join((options or {}).values())
