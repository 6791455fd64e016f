"""Pass^k with intervals clustered by task, and the paired comparison of two runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from toolgym.trajectory import Trajectory

Void: TypeAlias = Literal["exclude", "fail", "refuse"]
"""What becomes of void trials: they leave n, they count as failures, or too many of them are an error."""

LARGEST_K = 32
"""The largest k of which Pass^k is told where none is asked for."""
MOST_VOID = 0.05
"""The share of void trials above which ``void="refuse"`` gives no figures: fewer can hardly move them."""


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
        trials: How many tasks have each number of counted trials.
        void: Trials in which something other than the agent failed.
        not_judged: Tasks left out because a judge is needed and there was none.
        not_counted: Tasks left out because all of their trials are void.
    """

    by_k: Mapping[int, Estimate]
    tasks: int
    trials: Mapping[int, int]
    void: int
    not_judged: int
    not_counted: int = 0


@dataclass(frozen=True)
class Comparison:
    """Run b against run a on the tasks of both.

    Args:
        difference: Mean over tasks of Pass^k of b minus that of a, in [-1, 1].
        low: Lower end of its 95 % interval.
        high: Upper end.
        p_value: Of a paired permutation test that the two do not differ.
        tasks: How many tasks it is over.
        not_counted: Tasks left out because all of their trials are void in one of the runs.
    """

    difference: float
    low: float
    high: float
    p_value: float
    tasks: int
    not_counted: int = 0


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


class TooManyVoidError(ValueError):
    """Too many trials are void: figures over the rest would mislead.

    Args:
        void: How many are.
        trials: Of how many.
        whose: Whose they are, for the message.
    """

    def __init__(self, void: int, trials: int, whose: str = "") -> None:
        super().__init__(
            f"{void} of {trials} trials{whose} are void ({void / trials:.1%}), and above {MOST_VOID:.0%} there is no "
            'Pass^k: play them again, or say how they count: void="exclude" leaves them out, void="fail" takes them '
            "for failures"
        )
        self.void = void
        self.trials = trials


class _Outcomes(NamedTuple):
    """Counted trials by task, and what was left out."""

    by_task: dict[str, list[bool]]
    void: int
    unjudged: set[str]
    uncounted: set[str]


def _outcomes(trajectories: Iterable[Trajectory], void: Void, whose: str = "") -> _Outcomes:
    """Trials that count, by task. Tasks of which any trial would need a judge to settle it are left out whole."""
    if void not in (allowed := get_args(Void)):
        raise ValueError(f"void must be one of {', '.join(map(repr, allowed))}, got {void!r}")
    by_task: dict[str, list[bool]] = defaultdict(list)
    unjudged: set[str] = set()
    played = voids = 0
    for trajectory in trajectories:
        played += 1
        results = by_task[trajectory.task_key]
        if trajectory.fault is not None or trajectory.grade is None:
            voids += 1
            if void == "fail":
                results.append(False)
        elif trajectory.grade.not_judged:
            unjudged.add(trajectory.task_key)
        else:
            results.append(bool(trajectory.success))
    if void == "refuse" and voids > MOST_VOID * played:
        raise TooManyVoidError(voids, played, whose)
    uncounted = {key for key, results in by_task.items() if not results} - unjudged
    for key in unjudged | uncounted:
        del by_task[key]
    return _Outcomes(by_task, voids, unjudged, uncounted)


def pass_hat_table(
    trajectories: Iterable[Trajectory],
    *,
    max_k: int | None = None,
    allow_unequal: bool = False,
    void: Void = "refuse",
) -> PassHat:
    """Pass^1 to Pass^k of one run.

    Two conventions for void trials are in use. With ``"exclude"`` they leave n, as tau2 drops simulations that ended by
    an infrastructure error: the figure says how good the agent is wherever it could be played. With ``"fail"`` they are
    failures, as where all trials that were begun are divided by: it says how often the whole system succeeds.
    ``"refuse"`` excludes a few, and gives no figure where there are enough of them to make the two differ.

    Args:
        trajectories: The run's episodes. A task with any trial that a judge would have to settle is left out whole,
            whatever its other trials say, so that agents compare alike.
        max_k: The largest k; by default the smallest number of trials that a task has, up to :data:`LARGEST_K`.
        allow_unequal: Whether tasks may have different numbers of counted trials; k then ends at the smallest. A task
            that has none is left out, and :attr:`PassHat.not_counted` says how many are.
        void: What becomes of void trials. ``"exclude"``: they leave n; a task that has no other trials is left out,
            and counted. ``"fail"``: each counts as a failure. ``"refuse"``: as ``"exclude"`` where at most
            :data:`MOST_VOID` of all trials are void; a task that has no other trials then has an unequal number.

    Raises:
        TooManyVoidError: If more are void than ``void="refuse"`` takes; a ValueError.
        ValueError: If tasks have different numbers of trials and that is not allowed, ``max_k`` is above the smallest
            number, or ``void`` is none of the three.
    """
    outcomes, voids, unjudged, uncounted = _outcomes(trajectories, void)
    sizes = Counter(map(len, outcomes.values()))
    trials = dict(sorted(sizes.items()))
    left_out = len(unjudged), len(uncounted)
    unequal = dict(trials) if void == "exclude" or not uncounted else {0: len(uncounted), **trials}
    if len(unequal) > 1 and not allow_unequal:
        counts = ", ".join(f"{tasks} tasks with {number}" for number, tasks in unequal.items())
        raise ValueError(
            f"tasks have different numbers of counted trials ({counts}); finish the run, or allow unequal numbers"
        )
    if not outcomes:
        return PassHat({}, 0, {}, voids, *left_out)
    fewest = min(trials)
    top = min(fewest, LARGEST_K) if max_k is None else max_k
    if top > fewest:
        raise ValueError(f"k={top} needs {top} counted trials of every task; a task has {fewest}")
    total = sum(number * tasks for number, tasks in trials.items())
    by_k = {}
    for k in range(1, top + 1):
        values = [_pass_hat(results, k) for results in outcomes.values()]
        by_k[k] = interval(values, total)
    return PassHat(by_k, len(outcomes), trials, voids, *left_out)


def compare(
    first: Iterable[Trajectory], second: Iterable[Trajectory], *, k: int = 1, void: Void = "refuse"
) -> Comparison:
    """Compare two runs over the same tasks, pairing by task.

    Args:
        first: Run a.
        second: Run b.
        k: Which Pass^k, at least 1.
        void: What becomes of void trials, in each of the runs; see :func:`pass_hat_table`.

    Returns:
        The mean difference b - a, its 95 % t interval over tasks, and a paired permutation test's p-value. Tasks that
        either run could not judge, or of which either has void trials only, are left out of both.

    Raises:
        TooManyVoidError: If one of the runs has more void trials than ``void="refuse"`` takes; a ValueError.
        ValueError: If the runs do not cover the same tasks, or a task has fewer than ``k`` counted trials.
    """
    from scipy.stats import permutation_test, t

    a, b = _outcomes(first, void, " of the first run"), _outcomes(second, void, " of the second run")
    unjudged = a.unjudged | b.unjudged
    uncounted = (a.uncounted | b.uncounted) - unjudged
    for key in unjudged | uncounted:
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
    return Comparison(mean, max(mean - half, -1.0), min(mean + half, 1.0), p_value, number, len(uncounted))


def _pass_hat(results: Sequence[bool], k: int) -> float:
    return pass_hat_k(sum(results), len(results), k)
