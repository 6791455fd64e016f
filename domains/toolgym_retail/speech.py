"""How the oracle speaks to a customer: the same things in five wordings."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from toolgym.scripted.voice import listed
from toolgym_retail.facts import Facts, ItemRef, Method, Request

OracleWording: TypeAlias = Literal["plain", "terse", "formal", "markdown", "model"]
"""A manner of speaking."""
ORACLE_WORDINGS: tuple[OracleWording, ...] = get_args(OracleWording)


@cache
def _lines() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "speech.toml").read_text(encoding="utf-8"))


def line(wording: OracleWording, name: str, **slots: str) -> str:
    """One of the oracle's lines, its slots filled."""
    return _lines()[name][wording].format(**slots)


def proposal(wording: OracleWording, request: Request, facts: Facts, cost: float | None) -> str:
    """What is about to be done, in every detail, and the question for a go-ahead.

    Args:
        wording: How.
        request: What is proposed.
        facts: To tell the customer's own payment methods apart.
        cost: What the new items cost more (below 0: less), in dollars; None if nothing is changed for something else.
    """
    parts = details(request, facts, cost)
    listed = (
        "\n".join(f"- {part}" for part in parts) if wording == "markdown" else " ".join(f"{part}." for part in parts)
    )
    lead, ask = line(wording, "summary"), line(wording, "go_ahead")
    if wording == "markdown":
        return f"{lead}\n\n{listed}\n\n{ask}"
    return f"{lead} {listed} {ask}".strip()


def details(request: Request, facts: Facts, cost: float | None) -> list[str]:
    """What is about to be done, sentence by sentence."""
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
            f"{verb} {unit(item)} from {number} {into} the {item.product} ({_values(item.new_options)})"
            for item in request.items
        ]
    elif kind == "modify_address":
        parts.append(f"Ship {number} to {request.address} instead")
    elif kind == "user_address":
        parts.append(f"Change the default address of your profile to {request.address}")
    elif kind == "modify_payment" and request.payment is not None:
        parts.append(f"Change the payment of {number} to {method(request.payment, facts)}")
    if order is not None and not order.known:
        parts.append(f"That is {order.clue}")
    if kind == "return" and request.payment is not None:
        parts.append(f"The refund goes to {method(request.payment, facts)}")
    if kind in ("exchange", "modify_items") and request.payment is not None:
        settle = f"The difference of ${abs(cost or 0.0):.2f} "
        parts.append(
            settle + ("is paid with" if (cost or 0.0) > 0 else "goes to") + f" {method(request.payment, facts)}"
        )
    return parts


def report(wording: OracleWording, request: Request, facts: Facts) -> str:
    """What was done."""
    kind = request.kind
    number = f"order {request.order.id}" if request.order is not None else "your profile"
    told = {
        "cancel": f"I have cancelled {number}.",
        "return": f"The return of {listed([unit(item) for item in request.items])} from {number} has been requested.",
        "exchange": f"The exchange of {listed([unit(item) for item in request.items])} from {number} has "
        f"been requested.",
        "modify_items": f"The items of {number} have been changed.",
        "modify_address": f"The shipping address of {number} has been changed.",
        "user_address": "The default address of your profile has been changed.",
        "modify_payment": f"The payment method of {number} has been changed.",
    }[kind]
    leads = {
        "plain": "Done.",
        "terse": "Done.",
        "formal": "It is my pleasure to confirm:",
        "markdown": "**Done!**",
        "model": "All set!",
    }
    return told if wording == "terse" else f"{leads[wording]} {told}"


def unit(item: ItemRef) -> str:
    """A unit with all its options."""
    return f"the {item.product} ({_values(item.options)})"


def method(used: Method, facts: Facts) -> str:
    """A payment method as a shop calls it."""
    if used.source == "paypal":
        return "your PayPal account"
    twins = [other for other in facts.methods if other.source == used.source]
    if used.source == "gift_card":
        return "your gift card" + (f" {used.id}" if len(twins) > 1 else "")
    return f"your {used.brand.title()} ending in {used.last_four}"


def _values(options: dict[str, str] | None) -> str:
    return ", ".join((options or {}).values())
