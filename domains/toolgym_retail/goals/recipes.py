"""Kinds of goals: what a customer may want in one call.

Every recipe draws one or more feasible requests of one customer. Whether the gold calls of
:mod:`toolgym_retail.goals.gold` really run is left to the tools: :mod:`toolgym_retail.scenario` makes a task of a goal,
and a task whose gold fails is no task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from toolgym_retail.facts import ItemRef, Manner, Request, RequestKind, stages
from toolgym_retail.goals.shopper import Shopper

_OTHER_REASONS = (
    "I found it cheaper in another shop",
    "it takes too long to arrive",
    "a friend told me the quality is poor",
    "I'd rather buy it in a store",
    "I want to pay for it next month instead",
)


@dataclass
class Draft:
    """What a recipe has drawn.

    Args:
        requests: What the customer wants.
        difficulties: What makes it hard.
        upfront: How many of the requests it names at first.
        detail: Whether it names the particulars unasked; None: it is drawn.
        manner: How the customer speaks; None: it is drawn.
    """

    requests: list[Request]
    difficulties: list[str] = field(default_factory=list)
    upfront: int = 1
    detail: Literal["brief", "full"] | None = None
    manner: Manner | None = None


_Recipe: TypeAlias = Callable[[Shopper], Draft | None]


def touched(request: Request) -> set[str]:
    """The orders that a request changes, in whatever stage."""
    found = {request.order.id} if request.order is not None and request.kind != "question" else set()
    for other in (request.first, request.otherwise):
        if other is not None:
            found |= touched(other)
    return found | ({"profile"} if request.kind == "user_address" else set())


def answers_move(requests: Sequence[Request]) -> bool:
    """Whether a request changes what another one asks, so that its answer depends on when it is given."""
    wanted = [stage for request in requests if request.kind != "question" for stage in stages(request)]
    orders = set[str]().union(*(touched(request) for request in wanted))
    by_card = any(request.payment is not None and request.payment.source == "gift_card" for request in wanted)
    for request in requests:
        if request.kind == "question" and request.order is not None and request.order.id in orders:
            return True
        if request.kind == "question" and "gift card" in request.question and (by_card or orders - {"profile"}):
            return True
    return False


def _unchanged(items: tuple[ItemRef, ...]) -> tuple[ItemRef, ...]:
    """Units without the variants that they were to become."""
    return tuple(item.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()}) for item in items)


# Single requests, and several


def _single(make: Callable[[Shopper], Request | None], *difficulties: str) -> _Recipe:
    def recipe(shopper: Shopper) -> Draft | None:
        request = make(shopper)
        return None if request is None else Draft([request], list(difficulties))

    return recipe


def _several(count: int) -> _Recipe:
    def recipe(shopper: Shopper) -> Draft | None:
        found: list[Request] = []
        taken: set[str] = set()
        for _ in range(12):
            request = shopper.any_write()
            if request is None or touched(request) & taken:
                continue
            if [one.kind for one in found].count(request.kind) > 1:
                continue
            found.append(request)
            taken |= touched(request)
            if len(found) == count:
                upfront = shopper.dice.number(1, count)
                return Draft(found, [f"{count} requests"], upfront)
        return None

    return recipe


def _with_question(shopper: Shopper) -> Draft | None:
    request, question = shopper.any_write(), shopper.ask()
    if request is None or question is None:
        return None
    if request.payment is not None and request.payment.source == "gift_card" and "gift card" in question.question:
        return None
    requests = [request, question] if shopper.dice.chance(0.5) else [question, request]
    return Draft(requests, ["a fact to tell"], shopper.dice.number(1, 2))


# Requests that become others


def _change_of_mind(shopper: Shopper) -> Draft | None:
    """What is wanted in the end, with something else that was wanted first."""
    makers = (_other_variant, _fewer_units, _exchange_not_return, _other_refund, _change_not_cancel, _other_address)
    request = shopper.dice.pick(makers)(shopper)
    return None if request is None else Draft([request], ["change of mind"])


def _other_variant(shopper: Shopper) -> Request | None:
    final = shopper.swap(shopper.dice.pick(("exchange", "modify_items")))
    if final is None:
        return None
    other = _another_change(shopper, final)
    if other is None or other.new_item_id == final.items[0].new_item_id:
        return None
    return _after(final.model_copy(update={"items": (other,)}), final)


def _fewer_units(shopper: Shopper) -> Request | None:
    both = shopper.give_back(2)
    return None if both is None else _after(both, both.model_copy(update={"items": both.items[:1]}))


def _exchange_not_return(shopper: Shopper) -> Request | None:
    final = shopper.swap("exchange")
    return None if final is None else _after(_returned(shopper, final), final)


def _other_refund(shopper: Shopper) -> Request | None:
    final = shopper.give_back()
    if final is None or final.order is None:
        return None
    other = shopper.refund_to(shopper.orders[final.order.id], other=True)
    return None if other == final.payment else _after(final.model_copy(update={"payment": other}), final)


def _change_not_cancel(shopper: Shopper) -> Request | None:
    final = shopper.swap("modify_items")
    if final is None:
        return None
    reason, excuse = shopper.reason()
    items = _unchanged(final.items)
    return _after(Request(kind="cancel", order=final.order, items=items, reason=reason, excuse=excuse), final)


def _other_address(shopper: Shopper) -> Request | None:
    final = shopper.ship_to()
    return None if final is None else _after(final.model_copy(update={"address": shopper.address()}), final)


def _after(first: Request, final: Request) -> Request:
    return final.model_copy(update={"first": first})


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


def _sold_out(shopper: Shopper) -> Draft | None:
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


def _refund_elsewhere(shopper: Shopper) -> Draft | None:
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


def _forbidden(shopper: Shopper) -> Request | None:
    """A request that the policy forbids."""
    makers = (_other_reason, _cancel_too_late, _cancel_too_late, _return_too_soon, _poor_gift_card)
    return shopper.dice.pick(makers)(shopper)


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


def _refuse(shopper: Shopper) -> Draft | None:
    """Only to refuse, and to tell a fact: an agent that does nothing must not pass."""
    request, question = _forbidden(shopper), shopper.ask()
    if request is None or question is None:
        return None
    return Draft([request, question], ["forbidden"], shopper.dice.number(1, 2))


def _mixed(shopper: Shopper) -> Draft | None:
    """One request that is forbidden and one that is not."""
    bad, good = _forbidden(shopper), shopper.any_write()
    if bad is None or good is None or touched(bad) & touched(good):
        return None
    requests = [bad, good] if shopper.dice.chance(0.5) else [good, bad]
    return Draft(requests, ["forbidden", "2 requests"], shopper.dice.number(1, 2))


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


RECIPES: dict[str, _Recipe] = {
    "cancel": _single(Shopper.cancel),
    "cancel_vague": _single(
        lambda shopper: shopper.cancel(vague=True) if len(shopper.of_status("pending")) > 1 else None,
        "order by clue",
    ),
    "return": _single(Shopper.give_back),
    "return_vague": _single(lambda shopper: shopper.give_back(vague=True), "order by clue"),
    "return_several": _single(lambda shopper: shopper.give_back(shopper.dice.number(2, 3)), "several items"),
    "exchange": _single(lambda shopper: shopper.swap("exchange")),
    "exchange_vague": _single(lambda shopper: shopper.swap("exchange", vague=True), "order by clue"),
    "exchange_several": _single(lambda shopper: shopper.swap("exchange", 2), "several items"),
    "modify_items": _single(lambda shopper: shopper.swap("modify_items")),
    "modify_items_vague": _single(lambda shopper: shopper.swap("modify_items", vague=True), "order by clue"),
    "modify_items_several": _single(lambda shopper: shopper.swap("modify_items", 2), "several items"),
    "modify_address": _single(lambda shopper: shopper.ship_to(vague=shopper.dice.chance(0.3))),
    "modify_payment": _single(Shopper.pay_by),
    "user_address": _single(Shopper.move),
    "two_requests": _several(2),
    "three_requests": _several(3),
    "change_of_mind": _change_of_mind,
    "sold_out": _sold_out,
    "refund_elsewhere": _refund_elsewhere,
    "question": _with_question,
    "mixed": _mixed,
    "refuse": _refuse,
}
"""Kinds of goals by name."""
