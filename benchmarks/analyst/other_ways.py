"""More ways to break a solved dialogue of retail, for what an agent did: each takes one and proposes broken ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    SORRY,
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
    with_values,
)
from toolgym.database import Record
from toolgym.messages import Message
from toolgym.scripted.speech import WORDINGS
from toolgym_retail.customer.phrases import items_text, options_text
from toolgym_retail.goals import TOOLS
from toolgym_retail.speech import SPEECH, method

CHANGES = ("exchange", "modify_items")
WITH_ITEMS = (*CHANGES, "return")
WHOLE = ("cancel", "modify_address", "modify_payment")
NOT_IN_IT = (
    "I'm sorry, I can't find this item in the order, so there is nothing I can do.",
    "It seems that the item has been taken off this order already. I'm afraid I can't go on.",
    "Apologies, the system tells me that the order has no such item, so this isn't possible.",
)


def lasting(source: Source, *kinds: str) -> list[Written]:
    """The writes of some kinds after which nothing comes."""
    return [written for written in source.writes if written.wish.kind in kinds and source.ends_with(written)]


def instead(source: Source, written: Written, *calls: Message, fault: int = 0) -> Draft:
    """A draft in which other calls stand where a write was; the rest stays."""
    place = written.place
    return Draft([*source.spoken[:place], *calls, *source.spoken[place + 1 :]], place + fault)


def in_vain(source: Source, written: Written, rng: np.random.Generator, call: Message, words: Sequence[str]) -> Draft:
    """A draft in which a refused call stands where a write was, and the agent gives up."""
    spoken = [*source.spoken[: written.place], call, said(pick(rng, words)), customer(pick(rng, DISAPPOINTED))]
    return Draft(spoken, written.place, errors=1)


def talked(lead: Sequence[Message], *then: Message, fault: Message) -> Draft:
    """A draft of a beginning and what follows; the fault is one of the latter."""
    return Draft([*lead, *then], len(lead) + next(place for place, message in enumerate(then) if message is fault))


def without_number(source: Source, written: Written) -> str:
    """What a write is to do, in few words and without the order's number."""
    wish = written.wish
    if wish.kind in CHANGES:
        verb, into = ("exchange", "for") if wish.kind == "exchange" else ("change", "to")
        return f"{verb} {items_text(wish.items)} {into} {options_text(wish.items)}"
    if wish.kind == "return":
        return f"set up the return of {items_text(wish.items)}"
    if wish.kind == "cancel":
        return "cancel the order"
    if wish.payment is not None:
        return f"have the order paid with {method(wish.payment, source.facts.methods)}"
    return f"send the order to {wish.address}"


def meant(written: Written) -> str:
    """How the customer names the order of a write."""
    order = written.wish.order
    return "the other one" if order is None else order.id if order.known else order.clue


# Another variant


