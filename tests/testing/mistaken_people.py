"""Users and agents with a mistake each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from toolgym_parcel.agents import Novice, Oracle, Recipient

from toolgym.domain import Agent, Domain
from toolgym.messages import STOP, Message, ToolCall
from toolgym.patterns import Injection
from toolgym.tasks import Task

_COUNTER = itertools.count()


class Endless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", "And then?") if STOP in (answer.content or "") else answer


class Fickle(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{self.yes()} {answer.content}") if self.answers == 1 else answer


class Inventive(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{answer.content} My order is #W4711.") if self.answers == 1 else answer


class Speechless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        if "help you" in (view[-1].content or ""):
            raise RuntimeError("no answer to a refusal")
        return super().respond(view)


class NoForwarding(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("forward" in call.name for call in step.tool_calls)]


class Clairvoyant(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("find" in call.name for call in step.tool_calls)]


class Unasking(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        del self.steps[0]


class Mislabelling(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, pattern="asked_too_little") for label in self.injected]
        return step


class Misplacing(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, message=999) for label in self.injected]
        return step


class Dicing(Novice):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, np.random.default_rng(next(_COUNTER)))


def injected(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    novice = Novice(domain, task, rng)
    novice.injected = []
    return Faultless(novice)


class Faultless:
    def __init__(self, inner: Novice) -> None:
        self.inner = inner
        self.injected: list[Injection] = []

    def respond(self, view: Sequence[Message]) -> Message:
        return self.inner.respond(view)


def raising_agent(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    class Raises:
        def respond(self, view: Sequence[Message]) -> Message:
            raise KeyError("phone")

    return Raises()


class Deaf(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        own = [message for message in view if message.role == "user"]
        return super().respond(own or view)


class Leaving(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"No need. {STOP}") if "about to" in (view[-1].content or "") else answer


class Boasting(Oracle):
    def respond(self, view: Sequence[Message]) -> Message:
        if len(view) == 3:
            self.injected.append(Injection("no_confirmation", len(view), False))
        return super().respond(view)


class Blaming(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, pattern="user_act_missing") for label in self.injected]
        return step


class PokingDesk:
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        return Message("assistant", None, (ToolCall("hold_parcel", {"parcel_id": "P0"}, "hold"),))
