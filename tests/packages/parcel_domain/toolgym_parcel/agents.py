"""Who takes part without a model: the recipient, the oracle, the novice, and a desk that holds parcels alone."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from toolgym import Domain, Message, Task, ToolCall
from toolgym.messages import STOP
from toolgym.patterns import Injection

PATIENCE = 8
YES = ("Yes, please.", "Yes, do that.", "That is right, yes.")


class Recipient:
    """Says its wish, its phone number when asked, yes to a question, and accepts the notice when it is told to."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.facts: Mapping[str, Any] = task.facts or {}
        self.rng = rng
        self.answers = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """The next line, or a call of its own."""
        last, self.answers = view[-1], self.answers + 1
        heard = (last.content or "").lower()
        if last.role == "tool" and last.content is not None and "accepted" in heard and "[" in heard:
            notice = json.loads(last.content)[0]["notice_id"]
            return Message("user", None, (ToolCall("accept_notice", {"notice_id": notice}, "accept", "user"),))
        if last.role == "tool":
            return Message("user", "I have accepted it.")
        if self.answers == 1:
            return Message("user", f"Hello. {self.facts['wish']}")
        if "notice" in heard:
            return Message("user", None, (ToolCall("check_notices", {}, "check", "user"),))
        if self.answers > PATIENCE or "?" not in heard:
            return Message("user", f"Thank you, goodbye. {STOP}")
        return Message("user", f"It is {self.facts['phone']}." if "phone" in heard else self.yes())

    def yes(self) -> str:
        """One of the ways to say yes."""
        return YES[int(self.rng.integers(len(YES)))]


class Oracle:
    """Asks for the phone number, looks up what it needs, asks before it writes, and asks for what is the user's."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.injected: list[Injection] = []
        self.rng = rng
        calls = [ToolCall(call.name, call.arguments, call.action_id, call.requestor) for call in task.gold]
        self.steps: list[Message] = [Message("assistant", "What is your phone number?")]
        for call in calls:
            if call.requestor == "user":
                self.steps.append(Message("assistant", "Please accept the notice on your phone."))
                continue
            if call.name in ("forward_parcel", "hold_parcel"):
                self.steps.append(Message("assistant", f"I am about to {call.name.replace('_', ' ')}. Is that right?"))
            self.steps.append(Message("assistant", None, (call,)))
        self.steps.append(Message("assistant", "It is done."))

    def respond(self, view: Sequence[Message]) -> Message:
        """The next step."""
        return self.steps.pop(0) if self.steps else Message("assistant", "It is done.")


class Novice(Oracle):
    """An oracle that forgets to ask before it writes, half the time."""

    def respond(self, view: Sequence[Message]) -> Message:
        """The next step, or the one after it."""
        step = super().respond(view)
        if (step.content or "").startswith("I am about to") and self.rng.random() < 0.5:
            self.injected.append(Injection("no_confirmation", len(view), False))
            return super().respond(view)
        return step


class Desk:
    """Holds the first parcel of whoever tells a phone number."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.made = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """Asks, looks up, holds."""
        heard = "\n".join(message.content or "" for message in view if message.role == "user")
        phone = re.search(r"\b\d{8}\b", heard)
        if phone is None:
            return Message("assistant", "What is your phone number?")
        self.made += 1
        if self.made == 1:
            return Message("assistant", None, (ToolCall("find_parcels", {"phone": phone[0]}, "find"),))
        if self.made == 2 and not view[-1].error:
            parcel = json.loads(view[-1].content or "[]")[0]["parcel_id"]
            return Message("assistant", None, (ToolCall("hold_parcel", {"parcel_id": parcel}, "hold"),))
        return Message("assistant", "It is done.")
