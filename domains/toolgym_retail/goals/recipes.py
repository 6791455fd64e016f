"""What customers of a world may want: feasible requests, found by exploring its records, and what solves them.

Every recipe draws one customer and one or more requests; :func:`solve` works out the gold calls. Whether they really
run is left to the tools: :mod:`toolgym_retail.scenario` makes a task of a goal, and a task whose gold fails is no task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolgym.database import Rows
from toolgym_retail import places
from toolgym_retail.dice import Dice
from toolgym_retail.facts import Facts, ItemRef, Kind, Manner, Method, OrderRef, Place, Request, settled

_Record = dict[str, Any]

_NO_NEED = (
    "I don't need it any more",
    "I no longer need it",
    "my plans changed and I don't need it now",
    "I won't need it after all",
    "we don't need it any longer",
    "I found I don't need it",
)
_MISTAKE = (
    "I ordered it by mistake",
    "it was ordered by accident",
    "I clicked the wrong button, it was a mistake",
    "my son ordered it by mistake",
    "that order was a mistake",
    "I placed that order by accident",
)
_EXCUSES = {"no longer needed": _NO_NEED, "ordered by mistake": _MISTAKE}
_OTHER_REASONS = (
    "I found it cheaper in another shop",
    "it takes too long to arrive",
    "a friend told me the quality is poor",
    "I'd rather buy it in a store",
    "I want to pay for it next month instead",
)
_MANNERS: dict[Manner, float] = {"plain": 0.34, "friendly": 0.2, "terse": 0.18, "chatty": 0.16, "annoyed": 0.12}
TOOLS: dict[Kind, str] = {
    "cancel": "cancel_pending_order",
    "return": "return_delivered_order_items",
    "exchange": "exchange_delivered_order_items",
    "modify_items": "modify_pending_order_items",
    "modify_address": "modify_pending_order_address",
    "modify_payment": "modify_pending_order_payment",
    "user_address": "modify_user_address",
}
"""The write that fulfils a request of each kind."""


@dataclass
class Goal:
    """What one customer wants in one call.

    Args:
        kind: The recipe's name.
        facts: What the customer knows and wants.
        user_id: Who it is.
        difficulties: What makes it hard.
    """

    kind: str
    facts: Facts
    user_id: str
    difficulties: tuple[str, ...] = ()


@dataclass
class _Draft:
    requests: list[Request]
    difficulties: list[str] = field(default_factory=list)
    upfront: int = 1


class Explorer:
    """Looks for feasible requests in one world.

    Args:
        rows: The world.
        dice: Everything random comes from it.
    """

    def __init__(self, rows: Rows, dice: Dice) -> None:
        tables = rows["assistant"]
        self.users: dict[str, _Record] = tables["users"]
        self.orders: dict[str, _Record] = tables["orders"]
        self.products: dict[str, _Record] = tables["products"]
        self.dice = dice
        self.user: _Record = {}

    def draw(self, kind: str, attempts: int = 400) -> Goal | None:
        """A goal of a recipe, or None if the world has none.

        Args:
            kind: A key of :data:`RECIPES`.
            attempts: How many customers to try.
        """
        ids = list(self.users)
        for _ in range(attempts):
            self.user = self.users[self.dice.pick(ids)]
            draft = RECIPES[kind](self)
            if draft is not None:
                return self._goal(kind, draft)
        return None

    def twin(self, goal: Goal, attempts: int = 200) -> Goal | None:
        """For a goal whose right answer is to refuse, a near one of the same customer whose right answer is to act."""
        self.user = self.users[goal.user_id]
        for _ in range(attempts):
            draft = _acts_instead(self, goal.facts.requests[0])
            if draft is not None:
                draft.requests += [request for request in goal.facts.requests[1:] if request.kind == "question"]
                draft.upfront = goal.facts.upfront
                return self._goal("act_" + goal.kind.removeprefix("refuse_"), draft, goal.facts)
        return None

    def _goal(self, kind: str, draft: _Draft, like: Facts | None = None) -> Goal:
        user, dice = self.user, self.dice
        facts = Facts(
            first_name=user["name"]["first_name"],
            last_name=user["name"]["last_name"],
            zip=user["address"]["zip"],
            email=user["email"],
            identifies_by=like.identifies_by if like else ("email" if dice.chance(0.4) else "name_zip"),
            manner=like.manner if like else dice.weighted(_MANNERS),
            detail=like.detail if like else ("full" if dice.chance(0.4) else "brief"),
            upfront=min(draft.upfront, len(draft.requests)),
            requests=tuple(draft.requests),
            methods=tuple(self._method(method) for method in user["payment_methods"]),
            orders={order: tuple(item["name"] for item in self.orders[order]["items"]) for order in user["orders"]},
        )
        return Goal(kind, facts, user["user_id"], tuple(draft.difficulties))

    # What there is

    def of_status(self, status: str) -> list[_Record]:
        """The customer's orders of a status."""
        return [self.orders[order] for order in self.user["orders"] if self.orders[order]["status"] == status]

    def _method(self, method_id: str) -> Method:
        method = self.user["payment_methods"][method_id]
        return Method(
            id=method_id, source=method["source"], brand=method.get("brand", ""), last_four=method.get("last_four", "")
        )

    def order_ref(self, order: _Record, items: Sequence[_Record] = (), *, vague: bool = False) -> OrderRef | None:
        """How the customer refers to an order: by its number, or by something that only this one has.

        Args:
            order: The order.
            items: The units that the request is about.
            vague: By a clue, never by the number; None if nothing tells the order apart.
        """
        paid = tuple(dict.fromkeys(entry["payment_method_id"] for entry in order["payment_history"]))
        if not vague:
            return OrderRef(id=order["order_id"], paid_by=paid)
        clues = self._clues(order, items)
        if not clues:
            return None
        clue, sign = self.dice.pick(clues)
        return OrderRef(id=order["order_id"], known=False, clue=clue, signs=(sign,), paid_by=paid)

    def _clues(self, order: _Record, items: Sequence[_Record]) -> list[tuple[str, str]]:
        others = [self.orders[other] for other in self.user["orders"] if other != order["order_id"]]
        elsewhere = {item["name"] for other in others for item in other["items"]}
        wanted = {item["name"] for item in items}
        found: list[tuple[str, str]] = []
        for name in dict.fromkeys(item["name"] for item in order["items"]):
            if name not in elsewhere | wanted:
                found.append((f"the order that had the {name} in it", name))
                found.append((f"the order with the {name}", name))
        city = order["address"]["city"]
        if others and all(other["address"]["city"] != city for other in others):
            found.append((f"the order that was shipped to {city}", city))
        total = f"{sum(item['price'] for item in order['items']):.2f}"
        if others:
            found.append((f"the order that came to {total} dollars altogether", total))
        return found

    def ambiguous(self, order: _Record, items: Sequence[_Record]) -> bool:
        """Whether the customer's other orders hold the same products, so that the names alone do not tell."""
        others = [self.orders[other] for other in self.user["orders"] if other != order["order_id"]]
        names = {item["name"] for item in items}
        return len(others) >= 2 and (
            not names or any(names & {item["name"] for item in other["items"]} for other in others)
        )

    def units(self, order: _Record, count: int) -> list[_Record] | None:
        """Some units of an order that a customer can speak of without mistaking one for the other."""
        items = order["items"]
        if len(items) < count or (count > 1 and len({item["name"] for item in items}) < count):
            return None
        chosen = self.dice.shuffled(items)[:count]
        if len({item["name"] for item in chosen}) < count:
            return None
        for item in chosen:
            twins = [other for other in items if other["item_id"] == item["item_id"]]
            if len(twins) > 1:
                return None
        return chosen

    def item_ref(self, order: _Record, item: _Record) -> ItemRef:
        """How the customer refers to a unit: by its product, and by what tells it from its other ones."""
        own = [other for other in order["items"] if other["name"] == item["name"] and other is not item]
        apart = [
            axis for axis, value in item["options"].items() if any(other["options"].get(axis) != value for other in own)
        ]
        return ItemRef(
            item_id=item["item_id"],
            product=item["name"],
            options=item["options"],
            tell_apart=tuple(apart),
            axes=self._axes(item["product_id"]),
        )

    def _axes(self, product_id: str) -> dict[str, tuple[str, ...]]:
        axes: dict[str, dict[str, None]] = {}
        for variant in self.products[product_id]["variants"].values():
            for axis, value in variant["options"].items():
                axes.setdefault(axis, {})[value] = None
        return {axis: tuple(values) for axis, values in axes.items()}

    def change(self, order: _Record, item: _Record, *, available: bool = True, most: int = 2) -> ItemRef | None:
        """A unit with another variant of its product that the customer would like instead."""
        ref = self.item_ref(order, item)
        variants = self.products[item["product_id"]]["variants"].values()
        fits = []
        for variant in variants:
            differing = [axis for axis, value in variant["options"].items() if item["options"].get(axis) != value]
            if variant["available"] == available and 1 <= len(differing) <= most:
                fits.append((variant, differing))
        if not fits:
            return None
        variant, differing = self.dice.pick(fits)
        return ref.model_copy(
            update={
                "new_item_id": variant["item_id"],
                "new_options": dict(variant["options"]),
                "wanted": tuple(differing),
            }
        )

    def payer(self, cost: float, *, only: Sequence[str] = ()) -> Method | None:
        """A method that can pay a sum; a refund (below 0) can go to any."""
        fits = [
            method_id
            for method_id, method in self.user["payment_methods"].items()
            if (not only or method_id in only) and (method["source"] != "gift_card" or method["balance"] >= cost)
        ]
        return self._method(self.dice.pick(fits)) if fits else None

    def refund_to(self, order: _Record, *, other: bool = False) -> Method:
        """Where the money of a return may go: the original method, or a gift card of the customer."""
        original = order["payment_history"][0]["payment_method_id"]
        gifts = [
            key
            for key, method in self.user["payment_methods"].items()
            if method["source"] == "gift_card" and key != original
        ]
        return self._method(self.dice.pick(gifts) if gifts and (other or self.dice.chance(0.4)) else original)

    def difference(self, order: _Record, items: Sequence[ItemRef]) -> float:
        """What the new variants cost more than the old units."""
        total = 0.0
        for ref in items:
            old = next(item for item in order["items"] if item["item_id"] == ref.item_id)
            total += self.products[old["product_id"]]["variants"][ref.new_item_id]["price"] - old["price"]
        return round(total, 2)

    def address(self) -> Place:
        """An address where the customer does not live yet."""
        drawn = places.draw(self.dice, self.dice.pick(places.CITIES))
        return Place(**drawn)

    # Single requests

    def cancel(self, *, vague: bool = False, reason: str | None = None) -> Request | None:
        """To cancel a pending order."""
        orders = self.of_status("pending")
        if not orders:
            return None
        order = self.dice.pick(orders)
        ref = self.order_ref(order, vague=vague)
        if ref is None:
            return None
        why: Any = reason or self.dice.pick(("no longer needed", "ordered by mistake"))
        items = tuple(self.item_ref(order, item) for item in order["items"][:1])
        return Request(kind="cancel", order=ref, items=items, reason=why, excuse=self.dice.pick(_EXCUSES[why]))

    def give_back(self, count: int = 1, *, vague: bool = False) -> Request | None:
        """To return units of a delivered order."""
        orders = self.of_status("delivered")
        if not orders:
            return None
        order = self.dice.pick(orders)
        items = self.units(order, count)
        if items is None or (vague and not self.ambiguous(order, items)):
            return None
        ref = self.order_ref(order, items, vague=vague)
        if ref is None:
            return None
        return Request(
            kind="return",
            order=ref,
            items=tuple(self.item_ref(order, item) for item in items),
            payment=self.refund_to(order),
        )

    def swap(self, kind: Kind, count: int = 1, *, vague: bool = False) -> Request | None:
        """To exchange units of a delivered order, or change those of a pending one."""
        orders = self.of_status("delivered" if kind == "exchange" else "pending")
        if not orders:
            return None
        order = self.dice.pick(orders)
        items = self.units(order, count)
        if items is None or (vague and not self.ambiguous(order, items)):
            return None
        changes = [self.change(order, item) for item in items]
        ref = self.order_ref(order, items, vague=vague)
        if ref is None or None in changes:
            return None
        refs = tuple(change for change in changes if change is not None)
        payment = self.payer(self.difference(order, refs))
        return None if payment is None else Request(kind=kind, order=ref, items=refs, payment=payment)

    def ship_to(self, *, vague: bool = False) -> Request | None:
        """To ship a pending order to another address."""
        orders = self.of_status("pending")
        if not orders:
            return None
        order = self.dice.pick(orders)
        ref = self.order_ref(order, vague=vague)
        if ref is None:
            return None
        items = tuple(self.item_ref(order, item) for item in order["items"][:1])
        return Request(kind="modify_address", order=ref, items=items, address=self.address())

    def pay_by(self) -> Request | None:
        """To pay a pending order by another method."""
        orders = [order for order in self.of_status("pending") if len(order["payment_history"]) == 1]
        if not orders:
            return None
        order = self.dice.pick(orders)
        entry = order["payment_history"][0]
        others = [method for method in self.user["payment_methods"] if method != entry["payment_method_id"]]
        payment = self.payer(entry["amount"], only=others) if others else None
        ref = self.order_ref(order)
        if payment is None or ref is None:
            return None
        items = tuple(self.item_ref(order, item) for item in order["items"][:1])
        return Request(kind="modify_payment", order=ref, items=items, payment=payment)

    def move(self) -> Request:
        """To change the default address."""
        return Request(kind="user_address", address=self.address())

    def any_write(self) -> Request | None:
        """A request of whatever kind."""
        makers: Sequence[Callable[[], Request | None]] = (
            self.cancel,
            self.give_back,
            lambda: self.give_back(2),
            lambda: self.swap("exchange"),
            lambda: self.swap("modify_items"),
            self.ship_to,
            self.pay_by,
            self.move,
        )
        return self.dice.pick(makers)()

    def ask(self) -> Request | None:
        """A question that a tool answers and that changes nothing."""
        kinds = ["tracking", "total", "balance", "price"]
        kind = self.dice.pick(kinds)
        if kind == "balance":
            cards = [card for card in self.user["payment_methods"].values() if card["source"] == "gift_card"]
            if len(cards) != 1:
                return None
            return Request(
                kind="question", question="how much money is left on my gift card", answer=f"{cards[0]['balance']:.2f}"
            )
        orders = [self.orders[order] for order in self.user["orders"]]
        if not orders:
            return None
        order = self.dice.pick(orders)
        ref = self.order_ref(order)
        if kind == "tracking":
            if len(order["fulfillments"]) != 1:
                return None
            answer = order["fulfillments"][0]["tracking_id"][0]
            return Request(
                kind="question", order=ref, question=f"the tracking number of order {order['order_id']}", answer=answer
            )
        if kind == "total":
            answer = f"{sum(item['price'] for item in order['items']):.2f}"
            return Request(
                kind="question",
                order=ref,
                question=f"what all the items of order {order['order_id']} cost together",
                answer=answer,
            )
        singles = [
            item for item in order["items"] if [other["name"] for other in order["items"]].count(item["name"]) == 1
        ]
        if not singles:
            return None
        item = self.dice.pick(singles)
        text = f"what I paid for the {item['name']} in order {order['order_id']}"
        return Request(kind="question", order=ref, question=text, answer=f"{item['price']:.2f}")


