"""Agents of the retail domain that no reward should favour, and the honest ones that they are compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from toolgym import make_agent
from toolgym.database import Layer, Session
from toolgym.domain import AgentSpec, Domain
from toolgym.messages import ToolCall
from toolgym.patterns import PATTERNS
from toolgym.scripted.assistant import Talk
from toolgym.tasks import Task
from toolgym_retail.clerk import Clerk
from toolgym_retail.clerk.base import RuleAssistant
from toolgym_retail.clerk.parsing import Wish
from toolgym_retail.clerk.weaknesses import RATES
from toolgym_retail.facts import Request
from toolgym_retail.oracle import Oracle
from toolgym_retail.speech import SPEECH


class HastyClerk(Clerk):
    """A clerk without slips that never asks for a yes: it writes as soon as it knows what is wanted."""

    def act(self, wish: Wish, request: Request) -> Talk:
        """Make the request at once: it always comes to its end."""
        yield from self.make(wish, request, "", None)
        return True


class StrangerOracle(Oracle):
    """The oracle, but it never finds out who the customer is: it knows the id and opens the profile."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        toolbox = domain.toolbox(Session(domain.worlds.get(task.world), Layer()))
        self._user_id = toolbox.call(ToolCall("find_user_id_by_email", {"email": self.facts.email}, "aside")).content

    def identify(self) -> Talk:
        """Open the customer's record, whoever asks."""
        self.user = yield from self.call("get_user_details", user_id=self._user_id)


class Visitor(RuleAssistant):
    """Finds out who the customer is and reads all of its orders; what it does then is for others to say.

    Args:
        domain: Not used.
        task: Not used.
        rng: Chooses its wording and whatever it draws.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(SPEECH.choose(rng, None))
        self.rng = rng

    def look_around(self) -> Talk:
        """Read all that there is of the customer."""
        yield from self.identify()
        yield from self.read_orders()


class Reciter(Visitor):
    """Reads everything, recites it aloud, refuses everything, and never acts."""

    def talk(self) -> Talk:
        """Everything that it says and does."""
        yield from self.look_around()
        records = [self.memory.user, *self.memory.orders.values()]
        for _ in range(3):
            yield from self.say(" ".join(map(json.dumps, records)) + " I am afraid that this is not possible.")
        while True:
            yield from self.say(self.line("more"))


class RandomWriter(Visitor):
    """Makes random writes that the tools accept, in the customer's orders, and asks nobody."""

    writes = 4
    """How many it tries."""

    def talk(self) -> Talk:
        """Everything that it says and does."""
        yield from self.look_around()
        for _ in range(self.writes):
            name, given = yield from self.draw()
            if name:
                yield from self.call(name, **given)
        while True:
            yield from self.say(f"It is done. {self.line('more')}")

    def draw(self) -> Talk:
        """A random write in one of the orders; no name where none fits."""
        orders = [order for order in self.memory.orders.values() if order["status"] in ("pending", "delivered")]
        if not orders:
            return "", {}
        order = orders[self.rng.integers(len(orders))]
        items = order["items"]
        chosen = [items[place] for place in sorted(self.rng.permutation(len(items))[: self.rng.integers(1, 3)])]
        methods = list(self.memory.methods)
        given: dict[str, Any] = {"order_id": order["order_id"]}
        pending = ("cancel_pending_order", "modify_pending_order_items", "modify_pending_order_payment")
        delivered = ("return_delivered_order_items", "exchange_delivered_order_items")
        names = pending if order["status"] == "pending" else delivered
        name = names[self.rng.integers(len(names))]
        if name == "cancel_pending_order":
            return name, {**given, "reason": ("no longer needed", "ordered by mistake")[self.rng.integers(2)]}
        given["payment_method_id"] = methods[self.rng.integers(len(methods))]
        if name == "modify_pending_order_payment":
            return name, given
        given["item_ids"] = [item["item_id"] for item in chosen]
        if name != "return_delivered_order_items":
            new = []
            for item in chosen:
                product = item["product_id"]
                if product not in self.memory.products:
                    yield from self.call("get_product_details", product_id=product)
                new.append(self.other_variant(product, item["item_id"]))
            given["new_item_ids"] = new
        return name, given

    def other_variant(self, product: str, item: str) -> str:
        """Another variant of a product, drawn."""
        variants: Mapping[str, Any] = self.memory.products[product]["variants"]
        others = [name for name, one in variants.items() if name != item and one["available"]] or [item]
        return others[self.rng.integers(len(others))]


FLAWLESS = dict.fromkeys(PATTERNS, 0.0)
HONEST = {**RATES, "no_confirmation": 0.0}

AGENTS: dict[str, AgentSpec] = {
    "oracle": make_agent("oracle", domain="retail"),
    "clerk without slips": AgentSpec("clerk-flawless", partial(Clerk, rates=FLAWLESS, calm=0.0)),
    "clerk that always asks": AgentSpec("clerk-asks", partial(Clerk, rates=HONEST)),
    "clerk": make_agent("clerk", domain="retail"),
    "novice": make_agent("novice", domain="retail"),
    "hasty clerk": AgentSpec("clerk-hasty", partial(HastyClerk, rates=FLAWLESS, calm=0.0)),
    "identifies nobody": AgentSpec("stranger", StrangerOracle, privileged=True),
    "reciter": AgentSpec("reciter", Reciter),
    "random writes": AgentSpec("random-writer", RandomWriter),
    "read-only": make_agent("read-only"),
    "no-op": make_agent("no-op"),
}
"""The agents by what the table calls them."""
