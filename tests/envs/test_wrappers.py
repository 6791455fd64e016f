"""The wrappers of ToolEnv: what each changes, how they nest, and that a spec makes them again."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_env
from toolgym.actions import parse_action
from toolgym.domain import Domain
from toolgym.envs import TextSpace, ToolEnv
from toolgym.envs.wrappers import ChatTemplate, RecordRun, RewardMix, TokenLimit, ToolFilter, chatml
from toolgym.errors import DataError, UnknownNameError
from toolgym.messages import Message, ToolCall, to_chat
from toolgym.regrading import regrade
from toolgym.runs import Run, query, read_manifest, read_trajectories
from toolgym.trajectory import Trajectory

READ, ASK, DONE = '{"name": "get_users", "arguments": {}}', "Shall I?", "Done."
CREATE = '{"name": "create_task", "arguments": {"user_id": "user_1", "title": "Rest"}}'
TASK = {"task_id": "test-001"}


def words(text: str) -> int:
    return len(text.split()) or 1


Wrapper = Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]]


@pytest.fixture(params=["ChatTemplate", "ToolFilter", "RewardMix", "TokenLimit", "RecordRun"])
def wrapper(request: pytest.FixtureRequest, tmp_path: Path) -> Wrapper:
    """Each wrapper, made with something."""
    made: dict[str, Wrapper] = {
        "ChatTemplate": ChatTemplate,
        "ToolFilter": partial(ToolFilter, allow=["get_users"]),
        "RewardMix": partial(RewardMix, reward={"success": 2.0}),
        "TokenLimit": partial(TokenLimit, max_tokens=50, count=words),
        "RecordRun": partial(RecordRun, folder=tmp_path / "run"),
    }
    return made[str(request.param)]


# All of them


def test_gymnasiums_own_checker_has_nothing_to_say(wrapper: Wrapper) -> None:
    env = wrapper(gym.make("ToolMock-v0", disable_env_checker=True))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version")  # it is wrapped
        check_env(env)
    env.close()


def test_a_spec_makes_the_wrapped_environment_again(wrapper: Wrapper) -> None:
    env = wrapper(gym.make("ToolMock-v0", split="test"))
    assert env.spec is not None
    again = gym.make(env.spec)
    assert str(again) == str(env)
    assert again.spec == env.spec
    assert again.reset(options=TASK)[0] == env.reset(options=TASK)[0]
    if env.spec.additional_wrappers[-1].name != "TokenLimit":  # a function is no JSON
        gym.make(EnvSpec.from_json(env.spec.to_json())).reset()


def test_it_needs_a_tool_environment(wrapper: Wrapper) -> None:
    with pytest.raises(TypeError, match=r"needs a ToolEnv.*CartPole"):
        wrapper(gym.make("CartPole-v1"))


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_they_work_within_gymnasiums_vector_environments(mode: str) -> None:
    wrappers = (
        partial(ToolFilter, deny=["create_task"]),
        partial(RewardMix, reward="sparse"),
        partial(TokenLimit, max_tokens=9, count=words),
        ChatTemplate,
    )
    kwargs = {"context": "spawn"} if mode == "async" else {}
    envs = gym.make_vec("toolgym:ToolMock-v0", 2, vectorization_mode=mode, wrappers=wrappers, vector_kwargs=kwargs)
    observations, infos = envs.reset(seed=0, options=TASK)
    assert isinstance(envs.single_observation_space, TextSpace)
    assert all(one.endswith("<|im_start|>assistant\n") for one in observations)
    assert len(infos["tools"][0]) == 3
    observations, rewards, _, truncated, infos = envs.step((CREATE, "May I now please go on with it at all?"))
    assert ["not found" in one for one in observations] == [True, False]
    assert truncated.tolist() == [False, True]
    assert rewards.tolist() == [0.0, 0.0]
    envs.close()


# ToolFilter


@pytest.mark.parametrize("names", [{"allow": ["get_users", "update_task_status"]}, {"deny": {"create_task"}}])
def test_a_filter_offers_some_tools_and_answers_calls_of_others_as_unknown(names: dict[str, Any], mock: Domain) -> None:
    env = ToolFilter(make_env("mock", split="test"), **names)
    before = [tool["function"]["name"] for tool in env.tools]
    _, info = env.reset(options=TASK)
    offered = [tool["function"]["name"] for tool in info["tools"]]
    assert offered == before == [tool["function"]["name"] for tool in env.tools]
    assert "create_task" not in offered
    assert len(env.unwrapped.tools) == 4  # type: ignore[attr-defined]  # the environment itself is as it was
    listed = f"not found. Your tools: {', '.join(offered)}."
    for action, name in ((CREATE, "create_task"), ('{"name": "get_ordr", "arguments": {}}', "get_ordr")):
        observation, *_ = env.step(action)
        assert observation[0]["content"] == f"Error: Tool '{name}' {listed}"
    episode = env.unwrapped.episode  # type: ignore[attr-defined]  # that of ToolEnv
    assert episode.errors == 2
    assert not episode.session.diff()
    assert env.step(READ)[0][0]["content"].startswith("[{")


def test_a_refused_call_among_others_is_refused_alone() -> None:
    env = ToolFilter(make_env("mock"), deny=["create_task"])
    env.reset(options=TASK)
    observation, *_ = env.step(f"[{READ}, {CREATE}, {READ}]")
    assert [message["content"][:6] == "Error:" for message in observation] == [False, True, False]


def test_a_refused_write_stays_undone_when_the_trajectory_is_graded_again(mock: Domain, tau2_mock: Domain) -> None:
    for domain in (mock, tau2_mock):
        env = make_env(domain, split=domain.tasks.splits()[0])
        task = next(
            one
            for one in domain.tasks
            if one.gold and {action.name for action in one.gold} == {"create_task"} and one.initial_state is None
        )
        gold = json.dumps({"name": task.gold[0].name, "arguments": task.gold[0].arguments})
        for wrapped, solved in ((env, True), (ToolFilter(env, deny=["create_task"]), False)):
            wrapped.reset(options={"task": task})
            wrapped.step(gold)
            *_, info = wrapped.step(DONE)
            assert info["success"] is solved
            again = regrade(domain, task, env.trajectory())
            assert again is not None
            assert again.success is solved


def test_filters_narrow_each_other_down() -> None:
    env = ToolFilter(ToolFilter(make_env("mock"), deny=["create_task"]), allow=["get_users"])
    env.reset(options=TASK)
    assert env.step(CREATE)[0][0]["content"].endswith("Your tools: get_users.")
    with pytest.raises(UnknownNameError, match="create_task"):
        ToolFilter(env, allow=["create_task"])
    assert ToolFilter(env, allow=[]).tools == []


@pytest.mark.parametrize("names", [{}, {"allow": ["get_users"], "deny": []}])
def test_a_filter_takes_either_what_is_offered_or_what_is_not(names: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either"):
        ToolFilter(make_env("mock"), **names)


@pytest.mark.parametrize("names", [{"allow": ["get_ordr"]}, {"deny": ["get_ordr"]}])
def test_a_filter_of_a_tool_that_does_not_exist_is_an_error(names: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError, match=r"get_ordr.*get_users"):
        ToolFilter(make_env("mock"), **names)


def test_arguments_that_are_no_json_are_refused_too() -> None:
    env = ToolFilter(make_env("mock"), deny=["create_task"])
    env.reset(options=TASK)
    bad = Message("assistant", None, (ToolCall("create_task", {"title": float("nan")}, "call_0"),))
    assert "not found" in env.step(bad)[0][0]["content"]


# RewardMix


def test_another_reward_is_paid_from_the_next_reset_on_and_the_last_one_holds() -> None:
    env = make_env("mock", split="test", reward="sparse")
    env.reset(options=TASK)
    env.step(READ)
    mixed = RewardMix(env, {"repeat": 0.5})
    assert mixed.step(READ)[1] == 0.0
    mixed.reset(options=TASK)
    mixed.step(READ)
    assert mixed.step(READ)[1] == -0.25
    outer = RewardMix(gym.wrappers.TimeLimit(mixed, 9), "sparse")
    outer.reset(options=TASK)
    outer.step(READ)
    assert outer.step(READ)[1] == 0.0
    with pytest.raises(UnknownNameError, match="raft"):
        RewardMix(env, "rift")


# TokenLimit


@pytest.mark.parametrize(
    "said",
    [ASK, {"role": "assistant", "content": ASK}, {"role": "assistant", "content": "So?", "tokens": 2}],
    ids=["text", "counted", "said"],
)
def test_the_tokens_of_an_action_are_said_or_counted(said: Any) -> None:
    env = TokenLimit(make_env("mock"), 3, count=words)
    env.reset(options=TASK)
    assert not env.step(said)[3]
    observation, _, terminated, truncated, info = env.step(said)
    assert observation[0]["role"] == "user"
    assert (terminated, truncated) == (False, True)
    assert (info["termination"], info["success"], info["usage"]) == ("context_window_exceeded", False, {"assistant": 4})


def test_of_a_call_its_text_is_counted() -> None:
    call = f"<tool_call>\n{READ}\n</tool_call>"
    env = TokenLimit(make_env("mock"), 3, count=lambda text: {call: 3, READ: 1}[text])
    env.reset(options=TASK)
    assert not env.step(json.loads(READ))[3]
    assert env.step(READ)[3]


def test_the_end_by_the_limit_pays_and_reaches_the_curriculum(monkeypatch: pytest.MonkeyPatch) -> None:
    env = make_env("mock", split="test", reward={"success": 1.0, "repeat": 0.05, "length": 0.1, "action": 0.3})
    told: list[Sequence[Trajectory]] = []
    monkeypatch.setattr(env.curriculum, "update", told.append)
    limited = TokenLimit(env, 10_000)
    limited.reset(seed=0)
    look = {**json.loads(READ), "role": "assistant", "tool_calls": [json.loads(READ)], "tokens": 4_000}
    assert limited.step(look)[1] == 0.0
    limited.step(look)
    _, reward, _, truncated, info = limited.step(look)
    assert truncated
    assert info["reward_terms"] == {"success": 0.0, "repeat": -0.05, "length": -0.25, "action": 0.0}
    assert reward == pytest.approx(sum(info["reward_terms"].values()))
    assert [group[0].termination for group in told] == ["context_window_exceeded"]
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        limited.step(look)


def test_a_dialogue_that_ends_with_the_action_that_goes_over_ends_as_it_does() -> None:
    env = TokenLimit(make_env("mock"), 1, count=lambda text: 5)
    env.reset(options=TASK)
    _, _, terminated, truncated, info = env.step(DONE)
    assert (terminated, truncated, info["termination"]) == (True, False, "user_stop")


def test_a_limit_without_a_count_needs_actions_that_say_their_tokens() -> None:
    env = TokenLimit(make_env("mock"), 5)
    env.reset(options=TASK)
    for said in (ASK, Message("assistant", ASK), json.loads(READ)):
        with pytest.raises(DataError, match="'tokens', or give TokenLimit a count="):
            env.step(said)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        TokenLimit(env, 0)
    assert env.unwrapped.episode.steps == 1  # type: ignore[attr-defined]  # the opening; nothing has changed


def test_an_assistant_can_give_up_by_itself() -> None:
    env = make_env("mock")
    with pytest.raises(gym.error.ResetNeeded, match="before give_up"):
        env.give_up()
    env.reset(options=TASK)
    observation, reward, terminated, truncated, info = env.give_up("timeout")
    assert (observation, reward, terminated, truncated) == ((), 0.0, False, True)
    assert (info["termination"], info["success"]) == ("timeout", False)
    with pytest.raises(gym.error.ResetNeeded, match="over"):
        env.give_up()


# ChatTemplate


def test_every_observation_is_the_whole_dialogue_as_text(mock: Domain) -> None:
    env = ChatTemplate(ToolFilter(make_env("mock", split="test"), allow=["get_users"]))
    opening, info = env.reset(options=TASK)
    after_call, *_ = env.step(READ)
    after_words, _, _, _, _ = env.step("Shall I? 数 🙂")
    ended, *_ = env.step(DONE)
    assert opening in env.observation_space
    assert mock.policy in opening
    assert '"name": "get_users"' in opening
    assert '"name": "create_task"' not in opening
    assert len(info["tools"]) == 1
    start = "<|im_start|>assistant\n"
    for shorter, longer in ((opening, after_call), (after_call, after_words)):
        assert shorter.endswith(start)
        assert longer.startswith(shorter)
    call = '<tool_call>\n{"name": "get_users", "arguments": {}}\n</tool_call><|im_end|>\n'
    response = "<|im_start|>user\n<tool_response>\n["
    assert after_call.removeprefix(opening).startswith(call + response)
    assert "Shall I? 数 🙂<|im_end|>" in after_words
    assert not ended.endswith(start)


class Tokenizer:
    """What a Hugging Face tokenizer has of interest here."""

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> str:
        settings["tools"] = len(settings["tools"] or ())
        return json.dumps([messages, settings])


def test_a_tokenizer_or_a_function_can_render(mock: Domain) -> None:
    env = ChatTemplate(make_env("mock"), Tokenizer(), enable_thinking=False)
    env.reset(options=TASK)
    messages, given = json.loads(env.step(READ)[0])
    assert given == {"tools": 4, "tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    assert messages[-2]["tool_calls"][0]["function"] == {"name": "get_users", "arguments": {}}
    assert all(isinstance(message["content"], str) for message in messages)
    plain = ChatTemplate(make_env("mock"), lambda messages, **_: str(len(messages)))
    assert plain.reset(options=TASK)[0] == "3"
    with pytest.raises(TypeError, match="int is neither"):
        ChatTemplate(make_env("mock"), 5)


NAMES = st.text("abc_", min_size=1, max_size=8)
CALLS = st.builds(ToolCall, NAMES, st.dictionaries(NAMES, st.integers() | st.text(max_size=5), max_size=2))


@given(calls=st.lists(CALLS, min_size=1, max_size=3), said=st.none() | st.just("Let me look."))
def test_what_chatml_writes_of_a_call_is_read_as_that_call(calls: list[ToolCall], said: str | None) -> None:
    message = parse_action(Message("assistant", said, tuple(calls)))
    text = chatml([to_chat(message)], add_generation_prompt=False)
    body = text.removeprefix("<|im_start|>assistant\n").removesuffix("<|im_end|>\n")
    again = parse_action(body)
    assert [(call.name, call.arguments) for call in again.tool_calls] == [(call.name, call.arguments) for call in calls]
    assert again.content == said


def test_chatml_puts_the_results_of_one_message_into_one_turn() -> None:
    results: list[dict[str, Any]] = [{"role": "tool", "content": text} for text in ("one", "two")]
    spoken = {"role": "assistant", "content": "So."}
    assert chatml([*results, spoken, results[0]], add_generation_prompt=False).splitlines() == [
        "<|im_start|>user",
        "<tool_response>",
        "one",
        "</tool_response>",
        "<tool_response>",
        "two",
        "</tool_response><|im_end|>",
        "<|im_start|>assistant",
        "So.<|im_end|>",
        "<|im_start|>user",
        "<tool_response>",
        "one",
        "</tool_response><|im_end|>",
    ]
    assert chatml([], tools=[{"type": "function"}]).startswith("<|im_start|>system\n# Tools")


# RecordRun


class Fails:
    """Makes users that fail as often as they are told, after the opening."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, *_: Any) -> Fails:
        self.opened = False
        return self

    def respond(self, view: Sequence[Message]) -> Message:
        if self.opened and self.left:
            self.left -= 1
            raise ConnectionError("the line is dead")
        stop, self.opened = self.opened, True
        return Message("user", "Bye. ###STOP###" if stop else "Hm?")


