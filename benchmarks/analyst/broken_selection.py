"""Dialogues broken by a wrong variant, an item that the order does not hold, or a value that cannot be right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    LEAVES,
    SORRY,
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
from toolgym.messages import Message
from toolgym_retail.customer.phrases import method_text

Drafts = Iterator[Draft]

# Another variant


def _swapped(
    source: Source, written: Written, rng: np.random.Generator
) -> Iterator[tuple[int, dict[str, str], Message]]:
    """A change with another variant for one of its units: which unit, the variant's options, the call."""
    for place in shuffled(rng, range(len(written.wish.items))):
        for variant in source.variants(written, written.wish.items[place]):
            new = [item.new_item_id for item in written.wish.items]
            new[place] = variant["item_id"]
            yield place, dict(variant["options"]), recalled(written.call, new_item_ids=new)


def _changes(source: Source, *kinds: str) -> list[Written]:
    return [written for written in source.writes if written.wish.kind in kinds]


def variant_confused_in_exchange(source: Source, rng: np.random.Generator) -> Drafts:
    """Proposes the right variant, and exchanges for another."""
    for written in _changes(source, "exchange"):
        for _, _, call in _swapped(source, written, rng):
            yield Draft([*source.spoken[: written.place], call, *source.spoken[written.place + 1 :]], written.place)


def variant_confused_in_change(source: Source, rng: np.random.Generator) -> Drafts:
    """Proposes the right variant, and changes the pending order to another."""
    for written in _changes(source, "modify_items"):
        for _, _, call in _swapped(source, written, rng):
            yield Draft([*source.spoken[: written.place], call, *source.spoken[written.place + 1 :]], written.place)


def variant_proposed_wrongly(source: Source, rng: np.random.Generator) -> Drafts:
    """Proposes another variant by its options, and the customer overlooks it."""
    for written in _changes(source, "exchange", "modify_items"):
        for place, options, call in _swapped(source, written, rng):
            text = source.spoken[written.place - 2].content or ""
            wrong = with_values(text, written.wish.items[place].new_options, options)
            if wrong == text:
                continue
            middle = [said(wrong), customer(pick(rng, YES)), call]
            yield Draft([*source.before(written), *middle, *source.spoken[written.place + 1 :]], written.place)


def variant_noticed_too_late(source: Source, rng: np.random.Generator) -> Drafts:
    """Changes for another variant, tells so, and the customer complains in vain."""
    for written in _changes(source, "exchange", "modify_items"):
        if not source.ends_with(written):
            continue
        for place, options, call in _swapped(source, written, rng):
            item = written.wish.items[place]
            wanted = ", ".join((item.new_options or {}).values())
            end = [
                said(f"It's arranged: you get the {item.product} ({', '.join(options.values())})."),
                customer(f"But I asked for the {item.product} ({wanted})!"),
                said(pick(rng, TOO_LATE)),
                customer(pick(rng, DISAPPOINTED)),
            ]
            yield Draft([*source.spoken[: written.place], call, *end], written.place)


def variant_wanted_first(source: Source, rng: np.random.Generator) -> Drafts:
    """The customer has changed its mind, and gets what it wanted first."""
    for request in source.facts.requests:
        for written in source.writes:
            first = request.first
            if first is None or written.wish is not request or first.kind != request.kind:
                continue
            new = [item.new_item_id for item in first.items]
            if None not in new and new != [item.new_item_id for item in request.items]:
                call = recalled(written.call, new_item_ids=new)
                yield Draft([*source.spoken[: written.place], call, *source.spoken[written.place + 1 :]], written.place)


