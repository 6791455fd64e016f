"""The mock domain in episodes: histories that are replayed, assertions on the final state, tasks that ship with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mock_team import FLAVOURS, TASK_1, Team, call, record

from toolgym.agents.oracle import GoldPlayer
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.setup import set_up
from toolgym.episode.turns import take_turn
from toolgym.errors import TaskError
from toolgym.messages import STOP, Message, ToolCall
from toolgym.users.minimal import MinimalUser

MADE = {"task_id": "task_2", "title": "Paint", "description": None, "status": "pending"}
GOLD = [{"action_id": "0", "name": "update_task_status", "arguments": {"task_id": "task_2", "status": "completed"}}]


@pytest.fixture(params=FLAVOURS)
def team(request: Any) -> Team:
    """The team in either flavour, for what both do alike."""
    return Team(request.param)


def _history(content: str, *, identity: str = "c1", name: str = "create_task", **arguments: Any) -> dict[str, Any]:
    made = {"id": "c1", "name": name, "arguments": arguments or {"user_id": "user_1", "title": "Paint"}}
    return {
        "message_history": [
            {"role": "user", "content": "Please note 'Paint'.", "turn_idx": 0},
            {"role": "assistant", "tool_calls": [made]},
            {"role": "tool", "id": identity, "content": content},
            {"role": "assistant", "content": "It is on the list."},
        ]
    }


def _done(task_id: str) -> ToolCall:
    return call("update_task_status", task_id=task_id, status="completed")


# Histories


@pytest.mark.parametrize("recorded", [json.dumps(MADE), json.dumps(MADE, separators=(",", ":"))])
def test_a_history_is_run_again_and_its_answers_compared_as_json(team: Team, recorded: str) -> None:
    toolbox = team.toolbox(_history(recorded))
    assert record(toolbox, "tasks", "task_2") == MADE
    assert toolbox.session.diff() == {}  # where the history ends, the episode begins


@pytest.mark.parametrize(
    "recorded", ["{}", json.dumps({**MADE, "title": "Print"}), "", "Error: User user_1 not found", json.dumps([MADE])]
)
def test_a_history_that_answered_something_else_is_a_mistake_of_the_task(team: Team, recorded: str) -> None:
    with pytest.raises(TaskError, match="the recorded call create_task"):
        team.toolbox(_history(recorded))


def test_calls_of_a_history_that_change_nothing_are_not_run_again(team: Team) -> None:
    for name in ("get_users", "transfer_to_human_agents", "no_such_tool"):
        toolbox = team.toolbox(_history("whatever it answered", name=name))
        assert record(toolbox, "tasks", "task_2") is None


def test_a_failure_in_a_history_must_fail_again_in_the_same_words(team: Team) -> None:
    failed = {"user_id": "nobody", "title": "x"}
    team.toolbox(_history("Error: User nobody not found", **failed))
    with pytest.raises(TaskError, match="the recorded call"):
        team.toolbox(_history("Error: No such user", **failed))


def test_a_history_whose_results_do_not_belong_to_its_calls_is_a_mistake_of_the_task(team: Team) -> None:
    broken = _history(json.dumps(MADE), identity="c2")
    with pytest.raises(TaskError, match="is not followed by its result"):
        team.toolbox(broken)
    cut = {"message_history": _history(json.dumps(MADE))["message_history"][:2]}
    with pytest.raises(TaskError, match="is not followed by its result"):
        team.toolbox(cut)
    orphan = {"message_history": [{"role": "tool", "id": "c1", "content": ""}]}
    with pytest.raises(TaskError, match="result of no call"):
        team.toolbox(orphan)
    with pytest.raises(TaskError, match="role 'narrator'"):
        team.toolbox({"message_history": [{"role": "narrator", "content": "Once"}]})


def test_a_dialogue_goes_on_where_its_history_ended(team: Team) -> None:
    task = team.task(_history(json.dumps(MADE)), actions=GOLD)
    episode = Episode(team.domain, task)
    assert episode.turn == "user"
    said = [message.content for message in episode.view("user")[1:]]
    assert said == ["Please note 'Paint'.", "It is on the list."]  # and no greeting
    assert [message.role for message in episode.view("assistant")] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]

    finished = team.play(task, _done("task_2"))

    assert finished.grade.success
    assert finished.grade.db_match
    assert not team.play(task).grade.success


def test_calls_of_the_history_count_for_the_gold_and_in_the_trajectory(team: Team) -> None:
    gold = [{"action_id": "0", "name": "create_task", "arguments": {"user_id": "user_1", "title": "Paint"}}]
    task = team.task(_history(json.dumps(MADE)), actions=gold, reward_basis=["ACTION"])
    episode = team.play(task)
    assert episode.grade.success
    assert episode.trajectory().history == 4


def test_a_history_may_end_with_the_user(team: Team) -> None:
    history = _history(json.dumps(MADE))["message_history"]
    history.append({"role": "user", "content": "Is it done?"})
    assert Episode(team.domain, team.task({"message_history": history})).turn == "assistant"
    assert Episode(team.domain, team.task({"message_history": history[:-2]})).turn == "assistant"


# Assertions on the final state


def _assertion(function: str, *, value: bool = True, side: str = "assistant", **arguments: Any) -> dict[str, Any]:
    return {"env_type": side, "func_name": function, "arguments": arguments, "assert_value": value}


def test_an_assertion_looks_at_the_state_at_the_end(team: Team) -> None:
    completed = _assertion("assert_task_status", task_id="task_1", expected_status="completed")
    task = team.task(env_assertions=[completed], reward_basis=["ENV_ASSERTION"])
    assert team.play(task, _done("task_1")).grade.success
    assert not team.play(task).grade.success


def test_an_assertion_may_want_a_no(team: Team) -> None:
    open_still = _assertion("assert_task_status", value=False, task_id="task_1", expected_status="completed")
    task = team.task(env_assertions=[open_still], reward_basis=["ENV_ASSERTION"])
    assert team.play(task).grade.success
    assert not team.play(task, _done("task_1")).grade.success


def test_every_assertion_must_hold_on_either_side(team: Team) -> None:
    read = _assertion("assert_notification_status", side="user", notification_id="notif_1", expected_status="read")
    number = _assertion("assert_number_of_tasks", user_id="user_1", expected_number=2)
    task = team.task(env_assertions=[read, number], reward_basis=["ENV_ASSERTION"])
    dismiss = call("dismiss_notification", "user", notification_id="notif_1")
    create = call("create_task", user_id="user_1", title="x")

    assert team.play(task, create, dismiss).grade.success
    half = team.play(task, create).grade
    assert [check.met for check in half.env_assertions] == [False, True]
    assert half.components == {"ENV_ASSERTION": 0.0}


def test_an_assertion_about_what_is_not_there_is_not_met(team: Team) -> None:
    missing = _assertion("assert_task_status", task_id="task_9", expected_status="pending")
    grade = team.play(team.task(env_assertions=[missing], reward_basis=["ENV_ASSERTION"])).grade
    assert grade.success is False
    assert grade.env_assertions[0].note == "it raised ValueError: Task task_9 not found"


@pytest.mark.parametrize(("function", "side"), [("assert_taskstatus", "assistant"), ("assert_task_status", "user")])
def test_an_assertion_that_names_no_function_is_a_mistake_of_the_task(team: Team, function: str, side: str) -> None:
    nowhere = _assertion(function, side=side, task_id="task_1", expected_status="pending")
    task = team.task(env_assertions=[nowhere], reward_basis=["ENV_ASSERTION"])
    with pytest.raises(TaskError, match=f"no function '{function}'"):
        _ = team.play(task).grade


def test_an_assertion_that_answers_neither_yes_nor_no_is_not_met(team: Team) -> None:
    task = team.task(env_assertions=[_assertion("get_users")], reward_basis=["ENV_ASSERTION"])
    (check,) = team.play(task).grade.env_assertions
    assert check.met is False
    assert check.note.endswith("neither True nor False")


def test_an_assertion_that_writes_does_not_change_the_episode(team: Team) -> None:
    task = team.task(
        actions=[], env_assertions=[_assertion("assert_number_of_tasks", user_id="user_1", expected_number=1)]
    )
    episode = team.play(task, _done("task_1"))
    assert episode.grade.db_match is False
    assert record(episode.toolbox, "tasks", "task_1") == {**TASK_1, "status": "completed"}


def test_a_task_without_gold_calls_and_assertions_compares_no_databases(team: Team) -> None:
    unjudged = team.task(communicate_info=["done"])
    episode = team.play(unjudged, _done("task_1"))
    assert episode.grade.db_match is True
    empty = team.task(actions=[])  # an empty list, as opposed to none, does compare
    assert team.play(empty, _done("task_1")).grade.db_match is False
    assert team.play(empty).grade.success


# Tools offered to the user


def test_a_task_may_leave_the_user_some_of_the_tools(team: Team) -> None:
    for named, offered in ((None, ["check_notifications", "dismiss_notification"]), ([], [])):
        task = team.task().model_copy(update={"user_tools": None if named is None else tuple(named)})
        assert [found.name for found in Episode(team.domain, task).tools("user")] == offered
    unknown = team.task().model_copy(update={"user_tools": ("phone",)})
    with pytest.raises(TaskError, match="offers the user a tool 'phone'"):
        Episode(team.domain, unknown)


def test_a_task_for_tools_of_another_flavour_is_refused() -> None:
    task = Team("tau2").task()
    with pytest.raises(TaskError, match="flavour 'tau2'"):
        set_up(Team("toolgym").domain, task)


# Tasks that ship with the domain


@pytest.mark.parametrize("split", ["train", "validation", "dev", "test"])
def test_every_shipped_task_is_solved_by_its_gold_and_not_by_silence(mock: Domain, split: str) -> None:
    for task in mock.tasks[split]:
        rng = rng_for(0, task.key, 0, "user")
        episode, user, oracle = Episode(mock, task), MinimalUser(mock, task, rng), GoldPlayer(mock, task, rng)
        while episode.turn is not None:
            take_turn(episode, episode.turn, user if episode.turn == "user" else oracle)
        assert episode.grade.success, task.id
        assert episode.errors == 0, task.id

        silent = Episode(mock, task)
        if silent.turn == "user":
            silent.advance(Message("user", "Hello."))
        silent.advance(Message("assistant", "I cannot help with that."))
        silent.advance(Message("user", STOP))
        assert silent.grade.success is False, task.id
