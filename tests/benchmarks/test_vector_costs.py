"""What the vector environment costs beside the bare episodes, as ratios within one run."""

from __future__ import annotations

from typing import Any

import pytest
from best_of import BestOf

from toolgym import make_domain
from toolgym.curricula import Fixed
from toolgym.domain import Domain
from toolgym.envs import ToolVectorEnv
from toolgym.testing.vector_bench import SIZES, measure_vector
from toolgym.users.minimal import MinimalUser

READ = '{"name": "get_users", "arguments": {}}'


@pytest.fixture(scope="module")
def best() -> BestOf:
    return BestOf(lambda: measure_vector(make_domain("retail")))


@pytest.mark.parametrize("size", SIZES)
def test_a_step_costs_at_most_twice_what_the_bare_episode_does(best: BestOf, size: int) -> None:
    best.at_most(f"vector / bare, {size}", 2)


def test_the_figures_are_one_json_object(best: BestOf) -> None:
    assert len(best.report.as_dict()["cases"]) == 2 * len(SIZES)
    assert all(case["n"] >= 4096 for case in best.report.as_dict()["cases"].values())


@pytest.mark.benchmark(group="vector")
def test_a_call_in_each_of_256(benchmark: Any, mock: Domain) -> None:
    envs = ToolVectorEnv(mock, Fixed(mock.tasks["test"]), MinimalUser, 256, max_steps=10**9)
    envs.reset(seed=0)
    _, _, terminated, truncated, _ = benchmark(envs.step, [READ] * 256)
    assert not terminated.any()
    assert not truncated.any()
