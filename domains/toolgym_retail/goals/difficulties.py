"""What injectors do: calls in which something is easily confused, forgotten or given in to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolgym.database import Record
from toolgym.generation import Difficulty
from toolgym.generators.doses import dosed
from toolgym.generators.drafts import Draft
from toolgym_retail.facts import ItemRef, Request, RequestKind
from toolgym_retail.goals.shopper import Shopper


def _rivals(shopper: Shopper, order: Record) -> list[Record]:
    """The customer's other orders in the same state."""
    return [other for other in shopper.of_status(order["status"]) if other["order_id"] != order["order_id"]]


def _alike(shopper: Shopper, order: Record, units: Sequence[Record], count: int) -> bool:
    """Whether at least ``count`` rivals hold a product of the units."""
    names = {unit["name"] for unit in units}
    return sum(any(item["name"] in names for item in other["items"]) for other in _rivals(shopper, order)) >= count


def _changes(
    shopper: Shopper, order: Record, units: Sequence[Record], least: int = 1, most: int = 1
) -> tuple[ItemRef, ...] | None:
    """What each unit becomes, with ``least`` to ``most`` options changed; None if one cannot."""
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


def near_variants(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """Units become variants that differ from other available ones in one option."""
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, min(1 + dose.records, 3)) if order is not None else None
    if order is None or units is None:
        return None
    items = _changes(shopper, order, units, most=2)
    if items is None or any(_siblings(shopper, order, item) < 1 for item in items):
        return None
    request = _swap(shopper, order, items)
    return None if request is None else dosed(shopper, [request], dose, "near variants")


def same_otherwise(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """Several options change at once; the rest stays."""
    order = shopper.some(shopper.of_status("delivered", "pending"))
    units = shopper.units(order, min(1 + dose.records, 3)) if order is not None else None
    if order is None or units is None:
        return None
    request = _swap(shopper, order, _changes(shopper, order, units, least=2, most=3))
    return None if request is None else dosed(shopper, [request], dose, "several options at once")


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


def shared_products(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """Units of an order, of which other orders hold the same products."""
    found = _shared(shopper, dose)
    request = _give_back(shopper, *found) if found is not None else None
    return None if request is None else dosed(shopper, [request], dose, "products in several orders")


def shared_by_clue(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """Likewise, of an order that is known by a clue alone."""
    found = _shared(shopper, dose)
    request = _give_back(shopper, *found, clue="any") if found is not None else None
    return None if request is None else dosed(shopper, [request], dose, "products in several orders, order by clue")


def _paying(shopper: Shopper, fits: Callable[[Request], bool], dose: Difficulty, name: str) -> Draft[Request] | None:
    makers: Sequence[Callable[[], Request | None]] = (
        shopper.give_back,
        shopper.pay_by,
        lambda: shopper.swap("exchange"),
        lambda: shopper.swap("modify_items"),
    )
    request = shopper.dice.pick(makers)()
    if request is None or request.payment is None or not fits(request):
        return None
    return dosed(shopper, [request], dose, name)


def twin_methods(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """One of two payment methods of a kind is meant."""
    sources = [method["source"] for method in shopper.user["payment_methods"].values()]

    def fits(request: Request) -> bool:
        return request.payment is not None and sources.count(request.payment.source) > 1

    return _paying(shopper, fits, dose, "two payment methods of one kind")


def many_methods(shopper: Shopper, dose: Difficulty) -> Draft[Request] | None:
    """One of at least three payment methods is meant."""
    methods = shopper.user["payment_methods"]
    return _paying(shopper, lambda request: len(methods) > 2, dose, "many payment methods")


# Several orders


def whole_order(shopper: Shopper, dose: Difficulty, clue: str, name: str) -> Draft[Request] | None:
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
    return None if request is None else dosed(shopper, [request], dose, name)


def like_items(shopper: Shopper, dose: Difficulty, clue: str, name: str) -> Draft[Request] | None:
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
    return None if request is None else dosed(shopper, [request], dose, name)
