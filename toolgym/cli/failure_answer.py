"""What ``toolgym failures --json`` prints: the causes of failures as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from toolgym.cli.failure_tables import UNNAMED

if TYPE_CHECKING:
    from toolgym.cli.failure_source import EpisodeSource
    from toolgym.failures.llm.clusters import Cluster
    from toolgym.failures.report import Analyst, FailureReport
    from toolgym.failures.statistics.reading import RunFailures
    from toolgym.patterns import Pattern


@dataclass(frozen=True)
class ExplainedFailures:
    """The episodes of a source and one report for each failure.

    Args:
        source: What was read.
        episodes: Its episodes, sorted into failures, successes, void and not judged.
        reports: One report for each failure, in order.
        explained: The reports of failures that the analyst could look into.
    """

    source: EpisodeSource
    episodes: RunFailures
    reports: Sequence[FailureReport]
    explained: Sequence[FailureReport]


def answer_of(
    found: ExplainedFailures,
    other: ExplainedFailures | None,
    *,
    patterns: Mapping[str, Pattern],
    clusters: Sequence[Cluster] | None,
    analyst: Analyst,
    analyst_name: str,
    examples: int,
) -> dict[str, Any]:
    """Everything that was found, as JSON values.

    Args:
        found: The failures.
        other: Those of the run over untargeted tasks that they are compared with; None without.
        patterns: The patterns of the domains that were played.
        clusters: Groups of failures that are alike; None if none were formed.
        analyst: Who explained; asked for what its model used.
        analyst_name: Its registered name.
        examples: Examples of each pattern, at most.
    """
    from toolgym.failures.statistics.reading import against_untargeted, by_task

    return {
        **_facts(found),
        "analyst": analyst_name,
        **_figures(found.explained, patterns),
        "tasks": [asdict(one) for one in by_task(found.explained, found.episodes)],
        "examples": _examples(found, patterns, examples),
        "clusters": None if clusters is None else [_cluster(group, found.explained) for group in clusters],
        "hit_rate": _hit_rate(found.explained),
        "targets": against_untargeted(found.explained, () if other is None else other.explained),
        "against": None if other is None else {**_facts(other), **_figures(other.explained, patterns)},
        "usage": _usage(analyst),
    }


def _facts(found: ExplainedFailures) -> dict[str, Any]:
    episodes, explained = found.episodes, {report.episode_id for report in found.explained}
    lost = Counter(report.note for report in found.reports if report.episode_id not in explained)
    return {
        "source": found.source.name,
        "domain": found.source.domain_name,
        "data": found.source.data,
        "failures": len(episodes.failures),
        "successes": episodes.successes,
        "void": episodes.void,
        "not_judged": episodes.not_judged,
        "explained": len(found.explained),
        "not_explained": dict(lost.most_common()),
        "nothing_found": sum(report.primary is None for report in found.explained),
        "user_alone": sum(report.user_alone for report in found.explained),
    }


def patterns_of(*played: ExplainedFailures | None) -> Mapping[str, Pattern]:
    """The patterns of the domains that were played; toolgym's own where none is installed."""
    from toolgym.patterns import PATTERNS, USER_PATTERNS

    found = {**PATTERNS, **USER_PATTERNS}
    for one in played:
        if one is not None and one.source.domain is not None:
            found |= one.source.domain.failure_patterns
    return found


def _figures(reports: Sequence[FailureReport], patterns: Mapping[str, Pattern]) -> dict[str, Any]:
    from toolgym.failures.statistics.reading import by_family, by_pattern

    return {
        "families": {name: figures.as_dict() for name, figures in by_family(reports, patterns).items()},
        "patterns": {
            name or UNNAMED: {**_kind(patterns.get(name)), **figures.as_dict()}
            for name, figures in by_pattern(reports, patterns).items()
        },
    }


def _kind(pattern: Pattern | None) -> dict[str, Any]:
    """A pattern's family and side; a failure without one counts as the assistant's."""
    return {"family": "", "side": "assistant"} if pattern is None else {"family": pattern.family, "side": pattern.side}


def _examples(found: ExplainedFailures, patterns: Mapping[str, Pattern], number: int) -> list[dict[str, Any]]:
    """The first failures of each pattern, of different tasks where there are any."""
    from toolgym.failures import report as reports

    trials = {row.episode_id: row.trial for _, row in found.episodes.failures}
    shown = []
    for pattern in (*patterns, reports.UNNAMED):
        showing = [one for one in found.explained if any(finding.pattern == pattern for finding in one.causes)]
        first = {one.task_key: one for one in reversed(showing)}
        several = [*reversed(first.values()), *(one for one in showing if first[one.task_key] is not one)]
        for one in several[:number]:
            finding = next(finding for finding in one.causes if finding.pattern == pattern)
            shown.append(
                {
                    "pattern": pattern or UNNAMED,
                    "side": finding.side,
                    "episode": one.episode_id,
                    "task_id": one.task_id,
                    "trial": trials[one.episode_id],
                    "message": finding.message,
                    "expected": finding.expected,
                    "got": finding.got,
                    "explanation": one.explanation,
                }
            )
    return shown


def _cluster(cluster: Cluster, reports: Sequence[FailureReport]) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "size": cluster.size,
        "noise": cluster.noise,
        "words": list(cluster.words),
        "examples": list(cluster.examples),
        "patterns": {name or UNNAMED: share for name, share in cluster.shares.items()},
        "episodes": [reports[place].episode_id for place in cluster.members],
    }


def _hit_rate(reports: Sequence[FailureReport]) -> dict[str, Any] | None:
    from toolgym.failures.statistics.distribution import hit_rate

    rate = hit_rate(reports)
    return None if rate is None else rate._asdict()


def _usage(analyst: Analyst) -> dict[str, Any] | None:
    """What the model behind the analyst used, if it has one that says so."""
    usage = getattr(analyst, "usage", None)
    return None if usage is None else asdict(usage)
