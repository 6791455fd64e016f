"""Means over training seeds: what the intervals cover, and what a claim comes to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from toolgym_trainers.reproduce.over_seeds import over_seeds

SIMULATIONS = 250


def drawn(
    rng: np.random.Generator, seeds: int, tasks: int, *, of_seeds: float, of_tasks: float, rest: float = 0.3
) -> NDArray[np.float64]:
    """Differences by seed and task whose true mean is 0."""
    found: NDArray[np.float64] = (
        rng.normal(0, of_seeds, (seeds, 1)) + rng.normal(0, of_tasks, (1, tasks)) + rng.normal(0, rest, (seeds, tasks))
    )
    return found


def covered(make: Callable[[np.random.Generator], NDArray[np.float64]]) -> dict[str, float]:
    """How often each interval holds the true mean, 0."""
    rng = np.random.default_rng(3)
    held = {"crossed": 0, "bootstrap": 0, "seeds": 0}
    for _ in range(SIMULATIONS):
        found = over_seeds(make(rng), rng, 300)
        for name in held:
            bounds = getattr(found, name)
            held[name] += bounds.low <= 0 <= bounds.high
    return {name: count / SIMULATIONS for name, count in held.items()}


@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize(("of_seeds", "of_tasks"), [(0.1, 0.1), (0.03, 0.25), (0.0, 0.25)])
def test_the_intervals_over_seeds_and_tasks_cover_the_truth_about_as_often_as_they_say(
    seeds: int, of_seeds: float, of_tasks: float
) -> None:
    found = covered(lambda rng: drawn(rng, seeds, 60, of_seeds=of_seeds, of_tasks=of_tasks))
    assert found["crossed"] >= 0.89
    assert found["bootstrap"] >= 0.86


def test_an_interval_over_tasks_alone_covers_too_little_where_trainings_differ() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(SIMULATIONS):
        one = drawn(rng, 1, 60, of_seeds=0.1, of_tasks=0.1)  # one training: its own luck is in no interval
        held += over_seeds(one, rng, 100).crossed.low <= 0 <= over_seeds(one, rng, 100).crossed.high
    assert held / SIMULATIONS < 0.75


def test_the_t_interval_over_seeds_covers_the_mean_on_these_tasks() -> None:
    tasks = np.random.default_rng(5).normal(0, 0.3, 40)
    truth = tasks.mean()
    found = covered(lambda rng: tasks - truth + rng.normal(0, 0.08, (3, 1)) + rng.normal(0, 0.2, (3, 40)))
    assert 0.9 <= found["seeds"] <= 0.99


def test_with_three_seeds_that_differ_much_little_can_be_said() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.05, (3, 200)) + np.array([[0.12], [0.01], [0.05]])
    found = over_seeds(values, rng)
    alone = over_seeds(values[:1], rng)
    assert alone.p_value < 1e-6  # the first seed seems to settle it
    assert found.crossed.low < 0 < found.crossed.high
    assert found.p_value > 0.05


def test_arms_that_are_the_same_do_not_differ() -> None:
    rng = np.random.default_rng(0)
    found = over_seeds(np.zeros((3, 50)), rng, within=(-1.0, 1.0))
    assert (found.mean, found.p_value, found.by_seed) == (0.0, 1.0, (0.0, 0.0, 0.0))
    assert found.crossed.low < 0 < found.crossed.high
    assert found.crossed.high < 0.2  # fifty tasks bound how far another could be


def test_a_false_difference_is_rare() -> None:
    rng = np.random.default_rng(6)
    found = [over_seeds(drawn(rng, 3, 60, of_seeds=0.05, of_tasks=0.2), rng, 50).p_value < 0.05 for _ in range(400)]
    assert sum(found) / len(found) <= 0.09


def test_a_task_without_a_value_of_every_seed_is_left_out_and_counted() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.1, (3, 10))
    values[1, 4] = np.nan
    found = over_seeds(values, rng)
    assert (found.tasks, found.left_out) == (9, 1)
    assert found.mean == pytest.approx(np.delete(values, 4, axis=1).mean())


def test_shares_stay_in_their_range() -> None:
    rng = np.random.default_rng(0)
    values = (rng.random((3, 8)) < 0.95).astype(float)
    found = over_seeds(values, rng, within=(0.0, 1.0))
    for one in (found.crossed, found.bootstrap, found.seeds):
        assert one is not None
        assert 0 <= one.low <= found.mean <= one.high <= 1


def test_one_seed_gives_no_interval_over_seeds() -> None:
    found = over_seeds(np.random.default_rng(0).normal(0, 1, (1, 20)), np.random.default_rng(0))
    assert found.seeds is None


def test_nothing_to_take_the_mean_of_is_refused() -> None:
    with pytest.raises(ValueError, match="a seed and a task"):
        over_seeds(np.full((2, 3), np.nan), np.random.default_rng(0))
