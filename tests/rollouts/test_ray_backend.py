"""The same runner on a cluster: the same trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from evaluations import evaluate, evaluation

from toolgym import make_agent, make_user
from toolgym.concurrency.bridge import wait_for
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.errors import BudgetError, DataError, ServiceError
from toolgym.messages import Message
from toolgym.rollouts import Settings
from toolgym.rollouts.play_run import fill
from toolgym.runs import Run, read_trajectories
from toolgym.runs.files import TRAJECTORIES
from toolgym.tasks import Task
from toolgym.trajectory import Usage

pytestmark = [
    pytest.mark.ray,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
]
SETTINGS = Settings("mock", "test", "novice", trials=2)


def costly() -> AgentFactory:
    """Makes assistants that say goodbye, for half a dollar; workers need not import this file for them."""

    class Costly:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.usage = Usage(0, 0, 0, 0.0)

        async def respond(self, view: Sequence[Message]) -> Message:
            self.usage = Usage(1, 10, 1, 0.5)
            return Message("assistant", "Goodbye.")

    return Costly


def broken() -> AgentFactory:
    """An assistant that no worker can unpickle."""

    class Broken:
        def __call__(self, domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
            raise AssertionError("nobody gets here")

        def __reduce__(self) -> tuple[object, ...]:
            return int, ("not a number",)

    return Broken()


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A local cluster for all tests here, so that it starts once."""
    ray = pytest.importorskip("ray", reason="needs the extra ray: pip install 'toolgym[ray]'")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_a_cluster_plays_the_same_trajectories(mock: Domain, tmp_path: Path) -> None:
    from toolgym.rollouts.ray_backend import RayBackend

    agent, user, tasks = make_agent("oracle"), make_user("minimal"), mock.tasks["test"]
    asked = evaluation(SETTINGS, mock, tasks, agent, user)
    with Run.start(tmp_path / "here", SETTINGS.as_dict()) as run:
        evaluate(run, SETTINGS, mock, tasks, agent, user)
    with (
        Run.start(tmp_path / "there", SETTINGS.as_dict()) as run,
        RayBackend(asked, workers=2, concurrency=8) as cluster,
    ):
        wait_for(fill(run, asked, cluster, concurrency=8))
    here, there = ((tmp_path / name / TRAJECTORIES).read_bytes() for name in ("here", "there"))
    assert here == there
    assert all(row.seconds is not None for row in read_trajectories(tmp_path / "there"))


def test_a_cluster_stops_when_the_money_is_spent_and_keeps_what_is_finished(mock: Domain, tmp_path: Path) -> None:
    from toolgym.rollouts.ray_backend import RayBackend

    asked = evaluation(SETTINGS, mock, mock.tasks["test"], costly(), make_user("minimal"))
    with (
        Run.start(tmp_path / "run", SETTINGS.as_dict()) as run,
        RayBackend(asked, workers=1, concurrency=1, budget_usd=2.0) as cluster,
    ):
        with pytest.raises(BudgetError, match=r"\$2.00 is spent"):
            wait_for(fill(run, asked, cluster, concurrency=1))
        assert (len(run), run.cost_usd) == (4, 2.0)


def test_a_cluster_needs_a_worker(mock: Domain) -> None:
    from toolgym.rollouts.ray_backend import RayBackend

    asked = evaluation(SETTINGS, mock, mock.tasks["test"], make_agent("oracle"), make_user("minimal"))
    with pytest.raises(DataError, match="workers must be at least 1, got 0"):
        RayBackend(asked, workers=0)


def test_a_worker_that_cannot_start_is_told(mock: Domain, tmp_path: Path) -> None:
    from toolgym.rollouts.ray_backend import RayBackend

    asked = evaluation(SETTINGS, mock, mock.tasks["test"], broken(), make_user("minimal"))
    with (
        Run.start(tmp_path / "run", SETTINGS.as_dict()) as run,
        RayBackend(asked, workers=1) as cluster,
        pytest.raises(ServiceError, match="a worker of the cluster"),
    ):
        wait_for(fill(run, asked, cluster))
