"""How a customer of the shop words what it has to say, and how it calls what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from toolgym.scripted.voice import Phrases, Voice, ended, listed
from toolgym_retail.facts import Facts, ItemRef, Method, Request

PHRASES = Phrases.read(Path(__file__).parent / "phrases.toml")
"""What customers of the shop say, with what any user says."""


def ask(request: Request, facts: Facts, voice: Voice, *, full: bool) -> str:
    """A request as the customer brings it up.

    Args:
        request: What it wants.
        facts: Who speaks.
        voice: Words it.
        full: Whether it names every particular.
    """
    order = request.order
    named = order.id if order is not None and order.known and full else ""
    slots = {
        "items": items_text(request.items),
        "options": options_text(request.items),
        "reason": f", {voice.pick('because', ('because', 'since'))} {request.excuse}"
        if full and request.excuse
        else "",
        "payment": _with_payment(request, facts, voice) if full else "",
        "address": f": {request.address}" if full and request.address else "",
        "question": request.question,
    }
    if request.kind in ("return", "exchange", "modify_items"):
        slots["order"] = f" from order {named}" if named else _from_clue(request, voice)
    else:
        slots["order"] = _order_text(request, named, voice)
    text = voice.bring_up(request.kind, **slots)
    if request.otherwise is not None and request.says_otherwise:
        text += _otherwise(request.otherwise, facts, voice)
    return ended(text)


def _order_text(request: Request, named: str, voice: Voice) -> str:
    order = request.order
    if named:
        return voice.pick("an order", ("order {}", "my order {}")).format(named)
    if order is not None and order.clue:
        return order.clue
    product = items_text(request.items[:1]).removeprefix("the ")
    return voice.pick("that order", ("the order with the {}", "my order with the {}", "my {} order")).format(
        product.split(" (")[0]
    )


def _from_clue(request: Request, voice: Voice) -> str:
    order = request.order
    if order is None or not order.clue:
        return ""
    return voice.pick("from clue", (" from {}",)).format(order.clue)


def _with_payment(request: Request, facts: Facts, voice: Voice) -> str:
    if request.payment is None:
        return ""
    text = method_text(request.payment, facts)
    if request.kind == "return":
        return voice.pick(
            "refund to", (", with the refund to {}", ", refund to {}", ", and the money should go to {}")
        ).format(text)
    if request.kind == "modify_payment":
        return voice.pick("pay by", (": {} instead", ", it should be {}", "; please use {}")).format(text)
    return voice.pick(
        "difference on",
        (", any difference on {}", ", and settle the difference with {}", "; use {} for the difference"),
    ).format(text)


def _otherwise(request: Request, facts: Facts, voice: Voice) -> str:
    if request.kind in ("exchange", "modify_items"):
        return voice.pick(
            "or else", (", or if that's not available, {}", ", and failing that, {}", "; if there is none, then {}")
        ).format(options_text(request.items))
    wish = ask(request.model_copy(update={"otherwise": None}), facts, voice, full=False).rstrip(".?")
    return voice.pick("or else wish", ("; and if that's not possible, {}", "; otherwise, {}")).format(wish)


def method_text(method: Method, facts: Facts) -> str:
    """A payment method as its owner calls it."""
    if method.source == "paypal":
        return "my PayPal account"
    if method.source == "gift_card":
        twins = [other for other in facts.methods if other.source == method.source]
        return "my gift card" if len(twins) < 2 else f"the gift card {method.id}"
    name = method.brand.title() if method.brand else "credit card"
    return f"my {name} ending in {method.last_four}"


def item_text(item: ItemRef) -> str:
    """A unit as its owner calls it."""
    values = [item.options[axis] for axis in item.tell_apart]
    return f"the {item.product}" + (f" ({_described('one', values)})" if values else "")


def items_text(items: Sequence[ItemRef]) -> str:
    """Several units in a sentence."""
    return listed([item_text(item) for item in items]) or "it"


def options_text(items: Sequence[ItemRef]) -> str:
    """What the customer wants instead, as far as it names it."""
    texts = []
    for item in items:
        if item.new_options is None:
            continue
        values = [item.new_options[axis] for axis in item.wanted]
        texts.append(_described(item.product if len(items) > 1 else "one", values))
    return listed(texts)


def _described(noun: str, values: Sequence[str]) -> str:
    """A thing with its options: before it where they can stand there, such as "black", or after it: "2 towels"."""
    after = [value for value in values if re.match(r"\d+ \w+s$", value)]
    before = [value for value in values if value not in after]
    return f"the {', '.join(before)}{' ' if before else ''}{noun}" + (f" with {listed(after)}" if after else "")
