"""One demonstration: a task and how it is solved, as a dialogue to learn from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

HARMLESS = frozenset({"repeated_call", "no_confirmation", "needless_transfer"})
"""Patterns that nobody puts right: a slip of one of them that did no harm shows no recovery, only the slip."""


@dataclass(frozen=True)
class Demonstration:
    """A task and how it is solved.

    Args:
        task: The task, with its certificate.
        trajectory: The whole episode, a success.
        chat: The same as the assistant's model would see it, in OpenAI chat format, from its system message to the last
            thing that it says.
        tools: The assistant's tools, in OpenAI's function format.
        view: The same messages as the assistant saw them, with what the chat has no place for, such as ``error``; each
            stands where it stands in the chat. The first is the domain's policy.
        slips: Where in view and chat the assistant's messages are that nobody should learn to send: those by which a
            novice slipped. The oracle has none.
    """

    task: Task
    trajectory: Trajectory
    chat: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]
    view: tuple[Message, ...] = ()
    slips: frozenset[int] = frozenset()

    @property
    def recovered(self) -> tuple[str, ...]:
        """The patterns that a novice slipped into and recovered from; none if there is a slip that nobody put right."""
        slips = self.trajectory.injected
        if any(not slip.recovered or slip.pattern in HARMLESS for slip in slips):
            return ()
        return tuple(dict.fromkeys(slip.pattern for slip in slips))

    @property
    def stumbles(self) -> list[int]:
        """The places of calls that a tool refused although no fault is known of them."""
        results = (one.error for one in self.trajectory.messages if one.role == "tool" and one.requestor == "assistant")
        refused = (place for place, one in enumerate(self.chat) if one["role"] == "tool" and next(results))
        noted = self._spoken_before(slip.message for slip in self.trajectory.injected)
        return [place for place in self._spoken_before(refused) if place not in noted]

    def _spoken_before(self, places: Iterable[int]) -> list[int]:
        spoken = [place for place, message in enumerate(self.chat) if message["role"] == "assistant"]
        before = [[place for place in spoken if place < limit] for limit in places]
        return sorted({found[-1] for found in before if found})

    def as_chat_line(self) -> dict[str, Any]:
        """What a line of ``chat.jsonl`` holds: the same keys with the same types whatever the domain.

        The tools are JSON text, since readers that infer types would merge the schemas of their arguments.
        """
        return {
            "messages": list(self.chat),
            "tools": json.dumps(self.tools),
            "task_id": self.task.id,
            "task_key": self.task.key,
            "agent": self.trajectory.agent,
            "recovered": list(self.recovered),
            "slips": sorted(self.slips),
        }