def _touched(request: Request) -> set[str]:
    """The orders that a request changes, in whatever stage."""
    found = {request.order.id} if request.order is not None and request.kind != "question" else set()
    for other in (request.first, request.otherwise):
        if other is not None:
            found |= _touched(other)
    return found | ({"profile"} if request.kind == "user_address" else set())


def _single(make: Callable[[Explorer], Request | None], *difficulties: str) -> Callable[[Explorer], _Draft | None]:
    def recipe(explorer: Explorer) -> _Draft | None:
        request = make(explorer)
        return None if request is None else _Draft([request], list(difficulties))

    return recipe


def _several(count: int) -> Callable[[Explorer], _Draft | None]:
    def recipe(explorer: Explorer) -> _Draft | None:
        found: list[Request] = []
        taken: set[str] = set()
        for _ in range(12):
            request = explorer.any_write()
            if (
                request is None
                or _touched(request) & taken
                or len([one for one in found if one.kind == request.kind]) > 1
            ):
                continue
            found.append(request)
            taken |= _touched(request)
            if len(found) == count:
                upfront = explorer.dice.number(1, count)
                return _Draft(found, [f"{count} requests"], upfront)
        return None

    return recipe


def _with_question(explorer: Explorer) -> _Draft | None:
    request, question = explorer.any_write(), explorer.ask()
    if request is None or question is None:
        return None
    if request.payment is not None and request.payment.source == "gift_card" and "gift card" in question.question:
        return None
    requests = [request, question] if explorer.dice.chance(0.5) else [question, request]
    return _Draft(requests, ["a fact to tell"], explorer.dice.number(1, 2))


