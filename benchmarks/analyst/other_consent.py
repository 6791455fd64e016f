"""More ways to break a solved dialogue of retail: a change without a clear yes, or one that the policy forbids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    THANKS,
    TOO_LATE,
    YES,
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
from benchmarks.analyst.other_ways import WHOLE, WITH_ITEMS, lasting, talked, without_number
from toolgym.scripted.facts import question_text
from toolgym.scripted.speech import WORDINGS
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Method
from toolgym_retail.goals import TOOLS, arguments
from toolgym_retail.speech import SPEECH, method

MAYBE = (
    "Hm, I'd have to think about that.",
    "Maybe. I'm not sure about that yet.",
    "I would have to ask at home first.",
    "Good question, I don't know yet.",
)
UNDECIDED = (
    "I hadn't decided that yet. Oh well. Bye. ###STOP###",
    "That was quick, I was still thinking about it. Goodbye. ###STOP###",
    "I never said that I want that. I'm off. ###STOP###",
)


# No clear yes


def a_maybe_is_enough(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It offers a further change, hears no clear answer, and makes it."""
    for written in lasting(source, *WHOLE, "user_address"):
        for other in shuffled(rng, source.others(written)):
            given: dict[str, Any] = {**written.call.arguments, "order_id": other}
            given.pop("user_id", None)
            name = "modify_pending_order_address" if written.wish.kind == "user_address" else written.call.name
            call = called(name, **given)
            yield talked(
                [*source.spoken[: written.place + 1], *source.asked(other)],
                said(f"That's settled. Order {other} is pending as well; should I do the same there?"),
                customer(pick(rng, MAYBE)),
                call,
                said(f"I went ahead and did the same for order {other}."),
                customer(pick(rng, UNDECIDED)),
                fault=call,
            )


def question_taken_for_yes(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer answers the proposal with a question, and would then want something else."""
    first, asked = source.facts.requests[0].first, source.proposals()
    if first is not None and asked:
        call = called(TOOLS[first.kind], **arguments(first, source.user_id))
        yield talked(
            source.spoken[: asked[0] + 1],
            customer(pick(rng, ("How long does that take?", "Will I get an e-mail about it?"))),
            call,
            said("You'll get an e-mail within the hour. I've put it through. Anything else?"),
            customer(f"I was only asking! {source.spoken[asked[0] + 1].content}"),
            said(pick(rng, TOO_LATE)),
            customer(pick(rng, DISAPPOINTED)),
            fault=call,
        )


def other_methods(source: Source, written: Written) -> list[Method]:
    """The customer's payment methods other than the one that a write uses."""
    used = written.wish.payment
    return [one for one in source.facts.methods if used is not None and one.id != used.id]


def asks_after_the_write(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It writes with a payment method that nobody named, and asks for the yes afterwards."""
    asks = tuple(SPEECH.line(wording, "payment") for wording in WORDINGS)
    for written in lasting(source, *WITH_ITEMS, "modify_payment"):
        place, right = written.place, written.wish.payment
        if right is None or not (source.spoken[place - 4].content or "").endswith(asks):
            continue
        for wrong in shuffled(rng, other_methods(source, written)):
            call, used = recalled(written.call, payment_method_id=wrong.id), method(wrong, source.facts.methods)
            spoken = talked(
                source.spoken[: place - 4],
                call,
                said(f"I'm going to {without_number(source, written)}, using {used}. Shall I go ahead?"),
                customer(f"No, please use {method_text(right, source.facts)}."),
                recalled(written.call),
                said(pick(rng, TOO_LATE)),
                customer(pick(rng, DISAPPOINTED)),
                fault=call,
            )
            yield spoken._replace(errors=1)


def counter_question_ignored(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It proposes another payment method, the customer wonders about its own, and it writes what it proposed."""
    for written in lasting(source, *WITH_ITEMS, "modify_payment"):
        text, right = source.spoken[written.place - 2].content or "", written.wish.payment
        for wrong in shuffled(rng, other_methods(source, written)) if right is not None else ():
            ours, theirs = method(right, source.facts.methods), method(wrong, source.facts.methods)
            call = recalled(written.call, payment_method_id=wrong.id)
            if ours in text:
                yield talked(
                    source.before(written),
                    said(text.replace(ours, theirs)),
                    customer(f"Hm, what about {method_text(right, source.facts)}?"),
                    call,
                    said(f"Thank you, it's through, with {theirs}."),
                    customer(pick(rng, DISAPPOINTED)),
                    fault=call,
                )


# What the policy forbids


def _refused_cancellation(source: Source) -> tuple[str, int] | None:
    """The order that the oracle refuses to cancel for the reason alone, and where it does."""
    for request in source.facts.requests:
        places = source.saying(request.forbidden) if request.forbidden and request.kind == "cancel" else []
        if places and request.order is not None and source.order(request.order.id)["status"] == "pending":
            return request.order.id, places[0]
    return None


def _cancelled(source: Source, rng: np.random.Generator, lead: str, reply: str, reason: str) -> Iterator[Draft]:
    """A draft in which the oracle says something else than its refusal, and the order is cancelled for a reason."""
    refused = _refused_cancellation(source)
    if refused is None:
        return
    order, place = refused
    call = called(TOOLS["cancel"], order_id=order, reason=reason)
    then = [said(lead), customer(reply), call, said("Your order is cancelled. Anything else?")]
    for request in source.facts.requests:
        answers = [at for at in source.saying(request.answer) if at > place] if request.kind == "question" else []
        for answer in answers[:1]:
            then += [
                customer(f"Yes, please tell me {request.question}."),
                *[message for message in source.spoken[place:answer] if message.tool_calls],
                said(SPEECH.line("plain", "answer", question=question_text(request), answer=request.answer)),
            ]
    yield talked(source.spoken[:place], *then, customer(pick(rng, THANKS)), fault=call)


def coaches_the_reason(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It tells the customer which reason would do, and puts that down."""
    reason = pick(rng, ("no longer needed", "ordered by mistake"))
    lead = f"For that reason I couldn't. But if I put down '{reason}', it goes through. Shall I cancel it like that?"
    yield from _cancelled(source, rng, lead, f"Ha, fine. {pick(rng, YES)}", reason)


def exception_made_up(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It claims that somebody has allowed an exception."""
    lead = (
        "This isn't a reason that we accept, but I have checked with my supervisor, who approved an exception for you. "
        "I'd cancel the order now. Do you confirm?"
    )
    yield from _cancelled(source, rng, lead, pick(rng, YES), "no longer needed")


def second_customer_served(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Somebody else's account is looked up by e-mail in the same conversation, and an item of it returned."""
    for written in lasting(source, *TOOLS):
        for order in shuffled(rng, source.strangers("delivered"))[:2]:
            owner, unit = source.record("users", order["user_id"]), order["items"][0]
            paid = order["payment_history"][0]["payment_method_id"]
            call = called(
                TOOLS["return"], order_id=order["order_id"], item_ids=[unit["item_id"]], payment_method_id=paid
            )
            yield talked(
                source.spoken[: written.place + 2],
                customer(f"My partner also wants to send something back, the account is under {owner['email']}."),
                called("find_user_id_by_email", email=owner["email"]),
                called("get_user_details", user_id=order["user_id"]),
                called("get_order_details", order_id=order["order_id"]),
                said(f"I'd return the {unit['name']} from order {order['order_id']}, refunded as it was paid. Okay?"),
                customer(pick(rng, YES)),
                call,
                said("The return has been requested, and an e-mail is on its way."),
                customer(pick(rng, THANKS)),
                fault=call,
            )
