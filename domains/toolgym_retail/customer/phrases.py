"""How a customer of the shop words what it has to say, and how it calls what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolgym.scripted.voice import Phrases, Voice, ended, listed
from toolgym_retail.facts import Facts, ItemRef, Method, Request

PHRASES = Path(__file__).parent / "phrases.toml"
"""What customers of the shop say beside what any user says."""


class ShopVoice(Voice):
    """Words what one customer of the shop has to say.

    Args:
        facts: Who speaks.
        rng: Chooses.
    """

    def __init__(self, facts: Facts, rng: np.random.Generator) -> None:
        super().__init__(facts.manner, rng, Phrases.read(PHRASES))
        self.facts = facts

    def ask(self, request: Request, *, full: bool, known: bool = True) -> str:
        """A request as the customer brings it up.

        Args:
            request: What it wants.
            full: Whether it names every particular.
            known: Whether it names the order's number where it knows it.
        """
        order = request.order
        named = order.id if order is not None and order.known and full and known else ""
        slots = {
            "items": items_text(request.items),
            "options": options_text(request.items),
            "reason": f", {self.pick('because', ('because', 'since'))} {request.excuse}"
            if full and request.excuse
            else "",
            "payment": self._with_payment(request) if full else "",
            "address": f": {request.address}" if full and request.address else "",
            "question": request.question,
        }
        if request.kind in ("return", "exchange", "modify_items"):
            slots["order"] = f" from order {named}" if named else self._from_clue(request)
        else:
            slots["order"] = self._order_text(request, named)
        text = self.bring_up(request.kind, **slots)
        if request.otherwise is not None and request.says_otherwise:
            text += self._otherwise(request.otherwise)
        return ended(text)

    def _order_text(self, request: Request, named: str) -> str:
        order = request.order
        if named:
            return self.pick("an order", ("order {}", "my order {}")).format(named)
        if order is not None and order.clue:
            return order.clue
        product = items_text(request.items[:1]).removeprefix("the ")
        return self.pick("that order", ("the order with the {}", "my order with the {}", "my {} order")).format(
            product.split(" (")[0]
        )

    def _from_clue(self, request: Request) -> str:
        order = request.order
        if order is None or not order.clue:
            return ""
        return self.pick("from clue", (" from {}",)).format(order.clue)

    def _with_payment(self, request: Request) -> str:
        if request.payment is None:
            return ""
        text = method_text(request.payment, self.facts)
        if request.kind == "return":
            return self.pick(
                "refund to", (", with the refund to {}", ", refund to {}", ", and the money should go to {}")
            ).format(text)
        if request.kind == "modify_payment":
            return self.pick("pay by", (": {} instead", ", it should be {}", "; please use {}")).format(text)
        return self.pick(
            "difference on",
            (", any difference on {}", ", and settle the difference with {}", "; use {} for the difference"),
        ).format(text)

    def _otherwise(self, request: Request) -> str:
        if request.kind in ("exchange", "modify_items"):
            return self.pick(
                "or else", (", or if that's not available, {}", ", and failing that, {}", "; if there is none, then {}")
            ).format(options_text(request.items))
        wish = self.ask(request.model_copy(update={"otherwise": None}), full=False).rstrip(".?")
        return self.pick("or else wish", ("; and if that's not possible, {}", "; otherwise, {}")).format(wish)


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
