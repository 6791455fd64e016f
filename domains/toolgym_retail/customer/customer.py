"""The scripted customer: plays the user's side of a task from its facts.

It tells what it wants, answers what it is asked and nothing more, confirms only what matches its wish, corrects a wrong
proposal twice and then gives up, changes its mind where the task says so, and never invents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from toolgym.domain import Domain
from toolgym.messages import STOP, TRANSFER, Message
from toolgym.tasks import Task
from toolgym_retail.customer.agreement import Agreement, compare, touches
from toolgym_retail.facts import Facts, Request
from toolgym_retail.customer.phrases import Voice, items_text, method_text, options_text
from toolgym_retail.customer.understanding import ASKED, Intent, Understood, understand

PATIENCE = 2
"""So many wrong proposals are corrected; at the next the customer gives up."""
INSISTENCE = 1
"""So often it insists when a request is refused."""
IDLE = 6
"""So many turns in a row without any progress it bears."""


@dataclass
class _Open:
    """How far one request has come."""

    wish: Request
    told: bool = False
    agreed: bool = False
    closed: bool = False
    insisted: int = 0
    known: set[str] = field(default_factory=set)
    """What of it was said by either side: the customer need not ask for it again."""

    def switch(self, wish: Request) -> None:
        """Want something else from now on."""
        self.wish, self.agreed, self.insisted = wish, False, 0
        self.known = {"kind", "order", "items"} & self.known


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

    privileged = True

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.facts = Facts.of(task)
        self._opening = Voice(self.facts, np.random.default_rng(int(task.key, 16)))
        self._voice = Voice(self.facts, rng)
        self._open = [_Open(request.first or request) for request in self.facts.requests]
        self._goals = list(self.facts.requests)
        self._heard = 0
        self._wrong = 0
        self._idle = 0
        self._answers: dict[str, int] = {}

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent."""
        said = [message.content or "" for message in view[self._heard :] if message.role == "assistant"]
        self._heard = len(view) + 1
        if not any(one.told for one in self._open):
            return Message("user", self._first_line())
        text = "\n".join(said).strip()
        return Message("user", self._reply(text))

    # Bringing things up

    def _first_line(self) -> str:
        voice = self._opening
        asks = []
        for one in self._open[: self.facts.upfront]:
            asks.append(self._tell(one, voice))
        hello = voice.say("hello")
        body = asks[0]
        for ask in asks[1:]:
            body += " " + voice.say("next") + " " + _lower_after(ask)
        return f"{hello} {_after(hello, body)}".strip()

    def _tell(self, one: _Open, voice: Voice | None = None) -> str:
        """Bring a request up, or once more."""
        full = self.facts.detail == "full" or one.told
        one.told = True
        wish = one.wish
        one.known |= {"kind"}
        if wish.items and wish.kind in ("return", "exchange", "modify_items"):
            one.known |= {"items", "options"} if wish.kind != "return" else {"items"}
        if full:
            one.known |= {"payment", "reason", "address", "order"}
        return (voice or self._voice).ask(wish, full=full)

    def _go_on(self, lead: str = "") -> str:
        """The next thing: a request not yet told, one not yet settled, or the end."""
        for one in self._open:
            if not one.told and not one.closed:
                self._idle = 0
                text = self._tell(one)
                return _join(lead, self._voice.say("next"), _lower_after(text))
        for one in self._open:
            if not one.closed and not one.agreed:
                return _join(lead, self._voice.say("still"), _lower_after(self._tell(one)))
        if any(not one.closed for one in self._open):
            return lead or self._voice.say("wait")
        return f"{_join(self._voice.say('bye'))} {STOP}"

    def _give_up(self) -> str:
        return f"{self._voice.say('give_up')} {STOP}"

    # Answering

    def _reply(self, text: str) -> str:
        heard = understand(text)
        self._note_answers(text)
        self._idle += 1
        if self._idle > IDLE:
            return self._give_up()
        focus = self._focus(text)
        if heard.unavailable and focus is not None and focus.wish.otherwise is not None:
            return self._take_otherwise(focus, text, heard)
        if heard.intent == "transfer":
            return f"{self._voice.say('hold')} {TRANSFER}"
        if heard.intent in ("propose", "check", "ask_all"):
            return self._judge(text, heard)
        if heard.intent in ASKED or (heard.intent == "ask_more" and heard.asked and not heard.reported):
            return self._answer(heard.asked or (heard.intent,), text, focus)
        if heard.intent == "clarify":
            return self._tell(focus) if focus is not None else self._go_on()
        if heard.declined and focus is not None and not focus.agreed and heard.intent in ("refuse", "ask_more"):
            return self._refused(focus)
        if heard.intent in ("report", "ask_more"):
            return self._reported(text, heard)
        if heard.intent == "ask_request":
            return self._go_on()
        if heard.intent == "unavailable" and focus is not None:
            return self._refused(focus)
        if heard.intent == "wait":
            return self._voice.say("wait")
        return self._informed()

    def _note_answers(self, text: str) -> None:
        """A question is settled as soon as something was told that answers it."""
        for one in self._open:
            if one.wish.kind == "question" and one.told and not one.closed and _tells(text, one.wish.answer):
                one.closed = True
                self._idle = 0

    def _focus(self, text: str) -> _Open | None:
        """The request that the assistant speaks of: the one that its words touch most, else the first unsettled one."""
        active = [one for one in self._open if one.told and not one.closed]
        if not active:
            return None
        waiting = [one for one in active if not one.agreed] or active
        return max(waiting, key=lambda one: touches(text, one.wish, self.facts))

    def _answer(self, asked: Sequence[Intent], text: str, focus: _Open | None) -> str:
        parts = []
        for slot in asked:
            count = self._answers.get(slot, 0) + 1
            self._answers[slot] = count
            if count == 1 or slot in ("ask_items", "ask_options", "ask_order", "ask_payment"):
                self._idle = max(0, self._idle - (1 if count < 4 else 0))
            if slot == "ask_identity":
                parts.append(self._identity(text))
            elif focus is None:
                return self._go_on()
            else:
                parts.append(self._detail(slot, focus))
        return " ".join(dict.fromkeys(parts))

    def _identity(self, text: str) -> str:
        facts, say = self.facts, self._voice.say
        name = f"{facts.first_name} {facts.last_name}"
        mail = re.search(r"\be-?mail|\bmail\b", text, re.IGNORECASE)
        zipped = re.search(r"\bzip|post(?:al)? ?code", text, re.IGNORECASE)
        named = re.search(r"\bname", text, re.IGNORECASE)
        number = re.search(r"\buser ?id", text, re.IGNORECASE)
        if facts.identifies_by == "email" and (mail or not (zipped or named)):
            return say("email", email=facts.email)
        if mail and not (zipped or named):
            return say("no_email")
        if number and not (mail or zipped or named):
            return say("no_user_id")
        if zipped and not named and not mail:
            return say("zip", zip=facts.zip)
        if named and not zipped and not mail:
            return say("name", name=name)
        return say("name_zip", name=name, zip=facts.zip)

    def _detail(self, slot: Intent, one: _Open) -> str:
        wish, say = one.wish, self._voice.say
        one.known.add(slot.removeprefix("ask_"))
        if slot == "ask_order":
            if wish.order is None:
                return self._tell(one)
            if wish.order.known:
                return say("order", order=wish.order.id)
            lead = say("no_number") + " " if self._answers.get("ask_order", 0) < 3 else ""
            return lead + say("clue", clue=wish.order.clue)
        if slot == "ask_items":
            if wish.kind in ("return", "exchange", "modify_items"):
                return say("items", items=items_text(wish.items))
            return say("whole") if wish.order is not None else self._tell(one)
        if slot == "ask_options":
            if not any(item.new_options for item in wish.items):
                return say("no_options")
            text = options_text(wish.items)
            if wish.otherwise is not None and wish.says_otherwise and wish.otherwise.kind == wish.kind:
                text += f", or else {options_text(wish.otherwise.items)}"
            return say("options", options=text)
        if slot == "ask_payment":
            if wish.payment is None:
                return say("any_payment")
            return say("payment", payment=method_text(wish.payment, self.facts))
        if slot == "ask_reason":
            return say("reason", excuse=wish.excuse) if wish.excuse else say("no_reason")
        if wish.address is None:
            return say("no_address")
        return say("address", address=str(wish.address))

    # Judging proposals

    def _judge(self, text: str, heard: Understood) -> str:
        active = [one for one in self._open if one.told and not one.closed]
        if _about_identity(text):
            return self._is_me(text)
        if not active:
            return self._go_on()
        if re.search(r"\b(?:transfer|human agent|hand you over)\b", text, re.IGNORECASE):
            return self._voice.say("no_transfer")
        pieces = self._pieces(text, active)
        for one, piece in pieces:
            found = compare(piece, one.wish, self.facts)
            if found.wrong and self._is_alternative(one, piece):
                one.switch(one.wish.otherwise)  # type: ignore[arg-type]  # it is one
                found = compare(piece, one.wish, self.facts)
            if found.wrong:
                return self._correct(one, found)
            if question := self._unclear(one, found, heard):
                return question
        goals = {id(one): goal for one, goal in zip(self._open, self._goals, strict=True)}
        for one, _ in pieces:
            goal = goals[id(one)]
            if one.wish is goal.first and heard.intent == "propose":
                self._idle = 0
                one.switch(goal)
                return _join(self._voice.say("change_mind"), self._tell_anew(one))
        self._idle = 0 if heard.intent == "propose" else self._idle
        if heard.intent == "ask_all":
            for one, _ in pieces:
                one.known |= {"items"}
            return self._voice.say("all")
        if heard.intent == "check":
            return self._voice.say("right")
        for one, _ in pieces:
            one.agreed = True
        return self._voice.say("yes")

    def _tell_anew(self, one: _Open) -> str:
        one.told = self.facts.detail == "full"
        return self._tell(one)

    def _pieces(self, text: str, active: Sequence[_Open]) -> list[tuple[_Open, str]]:
        """The requests that a proposal is about, each with what is said of it."""
        if len(active) == 1:
            return [(active[0], text)]
        lines = [
            part
            for part in re.split(
                r"(?<=[.!?;])\s+|\n+|, and (?=(?:then|also|second|the|i|return|cancel|for)\b)| and "
                r"(?=(?:return|cancel|exchange|second|also|about)\b)|, then ",
                text,
            )
            if part.strip()
        ]
        owner: _Open | None = None
        said: dict[int, list[str]] = {}
        common: list[str] = []
        for line in lines:
            scores = sorted(
                ((touches(line, one.wish, self.facts), number) for number, one in enumerate(active)), reverse=True
            )
            if scores[0][0] > 0 and scores[0][0] > scores[1][0]:
                owner = active[scores[0][1]]
            if owner is None:
                common.append(line)
            else:
                said.setdefault(active.index(owner), []).append(line)
        if not said:
            focus = self._focus(text)
            return [(focus, text)] if focus is not None else []
        return [(active[number], "\n".join([*common, *parts])) for number, parts in sorted(said.items())]

    def _is_alternative(self, one: _Open, text: str) -> bool:
        """Whether the assistant goes straight to the alternative that the customer has named already."""
        other = one.wish.otherwise
        return other is not None and one.wish.says_otherwise and not compare(text, other, self.facts).wrong

    def _correct(self, one: _Open, found: Agreement) -> str:
        self._wrong += 1
        one.agreed = False
        if self._wrong > PATIENCE:
            return self._give_up()
        self._idle = 0
        return _join(self._voice.say("no"), self._right_detail(one, found.wrong[0]))

    def _right_detail(self, one: _Open, slot: str) -> str:
        wish = one.wish
        if slot == "order" and wish.order is not None:
            return (
                self._voice.say("order", order=wish.order.id)
                if wish.order.known
                else self._voice.say("clue", clue=wish.order.clue)
            )
        details: dict[str, Intent] = {
            "items": "ask_items",
            "options": "ask_options",
            "payment": "ask_payment",
            "reason": "ask_reason",
            "address": "ask_address",
        }
        if slot in details and not (slot == "options" and not any(item.new_options for item in wish.items)):
            return self._detail(details[slot], one)
        return _join(self._voice.say("listen"), self._tell(one))

    def _unclear(self, one: _Open, found: Agreement, heard: Understood) -> str:
        """What the customer asks back, because it cannot tell whether the proposal is what it wants; empty if it can."""
        wish, say = one.wish, self._voice.say
        order = wish.order
        shown = found.shown - {"kind"}
        if order is not None and not order.known and order.signs and "clue" not in one.known:
            if "clue" in shown:
                one.known.add("clue")
            elif heard.intent == "check" or "number" in shown:
                return _join(say("number_says_nothing") if "number" in shown else "", say("clue", clue=order.clue))
            else:
                return say("is_it_clue", clue=order.clue)
        one.known |= shown
        if heard.intent != "propose":
            return "" if shown else _join(say("not_clear"), self._tell(one))
        if not shown and not one.known & {"discussed"}:
            return say("with_what")
        one.known.add("discussed")
        missing = {"which_option": "options", "which_payment": "payment", "which_address": "address"}
        for question, slot in missing.items():
            needed = {
                "options": any(item.new_options for item in wish.items)
                and "options" not in shown
                and "told_options" not in one.known,
                "payment": wish.payment is not None and "payment" not in one.known,
                "address": wish.address is not None and "address" not in one.known,
            }[slot]
            if needed and self._answers.get(question, 0) < 1:
                self._answers[question] = 1
                return say(question)
        return ""

    def _is_me(self, text: str) -> str:
        mails = set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+\w", text.lower()))
        zips = set(re.findall(r"(?<![\d#W])\d{5}(?!\d)", text))
        named = self.facts.last_name.lower() in text.lower() or self.facts.first_name.lower() in text.lower()
        known = bool(mails or zips or named)
        if known and mails <= {self.facts.email.lower()} and zips <= {self.facts.zip}:
            return self._voice.say("right")
        return _join(self._voice.say("only_me"), self._identity(""))

    # After something was done, or not

    def _reported(self, text: str, heard: Understood) -> str:
        active = [one for one in self._open if one.told and not one.closed]
        if heard.reported or any(one.agreed for one in active):
            for one in active:
                found = compare(text, one.wish, self.facts)
                if one.agreed or ("kind" in found.shown and found.shown - {"kind"} and not found.wrong):
                    one.closed = True
                    self._idle = 0
        if heard.reported and not any(one.closed for one in active) and len(active) == 1 and heard.intent == "report":
            self._wrong += 1
            if self._wrong > PATIENCE:
                return self._give_up()
            return _join(self._voice.say("not_asked"), self._tell(active[0]))
        lead = self._voice.say("thanks") if heard.reported else ""
        return self._go_on(lead)

    def _refused(self, one: _Open) -> str:
        if one.wish.otherwise is not None:
            one.switch(one.wish.otherwise)
            self._idle = 0
            return _join(self._voice.say("too_bad"), self._tell_anew(one))
        if one.insisted < INSISTENCE:
            one.insisted += 1
            return self._voice.say("insist")
        one.closed = True
        self._idle = 0
        return self._go_on(self._voice.say("too_bad"))

    def _take_otherwise(self, one: _Open, text: str, heard: Understood) -> str:
        other = one.wish.otherwise
        if other is None or (heard.intent in ("propose", "check") and not compare(text, one.wish, self.facts).wrong):
            return self._judge(text, heard)
        one.switch(other)
        self._idle = 0
        if heard.intent == "propose" and not compare(text, other, self.facts).wrong:
            return self._judge(text, heard)
        return _join(self._voice.say("too_bad"), self._tell_anew(one))

    def _informed(self) -> str:
        if any(one.closed for one in self._open) and all(one.closed for one in self._open if one.told):
            return self._go_on(self._voice.say("thanks"))
        if self._idle >= 3:
            return self._go_on()
        return self._voice.say("heard")


