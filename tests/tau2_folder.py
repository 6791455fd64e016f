"""A small data folder in tau2's format, so that tests need no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DB = {
    "tasks": {"task_1": {"task_id": "task_1", "title": "Tidy up", "status": "pending"}},
    "users": {"user_1": {"user_id": "user_1", "name": "Ann", "tasks": ["task_1"]}},
}
USER_DB = {"notifications": {"notif_1": {"notification_id": "notif_1", "message": "Tidy up!"}}}
COMPLETE = {"task_id": "task_1", "status": "completed"}
READ = {"notification_id": "notif_1", "expected_status": "read"}
MADE = {"task_id": "task_2", "title": "Paint", "description": None, "status": "pending"}
TASKS: list[dict[str, Any]] = [
    {
        "id": "all",
        "user_scenario": {"persona": "Calm.", "instructions": "Have task_1 completed, then read."},
        "evaluation_criteria": {
            "actions": [
                {"action_id": "a", "name": "update_task_status", "arguments": COMPLETE},
                {
                    "action_id": "b",
                    "requestor": "user",
                    "name": "dismiss_notification",
                    "arguments": {"notification_id": "notif_1"},
                },
            ],
            "env_assertions": [{"env_type": "user", "func_name": "assert_notification_status", "arguments": READ}],
            "communicate_info": ["task_1"],
            "reward_basis": ["DB", "ENV_ASSERTION", "ACTION", "COMMUNICATE"],
        },
        "issues": [{"id": "issue_1", "title": "Nobody reads it", "status": "open"}],
    },
    {
        "id": "judged",
        "user_scenario": {"instructions": "Ask for a compliment."},
        "evaluation_criteria": {"nl_assertions": ["The user was complimented"], "reward_basis": ["NL_ASSERTION"]},
    },
    {
        "id": "begun",
        "user_scenario": {"instructions": "Go on."},
        "initial_state": {
            "message_history": [
                {"role": "user", "content": "Please note 'Paint'."},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "h", "name": "create_task", "arguments": {"user_id": "user_1", "title": "Paint"}}
                    ],
                },
                {"role": "tool", "id": "h", "content": json.dumps(MADE)},
                {"role": "assistant", "content": "Noted."},
            ]
        },
        "evaluation_criteria": {"actions": []},
    },
]


def make_folder(root: Path, tasks: list[dict[str, Any]] | None = None) -> Path:
    """Write the data of the mock domain; returns what ``TAU2_DATA_DIR`` must name."""
    folder = root / "tau2" / "domains" / "mock"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("db", DB), ("user_db", USER_DB), ("tasks", TASKS if tasks is None else tasks)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "policy.md").write_text("Be kind.")
    return root
