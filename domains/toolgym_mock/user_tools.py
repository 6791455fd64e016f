"""The user's own tools of the mock domain."""

from __future__ import annotations

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym_mock.records import Notification


class MockUserTools(Toolkit):
    """Tools over the user's inbox."""

    @tool(Effect.READ)
    def check_notifications(self) -> list[Record]:
        """List the notifications in your inbox."""
        return list(self.db.records("notifications"))

    @tool(Effect.WRITE)
    def dismiss_notification(self, notification_id: str) -> str:
        """Mark a notification as read.

        Args:
            notification_id: The notification.
        """
        if self.db.get("notifications", notification_id) is None:
            raise ToolError(f"Notification {notification_id} not found")
        self.db.edit("notifications", notification_id)["status"] = "read"
        return f"Notification {notification_id} dismissed"

    def add_notification(self, notification_id: str, message: str, task_id: str | None = None) -> Record:
        """Put a notification into the inbox, replacing one with the same id."""
        new = Notification(notification_id=notification_id, message=message, task_id=task_id)
        return self.db.put("notifications", notification_id, new.model_dump())

    def assert_notification_status(self, notification_id: str, expected_status: str) -> bool:
        """Whether a notification has this status."""
        notification = self.db.get("notifications", notification_id)
        if notification is None:
            raise ValueError(f"Notification {notification_id} not found")
        return bool(notification["status"] == expected_status)
