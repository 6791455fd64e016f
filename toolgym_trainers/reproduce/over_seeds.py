"""Means over training seeds and tasks, with intervals that include how much trainings of one recipe differ.

A training seed is not a task: what one training came to is no evidence of what the next will. Three intervals are told,
since none is right by itself where seeds are few:

- ``crossed``: seeds and tasks are both taken for random samples, crossed with each other. The variance of the mean is
  (MS_seeds + MS_tasks - MS_rest) / (seeds x tasks), from a two-way analysis of variance, and the degrees of freedom are
  Satterthwaite's. With three seeds and a spread among them these are close to 2, and the interval is wide: that is what
  three seeds can tell.
- ``bootstrap``: seeds and tasks are drawn anew, each with replacement, and every training plays the tasks drawn. The
  deviations of the seeds are widened by sqrt(seeds / (seeds - 1)) first, without which three seeds show two thirds of
  their variance. It is still too narrow with few seeds: draws of three values have no tails.
- ``seeds``: a t interval over the seeds' means. It asks how trainings differ on these very tasks; how other tasks would
  turn out is not in it.

Sources: Satterthwaite, An approximate distribution of estimates of variance components, Biometrics Bulletin 2 (1946),
pages 110-114; Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1 (2007), pages 386-411; Davison and
Hinkley, Bootstrap Methods and their Application (1997), section 3.8; Holm, A simple sequentially rejective multiple
test procedure, Scandinavian Journal of Statistics 6 (1979), pages 65-70.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
"""Draws of the bootstrap."""
BATCH = 500
"""Draws that are made at once, so that many tasks do not fill the memory."""


class Bounds(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True)
class OverSeeds:
    """A mean over seeds and tasks.

    Args:
        mean: Over all seeds and tasks.
        by_seed: The mean of each seed over the tasks.
        tasks: How many tasks it is over.
        crossed: The interval with seeds and tasks both random; with one seed it is over tasks alone.
        bootstrap: That of the bootstrap over both; with one seed over tasks alone.
        seeds: The t interval over the seeds' means; None with one seed.
        p_value: That the mean is 0, two-sided, from the t statistic of ``crossed``.
        left_out: Tasks left out since a value is not known for one of the seeds.
    """

    mean: float
    by_seed: tuple[float, ...]
    tasks: int
    crossed: Bounds
    bootstrap: Bounds
    seeds: Bounds | None
    p_value: float
    left_out: int = 0

    @property
    def lowest(self) -> float:
        """The lowest of the lower ends."""
        return min(one.low for one in self._bounds())

    @property
    def highest(self) -> float:
        """The highest of the upper ends."""
        return max(one.high for one in self._bounds())

    def _bounds(self) -> list[Bounds]:
        return [one for one in (self.crossed, self.bootstrap, self.seeds) if one is not None]

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON-able data."""
        found = asdict(self)
        for name in ("crossed", "bootstrap", "seeds"):
            found[name] = None if found[name] is None else list(found[name])
        return {**found, "by_seed": list(self.by_seed)}


def over_seeds(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    draws: int = DRAWS,
    *,
    within: tuple[float, float] | None = None,
) -> OverSeeds:
    """The mean of values over seeds and tasks, with its intervals.

    For the difference between two arms, give the differences: paired by seed, as both start from one checkpoint, and by
    task.

    Args:
        values: A value for each seed (row) and task (column). A task of which one is not a number is left out.
        rng: Draws the bootstrap.
        draws: How often, at least 1.
        within: What values and their means cannot leave; intervals are cut to it. Where no value differs from another,
            how far another task could be is bounded by their number; without such a range the interval is a point.

    Raises:
        ValueError: If there is no seed, or no task that all seeds have a value of.

    Example:
        >>> values = np.array([[0.0, 0.5, 1.0, 0.5], [0.25, 0.5, 1.0, 0.25], [0.0, 0.25, 1.0, 0.75]])
        >>> found = over_seeds(values, np.random.default_rng(0))
        >>> round(found.mean, 3), [round(one, 3) for one in found.by_seed]
        (0.5, [0.5, 0.5, 0.5])
    """
    values = np.atleast_2d(np.asarray(values, dtype=np.float64))
    known = ~np.isnan(values).any(axis=0)
    left_out = int((~known).sum())
    values = values[:, known]
    seeds, tasks = values.shape
    if seeds == 0 or tasks == 0:
        raise ValueError(f"a mean needs a seed and a task with a value of each seed, got {seeds} and {tasks}")
    mean = float(values.mean())
    by_seed = tuple(float(one) for one in values.mean(axis=1))
    if values.min() == values.max():
        half = 0.0 if within is None else (within[1] - within[0]) * (1 - 0.025 ** (1 / tasks))
        same = _cut(Bounds(mean - half, mean + half), within)
        return OverSeeds(mean, by_seed, tasks, same, same, same if seeds > 1 else None, float(mean == 0), left_out)
    error, freedom = _error(values)
    return OverSeeds(
        mean,
        by_seed,
        tasks,
        _cut(_t_interval(mean, error, freedom), within),
        _cut(_bootstrap(values, rng, draws), within),
        _cut(_over_means(by_seed), within) if seeds > 1 else None,
        _p_value(mean, error, freedom),
        left_out,
    )


