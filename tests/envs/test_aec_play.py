"""The PettingZoo environment: PettingZoo's own tests, whole dialogues, seeds, copies, groups."""

from __future__ import annotations

import copy
import json
import pickle
import warnings
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from aec_play import BYE, LOOK, READ, line, make, plain, play
from hypothesis import given
from hypothesis import strategies as st
from pettingzoo.test import api_test, max_cycles_test, render_test, seed_test
from pettingzoo.utils import aec_to_parallel

from toolgym import make_agent, make_domain, make_env, make_user
from toolgym.curricula import Fixed
from toolgym.domain import Agent, Domain
from toolgym.envs.aec_env import ToolAECEnv
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import take_turn
from toolgym.errors import DataError
from toolgym.messages import SIDES, AgentID, Message, to_chat
from toolgym.registration import default_user
from toolgym.rewards import build_reward
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

DATA = [("mock", "toolgym"), ("retail", "toolgym"), ("mock", "tau2"), ("retail", "tau2")]
UNAVOIDABLE = {
    "Observation is not a NumPy array",
    "Observation space for each agent probably should be gymnasium.spaces.box or gymnasium.spaces.discrete",
    "Action space for each agent probably should be gymnasium.spaces.box or gymnasium.spaces.discrete",
    'We recommend agents to be named in the format <descriptor>_<number>, like "player_0"',
}
"""What PettingZoo's api_test says of every environment whose agents have names and exchange messages."""


@pytest.fixture(params=DATA, ids="-".join)
def domain(request: pytest.FixtureRequest) -> Domain:
    """Each domain over each data that is there."""
    name, data = request.param
    if data == "tau2":
        request.getfixturevalue("tau2_data")
    return make_domain(name, data)


def make_with_all(domain: Domain, **settings: Any) -> ToolAECEnv:
    split = domain.tasks.splits()[0]
    return ToolAECEnv(domain, Fixed(domain.tasks[split]), split=split, **settings)


# PettingZoo's own tests


@pytest.mark.parametrize("settings", [{}, {"history": True, "max_steps": 7}, {"debug": True, "reward": "two_sided"}])
def test_pettingzoos_api_test_passes_and_says_only_what_it_says_of_all_words(
    domain: Domain, settings: dict[str, Any]
) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        api_test(make_with_all(domain, **settings))
    assert {str(one.message) for one in said} == UNAVOIDABLE


def test_pettingzoos_seed_test_passes(domain: Domain) -> None:
    seed_test(lambda: make_with_all(domain))


def test_pettingzoos_render_test_passes(mock: Domain, capsys: pytest.CaptureFixture[str]) -> None:
    render_test(lambda render_mode: make(mock, render_mode=render_mode))
    assert "assistant: Hello!" in capsys.readouterr().out


class InTurns(ToolAECEnv):
    """Both sides say one word in turn and call nothing, so that a cycle is one message of each.

    PettingZoo's max_cycles_test is made for environments whose agents act in cycles: ours is one only then.
    """

    metadata = {**ToolAECEnv.metadata, "is_parallelizable": True}
    possible_agents: list[AgentID] = ["user", "assistant"]

    def __init__(self, domain: Domain, max_cycles: int) -> None:
        super().__init__(domain, Fixed(plain(domain, "test")), max_steps=2 * max_cycles)
        words: Any = {side: gym.spaces.Text(5, charset="abc") for side in SIDES}
        self.action_spaces = words


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_pettingzoos_max_cycles_test_passes_where_the_sides_only_talk(name: str) -> None:
    def env(max_cycles: int) -> InTurns:
        return InTurns(make_domain(name), max_cycles)

    max_cycles_test(SimpleNamespace(env=env, parallel_env=lambda max_cycles: aec_to_parallel(env(max_cycles))))


def test_the_environment_itself_cannot_be_made_parallel(mock: Domain) -> None:
    with pytest.raises(AssertionError, match="not generally safe"):
        aec_to_parallel(make(mock))


def test_it_is_called_by_its_name(mock: Domain) -> None:
    env = make(mock)
    assert (str(env), env.unwrapped, env.possible_agents) == ("tool_aec_v0", env, ["assistant", "user"])


# Whole dialogues


def players(domain: Domain, task: Task) -> dict[AgentID, Agent]:
    factories: dict[AgentID, Any] = {"assistant": make_agent("oracle"), "user": make_user(default_user([task]))}
    return {side: factories[side](domain, task, rng_for(0, task.key, 0, side)) for side in SIDES}


