"""The Gymnasium environment: its contract, what it shows and hides, seeds, groups, rendering."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from toolgym import make_env, make_user
from toolgym.curricula import Fixed
from toolgym.domain import AgentSpec, Domain
from toolgym.envs import ToolEnv
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.messages import STOP, Message, ToolCall
from toolgym.rewards import Success
from toolgym.tasks import Task, TaskSet
from toolgym.trajectory import Trajectory
from toolgym.users.minimal import MinimalUser

READ = '{"name": "get_users", "arguments": {}}'
QUIT = ("Done.",) * 4  # the minimal user may have something of its own to do first


def episode(env: Any, *actions: Any, **reset: Any) -> list[Any]:
    """All that an environment gave back in one episode: of reset, and of each step until the end."""
    given = [env.reset(**reset)]
    for action in actions:
        given.append(env.step(action))
        if given[-1][2] or given[-1][3]:
            break
    return given


def line(env: ToolEnv) -> str:
    """The trajectory as it is stored, without its timestamps."""
    return replace(env.trajectory(), started=None, seconds=None).to_json()


# Gymnasium's contract


@pytest.mark.parametrize("options", [{}, {"render_mode": "ansi"}, {"history": True, "group_size": 3, "debug": True}])
def test_gymnasiums_own_checker_has_nothing_to_say(options: dict[str, Any]) -> None:
    check_env(gym.make("ToolMock-v0", **options).unwrapped)  # it warns, and warnings are errors


def test_gymnasiums_own_checker_has_nothing_to_say_on_tau2s_data(tau2_retail: Domain) -> None:
    check_env(gym.make("ToolRetail-v0", data=tau2_retail.compat.name).unwrapped)


def test_a_spec_is_json_and_makes_the_environment_again() -> None:
    env = gym.make("ToolMock-v0", split="test", reward={"success": 2.0}, max_steps=50)
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    made: Any = again.unwrapped
    assert (made.split, made.settings.max_steps, made.parts.terms) == ("test", 50, (Success(2.0),))
    assert again.reset(seed=1)[0] == env.reset(seed=1)[0]


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_step_needs_an_episode(wrapped: bool) -> None:
    env: Any = gym.make("ToolMock-v0")
    env = env if wrapped else env.unwrapped
    with pytest.raises(gym.error.ResetNeeded):
        env.step("Hello?")
    with pytest.raises(gym.error.ResetNeeded):
        env.unwrapped.trajectory()
    *_, last = episode(env, *QUIT, seed=0)
    assert last[2]
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        env.step("Hello?")
    assert episode(env, READ)[1][0][0]["role"] == "tool"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"render_mode": "rgb_array"}, "render_mode"),
        ({"parsing": "xml"}, "parsing"),
        ({"group_size": 0}, "group_size"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_errors": 0}, "max_errors"),
        ({"data": "tau3"}, "data"),
        ({"split": "tset"}, "'test'"),
        ({"user": "minimol"}, "'minimal'"),
        ({"curriculum": "fixt"}, "'fixed'"),
        ({"reward": "rift"}, "'raft'"),
    ],
)
def test_a_setting_that_does_not_exist_is_an_error_that_names_it(options: dict[str, Any], named: str) -> None:
    with pytest.raises((ValueError, LookupError), match=named):
        make_env("mock", **options)


def test_the_default_user_is_scripted_where_the_tasks_carry_facts(mock: Domain) -> None:
    telling = [task.model_copy(update={"facts": {}}) for task in mock.tasks["test"]]
    told = mock.with_data(
        tasks=TaskSet({"test": lambda: telling}), users={"scripted": AgentSpec("scripted", MinimalUser)}
    )
    for domain, options, user in (
        (told, {}, "scripted"),
        (told, {"user": "minimal"}, "minimal"),
        (mock, {}, "minimal"),
        (told, {"split": "none", "curriculum": Fixed(telling)}, "minimal"),
    ):
        env = make_env(domain, **{"split": "test", **options})
        env.reset(seed=0)
        assert env.trajectory().user == user


def test_the_scripted_user_cannot_play_where_the_domain_has_none(mock: Domain) -> None:
    with pytest.raises(TaskError, match="has no scripted user"):
        make_env(mock.with_data(users={}), user="scripted").reset(seed=0)


# What is seen


def test_reset_shows_the_policy_and_the_opening_and_a_step_what_came_since(mock: Domain) -> None:
    env = make_env("mock", split="test")
    opening, after_call, after_words = episode(env, READ, "Shall I?", seed=3)
    assert [message["role"] for message in opening[0]] == ["system", "assistant", "user"]
    assert opening[0][0]["content"] == mock.policy
    assert [one["function"]["name"] for one in opening[1]["tools"]] == list(mock.toolkits["assistant"].tools)
    assert [message["role"] for message in after_call[0]] == ["tool"]
    assert [message["role"] for message in after_words[0]] == ["user"]


def test_with_history_every_observation_is_the_whole_dialogue() -> None:
    opening, after_call, after_words = episode(make_env("mock", history=True), READ, "Shall I?", seed=3)
    assert after_call[0][: len(opening[0])] == opening[0]
    assert after_words[0][: len(after_call[0])] == after_call[0]
    roles = [message["role"] for message in after_words[0]]
    assert roles == ["system", "assistant", "user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize(
    "action",
    [
        READ,
        {"name": "get_users", "arguments": {}},
        {"role": "assistant", "content": None, "tool_calls": [{"name": "get_users", "arguments": "{}"}]},
        Message("assistant", None, (ToolCall("get_users", {}, "call_0"),)),
        Message("user", None, (ToolCall("get_users", {}, "call_0", "user"),)),  # it speaks for nobody but itself
        f"<tool_call>{READ}</tool_call>",
    ],
    ids=str,
)
def test_a_call_can_be_text_a_mapping_or_a_message(action: Any) -> None:
    _, step = episode(make_env("mock"), action, seed=0)
    assert [(message["role"], message["tool_call_id"]) for message in step[0]] == [("tool", "call_0")]
    assert step[0][0]["content"].startswith('[{"user_id"')


def test_an_action_that_is_no_message_is_an_error_and_changes_nothing() -> None:
    env = make_env("mock")
    env.reset(seed=0)
    before = line(env)
    for action in (5, {"role": "assistant", "content": 5}, {"role": "assistant", "tool_calls": 5}):
        with pytest.raises(DataError):
            env.step(action)  # type: ignore[arg-type]  # that is the point
    assert line(env) == before


@pytest.mark.parametrize(("parsing", "answered_by"), [("tau2", "tool"), ("toolgym", "user")])
def test_the_functional_form_is_a_call_in_tau2s_parsing_alone(parsing: str, answered_by: str) -> None:
    _, step = episode(make_env("mock", parsing=parsing), "get_users()", seed=0)
    assert step[0][0]["role"] == answered_by


@pytest.mark.parametrize("debug", [False, True])
def test_info_is_json_and_names_no_task_unless_asked_to(debug: bool, mock: Domain) -> None:
    given = episode(make_env("mock", debug=debug), READ, "{", "Done.", options={"task_id": "test-001"})
    infos = [given[0][1], *(step[4] for step in given[1:])]
    for info in infos:
        text = json.dumps(info)
        assert json.loads(text) == info
        assert ("test-001" in text) is debug
        assert info["task_key"] == mock.tasks["test"][0].key
        assert "reward_terms" in info
    assert ["success" in info for info in infos] == [False, False, False, True]
    assert infos[-1]["termination"] == "user_stop"


def test_success_is_left_out_where_a_judge_would_have_to_say(mock: Domain) -> None:
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    fields = {"id": "nl", "user_scenario": {"instructions": "Be met politely."}, "evaluation_criteria": criteria}
    *_, last = episode(make_env("mock"), *QUIT, options={"task": {**fields, "world": mock.tasks["test"][0].world}})
    assert (last[1], last[2], "success" in last[4]) == (0.0, True, False)


def test_tokens_are_reported_at_the_end_where_they_are_known() -> None:
    spoken, task = {"role": "assistant", "content": "Done.", "tokens": 12}, {"task_id": "test-001"}
    assert episode(make_env("mock"), spoken, options=task)[-1][4]["usage"] == {"assistant": 12}
    assert episode(make_env("mock"), "Done.", options=task)[-1][4]["usage"] == {}


# How it ends


def test_a_stop_terminates_and_a_limit_truncates() -> None:
    for env, actions, over, ended in (
        (make_env("mock"), QUIT, (True, False), "user_stop"),
        (make_env("mock", max_steps=3), (READ,), (False, True), "max_steps"),
        (make_env("mock", max_errors=2), ("{", "{"), (False, True), "too_many_errors"),
    ):
        *_, last = episode(env, *actions, seed=0)
        assert (last[2:4], last[4]["termination"], last[4]["success"]) == (over, ended, False)


class Fails:
    """A user that says so many things and then fails."""

    def __init__(self, *_: Any, after: int = 1) -> None:
        self.left = after

    def respond(self, view: Sequence[Message]) -> Message:
        if not self.left:
            raise ConnectionError("the line is dead")
        self.left -= 1
        return Message("user", "Hm?")


FAULT = {"source": "user", "reason": "ConnectionError: the line is dead"}


def test_a_user_that_fails_voids_the_episode() -> None:
    env = make_env("mock", user=Fails)
    *_, last = episode(env, READ, "Yes?", seed=0)
    assert last[1:4] == (0.0, False, True)
    assert (last[4]["fault"], "success" in last[4], env.trajectory().success) == (FAULT, False, None)


@pytest.mark.parametrize(
    ("options", "termination"),
    [({"user": lambda *_: Fails(after=0)}, "user_error"), ({"max_steps": 1}, "max_steps")],
    ids=["fault", "limit"],
)
def test_an_episode_that_ended_before_the_first_action_ends_with_it(options: dict[str, Any], termination: str) -> None:
    env = make_env("mock", **options)
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step("Hello?")
    assert observation in env.observation_space
    assert (reward, terminated, truncated, info["termination"]) == (0.0, False, True, termination)
    with pytest.raises(gym.error.ResetNeeded):
        env.step("Hello?")


# Tasks and seeds


def test_reset_plays_the_task_that_it_is_told_to(mock: Domain) -> None:
    env = make_env("mock")
    task = mock.tasks["dev"][4]
    for options in ({"task_id": task.id}, {"task": task}, {"task": task.model_dump()}):
        assert env.reset(options=options)[1]["task_key"] == task.key


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
def test_a_reset_option_that_cannot_be_followed_is_an_error(
    options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        make_env("mock").reset(options=options)


def test_the_same_seed_gives_the_same_episodes_byte_for_byte() -> None:
    def play(seed: int) -> list[str]:
        env = make_env("mock", group_size=2)
        lines = []
        for place in range(5):
            episode(env, READ, "{", "Shall I?", *QUIT, **({"seed": seed} if place == 0 else {}))
            lines.append(line(env))
        return lines

    assert play(7) == play(7)
    assert play(7) != play(8)


def test_another_process_with_other_hashes_plays_the_same_bytes() -> None:
    code = """
