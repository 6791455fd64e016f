"""What injectors do: calls in which something is easily confused, forgotten or given in to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from toolgym.database import Record
from toolgym.generation import Difficulty
from toolgym_retail.facts import ItemRef, Request, RequestKind
from toolgym_retail.goals.recipes import RECIPES, Draft, answers_move, touched
from toolgym_retail.goals.shopper import Shopper

_Maker: TypeAlias = Callable[[Shopper, Difficulty], Draft | None]


def _rivals(shopper: Shopper, order: Record) -> list[Record]:
    """The customer's other orders in the same state."""
    return [other for other in shopper.of_status(order["status"]) if other["order_id"] != order["order_id"]]


def _alike(shopper: Shopper, order: Record, units: Sequence[Record], count: int) -> bool:
    """Whether so many rivals hold a product of the units."""
    names = {unit["name"] for unit in units}
    return sum(any(item["name"] in names for item in other["items"]) for other in _rivals(shopper, order)) >= count


def _dosed(
    shopper: Shopper, requests: Sequence[Request], dose: Difficulty, name: str, *, steps: int | None = None
) -> Draft:
    """The draft of some requests, with plain ones added up to the steps of the dose, in the dose's detail."""
    found = list(requests)
    found += _others(shopper, found, (dose.steps if steps is None else steps) - len(found))
    return Draft(
        found,
        [name],
        upfront=1,
        detail="full" if dose.hints == 2 else "brief",
        manner="terse" if dose.hints == 0 else None,
    )


def _others(shopper: Shopper, found: Sequence[Request], count: int) -> list[Request]:
    """Up to ``count`` further writes that touch nothing that the others do."""
    taken = set[str]().union(*(touched(request) for request in found))
    more: list[Request] = []
    for _ in range(24):
        if len(more) >= count:
            break
        request = shopper.any_write()
        if request is not None and not touched(request) & taken:
            more.append(request)
            taken |= touched(request)
    return more


def _changes(
    shopper: Shopper, order: Record, units: Sequence[Record], least: int = 1, most: int = 1
) -> tuple[ItemRef, ...] | None:
    """What each unit becomes, in at least and at most so many options; None if one cannot."""
    found = []
    for unit in units:
        change = next(
            (
                one
                for one in (shopper.change(order, unit, most=most) for _ in range(6))
                if one and len(one.wanted) >= least
            ),
            None,
        )
        if change is None:
            return None
        found.append(change)
    return tuple(found)


def _swap(shopper: Shopper, order: Record, items: tuple[ItemRef, ...] | None, **ref: str) -> Request | None:
    """The exchange or modification of units, by the order's state."""
    if items is None:
        return None
    units = [item for item in order["items"] if item["item_id"] in {one.item_id for one in items}]
    payment = shopper.payer(shopper.difference(order, items))
    named = shopper.order_ref(order, units, vague=bool(ref), **ref)
    if payment is None or named is None:
        return None
    kind: RequestKind = "exchange" if order["status"] == "delivered" else "modify_items"
    return Request(kind=kind, order=named, items=items, payment=payment)


def _give_back(shopper: Shopper, order: Record, units: Sequence[Record], **ref: str) -> Request | None:
    """The return of units."""
    named = shopper.order_ref(order, units, vague=bool(ref), **ref)
    items = tuple(shopper.item_ref(order, unit) for unit in units)
    return None if named is None else Request(kind="return", order=named, items=items, payment=shopper.refund_to(order))


def _siblings(shopper: Shopper, order: Record, change: ItemRef) -> int:
    """How many available variants differ from the wanted one in one option."""
    product = next(item["product_id"] for item in order["items"] if item["item_id"] == change.item_id)
    wanted = change.new_options or {}
    return sum(
        variant["available"] and sum(wanted.get(axis) != value for axis, value in variant["options"].items()) == 1
        for variant in shopper.products[product]["variants"].values()
    )


# Item and argument selection


def _near_variants(shopper: Shopper, dose: Difficulty) -> Draft | None:
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, min(1 + dose.records, 3)) if order is not None else None
    if order is None or units is None:
        return None
    items = _changes(shopper, order, units, most=2)
    if items is None or any(_siblings(shopper, order, item) < 1 for item in items):
        return None
    request = _swap(shopper, order, items)
    return None if request is None else _dosed(shopper, [request], dose, "near variants")


def _same_otherwise(shopper: Shopper, dose: Difficulty) -> Draft | None:
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, min(1 + dose.records, 3)) if order is not None else None
    if order is None or units is None:
        return None
    request = _swap(shopper, order, _changes(shopper, order, units, least=2, most=3))
    return None if request is None else _dosed(shopper, [request], dose, "several options at once")


