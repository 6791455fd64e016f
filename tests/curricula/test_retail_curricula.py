"""The five curricula in the shop: agents drive them, rounds follow an agent whose weaknesses change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from toolgym import make_agent, make_curriculum, make_domain, make_user
from toolgym.certificates.entities import entities_of
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curriculum import Budget, RefreshReport
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.tool_env import tool_env
from toolgym.messages import to_chat
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.testing import check_curriculum
from toolgym_retail.clerk import Clerk

NAMES = ("fixed", "general", "learnability", "raft", "sentinel")


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def drive(env: gym.Env[Any, Any], agent: AgentFactory, episodes: int, seed: int) -> list[str]:
    """Episodes of an agent through the environment; the keys of the tasks that were drawn."""
    inner, keys = tool_env(env), []
    for number in range(episodes):
        _, info = env.reset(seed=seed if number == 0 else None)
        keys.append(info["task_key"])
        episode = inner.episode
        assert episode is not None
        assistant = agent(inner.domain, episode.task, np.random.default_rng(number))
        over = False
        while not over:
            message = assistant.respond(episode.view("assistant"))
            *_, terminated, truncated, info = env.step(to_chat(message))  # type: ignore[arg-type]
            over = terminated or truncated
        assert "fault" not in info
    return keys


@pytest.mark.parametrize(("name", "agent"), [*zip(NAMES, ("novice", "clerk", "no-op", "oracle", "clerk"), strict=True)])
def test_an_agent_plays_two_hundred_episodes_and_a_state_goes_on_in_the_middle_of_a_round(
    retail: Domain, name: str, agent: str
) -> None:
    env = gym.make("ToolRetail-v0", curriculum=name, disable_env_checker=True)
    keys = drive(env, make_agent(agent, domain=retail), 200, seed=3)
    assert len(set(keys)) > 80
    curriculum = tool_env(env).curriculum
    state = json.loads(json.dumps(curriculum.state_dict()))
    other = make_curriculum(name, retail, "train")
    other.load_state_dict(state)
    draws = [[task.key for task in one.sample(np.random.default_rng(5), 60)] for one in (curriculum, other)]
    assert draws[0] == draws[1]
    assert curriculum.metrics() == other.metrics()
    again = gym.make("ToolRetail-v0", curriculum=name, disable_env_checker=True)
    assert drive(again, make_agent(agent, domain=retail), 12, seed=3) == keys[:12]


@pytest.mark.parametrize("name", NAMES)
def test_each_of_the_five_keeps_the_protocol_in_the_shop(retail: Domain, name: str) -> None:
    check_curriculum(partial(make_curriculum, name, retail, "train"), retail, signal=name != "fixed")


def a_round(retail: Domain, curriculum: PoolCurriculum, rates: Mapping[str, float], number: int) -> RefreshReport:
    """Groups of four by a clerk with these weaknesses, on tasks that the curriculum draws, and a refresh."""
    weak = partial(Clerk, rates={**dict.fromkeys(PATTERNS, 0.0), **rates})
    user = make_user("scripted")
    for task in {task.key: task for task in curriculum.sample(np.random.default_rng(number), 160)}.values():
        episodes = [play(retail, task, weak, user, seed=number, trial=trial) for trial in range(4)]
        curriculum.update([one.trajectory(trial=trial, seed=number) for trial, one in enumerate(episodes)])
    return asyncio.run(curriculum.refresh(Budget(60)))


def test_the_pool_follows_an_agent_whose_weaknesses_change_between_rounds(retail: Domain) -> None:
    curriculum = kinds.sentinel(retail, "train")
    first = a_round(retail, curriculum, {"wrong_variant": 0.8, "misattributed_item": 0.8}, 0)
    before = share_of(curriculum)
    second = a_round(retail, curriculum, {"fact_not_said": 0.8, "ended_early": 0.8}, 1)
    after = share_of(curriculum)
    assert (first.drift, first.round, second.round) == (None, 0, 1)
    assert second.drift is not None
    assert second.drift > 0.7  # of at most 1 bit
    for name in ("wrong_variant", "misattributed_item"):
        assert first.patterns[name]["share"] > 0.25
        assert after.get(name, 0.0) < before[name] / 3
    for name in ("fact_not_said", "ended_early"):
        assert second.patterns[name]["share"] > 0.25
        assert after[name] > 3 * before.get(name, 0.0)


def share_of(curriculum: PoolCurriculum) -> dict[str, float]:
    """With what chance a task that stresses a pattern is drawn, by pattern."""
    shares: dict[str, float] = {}
    chances = curriculum.probabilities()
    for entry in curriculum.pool:
        provenance = entry.task.provenance
        if provenance is not None and provenance.pattern is not None:
            shares[provenance.pattern] = shares.get(provenance.pattern, 0.0) + chances.get(entry.task.key, 0.0)
    return shares


def test_what_a_refresh_makes_is_certified_and_shares_nothing_with_tau2_or_with_the_other_splits(
    retail: Domain,
) -> None:
    curriculum = kinds.sentinel(retail, "train")
    report = a_round(retail, curriculum, dict.fromkeys(PATTERNS, 0.5), 0)
    made = [entry.task for entry in curriculum.pool if not entry.of_split]
    assert report.proposed >= 60
    assert report.validity is not None
    assert report.validity >= 0.9
    assert report.admitted == len(made) == report.stages["oracle"]["passed"]
    assert report.coverage == 1.0
    assert retail.reserved is not None
    reserved = set(retail.reserved())
    others = {world for split in ("validation", "dev", "test") for world in {t.world for t in retail.tasks[split]}}
    for world in {task.world for task in made}:
        own = entities_of(retail, world).keys()
        assert not own & reserved
        assert not any(own & entities_of(retail, other).keys() for other in others)
    for task in made:
        assert task.certificate is not None
        assert task.certificate.key == task.key
        assert {"passive", "disjoint", "duplicate", "oracle"} <= set(task.certificate.stages)
        assert task.provenance is not None
        assert task.provenance.parents
