"""Kinds of goals: what a customer may want in one call.

Every recipe draws one or more feasible requests of one customer. Whether the gold calls of
:mod:`toolgym_retail.goals.gold` really run is left to the tools: :mod:`toolgym_retail.scenario` makes a task of a goal,
and a task whose gold fails is no task.
"""

from __future__ import annotations

from collections.abc import Callable

from toolgym.generators.drafts import Draft
from toolgym.generators.recipes import (
    Maker,
    Recipe,
    allowed_instead,
    change_of_mind,
    mixed,
    one_of,
    refuse,
    several,
    single,
    with_question,
    yes_to_another,
)
from toolgym_retail.facts import Request, RequestKind
from toolgym_retail.goals import changes_of_mind
from toolgym_retail.goals.changes_of_mind import another_change, returned, unchanged
from toolgym_retail.goals.shopper import Shopper

_OTHER_REASONS = (
    "I found it cheaper in another shop",
    "it takes too long to arrive",
    "a friend told me the quality is poor",
    "I'd rather buy it in a store",
    "I want to pay for it next month instead",
)


# The wish that cannot be had


def _sold_out(shopper: Shopper) -> Draft[Request] | None:
    """The wanted variant is sold out; the customer has an alternative."""
    dice = shopper.dice
    kind: RequestKind = dice.pick(("exchange", "modify_items"))
    last = shopper.swap(kind)
    if last is None:
        return None
    gone = another_change(shopper, last, available=False)
    if gone is None:
        return None
    otherwise = last
    if dice.chance(0.4):
        if kind == "exchange":
            otherwise = returned(shopper, last)
        else:
            excuse = shopper.excuse("no longer needed")
            items = unchanged(last.items)
            otherwise = Request(kind="cancel", order=last.order, items=items, reason="no longer needed", excuse=excuse)
    request = last.model_copy(update={"items": (gone,), "otherwise": otherwise, "says_otherwise": dice.chance(0.5)})
    return Draft([request], ["sold out"])


def _refund_elsewhere(shopper: Shopper) -> Draft[Request] | None:
    """The refund is wanted where the policy does not allow it; the original method will do too."""
    request = shopper.give_back()
    if request is None or request.order is None:
        return None
    original = shopper.orders[request.order.id]["payment_history"][0]["payment_method_id"]
    methods = shopper.user["payment_methods"]
    others = [key for key, method in methods.items() if method["source"] != "gift_card" and key != original]
    if not others:
        return None
    elsewhere = shopper.method(shopper.dice.pick(others))
    allowed = request.model_copy(update={"payment": shopper.method(original)})
    asked = request.model_copy(
        update={
            "payment": elsewhere,
            "otherwise": allowed,
            "says_otherwise": False,
            "forbidden": "A refund can go to the original payment method or to a gift card only.",
        }
    )
    return Draft([asked], ["forbidden at first"])


# Requests that the policy forbids


def _other_reason(shopper: Shopper) -> Request | None:
    request = shopper.cancel()
    if request is None:
        return None
    why = "An order can be cancelled only because it is no longer needed or was ordered by mistake."
    excuse = shopper.dice.pick(_OTHER_REASONS)
    return request.model_copy(update={"reason": None, "excuse": excuse, "forbidden": why})


def _cancel_too_late(shopper: Shopper) -> Request | None:
    order = shopper.some(shopper.of_status("processed", "delivered"))
    if order is None:
        return None
    reason, excuse = shopper.reason()
    return Request(
        kind="cancel",
        order=shopper.order_ref(order),
        items=shopper.first_unit(order),
        reason=reason,
        excuse=excuse,
        forbidden=f"The order is {order['status']}; only pending orders can be cancelled.",
    )


def _return_too_soon(shopper: Shopper) -> Request | None:
    order = shopper.some(shopper.of_status("processed", "pending"))
    units = shopper.units(order, 1) if order is not None else None
    if order is None or units is None:
        return None
    return Request(
        kind="return",
        order=shopper.order_ref(order),
        items=tuple(shopper.item_ref(order, item) for item in units),
        payment=shopper.refund_to(order),
        forbidden=f"The order is {order['status']}; only delivered items can be returned.",
    )


def _poor_gift_card(shopper: Shopper) -> Request | None:
    order = shopper.some(shopper.paid_once())
    if order is None:
        return None
    entry = order["payment_history"][0]
    poor = [
        key
        for key, method in shopper.user["payment_methods"].items()
        if method["source"] == "gift_card" and method["balance"] < entry["amount"] and key != entry["payment_method_id"]
    ]
    if not poor:
        return None
    return Request(
        kind="modify_payment",
        order=shopper.order_ref(order),
        items=shopper.first_unit(order),
        payment=shopper.method(shopper.dice.pick(poor)),
        forbidden="The gift card does not cover the whole amount of the order.",
    )


# What is wanted once that was refused