def _change_of_mind(explorer: Explorer) -> _Draft | None:
    dice = explorer.dice
    kind = dice.pick(("variant", "fewer", "return", "payment", "cancel", "address"))
    if kind == "variant":
        final = explorer.swap(dice.pick(("exchange", "modify_items")))
        if final is None or final.order is None:
            return None
        order = explorer.orders[final.order.id]
        item = next(item for item in order["items"] if item["item_id"] == final.items[0].item_id)
        other = explorer.change(order, item)
        if other is None or other.new_item_id == final.items[0].new_item_id:
            return None
        first = final.model_copy(update={"items": (other,)})
    elif kind == "fewer":
        both = explorer.give_back(2)
        if both is None:
            return None
        first, final = both, both.model_copy(update={"items": both.items[:1]})
    elif kind == "return":
        found = explorer.swap("exchange")
        if found is None or found.order is None:
            return None
        final = found
        items = tuple(
            item.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()}) for item in final.items
        )
        first = final.model_copy(
            update={"kind": "return", "items": items, "payment": explorer.refund_to(explorer.orders[final.order.id])}
        )
    elif kind == "payment":
        found = explorer.give_back()
        if found is None or found.order is None or found.payment is None:
            return None
        other_method = explorer.refund_to(explorer.orders[found.order.id], other=True)
        if other_method == found.payment:
            return None
        first, final = found.model_copy(update={"payment": other_method}), found
    elif kind == "cancel":
        found = explorer.swap("modify_items")
        if found is None:
            return None
        final = found
        reason: Any = dice.pick(("no longer needed", "ordered by mistake"))
        first = Request(
            kind="cancel", order=final.order, items=final.items, reason=reason, excuse=dice.pick(_EXCUSES[reason])
        )
        first = first.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()})
                    for item in final.items
                )
            }
        )
    else:
        found = explorer.ship_to()
        if found is None:
            return None
        final = found
        first = final.model_copy(update={"address": explorer.address()})
    return _Draft([final.model_copy(update={"first": first})], ["change of mind"])


