"""Users of known worth, with whom a check of users is checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym import Task, make_domain
from toolgym.domain import Agent, AgentFactory, AgentSpec, Domain
from toolgym.messages import STOP, Message
from toolgym.tasks import TaskSet
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Facts

RETAIL = make_domain("retail")
PLAIN = ("cancel", "return", "exchange", "modify_items", "modify_address", "modify_payment", "user_address")
"""Kinds of task in which all that a customer has to do is to say everything and agree."""


def plain_tasks(number: int | None = None) -> list[Task]:
    """Tasks of these kinds, a number of them of every kind."""
    kept: dict[str, list[Task]] = {kind: [] for kind in PLAIN}
    for split in ("test", "dev", "train"):
        for task in RETAIL.tasks[split]:
            if task.provenance is not None and (kind := task.provenance.kind) in kept:
                kept[kind].append(task)
    return [task for tasks in kept.values() for task in tasks[:number]]


def over(tasks: Sequence[Task]) -> Domain:
    """The retail domain with these tasks as its test split."""
    return RETAIL.with_data(tasks=TaskSet({"test": lambda: tuple(tasks)}))


class Knowing:
    """Says everything at once, agrees to the first thing that is proposed, and stops: without fault on plain tasks.

    Args:
        wrong: How often a reply is wrong, in [0, 1]: it then hangs up.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, wrong: float = 0.0) -> None:
        self._facts = Facts.of(task)
        self.wrong = rng.random() < wrong
        self._said = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """Its next message."""
        self._said += 1
        if self._said == 1:
            return Message("user", self._everything())
        if self._said == 2 and not self.wrong:
            return Message("user", "Yes, please go ahead.")
        return Message("user", f"That is all, goodbye. {STOP}")

    def _everything(self) -> str:
        facts, (wish,) = self._facts, self._facts.requests
        told = [facts.email, f"{facts.first_name} {facts.last_name}, {facts.zip}", wish.excuse]
        told += [wish.order.id, wish.order.clue] if wish.order is not None else []
        for item in wish.items:
            told += [item.product, *(item.options | (item.new_options or {})).values()]
        told += [str(wish.address)] if wish.address is not None else []
        told += [method_text(wish.payment, facts)] if wish.payment is not None else []
        return ". ".join(filter(None, told)) + "."


def knowing(wrong: float = 0.0, made: list[Knowing] | None = None) -> AgentFactory:
    """A user that is wrong in a known share of what it replies to a proposal; those that are made go into a list."""

    def make(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        user = Knowing(domain, task, rng, wrong)
        if made is not None:
            made.append(user)
        return user

    return AgentSpec("knowing", make, privileged=True)