def test_finished_episodes_become_a_run_whose_trials_are_counted(tmp_path: Path, mock: Domain) -> None:
    folder = tmp_path / "run"
    for first in (0, 2):  # made, then continued
        env = RecordRun(gym.make("ToolMock-v0", split="test"), folder, agent="mine")
        for seed in (5, 5):
            env.reset(seed=seed, options=TASK)
            env.step(READ)
            env.reset(options=TASK)  # broken off
            env.step(DONE)
        env.close()
        env.close()
        kept = list(read_trajectories(folder))
        assert [one.trial for one in kept] == list(range(first + 2))
    assert {(one.agent, one.user, one.split, one.task_id) for one in kept} == {("mine", "minimal", "test", "test-001")}
    manifest = read_manifest(folder)
    assert manifest["settings"]["agent"] == "mine"
    assert manifest["worlds"] == [mock.tasks["test"][0].world]
    assert query({"run": folder}, "select count(*) from episodes").rows == [(4,)]


def test_a_void_episode_is_kept_and_the_next_takes_its_number(tmp_path: Path) -> None:
    env = RecordRun(make_env("mock", user=Fails(2)), tmp_path / "run")
    for looks in range(4):
        env.reset(options=TASK)
        for _ in range(looks):
            env.step(READ)
        env.step(ASK)
    env.close()
    assert [(one.trial, one.fault is None) for one in read_trajectories(tmp_path / "run")] == [(0, True), (1, True)]
    assert len((tmp_path / "run" / "voided.jsonl").read_text().splitlines()) == 2