def _conditional(explorer: Explorer) -> _Draft | None:
    """The wanted variant is sold out; the customer has an alternative."""
    dice = explorer.dice
    kind: Kind = dice.pick(("exchange", "modify_items"))
    last = explorer.swap(kind)
    if last is None or last.order is None:
        return None
    order = explorer.orders[last.order.id]
    item = next(item for item in order["items"] if item["item_id"] == last.items[0].item_id)
    gone = explorer.change(order, item, available=False)
    if gone is None:
        return None
    otherwise: Request = last
    if dice.chance(0.4):
        bare = tuple(
            one.model_copy(update={"new_item_id": None, "new_options": None, "wanted": ()}) for one in last.items
        )
        if kind == "exchange":
            otherwise = last.model_copy(update={"kind": "return", "items": bare, "payment": explorer.refund_to(order)})
        else:
            otherwise = Request(
                kind="cancel", order=last.order, items=bare, reason="no longer needed", excuse=dice.pick(_NO_NEED)
            )
    request = last.model_copy(update={"items": (gone,), "otherwise": otherwise, "says_otherwise": dice.chance(0.5)})
    return _Draft([request], ["sold out"])


def _refund_elsewhere(explorer: Explorer) -> _Draft | None:
    """The refund is wanted where the policy does not allow it; the original method will do too."""
    request = explorer.give_back()
    if request is None or request.order is None:
        return None
    original = explorer.orders[request.order.id]["payment_history"][0]["payment_method_id"]
    methods = explorer.user["payment_methods"]
    others = [key for key, method in methods.items() if method["source"] != "gift_card" and key != original]
    if not others:
        return None
    elsewhere = explorer._method(explorer.dice.pick(others))
    allowed = request.model_copy(update={"payment": explorer._method(original)})
    asked = request.model_copy(
        update={
            "payment": elsewhere,
            "otherwise": allowed,
            "says_otherwise": False,
            "forbidden": "A refund can go to the original payment method or to a gift card only.",
        }
    )
    return _Draft([asked], ["forbidden at first"])


