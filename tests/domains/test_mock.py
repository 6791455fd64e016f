"""The mock domain: its tools on both sides, and every way in which a task can set up its state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mock_team import FLAVOURS, NOTIF_1, ROWS, TASK_1, USER_1, Team, record, run

from toolgym.errors import TaskError
from toolgym.messages import AgentID


@pytest.fixture(params=FLAVOURS)
def team(request: Any) -> Team:
    """The team in either flavour, for what both do alike."""
    return Team(request.param)


# Tools


def test_a_new_task_is_pending_and_assigned_to_its_user(team: Team) -> None:
    toolbox = team.toolbox()
    result = run(toolbox, "create_task", user_id="user_1", title="Paint")
    made = {"task_id": "task_2", "title": "Paint", "description": None, "status": "pending"}
    assert result == (json.dumps(made), False, True)
    assert record(toolbox, "tasks", "task_2") == made
    assert record(toolbox, "users", "user_1")["tasks"] == ["task_1", "task_2"]
    detailed = json.loads(run(toolbox, "create_task", user_id="user_1", title="Paint", description="Red.").content)
    assert (detailed["task_id"], detailed["description"]) == ("task_3", "Red.")


def test_a_task_for_nobody_is_refused(team: Team) -> None:
    toolbox = team.toolbox()
    assert run(toolbox, "create_task", user_id="ann", title="x") == ("Error: User ann not found", True, False)


def test_tau2_overwrites_a_task_where_an_id_is_missing_in_between_and_our_own_tools_do_not() -> None:
    rows = json.loads(json.dumps(ROWS))
    rows["assistant"]["tasks"]["task_3"] = {**TASK_1, "task_id": "task_3"}
    for flavour, new in (("tau2", "task_3"), ("toolgym", "task_4")):
        toolbox = Team(flavour, rows).toolbox()  # type: ignore[arg-type]  # both are flavours
        assert json.loads(run(toolbox, "create_task", user_id="user_1", title="x").content)["task_id"] == new
        assert (record(toolbox, "tasks", "task_3")["title"] == "x") == (flavour == "tau2")


def test_a_title_is_needed_but_not_in_tau2() -> None:
    own, tau2 = Team("toolgym").toolbox(), Team("tau2").toolbox()
    assert run(own, "create_task", user_id="user_1", title=" ").content == "Error: A task needs a title"
    assert own.session.diff() == {}
    assert not run(tau2, "create_task", user_id="user_1", title="").error


def test_tau2_validates_a_new_task_only_when_it_is_built() -> None:
    toolbox = Team("tau2").toolbox()
    for arguments, count in (({"title": 5}, "1 validation error"), ({"title": 5, "description": 6}, "2 validation")):
        result = run(toolbox, "create_task", user_id="user_1", **arguments)
        assert result.content.startswith(f"Error: {count}")
        assert "for Task\ntitle\n  Input should be a valid string [type=string_type" in result.content
    assert toolbox.session.diff() == {}


def test_users_are_listed_as_json(team: Team) -> None:
    assert run(team.toolbox(), "get_users") == (json.dumps([USER_1]), False, False)


def test_a_status_is_set_and_unknown_tasks_are_refused(team: Team) -> None:
    toolbox = team.toolbox()
    result = run(toolbox, "update_task_status", task_id="task_1", status="completed")
    assert json.loads(result.content) == {**TASK_1, "status": "completed"}
    unknown = run(toolbox, "update_task_status", task_id="task_9", status="completed")
    assert unknown == ("Error: Task task_9 not found", True, False)


@pytest.mark.parametrize("status", ["done", None, 5, True, ["a"], {"b": 1}])
def test_tau2_stores_any_status_and_our_own_tools_none_that_does_not_exist(status: Any) -> None:
    tau2, own = Team("tau2").toolbox(), Team("toolgym").toolbox()
    before = tau2.session.digest("assistant")
    assert run(tau2, "update_task_status", task_id="task_1", status=status).changed
    assert record(tau2, "tasks", "task_1")["status"] == status
    assert tau2.session.digest("assistant") != before
    refused = run(own, "update_task_status", task_id="task_1", status=status)
    assert refused.content.startswith("Error: Invalid arguments for update_task_status: status: ")
    assert "'pending' or 'completed'" in refused.content


@pytest.mark.parametrize("depth", [100, 700, 5_000])
def test_tau2_stores_or_refuses_a_status_of_any_depth(depth: int) -> None:
    status: Any = "x"
    for _ in range(depth):
        status = [status]
    toolbox = Team("tau2").toolbox()
    run(toolbox, "update_task_status", task_id="task_1", status=status)
    assert not run(toolbox, "get_users").error  # and the session goes on


def test_a_transfer_changes_nothing(team: Team) -> None:
    result = run(team.toolbox(), "transfer_to_human_agents", summary="Too hard.")
    assert result == ("Transfer successful", False, False)


def test_the_user_reads_and_dismisses_notifications(team: Team) -> None:
    toolbox = team.toolbox()
    assert run(toolbox, "check_notifications", "user").content == json.dumps([NOTIF_1])
    dismissed = ("Notification notif_1 dismissed", False, True)
    assert run(toolbox, "dismiss_notification", "user", notification_id="notif_1") == dismissed
    assert record(toolbox, "notifications", "notif_1", "user")["status"] == "read"
    again = run(toolbox, "dismiss_notification", "user", notification_id="notif_1")
    assert again == ("Notification notif_1 dismissed", False, False)
    missing = run(toolbox, "dismiss_notification", "user", notification_id="n")
    assert missing == ("Error: Notification n not found", True, False)


def test_a_helper_of_the_user_replaces_a_notification_in_its_place(team: Team) -> None:
    toolbox = team.toolbox()
    toolbox.run("user", "add_notification", {"notification_id": "notif_2", "message": "b"})
    toolbox.run("user", "add_notification", {"notification_id": "notif_1", "message": "a"})
    listed = json.loads(run(toolbox, "check_notifications", "user").content)
    assert [(item["notification_id"], item["message"], item["task_id"]) for item in listed] == [
        ("notif_1", "a", None),
        ("notif_2", "b", None),
    ]


def test_assertions_answer_yes_no_or_that_there_is_nothing_to_ask_about(team: Team) -> None:
    toolbox = team.toolbox()
    asked: list[tuple[AgentID, str, dict[str, Any]]] = [
        ("assistant", "assert_number_of_tasks", {"user_id": "user_1", "expected_number": 1}),
        ("assistant", "assert_task_status", {"task_id": "task_1", "expected_status": "pending"}),
        ("user", "assert_notification_status", {"notification_id": "notif_1", "expected_status": "unread"}),
    ]
    for side, function, arguments in asked:
        first, second = arguments
        assert toolbox.run(side, function, arguments) is True
        assert toolbox.run(side, function, {**arguments, second: "other"}) is False
        with pytest.raises(ValueError, match="nobody not found"):
            toolbox.run(side, function, {**arguments, first: "nobody"})


# Initial states

NEW = {"task_2": {"task_id": "task_2", "title": "Paint", "status": "pending"}}
LAID_OVER = {"initialization_data": {"agent_data": {"tasks": NEW, "users": {"user_1": {"tasks": ["task_2"]}}}}}


def test_initialization_data_is_merged_into_mappings_and_replaces_lists(team: Team) -> None:
    toolbox = team.toolbox(LAID_OVER)
    assert record(toolbox, "tasks", "task_1") == TASK_1
    made = {"task_id": "task_2", "title": "Paint", "description": None, "status": "pending"}
    assert record(toolbox, "tasks", "task_2") == made
    assert record(toolbox, "users", "user_1") == {**USER_1, "tasks": ["task_2"]}
    assert toolbox.session.diff() == {}


def test_after_initialization_data_both_sides_of_tau2_work_on_one_database() -> None:
    toolbox = Team("tau2").toolbox(LAID_OVER)
    for name, arguments in (("check_notifications", {}), ("dismiss_notification", {"notification_id": "notif_1"})):
        result = run(toolbox, name, "user", **arguments)
        assert result == ("Error: 'MockDB' object has no attribute 'notifications'", True, False)
    before = toolbox.session.digest("user")
    assert before == toolbox.session.digest("assistant")
    assert run(toolbox, "create_task", user_id="user_1", title="x").changed
    assert toolbox.session.digest("user") == toolbox.session.digest("assistant") != before


def test_after_data_for_the_user_tau2s_assistant_sees_the_users_database() -> None:
    data = {"initialization_data": {"user_data": {"notifications": {"notif_1": {"message": "new"}}}}}
    toolbox = Team("tau2").toolbox(data)
    assert json.loads(run(toolbox, "check_notifications", "user").content)[0]["message"] == "new"
    assert run(toolbox, "get_users").content == "Error: 'MockUserDB' object has no attribute 'users'"
    assert toolbox.session.digest("user") == toolbox.session.digest("assistant")


def test_tau2_merges_the_users_data_into_the_assistants_when_both_are_given() -> None:
    data = {**LAID_OVER["initialization_data"], "user_data": {"tasks": {"task_1": {"title": "Changed"}}}}
    toolbox = Team("tau2").toolbox({"initialization_data": data})
    assert record(toolbox, "tasks", "task_1")["title"] == "Changed"
    assert record(toolbox, "tasks", "task_2")["title"] == "Paint"


def test_initialization_data_leaves_the_sides_apart_in_our_own_flavour() -> None:
    data = {**LAID_OVER["initialization_data"], "user_data": {"notifications": {"notif_1": {"message": "new"}}}}
    toolbox = Team("toolgym").toolbox({"initialization_data": data})
    assert json.loads(run(toolbox, "check_notifications", "user").content) == [{**NOTIF_1, "message": "new"}]
    assert not run(toolbox, "get_users").error
    assert toolbox.session.digest("user") != toolbox.session.digest("assistant")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"agent_data": {"task": {}}}, "has data for 'task'"),
        ({"agent_data": {"tasks": {"task_2": {"title": "no id"}}}}, "does not fit"),
        ({"agent_data": {"tasks": {"task_1": {"status": "lost"}}}}, "does not fit"),
        ({"agent_data": {"tasks": [1]}}, "does not fit"),
        ({"user_data": {"notifications": {"notif_1": {"colour": "red"}}}}, "does not fit"),
    ],
)
def test_data_that_does_not_fit_is_a_mistake_of_the_task(team: Team, data: Any, text: str) -> None:
    with pytest.raises(TaskError, match=text):
        team.toolbox({"initialization_data": data})


def test_initialization_actions_call_tools_and_helpers(team: Team) -> None:
    actions: list[dict[str, Any]] = [
        {"env_type": "assistant", "func_name": "create_task", "arguments": {"user_id": "user_1", "title": "x"}},
        {"env_type": "user", "func_name": "add_notification", "arguments": NOTIF_1 | {"message": "again"}},
    ]
    del actions[1]["arguments"]["status"]
    toolbox = team.toolbox({"initialization_actions": actions})
    assert record(toolbox, "users", "user_1")["tasks"] == ["task_1", "task_2"]
    assert record(toolbox, "notifications", "notif_1", "user")["message"] == "again"
    assert toolbox.session.diff() == {}


def test_an_initialization_that_writes_what_was_there_leaves_the_digest_pristine(team: Team) -> None:
    arguments = {name: value for name, value in NOTIF_1.items() if name != "status"}
    action = {"env_type": "user", "func_name": "add_notification", "arguments": arguments}
    toolbox = team.toolbox({"initialization_actions": [action]})
    assert toolbox.session.digest("user") == team.toolbox().session.digest("user")


@pytest.mark.parametrize(
    "action",
    [
        {"env_type": "assistant", "func_name": "make_task", "arguments": {}},
        {"env_type": "user", "func_name": "create_task", "arguments": {"user_id": "user_1", "title": "x"}},
        {"env_type": "assistant", "func_name": "create_task", "arguments": {"user_id": "user_1"}},
        {"env_type": "assistant", "func_name": "create_task", "arguments": {"user_id": "nobody", "title": "x"}},
        {
            "env_type": "assistant",
            "func_name": "assert_task_status",
            "arguments": {"task_id": "t", "expected_status": ""},
        },
    ],
    ids=["unknown function", "other side's function", "missing argument", "refused", "raises"],
)
def test_an_initialization_action_that_fails_is_a_mistake_of_the_task(team: Team, action: Any) -> None:
    with pytest.raises(TaskError, match="the initial state of task 't' cannot be built"):
        team.toolbox({"initialization_actions": [action]})
