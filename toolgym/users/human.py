"""A person at the terminal, as the user or as the assistant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.domain import Domain
from toolgym.messages import STOP, AgentID, Message, parse_action
from toolgym.tasks import Task


class HumanUser:
    """Shows what its side sees and reads the next message from the terminal.

    An empty line ends the dialogue where the user may end it. A line with a JSON tool call is a call.

    Args:
        side: Which side the person plays.
    """

    privileged = False

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, *, side: AgentID = "user") -> None:
        self._side: AgentID = side
        self._shown = 0

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent. Raises EOFError when the input ends."""
        from rich.console import Console

        from toolgym.render import write_message

        console = Console()
        for message in view[self._shown :]:
            write_message(console, message)
        self._shown = len(view) + 1
        line = console.input(f"[bold]{self._side}[/]> ")
        if not line.strip() and self._side == "user":
            line = STOP
        return parse_action(line, self._side)
