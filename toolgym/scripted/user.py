"""The scripted user: plays the user's side of a task from its facts, for any domain.

It tells what it wants, answers what it is asked and nothing more, confirms only what matches its wish, corrects a wrong
proposal twice and then gives up, changes its mind where the task says so, uses tools of its own, and never invents. In
doubt it asks, which costs no patience; it leaves when all is settled, or says why it gives up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from toolgym.language.layout import unwrapped
from toolgym.language.speech_acts import (
    Understood,
    heard_by_unknown,
    parted,
    understand,
    without_reminder,
    without_warnings,
)
from toolgym.language.statement_cues import HANDS_OVER
from toolgym.language.text import abridged
from toolgym.messages import STOP_MARKS, TRANSFER, Message
from toolgym.scripted.agreement import Agreement
from toolgym.scripted.caller import INSISTENCE, Caller
from toolgym.scripted.facts import R
from toolgym.scripted.held import Held
from toolgym.scripted.reader import Moment, OpenRequest
from toolgym.scripted.settling import close_answered, close_reported
from toolgym.scripted.voice import join

PATIENCE = 2
"""Wrong proposals that are corrected; at the next the user gives up."""
IDLE = 5
"""Turns without progress before it gives up."""
ACTS = 20
"""Calls of its own tools in one turn, at most."""


class ScriptedUser(Caller[R]):
    """Plays the user of a task from its facts.

    Args:
        facts: What it knows and wants.
        reader: The domain's part, for these facts.
        opening: Words the first line; where that is to depend on the task alone, its generator must too.
        voice: Words everything after.

    Example:
        ``docs/add-a-domain.md`` has a whole reader, for a garage.
    """

    def respond(self, view: Sequence[Message]) -> Message:
        """The user's next message: a call of a tool of its own, or what it says."""
        said = [unwrapped(message.content or "") for message in view[self._heard :] if message.role == "assistant"]
        self._heard = len(view) + 1
        if not any(one.told for one in self._open):
            self._opening.manner = self._first_ways.manner()
            return Message("user", self._first_ways.put(self._first_line(), self._opening.manner, opens=True))
        if self._held is None:
            self._voice.manner = self._ways.manner()
            text = abridged("\n".join(said).strip())
            heard = understand(text, self._reader.topics)
            if not self._answered[self._reader.topics.identity]:
                heard = heard_by_unknown(text, heard, self._reader.topics)
            self._hearing = text
            before = sum(one.closed for one in self._open)
            self._compared.forget()
            reply = join(self._reply(text, heard))
            self._held = Held(text, heard, reply, len(view), sum(one.closed for one in self._open) > before)
        return self._act(view, self._held) or self._speak(view, self._held)

    # Acting

    def _act(self, view: Sequence[Message], held: Held) -> Message | None:
        """The next call of the user's own tools, before it says what it has to say."""
        if held.calls >= ACTS:
            return None
        call = self._reader.act(self._moment(view, held))
        if call is None:
            return None
        held.calls += 1
        return Message("user", None, (replace(call, id=f"user_{len(view)}", requestor="user"),))

    def _speak(self, view: Sequence[Message], held: Held) -> Message:
        """What the user says once it has acted: what it saw comes first, or is all where nothing else was called for.

        What it says to a proposal, or when something was settled, or at the end, is said all the same.
        """
        self._held = None
        told = self._reader.tell(self._moment(view, held)) if held.calls else ""
        if held.calls:
            self._idle = 0
        ends = any(mark in held.reply for mark in STOP_MARKS)
        awaited = held.settles or ends or held.heard.intent in ("propose", "check", "ask_all")
        text = join(told, held.reply) if awaited or not told else told
        seen = [message.content or "" for message in view[held.since :] if message.role == "tool"]
        return Message("user", self._ways.put(text, self._voice.manner, seen))

    def _moment(self, view: Sequence[Message], held: Held) -> Moment[R]:
        results = [message for message in view[held.since :] if message.role == "tool"]
        return Moment(held.text, held.heard, self._open, results)

    # Answering

    def _reply(self, text: str, heard: Understood) -> str:
        self._questioned_before, self._questioned = self._questioned, False
        closed = close_answered(self._active(), text, self._means)
        sold_out = heard.unavailable and not any(one.agreed for one in self._active())
        if heard.reported and heard.intent != "refuse" and not sold_out:
            proposes = heard.intent in ("propose", "check", "ask_all")
            closed += close_reported(self._active(), text, self._means, proposes=proposes)
        if closed:
            self._idle, self._proposed = 0, ""
        self._idle += 1
        if self._idle > IDLE:
            return self._give_up("why_idle")
        self._let_go(text, heard)
        focus = self._compared.focus(self._active(), text, heard)
        who = self._reader.topics.identity in heard.asked
        if heard.unavailable and not who and focus is not None and focus.wish.otherwise is not None:
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
            case "inform" if self._questioned_before and not closed:  # "Yes, I have checked all of it."
                return self._judge(text, replace(heard, intent="propose"))
            case "refuse" | "unavailable" | "inform":
                return self._informed()
            case slot if heard.declined and focus is not None and self._compared.declines(slot, text, focus):
                return self._refused(focus)
            case _:
                return self._answer(heard.asked, text, focus)

    def _active(self) -> list[OpenRequest[R]]:
        """The requests that were brought up and are not settled."""
        return [one for one in self._open if one.told and not one.closed]

    def _answer(self, asked: Sequence[str], text: str, focus: OpenRequest[R] | None) -> str:
        parts = []
        for slot in asked:
            self._answered[slot] += 1
            count = self._answered[slot]
            if count == 1 or (count < 4 and slot in self._reader.repeated):
                self._idle = max(0, self._idle - 1)
            if slot == self._reader.topics.identity:
                parts.append(self._reader.identity(text, self._voice))
            elif focus is None:
                return self._go_on()
            else:
                parts.append(self._detail(slot, focus))
        said = " ".join(dict.fromkeys(filter(None, parts)))
        return said or (self._tell(focus) if focus is not None else self._go_on())

    def _detail(self, slot: str, one: OpenRequest[R]) -> str:
        """What answers a question about a request."""
        one.known.add(slot.removeprefix("ask_"))
        return self._reader.answer(slot, one.wish, self._voice, self._answered[slot]) or self._tell(one)

    # Judging proposals

    def _judge(self, text: str, heard: Understood) -> str:
        active, say = self._active(), self._voice.say
        is_me = self._reader.is_me(text)
        if is_me is not None:
            self._answered[self._reader.topics.identity] += 1
            return say("right") if is_me else join(say("only_me"), self._reader.identity("", self._voice))
        if not active:
            return self._go_on()
        if HANDS_OVER.search(text):
            return say("no_transfer")
        if heard.intent == "ask_all" or heard.all_named:
            text = without_reminder(text)
        refers = self._compared.names_nothing(text, active)
        wrong = self._questioned_before and all(self._compared.agreement(text, one.wish).wrong for one in active)
        if heard.intent == "propose" and self._proposed and refers and not wrong:
            text = f"{self._proposed}\n{text}"  # "Shall I go on as described?"
        elif not refers:
            self._proposed = (self._means.without_reports(text) or text) if heard.reported else text
        if heard.declined:
            return self._judge_the_rest(text, active, heard)
        return self._weigh(text, active, heard)

    def _judge_the_rest(self, text: str, active: Sequence[OpenRequest[R]], heard: Understood) -> str:
        """Judge a message that declines one thing and proposes another."""
        declined, rest = parted(text)
        for one in active:
            other = one.wish.otherwise
            if other is None:
                continue
            if not self._compared.agreement(rest, other).wrong:
                before = one.switch(other, self._reader.lasting)
                if self._objection(one, rest, heard):  # it is not said clearly enough to agree to it
                    return join(self._voice.say("too_bad"), self._tell_anew(one, before))
                return self._weigh(rest, active, heard)
            if declined and len(active) == 1 and self._compared.agreement(text, one.wish).wrong:
                return self._refused(one)
        if len(active) > 1:
            spoken_of = [self._compared.touches(declined, one.wish) for one in active]
            refused = active[spoken_of.index(max(spoken_of))] if max(spoken_of) > 1 else None
            if refused is not None and not self._means.proposes(rest, refused.wish):
                return self._weigh(rest, [one for one in active if one is not refused], heard)
        return self._weigh(text, active, heard)  # what declines nothing that is wanted stays a part of the proposal

    def _weigh(self, text: str, active: Sequence[OpenRequest[R]], heard: Understood) -> str:
        """Object to what is wrong or unclear in a proposal, or consent to it."""
        if heard.reported and heard.intent == "propose":
            text = self._means.without_reports(text) or text
        pieces = self._pieces(text, active, heard)
        for one, piece in pieces:
            if objection := self._objection(one, piece, heard):
                return objection
        return self._consent([one for one, _ in pieces], heard)

    def _objection(self, one: OpenRequest[R], text: str, heard: Understood) -> str:
        """What the user says to what it does not want, or cannot tell whether it wants it; empty if it agrees."""
        found = self._compared.agreement(text, one.wish)
        other = one.wish.otherwise
        if challenge := self._reader.challenge(found, one.wish, heard, self._voice):
            return challenge
        if found.wrong and other is not None and one.wish.says_otherwise:
            # The assistant may go straight to the alternative that the user has named already.
            alternative = self._compared.agreement(text, other)
            if not alternative.wrong:
                one.switch(other, self._reader.lasting)
                found = alternative
        if found.wrong and heard.intent == "ask_all":  # it asked, and proposed nothing
            things = self._reader.topics.things
            return self._detail(things, one) if things else self._tell(one)
        return self._correct(one, found) if found.wrong else self._unclear(one, found, heard)

    def _consent(self, proposed: Sequence[OpenRequest[R]], heard: Understood) -> str:
        """What the user says to what is right: a change of mind, if that was to come, or that it is right."""
        if heard.intent == "propose":
            self._idle = 0
            for one in proposed:
                if one.wish is one.goal.first:
                    before = one.switch(one.goal, self._reader.lasting)
                    return join(self._reader.turn(one.goal, self._voice), self._tell_anew(one, before))
        if heard.intent == "ask_all":
            for one in proposed:
                one.known.add(self._reader.topics.things.removeprefix("ask_"))
            return self._voice.say("all")
        if heard.intent == "check":
            return self._voice.say("right")
        if any(not one.doubted for one in proposed) and self._ways.doubts():
            for one in proposed:
                one.doubted = True
            self._questioned = True
            return self._voice.say("doubt")
        for one in proposed:
            one.agreed = one.doubted = True
        if not heard.all_named:
            return self._voice.say("yes")
        for one in proposed:
            one.known.add(self._reader.topics.things.removeprefix("ask_"))
        return join(self._voice.say("yes"), self._voice.say("that_is_all"))

    def _pieces(
        self, text: str, active: Sequence[OpenRequest[R]], heard: Understood
    ) -> list[tuple[OpenRequest[R], str]]:
        """The requests that a proposal is about, each with what is said of it."""
        if len(active) == 1:
            return [(active[0], text)]
        said = self._means.shares(without_warnings(text), [one.wish for one in active])
        if not said:
            focus = self._compared.focus(self._active(), text, heard)
            return [(focus, text)] if focus is not None else []
        return [(active[number], part) for number, part in said.items()]

    def _correct(self, one: OpenRequest[R], found: Agreement) -> str:
        self._wrong += 1
        self._proposed = ""
        one.agreed = False
        if self._wrong > PATIENCE - self._ways.lost_patience:
            return self._give_up("why_wrong")
        self._idle = 0
        return join(self._voice.say("no"), self._right_detail(one, found.wrong[0]))

    def _right_detail(self, one: OpenRequest[R], detail: str) -> str:
        """What a detail should have been; if there is no such detail, the request once more."""
        right = self._reader.correct(detail, one.wish, self._voice)
        if right is None:
            return join(self._voice.say("listen"), self._tell(one))
        return self._detail(right, one) if right in self._reader.topics.names else right

    def _unclear(self, one: OpenRequest[R], found: Agreement, heard: Understood) -> str:
        """What the user asks back, because it cannot tell whether a proposal is what it wants; empty if it can."""
        asked = self._reader.unclear(one, found, heard, self._voice)
        if asked != "" and self._hearing != self._doubted:  # a doubt costs nothing, unless the same is said again
            self._doubted = self._hearing
            self._idle = max(0, self._idle - 1)
        return join(self._voice.say("not_clear"), self._tell(one)) if asked is None else asked

    # After something was done, or not

    def _reported(self, text: str, heard: Understood, closed: int) -> str:
        active = self._active()
        if heard.intent == "ask_more" and not heard.reported and not heard.declined:
            for one in active:
                one.closed |= one.agreed  # whoever asks for more takes what was agreed to for done
        if heard.intent == "report" and not closed and not any(one.agreed for one in active):
            if not self._means.reports_deed(text):
                return self._informed()
            self._wrong += 1
            if self._wrong > PATIENCE - self._ways.lost_patience:
                return self._give_up("why_wrong")
            return join(self._voice.say("not_asked"), self._tell(active[0]) if active else "")
        left = any(not one.closed for one in self._open)
        lead = self._voice.say("thanks") if heard.reported and left else ""
        if heard.intent == "report" and any(one.agreed for one in self._active()):
            return lead or self._voice.say("wait")
        return self._go_on(lead)

    def _refused(self, one: OpenRequest[R]) -> str:
        if one.wish.otherwise is not None:
            before = one.switch(one.wish.otherwise, self._reader.lasting)
            self._idle = 0
            return join(self._voice.say("too_bad"), self._tell_anew(one, before))
        if one.insisted < INSISTENCE:
            one.insisted += 1
            one.agreed = False
            return self._voice.say("insist")
        if one.insisted == INSISTENCE and self._ways.doubts():
            one.insisted += 1
            return self._voice.say("insist_again")
        one.closed = True
        self._idle = 0
        return self._go_on(self._voice.say("too_bad"))

    def _let_go(self, text: str, heard: Understood) -> None:
        """Insist no longer on what was refused, once the assistant goes on with another request."""
        others = [one for one in self._active() if one.insisted <= INSISTENCE]
        for one in self._active():
            if one.insisted > INSISTENCE and others and not heard.declined:
                told = self._compared.touches(text, one.wish)
                beside = any(self._compared.touches(text, other.wish) > told for other in others)
                one.closed = bool(heard.asked) or (beside and heard.intent in ("propose", "check", "ask_all"))

    def _take_otherwise(self, one: OpenRequest[R], other: R, text: str, heard: Understood) -> str:
        """What the user says when something is sold out and it knows what it takes instead."""
        if heard.intent in ("propose", "check") and not self._compared.agreement(text, one.wish).wrong:
            return self._judge(text, heard)
        before = one.switch(other, self._reader.lasting)
        self._idle = 0
        if heard.intent == "propose" and not self._compared.agreement(text, other).wrong:
            return self._judge(text, heard)
        return join(self._voice.say("too_bad"), self._tell_anew(one, before))

    def _informed(self) -> str:
        if any(one.closed for one in self._open) and all(one.closed for one in self._open if one.told):
            left = any(not one.closed for one in self._open)
            return self._go_on(self._voice.say("thanks") if left else "")
        if self._idle >= 3:
            return self._go_on()
        return self._voice.say("heard")
