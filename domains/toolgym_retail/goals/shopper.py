"""The customers of a world, one at a time: what each has, and the single requests that it may make of the shop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from toolgym.database import Record, Rows
from toolgym.generators.drafts import Caller, Draft, speech
from toolgym.generators.recipes import Maker, one_of
from toolgym.worlds import Dice, places
from toolgym_retail.facts import Facts, ItemRef, Method, OrderRef, Place, Request, RequestKind, stages
from toolgym_retail.records import total_of

Reason: TypeAlias = Literal["no longer needed", "ordered by mistake"]

_EXCUSES: dict[Reason, tuple[str, ...]] = {
    "no longer needed": (
        "I don't need it any more",
        "I no longer need it",
        "my plans changed and I don't need it now",
        "I won't need it after all",
        "we don't need it anymore",
        "I found I don't need it",
    ),
    "ordered by mistake": (
        "I ordered it by mistake",
        "it was ordered by accident",
        "I clicked the wrong button, it was a mistake",
        "my son ordered it by mistake",
        "that order was a mistake",
        "I placed that order by accident",
    ),
}


class Shopper(Caller[Request, Facts]):
    """One customer of a world after another, and its feasible requests.

    Args:
        rows: The world.
        dice: Everything random comes from it.
    """

    def __init__(self, rows: Rows, dice: Dice) -> None:
        tables = rows["assistant"]
        super().__init__(tables["users"], dice)
        self.orders: dict[str, Record] = tables["orders"]
        self.products: dict[str, Record] = tables["products"]

    def facts(self, draft: Draft[Request], like: Facts | None = None) -> Facts:
        """What the customer knows and wants."""
        user, dice = self.user, self.dice
        return Facts(
            first_name=user["name"]["first_name"],
            last_name=user["name"]["last_name"],
            zip=user["address"]["zip"],
            email=user["email"],
            identifies_by=like.identifies_by if like is not None else "email" if dice.chance(0.4) else "name_zip",
            methods=tuple(self.method(method) for method in user["payment_methods"]),
            orders={order: tuple(item["name"] for item in self.orders[order]["items"]) for order in user["orders"]},
            **speech(draft, like, dice),
        )

    def changes(self, request: Request) -> set[str]:
        """The order that a request changes, or ``"profile"``."""
        if request.kind == "user_address":
            return {"profile"}
        return {request.order.id} if request.order is not None and request.kind != "question" else set()

    def answers_move(self, requests: Sequence[Request]) -> bool:
        """Whether a request changes the order or the gift card that another one asks about."""
        done = [request for request in requests if request.kind != "question"]
        wanted = [stage for request in done for stage in stages(request) if not stage.forbidden]
        orders = self.touched(*wanted)
        by_card = any(request.payment is not None and request.payment.source == "gift_card" for request in wanted)
        for request in requests:
            if request.kind == "question" and request.order is not None and request.order.id in orders:
                return True
            if request.kind == "question" and "gift card" in request.question and (by_card or orders - {"profile"}):
                return True
        return False

    # What there is

    def of_status(self, *statuses: str) -> list[Record]:
        """The customer's orders, status by status."""
        orders = [self.orders[order] for order in self.user["orders"]]
        return [order for status in statuses for order in orders if order["status"] == status]

    def paid_once(self) -> list[Record]:
        """The customer's pending orders whose payment may be changed: those with a single payment."""
        return [order for order in self.of_status("pending") if len(order["payment_history"]) == 1]

    def some(self, orders: Sequence[Record]) -> Record | None:
        """One of some orders, or None if there are none."""
        return self.dice.pick(orders) if orders else None

    def method(self, method_id: str) -> Method:
        """How the customer speaks of a payment method."""
        return Method.of(self.user["payment_methods"][method_id])

    def order_ref(
        self, order: Record, items: Sequence[Record] = (), *, vague: bool = False, clue: str = ""
    ) -> OrderRef | None:
        """How the customer refers to an order: by its number, or by something that only this one has.

        Args:
            order: The order.
            items: The units that the request is about.
            vague: By a clue, never by the number; None if nothing tells the order apart.
            clue: Which clue, if it is vague: ``"product"``, another product in it; ``"bill"``, where it went or what
                it came to; ``"any"``, either, as by default.
        """
        paid = tuple(dict.fromkeys(entry["payment_method_id"] for entry in order["payment_history"]))
        if not vague:
            return OrderRef(id=order["order_id"], paid_by=paid)
        clues = self._clues(order, items)
        if clue:
            names = {item["name"] for item in order["items"]}
            clues = [one for one in clues if clue == "any" or (one[1] in names) == (clue == "product")]
        if not clues:
            return None
        clue, sign = self.dice.pick(clues)
        return OrderRef(id=order["order_id"], known=False, clue=clue, signs=(sign,), paid_by=paid)

    def _clues(self, order: Record, items: Sequence[Record]) -> list[tuple[str, str]]:
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
        total = total_of(order)
        if others and all(total_of(other) != total for other in others):
            found.append((f"the order that came to ${total}", total))
        return found

    def ambiguous(self, order: Record, items: Sequence[Record]) -> bool:
        """Whether the customer's other orders hold the same products, so that the names alone do not tell."""
        others = [self.orders[other] for other in self.user["orders"] if other != order["order_id"]]
        names = {item["name"] for item in items}
        return len(others) >= 2 and (
            not names or any(names & {item["name"] for item in other["items"]} for other in others)
        )

    def units(self, order: Record, count: int) -> list[Record] | None:
        """Some units of an order that a customer can speak of without mistaking one for the other."""
        items = order["items"]
        if len(items) < count or (count > 1 and len({item["name"] for item in items}) < count):
            return None
        chosen = self.dice.shuffled(items)[:count]
        if len({item["name"] for item in chosen}) < count:
            return None
        numbers = [item["item_id"] for item in items]
        return None if any(numbers.count(item["item_id"]) > 1 for item in chosen) else chosen

    def item_ref(self, order: Record, item: Record) -> ItemRef:
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

    def first_unit(self, order: Record) -> tuple[ItemRef, ...]:
        """A unit by which the customer can speak of a whole order."""
        return tuple(self.item_ref(order, item) for item in order["items"][:1])

    def _axes(self, product_id: str) -> dict[str, tuple[str, ...]]:
        axes: dict[str, dict[str, None]] = {}
        for variant in self.products[product_id]["variants"].values():
            for axis, value in variant["options"].items():
                axes.setdefault(axis, {})[value] = None
        return {axis: tuple(values) for axis, values in axes.items()}

    def change(self, order: Record, item: Record, *, available: bool = True, most: int = 2) -> ItemRef | None:
        """A unit with another variant of its product that the customer would like instead."""
        ref = self.item_ref(order, item)
        variants = self.products[item["product_id"]]["variants"].values()
        new = [ref.becoming(variant) for variant in variants if variant["available"] == available]
        fits = [one for one in new if 1 <= len(one.wanted) <= most]
        return self.dice.pick(fits) if fits else None

    def payer(self, cost: float, *, only: Sequence[str] = ()) -> Method | None:
        """A method that can pay a sum; a refund (below 0) can go to any."""
        fits = [
            method_id
            for method_id, method in self.user["payment_methods"].items()
            if (not only or method_id in only) and (method["source"] != "gift_card" or method["balance"] >= cost)
        ]
        return self.method(self.dice.pick(fits)) if fits else None

    def refund_to(self, order: Record, *, other: bool = False) -> Method:
        """Where the money of a return may go: the original method, or a gift card of the customer."""
        original = order["payment_history"][0]["payment_method_id"]
        gifts = [
            key
            for key, method in self.user["payment_methods"].items()
            if method["source"] == "gift_card" and key != original
        ]
        return self.method(self.dice.pick(gifts) if gifts and (other or self.dice.chance(0.4)) else original)

    def difference(self, order: Record, items: Sequence[ItemRef]) -> float:
        """What the new variants cost more than the old units."""
        total = 0.0
        for ref in items:
            old = next(item for item in order["items"] if item["item_id"] == ref.item_id)
            total += self.products[old["product_id"]]["variants"][ref.new_item_id]["price"] - old["price"]
        return round(total, 2)

    def address(self) -> Place:
        """An address where the customer does not live yet."""
        return Place(**places.draw(self.dice, self.dice.pick(places.CITIES)))

    def reason(self) -> tuple[Reason, str]:
        """Why an order is cancelled, as the policy has it and in the customer's own words."""
        reason: Reason = self.dice.pick(tuple(_EXCUSES))
        return reason, self.excuse(reason)

    def excuse(self, reason: Reason) -> str:
        """A reason in the customer's own words."""
        return self.dice.pick(_EXCUSES[reason])

    # Single requests

    def cancel(self, *, vague: bool = False) -> Request | None:
        """To cancel a pending order."""
        order = self.some(self.of_status("pending"))
        ref = self.order_ref(order, vague=vague) if order is not None else None
        if order is None or ref is None:
            return None
        reason, excuse = self.reason()
        return Request(kind="cancel", order=ref, items=self.first_unit(order), reason=reason, excuse=excuse)

    def give_back(self, count: int = 1, *, vague: bool = False) -> Request | None:
        """To return units of a delivered order."""
        found = self._units_of("delivered", count, vague=vague)
        if found is None:
            return None
        order, units = found
        ref = self.order_ref(order, units, vague=vague)
        if ref is None:
            return None
        items = tuple(self.item_ref(order, item) for item in units)
        return Request(kind="return", order=ref, items=items, payment=self.refund_to(order))

    def swap(self, kind: RequestKind, count: int = 1, *, vague: bool = False) -> Request | None:
        """To exchange units of a delivered order, or change those of a pending one."""
        found = self._units_of("delivered" if kind == "exchange" else "pending", count, vague=vague)
        if found is None:
            return None
        order, units = found
        changes = [self.change(order, item) for item in units]
        ref = self.order_ref(order, units, vague=vague)
        items = tuple(change for change in changes if change is not None)
        if ref is None or len(items) < len(units):
            return None
        payment = self.payer(self.difference(order, items))
        return None if payment is None else Request(kind=kind, order=ref, items=items, payment=payment)

    def _units_of(self, status: str, count: int, *, vague: bool) -> tuple[Record, list[Record]] | None:
        """An order of a status and some of its units; if vague, one that could be mistaken for another."""
        order = self.some(self.of_status(status))
        units = self.units(order, count) if order is not None else None
        if order is None or units is None or (vague and not self.ambiguous(order, units)):
            return None
        return order, units

    def ship_to(self, *, vague: bool = False) -> Request | None:
        """To ship a pending order to another address."""
        order = self.some(self.of_status("pending"))
        ref = self.order_ref(order, vague=vague) if order is not None else None
        if order is None or ref is None:
            return None
        return Request(kind="modify_address", order=ref, items=self.first_unit(order), address=self.address())

    def pay_by(self) -> Request | None:
        """To pay a pending order by another method."""
        order = self.some(self.paid_once())
        if order is None:
            return None
        entry = order["payment_history"][0]
        others = [method for method in self.user["payment_methods"] if method != entry["payment_method_id"]]
        payment = self.payer(entry["amount"], only=others) if others else None
        ref = self.order_ref(order)
        if payment is None or ref is None:
            return None
        return Request(kind="modify_payment", order=ref, items=self.first_unit(order), payment=payment)

    def move(self) -> Request:
        """To change the default address."""
        return Request(kind="user_address", address=self.address())

    def any_write(self) -> Request | None:
        """A request of whatever kind."""
        return _ANY_WRITE(self)

    def ask(self) -> Request | None:
        """A question that a tool answers and that changes nothing."""
        kind = self.dice.pick(("tracking", "total", "balance", "price"))
        if kind == "balance":
            cards = [card for card in self.user["payment_methods"].values() if card["source"] == "gift_card"]
            if len(cards) != 1:
                return None
            balance = f"{cards[0]['balance']:.2f}"
            return Request(kind="question", question="how much money is left on my gift card", answer=balance)
        order = self.some([self.orders[order] for order in self.user["orders"]])
        if order is None:
            return None
        asked = {"tracking": self._tracking, "total": self._total, "price": self._price}[kind](order)
        if asked is None:
            return None
        question, answer = asked
        return Request(kind="question", order=self.order_ref(order), question=question, answer=answer)

    def ask_sum(self) -> Request | None:
        """A question that no tool answers by itself: what two of an order's several items came to."""
        order = self.some([self.orders[order] for order in self.user["orders"]])
        singles = _singles(order) if order is not None else []
        if order is None or len(order["items"]) < 3 or len(singles) < 2:
            return None
        one, other = self.dice.shuffled(singles)[:2]
        asked = f"what I paid for the {one['name']} and the {other['name']} together in order {order['order_id']}"
        answer = f"{one['price'] + other['price']:.2f}"
        return Request(kind="question", order=self.order_ref(order), question=asked, answer=answer)

    def _tracking(self, order: Record) -> tuple[str, str] | None:
        if len(order["fulfillments"]) != 1:
            return None
        return f"the tracking number of order {order['order_id']}", order["fulfillments"][0]["tracking_id"][0]

    def _total(self, order: Record) -> tuple[str, str] | None:
        return f"the total of order {order['order_id']}", total_of(order)

    def _price(self, order: Record) -> tuple[str, str] | None:
        singles = _singles(order)
        if not singles:
            return None
        item = self.dice.pick(singles)
        return f"what I paid for the {item['name']} in order {order['order_id']}", f"{item['price']:.2f}"


def _singles(order: Record) -> list[Record]:
    """The items of which an order holds one alone."""
    names = [item["name"] for item in order["items"]]
    return [item for item in order["items"] if names.count(item["name"]) == 1]


_ANY_WRITE: Maker[Shopper, Request] = one_of(
    Shopper.cancel,
    Shopper.give_back,
    lambda shopper: shopper.give_back(2),
    lambda shopper: shopper.swap("exchange"),
    lambda shopper: shopper.swap("modify_items"),
    Shopper.ship_to,
    Shopper.pay_by,
    Shopper.move,
)
