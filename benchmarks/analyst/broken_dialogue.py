"""A solved dialogue, taken apart so that it can be broken, and what a broken one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from toolgym import make_agent, make_user
from toolgym.database import Record
from toolgym.domain import Domain
from toolgym.episode.setup import TaskSetup, set_up
from toolgym.messages import Message, ToolCall
from toolgym.rollouts import play
from toolgym.scripted.speech import WORDINGS
from toolgym.tasks import Task
from toolgym.trajectory import Termination
from toolgym_retail.facts import Facts, ItemRef, Request, settled
from toolgym_retail.goals import TOOLS, arguments
from toolgym_retail.speech import SPEECH

LEAVES = (
    "Okay, that's all then. ###STOP###",
    "Fine, nothing else. Goodbye. ###STOP###",
    "That's it for today, bye. ###STOP###",
)
SORRY = (
    "I'm sorry, our system doesn't accept this, so I can't do it for you.",
    "I'm afraid that didn't go through, and I can't get it done today.",
    "Unfortunately the system refuses this, so it has to stay as it is.",
)
DISAPPOINTED = (
    "Oh. Then I'll leave it. Bye. ###STOP###",
    "That's a pity. Never mind then. ###STOP###",
    "Hm, not what I had hoped for. Goodbye. ###STOP###",
)
THANKS = (
    "Great, thanks, bye! ###STOP###",
    "Perfect, that was all I needed. ###STOP###",
    "Good. Thank you, goodbye. ###STOP###",
)
TOO_LATE = (
    "I'm sorry, it has already gone through and can't be changed any more.",
    "I'm afraid it's booked now, and I can't take it back.",
    "Unfortunately that can't be undone now. I apologise.",
)
YES = ("Yes, please go ahead.", "Yes, do that.", "Sure, go ahead.")


class Draft(NamedTuple):
    """A broken dialogue before it is played: the messages of both sides, and how it must come out.

    Args:
        spoken: What both sides say and call, the greeting and all results left out.
        at: The place in it of the message with the fault.
        errors: How many calls must be refused.
        ends: How it must end.
    """

    spoken: Sequence[Message]
    at: int
    errors: int = 0
    ends: Termination = "user_stop"


class Written(NamedTuple):
    """One write of a solved dialogue.

    Args:
        place: Where its call is; its proposal stands two places before, the yes one.
        call: The call.
        wish: What it fulfils.
    """

    place: int
    call: ToolCall
    wish: Request

    @property
    def order_id(self) -> str:
        """The order that it changes; empty for the profile."""
        return self.wish.order.id if self.wish.order is not None else ""


@dataclass(frozen=True)
class Source:
    """A task solved by the oracle.

    Args:
        domain: Retail.
        task: The task.
        trial: Which repetition.
        spoken: What both sides said and called, the greeting and all results left out.
    """

    domain: Domain
    task: Task
    trial: int
    spoken: tuple[Message, ...]
    facts: Facts
    prepared: TaskSetup
    writes: tuple[Written, ...]
    user_id: str

    @classmethod
    def played(cls, domain: Domain, task: Task, seed: int, trial: int) -> Source | None:
        """The task as the oracle solves it; None if it does not."""
        episode = play(domain, task, make_agent("oracle"), make_user("scripted"), seed=seed, trial=trial)
        if not episode.grade.success:
            return None
        spoken = tuple(message for message in episode.messages[1:] if message.role != "tool")
        facts = Facts.of(task)
        seen = next(
            call for message in spoken for call in message.tool_calls if call.name == "get_user_details"
        )  # the oracle always looks up who is speaking
        user_id = str(seen.arguments["user_id"])
        wishes = [settled(request) for request in facts.requests if request.kind != "question"]
        writes = [
            Written(place, call, wish)
            for place, message in enumerate(spoken)
            for call in message.tool_calls
            for wish in wishes
            if TOOLS[wish.kind] == call.name and arguments(wish, user_id) == call.arguments
        ]
        return cls(domain, task, trial, spoken, facts, set_up(domain, task), tuple(writes), user_id)

    # The world

    def record(self, table: str, key: str) -> Record:
        """A record of the world in which the task starts."""
        found = self.prepared.base.record("assistant", table, key)
        assert found is not None, f"no {key!r} among the {table}"
        return found

    def order(self, order_id: str) -> Record:
        """An order."""
        return self.record("orders", order_id)

    def unit(self, order_id: str, item_id: str) -> Record:
        """One unit of an order."""
        unit: Record = next(item for item in self.order(order_id)["items"] if item["item_id"] == item_id)
        return unit

    def item_ids(self, order_id: str) -> list[str]:
        """The items of an order, a unit each."""
        return [str(item["item_id"]) for item in self.order(order_id)["items"]]

    def others(self, written: Written) -> list[str]:
        """The customer's other orders of the same status that no request is about."""
        asked = {request.order.id for request in self.facts.requests if request.order is not None}
        status = self.order(written.order_id)["status"] if written.order_id else "pending"
        return [one for one in self.facts.orders if one not in asked and self.order(one)["status"] == status]

    def variants(self, written: Written, item: ItemRef) -> list[Record]:
        """The available variants of a unit's product that nobody asked for, those most like the wanted one first."""
        product = self.record("products", self.unit(written.order_id, item.item_id)["product_id"])
        found = [
            variant
            for variant in product["variants"].values()
            if variant["available"] and variant["item_id"] not in (item.item_id, item.new_item_id)
        ]
        wanted = set((item.new_options or {}).items())
        return sorted(found, key=lambda variant: -len(wanted & set(variant["options"].items())))

    def strangers(self, status: str) -> list[Record]:
        """Orders of a status that other customers have."""
        orders = self.prepared.base.records("assistant", "orders")
        return [order for order in orders if order["user_id"] != self.user_id and order["status"] == status]

    # The dialogue

    def ends_with(self, written: Written) -> bool:
        """Whether nothing comes after a write but its report and the customer's goodbye."""
        return len(self.spoken) == written.place + 3

    def before(self, written: Written) -> list[Message]:
        """The dialogue up to the proposal of a write."""
        return list(self.spoken[: written.place - 2])

    def asked(self, order_id: str) -> list[Message]:
        """The look-up of an order; none if the dialogue has it."""
        known = any(
            call.name == "get_order_details" and call.arguments["order_id"] == order_id
            for message in self.spoken
            for call in message.tool_calls
        )
        return [] if known else [called("get_order_details", order_id=order_id)]

    def proposals(self) -> list[int]:
        """Where the oracle asks for a yes."""
        asks = [SPEECH.line(wording, "go_ahead") for wording in WORDINGS]
        return [
            place
            for place, message in enumerate(self.spoken)
            if message.role == "assistant" and message.content and any(message.content.endswith(ask) for ask in asks)
        ]

    def saying(self, text: str) -> list[int]:
        """Where the oracle says a text."""
        return [
            place
            for place, message in enumerate(self.spoken)
            if message.role == "assistant" and message.content and text in message.content
        ]


def said(text: str) -> Message:
    """What the assistant says."""
    return Message("assistant", text)


def customer(text: str) -> Message:
    """What the customer says."""
    return Message("user", text)


def called(name: str, **given: Any) -> Message:
    """A call of the assistant's."""
    return Message("assistant", None, (ToolCall(name, given),))


def recalled(call: ToolCall, **changed: Any) -> Message:
    """A call with other arguments."""
    return called(call.name, **{**call.arguments, **changed})


def with_values(text: str, old: Mapping[str, str] | None, new: Mapping[str, str]) -> str:
    """A text that names the options of one variant, with those of another in their place."""
    return text.replace(f"({', '.join((old or {}).values())})", f"({', '.join(new.values())})")


def pick(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    """One of several."""
    return options[int(rng.integers(len(options)))]


def shuffled(rng: np.random.Generator, options: Sequence[Any]) -> list[Any]:
    """All of them in any order."""
    return [options[int(place)] for place in rng.permutation(len(options))]


def numbered(spoken: Sequence[Message]) -> list[Message]:
    """Messages whose calls have ids, each its own."""
    return [
        replace(message, tool_calls=tuple(replace(call, id=f"call_{place}") for call in message.tool_calls))
        for place, message in enumerate(spoken, 1)
    ]
