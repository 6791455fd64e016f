"""One message has a cap: past it an error is observed, nothing is said or run, and little is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import Episode, Limits, make_aec_env, make_agent, make_domain, make_env, make_user, make_vec_env
from toolgym.domain import Domain
from toolgym.messages import Message, ToolCall
from toolgym.rollouts import Settings, play

SMALL = {"max_characters": 100, "max_calls": 2}
LOOK = '{"name": "get_users", "arguments": {}}'
TOO_LONG = [
    "x" * 101,
    {"role": "assistant", "content": "x" * 101},
    Message("assistant", "x" * 101),
    '{"name": "get_users", "arguments": {"note": "' + "x" * 100 + '"}}',
    '{"name": "' + "x" * 200 + '", "arguments": {}}',
    '{"name": "get_users", "arguments": {"many": [' + "1, " * 100 + "1]}}",
    {"name": "get_users", "arguments": {"note": "x" * 100}},
    '{"name": "get_users", ' + "x" * 100,
    f"[{LOOK}, {LOOK}, {LOOK}]",
    Message("assistant", "Hi.", (ToolCall("get_users", id="a"),) * 3),
]


def env_of(**settings: Any) -> Any:
    return make_env("mock", split="test", **SMALL, **settings)


@pytest.mark.parametrize("action", TOO_LONG, ids=lambda action: str(action)[:40])
def test_what_is_too_long_is_an_error_and_neither_said_nor_run(action: Any) -> None:
    env = env_of()
    env.reset(seed=0, options={"task_id": "test-001"})
    heard = env.episode.view("user")
    observation, _, terminated, truncated, _ = env.step(action)
    (told,) = observation
    assert told["role"] == "tool"
    assert "may have 2" in told["content"] or "more than 100 characters" in told["content"]
    assert (env.episode.errors, terminated, truncated) == (1, False, False)
    assert env.episode.view("user") == heard
    assert env.episode.successful_calls == []


def test_what_is_just_short_enough_is_said() -> None:
    env = env_of()
    env.reset(seed=0, options={"task_id": "test-001"})
    env.step("x" * 100)
    assert any(message.content == "x" * 100 for message in env.episode.messages)
    assert env.episode.errors == 0


def test_too_many_of_them_end_the_episode_as_failed_calls_do() -> None:
    env = env_of(max_errors=3)
    env.reset(seed=0, options={"task_id": "test-001"})
    ends = [env.step("x" * 1000)[3] for _ in range(3)]
    assert ends == [False, False, True]
    assert env.episode.termination == "too_many_errors"
    assert env.episode.grade.success is False


def test_little_is_kept_of_what_is_too_long_with_how_long_it_was() -> None:
    episode = Episode(make_domain("mock"), make_domain("mock").tasks["test"][0])
    episode.advance(Message("user", "Hi."))
    episode.advance(Message("assistant", "x" * 10_000_000, reasoning="y" * 10_000_000))
    line = episode.trajectory().to_json()
    assert len(line) < 250_000
    assert "10000000 characters, 1000 kept" in line
    assert "10000000 characters, 100000 kept" in line


@pytest.mark.parametrize("name", ["make_vec_env", "gym.make", "gym.make_vec"])
def test_the_caps_hold_in_every_environment(name: str) -> None:
    if name == "gym.make":
        env = gym.make("ToolMock-v0", split="test", **SMALL)
        env.reset(seed=0, options={"task_id": "test-001"})
        observation = env.step("x" * 101)[0]
    else:
        envs = (
            make_vec_env("mock", 2, split="test", **SMALL)
            if name == "make_vec_env"
            else gym.make_vec("ToolMock-v0", num_envs=2, split="test", **SMALL)
        )
        envs.reset(seed=0, options={"task_id": "test-001"})
        observation = envs.step(["x" * 101, "Hi."])[0][0]
    assert "more than 100 characters" in observation[-1]["content"]


def test_they_hold_for_both_sides_where_both_are_played() -> None:
    env = make_aec_env("mock", split="test", **SMALL)
    env.reset(seed=0, options={"task_id": "test-001"})
    for side, text in (("user", "x" * 101), ("user", "Hi."), ("assistant", "x" * 101)):
        assert env.agent_selection == side
        env.step(text)
    assert env.episode is not None
    assert (env.episode.errors, env.agent_selection) == (2, "assistant")


class _Wordy:
    """A user that says too much at once."""

    def __init__(self, *_: Any) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        return Message("user", "x" * 101)


def test_a_user_that_says_too_much_is_a_fault_and_the_assistant_does_not_pay(mock: Domain) -> None:
    def assistant(*_: Any) -> Any:
        raise AssertionError("it never speaks")

    episode = play(mock, mock.tasks["test"][0], lambda *_: None, _Wordy, limits=Limits(**SMALL))  # type: ignore[arg-type,return-value]
    assert (episode.termination, episode.errors, episode.grade.success) == ("user_error", 0, None)
    assert episode.fault is not None
    assert "more than 100 characters" in episode.fault.reason


def test_a_bounded_assistant_in_rollouts_is_told_and_goes_on(mock: Domain) -> None:
    class Agent:
        def __init__(self, *_: Any) -> None:
            self.said = ["x" * 101, "Is that all?", "Bye."] + ["Done."] * 20

        def respond(self, view: Sequence[Message]) -> Message:
            return Message("assistant", self.said.pop(0))

    episode = play(mock, mock.tasks["test"][0], Agent, make_user("minimal"), limits=Limits(**SMALL))
    assert episode.errors == 1
    assert episode.fault is None


def test_settings_of_older_runs_are_as_they_were_and_other_caps_are_told() -> None:
    settings = Settings("mock", "test", "oracle")
    assert not {"max_characters", "max_calls"} & set(settings.as_dict())
    other = Settings("mock", "test", "oracle", max_characters=5, max_calls=7)
    assert (other.as_dict()["max_characters"], other.as_dict()["max_calls"]) == (5, 7)
    assert other.limits == Limits(max_characters=5, max_calls=7)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
        max_leaves=30,
    ),
    st.integers(1, 200),
)
def test_whatever_the_arguments_are_a_message_within_the_caps_is_left_as_it_is(value: Any, most: int) -> None:
    message = Message("assistant", None, (ToolCall("get_users", {"x": value}, "a"),))
    limits = Limits(max_characters=most)
    kept = limits.applied_to(message)
    assert (kept == message) is (limits.excess(message) is None)
    assert limits.excess(kept) is None or most < 300


def test_a_value_that_holds_itself_is_counted_once_too_often_and_no_more() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert Limits().excess(Message("assistant", None, (ToolCall("f", {"x": endless}),))) is not None


@pytest.mark.parametrize("agent", ["oracle", "novice", "clerk"])
def test_the_limits_for_training_cut_off_no_success(agent: str) -> None:
    retail = make_domain("retail")
    player = make_agent("oracle") if agent == "oracle" else retail.agents[agent]
    successes = 0
    for task in retail.tasks["dev"][:60]:
        episode = play(retail, task, player, make_user("scripted"))
        shorter = play(retail, task, player, make_user("scripted"), limits=Limits.training())
        if episode.grade is not None and episode.grade.success:
            successes += 1
            assert shorter.trajectory().messages == episode.trajectory().messages
    assert successes > 20
