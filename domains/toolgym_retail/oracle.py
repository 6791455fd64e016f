"""The oracle of the retail domain: it knows what is right, and gets there by talking.

It reads the gold, but speaks and acts from the dialogue: every identifier that it uses was said by the customer or
returned by a tool before, and every write is proposed and confirmed first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from toolgym.domain import Domain
from toolgym.language.consent import says_yes
from toolgym.messages import Message, ToolCall
from toolgym.tasks import Task
from toolgym_retail import speech
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Facts, Request
from toolgym_retail.goals import TOOLS, arguments
from toolgym_retail.speech import ORACLE_WORDINGS, OracleWording

Talk: TypeAlias = Generator[Message, None, Any]
"""Messages of the oracle; it goes on when the view holds what came of the last one."""

_STATUS = {"cancel": "pending", "modify_items": "pending", "modify_address": "pending", "modify_payment": "pending"}
_STATUS |= {"return": "delivered", "exchange": "delivered"}


class Oracle:
    """Solves a retail task in dialogue with whoever plays the customer.

    Args:
        domain: The retail domain.
        task: A task that carries facts.
        rng: Chooses the wording, if it is not given.
        wording: How it speaks.

    Raises:
        TaskError: If the task carries no facts.
    """

    def __init__(
        self, domain: Domain, task: Task, rng: np.random.Generator, *, wording: OracleWording | None = None
    ) -> None:
        self.facts = Facts.of(task)
        self.wording: OracleWording = wording or ORACLE_WORDINGS[int(rng.integers(len(ORACLE_WORDINGS)))]
        self.rng = rng
        self._view: Sequence[Message] = ()
        self._lead = ""
        self._calls = 0
        self._since = 0
        self.user: Mapping[str, Any] = {}
        self.records: dict[str, Any] = {}
        """What tools returned, by order or product id."""
        self._talk = self.talk()

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent."""
        self._view = view
        return next(self._talk)

    # Talking

    def say(self, text: str) -> Talk:
        """Say something; what comes back is the customer's answer."""
        lead, self._lead = self._lead, ""
        yield Message("assistant", f"{lead} {text}".strip() if lead else text)
        return self._view[-1].content or ""

    def line(self, name: str, **slots: str) -> str:
        """One of its lines in its wording."""
        return speech.line(self.wording, name, **slots)

    def call(self, name: str, **given: Any) -> Talk:
        """Call a tool; what comes back is its result: a record, or a text. An error is a text that says so."""
        self._calls += 1
        yield Message("assistant", None, (ToolCall(name, given, f"call_{self._calls}"),))
        result = self._view[-1]
        if result.error or not (result.content or "").startswith("{"):
            return result.content or ""
        return json.loads(result.content or "")

    def said(self, text: str, *, lately: bool = False) -> bool:
        """Whether the customer has said something, or has since the request at hand was taken up."""
        wanted = text.lower().rstrip(".")
        start = self._since if lately else 0
        return any(
            message.role == "user" and wanted in (message.content or "").lower() for message in self._view[start:]
        )

    def brought_up(self, request: Request) -> bool:
        """Whether the customer has brought a request up of its own accord, with its last words."""
        last = (self._view[-1].content or "").lower()
        words = [item.product for item in request.items] + [request.question]
        words += [request.order.id, request.order.clue] if request.order is not None else ["address"]
        return any(word and word.lower() in last for word in words)

    # The whole dialogue

    def talk(self) -> Talk:
        """Everything that it says and does, to the end."""
        yield from self.identify()
        for place, request in enumerate(self.facts.requests):
            if place >= self.facts.upfront and not self.brought_up(request):
                yield from self.say(self.line("more"))
                self._since = len(self._view) - 1
            yield from self.serve(request)
        while True:
            yield from self.say(self.line("more"))

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

    def serve(self, request: Request) -> Talk:
        """Do what one request comes to."""
        if request.kind == "question":
            yield from self.answer(request)
            return
        if request.first is not None:
            settled = yield from self.fulfil(request.first)
            if settled:
                return
        settled = yield from self.fulfil(request)
        if not settled and request.otherwise is not None:
            yield from self.serve(request.otherwise)

    def fulfil(self, wish: Request) -> Talk:
        """Bring one wish to its end: True when it is done, or refused for good; False when another takes its place."""
        order: Mapping[str, Any] = {}
        if wish.order is not None:
            order = yield from self.find_order(wish)
            if order.get("status") != _STATUS.get(wish.kind):
                return (yield from self.refuse(wish))
        yield from self.ask_details(wish)
        if wish.forbidden:
            return (yield from self.refuse(wish))
        if (gone := self.sold_out(wish)) is not None:
            item = next(item for item in wish.items if item.new_item_id == gone["item_id"])
            values = ", ".join(gone["options"].values())
            yield from self.say(self.line("sold_out", item=item.product, values=values))
            return False
        return (yield from self.act(wish))

    def find_order(self, wish: Request) -> Talk:
        """Look at the order, by its number or one after the other."""
        order = wish.order
        assert order is not None
        if order.known:
            if not self.said(order.id):
                yield from self.say(self.line("order"))
            looked_at: Sequence[str] = [order.id] if self.said(order.id) else []
        else:
            if not self.said(order.clue):
                yield from self.say(self.line("order"))
            looked_at = self.user["orders"]
        for order_id in looked_at:
            if order_id not in self.records:
                self.records[order_id] = yield from self.call("get_order_details", order_id=order_id)
        while order.id not in self.records:
            yield from self.say(self.line("order"))
            if self.said(order.id):
                self.records[order.id] = yield from self.call("get_order_details", order_id=order.id)
        return self.records[order.id]

    def ask_details(self, wish: Request) -> Talk:
        """Ask for what the customer has not said yet, and look at the products."""
        if wish.kind in ("return", "exchange", "modify_items") and not all(
            self.said(item.product) for item in wish.items
        ):
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
        if explains and not self.said(wish.excuse, lately=True):
            yield from self.say(self.line("reason"))
        if wish.address is not None:
            while not self.said(wish.address.address1):
                yield from self.say(self.line("address"))
        if wish.payment is not None and not self.said(method_text(wish.payment, self.facts), lately=True):
            yield from self.say(self.line("payment"))

    def product_of(self, wish: Request, item_id: str) -> str:
        """The product of a unit, as the order's record has it."""
        order = self.records[wish.order.id] if wish.order is not None else {}
        return str(next(item["product_id"] for item in order["items"] if item["item_id"] == item_id))

    def sold_out(self, wish: Request) -> Mapping[str, Any] | None:
        """The first of the wanted variants that is not available."""
        for item in wish.items:
            if item.new_item_id is not None:
                variant: Mapping[str, Any] = self.records[self.product_of(wish, item.item_id)]["variants"][
                    item.new_item_id
                ]
                if not variant["available"]:
                    return variant
        return None

    def act(self, wish: Request) -> Talk:
        """Propose a write, make it once the customer has said yes, and report it."""
        for _ in range(4):
            reply = yield from self.say(self.proposal(wish))
            if says_yes(reply):
                yield from self.do(wish)
                return True
            if self.is_first(wish):
                return False
        return True

    def do(self, wish: Request) -> Talk:
        """Make a write, and report it with the next thing said: whether it was made."""
        result = yield from self.call(TOOLS[wish.kind], **self.write(wish))
        if not isinstance(result, Mapping):
            return False
        self.keep(result)
        self._lead = f"{self._lead} {speech.report(self.wording, wish, self.facts)}".strip()
        return True

    def proposal(self, wish: Request) -> str:
        """What it is about to do."""
        return speech.proposal(self.wording, wish, self.facts, self.cost(wish))

    def write(self, wish: Request) -> dict[str, Any]:
        """The arguments of the write."""
        return arguments(wish, str(self.user.get("user_id", "")))

    def keep(self, record: Mapping[str, Any]) -> None:
        """Remember a record as a write left it."""
        if "order_id" in record:
            self.records[record["order_id"]] = record
        elif "user_id" in record:
            self.user = record

    def is_first(self, wish: Request) -> bool:
        """Whether the customer will want something else once this is proposed."""
        return any(request.first is wish for request in self.facts.requests)

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

    def refuse(self, wish: Request) -> Talk:
        """Say no, again if the customer insists: True when that was the end of it."""
        yield from self.say(self.line("refuse", why=wish.forbidden))
        if wish.otherwise is not None:
            return False
        yield from self.say(self.line("refuse_again", why=wish.forbidden))
        self._since = len(self._view) - 1
        return True

    def answer(self, request: Request) -> Talk:
        """Look up what was asked, and tell it."""
        if request.order is not None and request.order.id not in self.records:
            yield from self.find_order(request)
        text = self.line(
            "answer",
            question=re.sub(r"\bI\b", "you", re.sub(r"\bmy\b", "your", request.question)),
            answer=request.answer,
        )
        yield from self.say(text)
        self._since = len(self._view) - 1
