"""Dialogues broken in how they go: no yes, an early end, the same call again, a fact left out, a hand-over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    THANKS,
    TOO_LATE,
    Draft,
    Source,
    Written,
    called,
    customer,
    pick,
    recalled,
    said,
    shuffled,
)
from toolgym.messages import TRANSFER, Message
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Request
from toolgym_retail.goals import TOOLS, arguments

Drafts = Iterator[Draft]
WRITES = frozenset(TOOLS.values())


def _complains(rng: np.random.Generator, words: str) -> list[Message]:
    """What follows a write that the customer did not want."""
    return [said("That's done."), customer(words), said(pick(rng, TOO_LATE)), customer(pick(rng, DISAPPOINTED))]


def _asked_before(source: Source, written: Written, text: str) -> list[Message] | None:
    """The dialogue up to the question for a detail that the customer tells there for the first time."""
    start = source.before(written)
    asks = len(start) > 1 and start[-2].role == "assistant" and not start[-2].tool_calls
    tells = [place for place, one in enumerate(start) if one.role == "user" and text in (one.content or "").lower()]
    return start[:-2] if asks and tells == [len(start) - 1] else None


# No yes


def payment_guessed(source: Source, rng: np.random.Generator) -> Drafts:
    """Asks neither for the payment method nor for a yes, and takes another than the customer has in mind."""
    for written in source.writes:
        wish = written.wish
        if wish.payment is None or wish.kind == "modify_payment" or not source.ends_with(written):
            continue
        words = method_text(wish.payment, source.facts)
        start = _asked_before(source, written, words.lower())
        if start is None:
            continue
        for method in shuffled(rng, [one for one in source.facts.methods if one.id != wish.payment.id]):
            end = _complains(rng, f"Hold on, you never asked me! It should have gone on {words}.")
            yield Draft([*start, recalled(written.call, payment_method_id=method.id), *end], len(start))


def reason_guessed(source: Source, rng: np.random.Generator) -> Drafts:
    """Asks neither for the reason nor for a yes, and cancels for another one."""
    for written in source.writes:
        wish = written.wish
        if wish.kind != "cancel" or not source.ends_with(written):
            continue
        start = _asked_before(source, written, wish.excuse.lower().rstrip("."))
        if start is not None:
            other = "no longer needed" if wish.reason == "ordered by mistake" else "ordered by mistake"
            end = _complains(rng, f"You've cancelled it already? And that's not why: {wish.excuse}.")
            yield Draft([*start, recalled(written.call, reason=other), *end], len(start))


def _first(source: Source) -> Iterator[tuple[int, Request, Message]]:
    """Where a wish is proposed that the customer then drops for another, the wish, and the call that fulfils it."""
    for request in source.facts.requests:
        first, places = request.first, source.proposals()
        last = next((one.place - 2 for one in source.writes if one.wish is request), None)
        if first is not None and last is not None and places and places[0] < last and len(source.facts.requests) == 1:
            yield places[0], first, called(TOOLS[first.kind], **arguments(first, source.user_id))


def written_before_change_of_mind(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes the write unasked, and with its report the customer sees that it wants something else."""
    for place, _, call in _first(source):
        end = [said("That's done."), source.spoken[place + 1], said(pick(rng, TOO_LATE))]
        yield Draft([*source.spoken[:place], call, *end, customer(pick(rng, DISAPPOINTED))], place)


def written_against_no(source: Source, rng: np.random.Generator) -> Drafts:
    """The customer answers the proposal with another wish, and the assistant makes what it has proposed."""
    for place, _, call in _first(source):
        end = _complains(rng, "But I had just told you that I want something else!")
        yield Draft([*source.spoken[: place + 2], call, *end], place + 2)


