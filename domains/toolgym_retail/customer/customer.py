"""The scripted customer: the shop's part of the scripted user."""

from __future__ import annotations

import numpy as np

from toolgym.domain import Domain
from toolgym.language.speech_acts import Understood
from toolgym.scripted.agreement import Agreement
from toolgym.scripted.reader import OpenRequest, RequestReader
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Voice, join
from toolgym.tasks import Task
from toolgym_retail.customer.identity import identity, is_me
from toolgym_retail.customer.judgements import judgements
from toolgym_retail.customer.phrases import PHRASES, ask, items_text, method_text, options_text
from toolgym_retail.customer.topics import TOPICS
from toolgym_retail.customer.wish_text import ITEM_KINDS
from toolgym_retail.facts import Facts, OrderRef, Request, names_another_order


class ShopReader(RequestReader[Request]):
    """How a customer of the shop reads, answers and corrects.

    Args:
        facts: Everything that the customer knows.
    """

    repeated = frozenset({"ask_items", "ask_options", "ask_order", "ask_payment"})
    lasting = frozenset({"kind", "order", "items"})

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.topics = TOPICS
        self.judgements = judgements(facts)

    def ask(self, wish: Request, voice: Voice, *, full: bool) -> str:
        """A request as the customer brings it up."""
        return ask(wish, self.facts, voice, full=full)

    def known_when_told(self, wish: Request, *, full: bool) -> frozenset[str]:
        """The details that are known to both once the customer has brought a request up."""
        known = frozenset({"payment", "reason", "address", "order"} if full else ())
        if not wish.items or wish.kind not in ITEM_KINDS:
            return known
        return known | ({"items"} if wish.kind == "return" else {"items", "options"})

    def has(self, wish: Request, topic: str) -> bool:
        """Whether a request has a detail that is asked for."""
        match topic:
            case "ask_payment":
                return wish.payment is not None
            case "ask_address":
                return wish.address is not None
            case "ask_reason":
                return bool(wish.excuse)
            case "ask_options":
                return _changes(wish)
            case "ask_items":
                return wish.kind in ITEM_KINDS
            case _:
                return wish.order is not None

    def answer(self, topic: str, wish: Request, voice: Voice, asked: int) -> str:
        """What the customer says when it is asked for a detail of a request."""
        order, say = wish.order, voice.say
        match topic:
            case "ask_order" if order is not None:
                no_number = say("no_number") if not order.known and asked < 3 else ""
                return join(no_number, _which(order, voice))
            case "ask_items" if wish.kind in ITEM_KINDS:
                return say("items", items=items_text(wish.items))
            case "ask_items" if order is not None:
                return say("whole")
            case "ask_options" if _changes(wish):
                text = options_text(wish.items)
                if wish.otherwise is not None and wish.says_otherwise and wish.otherwise.kind == wish.kind:
                    text += f", or else {options_text(wish.otherwise.items)}"
                return say("options", options=text)
            case "ask_options":
                return say("no_options")
            case "ask_payment" if wish.payment is not None:
                return say("payment", payment=method_text(wish.payment, self.facts))
            case "ask_payment":
                return say("any_payment")
            case "ask_reason":
                return say("reason", excuse=wish.excuse) if wish.excuse else say("no_reason")
            case "ask_address":
                return say("address", address=str(wish.address)) if wish.address is not None else say("no_address")
            case _:
                return ""

    def correct(self, detail: str, wish: Request, voice: Voice) -> str | None:
        """What a detail that was wrong should be."""
        if detail == "order" and wish.order is not None:
            return _which(wish.order, voice)
        if detail == "options":
            return "ask_options" if _changes(wish) else None
        return f"ask_{detail}" if detail in ("items", "payment", "reason", "address") else None

    def identity(self, text: str, voice: Voice) -> str:
        """What the customer says when it is asked who it is."""
        return identity(text, self.facts, voice)

    def is_me(self, text: str) -> bool | None:
        """Whether the assistant takes the customer for who it is."""
        return is_me(text, self.facts)

    def turn(self, wish: Request, voice: Voice) -> str:
        """How the customer begins when it has changed its mind, or sees that it named the wrong order."""
        return voice.say("wrong_order" if names_another_order(wish) else "change_mind")

    def challenge(self, found: Agreement, wish: Request, heard: Understood, voice: Voice) -> str:
        """Right and wrong numbers get the same answer, or whoever asks about each would learn which it is."""
        order = wish.order
        if heard.intent == "check" and order is not None and not order.known and "number" in found.shown:
            return join(voice.say("number_says_nothing"), voice.say("clue", clue=order.clue))
        return ""

    def unclear(self, one: OpenRequest[Request], found: Agreement, heard: Understood, voice: Voice) -> str | None:
        """What the customer asks back, because it cannot tell whether a proposal is what it wants."""
        wish, order, say = one.wish, one.wish.order, voice.say
        shown = found.shown - {"kind"}
        if order is not None and not order.known and order.signs and not {"clue"} & (one.known | shown):
            if "number" in shown:
                return join(say("number_says_nothing"), say("clue", clue=order.clue))
            return say("clue" if heard.intent == "check" else "is_it_clue", clue=order.clue)
        one.known |= shown
        if heard.intent != "propose":
            return "" if shown or heard.intent == "ask_all" else None
        if found.doubtful:
            asked = {"scope": "whole_order", "items": "which_items", "options": "which_option", "kind": "with_what"}
            return say(next(question for detail, question in asked.items() if detail in found.doubtful))
        vague = wish.kind in ("cancel", "return") and "kind" not in found.shown
        if (not shown or vague) and "discussed" not in one.known:
            return say("with_what")
        one.known.add("discussed")
        missing = {
            "which_option": _changes(wish) and "options" not in shown,
            "which_payment": wish.payment is not None and "payment" not in one.known,
            "which_address": wish.address is not None and "address" not in one.known,
        }
        for question, is_missing in missing.items():
            if is_missing and question not in one.known:
                one.known.add(question)
                return say(question)
        return ""


class Customer(ScriptedUser[Request]):
    """Plays a customer of the shop.

    The first line depends on the task alone; later wordings on the generator too.

    Args:
        domain: The retail domain.
        task: A task that carries facts.
        rng: Chooses among wordings.

    Raises:
        TaskError: If the task carries no facts, or they do not fit.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        facts = Facts.of(task)
        opening = Voice(facts.manner, np.random.default_rng(int(task.key, 16)), PHRASES)
        super().__init__(facts, ShopReader(facts), opening, Voice(facts.manner, rng, PHRASES))


def _which(order: OrderRef, voice: Voice) -> str:
    return voice.say("order", order=order.id) if order.known else voice.say("clue", clue=order.clue)


def _changes(wish: Request) -> bool:
    """Whether a wish is for other variants."""
    return any(item.new_options for item in wish.items)
