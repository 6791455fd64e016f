"""The novice of the retail domain: the oracle with a beginner's faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from toolgym.domain import Domain
from toolgym.language.consent import says_yes
from toolgym.messages import Message
from toolgym.patterns import PATTERNS, Injection, current_name
from toolgym.tasks import Task
from toolgym_retail import speech
from toolgym_retail.facts import ItemRef, OrderRef, Request, settled, stages
from toolgym_retail.oracle import Oracle, Talk
from toolgym_retail.speech import OracleWording

RATES: dict[str, float] = {
    "wrong_variant": 0.20,
    "item_from_another_record": 0.10,
    "invalid_argument": 0.10,
    "wrong_record": 0.12,
    "misattributed_item": 0.20,
    "no_confirmation": 0.12,
    "ended_early": 0.12,
    "repeated_call": 0.06,
    "fact_not_said": 0.20,
    "forbidden_write": 0.45,
    "needless_transfer": 0.04,
}
"""How often each fault is made where there is an opportunity for it."""
SPOKEN = 0.4
"""How often a wrong choice shows in the proposal already, where the customer can object."""
MENDS = 0.7
"""How often the novice tries again rightly after a tool has refused its call."""


class Novice(Oracle):
    """Plays like the oracle, and slips.

    Every fault is drawn where it can be made, so that an episode may hold several. Some are recovered from: the
    customer objects to a wrong proposal, or a tool refuses a wrong call. :attr:`injected` lists the faults that really
    happened.

    Args:
        domain: The retail domain.
        task: A task that carries facts.
        rng: Draws the faults, and the wording if it is not given.
        wording: How it speaks.
        rates: Chances by pattern, in ``[0, 1]``; those left out are 0. By default :data:`RATES`.

    Raises:
        TaskError: If the task carries no facts.
        ValueError: If a rate is of an unknown pattern or out of range.
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        wording: OracleWording | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(domain, task, rng, wording=wording)
        self.rates = RATES if rates is None else {current_name(name): rate for name, rate in rates.items()}
        for name, rate in self.rates.items():
            if name not in PATTERNS or not 0 <= rate <= 1:
                raise ValueError(f"the rate {name}={rate!r} is not a chance in [0, 1] of one of {', '.join(PATTERNS)}")
        self.injected: list[Injection] = []
        """The faults so far."""

    def slips(self, pattern: str) -> bool:
        """Whether a fault is made now."""
        return bool(self.rng.random() < self.rates.get(pattern, 0.0))

    def note(self, pattern: str, *, recovered: bool) -> None:
        """Put a fault that has happened on the list."""
        self.injected.append(Injection(pattern, len(self._view), recovered))

    # Where it slips

    def call(self, name: str, **given: Any) -> Talk:
        """See Oracle; now and then it makes a look-up twice."""
        result = yield from super().call(name, **given)
        if name.startswith("get_") and self.slips("repeated_call"):
            result = yield from super().call(name, **given)
            self.note("repeated_call", recovered=True)
        return result

    def serve(self, request: Request) -> Talk:
        """See Oracle; now and then it hands the customer over instead."""
        if self.slips("needless_transfer"):
            yield from super().call("transfer_to_human_agents", summary="The customer needs help.")
            self.note("needless_transfer", recovered=not self._left_to_do(request))
            while True:
                yield Message("assistant", self.line("transfer"))
        yield from super().serve(request)

    def _left_to_do(self, request: Request) -> bool:
        """Whether anything is still to be done or told, from a request on."""
        requests = self.facts.requests
        place = next((place for place, one in enumerate(requests) if request in stages(one)), 0)
        return any(settled(one).kind == "question" or not settled(one).forbidden for one in requests[place:])

    def answer(self, request: Request) -> Talk:
        """See Oracle; now and then it says that it has looked, but not what it found."""
        if self.slips("fact_not_said"):
            if request.order is not None and request.order.id not in self.records:
                yield from self.find_order(request)
            yield from self.say("I have looked that up for you, and all is in order.")
            again = bool(self.rng.random() < 0.5)
            self.note("fact_not_said", recovered=again)
            if not again:
                return
        yield from super().answer(request)

    def refuse(self, wish: Request) -> Talk:
        """See Oracle; now and then it does what is asked although it must not."""
        if self.slips("forbidden_write"):
            wrong = (
                wish.model_copy(update={"reason": wish.reason or "no longer needed"}) if wish.kind == "cancel" else wish
            )
            reply = yield from self.say(self.proposal(wish))  # it keeps quiet about the reason that it will give
            if says_yes(reply) and (yield from self.do(wrong)):
                self.note("forbidden_write", recovered=False)
                return True
        return (yield from super().refuse(wish))

    def act(self, wish: Request) -> Talk:
        """See Oracle; here it may take the wrong thing, skip the question, or only say that it is done."""
        pattern, wrong = yield from self._choose(wish)
        if self.slips("no_confirmation"):
            made = yield from self._make(wish, pattern, wrong)
            if made:
                self.note("no_confirmation", recovered=not self.is_first(wish))
            return True
        if wrong is not None and self.rng.random() < SPOKEN:
            reply = yield from self.say(self.proposal(wrong))
            if not says_yes(reply):
                self.note(pattern, recovered=True)
                return (yield from super().act(wish))
            yield from self._make(wish, pattern, wrong)
            return True
        for _ in range(4):
            reply = yield from self.say(self.proposal(wish))
            if says_yes(reply):
                if self.slips("ended_early"):
                    self._lead = speech.report(self.wording, wish, self.facts)
                    self.note("ended_early", recovered=False)
                else:
                    yield from self._make(wish, pattern, wrong)
                return True
            if self.is_first(wish):
                return False
        return True

    def _make(self, wish: Request, pattern: str, wrong: Request | None) -> Talk:
        """Make the write, the wrong one if there is one: whether a write was made."""
        if wrong is None:
            return (yield from self.do(wish))
        made = yield from self.do(wrong)
        if made:
            self.note(pattern, recovered=False)
            return True
        mends = bool(self.rng.random() < MENDS)
        self.note(pattern, recovered=mends)
        if mends:
            return (yield from self.do(wish))
        return False

    # What it takes instead

    def _choose(self, wish: Request) -> Talk:
        """A wrong choice and its pattern; ``("", None)`` when it chooses rightly. It may look at other orders."""
        makers = {
            "wrong_variant": self._other_variant,
            "item_from_another_record": self._other_item,
            "invalid_argument": self._invalid,
            "wrong_record": self._other_record,
            "misattributed_item": self._like_item,
        }
        for pattern, make in makers.items():
            if not self.slips(pattern):
                continue
            if pattern in ("item_from_another_record", "wrong_record", "misattributed_item"):
                yield from self._look_around(wish)
            wrong = make(wish)
            if wrong is not None and self.write(wrong) != self.write(wish):
                return pattern, wrong
        return "", None

    def _look_around(self, wish: Request) -> Talk:
        """Look at the customer's other orders."""
        for order_id in self._other_orders(wish):
            if order_id not in self.records:
                self.records[order_id] = yield from self.call("get_order_details", order_id=order_id)

    def _pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))] if values else None

    def _other_orders(self, wish: Request) -> list[str]:
        return [order for order in self.user.get("orders", ()) if wish.order is not None and order != wish.order.id]

    def _mistakable(self, wish: Request) -> list[str]:
        """Other orders to which the same could be done; if there is none, any."""
        status = self.records[wish.order.id]["status"] if wish.order is not None else ""
        others = self._other_orders(wish)
        return [order for order in others if self.records[order]["status"] == status] or others

    def _other_variant(self, wish: Request) -> Request | None:
        changed = [item for item in wish.items if item.new_item_id is not None]
        if not changed:
            return None
        item: ItemRef = self._pick(changed)
        variants = self.records[self.product_of(wish, item.item_id)]["variants"].values()
        others = [
            one for one in variants if one["available"] and one["item_id"] not in (item.item_id, item.new_item_id)
        ]
        chosen = self._pick(others)
        if chosen is None:
            return None
        new = item.model_copy(update={"new_item_id": chosen["item_id"], "new_options": dict(chosen["options"])})
        return wish.model_copy(update={"items": tuple(new if one is item else one for one in wish.items)})

    def _other_item(self, wish: Request) -> Request | None:
        """A unit of another order that it has looked at, put into the call of this one."""
        if wish.kind not in ("return", "exchange", "modify_items") or wish.order is None:
            return None
        own = {unit["item_id"] for unit in self.records[wish.order.id]["items"]}
        foreign = [
            unit
            for order in self._other_orders(wish)
            for unit in self.records.get(order, {}).get("items", ())
            if unit["item_id"] not in own
        ]
        unit = self._pick(foreign)
        if unit is None:
            return None
        item = wish.items[0].model_copy(
            update={"item_id": unit["item_id"], "product": unit["name"], "options": dict(unit["options"])}
        )
        return wish.model_copy(update={"items": (item, *wish.items[1:])})

    def _invalid(self, wish: Request) -> Request | None:
        """An order number without its mark, or a payment method that is nobody's."""
        if wish.payment is not None and self.rng.random() < 0.5:
            return wish.model_copy(update={"payment": wish.payment.model_copy(update={"id": wish.payment.source})})
        if wish.order is None:
            return None
        return wish.model_copy(update={"order": wish.order.model_copy(update={"id": wish.order.id.removeprefix("#")})})

    def _other_record(self, wish: Request) -> Request | None:
        """Another order of the customer in the place of the right one."""
        other = self._pick(self._mistakable(wish))
        if other is None or wish.kind in ("return", "exchange", "modify_items"):
            return None
        return wish.model_copy(update={"order": OrderRef(id=other)})

    def _like_item(self, wish: Request) -> Request | None:
        """The same kind of item in another order."""
        if wish.kind not in ("return", "exchange", "modify_items"):
            return None
        for order_id in self._mistakable(wish):
            units = self.records[order_id]["items"]
            found = [next((unit for unit in units if unit["name"] == item.product), None) for item in wish.items]
            items = [
                item.model_copy(update={"item_id": unit["item_id"], "options": dict(unit["options"])})
                for item, unit in zip(wish.items, found, strict=True)
                if unit is not None and unit["item_id"] != item.new_item_id
            ]
            if len(items) == len(wish.items):
                return wish.model_copy(update={"order": OrderRef(id=order_id), "items": tuple(items)})
        return None

    def cost(self, wish: Request) -> float | None:
        """See Oracle; a novice names no difference that it cannot work out."""
        try:
            return super().cost(wish)
        except (KeyError, StopIteration):
            return None
