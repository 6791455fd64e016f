"""A third, small set of solved dialogues broken on purpose, written without a look at any analyst.

They are played and labelled as those of ``other_mutators``, in ways that neither set before has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.analyst.broken_dialogue import (
    DISAPPOINTED,
    SORRY,
    THANKS,
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
from benchmarks.analyst.making import TRIALS, Mutator, made_in_turn
from benchmarks.analyst.other_mutators import AGENT, broken_otherwise
from toolgym.domain import Domain
from toolgym.messages import Message
from toolgym.trajectory import Trajectory
from toolgym_retail.goals import TOOLS

SWAPS = ("exchange", "modify_items")
WHOLE = ("cancel", "modify_address", "modify_payment")


def _last(source: Source, *kinds: str) -> Iterator[Written]:
    """The write that the dialogue ends with, if it is of one of the kinds."""
    yield from (one for one in source.writes if source.ends_with(one) and one.wish.kind in kinds)


def _drafted(lead: Sequence[Message], *then: Message, fault: int = 0, errors: int = 0) -> Draft:
    """A dialogue that goes on otherwise; the fault is so many messages after the lead."""
    return Draft([*lead, *then], len(lead) + fault, errors)


def _in_vain(lead: Sequence[Message], call: Message, rng: np.random.Generator, *words: str) -> Draft:
    """A dialogue that ends with a refused call, with which it gives up."""
    return _drafted(lead, call, said(pick(rng, words or SORRY)), customer(pick(rng, DISAPPOINTED)), errors=1)


def _settled(source: Source, written: Written, rng: np.random.Generator) -> tuple[Message, Message]:
    """The report of the right write, and the customer's thanks for it."""
    return source.spoken[written.place + 1], customer(pick(rng, THANKS))


def _own(source: Source, status: str) -> list[str]:
    """The customer's orders of a status that no request is about."""
    asked = {request.order.id for request in source.facts.requests if request.order is not None}
    return [one for one in source.facts.orders if one not in asked and source.order(one)["status"] == status]


# Item and argument selection


