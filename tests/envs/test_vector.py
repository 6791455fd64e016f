"""Many environments at once, through Gymnasium's own vector environments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import pytest

from toolgym.domain import Domain
from toolgym.messages import Message
from toolgym.tasks import Task

MODES: dict[str, dict[str, Any]] = {
    "sync": {"vectorization_mode": "sync"},
    "async": {"vectorization_mode": "async", "vector_kwargs": {"context": "spawn"}},
    "async without shared memory": {
        "vectorization_mode": "async",
        "vector_kwargs": {"context": "spawn", "shared_memory": False},
    },
}
NUMBER = 2


@pytest.fixture(params=list(MODES))
def envs(request: pytest.FixtureRequest) -> Iterator[gym.vector.VectorEnv[Any, Any, Any]]:
    """Two mock environments in one of the modes."""
    made = gym.make_vec("toolgym:ToolMock-v0", NUMBER, split="test", **MODES[request.param])
    yield made
    made.close()


def task_of(domain: Domain, key: str) -> Task:
    return next(task for task in domain.tasks if task.key == key)


def gold(task: Task) -> list[str]:
    """What an oracle would say: its own calls, then a question where the user has a part, then all facts."""
    calls = [
        json.dumps({"name": action.name, "arguments": action.arguments})
        for action in task.gold
        if action.requestor == "assistant"
    ]
    criteria = task.evaluation_criteria
    facts = "; ".join((criteria.communicate_info or ()) if criteria is not None else ())
    return [*calls, "Would you do your part?", f"Done. {facts}"]


def test_a_batch_of_episodes_is_played_like_single_ones(
    envs: gym.vector.VectorEnv[Any, Any, Any], mock: Domain
) -> None:
    observations, infos = envs.reset(seed=5)
    tasks = [task_of(mock, key) for key in infos["task_key"]]
    singles = [gym.make("toolgym:ToolMock-v0", split="test").unwrapped for _ in range(NUMBER)]
    assert list(observations) == [env.reset(seed=5 + place)[0] for place, env in enumerate(singles)]
    scripts = [gold(task) for task in tasks]
    solved: set[int] = set()
    for turn in range(max(map(len, scripts))):
        actions = tuple(script[min(turn, len(script) - 1)] for script in scripts)
        running = [place for place in range(NUMBER) if place not in solved]
        observations, rewards, terminated, truncated, infos = envs.step(actions)
        for place in running:
            observation, reward, over, *_ = singles[place].step(actions[place])
            assert tuple(observations)[place] == observation
            assert rewards[place] == pytest.approx(reward)
            assert terminated[place] == over
            if over:
                assert infos["success"][place]
                solved.add(place)
        assert not truncated.any()
        if len(solved) == NUMBER:
            break
    assert solved == set(range(NUMBER))


def test_an_episode_that_ends_is_followed_by_a_new_one(envs: gym.vector.VectorEnv[Any, Any, Any]) -> None:
    envs.reset(options={"task_id": "test-001"})
    quit_ = ("Done.",) * NUMBER
    *_, terminated, _, infos = envs.step(quit_)
    assert list(terminated) == [True] * NUMBER
    assert list(infos["termination"]) == ["user_stop"] * NUMBER
    observations, rewards, terminated, _, infos = envs.step(quit_)  # Gymnasium's next-step autoreset
    assert not terminated.any()
    assert not rewards.any()
    assert [one[0]["role"] for one in observations] == ["system"] * NUMBER
    assert "tools" in infos


def test_the_same_seed_gives_the_same_batch_and_each_environment_a_task_of_its_own(
    envs: gym.vector.VectorEnv[Any, Any, Any],
) -> None:
    first, infos = envs.reset(seed=9)
    second, again = envs.reset(seed=9)
    assert tuple(first) == tuple(second)
    assert list(infos["task_key"]) == list(again["task_key"])
    keys = {key for seed in range(3) for key in envs.reset(seed=100 * seed)[1]["task_key"]}
    assert len(keys) > 2


def test_observations_are_in_the_batched_space(envs: gym.vector.VectorEnv[Any, Any, Any]) -> None:
    observations, _ = envs.reset(seed=2)
    assert tuple(observations) in envs.observation_space
    assert ("Hello?", {"name": "get_users", "arguments": {}}) in envs.action_space
    envs.action_space.seed(0)
    observations, *_ = envs.step(envs.action_space.sample())
    assert tuple(observations) in envs.observation_space


class Broken:
    """A user whose service is down."""

    def __init__(self, *_: Any) -> None:
        pass

    def respond(self, view: Any) -> Message:
        """Fail."""
        raise ConnectionError("the line is dead")


def test_a_user_that_fails_at_once_does_not_stop_the_batch() -> None:
    envs = gym.make_vec("toolgym:ToolMock-v0", NUMBER, user=Broken, **MODES["sync"])
    envs.reset(seed=0)
    truncations = 0
    for _ in range(4):
        _, rewards, terminated, truncated, _ = envs.step(("Hello?",) * NUMBER)
        truncations += int(truncated.sum())
        assert not rewards.any()
        assert not terminated.any()
    assert truncations > 0
    envs.close()
