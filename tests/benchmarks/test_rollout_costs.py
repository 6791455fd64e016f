"""What many rollouts at once cost beside their waiting and the bare episodes, as ratios within one run."""

from __future__ import annotations

import pytest
from best_of import BestOf

from toolgym import make_domain
from toolgym.testing.rollout_bench import measure_rollouts


@pytest.fixture(scope="module")
def best() -> BestOf:
    return BestOf(lambda: measure_rollouts(make_domain("retail"), concurrency=2048))


@pytest.mark.parametrize("kind", ["gold", "dialogue"])
def test_the_throughput_is_near_that_of_empty_episodes_plus_the_bare_ones(best: BestOf, kind: str) -> None:
    best.at_least(f"{kind}: the same in CPU time", 0.7)  # gold 0.85 to 1.0, dialogue 0.97 to 1.03 on a quiet machine


def test_memory_does_not_grow_with_the_number_of_episodes_played(best: BestOf) -> None:
    assert best.report.ratios["memory at 4x episodes"] <= 1.2
    assert best.report.ratios["kb an episode"] <= 40
