"""The clerk: an assistant by rules, which acts on what it may see alone, and slips by situation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from toolgym.domain import Domain
from toolgym.language.consent import says_yes
from toolgym.scripted.assistant import Talk
from toolgym.tasks import Task
from toolgym_retail.clerk import parsing
from toolgym_retail.clerk.base import RuleAssistant
from toolgym_retail.clerk.memory import SeenRecord
from toolgym_retail.clerk.parsing import Wish, wishes_in
from toolgym_retail.clerk.weaknesses import MENDS, REPEATS, SPOKEN, SPOTS, WRONG_CHOICES, Situation, Weaknesses
from toolgym_retail.facts import Request, RequestKind
from toolgym_retail.goals import TOOLS, arguments
from toolgym_retail.speech import SPEECH, deed, details

_ROUNDS = 6
"""Times that it proposes the same request."""
_NOT_ALLOWED = "I am not allowed to do this."
_REFUSED = "The system does not accept it."
_TWO_REASONS = "An order can be cancelled only because it is no longer needed or was ordered by mistake."
_SWAPS: dict[str, RequestKind] = {"pending": "modify_items", "delivered": "exchange"}
"""What another variant is called, by the status of the order."""
_QUESTIONS = {
    "tracking": "the tracking number of order {order}",
    "total": "the total of order {order}",
    "balance": "how much money is left on your gift card",
    "price": "what you paid for the {product} in order {order}",
}


def _together(products: Sequence[str]) -> str:
    """Products of which it tells what they came to."""
    return " and the ".join(products) + (" together" if len(products) > 1 else "")


class Clerk(RuleAssistant):
    """Serves a customer of the shop by rules; it does not look at the task.

    Args:
        domain: Not used.
        task: Not used; every agent is made for a task.
        rng: Chooses its wording, if it is not given, and draws its slips.
        rates: Chances of its slips in their hard spots by pattern, in ``[0, 1]``; those left out are 0. By default
            :data:`RATES`.
        calm: The chance of a slip elsewhere, in ``[0, 1]``, for each pattern at most its rate. By default :data:`CALM`.
        wording: How it speaks.

    Raises:
        UnknownNameError: If there is no such wording.
        ValueError: If a rate is of an unknown pattern, or a chance is out of range.
    """

    def __init__(
        self,
        domain: Domain | None,
        task: Task | None,
        rng: np.random.Generator,
        *,
        rates: Mapping[str, float] | None = None,
        calm: float | None = None,
        wording: str | None = None,
    ) -> None:
        super().__init__(SPEECH.choose(rng, wording))
        self.weak = Weaknesses(rng, rates=rates, calm=calm)
        self._served: list[Wish] = []
        self._at_first = 0
        self._made: set[tuple[str, str]] = set()
        self._given_up: set[str] = set()
        self._believed: dict[str, bool] = {}
        """By question, whether it takes it for answered without having told the figure."""

    def slips(self, pattern: str, wish: Wish, *, hard: bool) -> bool:
        """Whether a slip is made in a request; it is drawn once for each."""
        if pattern in wish.drawn:
            return False
        wish.drawn.add(pattern)
        return self.weak.slips(pattern, hard=hard)

    # The whole dialogue

    def talk(self) -> Talk:
        """Everything that it says and does, to the end."""
        said = [message.content or "" for message in self._view if message.role == "user"]
        if not said:
            said = [(yield from self.say("Hello! What can I do for you today?"))]
        self.hear(" ".join(said))
        self._at_first = len(self._wishes)
        yield from self.identify()
        while True:
            if not self._wishes:
                self.hear((yield from self.say(self.line("more"))))
                continue
            wish = self._wishes.pop(0)
            yield from self.answer(wish) if wish.kind == "question" else self.fulfil(wish)
            self._served.append(wish)

    def fulfil(self, wish: Wish) -> Talk:
        """Bring one request to its end."""
        for _ in range(_ROUNDS):
            request = yield from self.work_out(wish)
            if request is None:
                return
            ended = yield from self.act(wish, request)
            if ended:
                return
        yield from self.decline(wish, "I do not see what you would like me to do.")

    def work_out(self, wish: Wish) -> Talk:
        """The request as it stands; None if it came to its end on the way."""
        order: SeenRecord | None = None
        if wish.kind != "user_address":
            order = yield from self.find_order(wish)
            if order is None:
                yield from self.decline(wish, "I cannot find that order.")
                return None
            if order["order_id"] in self._given_up:
                yield from self.decline(wish, _REFUSED)
                return None
            if wish.kind in ("exchange", "modify_items"):
                wish.kind = _SWAPS.get(order["status"], wish.kind)
            if why := self.memory.too_late(wish.kind, order):
                yield from self.refuse(wish, order, why)
                return None
        items = yield from self.find_items(wish, order)
        if items is None:
            return None
        reason = yield from self.find_reason(wish)
        if reason == "other":
            if "forbidden_write" not in wish.drawn and not self.slips("forbidden_write", wish, hard=True):
                yield from self.decline(wish, _TWO_REASONS)
                return None
            reason = ""  # it keeps quiet about the reason that it will give
        place = yield from self.find_address(wish)
        if place is None and wish.kind in ("modify_address", "user_address"):
            yield from self.decline(wish, "I need a complete address for that.")
            return None
        method = yield from self.find_method(wish, order)
        request = Request(
            kind=wish.kind,
            order=self.memory.order_ref(wish, order) if order is not None else None,
            items=tuple(items),
            payment=method,
            reason=reason or None,
            address=place,
        )
        if (item := self.memory.unavailable(request)) is not None:
            if not self.slips("repeated_call", wish, hard=True):
                yield from self.sold_out(wish, item.product, list((item.new_options or {}).values()))
                return None
            return request
        if why := self.memory.forbids(request, order):
            yield from self.refuse(wish, order, why)
            return None
        return request

    def find_order(self, wish: Wish) -> Talk:
        """The record of the order that is meant; now and then it asks for the number alone, and gives up without it."""
        vague = wish.kind != "question" and not wish.order_id and not parsing.number(wish.said)
        if vague and self.memory.unread() and self.slips("no_lookup", wish, hard=len(self.memory.unread()) > 1):
            yield from self.ask(wish, "order")
            if not parsing.number(wish.said):
                self.note("no_lookup", recovered=False)
                return None
        return (yield from super().find_order(wish))

    # Telling

    def answer(self, wish: Wish) -> Talk:
        """Look up what was asked, and tell it."""
        about, order, products = parsing.topic(wish.said), None, list[str]()
        if about != "balance":
            order = yield from self.find_order(wish)
        elif self._stale:
            yield from self.read_user()
        if about == "price":
            products = self.memory.named(wish)
        told = self.memory.figure(about, order, products)
        if about is None or not told:
            yield from self.decline(wish, "I cannot find that.")
            return
        if self.slips("needless_transfer", wish, hard=False):
            yield from self.hand_over(wish)
        asked = _QUESTIONS[about].format(order=wish.order_id, product=_together(products))
        if asked not in self._believed:
            beside = any(one.kind != "question" for one in (*self._served, *self._wishes))
            self._believed[asked] = self.weak.slips("fact_not_said", hard=beside)
            if self._believed[asked]:
                self.note("fact_not_said", recovered=False)
        if self._believed[asked]:
            self.hear((yield from self.say("I have looked that up for you, and all is in order.")))
            return
        near = self.memory.near_figure(about, order, told)
        if self.slips("wrong_figure", wish, hard=bool(near)):
            told = near or told
            if near:
                self.note("wrong_figure", recovered=False)
        self.hear((yield from self.say(self.line("answer", question=asked, answer=told))))

    def refuse(self, wish: Wish, order: SeenRecord | None, why: str) -> Talk:
        """Say no to what the policy forbids, unless that was done already; now and then hand the customer over."""
        if order is not None and (wish.kind, order["order_id"]) in self._made:
            self.hear((yield from self.say(f"That was done already. {self.line('more')}")))
        elif self.slips("needless_transfer", wish, hard=True):
            yield from self.hand_over(wish)
        else:
            yield from self.decline(wish, why)

    def hand_over(self, wish: Wish) -> Talk:
        """Transfer the customer, which ends the dialogue."""
        self.note("needless_transfer", recovered=False)
        yield from self.call("transfer_to_human_agents", summary=f"The customer asks: {wish.said[0]}")
        while True:
            yield from self.say(self.line("transfer"))

    # Doing

    def act(self, wish: Wish, request: Request) -> Talk:
        """Propose a request, and make it once the customer has said yes: whether it came to its end."""
        if self.slips("needless_transfer", wish, hard=False):
            yield from self.hand_over(wish)
        if self.weak.looks_around() and request.order is not None:
            yield from self.read_orders()
        seen = self.situation(wish, request)
        hopeless = self.memory.unavailable(request) is not None
        if not hopeless and self.slips("refused_allowed", wish, hard=SPOTS["refused_allowed"](seen)):
            self.note("refused_allowed", recovered=False)
            what = details(request, [], None)[0]
            yield from self.decline(wish, _NOT_ALLOWED, text=f"I'm sorry, but I am not allowed to do this: {what}.")
            return True
        pattern, wrong = "", None
        if not hopeless:
            left = [one for one in WRONG_CHOICES if one not in wish.drawn]
            wish.drawn.update(WRONG_CHOICES)
            pattern, wrong = self.weak.wrong_choice(seen, left)
            if self.slips("no_confirmation", wish, hard=SPOTS["no_confirmation"](seen)):
                self.note("no_confirmation", recovered=True)
                yield from self.make(wish, request, pattern, wrong)
                return True
        spoken = wrong is not None and self.weak.chance(SPOKEN)
        shown = wrong if wrong is not None and spoken else request
        methods = [self.memory.method(one) for one in self.memory.methods]
        parts = details(shown, methods, self.memory.cost(shown))
        reply = yield from self.say(self.speech.proposal(self.wording, parts))
        if not says_yes(reply):
            if spoken:
                self.note(pattern, recovered=True)
            else:
                wish.drawn.difference_update(WRONG_CHOICES)
            return self.take(wish, reply)
        if hopeless:
            yield from self.insist(wish, request)
        elif self.slips("said_not_done", wish, hard=SPOTS["said_not_done"](seen)):
            self.note("said_not_done", recovered=False)
            self.report(request)
        elif self.slips("ended_early", wish, hard=SPOTS["ended_early"](seen)):
            self.note("ended_early", recovered=False)
        else:
            yield from self.make(wish, request, pattern, wrong, spoken=spoken)
        return True

    def situation(self, wish: Wish, request: Request) -> Situation:
        """What it sees of a request at the moment at which it may slip."""
        return Situation(
            request=request,
            memory=self.memory,
            named=request.order is not None and parsing.number(wish.said) == request.order.id,
            asked=wish.asked,
            place=len(self._served),
            known=len(self._served) + 1 + len(self._wishes),
            at_first=self._at_first,
        )

    def take(self, wish: Wish, reply: str) -> bool:
        """Take what the customer says instead of a yes: whether it wants something else altogether."""
        found = wishes_in(reply)
        if not found or found[0].kind == "question":
            self.hear(reply)
            wish.said.append(reply)
            return False
        new = found[0]
        if new.kind == wish.kind:
            wish.said += new.said
            wish.otherwise = new.otherwise or wish.otherwise
            return False
        new.order_id = wish.order_id
        self._wishes[:0] = found
        return True

    def make(self, wish: Wish, request: Request, pattern: str, wrong: Request | None, *, spoken: bool = False) -> Talk:
        """Make a write, the wrong one if there is one, and report it; apologise if a tool refuses it."""
        if request.order is not None and self.weak.slips("repeated_call", hard=False):
            yield from self.call("get_order_details", order_id=request.order.id)
            self.note("repeated_call", recovered=True)
        made = yield from self.write(wish, wrong or request)
        if wrong is not None:
            mends = not made and self.weak.chance(MENDS)
            self.note(pattern, recovered=mends)
            if mends:
                made = yield from self.write(wish, request)
        if made:
            self.report(wrong if wrong is not None and spoken else request)
            return
        if request.order is not None:
            self._given_up.add(request.order.id)
        yield from self.decline(wish, _REFUSED)

    def insist(self, wish: Wish, request: Request) -> Talk:
        """Make a call that is refused, again and again, and give the request up."""
        for _ in range(REPEATS):
            yield from self.write(wish, request)
        self.note("repeated_call", recovered=False)
        if request.order is not None:
            self._given_up.add(request.order.id)
        yield from self.decline(wish, _REFUSED)

    def write(self, wish: Wish, request: Request) -> Talk:
        """Make a write: whether it was made."""
        if wish.reason == "other":
            request = request.model_copy(update={"reason": "no longer needed"})
        result: Any = yield from self.call(TOOLS[request.kind], **arguments(request, self.memory.user["user_id"]))
        if not isinstance(result, Mapping):
            return False
        self._stale = True
        if wish.reason == "other":
            self.note("forbidden_write", recovered=False)
        return True

    def report(self, request: Request) -> None:
        """Report what was done with the next thing that is said."""
        if request.order is not None:
            self._made.add((request.kind, request.order.id))
        self.lead(self.speech.report(self.wording, deed(request)))
