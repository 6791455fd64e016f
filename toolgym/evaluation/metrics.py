"""Pass^k with intervals clustered by task, and the paired comparison of two runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any, NamedTuple

from toolgym.trajectory import Trajectory


class Estimate(NamedTuple):
    """A mean with its 95 % interval, all in [0, 1]."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PassHat:
    """Pass^k over a set of tasks.

    Args:
        by_k: The estimate for each k, from 1.
        tasks: How many tasks it is over.
        trials: How many trials each task has, by how many tasks have that many.
        void: Trials that do not count because something other than the agent failed.
        not_judged: Tasks left out because a judge is needed and there was none.
    """

    by_k: Mapping[int, Estimate]
    tasks: int
    trials: Mapping[int, int]
    void: int
    not_judged: int


@dataclass(frozen=True)
class Comparison:
    """Run b against run a on the tasks of both.

    Args:
        difference: Mean over tasks of Pass^k of b minus that of a, in [-1, 1].
        low: Lower end of its 95 % interval.
        high: Upper end.
        p_value: Of a paired permutation test that the two do not differ.
        tasks: How many tasks both have.
    """

    difference: float
    low: float
    high: float
    p_value: float
    tasks: int


def pass_hat_k(successes: int, trials: int, k: int) -> float:
    """Chance that ``k`` trials drawn without replacement all succeed.

    Unbiased for the probability that k independent trials of one task all succeed; average it over tasks. Not to be
    confused with pass@k, the chance that at least one of k does.

    Args:
        successes: Successful trials of the task, in ``[0, trials]``.
        trials: Independent trials of the task.
        k: Trials that must all succeed, in ``[1, trials]``.

    Returns:
        A probability in ``[0, 1]``; 0 when ``successes < k``.

    Raises:
        ValueError: If an argument is outside its range.

    Source:
        Yao et al., tau-bench, arXiv:2406.12045, section 5.

    Example:
        >>> pass_hat_k(successes=3, trials=4, k=2)
        0.5
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must be in [0, {trials}], got {successes}")
    if not 1 <= k <= trials:
        raise ValueError(f"k must be in [1, trials={trials}], got {k}; run more trials")
    return comb(successes, k) / comb(trials, k)


def interval(values: Sequence[float], trials: int) -> Estimate:
    """The mean of per-task values with a 95 % interval that treats tasks as the sampling unit.

    Clopper-Pearson at the effective sample size ``p(1-p)/se²``, where ``se`` is the standard error of the task means,
    with Korn and Graubard's correction for the degrees of freedom. Trials of one task are thus never taken for
    independent evidence, and the interval is not empty when all tasks agree.

    Args:
        values: One value in [0, 1] a task, at least one.
        trials: Trials of all tasks together; no more evidence than that is claimed.

    Raises:
        ValueError: If there are no values.

    Source:
        Korn and Graubard, Survey Methodology 24 (1998), pages 193-201.

    Example:
        >>> interval([1.0] * 20, trials=80).low > 0.8
        True
    """
    from scipy.stats import beta, t  # 0.8 s to import, so only where it is used

    number = len(values)
    if number == 0:
        raise ValueError("an interval needs at least one task")
    if min(values) == max(values):  # no spread to estimate from: each task is one observation
        mean, effective = float(values[0]), float(number)
    else:
        mean, size = sum(values) / number, max(trials, number)
        variance = sum((value - mean) ** 2 for value in values) / (number - 1)
        effective = min(mean * (1 - mean) * number / variance, float(size))
        effective *= float(t.ppf(0.975, size - 1) / t.ppf(0.975, number - 1)) ** 2
    hits = mean * effective
    low = 0.0 if hits <= 0 else float(beta.ppf(0.025, hits, effective - hits + 1))
    high = 1.0 if hits >= effective else float(beta.ppf(0.975, hits + 1, effective - hits))
    return Estimate(mean, min(low, mean), max(high, mean))


class _Outcomes(NamedTuple):
    """Counted trials by task, and what was left out."""

    by_task: dict[str, list[bool]]
    void: int
    unjudged: set[str]


def _outcomes(trajectories: Iterable[Trajectory]) -> _Outcomes:
    """Void trials are left out, and whole tasks of which any trial would need a judge to settle it."""
    by_task: dict[str, list[bool]] = defaultdict(list)
    unjudged: set[str] = set()
    void = 0
    for trajectory in trajectories:
        if trajectory.fault is not None or trajectory.grade is None:
            void += 1
        elif trajectory.grade.not_judged:
            unjudged.add(trajectory.task_key)
        else:
            by_task[trajectory.task_key].append(bool(trajectory.success))
    for key in unjudged:
        by_task.pop(key, None)
    return _Outcomes(by_task, void, unjudged)


def pass_hat_table(
    trajectories: Iterable[Trajectory], *, max_k: int | None = None, allow_unequal: bool = False
) -> PassHat:
    """Pass^1 to Pass^k of one run.

    Args:
        trajectories: The run's episodes. Void ones are counted and left out. A task with any trial that a judge
            would have to settle is left out whole, whatever its other trials say, so that agents compare alike.
        max_k: The largest k; by default the smallest number of trials that a task has.
        allow_unequal: Whether tasks may have different numbers of trials; k then ends at the smallest.

    Raises:
        ValueError: If tasks have different numbers of trials and that is not allowed, or ``max_k`` is above the
            smallest number.
    """
    outcomes, void, unjudged = _outcomes(trajectories)
    sizes: dict[int, int] = defaultdict(int)
    for results in outcomes.values():
        sizes[len(results)] += 1
    trials = dict(sorted(sizes.items()))
    if not outcomes:
        return PassHat({}, 0, {}, void, len(unjudged))
    if len(trials) > 1 and not allow_unequal:
        counts = ", ".join(f"{tasks} tasks with {number}" for number, tasks in trials.items())
        raise ValueError(
            f"tasks have different numbers of counted trials ({counts}); finish the run, or allow unequal numbers"
        )
    fewest = min(trials)
    top = fewest if max_k is None else max_k
    if top > fewest:
        raise ValueError(f"k={top} needs {top} counted trials of every task; a task has {fewest}")
    total = sum(number * tasks for number, tasks in trials.items())
    by_k = {}
    for k in range(1, top + 1):
        values = [_pass_hat(results, k) for results in outcomes.values()]
        by_k[k] = interval(values, total)
    return PassHat(by_k, len(outcomes), trials, void, len(unjudged))


def compare(first: Iterable[Trajectory], second: Iterable[Trajectory], *, k: int = 1) -> Comparison:
    """Compare two runs over the same tasks, pairing by task.

    Args:
        first: Run a.
        second: Run b.
        k: Which Pass^k, at least 1.

    Returns:
        The mean difference b - a, its 95 % t interval over tasks, and a paired permutation test's p-value. Tasks that
        either run could not judge are left out of both.

    Raises:
        ValueError: If the runs do not cover the same tasks, or a task has fewer than ``k`` counted trials.
    """
    from scipy.stats import permutation_test, t

    a, b = _outcomes(first), _outcomes(second)
    for key in a.unjudged | b.unjudged:
        a.by_task.pop(key, None)
        b.by_task.pop(key, None)
    if a.by_task.keys() != b.by_task.keys():
        only = len(a.by_task.keys() ^ b.by_task.keys())
        raise ValueError(f"the runs do not cover the same tasks: {only} tasks are in one of them only")
    if not a.by_task:
        raise ValueError("there is no task to compare: the runs have no counted trials")
    differences = [_pass_hat(b.by_task[key], k) - _pass_hat(a.by_task[key], k) for key in a.by_task]
    number = len(differences)
    mean = sum(differences) / number
    if min(differences) == max(differences):  # no spread: how far another task could be is bounded by their number
        half = 2 * (1 - 0.025 ** (1 / number))
    else:
        spread = sqrt(sum((value - mean) ** 2 for value in differences) / (number - 1))
        half = float(t.ppf(0.975, number - 1)) * spread / sqrt(number)
    p_value = 1.0
    if number > 1 and any(differences):
        test: Any = permutation_test(
            (differences,),
            lambda values, axis: values.mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=9999,
            random_state=0,
        )
        p_value = float(test.pvalue)
    return Comparison(mean, max(mean - half, -1.0), min(mean + half, 1.0), p_value, number)


def _pass_hat(results: Sequence[bool], k: int) -> float:
    return pass_hat_k(sum(results), len(results), k)
