"""How failures are spread over patterns: shares with intervals, hit-rates, coverage and drift."""

from toolgym.failures.statistics.distribution import (
    HitRate,
    coverage,
    distribution,
    divergence,
    hit_rate,
    hit_rates,
    share,
)
from toolgym.failures.statistics.reading import (
    PatternFigures,
    RunFailures,
    TaskFigures,
    against_untargeted,
    by_family,
    by_pattern,
    by_task,
    explain,
    explained,
    read_failures,
)

__all__ = [
    "HitRate",
    "PatternFigures",
    "RunFailures",
    "TaskFigures",
    "against_untargeted",
    "by_family",
    "by_pattern",
    "by_task",
    "coverage",
    "distribution",
    "divergence",
    "explain",
    "explained",
    "hit_rate",
    "hit_rates",
    "read_failures",
    "share",
]
