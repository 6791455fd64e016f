"""Failures read out of what was played, explained, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.evaluation.metrics import Estimate
from toolgym.failures.report import UNNAMED, UNTOLD, Analyst, FailureReport, ask, blank, counted
from toolgym.failures.statistics.distribution import hit_rates, share
from toolgym.patterns import PATTERNS, Pattern
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class RunFailures:
    """Trajectories, sorted out.

    Args:
        failures: Those that failed, each with its task; None where that is not known.
        successes: How many succeeded.
        void: How many are void.
        not_judged: How many nobody judged.
        trials: By task key, how many succeeded or failed.
        unknown: Why a task is not known, by episode.
    """

    failures: tuple[tuple[Task | None, Trajectory], ...]
    successes: int = 0
    void: int = 0
    not_judged: int = 0
    trials: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


def read_failures(
    rows: Iterable[Trajectory],
    task_of: Callable[[Trajectory], Task],
    *,
    progress: Callable[[], None] | None = None,
) -> RunFailures:
    """Sort trajectories out.

    Args:
        rows: The trajectories.
        task_of: Finds the task of a failed one; where it raises DataError, the task is not known.
        progress: Called after each.

    Example:
        >>> read_failures([], lambda row: None)
        RunFailures(failures=(), successes=0, void=0, not_judged=0, trials={}, unknown={})
    """
    failures: list[tuple[Task | None, Trajectory]] = []
    counts: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    unknown: dict[str, str] = {}
    for row in rows:
        if row.success is None:
            counts["void" if row.fault is not None else "not judged"] += 1
        else:
            trials[row.task_key] += 1
            counts["success"] += row.success
            if not row.success:
                task = None
                try:
                    task = task_of(row)
                except DataError as error:
                    unknown[row.episode_id] = str(error)
                failures.append((task, row))
        if progress is not None:
            progress()
    return RunFailures(tuple(failures), counts["success"], counts["void"], counts["not judged"], dict(trials), unknown)


async def explain(
    reading: RunFailures,
    domain: Domain | None,
    analyst: Analyst,
    *,
    why: str = "",
    batch_size: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[FailureReport]:
    """One report for each failure, in order; one that says why where nothing can be told.

    Where an analyst refuses failures, it is given them one by one, so that the others are explained; the reports of
    those that it refuses say so.

    Args:
        reading: What was sorted out.
        domain: The domain; None if it is not here, and then nothing is explained.
        analyst: Who explains.
        why: Why the domain is not here.
        batch_size: Failures that the analyst is given in one call; None for all of them, which one needs that compares
            them.
        progress: Called with how many more were explained.

    Raises:
        DataError: If the analyst refuses them all, as one does whose reports do not hold together.
        ServiceError: If a model behind the analyst fails.
    """
    if domain is None:
        return [blank(task, row, note=why) for task, row in reading.failures]
    reports: list[FailureReport] = []
    refusals: list[DataError] = []
    step = batch_size or max(len(reading.failures), 1)
    for start in range(0, len(reading.failures), step):
        part = reading.failures[start : start + step]
        try:
            told = await ask(analyst, domain, part)
        except DataError:
            told = [await _one(analyst, domain, task, row, refusals) for task, row in part]
        for (_, row), report in zip(part, told, strict=True):
            lost = reading.unknown.get(row.episode_id)
            reports.append(report if lost is None or report.findings else replace(report, note=lost))
        if progress is not None:
            progress(len(part))
    if refusals and len(refusals) == len(reports):
        raise refusals[0]
    return reports


async def _one(
    analyst: Analyst, domain: Domain, task: Task | None, row: Trajectory, refusals: list[DataError]
) -> FailureReport:
    """The report of one failure; a blank one if the analyst refuses it, which is put on a list."""
    try:
        (report,) = await ask(analyst, domain, [(task, row)])
    except DataError as error:
        refusals.append(error)
        return blank(task, row, note=f"it cannot be looked into: {error}")
    return report


def explained(reports: Iterable[FailureReport]) -> list[FailureReport]:
    """The reports of failures that could be looked into, whether or not anything was found."""
    return [report for report in reports if report.findings or not report.note or UNTOLD in report.note]


@dataclass(frozen=True)
class PatternFigures:
    """One pattern, or one family, over the failures that could be explained.

    Args:
        failures: How many show it as a cause.
        share: Of all of them, with its 95 % interval; None if there are none.
        primary: Of how many it is the primary cause.
        consequences: In how many it only follows from another finding.
        harmless: In how many it only occurs as something that did no harm.
    """

    failures: int
    share: Estimate | None
    primary: int
    consequences: int
    harmless: int

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON-able data."""
        share = self.share._asdict() if self.share is not None else None
        counts = {"primary": self.primary, "consequences": self.consequences, "harmless": self.harmless}
        return {"failures": self.failures, "share": share, **counts}


