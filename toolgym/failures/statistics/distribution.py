"""How failures are spread over the patterns: distributions, how far two are apart, hit-rate and coverage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import isclose, log2
from typing import NamedTuple

from toolgym.evaluation.metrics import Estimate, interval
from toolgym.failures.report import UNNAMED, FailureReport, counted
from toolgym.patterns import in_order


class HitRate(NamedTuple):
    """How many failures on targeted tasks show the pattern that their task was made to stress.

    Args:
        share: Of the failures, in [0, 1].
        low: Lower end of the 95 % interval.
        high: Upper end.
        failures: How many failures it is over, at least 1.
    """

    share: float
    low: float
    high: float
    failures: int


def distribution(reports: Sequence[FailureReport]) -> dict[str, float]:
    """The share of each pattern among the assistant's causes of failures; one with several counts for each of them.

    Args:
        reports: Any number; faults of the user's side are passed over.

    Returns:
        Shares that sum to 1, in the order of the patterns, without those that no failure shows; causes that fit no
        pattern stand under :data:`~toolgym.failures.report.UNNAMED`. Empty if no cause was found.

    Example:
        >>> from toolgym.failures.report import Finding
        >>> finding = Finding("wrong_record", 3, "order 1", "order 2")
        >>> distribution([FailureReport("e", "t", "k", (finding,), 0)])
        {'wrong_record': 1.0}
    """
    unnamed = sum(
        any(one.pattern == UNNAMED and one.side == "assistant" for one in report.causes) for report in reports
    )
    counts = {**counted(reports, "assistant"), UNNAMED: unnamed}
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if count}


def divergence(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """The Jensen-Shannon divergence of two distributions, in bits.

    Args:
        first: Shares in [0, 1] that sum to 1, by name; a name that is left out has share 0.
        second: Likewise.

    Returns:
        From 0, for equal ones, to 1, for those that have nothing in common.

    Raises:
        ValueError: If one is no distribution.

    Source:
        Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991).

    Example:
        >>> divergence({"a": 1.0}, {"b": 1.0}), divergence({"a": 0.5, "b": 0.5}, {"b": 0.5, "a": 0.5})
        (1.0, 0.0)
    """
    for shares in (first, second):
        if any(share < 0 for share in shares.values()) or not isclose(sum(shares.values()), 1.0, abs_tol=1e-9):
            raise ValueError(f"a distribution has shares of at least 0 that sum to 1, got {dict(shares)}")
    found = 0.0
    for name in dict.fromkeys([*first, *second]):
        one, other = first.get(name, 0.0), second.get(name, 0.0)
        middle = (one + other) / 2
        found += sum(share / 2 * log2(share / middle) for share in (one, other) if share > 0)
    return min(max(found, 0.0), 1.0)


def hit_rate(reports: Sequence[FailureReport]) -> HitRate | None:
    """The hit-rate over the failures on targeted tasks, with an interval that takes tasks as the sampling unit.

    Args:
        reports: Any number; those of tasks without a target are passed over.

    Returns:
        The rate; None if no failure was on a targeted task. Failures on one task are not taken for independent
        evidence: the interval is that of a ratio of sums over tasks, as in :func:`share`.
    """
    aimed = [report for report in reports if report.target is not None]
    found = share([report.shows(report.target or "") for report in aimed], [report.task_key for report in aimed])
    return None if found is None else HitRate(*found, len(aimed))


def share(hits: Sequence[bool], tasks: Sequence[str]) -> Estimate | None:
    """The share of failures that are hits, with a 95 % interval that treats tasks as the sampling unit.

    Args:
        hits: Whether each failure is one.
        tasks: The task of each.

    Returns:
        None without failures.

    Source:
        The linearised ratio is Cochran, Sampling Techniques (1977), chapter 6; for the interval see
        :func:`~toolgym.evaluation.metrics.interval`.

    Example:
        >>> share([True, False, True, True], ["a", "b", "c", "d"]).mean
        0.75
    """
    if not hits:
        return None
    failures = Counter(tasks)
    found = Counter(task for task, hit in zip(tasks, hits, strict=True) if hit)
    mean, size = sum(hits) / len(hits), len(hits) / len(failures)
    values = [round(mean + (found[task] - mean * count) / size, 12) for task, count in failures.items()]
    spread = interval(values, len(hits))
    return Estimate(mean, min(spread.low, mean), max(spread.high, mean))


def hit_rates(reports: Sequence[FailureReport]) -> dict[str, HitRate]:
    """The hit-rate by target, for the patterns that a failed task was made to stress."""
    names = in_order(report.target for report in reports if report.target is not None)
    found = {name: hit_rate([report for report in reports if report.target == name]) for name in names}
    return {name: rate for name, rate in found.items() if rate is not None}


def coverage(reports: Sequence[FailureReport], patterns: Collection[str]) -> float | None:
    """The share of the failures whose primary pattern is among some; None if there are no failures.

    Args:
        reports: Any number; a failure in which nothing was found is covered by nothing.
        patterns: Those that have tasks.
    """
    if not reports:
        return None
    return sum(report.pattern in patterns for report in reports) / len(reports)
