"""What many rollouts at once cost beside their waiting and the bare episodes, as ratios within one run."""

from __future__ import annotations

import pytest

from toolgym import make_domain
from toolgym.testing.bench import BenchReport
from toolgym.testing.rollout_bench import measure_rollouts


@pytest.fixture(scope="module")
def report() -> BenchReport:
    return measure_rollouts(make_domain("retail"), concurrency=2048)


@pytest.mark.parametrize("kind", ["gold", "dialogue"])
def test_the_throughput_is_near_that_of_empty_episodes_plus_the_bare_ones(report: BenchReport, kind: str) -> None:
    assert report.ratios[f"{kind}: the same in CPU time"] >= 0.7  # 0.82 to 0.87 on a quiet machine


def test_memory_does_not_grow_with_the_number_of_episodes_played(report: BenchReport) -> None:
    assert report.ratios["memory at 4x episodes"] <= 1.2
    assert report.ratios["kb an episode"] <= 40
