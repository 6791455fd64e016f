"""The records of the mock domain: tasks and users for the assistant, notifications for the user."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from toolgym.database import Schema, Table


class Task(BaseModel):
    """Something to be done."""

    task_id: str
    title: str
    description: str | None = None
    status: Literal["pending", "completed"]


class User(BaseModel):
    """A member of the team, with the tasks assigned to them in order."""

    user_id: str
    name: str
    tasks: list[str]


class Notification(BaseModel):
    """A message in the user's own inbox."""

    model_config = ConfigDict(extra="forbid")

    notification_id: str
    message: str
    status: Literal["unread", "read"] = "unread"
    task_id: str | None = None


ASSISTANT = Schema("MockDB", (Table("tasks", Task), Table("users", User)))
USER = Schema("MockUserDB", (Table("notifications", Notification),))