import dataclasses, toolgym
env = toolgym.make_env("mock", split="test")
for place in range(4):
    env.reset(seed=11 if place == 0 else None)
    for action in ('{"name": "get_users", "arguments": {}}', "Shall I?", *["Done."] * 4):
        *_, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            break
    print(dataclasses.replace(env.trajectory(), started=None, seconds=None).to_json())
"""
    printed = set()
    for seed in ("0", "1"):
        command = [sys.executable, "-W", "error", "-c", code]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        printed.add(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout)
    assert len(printed) == 1
    env = make_env("mock", split="test")
    lines = []
    for place in range(4):
        episode(env, READ, "Shall I?", *QUIT, **({"seed": 11} if place == 0 else {}))
        lines.append(line(env) + "\n")
    assert printed == {"".join(lines)}


# Groups and curricula


class Watching(Fixed):
    """Notes what it is told."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__(tasks)
        self.groups: list[Sequence[Trajectory]] = []
        self.drawn = 0

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        self.drawn += k
        return super().sample(rng, k)

    def update(self, group: Sequence[Trajectory]) -> None:
        self.groups.append(group)


def watched(domain: Domain, *, owned: bool, size: int) -> tuple[ToolEnv, Watching]:
    curriculum = Watching(domain.tasks["test"])
    if owned:
        return ToolEnv(domain, curriculum, make_user("minimal"), owns_curriculum=True, group_size=size), curriculum
    return make_env(domain, curriculum=curriculum, group_size=size), curriculum


