"""The oracle of the retail domain: it knows what is right, and gets there by talking.

Every identifier that it uses was said by the customer or returned by a tool before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from toolgym.domain import Domain
from toolgym.messages import ToolCall
from toolgym.scripted.facts import QUESTION
from toolgym.scripted.forms import FORMS
from toolgym.scripted.oracle import ScriptedOracle, Talk
from toolgym.scripted.proposals import Proposal
from toolgym.tasks import Task
from toolgym_retail import proposals, speech
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import Facts, Request
from toolgym_retail.goals import TOOLS, arguments

_STATUS = {"cancel": "pending", "modify_items": "pending", "modify_address": "pending", "modify_payment": "pending"}
_STATUS |= {"return": "delivered", "exchange": "delivered"}
_DEEDS = {
    "cancel": "to cancel",
    "modify_items": "to change",
    "modify_address": "to ship elsewhere",
    "modify_payment": "to pay otherwise",
    "return": "to return from",
    "exchange": "to exchange from",
    QUESTION: "to look up",
}
"""What is to be done with an order, by kind of request."""
_ASKED = {
    "tracking": re.compile(r"the tracking number\b"),
    "total": re.compile(r"the total\b"),
    "balance": re.compile(r"how much money is left on my gift card\b"),
    "price": re.compile(r"what I paid for the (?P<product>.+) in order\b"),
}
"""What a question is about, by how it is put."""


class Oracle(ScriptedOracle[Request]):
    """Solves a retail task that carries facts, in dialogue with any customer.

    Args:
        domain: The domain.
        task: The task.
        rng: Chooses the wording, if it is not given.
        figures: Whether it names the amount of a difference in price. The policy does not ask for it, and a small model
            that imitates it cannot work it out; False leaves it out in the wordings, not in the forms of real models.
        options: ``wording`` and ``asked_back``, as of :class:`~toolgym.scripted.oracle.ScriptedOracle`.
    """

    forms = tuple(FORMS)
    form_speech = speech.FORM_SPEECH
    speech = speech.SPEECH
    facts: Facts
    user: Mapping[str, Any] = {}

    def __init__(
        self, domain: Domain, task: Task, rng: np.random.Generator, *, figures: bool = True, **options: Any
    ) -> None:
        super().__init__(domain, task, rng, **options)
        self.figures = figures

    def facts_of(self, task: Task) -> Facts:
        """What the customer of a task knows and wants."""
        return Facts.of(task)

    def signs(self, request: Request) -> Iterable[str]:
        """Words by which it knows that the customer has brought a request up."""
        words = [item.product for item in request.items] + [request.question]
        return words + ([request.order.id, request.order.clue] if request.order is not None else ["address"])

    def particulars(self, wish: Request) -> Iterable[str]:
        """What a customer names when it says what it wants."""
        told = [wish.order.id, wish.order.clue] if wish.order is not None else []
        for item in wish.items:
            told += [item.product, *((item.new_options or {})[axis] for axis in item.wanted)]
        told += [wish.address.address1] if wish.address is not None else []
        told += [method_text(wish.payment, self.facts)] if wish.payment is not None else []
        return filter(None, told)

    def identify(self) -> Talk:
        """Find out who the customer is."""
        facts = self.facts
        while True:
            if self.said(facts.email):
                user_id = yield from self.call("find_user_id_by_email", email=facts.email)
            elif self.said(facts.zip) and self.said(facts.first_name) and self.said(facts.last_name):
                name = {"first_name": facts.first_name, "last_name": facts.last_name, "zip": facts.zip}
                user_id = yield from self.call("find_user_id_by_name_zip", **name)
            else:
                yield from self.say(self.line("identity"))
                continue
            self.user = yield from self.call("get_user_details", user_id=user_id)
            return

    def look_up(self, wish: Request) -> Talk:
        """Look at the order: whether its status allows the wish."""
        if wish.order is None or (wish.kind == QUESTION and wish.order.id in self.records):
            return True
        order = yield from self.find_order(wish)
        return wish.kind == QUESTION or order.get("status") == _STATUS.get(wish.kind)

    def answer(self, request: Request) -> Talk:
        """Look up what was asked, work out a sum that no record holds, and tell it."""
        yield from self.look_up(request)
        if parts := self.summands(request):
            yield from self.call("calculate", expression=" + ".join(parts))
        yield from super().answer(request)

    def summands(self, request: Request) -> Sequence[str]:
        """The prices of the units that a question names, where their sum is asked for; none for another question."""
        order = self.records.get(request.order.id, {}) if request.order is not None else {}
        items = [item for item in order.get("items", ()) if item["name"] in request.question]
        named = sorted(items, key=lambda item: request.question.index(item["name"]))
        prices = [f"{item['price']:.2f}" for item in named]
        return prices if len(prices) > 1 and f"{sum(map(float, prices)):.2f}" == request.answer else ()

    def told(self, request: Request, answer: str) -> str:
        """What it says when it tells what was asked; in few words still what the figure is."""
        if self.wording != "terse":
            return super().told(request, answer)
        if self.summands(request):
            return self.line("short_sum", answer=answer)
        for about, pattern in _ASKED.items():
            if found := pattern.match(request.question):
                return self.line(f"short_{about}", answer=answer, **found.groupdict())
        return super().told(request, answer)

    def which_order(self, wish: Request) -> str:
        """How it asks for the order; in few words still what for."""
        if self.wording == "terse" and wish.kind in _DEEDS:
            return self.line("short_order", deed=_DEEDS[wish.kind])
        return self.line("order")

    def find_order(self, wish: Request) -> Talk:
        """Look at the order, by its number or one after the other."""
        order = wish.order
        assert order is not None
        if order.known:
            if not self.said(order.id):
                yield from self.say(self.which_order(wish))
            looked_at: Sequence[str] = [order.id] if self.said(order.id) else []
        else:
            if not self.said(order.clue):
                yield from self.say(self.which_order(wish))
            looked_at = self.user["orders"]
        for order_id in looked_at:
            if order_id not in self.records:
                self.records[order_id] = yield from self.call("get_order_details", order_id=order_id)
            if order_id == order.id:  # a clue fits one order alone
                break
        while order.id not in self.records:
            yield from self.say(self.which_order(wish))
            if self.said(order.id):
                self.records[order.id] = yield from self.call("get_order_details", order_id=order.id)
        return self.records[order.id]

    def ask_details(self, wish: Request) -> Talk:
        """Ask for what the customer has not said yet, and look at the products."""
        if wish.kind in ITEM_KINDS and not all(self.said(item.product) for item in wish.items):
            yield from self.say(self.line("items"))
        for item in wish.items:
            if item.new_item_id is not None:
                product = self.product_of(wish, item.item_id)
                if product not in self.records:
                    self.records[product] = yield from self.call("get_product_details", product_id=product)
        wanted = [item.new_options[axis] for item in wish.items if item.new_options for axis in item.wanted]
        if not all(self.said(value) for value in wanted):
            yield from self.say(self.line("options"))
        explains = wish.reason is not None or (wish.kind == "cancel" and wish.excuse)
        if explains and not self.said_lately(wish.excuse):
            yield from self.say(self.line("reason"))
        if wish.address is not None:
            while not self.said(wish.address.address1):
                yield from self.say(self.line("address"))
        if wish.payment is not None and not self.said_lately(method_text(wish.payment, self.facts)):
            yield from self.say(self.line("payment"))

    def product_of(self, wish: Request, item_id: str) -> str:
        """The product of a unit, as the order's record has it."""
        order = self.records[wish.order.id] if wish.order is not None else {}
        return str(next(item["product_id"] for item in order["items"] if item["item_id"] == item_id))

    def unavailable(self, wish: Request) -> str:
        """Say that a wanted variant is sold out: the first that cannot be had."""
        for item in wish.items:
            if item.new_item_id is not None:
                variant = self.records[self.product_of(wish, item.item_id)]["variants"][item.new_item_id]
                if not variant["available"]:
                    values = ", ".join(variant["options"].values())
                    return self.line("sold_out", item=item.product, values=values)
        return ""

    def details(self, wish: Request) -> Sequence[str]:
        """What it is about to do."""
        return speech.details(wish, self.facts.methods, self.cost(wish), figures=self.figures)

    def parts(self, wish: Request) -> Proposal:
        """What it is about to do, in parts."""
        order = self.records[wish.order.id] if wish.order is not None else {}
        products = {item.item_id: self.product_of(wish, item.item_id) for item in wish.items}
        variants = {item_id: self.records.get(product, {}) for item_id, product in products.items()}
        return proposals.parts(wish, self.facts.methods, self.cost(wish), order, self.user, variants)

    def deed(self, wish: Request) -> str:
        """What it has done."""
        return speech.deed(wish)

    def write(self, wish: Request) -> ToolCall:
        """The call that fulfils a wish."""
        return ToolCall(TOOLS[wish.kind], arguments(wish, str(self.user.get("user_id", ""))))

    def keep(self, record: Mapping[str, Any]) -> None:
        """Remember a record as a write left it."""
        if "order_id" in record:
            self.records[record["order_id"]] = record
        elif "user_id" in record:
            self.user = record

    def cost(self, wish: Request) -> float | None:
        """What the new variants cost more than the units that the customer has."""
        total, changed = 0.0, False
        for item in wish.items:
            if item.new_item_id is not None and wish.order is not None:
                order = self.records[wish.order.id]
                paid = next(unit["price"] for unit in order["items"] if unit["item_id"] == item.item_id)
                total += self.records[self.product_of(wish, item.item_id)]["variants"][item.new_item_id]["price"] - paid
                changed = True
        return round(total, 2) if changed else None
