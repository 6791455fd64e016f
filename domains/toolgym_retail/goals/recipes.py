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
    after,
    change_of_mind,
    mixed,
    one_of,
    refuse,
    several,
    single,
    with_question,
)
from toolgym_retail.facts import ItemRef, Request, RequestKind
from toolgym_retail.goals.shopper import Shopper

_OTHER_REASONS = (
    "I found it cheaper in another shop",
    "it takes too long to arrive",
    "a friend told me the quality is poor",
    "I'd rather buy it in a store",
    "I want to pay for it next month instead",
)


def _unchanged(items: tuple[ItemRef, ...]) -> tuple[ItemRef, ...]:
    """Units without the variants that they were to become."""
    return tuple(item.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()}) for item in items)


# Requests that become others


def _other_variant(shopper: Shopper) -> Request | None:
    final = shopper.swap(shopper.dice.pick(("exchange", "modify_items")))
    if final is None:
        return None
    other = _another_change(shopper, final)
    if other is None or other.new_item_id == final.items[0].new_item_id:
        return None
    return after(final.model_copy(update={"items": (other,)}), final)


def _fewer_units(shopper: Shopper) -> Request | None:
    both = shopper.give_back(2)
    return None if both is None else after(both, both.model_copy(update={"items": both.items[:1]}))


def _exchange_not_return(shopper: Shopper) -> Request | None:
    final = shopper.swap("exchange")
    return None if final is None else after(_returned(shopper, final), final)


def _other_refund(shopper: Shopper) -> Request | None:
    final = shopper.give_back()
    if final is None or final.order is None:
        return None
    other = shopper.refund_to(shopper.orders[final.order.id], other=True)
    return None if other == final.payment else after(final.model_copy(update={"payment": other}), final)


def _change_not_cancel(shopper: Shopper) -> Request | None:
    final = shopper.swap("modify_items")
    if final is None:
        return None
    reason, excuse = shopper.reason()
    items = _unchanged(final.items)
    return after(Request(kind="cancel", order=final.order, items=items, reason=reason, excuse=excuse), final)


def _other_address(shopper: Shopper) -> Request | None:
    final = shopper.ship_to()
    return None if final is None else after(final.model_copy(update={"address": shopper.address()}), final)


def _another_change(shopper: Shopper, request: Request, *, available: bool = True) -> ItemRef | None:
    """Another variant for the first unit of a change."""
    if request.order is None:
        return None
    order = shopper.orders[request.order.id]
    item = next(item for item in order["items"] if item["item_id"] == request.items[0].item_id)
    return shopper.change(order, item, available=available)


def _returned(shopper: Shopper, exchange: Request) -> Request:
    """The return of units instead of their exchange."""
    payment = shopper.refund_to(shopper.orders[exchange.order.id]) if exchange.order is not None else None
    return exchange.model_copy(update={"kind": "return", "items": _unchanged(exchange.items), "payment": payment})


def _sold_out(shopper: Shopper) -> Draft[Request] | None:
    """The wanted variant is sold out; the customer has an alternative."""
    dice = shopper.dice
    kind: RequestKind = dice.pick(("exchange", "modify_items"))
    last = shopper.swap(kind)
    if last is None:
        return None
    gone = _another_change(shopper, last, available=False)
    if gone is None:
        return None
    otherwise = last
    if dice.chance(0.4):
        if kind == "exchange":
            otherwise = _returned(shopper, last)
        else:
            excuse = shopper.excuse("no longer needed")
            items = _unchanged(last.items)
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


def _leaves_the_card(request: Request, question: Request) -> bool:
    by_card = request.payment is not None and request.payment.source == "gift_card"
    return not (by_card and "gift card" in question.question)


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
    "change_of_mind": change_of_mind(
        _other_variant, _fewer_units, _exchange_not_return, _other_refund, _change_not_cancel, _other_address
    ),
    "sold_out": _sold_out,
    "refund_elsewhere": _refund_elsewhere,
    "question": with_question(_leaves_the_card),
    "mixed": mixed(_forbidden),
    "refuse": refuse(_forbidden),
}
"""Kinds of goals by name."""