def _cut(found: Bounds, within: tuple[float, float] | None) -> Bounds:
    return found if within is None else Bounds(max(found.low, within[0]), min(found.high, within[1]))


def _error(values: NDArray[np.float64]) -> tuple[float, float]:
    """The standard error of the mean of seeds crossed with tasks, and its degrees of freedom."""
    seeds, tasks = values.shape
    if seeds == 1:
        return float(values.std(ddof=1) / sqrt(tasks)) if tasks > 1 else float("inf"), max(1.0, tasks - 1)
    mean, rows, columns = values.mean(), values.mean(axis=1), values.mean(axis=0)
    of_seeds = tasks * float(((rows - mean) ** 2).sum()) / (seeds - 1)
    if tasks == 1:
        return sqrt(of_seeds / seeds), seeds - 1.0
    of_tasks = seeds * float(((columns - mean) ** 2).sum()) / (tasks - 1)
    rest = float(((values - rows[:, None] - columns[None, :] + mean) ** 2).sum()) / ((seeds - 1) * (tasks - 1))
    variance = of_seeds + of_tasks - rest
    if variance <= max(of_seeds, of_tasks):  # one of the two spreads is no more than chance: take the other alone
        variance, freedom = max((of_seeds, seeds - 1.0), (of_tasks, tasks - 1.0))
    else:
        parts = of_seeds**2 / (seeds - 1) + of_tasks**2 / (tasks - 1) + rest**2 / ((seeds - 1) * (tasks - 1))
        freedom = max(1.0, variance**2 / parts)
    return sqrt(variance / (seeds * tasks)), freedom


def _t_interval(mean: float, error: float, freedom: float) -> Bounds:
    from scipy.stats import t  # 0.8 s to import, so only where it is used

    half = float(t.ppf(0.975, freedom)) * error
    return Bounds(mean - half, mean + half)


def _p_value(mean: float, error: float, freedom: float) -> float:
    from scipy.stats import t

    if error == 0:
        return float(mean == 0)
    return float(2 * t.sf(abs(mean) / error, freedom))


def _over_means(means: Sequence[float]) -> Bounds:
    number = len(means)
    return _t_interval(float(np.mean(means)), float(np.std(means, ddof=1)) / sqrt(number), number - 1.0)


def _bootstrap(values: NDArray[np.float64], rng: np.random.Generator, draws: int) -> Bounds:
    seeds, tasks = values.shape
    if seeds > 1:
        rows = values.mean(axis=1, keepdims=True)
        values = values + (sqrt(seeds / (seeds - 1)) - 1) * (rows - values.mean())
    means = []
    for start in range(0, draws, BATCH):
        size = min(BATCH, draws - start)
        of_seeds = rng.multinomial(seeds, [1 / seeds] * seeds, size=size)
        of_tasks = rng.multinomial(tasks, [1 / tasks] * tasks, size=size)
        means.append(((of_seeds @ values) * of_tasks).sum(axis=1) / (seeds * tasks))
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Bounds(float(low), float(high))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values that allow for how many there are, so that the chance of any false one stays below the level asked.

    Args:
        p_values: Those of a family, in any order.

    Source:
        Holm (1979), as above.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    found, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = worst
    return found
