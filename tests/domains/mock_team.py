"""The mock domain over a world of one task, one user and one notification."""

from __future__ import annotations

from typing import Any

from rules import RULES

from toolgym import make_domain
from toolgym.database import Database, WorldStore
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.messages import STOP, AgentID, Message, ToolCall
from toolgym.tasks import Task
from toolgym.tools import Flavour, Result, Toolbox

TASK_1 = {"task_id": "task_1", "title": "Tidy up", "description": "Soon.", "status": "pending"}
USER_1 = {"user_id": "user_1", "name": "Ann", "tasks": ["task_1"]}
NOTIF_1 = {"notification_id": "notif_1", "message": "Tidy up!", "status": "unread", "task_id": "task_1"}
ROWS: Any = {
    "assistant": {"tasks": {"task_1": TASK_1}, "users": {"user_1": USER_1}},
    "user": {"notifications": {"notif_1": NOTIF_1}},
}
FLAVOURS: list[Flavour] = ["toolgym", "tau2"]


class Team:
    """The mock domain over a world of one task, one user and one notification.

    Args:
        flavour: How the tools behave.
        rows: Another world.
    """

    def __init__(self, flavour: Flavour, rows: Any = None) -> None:
        mock = make_domain("mock")
        worlds = WorldStore(mock.schemas)
        self.world = worlds.add(Database.build(mock.schemas, rows or ROWS))
        self.domain: Domain = mock.with_data(worlds=worlds, compat=RULES[flavour])
        self.flavour = flavour

    def task(self, initial_state: Any = None, **criteria: Any) -> Task:
        """A task over this world."""
        data = {
            "id": "t",
            "user_scenario": {"instructions": "Ask for it."},
            "initial_state": initial_state,
            "evaluation_criteria": criteria or None,
            "world": self.world,
            "flavour": self.flavour,
        }
        return Task.model_validate(data)

    def toolbox(self, initial_state: Any = None) -> Toolbox:
        """The tools in the start state of a task."""
        return set_up(self.domain, self.task(initial_state)).toolbox()

    def play(self, task: Task, *calls: ToolCall) -> Episode:
        """An episode in which these calls are made, and which the user then ends."""
        episode = Episode(self.domain, task)
        for call in calls:
            if episode.turn != call.requestor:
                other: AgentID = "user" if call.requestor == "assistant" else "assistant"
                episode.advance(Message(other, "Go on."))
            episode.advance(Message(call.requestor, None, (call,)))
        if episode.turn == "assistant":
            episode.advance(Message("assistant", "Done."))
        episode.advance(Message("user", STOP))
        return episode


def call(name: str, by: AgentID = "assistant", /, **arguments: Any) -> ToolCall:
    """A call by one side."""
    return ToolCall(name, arguments, "c", by)


def run(toolbox: Toolbox, name: str, by: AgentID = "assistant", /, **arguments: Any) -> Result:
    """Make a call."""
    return toolbox.call(call(name, by, **arguments))


def record(toolbox: Toolbox, table: str, key: str, side: AgentID = "assistant") -> Any:
    """A record as it is now, or None."""
    return toolbox.session.get(side, table, key)