def customer_walks_out(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes the right write unasked; the customer is angry and leaves before the rest is done."""
    words = (
        "I hadn't agreed to anything yet! I'll take the rest elsewhere. ###STOP###",
        "Did I say yes? I don't want you to touch anything else. ###STOP###",
    )
    for written in source.writes:
        if not source.ends_with(written):
            start = source.before(written)
            call = source.spoken[written.place]
            yield Draft([*start, call, said("That's done."), customer(pick(rng, words))], len(start))


def everything_returned(source: Source, rng: np.random.Generator) -> Drafts:
    """Returns the whole order without a proposal, where the customer wants only a part of it returned."""
    for written in source.writes:
        items = source.item_ids(written.order_id) if written.wish.kind == "return" else []
        if len(items) > len(written.wish.items) and source.ends_with(written):
            start = source.before(written)
            end = _complains(rng, "The whole order? I never said yes to that, I want to keep the rest.")
            yield Draft([*start, recalled(written.call, item_ids=items), *end], len(start))


def yes_was_for_a_look(source: Source, rng: np.random.Generator) -> Drafts:
    """The customer agrees to have something looked up, and the assistant makes a write of it."""
    look = [said("Shall I check what can be done with this order?"), customer("Yes, please check.")]
    words = "You were only to have a look! That isn't what I want at all."
    for written in source.writes:
        wish = written.wish
        if not source.ends_with(written):
            continue
        start = [*source.before(written), *look]
        changes: list[dict[str, Any]] = []
        if wish.kind == "return":
            changes.append({"item_ids": source.item_ids(written.order_id)})
        if wish.payment is not None and wish.kind != "modify_payment":
            changes += [{"payment_method_id": one.id} for one in source.facts.methods if one.id != wish.payment.id]
        for change in shuffled(rng, changes):
            yield Draft([*start, recalled(written.call, **change), *_complains(rng, words)], len(start))


# An early end


def reported_without_call(source: Source, rng: np.random.Generator) -> Drafts:
    """Has the yes, makes no call, and reports that it is done."""
    for written in source.writes:
        if source.ends_with(written):
            rest = source.spoken[written.place + 1 :]
            yield Draft([*source.spoken[: written.place], *rest], written.place)


def reported_without_proposal(source: Source, rng: np.random.Generator) -> Drafts:
    """Knows all that it needs, and says that it is done without having done anything."""
    for written in source.writes:
        start = source.before(written)
        if source.ends_with(written) and start[-1].role == "user":
            yield Draft([*start, *source.spoken[written.place + 1 :]], len(start))


def promised_for_later(source: Source, rng: np.random.Generator) -> Drafts:
    """Has the yes, and promises to do it later."""
    promises = (
        "Thank you. I'll take care of it later today, so you're all set. Have a nice day!",
        "Noted, I will have it arranged by tonight. Goodbye!",
    )
    for written in source.writes:
        if source.ends_with(written):
            end = [said(pick(rng, promises)), customer(pick(rng, THANKS))]
            yield Draft([*source.spoken[: written.place], *end], written.place)


def stopped_after_looking(source: Source, rng: np.random.Generator) -> Drafts:
    """Looks everything up, tells what it sees, and says goodbye."""
    for written in source.writes:
        start = source.before(written)
        if written.order_id and source.ends_with(written):
            status = source.order(written.order_id)["status"]
            end = [
                said(f"I've found it: order {written.order_id} is {status}. Thank you for calling, goodbye!"),
                customer("Oh, okay. Bye. ###STOP###"),
            ]
            yield Draft([*start, *end], len(start))


def next_request_forgotten(source: Source, rng: np.random.Generator) -> Drafts:
    """Does one thing, and closes the dialogue before the others that the customer has named at first."""
    facts = source.facts
    for number, written in enumerate(source.writes[:-1], 1):
        if number < facts.upfront and not any(request.kind == "question" for request in facts.requests):
            start = source.spoken[: written.place + 1]
            end = [said("That's done, so everything is settled now. Have a nice day!"), customer(pick(rng, THANKS))]
            yield Draft([*start, *end], len(start))


# The same call again

_STEPS = 220
"""More messages than an episode has steps."""


def _lookups(source: Source, *, after: int = 0) -> list[int]:
    return [
        place
        for place, message in enumerate(source.spoken)
        if place >= after and message.tool_calls and message.tool_calls[0].name.startswith(("get_", "find_"))
    ]


def lookup_to_the_limit(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes one look-up again and again until the steps are used up."""
    for place in shuffled(rng, _lookups(source)):
        again = [source.spoken[place]] * _STEPS
        yield Draft([*source.spoken[: place + 1], *again], place + 1, ends="max_steps")


def lookup_until_customer_leaves(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes one look-up again and again while the customer waits, and at last leaves."""
    for place in shuffled(rng, _lookups(source)):
        look = source.spoken[place]
        middle = [look, look, said("One moment, please, I'm still checking."), customer("Okay, I'm waiting.")]
        more = [look, look, look, said("I'm still looking into it, please bear with me.")]
        end = customer("This takes far too long. I'll try some other time. ###STOP###")
        yield Draft([*source.spoken[: place + 1], *middle, *more, end], place + 1)


def lookups_in_turn(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes two look-ups in turn until the steps are used up."""
    found = _lookups(source)
    for one, two in pairwise(found):
        if two == one + 1:
            again = [source.spoken[one], source.spoken[two]] * (_STEPS // 2)
            yield Draft([*source.spoken[: two + 1], *again], two + 1, ends="max_steps")


def refused_write_to_the_limit(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes a write that went through again, though it is refused every time, until there are too many errors."""
    for written in source.writes:
        again = [source.spoken[written.place]] * 10
        start = source.spoken[: written.place + 1]
        yield Draft([*start, *again], len(start), errors=10, ends="too_many_errors")


def same_write_to_the_limit(source: Source, rng: np.random.Generator) -> Drafts:
    """Makes a write that changes nothing any more until the steps are used up."""
    for written in source.writes:
        if written.wish.kind in ("modify_address", "user_address"):
            start = source.spoken[: written.place + 1]
            yield Draft([*start, *[source.spoken[written.place]] * _STEPS], len(start), ends="max_steps")


def sold_out_tried_again(source: Source, rng: np.random.Generator) -> Drafts:
    """Tries to get a variant that is sold out until there are too many errors."""
    for request in source.facts.requests:
        if request.otherwise is None or request.forbidden or not request.items or request.payment is None:
            continue
        call = called(TOOLS[request.kind], **arguments(request, source.user_id))
        values = ", ".join((request.items[0].new_options or {}).values())
        for place in source.saying(values)[:1]:
            ask = said(f"So I'd get you the {request.items[0].product} ({values}) instead. May I go ahead?")
            start = [*source.spoken[:place], ask, customer("Yes, please.")]
            yield Draft([*start, *[call] * 10], len(start) + 1, errors=10, ends="too_many_errors")


# A fact left out


def _answers(source: Source) -> Iterator[tuple[int, Request, str]]:
    """Where a question is answered, the question, and what must be said before the answer, a report perhaps."""
    for request in source.facts.requests:
        if request.kind == "question":
            for place in source.saying(request.answer)[:1]:
                if any(request.question in (one.content or "") for one in source.spoken[place + 1 :]):
                    continue  # it was told before it was asked for, and is asked for once more
                made = [at for at, one in enumerate(source.spoken[:place]) if one.tool_calls]
                spoke = [at for at, one in enumerate(source.spoken[:place]) if one.role == "user"]
                wrote = any(at > spoke[-1] and source.spoken[at].tool_calls[0].name in WRITES for at in made)
                yield place, request, "That change has been made. " if wrote else ""


def _in_its_place(source: Source, place: int, *messages: Message) -> Draft:
    return Draft([*source.spoken[:place], *messages, *source.spoken[place + 1 :]], place)


def wrong_figure(source: Source, rng: np.random.Generator) -> Drafts:
    """Tells another figure: that of something else, or one with two digits in the wrong order."""
    for place, request, _ in _answers(source):
        answer, text = request.answer, source.spoken[place].content or ""
        prices = [
            f"{item['price']:.2f}"
            for order_id in source.facts.orders
            for item in source.order(order_id)["items"]
            if "." in answer
        ]
        swaps = [answer[:at] + answer[at + 1] + answer[at] + answer[at + 2 :] for at in range(len(answer) - 1)]
        wrong = [one for one in (prices or swaps) if one != answer and re.fullmatch(r"\d+(\.\d\d)?", one)]
        for figure in shuffled(rng, wrong)[:3]:
            yield _in_its_place(source, place, said(text.replace(answer, figure)))


def rounded_figure(source: Source, rng: np.random.Generator) -> Drafts:
    """Tells the figure only roughly, where the customer wants to know it."""
    for place, request, lead in _answers(source):
        if "." in request.answer:
            about = round(float(request.answer), -1)
            yield _in_its_place(source, place, said(f"{lead}That comes to about ${about:.0f}."))


def figure_left_out(source: Source, rng: np.random.Generator) -> Drafts:
    """Says that it has looked it up, and not what it has found."""
    words = (
        "I've looked that up, and everything is in order with it.",
        "I have checked it for you. You'll find the figure in your confirmation e-mail.",
    )
    for place, _, lead in _answers(source):
        yield _in_its_place(source, place, said(lead + pick(rng, words)))


def question_passed_over(source: Source, rng: np.random.Generator) -> Drafts:
    """Goes on as if nothing had been asked, and the customer gives up on it."""
    for place, _, lead in _answers(source):
        if place == len(source.spoken) - 2:
            end = customer("You haven't told me what I asked, but never mind. Bye. ###STOP###")
            yield Draft([*source.spoken[:place], said(f"{lead}Is there anything else I can do?"), end], place)


def claims_not_to_know(source: Source, rng: np.random.Generator) -> Drafts:
    """Says that it cannot see what its tools show."""
    for place, request, lead in _answers(source):
        about = re.sub(r"\bI\b", "you", re.sub(r"\bmy\b", "your", request.question))
        yield _in_its_place(source, place, said(f"{lead}I'm sorry, I have no way to see {about} from here."))


# A hand-over


def _handed_over(start: Sequence[Message], why: str) -> Draft:
    end = [
        called("transfer_to_human_agents", summary=why),
        said("YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON."),
        customer(TRANSFER),
    ]
    return Draft([*start, *end], len(start))


def transferred_at_once(source: Source, rng: np.random.Generator) -> Drafts:
    """Hands over before it knows who is speaking."""
    yield _handed_over(source.spoken[:1], f"The customer says: {source.spoken[0].content}")


def transferred_after_looking(source: Source, rng: np.random.Generator) -> Drafts:
    """Hands over when it has looked up who is speaking, or an order."""
    for place in shuffled(rng, _lookups(source, after=3)):
        yield _handed_over(source.spoken[: place + 1], "The customer needs help with an order.")


def transferred_instead_of_write(source: Source, rng: np.random.Generator) -> Drafts:
    """Hands over when it has the yes."""
    for written in source.writes:
        why = f"The customer has confirmed: {source.spoken[written.place - 2].content}"
        yield _handed_over(source.spoken[: written.place], why)


def transferred_between_requests(source: Source, rng: np.random.Generator) -> Drafts:
    """Does one thing, and hands over when the customer goes on with the next."""
    for written in source.writes:
        if not source.ends_with(written):
            goes_on = next(at for at in range(written.place, len(source.spoken)) if source.spoken[at].role == "user")
            yield _handed_over(source.spoken[: goes_on + 1], "One request is settled; the customer has another one.")


def transferred_instead_of_refusal(source: Source, rng: np.random.Generator) -> Drafts:
    """Hands over what it should have refused, and with it what it could have solved."""
    for request in source.facts.requests:
        for place in source.saying(request.forbidden)[:1] if request.forbidden else []:
            yield _handed_over(source.spoken[:place], "The customer wants something that the policy does not allow.")


def transferred_instead_of_answer(source: Source, rng: np.random.Generator) -> Drafts:
    """Hands over a question that it could have answered."""
    for place, request, _ in _answers(source):
        yield _handed_over(source.spoken[:place], f"The customer asks for {request.question}.")
