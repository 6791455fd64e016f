"""An agent that repeats the messages of a recorded episode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.domain import Domain
from toolgym.errors import EpisodeError
from toolgym.messages import AgentID, Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class Replay:
    """Plays one side of a recorded trajectory, message by message, whatever the other side says.

    Args:
        trajectory: What was recorded.
        side: Whose messages are played.
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        trajectory: Trajectory,
        side: AgentID = "assistant",
    ) -> None:
        start = trajectory.history or 1  # the history or the greeting came with the task
        self._left = [message for message in trajectory.messages[start:] if message.role == side]
        self._left.reverse()
        self._side = side

    def respond(self, view: Sequence[Message]) -> Message:
        """The next recorded message of this side.

        Raises:
            EpisodeError: If the recording has no more messages of this side.
        """
        if not self._left:
            raise EpisodeError(f"the recording has no more messages of the {self._side}")
        return self._left.pop()
