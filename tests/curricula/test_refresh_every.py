"""Refreshing without asyncio: by a call, or by itself in a plain loop over an environment."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from small_generator import GoldAnalyst, failing, small_domain, trials

import toolgym
from toolgym import Budget, make_aec_env, make_curriculum, make_domain, make_env, make_vec_env
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curricula.pool_curriculum import REFRESH_TASKS
from toolgym.curriculum import RefreshReport
from toolgym.domain import Domain
from toolgym.envs.tool_env import ToolEnv, tool_env
from toolgym.errors import DataError, ServiceError
from toolgym.testing import check_curriculum

MOCK = make_domain("mock")
TASKS = MOCK.tasks["train"]


def loop(env: gym.Env[Any, Any], episodes: int, seed: int | None = 0) -> list[str]:
    """Episodes of an agent that does nothing; the key of each one's task."""
    keys = []
    for number in range(episodes):
        _, info = env.reset(seed=seed if number == 0 else None)
        keys.append(info["task_key"])
        over = False
        while not over:
            *_, terminated, truncated, info = env.step("It is done.")
            over = terminated or truncated
    return keys


def sentinel_of(env: gym.Env[Any, Any]) -> PoolCurriculum:
    curriculum = tool_env(env).curriculum
    assert isinstance(curriculum, PoolCurriculum)
    return curriculum


def sentinel_env(every: int = 10, tasks: int = 4, **options: Any) -> gym.Env[Any, Any]:
    args = {"refresh_every": every, "refresh_tasks": tasks, **options}
    return gym.make("ToolMock-v0", curriculum="sentinel", curriculum_args=args)


def test_a_refresh_is_waited_for_without_asyncio() -> None:
    report = toolgym.refresh(failing(kinds.sentinel), Budget(tasks=6))
    assert isinstance(report, RefreshReport)
    assert report.proposed == 6
    assert toolgym.refresh(make_curriculum("fixed", MOCK, "train")).admitted == 0


def test_a_refresh_is_the_same_with_asyncio_and_without() -> None:
    one, other = failing(kinds.sentinel), failing(kinds.sentinel)
    assert toolgym.refresh(one, Budget(tasks=6)) == asyncio.run(other.refresh(Budget(tasks=6)))
    assert one.state_dict() == other.state_dict()


def test_a_refresh_is_waited_for_where_a_loop_is_running_as_in_a_notebook() -> None:
    async def cell() -> tuple[RefreshReport, int]:
        env = sentinel_env(every=3)
        loop(env, 5)
        return toolgym.refresh(failing(kinds.sentinel), Budget(tasks=6)), sentinel_of(env).round

    report, refreshes = asyncio.run(cell())
    assert (report.proposed, refreshes) == (6, 1)


@pytest.mark.parametrize("wrong", [None, "sentinel", kinds.sentinel, 3])
def test_only_a_curriculum_can_be_refreshed(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"refresh takes a curriculum, such as env\.unwrapped\.curriculum"):
        toolgym.refresh(wrong)


def test_a_curriculum_refreshes_itself_after_so_many_episodes_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    env = sentinel_env(every=10, tasks=4)
    curriculum = sentinel_of(env)
    loop(env, 10)
    assert (curriculum.metrics()["round"], len(curriculum.pool)) == (0, 20)
    assert capsys.readouterr().err == ""
    keys = loop(env, 1, seed=None)
    assert curriculum.metrics()["round"] == 1
    told = capsys.readouterr().err
    assert told.startswith("toolgym: sentinel: refresh 0: failures 10, proposed 4, admitted 4 (")
    assert told.count("\n") == 1
    made = {entry.task.key for entry in curriculum.pool if not entry.of_split}
    assert len(made) == 4
    keys += loop(env, 9, seed=None)
    assert made & set(keys)
    assert curriculum.metrics()["round"] == 1
    loop(env, 11, seed=None)
    assert curriculum.metrics()["round"] == 3


def test_without_it_nothing_refreshes_by_itself() -> None:
    env = gym.make("ToolMock-v0", curriculum="sentinel")
    loop(env, 60)
    assert sentinel_of(env).metrics()["round"] == 0
    assert sentinel_of(env).refresh_tasks == REFRESH_TASKS == 20


def test_the_same_seed_plays_the_same_tasks_over_several_refreshes() -> None:
    one, other = sentinel_env(every=7), sentinel_env(every=7)
    assert loop(one, 30) == loop(other, 30)
    assert sentinel_of(one).state_dict() == sentinel_of(other).state_dict()
    assert sentinel_of(one).round == 4


@pytest.mark.parametrize("episodes", [3, 9, 10, 13])
def test_it_goes_on_alike_from_a_state_in_the_middle(episodes: int) -> None:
    env = sentinel_env(every=10)
    loop(env, episodes)
    one = sentinel_of(env)
    other = sentinel_of(sentinel_env(every=10))
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    for number, task in enumerate(TASKS[:12]):
        assert one.sample(np.random.default_rng(number)) == other.sample(np.random.default_rng(number))
        for curriculum in (one, other):
            curriculum.update(trials(MOCK, task, "-", first=50, seed=9))
    assert one.state_dict() == other.state_dict()
    assert one.round == other.round >= 1