def variant_instead_of_sold_out(source: Source, rng: np.random.Generator) -> Drafts:
    """What the customer wants is sold out, and without a word it gets the next best."""
    for request in source.facts.requests:
        gone = [place for place in source.saying(request.items[0].product if request.items else "") if place]
        if request.otherwise is None or request.forbidden or request.items[0].new_item_id is None or not gone:
            continue
        written = next((one for one in source.writes if one.order_id == (request.order and request.order.id)), None)
        if written is None or not source.ends_with(written) or request.payment is None:
            continue
        last = [item.new_item_id for item in written.wish.items]
        asking = Written(written.place, written.call, request)
        for variant in source.variants(asking, request.items[0]):
            if variant["item_id"] in last:
                continue
            call = called(
                {"exchange": "exchange_delivered_order_items"}.get(request.kind, "modify_pending_order_items"),
                order_id=written.order_id,
                item_ids=[request.items[0].item_id],
                new_item_ids=[variant["item_id"]],
                payment_method_id=request.payment.id,
            )
            start = source.spoken[: gone[0]]
            ask = said(f"I'll get you the {request.items[0].product} that you asked for. May I go ahead?")
            end = [said("That's arranged. Anything else?"), customer(pick(rng, LEAVES))]
            yield Draft([*start, ask, customer(pick(rng, YES)), call, *end], len(start) + 2)


# An item that the order does not hold


def _foreign(source: Source, written: Written) -> Iterator[tuple[str, str]]:
    """Items of the customer's other orders that this one does not hold, like ones first: order and item."""
    held = set(source.item_ids(written.order_id))
    names = {item.product for item in written.wish.items}
    found = [
        (order_id, item["item_id"], item["name"] in names)
        for order_id in source.facts.orders
        if order_id != written.order_id
        for item in source.order(order_id)["items"]
        if item["item_id"] not in held
    ]
    yield from ((order_id, item_id) for order_id, item_id, like in sorted(found, key=lambda one: not one[2]))


def _item_writes(source: Source) -> list[Written]:
    found = _changes(source, "return", "exchange", "modify_items")
    return [written for written in found if source.ends_with(written)]


def item_from_my_other_order(source: Source, rng: np.random.Generator) -> Drafts:
    """Looks into another order too, and takes the item from there."""
    for written in _item_writes(source):
        for other, item_id in _foreign(source, written):
            items = [item_id, *(item.item_id for item in written.wish.items[1:])]
            start = [*source.before(written), *source.asked(other)]
            call = recalled(written.call, item_ids=items)
            end = [said(pick(rng, SORRY)), customer(pick(rng, DISAPPOINTED))]
            middle = source.spoken[written.place - 2 : written.place]
            yield Draft([*start, *middle, call, *end], len(start) + 2, errors=1)


def item_from_catalogue(source: Source, rng: np.random.Generator) -> Drafts:
    """Takes the id of a variant of the product that the customer does not have."""
    for written in _item_writes(source):
        held = source.item_ids(written.order_id)
        item = written.wish.items[0]
        for variant in source.variants(written, item):
            if variant["item_id"] in held:
                continue
            product = source.unit(written.order_id, item.item_id)["product_id"]
            start = [*source.before(written), called("get_product_details", product_id=product)]
            items = [variant["item_id"], *(other.item_id for other in written.wish.items[1:])]
            end = [said(pick(rng, SORRY)), customer(pick(rng, DISAPPOINTED))]
            middle = source.spoken[written.place - 2 : written.place]
            yield Draft([*start, *middle, recalled(written.call, item_ids=items), *end], len(start) + 2, errors=1)


def item_dropped_after_refusal(source: Source, rng: np.random.Generator) -> Drafts:
    """One of several items is named wrongly; when that is refused, it is left out."""
    for written in _item_writes(source):
        if len(written.wish.items) < 2:
            continue
        rest = {"item_ids": [item.item_id for item in written.wish.items[1:]]}
        if written.wish.kind != "return":
            rest["new_item_ids"] = [item.new_item_id or "" for item in written.wish.items[1:]]
        for other, item_id in _foreign(source, written):
            start = [*source.before(written), *source.asked(other)]
            middle = [
                *source.spoken[written.place - 2 : written.place],
                recalled(written.call, item_ids=[item_id, *rest["item_ids"]]),
                recalled(written.call, **rest),
            ]
            name = written.wish.items[0].product
            end = [
                said(f"I've arranged it for the rest, but the {name} doesn't seem to be part of that order."),
                customer(pick(rng, DISAPPOINTED)),
            ]
            yield Draft([*start, *middle, *end], len(start) + 2, errors=1)


