"""The PettingZoo environment: turns, what each side sees and is paid, how it ends, faults, resets, rendering."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import pytest
from aec_play import BYE, LOOK, READ, line, make, play

from toolgym.domain import Domain
from toolgym.envs.aec_env import ToolAECEnv
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.messages import SIDES, AgentID, Message, ToolCall
from toolgym.tools.toolbox import Toolbox


def roles(env: ToolAECEnv, agent: AgentID) -> list[str]:
    return [message["role"] for message in env.observe(agent)["messages"]]


# Turns, and what each side sees


def test_the_user_acts_first_calls_keep_the_turn_and_text_passes_it_on(mock: Domain) -> None:
    env = play(make(mock), seed=0)
    turns = [env.agent_selection]
    for action in (LOOK, LOOK, "Hello.", READ, "{", "What?", LOOK):
        env.step(action)
        turns.append(env.agent_selection)
    assert turns == ["user", "user", "user", "assistant", "assistant", "assistant", "user", "user"]


def test_first_an_agent_sees_all_of_its_side_then_what_came_since_its_own_action(mock: Domain) -> None:
    env = play(make(mock), seed=0)
    assert env.episode is not None
    assert (roles(env, "user"), roles(env, "assistant")) == (["system", "assistant"], ["system", "assistant"])
    assert env.observe("user")["messages"][0]["content"] == str(env.episode.task.user_scenario)
    assert env.observe("assistant")["messages"][0]["content"] == mock.policy
    env.step(LOOK)
    assert (roles(env, "user"), roles(env, "assistant")) == (["tool"], ["system", "assistant"])
    env.step("Hello.")
    assert (roles(env, "user"), roles(env, "assistant")) == ([], ["system", "assistant", "user"])
    env.step(READ)
    assert (roles(env, "user"), roles(env, "assistant")) == ([], ["tool"])  # nobody sees the other's calls
    env.step("Ready?")
    assert (roles(env, "user"), roles(env, "assistant")) == (["assistant"], [])
    env.step(LOOK)
    assert (roles(env, "user"), roles(env, "assistant")) == (["tool"], [])
    env.step(BYE)
    assert (roles(env, "user"), roles(env, "assistant")) == ([], ["user"])


def test_with_history_an_agent_always_sees_all_of_its_side(mock: Domain) -> None:
    env = play(make(mock, history=True), LOOK, "Hello.", READ, seed=0)
    assert roles(env, "user") == ["system", "assistant", "user", "tool", "user"]
    assert roles(env, "assistant") == ["system", "assistant", "user", "assistant", "tool"]


def test_each_side_is_told_its_own_tools_until_its_first_action(mock: Domain) -> None:
    env = play(make(mock), seed=0)
    names = {side: [one["function"]["name"] for one in env.infos[side]["tools"]] for side in SIDES}
    assert names == {side: list(mock.toolkits[side].tools) for side in SIDES}
    assert names["user"] == [one["function"]["name"] for one in env.tools("user")]
    env.step("Hello.")
    assert ["tools" in env.infos[side] for side in SIDES] == [True, False]
    env.step("Yes?")
    assert ["tools" in env.infos[side] for side in SIDES] == [False, False]


def test_a_message_is_the_acting_sides_whatever_it_says(mock: Domain) -> None:
    env = play(make(mock), {"role": "assistant", "content": "Hello."}, seed=0)
    assert env.observe("assistant")["messages"][-1] == {"role": "user", "content": "Hello."}
    env.step(Message("user", None, (ToolCall("get_users", {}, "c", "user"),)))
    assert env.observe("assistant")["messages"][-1]["content"].startswith('[{"user_id"')


def test_the_functional_form_is_a_call_in_tau2s_parsing_alone(mock: Domain) -> None:
    for parsing, turn in (("tau2", "user"), ("toolgym", "assistant")):
        assert play(make(mock, parsing=parsing), "check_notifications()", seed=0).agent_selection == turn


@pytest.mark.parametrize(("length", "first"), [(1, "assistant"), (2, "user")])
def test_a_task_with_a_history_goes_on_where_it_ends(mock: Domain, length: int, first: AgentID) -> None:
    history = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}][:length]
    fields = {"id": "x", "user_scenario": {"instructions": "x"}, "world": mock.tasks["test"][0].world}
    env = play(make(mock), options={"task": {**fields, "initial_state": {"message_history": history}}})
    assert env.agent_selection == first
    assert roles(env, "user") == roles(env, "assistant") == ["system", "user", "assistant"][: length + 1]


def test_what_was_given_out_does_not_change_any_more(mock: Domain) -> None:
    env = play(make(mock), LOOK, seed=0)
    given = env.last(), env.observe("assistant"), dict(env.infos)
    kept = copy.deepcopy(given)
    for action in (LOOK, LOOK, BYE):
        env.step(action)
    assert given == kept
    assert env.infos["assistant"]["reward_terms"] != given[2]["assistant"]["reward_terms"]


# What each side is paid, and how it ends


def test_an_agent_is_paid_for_what_came_since_its_own_last_action(mock: Domain) -> None:
    env = play(make(mock), LOOK, LOOK, options={"task_id": "test-001"})
    assert env.rewards == {"assistant": 0.0, "user": -0.05}
    assert env.last()[1] == -0.05
    assert env.infos["user"]["reward_terms"] == {"repeat": -0.05}
    env.step("Hello.")
    assert (env.rewards["user"], env.infos["user"]["reward_terms"]) == (0.0, {})
    for action in (READ, READ, "Yes?", BYE):
        env.step(action)
    assert env.rewards == {"assistant": 0.0, "user": 0.0}
    assert env.infos["assistant"]["reward_terms"] == {"success": 0.0, "action": 0.0}  # the repeat was an action earlier
    assert env.infos["user"]["reward_terms"] == {"success": 0.0}
    assert env.trajectory().rewards["user"] == {"repeat": -0.05, "success": 0.0}


@pytest.mark.parametrize(
    ("settings", "actions", "over", "ended"),
    [
        ({}, ("Hello.", "Yes?", BYE), (True, False), "user_stop"),
        ({}, (BYE,), (True, False), "user_stop"),
        ({"max_steps": 3}, ("Hello.", READ), (False, True), "max_steps"),
        ({"max_steps": 1}, (BYE,), (False, True), "max_steps"),
        ({"max_errors": 2}, ("{", "{"), (False, True), "too_many_errors"),
    ],
)
def test_a_stop_terminates_and_a_limit_truncates_both_at_once(
    mock: Domain, settings: dict[str, Any], actions: Sequence[str], over: tuple[bool, bool], ended: str
) -> None:
    env = play(make(mock, **settings), *actions, seed=0)
    for agent in ("assistant", "user"):
        assert env.agent_selection == agent
        assert env.last()[2:4] == over
        assert (env.infos[agent]["termination"], env.infos[agent]["success"]) == (ended, False)
        with pytest.raises(ValueError, match="only valid action is None"):
            env.step("Hello?")
        env.step(None)
    assert env.agents == []
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        env.step(None)
    env.reset()
    assert (env.agents, env.agent_selection) == (["assistant", "user"], "user")


def test_the_assistant_cannot_end_the_dialogue(mock: Domain) -> None:
    env = play(make(mock), "Hello.", BYE, seed=0)
    assert (env.agent_selection, env.terminations) == ("user", {"assistant": False, "user": False})


@pytest.mark.parametrize("debug", [False, True])
def test_info_names_no_task_unless_asked_to(mock: Domain, debug: bool) -> None:
    env = play(make(mock, debug=debug), options={"task_id": "test-001"})
    for action in (LOOK, "Hello.", {"role": "assistant", "content": "Yes?", "tokens": 7}, BYE):
        env.step(action)
        for info in env.infos.values():
            assert ("test-001" in json.dumps(info)) is debug
            assert info.get("task_id") == ("test-001" if debug else None)
            assert info["task_key"] == mock.tasks["test"][0].key
    assert env.infos["user"]["usage"] == {"assistant": 7}


def test_success_is_left_out_where_a_judge_would_have_to_say(mock: Domain) -> None:
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    fields = {"id": "nl", "user_scenario": {"instructions": "Be met politely."}, "evaluation_criteria": criteria}
    env = play(make(mock), BYE, options={"task": {**fields, "world": mock.tasks["test"][0].world}})
    assert env.last()[1:4] == (0.0, True, False)
    assert "success" not in env.infos["assistant"]


def test_an_action_that_is_no_message_is_an_error_and_changes_nothing(mock: Domain) -> None:
    env = play(make(mock), LOOK, LOOK, seed=0)
    before = line(env.trajectory()), env.last(), dict(env.rewards)
    for action in (5, None, {"role": "user", "content": 5}, {"role": "user", "tool_calls": 5}):
        with pytest.raises(DataError):
            env.step(action)  # type: ignore[arg-type]  # that is the point
    assert (line(env.trajectory()), env.last(), env.rewards) == before


def test_before_the_first_reset_there_is_nothing(mock: Domain) -> None:
    env = make(mock)
    for look in (env.last, env.trajectory, lambda: env.observe("user"), lambda: env.tools("user")):
        with pytest.raises(gym.error.ResetNeeded, match="reset"):
            look()
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.step("Hello?")
    with pytest.raises(gym.error.ResetNeeded, match="reset"):
        env.fault("user", "x")


def test_a_mistake_of_the_domain_is_raised_and_ends_the_episode(mock: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    env = play(make(mock), "Hello.", seed=0)
    monkeypatch.setattr(Toolbox, "call", broken)
    with pytest.raises(ZeroDivisionError):
        env.step(READ)
    with pytest.raises(gym.error.ResetNeeded, match="unexpected_error"):
        env.step(READ)
    assert env.trajectory().fault is not None


# Faults, and giving up


@pytest.mark.parametrize("source", ["user", "service"])
def test_a_fault_takes_the_place_of_a_step_and_voids_the_episode_for_both(mock: Domain, source: Any) -> None:
    env = play(make(mock), LOOK, LOOK, seed=0)
    assert env.last()[1] == -0.05
    env.fault(source, "the line is dead")
    for agent in env.agent_iter():
        _, reward, terminated, truncated, info = env.last()
        assert (reward, terminated, truncated) == (0.0, False, True)
        assert info["fault"] == {"source": source, "reason": "the line is dead"}
        assert ("success" in info, roles(env, agent)) == (False, [] if agent == "user" else ["system", "assistant"])
        env.step(None)
    assert (env.trajectory().success, env.agents) == (None, [])
    assert env.trajectory().rewards == {"user": {"repeat": -0.05}}


def test_who_gives_up_has_failed(mock: Domain) -> None:
    env = play(make(mock), "Hello.", options={"task_id": "test-001"})
    env.give_up()
    for agent in env.agent_iter():
        _, reward, terminated, truncated, info = env.last()
        assert (reward, terminated, truncated, info["success"]) == (0.0, False, True, False)
        assert info["termination"] == "context_window_exceeded"
        assert info["reward_terms"] == {"success": 0.0, **({"action": 0.0} if agent == "assistant" else {})}
        env.step(None)
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        env.give_up()
    with pytest.raises(ValueError, match="user_stop"):
        play(env).give_up("user_stop")


def test_a_fault_has_a_source_and_comes_before_the_end(mock: Domain) -> None:
    env = play(make(mock), seed=0)
    with pytest.raises(ValueError, match="'user', 'judge', 'service', 'task', got 'assistant'"):
        env.fault("assistant", "x")  # type: ignore[arg-type]  # that is the point
    assert not any(env.truncations.values())
    env.step(BYE)
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        env.fault("user", "too late")
    assert env.trajectory().fault is None


# Resets and settings


def test_reset_plays_the_task_that_it_is_told_to(mock: Domain) -> None:
    env, task = make(mock), mock.tasks["dev"][4]
    for options in ({"task_id": task.id}, {"task": task}, {"task": task.model_dump()}):
        assert play(env, options=options).infos["user"]["task_key"] == task.key


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"task_id": "dev-999"}, UnknownNameError, "dev-999"),
        ({"task": {"id": "x"}}, DataError, "user_scenario"),
        ({"task": 5}, DataError, "not a task"),
        ({"taks": 5}, DataError, "'taks'.*allowed are"),
        ({"task": {"id": "x", "user_scenario": {"instructions": "x"}, "flavour": "tau2"}}, TaskError, "flavour"),
    ],
)
def test_a_reset_that_cannot_be_done_is_an_error_and_leaves_the_episode_as_it_was(
    mock: Domain, options: dict[str, Any], error: type[Exception], told: str
) -> None:
    env = play(make(mock), LOOK, LOOK, seed=0)
    before = line(env.trajectory()), env.last()
    with pytest.raises(error, match=told):
        env.reset(options=options)
    assert (line(env.trajectory()), env.last()) == before


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"render_mode": "rgb_array"}, "render_mode"),
        ({"parsing": "xml"}, "parsing"),
        ({"group_size": 0}, "group_size"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_errors": 0}, "max_errors"),
        ({"reward": "rift"}, "'raft'"),
    ],
)
def test_a_setting_that_does_not_exist_is_an_error_that_names_it(
    mock: Domain, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises((ValueError, LookupError), match=named):
        make(mock, **settings)


# Rendering


def test_ansi_rendering_is_the_dialogue_of_both_sides_as_text(mock: Domain) -> None:
    env = make(mock, render_mode="ansi")
    assert env.render() == ""
    shown = str(play(env, LOOK, "Hello.", READ, seed=0).render()).splitlines()
    kinds = [text.split(": ")[0] for text in shown]
    assert kinds == ["assistant", "user", "tool (user)", "user", "assistant", "tool (assistant)"]


def test_human_rendering_prints_each_message_once(mock: Domain, capsys: pytest.CaptureFixture[str]) -> None:
    env = play(make(mock, render_mode="human"), "Hello.", READ, seed=0)
    assert env.render() is None
    printed = capsys.readouterr().out
    assert [printed.count(text) for text in ("Hello! What", "user: Hello.", "get_users({})")] == [1, 1, 1]


def test_rendering_without_a_mode_warns(mock: Domain) -> None:
    env = play(make(mock), seed=0)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert env.render() is None
    env.close()