def as_mapping(message: Message) -> Any:
    return to_chat(message)


def as_text(message: Message) -> Any:
    if not message.tool_calls:
        return message.content
    return json.dumps([{"name": call.name, "arguments": call.arguments, "id": call.id} for call in message.tool_calls])


@pytest.mark.parametrize("spoken", [as_mapping, as_text])
def test_an_oracle_and_a_user_are_paid_as_in_an_episode_of_their_own(
    domain: Domain, spoken: Callable[[Message], Any]
) -> None:
    env = make_with_all(domain, reward="two_sided")
    for task in domain.tasks[env.split][:12]:
        alone, agents = Episode(domain, task, terms=build_reward("two_sided")), players(domain, task)
        while alone.turn is not None:
            take_turn(alone, alone.turn, agents[alone.turn])

        env.reset(options={"task_id": task.id})
        assert env.episode is not None
        agents, totals = players(domain, task), dict.fromkeys(SIDES, 0.0)
        for agent in env.agent_iter():
            _, reward, terminated, truncated, info = env.last()
            totals[agent] += reward
            if terminated or truncated:
                assert info.get("success") is alone.grade.success
                env.step(None)
            else:
                message: Any = agents[agent].respond(env.episode.view(agent))
                env.step(spoken(message))
        assert env.agents == []
        assert env.episode.rewards == alone.rewards
        assert totals == pytest.approx({side: sum(alone.rewards[side].values()) for side in SIDES})
        assert line(env.trajectory(trial=0, seed=None, split="")) == line(alone.trajectory())
        if domain.compat.name == "toolgym":
            whole = 1.3 if alone.prepared.gold_writes else 1.0
            assert totals == pytest.approx({"assistant": whole, "user": 1.0})


FAULT, GIVE_UP = object(), object()
ACTIONS = st.one_of(
    st.sampled_from([READ, LOOK, "{", "Hello?", "", "I mean order #W9999999.", '{"name": "x", "arguments": {}}']),
    st.text(max_size=10),
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=5) | st.none()}),
    st.builds(
        lambda names: {"role": "assistant", "tool_calls": [{"name": name, "arguments": "{}"} for name in names]},
        st.lists(st.sampled_from(["get_users", "check_notifications", "create_task"]), max_size=3),
    ),
    st.builds(
        Message, st.sampled_from(["user", "assistant", "tool"]), st.text(max_size=5), tokens=st.integers(0, 9000)
    ),
    st.sampled_from([5, None, b"x", {"role": "assistant", "content": 5}, [], BYE, FAULT, GIVE_UP]),
)


@given(st.lists(ACTIONS, max_size=25), st.booleans(), st.integers(1, 12), st.integers(1, 4))
def test_whatever_is_done_nothing_crashes_and_the_books_are_right(
    mock: Domain, actions: list[Any], history: bool, max_steps: int, max_errors: int
) -> None:
    env = make(mock, history=history, reward="two_sided", max_steps=max_steps, max_errors=max_errors)
    env.reset(seed=3)
    assert env.episode is not None
    totals, terms = dict.fromkeys(SIDES, 0.0), {side: dict[str, float]() for side in SIDES}
    shown: dict[AgentID, list[Any]] = {"assistant": [], "user": []}
    rest = [*actions, *[BYE] * max_steps]
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, info = env.last()
        assert observation in env.observation_space(agent)
        assert env.observe(agent) == observation
        assert json.loads(json.dumps(info)) == info
        assert reward == pytest.approx(sum(info["reward_terms"].values()))
        if history:
            shown[agent].clear()
        shown[agent] += observation["messages"]
        assert shown[agent] == [to_chat(message) for message in env.episode.view(agent)]
        over = terminated or truncated
        while not over and rest[0] not in env.action_space(agent) and rest[0] not in (FAULT, GIVE_UP):
            before = line(env.trajectory())
            with pytest.raises(DataError):
                env.step(rest.pop(0))
            assert line(env.trajectory()) == before
            assert env.last() == (observation, reward, terminated, truncated, info)
        action = None if over else rest.pop(0)
        if action is FAULT:
            env.fault("service", "the line is dead")
        elif action is GIVE_UP:
            env.give_up()
        else:
            env.step(action)
        totals[agent] += reward
        for name, amount in info["reward_terms"].items():
            terms[agent][name] = terms[agent].get(name, 0.0) + amount
        if not over and action not in (FAULT, GIVE_UP):
            shown[agent].append(to_chat(env.episode.view(agent)[len(shown[agent])]))
    paid = env.trajectory().rewards
    assert {side: sum(paid.get(side, {}).values()) for side in SIDES} == pytest.approx(totals)
    assert {side: paid.get(side, {}) for side in SIDES} == {side: pytest.approx(terms[side]) for side in SIDES}
    assert all(-1 < total <= 1.3 for total in totals.values())