def by_pattern(
    reports: Sequence[FailureReport], patterns: Mapping[str, Pattern] = PATTERNS
) -> dict[str, PatternFigures]:
    """The figures of every pattern, and of what fits none under :data:`~toolgym.failures.report.UNNAMED`.

    Args:
        reports: Of failures that could be explained.
        patterns: The domain's patterns; see :attr:`~toolgym.domain.Domain.failure_patterns`.
    """
    return {name: _figures(reports, (name,)) for name in (*patterns, UNNAMED)}


def by_family(
    reports: Sequence[FailureReport], patterns: Mapping[str, Pattern] = PATTERNS
) -> dict[str, PatternFigures]:
    """The figures of every family of patterns.

    Args:
        reports: Of failures that could be explained.
        patterns: The domain's patterns; see :attr:`~toolgym.domain.Domain.failure_patterns`.
    """
    families: dict[str, list[str]] = {}
    for pattern in patterns.values():
        families.setdefault(pattern.family, []).append(pattern.name)
    return {name: _figures(reports, patterns) for name, patterns in families.items()}


def _figures(reports: Sequence[FailureReport], patterns: Sequence[str]) -> PatternFigures:
    shown = [any(report.shows(name) for name in patterns) for report in reports]
    others = [
        [finding for finding in report.findings if finding.pattern in patterns]
        for report, is_cause in zip(reports, shown, strict=True)
        if not is_cause
    ]
    return PatternFigures(
        sum(shown),
        share(shown, [report.task_key for report in reports]),
        sum(report.pattern in patterns for report in reports),
        sum(any(finding.harm for finding in found) for found in others),
        sum(bool(found) and not any(finding.harm for finding in found) for found in others),
    )


@dataclass(frozen=True)
class TaskFigures:
    """One task's failures.

    Args:
        task_id: The task.
        task_key: Its content hash.
        failures: How many of its trials failed.
        trials: How many of its trials succeeded or failed.
        patterns: How many of the failures show each pattern as a cause.
    """

    task_id: str
    task_key: str
    failures: int
    trials: int
    patterns: Mapping[str, int]


def by_task(reports: Sequence[FailureReport], reading: RunFailures) -> list[TaskFigures]:
    """Every task that failed, the one that failed most often first."""
    of_task: dict[str, list[FailureReport]] = {}
    for report in reports:
        of_task.setdefault(report.task_key, []).append(report)
    found = []
    for key, group in of_task.items():
        patterns = counted(group)
        found.append(TaskFigures(group[0].task_id, key, len(group), reading.trials.get(key, len(group)), patterns))
    return sorted(found, key=lambda one: (-one.failures, one.trials, one.task_id))


def against_untargeted(
    reports: Sequence[FailureReport], others: Sequence[FailureReport] = ()
) -> dict[str, dict[str, Any]]:
    """How often failures on tasks made for a pattern show it, beside how often the others do.

    Args:
        reports: Of failures that could be explained.
        others: Of failures on untargeted tasks, to compare with; those on targeted ones are passed over.

    Returns:
        By pattern that tasks were made for: ``failures`` on these tasks; the ``share`` of them that show it, ``low``
        and ``high``; ``untargeted``, the share of the other failures that show it as ``mean``, ``low`` and ``high``;
        and ``ratio`` of the two. The last two are None where they are not known.
    """
    plain = [report for report in others if report.target is None]
    found = {}
    for name, rate in hit_rates(reports).items():
        beside = share([report.shows(name) for report in plain], [report.task_key for report in plain])
        ratio = rate.share / beside.mean if beside is not None and beside.mean > 0 else None
        untargeted = beside._asdict() if beside is not None else None
        found[name] = {**rate._asdict(), "untargeted": untargeted, "ratio": ratio}
    return found
