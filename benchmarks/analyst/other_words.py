"""More ways to break a solved dialogue of retail, for what an agent says, repeats, gives away or gives up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    LEAVES,
    THANKS,
    Draft,
    Source,
    Written,
    called,
    customer,
    pick,
    said,
)
from benchmarks.analyst.other_ways import CHANGES, WITH_ITEMS, lasting, meant, talked, without_number
from toolgym.messages import Message, ToolCall
from toolgym.scripted.facts import question_text
from toolgym.scripted.speech import WORDINGS
from toolgym_retail.facts import Request
from toolgym_retail.goals import TOOLS
from toolgym_retail.speech import SPEECH

HOLDS = (
    "Okay, I'll hold. ###TRANSFER###",
    "Well, if it must be. ###TRANSFER###",
    "Alright, I'm waiting. ###TRANSFER###",
)
LEAVES_ANGRY = (
    "This leads nowhere. Goodbye. ###STOP###",
    "I've been waiting long enough. Bye. ###STOP###",
    "Forget it, I'll try another day. ###STOP###",
)
HANDED_OVER = SPEECH.line("plain", "transfer")
ENDLESS = 120
"""How often a call is made again: more often than an episode has steps for."""


def prices(source: Source, written: Written) -> str:
    """What somebody may want to compute at a write: what new items cost more, or what the order's units come to."""
    units = [source.unit(written.order_id, one) for one in source.item_ids(written.order_id)]
    parts = [f"{unit['price']:.2f}" for unit in units]
    if written.wish.kind in CHANGES:
        pairs = []
        for item in written.wish.items:
            unit = source.unit(written.order_id, item.item_id)
            new = source.record("products", unit["product_id"])["variants"][item.new_item_id]
            pairs.append(f"({new['price']:.2f} - {unit['price']:.2f})")
        parts = pairs
    return " + ".join(parts)


# It stops, or says that it is done