def test_a_group_is_never_parted_by_a_refresh() -> None:
    env = make_env(
        "mock", curriculum="sentinel", curriculum_args={"refresh_every": 5, "refresh_tasks": 4}, group_size=4
    )
    keys = loop(env, 24)
    assert all(len(set(keys[start : start + 4])) == 1 for start in range(0, 24, 4))
    assert sentinel_of(env).round == 2  # with 8 and 16 episodes; the 24th has ended and nothing was drawn since


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_vector_environment_refreshes_between_batches_and_a_seed_gives_the_same_tasks(mode: str) -> None:
    found = []
    for _ in range(2):
        envs = make_vec_env(
            "mock",
            6,
            group_size=2,
            autoreset_mode=mode,
            curriculum="sentinel",
            curriculum_args={"refresh_every": 12, "refresh_tasks": 4},
        )
        _, infos = envs.reset(seed=3)
        keys = list(infos["task_key"])
        for _ in range(20):
            *_, infos = envs.step(["It is done."] * 6)
            keys += list(infos["task_key"])
        curriculum = envs.curriculum
        assert isinstance(curriculum, PoolCurriculum)
        assert curriculum.round >= 3
        found.append((keys, curriculum.state_dict()))
    assert found[0] == found[1]


def test_the_environment_for_both_sides_refreshes_too() -> None:
    args = {"refresh_every": 2, "refresh_tasks": 4}
    env = make_aec_env("mock", curriculum="sentinel", curriculum_args=args)
    for episode in range(4):
        env.reset(seed=0 if episode == 0 else None)
        for agent in env.agent_iter():
            *_, terminated, truncated, _ = env.last()
            said = "Bye. ###STOP###" if agent == "user" else "It is done."
            env.step(None if terminated or truncated else said)
    assert isinstance(env.curriculum, PoolCurriculum)
    assert env.curriculum.round == 1


def test_a_curriculum_of_the_caller_refreshes_itself_as_its_owner_updates_it() -> None:
    curriculum = make_curriculum("general", MOCK, "train", refresh_every=4, refresh_tasks=3)
    env = make_env("mock", curriculum=curriculum)
    loop(env, 6)
    assert curriculum.metrics()["round"] == 0  # nobody told it anything
    curriculum.update(trials(MOCK, TASKS[0], "--+-"))
    loop(env, 1, seed=None)
    assert (curriculum.metrics()["round"], curriculum.metrics()["made"]) == (1, 3)


def test_void_episodes_do_not_count() -> None:
    curriculum = kinds.sentinel(small_domain(), "train", analyst=GoldAnalyst(), refresh_every=3, refresh_tasks=4)
    curriculum.update(trials(curriculum.domain, TASKS[0], "-v-v"))
    curriculum.sample(np.random.default_rng(0))
    assert curriculum.round == 0
    curriculum.update(trials(curriculum.domain, TASKS[1], "-"))
    curriculum.sample(np.random.default_rng(0))
    assert curriculum.round == 1


def test_a_refresh_by_hand_begins_the_count_anew() -> None:
    curriculum = failing(kinds.sentinel, refresh_every=9, refresh_tasks=4)
    toolgym.refresh(curriculum, Budget(tasks=4))
    curriculum.update(trials(curriculum.domain, TASKS[0], "--------", first=30))
    curriculum.sample(np.random.default_rng(0))
    assert curriculum.round == 1


def test_a_refresh_that_fails_fails_the_draw_and_is_tried_again_with_the_next() -> None:
    class Service(GoldAnalyst):
        broken = True

        async def explain(self, domain: Domain, failures: Any) -> Any:
            if self.broken:
                raise ServiceError("the analyst is down")
            return await super().explain(domain, failures)

    analyst = Service()
    curriculum = failing(kinds.sentinel, analyst=analyst, refresh_every=8, refresh_tasks=4)
    before = curriculum.state_dict()
    for _ in range(2):
        with pytest.raises(ServiceError, match="down"):
            curriculum.sample(np.random.default_rng(0))
        assert curriculum.state_dict() == before
    analyst.broken = False
    curriculum.sample(np.random.default_rng(0))
    assert curriculum.round == 1


@pytest.mark.parametrize("name", ["general", "raft", "sentinel"])
def test_one_that_refreshes_itself_keeps_the_protocol(name: str) -> None:
    check_curriculum(partial(make_curriculum, name, MOCK, "train", refresh_every=2, refresh_tasks=3), MOCK)


def test_the_option_is_json_in_the_spec_of_an_environment() -> None:
    env = sentinel_env(every=50)
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert (sentinel_of(again).refresh_every, sentinel_of(again).refresh_tasks) == (50, 4)
    assert isinstance(again.unwrapped, ToolEnv)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"refresh_every": 0}, ValueError, "refresh_every must be at least 1, got 0"),
        ({"refresh_every": 2.5}, DataError, "refresh_every must be a whole number of at least 1, got 2.5"),
        ({"refresh_every": True}, DataError, "refresh_every must be a whole number .* got True"),
        ({"refresh_every": "50"}, DataError, "refresh_every must be a whole number .* got '50'"),
        ({"refresh_every": 5, "refresh_tasks": 0}, ValueError, "refresh_tasks must be at least 1, got 0"),
        ({"refresh_tasks": 5}, DataError, "give refresh_every too"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make_env("mock", curriculum="sentinel", curriculum_args=options)


@pytest.mark.parametrize("name", ["fixed", "learnability"])
def test_a_curriculum_that_makes_no_tasks_has_no_such_option(name: str) -> None:
    with pytest.raises(DataError, match="no option 'refresh_every'"):
        make_env("mock", curriculum=name, curriculum_args={"refresh_every": 5})


def test_a_domain_for_which_no_tasks_can_be_made_is_told_before_the_first_episode() -> None:
    bare = MOCK.with_data(generator=None)
    with pytest.raises(DataError, match="'mock' has no task generator"):
        make_env(bare, curriculum="sentinel", curriculum_args={"refresh_every": 5})
    make_env(bare, curriculum="sentinel", curriculum_args={"refresh_every": 5, "use_proposer": False})