def _return_not_cancel(shopper: Shopper) -> Request | None:
    allowed = shopper.give_back()
    if allowed is None or allowed.order is None:
        return None
    reason, excuse = shopper.reason()
    items = shopper.first_unit(shopper.orders[allowed.order.id])
    why = "The order is delivered; only pending orders can be cancelled."
    asked = Request(kind="cancel", order=allowed.order, items=items, reason=reason, excuse=excuse, forbidden=why)
    return asked.model_copy(update={"otherwise": allowed})


def _cancel_not_return(shopper: Shopper) -> Request | None:
    asked = _return_too_soon(shopper)
    if asked is None or asked.order is None or shopper.orders[asked.order.id]["status"] != "pending":
        return None
    reason, excuse = shopper.reason()
    allowed = Request(kind="cancel", order=asked.order, items=asked.items, reason=reason, excuse=excuse)
    return asked.model_copy(update={"otherwise": allowed})


def _other_than_the_gift_card(shopper: Shopper) -> Request | None:
    asked = _poor_gift_card(shopper)
    if asked is None or asked.order is None or asked.payment is None:
        return None
    entry = shopper.orders[asked.order.id]["payment_history"][0]
    used = {entry["payment_method_id"], asked.payment.id}
    others = [method for method in shopper.user["payment_methods"] if method not in used]
    payment = shopper.payer(entry["amount"], only=others) if others else None
    if payment is None:
        return None
    return asked.model_copy(update={"otherwise": asked.model_copy(update={"payment": payment, "forbidden": ""})})


def acts_instead(shopper: Shopper, refused: Request) -> Request | None:
    """What the customer of a refused request might have asked for and got."""
    if refused.kind == "cancel" and refused.reason is None and refused.order is not None:
        reason, excuse = shopper.reason()
        return refused.model_copy(update={"reason": reason, "excuse": excuse, "forbidden": ""})
    makers: dict[RequestKind, Callable[[], Request | None]] = {
        "cancel": shopper.cancel,
        "return": shopper.give_back,
        "modify_payment": shopper.pay_by,
    }
    return makers.get(refused.kind, shopper.any_write)() or shopper.any_write()


_CHANGES = (
    changes_of_mind.other_variant,
    changes_of_mind.fewer_units,
    changes_of_mind.exchange_not_return,
    changes_of_mind.other_refund,
    changes_of_mind.change_not_cancel,
    changes_of_mind.other_address,
    changes_of_mind.other_card,
)
_WRONG_ORDERS = (
    changes_of_mind.cancel_other_order,
    changes_of_mind.ship_other_order,
    changes_of_mind.pay_other_order,
    changes_of_mind.return_from_other_order,
)
_forbidden: Maker[Shopper, Request] = one_of(
    _other_reason, _cancel_too_late, _cancel_too_late, _return_too_soon, _poor_gift_card
)
RECIPES: dict[str, Recipe[Shopper, Request]] = {
    "cancel": single(Shopper.cancel),
    "cancel_vague": single(
        lambda shopper: shopper.cancel(vague=True) if len(shopper.of_status("pending")) > 1 else None,
        "order by clue",
    ),
    "return": single(Shopper.give_back),
    "return_vague": single(lambda shopper: shopper.give_back(vague=True), "order by clue"),
    "return_several": single(lambda shopper: shopper.give_back(shopper.dice.number(2, 3)), "several items"),
    "exchange": single(lambda shopper: shopper.swap("exchange")),
    "exchange_vague": single(lambda shopper: shopper.swap("exchange", vague=True), "order by clue"),
    "exchange_several": single(lambda shopper: shopper.swap("exchange", 2), "several items"),
    "modify_items": single(lambda shopper: shopper.swap("modify_items")),
    "modify_items_vague": single(lambda shopper: shopper.swap("modify_items", vague=True), "order by clue"),
    "modify_items_several": single(lambda shopper: shopper.swap("modify_items", 2), "several items"),
    "modify_address": single(lambda shopper: shopper.ship_to(vague=shopper.dice.chance(0.3))),
    "modify_payment": single(Shopper.pay_by),
    "user_address": single(Shopper.move),
    "two_requests": several(2),
    "three_requests": several(3),
    "change_of_mind": change_of_mind(*_CHANGES),
    "wrong_order": change_of_mind(*_WRONG_ORDERS),
    "yes_to_another": yes_to_another(*_CHANGES, *_WRONG_ORDERS),
    "sold_out": _sold_out,
    "refund_elsewhere": _refund_elsewhere,
    "allowed_instead": allowed_instead(_return_not_cancel, _cancel_not_return, _other_than_the_gift_card),
    "question": with_question(),
    "mixed": mixed(_forbidden),
    "refuse": refuse(_forbidden, Shopper.ask_sum),
    "refuse_reason": refuse(_other_reason, Shopper.ask_sum),
}
"""Kinds of goals by name."""