def test_an_episode_that_a_wrapper_outside_ended_is_kept_at_the_next_reset(tmp_path: Path) -> None:
    env = TokenLimit(RecordRun(make_env("mock"), tmp_path / "run"), 1, count=lambda text: 2)
    env.reset(options=TASK)
    assert env.step(READ)[3]
    env.reset(options=TASK)
    assert env.step(READ)[3]
    env.close()
    kept = list(read_trajectories(tmp_path / "run"))
    assert [one.termination for one in kept] == ["context_window_exceeded"] * 2


def test_an_episode_that_was_over_at_once_is_kept_once(tmp_path: Path) -> None:
    env = RecordRun(make_env("mock", max_steps=1), tmp_path / "run")
    for _ in range(2):
        env.reset(options=TASK)
        assert env.step(ASK)[3]
    env.close()
    assert [one.trial for one in read_trajectories(tmp_path / "run")] == [0, 1]


def test_nothing_is_made_before_an_episode_is_finished_and_other_settings_are_refused(tmp_path: Path) -> None:
    env = RecordRun(make_env("mock"), tmp_path / "run")
    env.reset(options=TASK)
    env.step(READ)
    env.close()
    assert not (tmp_path / "run").exists()
    Run.start(tmp_path / "run", {"agent": "someone else"}).close()
    with pytest.raises(DataError, match="was made with"):
        env.step(DONE)


def test_the_environment_under_wrappers_is_a_tool_environment() -> None:
    env = ChatTemplate(RewardMix(gym.make("ToolMock-v0"), "sparse"))
    assert isinstance(env.unwrapped, ToolEnv)