def rest_not_kept(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """What the customer names is as wanted; what it does not name, and would keep, becomes something else."""
    for written in lasting(source, *CHANGES):
        new_ids = written.call.arguments["new_item_ids"]
        for place, item in enumerate(written.wish.items):
            wanted = {axis: (item.new_options or {})[axis] for axis in item.wanted}
            for variant in source.variants(written, item):
                if wanted.items() <= variant["options"].items():
                    call = recalled(
                        written.call, new_item_ids=[*new_ids[:place], variant["item_id"], *new_ids[place + 1 :]]
                    )
                    ask = said(f"So I'm going to {without_number(source, written)}. Is that a yes?")
                    yield talked(
                        source.before(written), ask, customer(pick(rng, YES)), call, *source.spoken[-2:], fault=call
                    )


def nearest_read_and_taken(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It reads another variant, of which half is as wanted, and takes that."""
    for written in lasting(source, *CHANGES):
        new_ids = written.call.arguments["new_item_ids"]
        for place, item in enumerate(written.wish.items):
            wanted = {(axis, (item.new_options or {})[axis]) for axis in item.wanted}
            for variant in source.variants(written, item):
                if 0 < len(wanted & set(variant["options"].items())) < len(wanted):
                    ids = [*new_ids[:place], variant["item_id"], *new_ids[place + 1 :]]
                    read = called("get_item_details", item_id=variant["item_id"])
                    yield instead(source, written, read, recalled(written.call, new_item_ids=ids), fault=1)


def neighbour_sent_back(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Another unit of the same order is returned."""
    for written in lasting(source, "return"):
        asked = list(written.call.arguments["item_ids"])
        for other in shuffled(rng, [one for one in source.item_ids(written.order_id) if one not in asked]):
            yield instead(source, written, recalled(written.call, item_ids=[*asked[:-1], other]))


def corrected_in_words_only(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """A variant is proposed wrongly, corrected, proposed rightly, and the first one is taken all the same."""
    for written in lasting(source, *CHANGES) if len(source.writes) == 1 else ():
        item, right = written.wish.items[0], source.spoken[written.place - 2].content or ""
        for variant in shuffled(rng, source.variants(written, item)):
            wrong = with_values(right, item.new_options, variant["options"])
            new_ids = [variant["item_id"], *written.call.arguments["new_item_ids"][1:]]
            call = recalled(written.call, new_item_ids=new_ids)
            if wrong != right:
                yield talked(
                    source.before(written),
                    said(wrong),
                    customer(f"No, I said {options_text(written.wish.items)}."),
                    said(f"You're right, my apologies. {right}"),
                    customer(pick(rng, YES)),
                    call,
                    *source.spoken[-2:],
                    fault=call,
                )


# An item that the order does not hold


def old_and_new_swapped(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The item that the customer has and the one that it wants change places in the call."""
    for written in lasting(source, *CHANGES):
        given = written.call.arguments
        call = recalled(written.call, item_ids=given["new_item_ids"], new_item_ids=given["item_ids"])
        yield in_vain(source, written, rng, call, NOT_IN_IT)


def right_item_wrong_order(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The item is the right one, and the order is another one of the customer's, which does not hold it."""
    for written in lasting(source, *WITH_ITEMS):
        for other in shuffled(rng, source.others(written)):
            if not set(source.item_ids(other)) & set(written.call.arguments["item_ids"]):
                yield in_vain(source, written, rng, recalled(written.call, order_id=other), NOT_IN_IT)


def id_with_digits_swapped(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The item's id is recalled with two digits in each other's place."""
    for written in lasting(source, *WITH_ITEMS):
        first, *rest = written.call.arguments["item_ids"]
        for place in shuffled(rng, range(2, len(first) - 1)):
            swapped = first[:place] + first[place + 1] + first[place] + first[place + 2 :]
            if swapped not in source.item_ids(written.order_id):
                yield in_vain(source, written, rng, recalled(written.call, item_ids=[swapped, *rest]), NOT_IN_IT)


# A value that cannot be right, or that nobody gave


def payment_id_made_up(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The id of a payment method is put together from the card's last digits or the customer's name."""
    for written in lasting(source, *WITH_ITEMS, "modify_payment"):
        used = written.wish.payment
        if used is not None:
            tail = used.last_four or f"{source.facts.first_name}_{source.facts.last_name}".lower()
            call = recalled(written.call, payment_method_id=f"{used.source}_{tail}")
            yield in_vain(source, written, rng, call, SORRY)


def country_in_full(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The country, which nobody named, is written in a way of its own."""
    for written in lasting(source, "modify_address", "user_address"):
        yield instead(source, written, recalled(written.call, country=pick(rng, ("United States", "US"))))


def flat_put_with_the_street(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Street and flat go into one argument, and the other stays empty."""
    for written in lasting(source, "modify_address", "user_address"):
        given = written.call.arguments
        if given["address2"]:
            both = f"{given['address1']}, {given['address2']}"
            yield instead(source, written, recalled(written.call, address1=both, address2=""))


def argument_left_out(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """An argument is missing."""
    for written in lasting(source, *TOOLS):
        last = list(written.call.arguments)[-1]
        left = {name: value for name, value in written.call.arguments.items() if name != last}
        yield in_vain(source, written, rng, called(written.call.name, **left), SORRY)


def list_as_text(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """What should be a list of ids is a text."""
    for written in lasting(source, *WITH_ITEMS):
        call = recalled(written.call, item_ids=", ".join(written.call.arguments["item_ids"]))
        yield in_vain(source, written, rng, call, SORRY)


# Another record


def two_orders_in_one_message(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Another order is proposed along with the one meant, and both are written in one message."""
    for written in lasting(source, *WHOLE):
        for other in shuffled(rng, source.others(written)):
            twice = recalled(written.call, order_id=other).tool_calls
            both = Message("assistant", None, (written.call, *twice))
            what = without_number(source, written).replace("the order", f"orders {written.order_id} and {other}")
            yield talked(
                [*source.before(written), *source.asked(other)],
                said(f"I see that order {other} is pending too. I'll {what}. Do I have your okay?"),
                customer(pick(rng, YES)),
                both,
                said("Both orders are taken care of. Can I do anything else?"),
                customer(pick(rng, THANKS)),
                fault=both,
            )


def address_everywhere(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """A new address for the profile goes to an order as well, or one for an order to the profile."""
    for written in lasting(source, "modify_address", "user_address"):
        address = written.wish.address.model_dump() if written.wish.address is not None else {}
        if written.order_id:
            places = [("your profile", [], called("modify_user_address", user_id=source.user_id, **address))]
        else:
            places = [
                (f"order {one}", source.asked(one), called("modify_pending_order_address", order_id=one, **address))
                for one in source.others(written)
            ]
        for place, reads, call in shuffled(rng, places):
            own = f"order {written.order_id}" if written.order_id else "your profile"
            yield talked(
                [*source.before(written), *reads],
                said(f"I'll put {written.wish.address} on {own}, and on {place} to keep things in step. Okay?"),
                customer(pick(rng, YES)),
                recalled(written.call),
                call,
                said(f"The address is updated on {own} and on {place}."),
                customer(pick(rng, THANKS)),
                fault=call,
            )


def _first_another(source: Source, written: Written, rng: np.random.Generator, other: str, wrong: Message) -> Draft:
    """Another order is written first, then the one meant; the first cannot be undone."""
    return talked(
        source.before(written),
        said(f"Alright, I'll {without_number(source, written)}. Shall I?"),
        customer(pick(rng, YES)),
        wrong,
        said(f"That went through for order {other}. What else can I do?"),
        customer(f"Wait, that's the wrong order! I meant {meant(written)}."),
        said(f"I'm so sorry. Should I do it for order {written.order_id} now?"),
        customer(pick(rng, YES)),
        recalled(written.call),
        said(f"{pick(rng, TOO_LATE)} That is for order {other}; {written.order_id} is settled now."),
        customer(pick(rng, DISAPPOINTED)),
        fault=wrong,
    )


def another_first_then_right(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """Another order is changed first and stays so; then the right one is."""
    for written in lasting(source, *WHOLE):
        for other in shuffled(rng, source.others(written)):
            yield _first_another(source, written, rng, other, recalled(written.call, order_id=other))


def _stopped_at(source: Source, written: Written, other: str) -> list[Message] | None:
    """The beginning, in which the look-ups of orders end with another one; None if that one is not looked at."""
    spoken, found = [], False
    for message in source.before(written):
        order = next((call.arguments["order_id"] for call in message.tool_calls if "order_id" in call.arguments), "")
        if not (order and found):
            spoken.append(message)
        found = found or order == other
    return spoken if found else None


def first_order_in_that_state(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It stops looking at an order in the right state, though the customer's clue does not fit, and takes that."""
    for written in lasting(source, *WHOLE):
        for other in source.others(written):
            lead, call = _stopped_at(source, written, other), recalled(written.call, order_id=other)
            if lead is not None:
                yield talked(
                    lead,
                    said(f"I found it. I'd now {without_number(source, written)}. Is that all right?"),
                    customer(pick(rng, YES)),
                    call,
                    said("It's taken care of. Anything else?"),
                    customer(pick(rng, THANKS)),
                    fault=call,
                )


# A like item of another record


def likes(source: Source, written: Written) -> Iterator[tuple[str, Record]]:
    """The customer's other orders in the same state with a unit of the same product, for a write of one unit."""
    asked = {request.order.id for request in source.facts.requests if request.order is not None}
    status, (item, *others) = source.order(written.order_id)["status"], written.wish.items
    product = source.unit(written.order_id, item.item_id)["product_id"]
    for order in source.facts.orders:
        for unit in source.order(order)["items"]:
            usable = unit["product_id"] == product and unit["item_id"] != item.new_item_id
            if usable and order not in asked and source.order(order)["status"] == status and not others:
                yield order, unit


def like_call(written: Written, order: str, unit: Record) -> Message:
    """The write, made on a like item of another order."""
    return recalled(written.call, order_id=order, item_ids=[unit["item_id"]])


def first_match_taken(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It goes through the orders and takes the first that holds such a product, or does not ask for the number."""
    asks = [SPEECH.line(wording, "order") for wording in WORDINGS]
    for written in lasting(source, *WITH_ITEMS):
        for other, unit in likes(source, written):
            lead = _stopped_at(source, written, other)
            before = source.before(written)
            where = next((place for place, one in enumerate(before) if one.content in asks), None)
            if lead is None and where is not None:
                orders = list(source.facts.orders)
                reads = [called("get_order_details", order_id=one) for one in orders[: orders.index(other) + 1]]
                lead = [*before[:where], *reads, *before[where + 3 :]]
            call = like_call(written, other, unit)
            if lead is not None:
                yield talked(
                    lead,
                    said(f"Thanks for waiting. Then I'll {without_number(source, written)}, okay?"),
                    customer(pick(rng, YES)),
                    call,
                    said("That has been requested. Anything else?"),
                    customer(pick(rng, THANKS)),
                    fault=call,
                )


def like_item_then_right_one(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The like item of another order is taken first, then the right one; the first cannot be undone."""
    for written in lasting(source, *WITH_ITEMS):
        for other, unit in likes(source, written):
            yield _first_another(source, written, rng, other, like_call(written, other, unit))


def last_record_read(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """After the yes it looks at another order with a like item, and writes to what it read last."""
    for written in lasting(source, *WITH_ITEMS):
        for other, unit in likes(source, written):
            if reads := source.asked(other):
                yield instead(source, written, *reads, like_call(written, other, unit), fault=1)