def call_typed_as_text(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It types the call into its message instead of making it."""
    for written in lasting(source, *TOOLS):
        given = ", ".join(f"{name}={value!r}" for name, value in written.call.arguments.items())
        text = said(f"[{written.call.name}({given})]\n\nThat's done for you. Is there anything else?")
        yield talked(source.spoken[: written.place], text, customer(pick(rng, THANKS)), fault=text)


def computed_instead(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """After the yes it computes what the items come to, and then says that the change is made."""
    for written in lasting(source, *WITH_ITEMS):
        text = said(f"All set: I did {without_number(source, written)}, as you asked. Anything else?")
        yield talked(
            source.spoken[: written.place],
            called("calculate", expression=prices(source, written)),
            text,
            customer(pick(rng, THANKS)),
            fault=text,
        )


def sends_a_link(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It speaks of a link by which the customer is to confirm, and makes no call."""
    for written in lasting(source, *TOOLS):
        text = said("Thank you for confirming. You'll get an e-mail with a link; once you click it, it is carried out.")
        yield talked(source.spoken[: written.place], text, customer(pick(rng, THANKS)), fault=text)


def left_to_the_customer(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Asked for the change, it explains politely how the customer can make it."""
    for written in lasting(source, *TOOLS):
        text = said(
            "Thanks for the details! You can do this yourself: log in, open 'My account', choose the entry and follow "
            "the steps. I'm glad that I could help."
        )
        yield talked(source.before(written), text, customer(pick(rng, DISAPPOINTED)), fault=text)


def last_one_another_time(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Of several requests the last is put off to another conversation."""
    for written in lasting(source, *TOOLS) if len(source.writes) > 1 else ():
        earlier = source.writes[-2].place
        text = said(
            "The change before is made. For the rest, please write to us again: I can only look after so much in one "
            "conversation. Thank you for your patience today!"
        )
        if earlier < written.place:
            yield talked(source.spoken[: earlier + 1], text, customer(pick(rng, DISAPPOINTED)), fault=text)


# The same call again


def identified_anew(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It looks the customer up again after every answer, and asks the same question again."""
    for written in lasting(source, *TOOLS):
        wish, begin = meant(written) if written.order_id else "my address", source.spoken
        place = next(at for at, one in enumerate(begin) if any(c.name == "get_user_details" for c in one.tool_calls))
        found, details = begin[place - 1 : place + 1]
        yield Draft(
            [
                *begin[: place + 1],
                said("Thank you, I have found your account. What is this about?"),
                customer(f"As I wrote: it's about {wish}."),
                found,
                details,
                said("Thanks! I see your account now. How can I help you today?"),
                customer(f"It's about {wish}, please."),
                found,
                details,
                said("I have your account in front of me. What would you like me to do?"),
                customer(pick(rng, LEAVES_ANGRY)),
            ],
            place + 3,
        )


def computed_to_the_limit(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It computes the same figure over and over."""
    for written in lasting(source, *WITH_ITEMS):
        again = called("calculate", expression=prices(source, written))
        before = source.before(written)
        yield Draft([*before, *[again] * ENDLESS], len(before) + 1, ends="max_steps")


def twice_in_one_message(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It makes the same look-up twice in a message, and again while the customer waits."""
    for written in lasting(source, *TOOLS):
        place = next(
            at for at, one in enumerate(source.spoken) if any(c.name == "get_user_details" for c in one.tool_calls)
        )
        order = written.order_id or pick(rng, list(source.facts.orders))
        look = called("get_order_details", order_id=order).tool_calls
        wait = ("One moment please, I'm checking that.", "Still checking, thank you for your patience.")
        both, once = Message("assistant", None, (*look, *look)), Message("assistant", None, look)
        yield talked(
            [*source.spoken[: place + 1], said("Which order is it?"), customer(f"{order}.")],
            both,
            said(wait[0]),
            customer("Okay."),
            once,
            said(wait[1]),
            customer("And?"),
            Message("assistant", None, (*look, *look)),
            said("Just a little longer, please."),
            customer(pick(rng, LEAVES_ANGRY)),
            fault=both,
        )


# What it was asked to tell


def _asked(source: Source) -> Iterator[tuple[Request, int, str]]:
    """The questions that are answered once: where, and with which words."""
    for request in source.facts.requests:
        for wording in WORDINGS if request.kind == "question" else ():
            text = SPEECH.line(wording, "answer", question=question_text(request), answer=request.answer)
            places = source.saying(text)
            if len(places) == 1 and source.saying(request.answer) == places:
                yield request, places[0], text
                break


def _answered(
    source: Source, rng: np.random.Generator, place: int, old: str, new: str, before: tuple[Message, ...] = ()
) -> Draft:
    """A draft in which an answer has other words; the rest stays, unless it is only the customer's."""
    text = (source.spoken[place].content or "").replace(old, new)
    rest = source.spoken[place + 1 :]
    if not any(written.place > place for written in source.writes):
        rest = (customer(pick(rng, LEAVES)),)
    return Draft([*source.spoken[:place], *before, said(text), *rest], place + len(before))


def says_where_to_look(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It says where the customer can find the answer."""
    where = ("the e-mail that we sent you", "your account, under 'My orders'", "the papers that came with the parcel")
    for request, place, text in _asked(source):
        yield _answered(source, rng, place, text, f"You can see {question_text(request)} in {pick(rng, where)}.")


def told_beside_a_call(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The answer stands in a message with a call, which the customer never sees; afterwards it is taken for told."""
    for request, place, text in _asked(source):
        if request.order is not None:
            parts = [f"{unit['price']:.2f}" for unit in source.order(request.order.id)["items"]]
            unseen = Message("assistant", text, called("calculate", expression=" + ".join(parts)).tool_calls)
            yield _answered(source, rng, place, text, "I hope this answers your question.", (unseen,))


def parts_without_the_sum(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Asked for a total, it names the prices and leaves the sum to the customer."""
    for request, place, text in _asked(source):
        if "total" in request.question and request.order is not None:
            units = source.order(request.order.id)["items"]
            parts = ", ".join(f"the {unit['name']} at ${unit['price']:.2f}" for unit in units)
            yield _answered(source, rng, place, text, f"That order has {parts}.")


def another_thing_told(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It tells something of the order, and not what it was asked."""
    for request, place, text in _asked(source):
        if request.order is not None:
            order = source.order(request.order.id)
            found = f"it is {order['status']}, and goes to {order['address']['city']}"
            yield _answered(source, rng, place, text, f"I looked at order {request.order.id}: {found}.")


# Handing over


def _handed_over(
    rng: np.random.Generator, lead: list[Message], *then: Message, summary: str, beside: tuple[ToolCall, ...] = ()
) -> Draft:
    """A draft that ends with a transfer."""
    transfer = called("transfer_to_human_agents", summary=summary).tool_calls
    last = Message("assistant", None, (*beside, *transfer))
    return talked(lead, *then, last, said(HANDED_OVER), customer(pick(rng, HOLDS)), fault=last)


def transferred_without_number(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer has no order number, and it does not look at the orders."""
    for written in lasting(source, *TOOLS):
        order = written.wish.order
        reads = [
            at
            for at, one in enumerate(source.spoken)
            if one.tool_calls and "order_id" in one.tool_calls[0].arguments and at < written.place
        ]
        if order is not None and not order.known and reads:
            yield _handed_over(
                rng,
                list(source.spoken[: reads[0]]),
                said("Could you give me the order number?"),
                customer(f"I don't have it. It's {order.clue}."),
                summary=f"The customer wants to {without_number(source, written)} and has no order number.",
            )


def transferred_at_sold_out(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """What is wanted is sold out; instead of saying so it hands over."""
    for wording in WORDINGS:
        head = SPEECH.line(wording, "sold_out", item="\n", values="\n").split("\n")[0]
        places = source.saying(head) if len(head) > 20 else []
        if places and any(request.otherwise is not None for request in source.facts.requests):
            yield _handed_over(
                rng,
                list(source.spoken[: places[0]]),
                summary="The variant that the customer wants is not available.",
            )


def transferred_at_second_thoughts(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer changes its mind, and it hands over."""
    if source.facts.requests[0].first is not None and source.proposals():
        yield _handed_over(
            rng,
            list(source.spoken[: source.proposals()[0] + 2]),
            summary="The customer keeps changing the request.",
        )


def transferred_beside_a_lookup(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It looks up and hands over in one message, before it knows what it found."""
    names = ("get_order_details", "get_product_details")
    for written in lasting(source, *CHANGES, "return"):
        places = [
            at
            for at, one in enumerate(source.spoken)
            if at < written.place and any(call.name in names for call in one.tool_calls)
        ]
        for place in places[-1:]:
            yield _handed_over(
                rng,
                list(source.spoken[:place]),
                summary=f"Please {without_number(source, written)}.",
                beside=source.spoken[place].tool_calls,
            )


def offered_and_transferred(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It offers a colleague instead of a proposal, and the customer has nothing against it."""
    offers = (
        "I want this to be done properly. Would you like me to connect you with a colleague?",
        "A specialist may be able to look at this more closely. Shall I put you through?",
    )
    for written in lasting(source, *TOOLS):
        yield _handed_over(
            rng,
            source.before(written),
            said(pick(rng, offers)),
            customer("If that's quicker, fine by me."),
            summary=f"The customer would like us to {without_number(source, written)}.",
        )