def _about_identity(text: str) -> bool:
    """Whether a yes or no is asked about who the customer is."""
    return bool(
        re.search(
            r"\b(?:am i (?:speaking|talking|chatting)|are you|is this|you are|"
            r"you're)\b[^?]{0,60}(?:@|\b\d{5}\b|right|correct|\?)",
            text,
            re.IGNORECASE,
        )
    ) and not re.search(r"#?W\d{7}|\bsure\b|\bok|\bready\b|\bagree|\bfine\b|\bhappy\b", text, re.IGNORECASE)


def _tells(text: str, answer: str) -> bool:
    """Whether a text tells something that may answer a question: the answer itself, or another figure in its place."""
    if not answer:
        return False
    if re.search(rf"(?<![\w.]){re.escape(answer)}(?!\w|\.\d)", text.replace(",", "")):
        return True
    figure = re.fullmatch(r"\d+\.\d\d", answer)
    return bool(figure) and "?" not in text and bool(re.search(r"(?<![\w.])\d+\.\d\d(?!\d)", text))


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _after(lead: str, body: str) -> str:
    """The body as it goes on after a greeting."""
    if lead and lead[-1] in ".!?":
        return body[:1].upper() + body[1:]
    return body if lead else body[:1].upper() + body[1:]


def _lower_after(text: str) -> str:
    return text
