"""The assistant's tools of the mock domain."""

from __future__ import annotations

from typing import Any, Literal

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym_mock.records import Task


class MockTools(Toolkit):
    """Tools over a team's tasks."""

    @tool(Effect.WRITE)
    def create_task(self, user_id: str, title: str, description: str | None = None) -> Record:
        """Create a task and assign it to a user.

        Args:
            user_id: The user to whom the task is assigned.
            title: What is to be done, in a few words.
            description: More about it.
        """
        if self.db.get("users", user_id) is None:
            raise ToolError(f"User {user_id} not found")
        if self.flavour != "tau2" and not title.strip():
            raise ToolError("A task needs a title")
        fields: dict[str, Any] = {"title": title, "description": description}
        task = Task(task_id=self._new_id(), status="pending", **fields)
        stored = self.db.put("tasks", task.task_id, task.model_dump())
        self.db.edit("users", user_id)["tasks"].append(task.task_id)
        return stored

    def _new_id(self) -> str:
        number = self.db.count("tasks") + 1
        while self.flavour != "tau2" and self.db.get("tasks", f"task_{number}") is not None:
            number += 1  # tau2 would overwrite a task where an id is missing in between
        return f"task_{number}"

    @tool(Effect.READ)
    def get_users(self) -> list[Record]:
        """List all users with the ids of their tasks."""
        return list(self.db.records("users"))

    @tool(Effect.WRITE)
    def update_task_status(self, task_id: str, status: Literal["pending", "completed"]) -> Record:
        """Set the status of a task.

        Args:
            task_id: The task.
            status: Its new status.
        """
        if self.db.get("tasks", task_id) is None:
            raise ToolError(f"Task {task_id} not found")
        task = self.db.edit("tasks", task_id)
        task["status"] = status
        return task

    @tool(Effect.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand the user over to a human agent, only if the request is beyond the tools.

        Args:
            summary: What the user wants and why it could not be done.
        """
        return "Transfer successful"

    def assert_number_of_tasks(self, user_id: str, expected_number: int) -> bool:
        """Whether a user has this many tasks."""
        user = self.db.get("users", user_id)
        if user is None:
            raise ValueError(f"User {user_id} not found")
        return len(user["tasks"]) == expected_number

    def assert_task_status(self, task_id: str, expected_status: str) -> bool:
        """Whether a task has this status."""
        task = self.db.get("tasks", task_id)
        if task is None:
            raise ValueError(f"Task {task_id} not found")
        return bool(task["status"] == expected_status)