def test_a_group_is_one_task_several_times_and_updates_an_owned_curriculum_once(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=3)
    keys: list[str] = []
    for place in range(6):
        keys.append(episode(env, *QUIT, **({"seed": 2} if place == 0 else {}))[0][1]["task_key"])
        assert len(curriculum.groups) == (place + 1) // 3
    assert keys[:3] == keys[:1] * 3
    assert keys[3:] == keys[3:4] * 3
    assert curriculum.drawn == 2
    told = [[trajectory.task_key for trajectory in group] for group in curriculum.groups]
    assert told == [keys[:3], keys[3:]]
    assert [trajectory.trial for trajectory in curriculum.groups[0]] == [0, 1, 2]


def test_a_curriculum_that_was_passed_is_sampled_and_never_updated(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=False, size=2)
    for _ in range(4):
        episode(env, *QUIT)
    assert (curriculum.drawn, curriculum.groups) == (2, [])


def test_an_episode_that_was_broken_off_is_no_trial_of_its_group(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=2)
    key = episode(env, *QUIT, seed=2)[0][1]["task_key"]
    assert episode(env, READ)[0][1]["task_key"] == key
    assert curriculum.groups == []
    assert episode(env, *QUIT)[0][1]["task_key"] == key
    assert len(curriculum.groups) == 1