def _shared(shopper: Shopper, dose: Difficulty) -> tuple[Record, list[Record]] | None:
    """A delivered order of which other orders share products, and several of its units."""
    order = shopper.some(shopper.of_status("delivered"))
    units = shopper.units(order, 2 if dose.records < 3 else 3) if order is not None else None
    if order is None or units is None:
        return None
    names = {unit["name"] for unit in units}
    others = [shopper.orders[one] for one in shopper.user["orders"] if one != order["order_id"]]
    sharing = [other for other in others if any(item["name"] in names for item in other["items"])]
    return (order, units) if sharing else None


def _shared_products(shopper: Shopper, dose: Difficulty) -> Draft | None:
    found = _shared(shopper, dose)
    request = _give_back(shopper, *found) if found is not None else None
    return None if request is None else _dosed(shopper, [request], dose, "products in several orders")


def _shared_by_clue(shopper: Shopper, dose: Difficulty) -> Draft | None:
    found = _shared(shopper, dose)
    request = _give_back(shopper, *found, clue="any") if found is not None else None
    return None if request is None else _dosed(shopper, [request], dose, "products in several orders, order by clue")


def _paying(shopper: Shopper, fits: Callable[[Request], bool], dose: Difficulty, name: str) -> Draft | None:
    makers: Sequence[Callable[[], Request | None]] = (
        shopper.give_back,
        shopper.pay_by,
        lambda: shopper.swap("exchange"),
        lambda: shopper.swap("modify_items"),
    )
    request = shopper.dice.pick(makers)()
    if request is None or request.payment is None or not fits(request):
        return None
    return _dosed(shopper, [request], dose, name)


def _twin_methods(shopper: Shopper, dose: Difficulty) -> Draft | None:
    sources = [method["source"] for method in shopper.user["payment_methods"].values()]

    def fits(request: Request) -> bool:
        return request.payment is not None and sources.count(request.payment.source) > 1

    return _paying(shopper, fits, dose, "two payment methods of one kind")


def _many_methods(shopper: Shopper, dose: Difficulty) -> Draft | None:
    methods = shopper.user["payment_methods"]
    return _paying(shopper, lambda request: len(methods) > 2, dose, "many payment methods")


# Several orders


def _whole_order(shopper: Shopper, dose: Difficulty, clue: str, name: str) -> Draft | None:
    """A request about a whole pending order that is known by a clue alone, with rivals."""
    kind = shopper.dice.pick(("cancel", "modify_address", "modify_payment"))
    order = shopper.some(shopper.paid_once() if kind == "modify_payment" else shopper.of_status("pending"))
    if order is None or len(_rivals(shopper, order)) < 1 + dose.records:
        return None
    ref = shopper.order_ref(order, vague=True, clue=clue)
    if ref is None:
        return None
    if clue == "product":
        ref = ref.model_copy(update={"clue": f"a recent order, I think the one with the {ref.signs[0]} too"})
    items = shopper.first_unit(order)
    request: Request | None = None
    if kind == "cancel":
        reason, excuse = shopper.reason()
        request = Request(kind="cancel", order=ref, items=items, reason=reason, excuse=excuse)
    elif kind == "modify_address":
        request = Request(kind="modify_address", order=ref, items=items, address=shopper.address())
    else:
        entry = order["payment_history"][0]
        others = [method for method in shopper.user["payment_methods"] if method != entry["payment_method_id"]]
        payment = shopper.payer(entry["amount"], only=others) if others else None
        if payment is not None:
            request = Request(kind="modify_payment", order=ref, items=items, payment=payment)
    return None if request is None else _dosed(shopper, [request], dose, name)