# Seeds and copies


def episodes(env: ToolAECEnv, count: int, *actions: str, seed: int | None = None) -> Iterable[str]:
    for place in range(count):
        play(env, *actions, seed=seed if place == 0 else None)
        yield line(env.trajectory())


def test_the_same_seed_gives_the_same_episodes_byte_for_byte(mock: Domain) -> None:
    played = [
        list(episodes(make(mock, group_size=2), 5, LOOK, "Hm.", READ, "Yes?", BYE, seed=seed)) for seed in (7, 7, 8)
    ]
    assert played[0] == played[1] != played[2]


def test_a_seed_gives_the_tasks_that_it_gives_the_gymnasium_environment(mock: Domain) -> None:
    env, single = make_with_all(mock), make_env("mock", split=mock.tasks.splits()[0])
    for seed in (5, None, None, 6):
        env.reset(seed=seed)
        assert env.infos["assistant"]["task_key"] == single.reset(seed=seed)[1]["task_key"]
        assert env.trajectory().seed == single.trajectory().seed


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_in_mid_episode_goes_on_alike_and_alone(
    mock: Domain, copied: Callable[[ToolAECEnv], ToolAECEnv]
) -> None:
    env = play(make(mock, reward="two_sided"), LOOK, "Hello, W777.", READ, seed=4)
    same = copied(env)
    assert same.last() == env.last()
    left = line(env.trajectory())
    for one in (same, env):
        for action in ('{"name": "create_task", "arguments": {"user_id": "user_1", "title": "x"}}', READ, "Yes?", BYE):
            one.step(action)
        if one is same:
            assert line(env.trajectory()) == left
        one.reset()
    assert same.last() == env.last()
    assert copied(make(mock)).possible_agents == ["assistant", "user"]


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


def watched(domain: Domain, *, owned: bool, size: int) -> tuple[ToolAECEnv, Watching]:
    curriculum = Watching(plain(domain, "test"))
    return ToolAECEnv(domain, curriculum, owns_curriculum=owned, group_size=size), curriculum


def test_a_group_is_one_task_several_times_and_updates_an_owned_curriculum_once(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=3)
    keys = []
    for place in range(6):
        play(env, BYE, None, None, seed=2 if place == 0 else None)
        keys.append(env.trajectory().task_key)
        assert len(curriculum.groups) == (place + 1) // 3
    assert keys == [keys[0]] * 3 + [keys[3]] * 3
    assert curriculum.drawn == 2
    assert [trajectory.trial for trajectory in curriculum.groups[0]] == [0, 1, 2]


def test_a_void_trial_fills_its_group_and_tells_the_curriculum_nothing(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=2)
    play(env, BYE, seed=2)
    play(env, "Hello.").fault("user", "x")
    assert [[trajectory.fault for trajectory in group] for group in curriculum.groups] == [[None]]


def test_a_curriculum_of_the_callers_is_sampled_and_never_updated(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=False, size=2)
    for _ in range(4):
        play(env, BYE)
    assert (curriculum.drawn, curriculum.groups) == (2, [])


def test_what_was_broken_off_or_chosen_is_no_trial_of_a_group(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=2)
    key = play(env, BYE, seed=2).trajectory().task_key
    assert play(env, "Hello.").trajectory().task_key == key
    play(env, BYE, options={"task_id": "dev-001"})
    assert curriculum.groups == []
    assert play(env, BYE).trajectory().task_key == key
    assert len(curriculum.groups) == 1


def test_a_new_seed_starts_anew_in_the_middle_of_a_group(mock: Domain) -> None:
    env, curriculum = watched(mock, owned=True, size=2)
    keys = [play(env, BYE, seed=seed).trajectory().task_key for seed in (1, 1, 2)]
    assert (curriculum.groups, env.trajectory().trial) == ([], 0)
    assert keys[0] == keys[1] != keys[2]
    assert play(watched(mock, owned=True, size=2)[0], BYE, seed=2).trajectory().task_key == keys[2]