def items_guessed_twice(source: Source, rng: np.random.Generator) -> Drafts:
    """Names one item that is not in the order, then another, and gives up."""
    for written in _item_writes(source):
        foreign = list({item_id: order_id for order_id, item_id in _foreign(source, written)}.items())
        if len(foreign) < 2:
            continue
        (one, one_order), (two, two_order) = shuffled(rng, foreign)[:2]
        asked = source.asked(one_order) + (source.asked(two_order) if two_order != one_order else [])
        start = [*source.before(written), *asked, *source.spoken[written.place - 2 : written.place]]
        rest = [item.item_id for item in written.wish.items[1:]]
        calls = [recalled(written.call, item_ids=[item_id, *rest]) for item_id in (one, two)]
        yield Draft([*start, *calls, said(pick(rng, SORRY)), customer(pick(rng, DISAPPOINTED))], len(start), errors=2)


# A value that cannot be right


def _refused(source: Source, written: Written, call: Message, rng: np.random.Generator) -> Draft:
    """A dialogue that ends with the refusal of its last write."""
    end = [said(pick(rng, SORRY)), customer(pick(rng, DISAPPOINTED))]
    return Draft([*source.spoken[: written.place], call, *end], written.place, errors=1)


def reason_in_own_words(source: Source, rng: np.random.Generator) -> Drafts:
    """Gives the customer's words as the reason of a cancellation."""
    for written in _changes(source, "cancel"):
        if source.ends_with(written):
            words = written.wish.excuse or "customer's wish"
            yield _refused(source, written, recalled(written.call, reason=words), rng)


def method_in_words(source: Source, rng: np.random.Generator) -> Drafts:
    """Names the payment method in words."""
    for written in _changes(source, "return", "exchange", "modify_items", "modify_payment"):
        if source.ends_with(written) and written.wish.payment is not None:
            words = method_text(written.wish.payment, source.facts).removeprefix("my ")
            yield _refused(source, written, recalled(written.call, payment_method_id=words), rng)


def lists_of_unequal_length(source: Source, rng: np.random.Generator) -> Drafts:
    """Names more items than new ones, or fewer."""
    for written in _changes(source, "exchange", "modify_items"):
        if source.ends_with(written):
            new = [item.new_item_id for item in written.wish.items]
            for wrong in shuffled(rng, [new[:-1], [*new, new[-1]]]):
                yield _refused(source, written, recalled(written.call, new_item_ids=wrong), rng)


def item_for_itself(source: Source, rng: np.random.Generator) -> Drafts:
    """Names the customer's own item as the one that it shall become."""
    for written in _changes(source, "exchange", "modify_items"):
        if source.ends_with(written):
            own = [item.item_id for item in written.wish.items]
            yield _refused(source, written, recalled(written.call, new_item_ids=own), rng)


def order_number_without_sign(source: Source, rng: np.random.Generator) -> Drafts:
    """Looks an order up by its number without the sign before it, and takes it that there is none."""
    for place, message in enumerate(source.spoken):
        if any(call.name == "get_order_details" for call in message.tool_calls):
            call = message.tool_calls[0]
            number = str(call.arguments["order_id"])
            end = [
                said(f"I'm sorry, I can't find any order {number} in our system."),
                customer(pick(rng, DISAPPOINTED)),
            ]
            wrong = recalled(call, order_id=number.lstrip("#"))
            yield Draft([*source.spoken[:place], wrong, *end], place, errors=1)
            return


def name_for_address(source: Source, rng: np.random.Generator) -> Drafts:
    """Looks for the customer by a name where an e-mail address belongs."""
    for place, message in enumerate(source.spoken):
        if any(call.name == "find_user_id_by_name_zip" for call in message.tool_calls):
            name = f"{source.facts.first_name} {source.facts.last_name}"
            end = [said("I'm sorry, I can't find any account of yours."), customer(pick(rng, DISAPPOINTED))]
            wrong = called("find_user_id_by_email", email=name)
            yield Draft([*source.spoken[:place], wrong, *end], place, errors=1)
            return


def address_with_placeholder(source: Source, rng: np.random.Generator) -> Drafts:
    """Writes something that is no zip code, state or street where one belongs; the tool takes it."""
    for written in _changes(source, "modify_address", "user_address"):
        name, value = pick(rng, [("zip", ""), ("zip", "unknown"), ("state", "N/A"), ("address1", "")])
        call = recalled(written.call, **{name: value})
        yield Draft([*source.spoken[: written.place], call, *source.spoken[written.place + 1 :]], written.place)