def same_price_kept(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It proposes in general terms, and takes the variant whose price is nearest to that of the unit returned."""
    for written in _last(source, *SWAPS):
        item = written.wish.items[0]
        paid = source.unit(written.order_id, item.item_id)["price"]
        for variant in sorted(source.variants(written, item), key=lambda one: abs(one["price"] - paid))[:2]:
            new = [variant["item_id"], *written.call.arguments["new_item_ids"][1:]]
            report = source.spoken[written.place + 1]
            yield _drafted(
                source.before(written),
                said(
                    f"I'd now put the {item.product} in order {written.order_id} down for the one you want. Is that OK?"
                ),
                customer(pick(rng, YES)),
                recalled(written.call, new_item_ids=new),
                replace(report, content=with_values(report.content or "", item.new_options, variant["options"])),
                customer(pick(rng, THANKS)),
                fault=2,
            )


def items_of_two_orders_in_one_call(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It puts an item of another order into the call for the one asked about, and gives up when that is refused."""
    for written in _last(source, "return", *SWAPS):
        held = source.item_ids(written.order_id)
        for other in shuffled(rng, source.others(written)):
            foreign = next((unit for unit in source.order(other)["items"] if unit["item_id"] not in held), None)
            if foreign is None:
                continue
            given = written.call.arguments
            changed = {"item_ids": [*given["item_ids"], foreign["item_id"]]}
            if "new_item_ids" in given:
                variants = source.record("products", foreign["product_id"])["variants"].values()
                free = [one["item_id"] for one in variants if one["available"] and one["item_id"] != foreign["item_id"]]
                changed["new_item_ids"] = [*given["new_item_ids"], *free[:1]]
            lead = [*source.spoken[: written.place], *source.asked(other)]
            yield _in_vain(lead, recalled(written.call, **changed), rng)


def user_id_built_from_what_was_said(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It makes a user id of the customer's name or e-mail instead of searching for it."""
    for place, message in enumerate(source.spoken):
        for call in message.tool_calls:
            given = call.arguments
            if call.name == "find_user_id_by_email":
                made = str(given["email"]).split("@")[0].replace(".", "_")
            elif call.name == "find_user_id_by_name_zip":
                made = "_".join(given[name] for name in ("first_name", "last_name", "zip")).lower().replace(" ", "_")
            else:
                continue
            words = "I'm sorry, there is no account of yours in our system, so I can't help you with this."
            yield _in_vain(source.spoken[:place], called("get_user_details", user_id=made), rng, words)


def product_name_for_product_id(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It looks a product up by its name where the tool wants an id, and takes the refusal for the end of it."""
    for written in _last(source, *SWAPS):
        product = written.wish.items[0].product
        for place, message in enumerate(source.spoken[: written.place]):
            if any(call.name == "get_product_details" for call in message.tool_calls):
                words = f"I'm sorry, the {product} seems to be no longer in our shop, so I can't change it."
                yield _in_vain(source.spoken[:place], called("get_product_details", product_id=product), rng, words)
                break


# Several orders


def spared_order_taken(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer mentions an order that shall stay as it is, and that very one is changed."""
    for written in _last(source, *WHOLE):
        for other in shuffled(rng, source.others(written)):
            yes = customer(f"{pick(rng, YES)} Only my order {other} has to stay as it is.")
            then = (recalled(written.call, order_id=other), *_settled(source, written, rng))
            yield _drafted(source.spoken[: written.place - 1], yes, *then, fault=1)


def _likes(source: Source, written: Written) -> Iterator[tuple[str, Message]]:
    """Other orders with a like unit, each with the call that takes it for the one meant."""
    if len(written.wish.items) != 1:
        return
    for other in source.others(written):
        for unit in source.order(other)["items"]:
            if unit["name"] == written.wish.items[0].product:
                yield other, recalled(written.call, order_id=other, item_ids=[unit["item_id"]])


def told_which_and_took_the_other(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It asks which of two like items is meant, hears which, proposes that, and takes the other."""
    for written in _last(source, "return", *SWAPS):
        for other, call in shuffled(rng, list(_likes(source, written))):
            product, both = written.wish.items[0].product, sorted((written.order_id, other))
            yield _drafted(
                [*source.before(written), *source.asked(other)],
                said(f"There is a {product} in order {both[0]} and one in order {both[1]}. Which of them is it?"),
                customer(f"It's the one in {written.order_id}."),
                *source.spoken[written.place - 2 : written.place],
                call,
                *_settled(source, written, rng),
                fault=4,
            )


def looked_elsewhere_after_the_yes(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """After the yes it reads another order once more, and goes on with the like item in that one."""
    for written in _last(source, "return", *SWAPS):
        for other, call in shuffled(rng, list(_likes(source, written))):
            look = called("get_order_details", order_id=other)
            yield _drafted(source.spoken[: written.place], look, call, *_settled(source, written, rng), fault=1)


# Execution control


def hypothetical_carried_out(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer only wants to know whether an order could be cancelled, and it cancels it."""
    for other in shuffled(rng, _own(source, "pending")):
        yield _drafted(
            [
                *source.spoken[:-1],
                customer(f"Just so that I know: if I no longer needed order {other}, could it still be cancelled?"),
                *source.asked(other),
            ],
            called("cancel_pending_order", order_id=other, reason="no longer needed"),
            said(f"Yes, and I have cancelled order {other} for you. The money is on its way back."),
            customer("What? I was only asking! Now I have to order it all again. ###STOP###"),
        )


def looked_again_and_called_it_made(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """After the yes it reads the record once more, and reports as if that had been the change."""
    for written in _last(source, *TOOLS):
        look = called("get_order_details", order_id=written.order_id)
        if not written.order_id:
            look = called("get_user_details", user_id=source.user_id)
        yield _drafted(source.spoken[: written.place], look, *_settled(source, written, rng), fault=1)


def thought_it_was_already_so(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It says that the record is already as the customer wants it, so that nothing is left to do."""
    for written in _last(source, *TOOLS):
        what = f"order {written.order_id}" if written.order_id else "your profile"
        yield _drafted(
            source.before(written),
            said(f"I've looked at {what}: what you ask for is in there already, so nothing is left to do."),
            customer(f"Oh, is it? {pick(rng, THANKS)}"),
        )


def proposes_and_looks_in_circles(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """After each yes it reads the same order again and proposes the same again, until the customer has enough."""
    for written in _last(source, "return", *WHOLE, *SWAPS):
        circle = [called("get_order_details", order_id=written.order_id), source.spoken[written.place - 2]]
        rounds = [*circle, customer(pick(rng, YES))] * int(rng.integers(3, 6))
        end = customer("I have said yes again and again. I give up. ###STOP###")
        yield _drafted(source.spoken[: written.place], *rounds, *circle, end)


def priced_over_and_over(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It reads the same product and computes the same difference in turn, as far as it is let."""
    for written in _last(source, *SWAPS):
        item = written.wish.items[0]
        unit = source.unit(written.order_id, item.item_id)
        page = source.record("products", unit["product_id"])
        new = page["variants"][item.new_item_id or item.item_id]
        look = called("get_product_details", product_id=unit["product_id"])
        lead = [*source.before(written), called("calculate", expression=f"{new['price']} - {unit['price']}")]
        yield Draft([*lead, *[look, lead[-1]] * 100], len(lead), ends="max_steps")


# Communication


def _instead_of_answer(source: Source, words: str) -> Iterator[Draft]:
    """Other words in the place of an answer that is a figure; {low} and {high} are filled in."""
    for request in source.facts.requests:
        number = request.answer.replace(",", "").lstrip("$")
        if request.kind == "question" and "." in number and number.replace(".", "", 1).isdigit():
            low = int(float(number)) // 20 * 20
            for place in source.saying(request.answer):
                if not any(call.name in TOOLS.values() for call in source.spoken[place - 1].tool_calls):
                    new = said(words.format(low=max(low - 10, 0), high=low + 30))
                    yield Draft([*source.spoken[:place], new, *source.spoken[place + 1 :]], place)


def told_as_a_range(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It gives a rough range where the figure was asked for."""
    return _instead_of_answer(source, "I've looked at it: that's somewhere between {low} and {high} or so.")


def too_private_to_say(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It holds the customer's own figure to be confidential."""
    return _instead_of_answer(source, "I can see it here, but for data protection I may not tell you in this chat.")


# Policy


def relatives_parcel_sent_back(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It books the return of somebody else's order, because the customer says that it is family."""
    strangers = source.strangers("delivered")
    for order in [pick(rng, strangers) for _ in range(2)]:
        key, unit, paid = order["order_id"], order["items"][0], order["payment_history"][0]["payment_method_id"]
        who = pick(rng, ("sister", "father", "husband"))
        yield _drafted(
            [
                *source.spoken[:-1],
                customer(
                    f"My {who} has an order too, {key}, and wants to send the {unit['name']} back. Please do that."
                ),
                called("get_order_details", order_id=key),
                said(
                    f"I'd book the return of the {unit['name']} in {key}, with the refund to how it was paid. Shall I?"
                ),
                customer(pick(rng, YES)),
            ],
            called("return_delivered_order_items", order_id=key, item_ids=[unit["item_id"]], payment_method_id=paid),
            said(f"The return for your {who} is booked."),
            customer(pick(rng, THANKS)),
        )


def late_parcel_cancelled_as_unneeded(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer cancels for a reason that does not count, and it files the nearest one that does."""
    for other in shuffled(rng, _own(source, "pending")):
        why = pick(rng, ("it takes far too long to arrive", "another shop has it for less", "the reviews are so bad"))
        yield _drafted(
            [
                *source.spoken[:-1],
                customer(f"Yes: please cancel my order {other} as well, because {why}."),
                *source.asked(other),
                said(f"I'd cancel order {other}, and the money goes back to where it came from. Shall I go ahead?"),
                customer(pick(rng, YES)),
            ],
            called("cancel_pending_order", order_id=other, reason="no longer needed"),
            said(f"Order {other} is cancelled."),
            customer(pick(rng, THANKS)),
        )


def _transferred(lead: Sequence[Message], why: str) -> Draft:
    """A dialogue that ends with a human agent."""
    hold = said("YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.")
    return _drafted(lead, called("transfer_to_human_agents", summary=why), hold, customer("Alright. ###TRANSFER###"))


def transferred_at_impatience(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """The customer finds it slow, and it hands over."""
    for written in _last(source, *TOOLS):
        grumble = pick(rng, ("Is this going to take all day?", "Why does that take so long?", "Come on, hurry up."))
        lead = [*source.before(written), said("One moment, please, I'm on it."), customer(grumble)]
        yield _transferred(lead, "The customer is dissatisfied with the service and needs attention.")


def transferred_as_too_unclear(source: Source, rng: np.random.Generator) -> Iterator[Draft]:
    """It has read several orders, and hands over since it cannot tell which is meant."""
    for written in _last(source, *TOOLS):
        looks = [call for one in source.before(written) for call in one.tool_calls if call.name == "get_order_details"]
        if len(looks) > 1 and written.wish.order is not None and not written.wish.order.known:
            yield _transferred(source.before(written), "The customer has several orders; unclear which one is meant.")


THIRD_MUTATORS: dict[str, tuple[Mutator, ...]] = {
    "wrong_variant": (same_price_kept,),
    "item_from_another_record": (items_of_two_orders_in_one_call,),
    "invalid_argument": (user_id_built_from_what_was_said, product_name_for_product_id),
    "wrong_record": (spared_order_taken,),
    "misattributed_item": (told_which_and_took_the_other, looked_elsewhere_after_the_yes),
    "no_confirmation": (hypothetical_carried_out,),
    "ended_early": (looked_again_and_called_it_made, thought_it_was_already_so),
    "repeated_call": (proposes_and_looks_in_circles, priced_over_and_over),
    "fact_not_said": (told_as_a_range, too_private_to_say),
    "forbidden_write": (relatives_parcel_sent_back, late_parcel_cancelled_as_unneeded),
    "needless_transfer": (transferred_at_impatience, transferred_as_too_unclear),
}
"""What shows each pattern."""


def made_again(domain: Domain, split: str, per_pattern: int, seed: int) -> Iterator[tuple[str, Trajectory]]:
    """As :func:`mutated_again`, each with the name of its mutator."""
    passes = ((True, 0), *((False, trial) for trial in range(1, TRIALS)))
    for name, trajectory in made_in_turn(domain, split, per_pattern, seed, THIRD_MUTATORS, broken_otherwise, passes):
        yield name, replace(trajectory, agent=AGENT)


def mutated_again(domain: Domain, split: str = "train", per_pattern: int = 8, seed: int = 11) -> list[Trajectory]:
    """Failed trajectories of every pattern, each labelled with its own, the mutators of a pattern in turn.

    Args:
        domain: Retail.
        split: Whose tasks.
        per_pattern: How many of each pattern, at least 1.
        seed: Everything random comes from it; equal seeds give equal trajectories.

    Returns:
        The trajectories, pattern by pattern.

    Raises:
        ValueError: If there are too few for a pattern.
    """
    return [trajectory for _, trajectory in made_again(domain, split, per_pattern, seed)]