def test_a_task_of_ones_own_is_no_part_of_a_group(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=1)
    episode(env, *QUIT, options={"task_id": "dev-001"})
    assert (curriculum.drawn, curriculum.groups) == (0, [])


def test_a_new_seed_starts_a_new_group(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=2)
    episode(env, *QUIT, seed=1)
    episode(env, *QUIT, seed=1)
    assert curriculum.groups == []
    assert env.trajectory().trial == 0


# Rendering


def test_ansi_rendering_is_the_dialogue_as_text() -> None:
    env = make_env("mock", split="test", render_mode="ansi")
    assert env.render() == ""
    episode(env, READ, "{", "Done.", options={"task_id": "test-001"})
    shown = str(env.render()).splitlines()
    kinds = ["assistant", "user", "assistant", "tool (assistant)", "assistant", "tool (assistant)", "assistant", "user"]
    assert [text.split(": ")[0] for text in shown] == kinds
    assert "get_users({})" in shown[2]


def test_human_rendering_prints_each_message_once_and_returns_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    env = make_env("mock", render_mode="human")
    episode(env, READ, "Done.", options={"task_id": "test-001"})
    assert env.render() is None
    printed = capsys.readouterr().out
    assert printed.count("assistant: Done.") == 1
    assert printed.count("get_users({})") == 1
    assert printed.count("###STOP###") == 1


def test_rendering_without_a_mode_warns() -> None:
    env = make_env("mock")
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert env.render() is None


def test_a_void_trial_fills_its_group_and_tells_the_curriculum_nothing(mock: Domain) -> None:
    told: list[list[object]] = []

    class Watched(Fixed):
        def update(self, group: Sequence[Trajectory]) -> None:
            told.append([trajectory.fault for trajectory in group])

    turns = iter(range(99))

    class Moody:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.fails = next(turns) % 2 == 1

        def respond(self, view: Sequence[Message]) -> Message:
            if self.fails:
                raise RuntimeError("not today")
            return Message("user", "Hello." if len(view) < 3 else STOP)

    env = ToolEnv(mock, Watched(mock.tasks["test"]), Moody, owns_curriculum=True, group_size=2)
    for _ in range(4):
        env.reset(seed=None)
        env.step("Hi.")
    assert told == [[None], [None]]
