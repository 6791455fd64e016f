"""The writes that solve what customers want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.generators import scenario
from toolgym_retail.facts import Facts, Request, RequestKind

TOOLS: dict[RequestKind, str] = {
    "cancel": "cancel_pending_order",
    "return": "return_delivered_order_items",
    "exchange": "exchange_delivered_order_items",
    "modify_items": "modify_pending_order_items",
    "modify_address": "modify_pending_order_address",
    "modify_payment": "modify_pending_order_payment",
    "user_address": "modify_user_address",
}
"""The write that fulfils a request of each kind."""


def writes(facts: Facts, user_id: str) -> list[Mapping[str, Any]]:
    """The writes that fulfil what the facts ask for, in the order of the requests."""
    return scenario.writes(
        facts, lambda request: {"name": TOOLS[request.kind], "arguments": arguments(request, user_id)}
    )


def arguments(request: Request, user_id: str) -> dict[str, Any]:
    """The arguments of the write that fulfils a request."""
    kind = request.kind
    if kind == "user_address":
        return {"user_id": user_id, **_address(request)}
    given: dict[str, Any] = {"order_id": request.order.id if request.order is not None else ""}
    if kind == "cancel":
        given["reason"] = request.reason
    if kind == "modify_address":
        given |= _address(request)
    if kind in ("return", "exchange", "modify_items"):
        given["item_ids"] = [item.item_id for item in request.items]
    if kind in ("exchange", "modify_items"):
        given["new_item_ids"] = [item.new_item_id for item in request.items]
    if request.payment is not None and kind != "cancel":
        given["payment_method_id"] = request.payment.id
    return given


def _address(request: Request) -> dict[str, str]:
    return request.address.model_dump() if request.address is not None else {}
