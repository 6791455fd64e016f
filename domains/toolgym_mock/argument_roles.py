"""What can be confused in the task list: what the arguments of its writes name, and whose tasks they are."""

from __future__ import annotations

from collections.abc import Mapping

from toolgym.database import Session
from toolgym.generation import ArgumentRole, DecoyCall
from toolgym.tasks import Task

transfers = ("transfer_to_human_agents",)
"""The tools that hand the user over to a person."""


def role(tool: str, argument: str) -> ArgumentRole:
    """What an argument of a write names: a task, a user who gets one, or a notification is the record.

    Example:
        >>> role("create_task", "user_id"), role("create_task", "title")
        ('record', 'value')
    """
    return "record" if argument in ("task_id", "user_id", "notification_id") else "value"


def items(session: Session, record: str) -> Mapping[str, str]:
    """Nothing: no write of this domain names a part of a record."""
    return {}


def kind_of(session: Session, item: str) -> str | None:
    """None: no write of this domain names a part of a record."""
    return None


def owner(session: Session, record: str) -> str | None:
    """Who has a task, who a user is, or ``"user"`` for a notification; None if there is no such record."""
    if session.get("assistant", "users", record) is not None:
        return record
    if session.get("user", "notifications", record) is not None:
        return "user"
    if session.get("assistant", "tasks", record) is None:
        return None
    owners = (user["user_id"] for user in session.records("assistant", "users") if record in user["tasks"])
    return next(owners, "nobody")


def decoys(task: Task) -> tuple[DecoyCall, ...]:
    """None: what a task of this domain makes likely stands in its prose alone."""
    return ()