def _order_by_neighbour(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _whole_order(shopper, dose, "product", "order by a product in it")


def _order_by_bill(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _whole_order(shopper, dose, "bill", "order by its bill")


def _like_item(shopper: Shopper, dose: Difficulty, clue: str, name: str) -> Draft | None:
    """A request about one unit of an order that is known by a clue alone; others in its state hold the product too."""
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, 1) if order is not None else None
    if order is None or units is None or not _alike(shopper, order, units, min(dose.records, 2)):
        return None
    give_back = order["status"] == "delivered" and shopper.dice.chance(0.5)
    request = (
        _give_back(shopper, order, units, clue=clue)
        if give_back
        else _swap(shopper, order, _changes(shopper, order, units), clue=clue)
    )
    return None if request is None else _dosed(shopper, [request], dose, name)


def _mug_and_vase(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _like_item(shopper, dose, "product", "like items, order by a product in it")


def _mug_by_bill(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _like_item(shopper, dose, "bill", "like items, order by its bill")


# Execution control


def _second_thoughts(shopper: Shopper, dose: Difficulty) -> Draft | None:
    draft = RECIPES["change_of_mind"](shopper)
    if draft is None:
        return None
    found = _dosed(shopper, draft.requests, dose, "change of mind in a hurry")
    found.detail = "full"
    found.manner = shopper.dice.pick(("annoyed", "terse"))
    return found


def _errands(shopper: Shopper, count: int) -> list[Request] | None:
    """So many plain requests that touch nothing in common."""
    found = _others(shopper, (), count)
    return found if len(found) == count else None


def _all_at_once(shopper: Shopper, dose: Difficulty) -> Draft | None:
    found = _errands(shopper, 2 + min(dose.steps, 2))
    if found is None:
        return None
    draft = _dosed(shopper, found, dose, "many errands at once")
    draft.upfront = len(found)
    return draft


def _one_by_one(shopper: Shopper, dose: Difficulty) -> Draft | None:
    found = _errands(shopper, 2 + min(dose.steps, 2))
    if found is None:
        return None
    draft = _dosed(shopper, found, dose, "errand after errand")
    draft.upfront = len(found) - 1
    return draft


def _sold_out_wish(shopper: Shopper, dose: Difficulty) -> Draft | None:
    draft = RECIPES["sold_out"](shopper)
    if draft is None:
        return None
    requests = [request.model_copy(update={"says_otherwise": False}) for request in draft.requests]
    return _dosed(shopper, requests, dose, "sold out")


# Communication


def _questions(shopper: Shopper, count: int) -> list[Request] | None:
    """So many different questions."""
    found: dict[str, Request] = {}
    for _ in range(12):
        question = shopper.ask()
        if question is not None and not any(other.answer == question.answer for other in found.values()):
            found.setdefault(question.question, question)
        if len(found) == count:
            return list(found.values())
    return None


def _with_facts(shopper: Shopper, dose: Difficulty, questions: int, errands: int, name: str) -> Draft | None:
    asked, wanted = _questions(shopper, questions), _errands(shopper, errands)
    if asked is None or wanted is None:
        return None
    requests = [wanted[0], *asked, *wanted[1:]]
    if answers_move(requests):
        return None
    draft = _dosed(shopper, requests, dose, name, steps=0)
    draft.upfront = min(2, len(draft.requests))
    return draft


def _fact_between_errands(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _with_facts(shopper, dose, 1, min(dose.steps, 2), "a fact among errands")


def _two_facts(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _with_facts(shopper, dose, 2, 1, "two facts")


# Policy


def _good_excuse(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _beside_forbidden(shopper, dose, lambda request: request.kind == "cancel" and request.reason is None)


def _insists_first(shopper: Shopper, dose: Difficulty) -> Draft | None:
    return _beside_forbidden(shopper, dose, lambda request: request.reason is not None or request.kind != "cancel")


def _beside_forbidden(shopper: Shopper, dose: Difficulty, fits: Callable[[Request], bool]) -> Draft | None:
    draft = RECIPES["mixed"](shopper)
    if draft is None:
        return None
    bad = next((request for request in draft.requests if request.forbidden), None)
    if bad is None or not fits(bad):
        return None
    good = [request for request in draft.requests if request is not bad]
    return _dosed(shopper, [bad, *good], dose, "forbidden, beside what is allowed")


def _second_best(shopper: Shopper, dose: Difficulty) -> Draft | None:
    draft = RECIPES["refund_elsewhere"](shopper)
    return None if draft is None else _dosed(shopper, draft.requests, dose, "forbidden at first")


MAKERS: dict[str, _Maker] = {
    "near_variants": _near_variants,
    "same_otherwise": _same_otherwise,
    "shared_products": _shared_products,
    "shared_by_clue": _shared_by_clue,
    "twin_methods": _twin_methods,
    "many_methods": _many_methods,
    "order_by_neighbour": _order_by_neighbour,
    "order_by_bill": _order_by_bill,
    "mug_and_vase": _mug_and_vase,
    "mug_by_bill": _mug_by_bill,
    "second_thoughts": _second_thoughts,
    "all_at_once": _all_at_once,
    "one_by_one": _one_by_one,
    "sold_out_wish": _sold_out_wish,
    "fact_between_errands": _fact_between_errands,
    "two_facts": _two_facts,
    "good_excuse": _good_excuse,
    "second_best": _second_best,
    "insists_first": _insists_first,
}
"""What each injector does: the draft of a call of the shopper's present customer, or None if that customer has none."""
