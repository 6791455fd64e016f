"""The working habits of the careless clerk: a mood, attention that runs out, notes, and the records on its desk."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from benchmarks.analyst.careless_reading import (
    AMOUNT,
    ORDER,
    SHIPPED_TO,
    Kind,
    Record,
    clue_of,
    kind_of,
    names_in,
    parts,
    total_of,
    without_clue,
)
from benchmarks.analyst.careless_speech import LINES
from toolgym.messages import Message, ToolCall

Talk: TypeAlias = Generator[Message, None, Any]
"""Messages of the clerk; it goes on when the view holds what came of the last one."""

PENDING = ("cancel", "modify_items", "modify_address", "modify_payment")
ITEMS = ("return", "exchange", "modify_items")
_ABOUT = {
    "address": ("modify_address", "user_address"),
    "payment": ("modify_payment",),
    "reason": ("cancel", "modify_items"),
    "identity": ("user_address", "modify_address"),
}


@dataclass
class Job:
    """One note on the clerk's pad.

    Args:
        kind: What is asked for.
        words: What the customer said of it, as far as it was noted.
        asked: The details that were asked for.
        left: Products that are still to be dealt with, where they are taken one by one.
        ended: Whether it is struck out.
        pushed: Whether the customer insisted and the clerk gave in.
    """

    kind: Kind
    words: list[str]
    asked: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    ended: bool = False
    pushed: bool = False

    @property
    def text(self) -> str:
        """All that was said of it."""
        return " ".join(self.words)


class Desk:
    """What a hurried clerk works with; how it serves is in the class below it.

    Args:
        rng: Its mood, and when its mind wanders.
    """

    privileged = False

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.hurry = 0.5 + 0.5 * float(rng.beta(2, 2))
        self.soft, self.proud, self.glib = (float(value) for value in rng.random(3))
        self.slots = 1 + int(rng.integers(3))
        self.tired = 0.0
        self.view: Sequence[Message] = ()
        self.lead = ""
        self.calls = 0
        self.user: Record = {}
        self.records: dict[str, Record] = {}
        self.screen = ""
        self.jobs: list[Job] = []

    def wanders(self, weight: float) -> bool:
        """Whether its mind is elsewhere just now: the more likely, the more there is to it and the more tired it is.

        Args:
            weight: How much attention the thing takes, in [0, 1].
        """
        return bool(self.rng.random() < min(0.9, self.hurry * weight * (1 + self.tired / 30)))

    # Talking

    def line(self, name: str, **slots: str) -> str:
        """One of its phrases."""
        choices = LINES[name]
        return choices[int(self.rng.integers(len(choices)))].format(**slots)

    def last(self) -> str:
        """What came last."""
        return self.view[-1].content or ""

    def say(self, text: str) -> Talk:
        """Say something; what comes back is the customer's answer."""
        lead, self.lead = self.lead, ""
        self.tired += 0.5
        yield Message("assistant", f"{lead} {text}".strip())
        self.tired += len(self.last()) / 150
        return self.last()

    def call(self, *calls: tuple[str, dict[str, Any]]) -> Talk:
        """Call tools, mostly one; what comes back is the results: records or texts, an error as a text in a tuple."""
        made = []
        for name, given in calls:
            self.calls += 1
            made.append(ToolCall(name, given, f"call_{self.calls}"))
        yield Message("assistant", None, tuple(made))
        self.tired += len(made)
        results: list[Any] = []
        for message in self.view[-len(made) :]:
            text = message.content or ""
            if message.error:
                results.append((text,))
            else:
                results.append(json.loads(text) if text.startswith("{") else text)
        return results

    # Taking notes

    def note(self, text: str, current: Job | None = None, asked: str = "") -> list[Job]:
        """Write down what a message asks for; what is new.

        Args:
            text: What the customer said.
            current: What the clerk is busy with.
            asked: The detail that it had asked for.
        """
        fresh: list[Job] = []
        taken = False
        for part in parts(text):
            kind = kind_of(part)
            if kind is None or kind in _ABOUT.get(asked, ()):
                continue
            twin = self._twin(kind, part, current)
            if twin is not None:
                twin.words.append(part)
                taken |= twin is current
                twin.ended = twin.ended and self.wanders(0.5)  # "I did that already, didn't I?"
            elif len([job for job in self.jobs if not job.ended]) < self.slots or not self.wanders(0.9):
                fresh.append(Job(kind, [part]))
                self.jobs.append(fresh[-1])
        if current is not None and not taken and not fresh:
            current.words.append(text)
        return fresh

    def _twin(self, kind: Kind, text: str, current: Job | None) -> Job | None:
        """A note of the same kind, and of the same order as far as numbers tell."""
        numbers = set(ORDER.findall(text))
        for job in [current, *reversed(self.jobs)]:
            if job is not None and job.kind == kind and (kind != "question" or numbers):
                known = set(ORDER.findall(job.text))
                if not known or not numbers or known & numbers:
                    return job
        return None

    def recall(self, job: Job) -> list[str]:
        """What it remembers of a request, the latest first: all, or only what was said last."""
        return job.words[:0:-1] + job.words[:1] if len(job.words) < 3 or not self.wanders(0.3) else job.words[-1:]

    # Opening records

    def typed(self, number: str) -> str:
        """A number as it types it: now and then two digits change places."""
        if not self.wanders(0.12):
            return number
        spot = 2 + int(self.rng.integers(len(number) - 3))
        return number[:spot] + number[spot + 1] + number[spot] + number[spot + 2 :]

    def open_order(self, order_id: str) -> Talk:
        """Look at an order, unless it was seen before; None if there is no such order."""
        if order_id not in self.records:
            (record,) = yield from self.call(("get_order_details", {"order_id": order_id}))
            if not isinstance(record, Mapping):
                return None
            self.records[order_id] = record
        self.screen = order_id
        return self.records[order_id]

    def open_product(self, product_id: str) -> Talk:
        """Look at a product, unless it was seen before."""
        if product_id not in self.records:
            (record,) = yield from self.call(("get_product_details", {"product_id": product_id}))
            self.records[product_id] = record if isinstance(record, Mapping) else {"variants": {}}
        return self.records[product_id]

    def find(self, job: Job) -> Talk:
        """The order that a request is about, or what it takes for it; None if it is lost."""
        numbers = ORDER.findall(job.text)
        if not numbers and not clue_of(job.text) and "order" not in job.asked and not self.wanders(0.9):
            job.asked.add("order")
            self.note((yield from self.say(self.line("order"))), job)
            numbers = ORDER.findall(job.text)
        if numbers:
            number = "#" + numbers[0 if self.wanders(0.15) else -1]
            order = yield from self.open_order(self.typed(number))
            return order or (yield from self.open_order(number))
        order = yield from self._leaf(job)
        if order is None and "order" not in job.asked:
            job.asked.add("order")
            self.note((yield from self.say(self.line("lost"))), job)
            return (yield from self.find(job))
        if order is None and self.screen and self.wanders(0.8):
            return self.records[self.screen]  # the one that is open anyway
        return order

    def _leaf(self, job: Job) -> Talk:
        """Go through the customer's orders up to the first that will do."""
        closely = not self.wanders(0.5)
        orders: list[str] = list(self.user.get("orders", []))
        if not closely:
            orders = orders[: 2 + int(self.rng.integers(4))]  # as far as its patience goes
        if self.hurry > 0.6 and self.wanders(0.4):  # all on the screen at once
            unseen = [order_id for order_id in orders if order_id not in self.records]
            if unseen:
                opened = yield from self.call(*(("get_order_details", {"order_id": order_id}) for order_id in unseen))
                self.records |= dict(zip(unseen, opened, strict=True))
        for order_id in orders:
            order = yield from self.open_order(order_id)
            if order is not None and _fits(order, job, closely=closely):
                return order
        return None


def _fits(order: Record, job: Job, *, closely: bool) -> bool:
    """Whether an order will do; not closely: whatever its status, and anything that sounds like it."""
    names = [item["name"] for item in order["items"]]
    clue = clue_of(job.text)
    amount, city = AMOUNT.search(job.text), SHIPPED_TO.search(job.text)
    if closely:
        if (order["status"] == "pending") != (job.kind in PENDING) or order["status"] not in ("pending", "delivered"):
            return False
        if job.kind in ITEMS and not names_in(without_clue(job.text), names):
            return False
        if amount:
            return abs(total_of(order) - float(amount.group(1))) < 0.01
        if city:
            return bool(order["address"]["city"] == city.group(1))
        return bool(names_in(clue or job.text, names))
    if amount:
        return abs(total_of(order) - float(amount.group(1))) < 0.3 * float(amount.group(1))
    return bool(names_in(job.text, names, loosely=True))
