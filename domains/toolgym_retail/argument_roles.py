"""What can be confused in the shop: what the arguments of its writes name, what orders hold, and what tempts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from toolgym.database import Session
from toolgym.generation import ArgumentRole, DecoyCall
from toolgym.tasks import Task
from toolgym_retail.facts import Facts, Request, stages
from toolgym_retail.goals import TOOLS, arguments
from toolgym_retail.records import Reason

transfers = ("transfer_to_human_agents",)
"""The tools that hand the customer over to a person."""

_ROLES: dict[str, ArgumentRole] = {"order_id": "record", "item_ids": "item", "new_item_ids": "variant"}


def role(tool: str, argument: str) -> ArgumentRole:
    """What an argument of a write names.

    Example:
        >>> role("modify_user_address", "user_id"), role("return_delivered_order_items", "payment_method_id")
        ('record', 'value')
    """
    if argument == "user_id":
        return "record" if tool == TOOLS["user_address"] else "value"
    return _ROLES.get(argument, "value")


def items(session: Session, record: str) -> Mapping[str, str]:
    """The products in an order by item id; empty if there is no such order."""
    order = session.get("assistant", "orders", record)
    return {item["item_id"]: item["product_id"] for item in order["items"]} if order is not None else {}


def kind_of(session: Session, item: str) -> str | None:
    """The product of an item, whether it stands in an order or not; None if there is no such item."""
    return next(iter(session.find("assistant", "products", "item_id", item)), None)


def owner(session: Session, record: str) -> str | None:
    """Whose order or profile it is; None if there is no such record."""
    order = session.get("assistant", "orders", record)
    if order is not None:
        return str(order["user_id"])
    return record if session.get("assistant", "users", record) is not None else None


def decoys(task: Task) -> tuple[DecoyCall, ...]:
    """The wrong calls that a task's facts make likely: what was wanted first, what the policy forbids, what is gone."""
    if task.facts is None:
        return ()
    facts = Facts.of(task)
    user_id = next((str(call.arguments["user_id"]) for call in task.gold if "user_id" in call.arguments), "")
    found = [temptation for request in facts.requests for temptation in _of(request, user_id)]
    gold = [(call.name, call.arguments) for call in task.gold]
    return tuple(one for one in found if (one.name, one.arguments) not in gold)


def _of(request: Request, user_id: str) -> Iterator[DecoyCall]:
    for wish in stages(request):
        if wish is request.first:
            yield from _calls("no_confirmation", wish, user_id)
        elif wish.forbidden or wish.otherwise is not None:  # what is sold out cannot be had either
            yield from _calls("forbidden_write", wish, user_id)


def _calls(pattern: str, wish: Request, user_id: str) -> Iterator[DecoyCall]:
    """A wish as a call; one for each allowed reason where the customer has none of them."""
    if wish.kind == "question":
        return
    given: dict[str, Any] = arguments(wish, user_id)
    if wish.kind == "cancel" and wish.reason is None:
        for reason in get_args(Reason):
            yield DecoyCall(pattern, TOOLS[wish.kind], {**given, "reason": reason})
        return
    yield DecoyCall(pattern, TOOLS[wish.kind], given)
