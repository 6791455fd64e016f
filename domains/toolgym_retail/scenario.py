"""Tasks from goals: gold calls, the scenario in prose, and what the assistant is graded by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolgym.database import Database, Record, Rows
from toolgym.errors import TaskError
from toolgym.generators import scenario
from toolgym.generators.drafts import Goal
from toolgym.scripted.facts import question_text
from toolgym.scripted.voice import listed
from toolgym.tasks import Task
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Facts, ItemRef, Request, names_another_order, settled, stages
from toolgym_retail.goals import TOOLS, writes


def make_task(goal: Goal[Facts], rows: Rows, world: str, task_id: str) -> Task:
    """The task of a goal.

    Args:
        goal: What the customer wants.
        rows: The world.
        world: Its digest.
        task_id: The task's id.
    """
    facts = goal.facts
    return scenario.make_task(
        goal,
        task_id,
        domain="retail",
        world=world,
        generator="toolgym_retail.scenario",
        calls=[*_reads(goal, rows), *writes(facts, goal.user_id)],
        instructions={
            "reason_for_call": scenario.reason_for_call(facts, lambda request: wish(request, facts), _turn),
            "known_info": known_info(facts),
            "unknown_info": unknown_info(facts),
            "task_instructions": scenario.task_instructions(facts, "order numbers or payment methods"),
        },
    )


def _reads(goal: Goal[Facts], rows: Rows) -> Iterator[dict[str, Any]]:
    """The look-ups that a careful assistant needs."""
    facts, tables = goal.facts, rows["assistant"]
    if facts.identifies_by == "email":
        yield {"name": "find_user_id_by_email", "arguments": {"email": facts.email}}
    else:
        arguments = {"first_name": facts.first_name, "last_name": facts.last_name, "zip": facts.zip}
        yield {"name": "find_user_id_by_name_zip", "arguments": arguments}
    yield {"name": "get_user_details", "arguments": {"user_id": goal.user_id}}
    seen: set[str] = set()
    for stage in (stage for request in facts.requests for stage in stages(request)):
        order = stage.order
        if order is None:
            continue
        looked_at = [order.id] if order.known else list(facts.orders)
        for order_id in looked_at:
            if order_id not in seen:
                seen.add(order_id)
                yield {"name": "get_order_details", "arguments": {"order_id": order_id}}
        for item in stage.items:
            if item.new_item_id is None:
                continue
            units = tables["orders"][order.id]["items"]
            product = next(unit["product_id"] for unit in units if unit["item_id"] == item.item_id)
            if product not in seen:
                seen.add(product)
                yield {"name": "get_product_details", "arguments": {"product_id": product}}


# In prose, for a user simulator that reads


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
        return f"to be told {question_text(request)}"
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


def _turn(request: Request) -> str:
    return "you see that you named the wrong order" if names_another_order(request) else "you change your mind"


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


# What the scenario must hold


def needs(task: Task, database: Database) -> Iterator[str]:
    """The texts that the scenario of a task must hold, worked out from the gold calls and the world.

    A customer that does not know them could not get what the gold calls do, since no tool tells what somebody wants.

    Raises:
        TaskError: If a clue, by which the customer knows an order, is not true of exactly that one among its orders, or
            if the gold calls themselves change what the customer asks.
    """
    facts = Facts.of(task)
    for request in facts.requests:
        _check_clue(request, facts, database)
        _check_answer(request, task)
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
            yield question_text(request)


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


def _check_answer(request: Request, task: Task) -> None:
    """Refuse a question about the prices of an order whose items the gold calls change."""
    if request.kind != "question" or request.order is None or "tracking" in request.question:
        return
    order = request.order.id
    if any(action.name == TOOLS["modify_items"] and action.arguments["order_id"] == order for action in task.gold):
        raise TaskError(
            f"it asks {request.question!r}, and its gold calls change the items of that order: the answer depends on "
            "when it is given; ask about another order"
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
