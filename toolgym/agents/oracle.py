"""The oracle: solves any task that has gold calls, in dialogue where the domain can."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.messages import Message, ToolCall
from toolgym.tasks import Task


def oracle(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    """The oracle of a task: the domain's own, which talks to the user, if the task carries facts; else the gold player.

    What an oracle scores says whether a task can be solved at all, not how well anyone solves it.

    Args:
        domain: The domain.
        task: The task, whose gold it reads.
        rng: Chooses among wordings.
    """
    own = domain.agents.get("oracle")
    if own is not None and task.facts is not None:
        return own(domain, task, rng)
    return GoldPlayer(domain, task, rng)


ORACLE = AgentSpec("oracle", oracle, privileged=True)
"""It reads the gold."""


class GoldPlayer:
    """Makes the gold calls in order, one per message, then tells the facts that the task asks for.

    Where the next gold call is the user's own, it asks the user to make it and waits.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self._left = list(task.gold)
        criteria = task.evaluation_criteria
        self._facts = (criteria.communicate_info or ()) if criteria is not None else ()
        self._made = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """The assistant's next message."""
        if self._left and self._left[0].requestor == "user":
            while self._left and self._left[0].requestor == "user":
                self._left.pop(0)
            return Message("assistant", "Please do your part now and tell me when it is done.")
        if self._left:
            action = self._left.pop(0)
            self._made += 1
            call = ToolCall(action.name, action.arguments, f"gold_{self._made}")
            return Message("assistant", None, (call,))
        facts = "; ".join(self._facts)
        return Message("assistant", f"It is done. {facts}".strip())