def _forbidden(explorer: Explorer) -> Request | None:
    """A request that the policy forbids."""
    dice = explorer.dice
    kind = dice.pick(("reason", "status", "status", "undelivered", "poor_card"))
    if kind == "reason":
        request = explorer.cancel()
        if request is None:
            return None
        why = "An order can be cancelled only because it is no longer needed or was ordered by mistake."
        return request.model_copy(update={"reason": None, "excuse": dice.pick(_OTHER_REASONS), "forbidden": why})
    if kind == "status":
        orders = [*explorer.of_status("processed"), *explorer.of_status("delivered")]
        if not orders:
            return None
        order = dice.pick(orders)
        reason: Any = dice.pick(("no longer needed", "ordered by mistake"))
        items = tuple(explorer.item_ref(order, item) for item in order["items"][:1])
        why = f"The order is {order['status']}; only pending orders can be cancelled."
        return Request(
            kind="cancel",
            order=explorer.order_ref(order),
            items=items,
            reason=reason,
            excuse=dice.pick(_EXCUSES[reason]),
            forbidden=why,
        )
    if kind == "undelivered":
        orders = [*explorer.of_status("processed"), *explorer.of_status("pending")]
        if not orders:
            return None
        order = dice.pick(orders)
        units = explorer.units(order, 1)
        if units is None:
            return None
        items = tuple(explorer.item_ref(order, item) for item in units)
        why = f"The order is {order['status']}; only delivered items can be returned."
        return Request(
            kind="return",
            order=explorer.order_ref(order),
            items=items,
            payment=explorer.refund_to(order),
            forbidden=why,
        )
    orders = [order for order in explorer.of_status("pending") if len(order["payment_history"]) == 1]
    if not orders:
        return None
    order = dice.pick(orders)
    entry = order["payment_history"][0]
    poor = [
        key
        for key, method in explorer.user["payment_methods"].items()
        if method["source"] == "gift_card" and method["balance"] < entry["amount"] and key != entry["payment_method_id"]
    ]
    if not poor:
        return None
    items = tuple(explorer.item_ref(order, item) for item in order["items"][:1])
    why = "The gift card does not cover the whole amount of the order."
    return Request(
        kind="modify_payment",
        order=explorer.order_ref(order),
        items=items,
        payment=explorer._method(dice.pick(poor)),
        forbidden=why,
    )


