"""The careless assistant, and the failures of it that are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.analyst.careless import FAILURES, KEPT, TRIALS, careless
from benchmarks.analyst.frozen_sets import frozen_tasks
from toolgym import make_domain, make_user
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def kept() -> list[str]:
    return FAILURES.read_text(encoding="ascii").splitlines()


def line(retail: Domain, task: Task, agent: AgentFactory, seed: int) -> str:
    episode = play(retail, task, agent, make_user("scripted"), seed=seed)
    return replace(episode.trajectory(), started=None, seconds=None).to_json()


def test_the_careless_assistant_does_the_same_for_the_same_seed(retail: Domain) -> None:
    tasks = retail.tasks["dev"][:12]
    first = [line(retail, task, careless, 5) for task in tasks]
    assert [line(retail, task, careless, 5) for task in tasks] == first
    assert [line(retail, task, careless, 6) for task in tasks] != first


def test_the_careless_assistant_does_not_look_at_the_task(retail: Domain) -> None:
    tasks = retail.tasks["dev"]

    def misled(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        return careless(domain, tasks[-1], rng)

    for task in tasks[:6]:
        assert line(retail, task, misled, 5) == line(retail, task, careless, 5)


def test_the_kept_failures_are_read_back_as_they_were_written(kept: list[str]) -> None:
    assert len(kept) == KEPT
    assert [Trajectory.from_json(one).to_json() for one in kept] == kept


def test_the_kept_failures_are_different_failures_of_the_frozen_tasks(kept: list[str]) -> None:
    keys = {task.id: task.key for task in frozen_tasks()}
    read = [Trajectory.from_json(one) for one in kept]
    for one in read:
        assert one.success is False
        assert keys[one.task_id] == one.task_key
        assert (one.agent, one.split, one.seed) == ("careless", "dev", 0)
        assert one.trial in range(TRIALS)
        assert one.started is None
        assert one.seconds is None
    assert len({one.episode_id for one in read}) == KEPT
