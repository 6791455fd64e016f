"""The scripted user: plays a member from the facts of a task, without a model."""

from collections.abc import Sequence

import numpy as np

from toolgym import Domain, Message, Task
from toolgym.messages import STOP

PATIENCE = 8
"""After so many answers the member gives up."""


class Member:
    """Says what it wants, tells its card when asked, agrees, and leaves when it is told that something is done."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        assert task.facts is not None  # the user `scripted` plays no others
        self.facts = task.facts
        self.agreed = ("Yes, please.", "Yes, do that.", "That is right, yes.")[int(rng.integers(3))]
        self.answers = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """See toolgym.domain.Agent. The first line depends on the task alone, so that trials begin alike."""
        heard = (view[-1].content or "").lower()
        self.answers += 1
        if self.answers == 1:
            return Message("user", f"Good morning. {self.facts['wish']}")
        if self.answers > PATIENCE or "?" not in heard:
            return Message("user", f"Thank you, goodbye. {STOP}")
        if "card" in heard:
            return Message("user", f"It is {self.facts['card']}.")
        if "name" in heard:
            return Message("user", f"{self.facts['name']}.")
        return Message("user", self.agreed)