def _refuse(explorer: Explorer) -> _Draft | None:
    """Only to refuse, and to tell a fact: an agent that does nothing must not pass."""
    request, question = _forbidden(explorer), explorer.ask()
    if request is None or question is None:
        return None
    return _Draft([request, question], ["forbidden"], explorer.dice.number(1, 2))


def _mixed(explorer: Explorer) -> _Draft | None:
    """One request that is forbidden and one that is not."""
    bad, good = _forbidden(explorer), explorer.any_write()
    if bad is None or good is None or _touched(bad) & _touched(good):
        return None
    requests = [bad, good] if explorer.dice.chance(0.5) else [good, bad]
    return _Draft(requests, ["forbidden", "2 requests"], explorer.dice.number(1, 2))


def _acts_instead(explorer: Explorer, refused: Request) -> _Draft | None:
    """What the customer of a refused request might have asked for and got."""
    if refused.kind == "cancel" and refused.reason is None and refused.order is not None:
        reason: Any = explorer.dice.pick(("no longer needed", "ordered by mistake"))
        excuse = explorer.dice.pick(_EXCUSES[reason])
        return _Draft(
            [refused.model_copy(update={"reason": reason, "excuse": excuse, "forbidden": ""})], ["twin of a refusal"]
        )
    makers: dict[Kind, Callable[[], Request | None]] = {
        "cancel": explorer.cancel,
        "return": explorer.give_back,
        "modify_payment": explorer.pay_by,
    }
    request = makers.get(refused.kind, explorer.any_write)() or explorer.any_write()
    return None if request is None else _Draft([request], ["twin of a refusal"])


