"""Tasks from goals: gold calls, the scenario in prose, and what the assistant is graded by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from toolgym.database import Database, Record, Rows
from toolgym.errors import TaskError
from toolgym.scripted.voice import listed
from toolgym.tasks import Provenance, Task
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Facts, ItemRef, Request, settled, stages
from toolgym_retail.goals import Goal, writes

_MANNERS = {
    "plain": "You are polite and to the point.",
    "friendly": "You are friendly and patient.",
    "terse": "You answer in as few words as possible.",
    "chatty": "You like to chat, but you stick to the facts that you know.",
    "annoyed": "You are annoyed and want this over with.",
}


def make_task(goal: Goal, rows: Rows, world: str, task_id: str) -> Task:
    """The task of a goal.

    Args:
        goal: What the customer wants.
        rows: The world.
        world: Its digest.
        task_id: The task's id.
    """
    facts = goal.facts
    calls = [*_reads(goal, rows), *writes(facts, goal.user_id)]
    answers = [request.answer for request in facts.requests if request.kind == "question"]
    return Task.model_validate(
        {
            "id": task_id,
            "description": {
                "purpose": f"{goal.kind.replace('_', ' ')}: {', '.join(goal.difficulties) or 'nothing special'}"
            },
            "user_scenario": {
                "persona": _MANNERS[facts.manner],
                "instructions": {
                    "domain": "retail",
                    "reason_for_call": reason_for_call(facts),
                    "known_info": known_info(facts),
                    "unknown_info": unknown_info(facts),
                    "task_instructions": task_instructions(facts),
                },
            },
            "evaluation_criteria": {
                "actions": [{"action_id": str(place), **call} for place, call in enumerate(calls)],
                "communicate_info": answers,
                "reward_basis": ("DB", "COMMUNICATE"),
            },
            "world": world,
            "facts": facts.model_dump(mode="json", exclude_defaults=True),
            "provenance": Provenance(
                generator="toolgym_retail.scenario", kind=goal.kind, difficulties=goal.difficulties
            ),
        }
    )


def _reads(goal: Goal, rows: Rows) -> Iterator[dict[str, Any]]:
    """The look-ups that a careful assistant needs."""
    facts, tables = goal.facts, rows["assistant"]
    if facts.identifies_by == "email":
        yield {"name": "find_user_id_by_email", "arguments": {"email": facts.email}}
    else:
        arguments = {"first_name": facts.first_name, "last_name": facts.last_name, "zip": facts.zip}
        yield {"name": "find_user_id_by_name_zip", "arguments": arguments}
    yield {"name": "get_user_details", "arguments": {"user_id": goal.user_id}}
    seen: set[str] = set()
    for request in facts.requests:
        order = request.order
        if order is None:
            continue
        looked_at = [order.id] if order.known else list(facts.orders)
        for order_id in looked_at:
            if order_id not in seen:
                seen.add(order_id)
                yield {"name": "get_order_details", "arguments": {"order_id": order_id}}
        for stage in stages(request):
            for item in stage.items:
                if item.new_item_id is None:
                    continue
                product = next(
                    unit["product_id"]
                    for unit in tables["orders"][order.id]["items"]
                    if unit["item_id"] == item.item_id
                )
                if product not in seen:
                    seen.add(product)
                    yield {"name": "get_product_details", "arguments": {"product_id": product}}


# In prose, for a user simulator that reads


def reason_for_call(facts: Facts) -> str:
    """What the customer wants, in prose."""
    parts = []
    for place, request in enumerate(facts.requests):
        lead = "You want" if place == 0 else "You also want" if place == 1 else "Finally, you want"
        first = request.first or request
        parts.append(f"{lead} {wish(first, facts)}.")
        if request.first is not None:
            parts.append(
                f"When the assistant proposes to do exactly that, you change your mind: then you want "
                f"{wish(request, facts)}."
            )
        other, forbidden = request.otherwise, request.forbidden
        if other is not None:
            when = "that is refused" if forbidden else "that cannot be had"
            told = "" if request.says_otherwise else ", but do not mention it before you are told so"
            parts.append(f"If {when}, you want {wish(other, facts)} instead{told}.")
        elif forbidden:
            parts.append("If that is refused, insist once and then accept it.")
    return " ".join(parts)


def wish(request: Request, facts: Facts) -> str:
    """One request as the end of 'You want …'."""
    kind = request.kind
    order = _order(request)
    if kind == "cancel":
        why = (
            f"no longer needed: {request.excuse}"
            if request.reason == "no longer needed"
            else f"ordered by mistake: {request.excuse}"
        )
        return f"to cancel {order} ({why if request.reason else 'your reason: ' + request.excuse})"
    if kind == "question":
        return f"to be told {told(request)}"
    if kind == "user_address":
        return f"the default address of your profile changed to {request.address}"
    if kind == "modify_address":
        return f"{order} to be shipped to {request.address} instead"
    payment = method_text(request.payment, facts).replace("my ", "your ", 1) if request.payment is not None else ""
    if kind == "modify_payment":
        return f"{order} to be paid with {payment} instead"
    if kind == "return":
        return f"to return {listed([_item(item) for item in request.items])} from {order}, with the refund to {payment}"
    verb = "to exchange" if kind == "exchange" else "to change"
    changes = [f"{_item(item)} {'for' if kind == 'exchange' else 'to'} {_new(item)}" for item in request.items]
    return f"{verb} {listed(changes)}, from {order}; any difference in price goes on {payment}"


def told(request: Request) -> str:
    """What a question asks, as said to the customer."""
    return re.sub(r"\bI\b", "you", re.sub(r"\bmy\b", "your", request.question))


def _order(request: Request) -> str:
    if request.order is None:
        return "the order"
    if request.order.known:
        return f"order {request.order.id}"
    return f"an order whose number you do not know ({request.order.clue})"


def _item(item: ItemRef) -> str:
    values = [item.options[axis] for axis in item.tell_apart] or list(item.options.values())
    return f"the {item.product} ({', '.join(values)})"


def _new(item: ItemRef) -> str:
    if item.new_options is None:
        return "another"
    changed = ", ".join(f"{axis} {item.new_options[axis]}" for axis in item.wanted)
    same = [axis for axis in item.new_options if axis not in item.wanted]
    return f"one with {changed}" + (f" (same {listed(same)})" if same else "")


def known_info(facts: Facts) -> str:
    """Who the customer is, in prose."""
    text = f"You are {facts.first_name} {facts.last_name}, zip code {facts.zip}."
    return text + (f" Your e-mail address is {facts.email}." if facts.identifies_by == "email" else "")


def unknown_info(facts: Facts) -> str:
    """What the customer does not know, in prose."""
    unknown = ["your user id", "any item number or product number"]
    if facts.identifies_by != "email":
        unknown.insert(0, "your e-mail address")
    if any(request.order is not None and not request.order.known for request in facts.requests):
        unknown.append("the order number")
    return f"You do not know {listed(unknown)}."


def task_instructions(facts: Facts) -> str:
    """How the customer behaves, in prose."""
    count = len(facts.requests)
    parts = []
    if count > 1:
        told = {1: "only the first request", count: "all your requests"}.get(
            facts.upfront, f"the first {facts.upfront} requests"
        )
        parts.append(
            f"Name {told} in your first message"
            + (", the others one by one afterwards." if facts.upfront < count else ".")
        )
    if facts.detail == "brief":
        parts.append("Do not give particulars such as order numbers or payment methods before you are asked for them.")
    parts.append("Confirm only what is exactly what you want, and correct what is not; after two corrections give up.")
    return " ".join(parts)


# What the scenario must hold


def needs(task: Task, database: Database) -> Iterator[str]:
    """The texts that the scenario of a task must hold, worked out from the gold calls and the world.

    A customer that does not know them could not get what the gold calls do, since no tool tells what somebody wants.

    Raises:
        TaskError: If a clue, by which the customer knows an order, is not true of exactly that one among its orders.
    """
    facts = Facts.of(task)
    for request in facts.requests:
        _check_clue(request, facts, database)
    for action in task.gold:
        given = action.arguments
        if action.name.startswith("find_user_id"):
            yield from (str(value) for value in given.values())
        order = database.record("assistant", "orders", given.get("order_id", "")) if "order_id" in given else None
        if order is None and action.name != "modify_user_address":
            continue
        if action.name.startswith("get_"):
            continue
        if order is not None:
            yield _order_text(facts, order["order_id"])
        if "reason" in given:
            yield given["reason"]
        if "address1" in given:
            yield from (
                value for name, value in given.items() if name not in ("order_id", "user_id", "country") and value
            )
        if order is not None:
            yield from _unit_texts(given, order, database)
        if "payment_method_id" in given and order is not None:
            method = _record(database, "users", order["user_id"])["payment_methods"][given["payment_method_id"]]
            yield {"paypal": "PayPal", "gift_card": "gift card"}.get(method["source"]) or method["last_four"]
    for request in facts.requests:
        if request.question:
            yield told(request)


def _check_clue(request: Request, facts: Facts, database: Database) -> None:
    """Refuse a clue that does not tell an order apart from the customer's others."""
    order = request.order
    if order is None or order.known:
        return
    fits = []
    for order_id in facts.orders:
        record = _record(database, "orders", order_id)
        signs = {item["name"] for item in record["items"]} | {record["address"]["city"]}
        signs.add(f"{sum(item['price'] for item in record['items']):.2f}")
        if order.signs and set(order.signs) <= signs and all(sign in order.clue for sign in order.signs):
            fits.append(order_id)
    if fits != [order.id]:
        raise TaskError(
            f"the clue {order.clue!r} with the signs {list(order.signs)} must be true of order {order.id} alone; it is "
            f"true of {', '.join(fits) or 'none'}"
        )


def _order_text(facts: Facts, order_id: str) -> str:
    """An order's number, or the clue by which the customer knows it."""
    for request in facts.requests:
        for stage in (request, settled(request)):
            if stage.order is not None and stage.order.id == order_id and not stage.order.known:
                return stage.order.clue
    return order_id


def _unit_texts(given: dict[str, Any], order: Record, database: Database) -> Iterator[str]:
    for place, item_id in enumerate(given.get("item_ids", ())):
        unit = next(item for item in order["items"] if item["item_id"] == item_id)
        yield unit["name"]
        if "new_item_ids" in given:
            product = _record(database, "products", unit["product_id"])
            new = product["variants"][given["new_item_ids"][place]]["options"]
            yield from (value for axis, value in new.items() if unit["options"].get(axis) != value)


def _record(database: Database, table: str, key: str) -> Record:
    record = database.record("assistant", table, key)
    if record is None:
        raise TaskError(f"the task's world has no {key!r} among its {table}; gold calls must name what there is")
    return record
