"""Runs made by hand, for tests of what looks at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.limits import Limits
from toolgym.messages import STOP, AgentID, Message, ToolCall
from toolgym.rollouts import Settings
from toolgym.runs import Run
from toolgym.trajectory import Trajectory

ODD = "\x1b[2J[red]é 😀[/red]\x00\u202e :smile: \ud800\t| 日本"
"""What breaks output that is not careful: escapes, markup, NUL, a turned direction, half a surrogate pair."""


def call(name: str, identity: str = "c0", side: AgentID = "assistant", /, **arguments: Any) -> Message:
    """A message that is one call."""
    return Message(side, None, (ToolCall(name, arguments, identity, side),))


def keep(folder: Path, *rows: Trajectory, **settings: Any) -> Path:
    """Write trajectories as a run."""
    asked = Settings(**{"domain": "mock", "split": "test", "agent": "hand", "trials": 1, **settings})
    with Run.start(folder, asked.as_dict(), ["0" * 64]) as run:
        for row in rows:
            run.append(row)
    return folder


def solved(mock: Domain, **facts: Any) -> Trajectory:
    """A success with a repeated and a failing call."""
    return played(
        mock,
        "test-008",
        call("get_users"),
        call("get_users"),
        call("update_task_status", task_id="task_999", status="completed"),
        call("update_task_status", task_id="task_8", status="completed"),
        Message("assistant", "Noor Jansen works on it; it is completed.", tokens=12),
        **facts,
    )


def missed(mock: Domain, **facts: Any) -> Trajectory:
    """A failure that changes another record than the gold."""
    return played(
        mock,
        "test-008",
        call("update_task_status", task_id="task_5", status="completed"),
        Message("assistant", "Done."),
        **facts,
    )


def played(mock: Domain, task_id: str, *messages: Message, limits: Limits | None = None, **facts: Any) -> Trajectory:
    """An episode of the messages of an assistant, to a user who opens and stops."""
    episode = Episode(mock, mock.tasks.find(task_id), limits=limits)
    for message in (Message("user", "Hello."), *messages, Message("user", f"Thanks. {STOP}")):
        episode.advance(message)
    row = episode.trajectory(
        **{"agent": "hand", "user": "hand", "seed": 0, "split": "test"}
        | {name: value for name, value in facts.items() if name in ("agent", "user", "seed", "split", "trial")}
    )
    others = {name: value for name, value in facts.items() if name not in ("agent", "user", "seed", "split", "trial")}
    return replace(row, started=1_700_000_000.25, seconds=1.5, **others)


Keep = Callable[..., Path]