RECIPES: dict[str, Callable[[Explorer], _Draft | None]] = {
    "cancel": _single(lambda explorer: explorer.cancel()),
    "cancel_vague": _single(
        lambda explorer: explorer.cancel(vague=True) if len(explorer.of_status("pending")) > 1 else None,
        "order by clue",
    ),
    "return": _single(lambda explorer: explorer.give_back()),
    "return_vague": _single(lambda explorer: explorer.give_back(vague=True), "order by clue"),
    "return_several": _single(lambda explorer: explorer.give_back(explorer.dice.number(2, 3)), "several items"),
    "exchange": _single(lambda explorer: explorer.swap("exchange")),
    "exchange_vague": _single(lambda explorer: explorer.swap("exchange", vague=True), "order by clue"),
    "exchange_several": _single(lambda explorer: explorer.swap("exchange", 2), "several items"),
    "modify_items": _single(lambda explorer: explorer.swap("modify_items")),
    "modify_items_vague": _single(lambda explorer: explorer.swap("modify_items", vague=True), "order by clue"),
    "modify_items_several": _single(lambda explorer: explorer.swap("modify_items", 2), "several items"),
    "modify_address": _single(lambda explorer: explorer.ship_to(vague=explorer.dice.chance(0.3))),
    "modify_payment": _single(lambda explorer: explorer.pay_by()),
    "user_address": _single(lambda explorer: explorer.move()),
    "two_requests": _several(2),
    "three_requests": _several(3),
    "change_of_mind": _change_of_mind,
    "sold_out": _conditional,
    "refund_elsewhere": _refund_elsewhere,
    "question": _with_question,
    "mixed": _mixed,
    "refuse": _refuse,
}
"""Kinds of goals by name."""


def writes(facts: Facts, user_id: str) -> list[dict[str, Any]]:
    """The writes that fulfil what the facts ask for, in the order of the requests; what is forbidden has none."""
    made = []
    for request in facts.requests:
        final = settled(request)
        if final.kind != "question" and not final.forbidden:
            made.append({"name": TOOLS[final.kind], "arguments": arguments(final, user_id)})
    return made


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
