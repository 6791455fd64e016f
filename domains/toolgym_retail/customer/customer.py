"""The scripted customer: plays the user's side of a task from its facts.

It tells what it wants, answers what it is asked and nothing more, confirms only what matches its wish, corrects a wrong
proposal twice and then gives up, changes its mind where the task says so, and never invents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from toolgym.domain import Domain
from toolgym.language.speech_acts import Intent, Understood, parted
from toolgym.messages import STOP, TRANSFER, Message
from toolgym.tasks import Task
from toolgym_retail.customer.agreement import (
    Agreement,
    answers,
    compare,
    reports_deed,
    shares,
    tells_done,
    weight,
    without_reports,
)
from toolgym_retail.customer.identity import asks_who, identity, is_me
from toolgym_retail.customer.phrases import Voice, items_text, method_text, options_text
from toolgym_retail.customer.reading import ITEM_KINDS
from toolgym_retail.customer.topics import understand
from toolgym_retail.facts import Facts, Request

PATIENCE = 2
"""So many wrong proposals are corrected; at the next the customer gives up."""
INSISTENCE = 1
"""So often it insists when a request is refused."""
IDLE = 5
"""So many turns in a row without any progress it bears."""

_REPEATED = ("ask_items", "ask_options", "ask_order", "ask_payment")
"""What may well be asked several times in a call, for one request after the other."""
_DETAILS: dict[str, Intent] = {
    "items": "ask_items",
    "options": "ask_options",
    "payment": "ask_payment",
    "reason": "ask_reason",
    "address": "ask_address",
}
"""By a detail that was wrong, the question that its correction would answer."""

_EVERYTHING = re.compile(
    r"\b(?:both|all (?:done|set|of (?:it|them|that))|everything|all your requests)\b", re.IGNORECASE
)
"""Words by which all that was agreed to is reported at once."""
_HANDS_OVER = re.compile(r"\b(?:(?:transfer|hand|connect|pass) you\b|human agent)", re.IGNORECASE)


@dataclass
class _Open:
    """How far one request has come."""

    goal: Request
    wish: Request
    """What is wanted now: what the customer began with, the goal, or the alternative to it."""
    told: bool = False
    told_at: int = 0
    """In which of its turns the customer last brought it up."""
    agreed: bool = False
    closed: bool = False
    insisted: int = 0
    known: set[str] = field(default_factory=set)
    """What of it was said by either side: the customer need not ask for it again."""

    def switch(self, wish: Request) -> Request:
        """Want something else from now on; what was wanted before."""
        before, self.wish = self.wish, wish
        self.agreed, self.insisted = False, 0
        self.known &= {"kind", "order", "items"}
        return before


class Customer:
    """Plays a customer of the shop.

    The first line depends on the task alone; later wordings on the stream too.

    Args:
        domain: The retail domain.
        task: A task that carries facts.
        rng: Chooses among wordings.

    Raises:
        TaskError: If the task carries no facts, or they do not fit.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.facts = Facts.of(task)
        self._opening = Voice(self.facts, np.random.default_rng(int(task.key, 16)))
        self._voice = Voice(self.facts, rng)
        self._open = [_Open(request, request.first or request) for request in self.facts.requests]
        self._heard = 0
        self._wrong = 0
        self._idle = 0
        self._answered: Counter[Intent] = Counter()
        self._compared: dict[tuple[str, int], Agreement] = {}

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent."""
        said = [message.content or "" for message in view[self._heard :] if message.role == "assistant"]
        self._heard = len(view) + 1
        self._compared.clear()
        if not any(one.told for one in self._open):
            return Message("user", self._first_line())
        return Message("user", _join(self._reply("\n".join(said).strip())))

    # Bringing things up

    def _first_line(self) -> str:
        voice = self._opening
        asks = [self._tell(one, voice) for one in self._open[: self.facts.upfront]]
        said = [voice.say("hello"), asks[0]]
        for ask in asks[1:]:
            said += [voice.say("next"), ask]
        return _join(*said)

    def _tell(self, one: _Open, voice: Voice | None = None) -> str:
        """Bring a request up, or once more."""
        full = self.facts.detail == "full" or one.told
        one.told, one.told_at = True, self._heard
        wish = one.wish
        one.known.add("kind")
        if wish.items and wish.kind in ITEM_KINDS:
            one.known |= {"items"} if wish.kind == "return" else {"items", "options"}
        if full:
            one.known |= {"payment", "reason", "address", "order"}
        return (voice or self._voice).ask(wish, full=full)

    def _tell_anew(self, one: _Open, before: Request) -> str:
        """Bring up what is wanted now in the place of something else: in full if it is only a detail that changes."""
        one.told = self.facts.detail == "full" or before.kind == one.wish.kind
        return self._tell(one)

    def _go_on(self, lead: str = "") -> str:
        """The next thing: a request not yet told, one not yet settled, or the end."""
        for one in self._open:
            if not one.told and not one.closed:
                self._idle = 0
                text = self._tell(one)
                return _join(lead, self._voice.say("next"), text)
        for one in self._open:
            if not one.closed:
                one.agreed = False
                return _join(lead, self._voice.say("still"), self._tell(one))
        return _join(lead, self._voice.say("bye"), STOP)

    def _give_up(self) -> str:
        return f"{self._voice.say('give_up')} {STOP}"

    # Answering

    def _reply(self, text: str) -> str:
        heard = understand(text)
        closed = self._close_answered(text)
        if heard.reported and heard.intent != "refuse":
            closed += self._close_reported(text, proposes=heard.intent in ("propose", "check", "ask_all"))
        if closed:
            self._idle = 0
        self._idle += 1
        if self._idle > IDLE:
            return self._give_up()
        focus = self._focus(text, heard)
        if heard.unavailable and focus is not None and focus.wish.otherwise is not None:
            return self._take_otherwise(focus, focus.wish.otherwise, text, heard)
        match heard.intent:
            case "transfer":
                return f"{self._voice.say('hold')} {TRANSFER}"
            case "propose" | "check" | "ask_all":
                return self._judge(text, heard)
            case "clarify":
                return self._tell(focus) if focus is not None else self._go_on()
            case "ask_more" if heard.asked and not heard.reported:
                return self._answer(heard.asked, text, focus)
            case "refuse" if focus is not None:
                return self._refused(focus)
            case "ask_more" if heard.declined and focus is not None and not focus.agreed and not closed:
                return self._refused(focus)
            case "unavailable" if focus is not None:
                return self._refused(focus)
            case "report" | "ask_more":
                return self._reported(text, heard, closed)
            case "ask_request":
                return self._go_on()
            case "wait":
                return self._voice.say("wait")
            case "refuse" | "unavailable" | "inform":
                return self._informed()
            case _:
                return self._answer(heard.asked, text, focus)

    def _close_answered(self, text: str) -> int:
        """Settle the questions that something was told to answer; how many."""
        told = [one for one in self._active() if one.wish.kind == "question" and answers(text, one.wish)]
        for one in told:
            one.closed = True
        return len(told)

    def _close_reported(self, text: str, *, proposes: bool) -> int:
        """Settle the requests that are reported as done, agreed to or not; how many.

        In a message that proposes something, only what was agreed to and is said to be done in so many words.
        """
        active = self._active()
        agreed = [one for one in active if one.agreed]
        settled = [one for one in agreed if tells_done(text, one.wish, self.facts, by_name=len(agreed) > 1)]
        if not proposes:
            if not settled and (len(agreed) == 1 or _EVERYTHING.search(text)):
                settled = agreed  # it is done, however that is put
            rest = [one for one in active if not one.agreed]
            sure = len(active) > 1
            settled += [one for one in rest if tells_done(text, one.wish, self.facts, by_name=sure)]
        for one in settled:
            one.closed = True
        return len(settled)

    def _active(self) -> list[_Open]:
        """The requests that were brought up and are not settled."""
        return [one for one in self._open if one.told and not one.closed]

    def _focus(self, text: str, heard: Understood) -> _Open | None:
        """The request that the assistant speaks of: the one that its words touch most, else the one told last.

        What is refused may have been agreed to. A detail is asked for of a request that has such a detail.
        """
        active = self._active()
        if heard.intent != "refuse":
            active = [one for one in active if not one.agreed] or active
        if heard.asked:
            active = [one for one in active if _has(one.wish, heard.asked[0])] or active
        return max(active, key=lambda one: (weight(self._compare(text, one.wish), one.wish), one.told_at), default=None)

    def _answer(self, asked: Sequence[Intent], text: str, focus: _Open | None) -> str:
        parts = []
        for slot in asked:
            self._answered[slot] += 1
            count = self._answered[slot]
            if count == 1 or (count < 4 and slot in _REPEATED):
                self._idle = max(0, self._idle - 1)
            if slot == "ask_identity":
                parts.append(identity(text, self._voice))
            elif focus is None:
                return self._go_on()
            else:
                parts.append(self._detail(slot, focus))
        return " ".join(dict.fromkeys(parts))

    def _detail(self, slot: Intent, one: _Open) -> str:
        """What answers a question about a request."""
        wish, order, say = one.wish, one.wish.order, self._voice.say
        one.known.add(slot.removeprefix("ask_"))
        match slot:
            case "ask_order" if order is not None and order.known:
                return say("order", order=order.id)
            case "ask_order" if order is not None:
                lead = say("no_number") if self._answered["ask_order"] < 3 else ""
                return _join(lead, say("clue", clue=order.clue))
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
                return self._tell(one)

    # Judging proposals

    def _judge(self, text: str, heard: Understood) -> str:
        active, say = self._active(), self._voice.say
        if asks_who(text):
            return say("right") if is_me(text, self.facts) else _join(say("only_me"), identity("", self._voice))
        if not active:
            return self._go_on()
        if _HANDS_OVER.search(text):
            return say("no_transfer")
        if heard.declined:
            return self._judge_the_rest(text, active, heard)
        return self._weigh(text, active, heard)

    def _judge_the_rest(self, text: str, active: Sequence[_Open], heard: Understood) -> str:
        """Judge a message that declines one thing and proposes another."""
        declined, rest = parted(text)
        for one in active:
            other = one.wish.otherwise
            if other is not None and not self._compare(rest, other).wrong:
                one.switch(other)
                return self._weigh(rest, active, heard)
        if len(active) > 1:
            spoken_of = [weight(self._compare(declined, one.wish), one.wish) for one in active]
            refused = active[spoken_of.index(max(spoken_of))] if max(spoken_of) > 1 else None
            active = [one for one in active if one is not refused]
        return self._weigh(rest, active, heard)

    def _weigh(self, text: str, active: Sequence[_Open], heard: Understood) -> str:
        """Object to what is wrong or unclear in a proposal, or consent to it."""
        if heard.reported and heard.intent == "propose":
            text = without_reports(text) or text
        pieces = self._pieces(text, active, heard)
        for one, piece in pieces:
            if objection := self._objection(one, piece, heard):
                return objection
        return self._consent([one for one, _ in pieces], heard)

    def _objection(self, one: _Open, text: str, heard: Understood) -> str:
        """What the customer says to what it does not want, or cannot tell whether it wants it; empty if it agrees."""
        found = self._compare(text, one.wish)
        order, other = one.wish.order, one.wish.otherwise
        if heard.intent == "check" and order is not None and not order.known and "number" in found.shown:
            # Right and wrong numbers get the same answer, or whoever asks about each would learn which it is.
            return _join(self._voice.say("number_says_nothing"), self._voice.say("clue", clue=order.clue))
        if found.wrong and other is not None and one.wish.says_otherwise:
            # The assistant may go straight to the alternative that the customer has named already.
            alternative = self._compare(text, other)
            if not alternative.wrong:
                one.switch(other)
                found = alternative
        if found.wrong and heard.intent == "ask_all":  # it asked, and proposed nothing
            return self._detail("ask_items", one)
        return self._correct(one, found) if found.wrong else self._unclear(one, found, heard)

    def _consent(self, proposed: Sequence[_Open], heard: Understood) -> str:
        """What the customer says to what is right: a change of mind, if that was to come, or that it is right."""
        if heard.intent == "propose":
            self._idle = 0
            for one in proposed:
                if one.wish is one.goal.first:
                    before = one.switch(one.goal)
                    return _join(self._voice.say("change_mind"), self._tell_anew(one, before))
        if heard.intent == "ask_all":
            for one in proposed:
                one.known.add("items")
            return self._voice.say("all")
        if heard.intent == "check":
            return self._voice.say("right")
        for one in proposed:
            one.agreed = True
        return self._voice.say("yes")

    def _compare(self, text: str, wish: Request) -> Agreement:
        """How what it hears compares with a wish; worked out once a turn."""
        asked = text, id(wish)
        if asked not in self._compared:
            self._compared[asked] = compare(text, wish, self.facts)
        return self._compared[asked]

    def _pieces(self, text: str, active: Sequence[_Open], heard: Understood) -> list[tuple[_Open, str]]:
        """The requests that a proposal is about, each with what is said of it."""
        if len(active) == 1:
            return [(active[0], text)]
        said = shares(text, [one.wish for one in active], self.facts)
        if not said:
            focus = self._focus(text, heard)
            return [(focus, text)] if focus is not None else []
        return [(active[number], part) for number, part in said.items()]

    def _correct(self, one: _Open, found: Agreement) -> str:
        self._wrong += 1
        one.agreed = False
        if self._wrong > PATIENCE:
            return self._give_up()
        self._idle = 0
        return _join(self._voice.say("no"), self._right_detail(one, found.wrong[0]))

    def _right_detail(self, one: _Open, detail: str) -> str:
        """What a detail should have been; if there is no such detail, the request once more."""
        order = one.wish.order
        if detail == "order" and order is not None:
            return self._voice.say("order", order=order.id) if order.known else self._voice.say("clue", clue=order.clue)
        if detail in _DETAILS and (detail != "options" or _changes(one.wish)):
            return self._detail(_DETAILS[detail], one)
        return _join(self._voice.say("listen"), self._tell(one))

    def _unclear(self, one: _Open, found: Agreement, heard: Understood) -> str:
        """What the customer asks back, because it cannot tell whether a proposal is what it wants; empty if it can."""
        wish, order, say = one.wish, one.wish.order, self._voice.say
        shown = found.shown - {"kind"}
        if order is not None and not order.known and order.signs and not {"clue"} & (one.known | shown):
            if "number" in shown:
                return _join(say("number_says_nothing"), say("clue", clue=order.clue))
            return say("clue" if heard.intent == "check" else "is_it_clue", clue=order.clue)
        one.known |= shown
        if heard.intent != "propose":
            return "" if shown or heard.intent == "ask_all" else _join(say("not_clear"), self._tell(one))
        vague = wish.kind == "cancel" and "kind" not in found.shown
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

    # After something was done, or not

    def _reported(self, text: str, heard: Understood, closed: int) -> str:
        active = self._active()
        if heard.intent == "ask_more" and not heard.reported and not heard.declined:
            for one in active:
                one.closed |= one.agreed  # whoever asks for more takes what was agreed to for done
        if heard.intent == "report" and not closed and not any(one.agreed for one in active):
            if not reports_deed(text):
                return self._informed()
            self._wrong += 1
            if self._wrong > PATIENCE:
                return self._give_up()
            return _join(self._voice.say("not_asked"), self._tell(active[0]) if active else "")
        left = any(not one.closed for one in self._open)
        lead = self._voice.say("thanks") if heard.reported and left else ""
        if heard.intent == "report" and any(one.agreed for one in self._active()):
            return lead or self._voice.say("wait")
        return self._go_on(lead)

    def _refused(self, one: _Open) -> str:
        if one.wish.otherwise is not None:
            before = one.switch(one.wish.otherwise)
            self._idle = 0
            return _join(self._voice.say("too_bad"), self._tell_anew(one, before))
        if one.insisted < INSISTENCE:
            one.insisted += 1
            one.agreed = False
            return self._voice.say("insist")
        one.closed = True
        self._idle = 0
        return self._go_on(self._voice.say("too_bad"))

    def _take_otherwise(self, one: _Open, other: Request, text: str, heard: Understood) -> str:
        """What the customer says when something is sold out and it knows what it takes instead."""
        if heard.intent in ("propose", "check") and not self._compare(text, one.wish).wrong:
            return self._judge(text, heard)
        before = one.switch(other)
        self._idle = 0
        if heard.intent == "propose" and not self._compare(text, other).wrong:
            return self._judge(text, heard)
        return _join(self._voice.say("too_bad"), self._tell_anew(one, before))

    def _informed(self) -> str:
        if any(one.closed for one in self._open) and all(one.closed for one in self._open if one.told):
            left = any(not one.closed for one in self._open)
            return self._go_on(self._voice.say("thanks") if left else "")
        if self._idle >= 3:
            return self._go_on()
        return self._voice.say("heard")


def _has(wish: Request, asked: Intent) -> bool:
    """Whether a request has a detail that is asked for."""
    match asked:
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


def _changes(wish: Request) -> bool:
    """Whether a wish is for other variants."""
    return any(item.new_options for item in wish.items)


def _join(*parts: str) -> str:
    """Parts as one text: a sentence that follows another begins with a capital."""
    text = ""
    for part in filter(None, parts):
        if not text or text[-1] in ".!?":
            part = part if "@" in part.split(" ", 1)[0] else part[:1].upper() + part[1:]
        text += f" {part}" if text else part
    return text
