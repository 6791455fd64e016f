"""What an analyst says of a failure: what went wrong, where, and what was expected."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.files.strict_json import parse
from toolgym.patterns import Pattern, Side, current_name, in_order
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

UNNAMED = ""
"""The pattern of a finding that fits none."""
UNTOLD = "no rule tells why it failed"
"""With these words a note says that a failure was looked into, and no cause found."""
_NO_NAME = "Give '' where none fits; a domain adds patterns with Domain(patterns=...)."


@dataclass(frozen=True)
class Finding:
    """One thing that went wrong.

    Args:
        pattern: A name among the domain's :attr:`~toolgym.domain.Domain.failure_patterns`, or :data:`UNNAMED`.
        message: Where: the number of the message in the trajectory, from 0.
        expected: What would have been right, in a few words or as a call.
        got: What happened instead.
        harm: Whether the failure comes of it; False for what was put right or cost nothing.
        because: The place, among the findings, of the one that this is a consequence of; None if it is a cause.
        side: Whose fault it is.
    """

    pattern: str
    message: int
    expected: str
    got: str
    harm: bool = True
    because: int | None = None
    side: Side = "assistant"


@dataclass(frozen=True)
class FailureReport:
    """What an analyst says of one failed trajectory.

    Args:
        episode_id: Which episode.
        task_id: Its task.
        task_key: The task's content hash.
        findings: What went wrong, in the order in which it happened.
        primary: The place of the primary cause among the findings; None if nothing was found.
        target: The pattern that the task was made to stress; None if it was not.
        note: What could not be told, and why; empty if everything could.
        explanation: In free words, if the analyst explains; else empty.
    """

    episode_id: str
    task_id: str
    task_key: str
    findings: tuple[Finding, ...] = ()
    primary: int | None = None
    target: str | None = None
    note: str = ""
    explanation: str = ""

    @property
    def pattern(self) -> str | None:
        """The pattern of the primary cause; None if nothing was found."""
        return None if self.primary is None else self.findings[self.primary].pattern

    @property
    def causes(self) -> tuple[Finding, ...]:
        """The findings that made it fail and follow from no other."""
        return tuple(finding for finding in self.findings if finding.harm and finding.because is None)

    @property
    def user_alone(self) -> bool:
        """Whether there are causes, and all of them are the user's."""
        return bool(self.causes) and all(finding.side == "user" for finding in self.causes)

    def shows(self, pattern: str) -> bool:
        """Whether the pattern is a cause of the failure."""
        return any(finding.pattern == pattern for finding in self.causes)

    def to_json(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> FailureReport:
        """Read what :meth:`to_json` wrote, now or in an earlier version: patterns get the names that they have now.

        Raises:
            DataError: If the line is not such a report.
        """
        try:
            data = parse(line)
            data["findings"] = tuple(
                Finding(**{**finding, "pattern": current_name(finding["pattern"])}) for finding in data["findings"]
            )
            if data.get("target") is not None:
                data["target"] = current_name(data["target"])
            return cls(**data)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise DataError(f"this line is not a failure report: {error}: {line[:120]}") from error


class Analyst(Protocol):
    """Explains failures: the first half of the Controller."""

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        """One report for each failure, in order.

        Args:
            domain: Their domain.
            failures: Failed trajectories, none that succeeded or is void, each with its task; None where the task is
                not known any more.

        Raises:
            DataError: If a trajectory is no failure.
            ServiceError: If a model behind the analyst fails.
        """


async def ask(
    analyst: Analyst, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
) -> Sequence[FailureReport]:
    """What an analyst says of failures, checked.

    Args:
        analyst: Who is asked.
        domain: The failures' domain.
        failures: Failed trajectories, each with its task; None where the task is not known any more.

    Raises:
        DataError: If what it gives is not one report for each failure, in order, or a report does not hold together.
        ServiceError: If a model behind the analyst fails.
    """
    who = f"the analyst {type(analyst).__name__}"
    answer = analyst.explain(domain, failures)
    if not inspect.isawaitable(answer):
        raise DataError(f"{who} must have an explain() that is awaited: define it with async def")
    reports = await answer
    if not isinstance(reports, Sequence) or not all(isinstance(report, FailureReport) for report in reports):
        raise DataError(f"{who} must give a list of FailureReport, it gave {reports!r:.80}")
    if [report.episode_id for report in reports] != [trajectory.episode_id for _, trajectory in failures]:
        raise DataError(
            f"{who} must give one report for each failure, in order; it gave {len(reports)} for {len(failures)}"
        )
    for report in reports:
        if wrong := _wrong(report, domain.failure_patterns):
            raise DataError(f"{who} gave a report of the episode {report.episode_id!r} with {wrong}")
    return reports


def _wrong(report: FailureReport, patterns: Mapping[str, Pattern]) -> str:
    """What does not hold together in a report; empty if nothing."""
    number = len(report.findings)
    if report.primary is not None and report.primary not in range(number):
        return f"the primary cause {report.primary!r}; it must be None or the place of one of its {number} findings"
    for finding in report.findings:
        if finding.pattern != UNNAMED and finding.pattern not in patterns:
            return f"an unknown pattern: {UnknownNameError('failure pattern', finding.pattern, patterns, _NO_NAME)}"
        if finding.side not in ("assistant", "user"):
            return f"a finding of the side {finding.side!r}; it must be 'assistant' or 'user'"
        if finding.pattern != UNNAMED and finding.side != patterns[finding.pattern].side:
            return (
                f"the pattern {finding.pattern!r} as a fault of the {finding.side}; it is one of the "
                f"{patterns[finding.pattern].side}, so give side={patterns[finding.pattern].side!r}"
            )
        if finding.because is not None and finding.because not in range(number):
            return f"a finding because of {finding.because!r}; it must be None or the place of one of {number} findings"
    return ""


def patterns_shown(reports: Iterable[FailureReport], side: Side | None = None) -> list[str]:
    """The patterns that failures show as causes, in the order in which tables show them.

    Args:
        reports: The failures.
        side: Whose faults alone; None for both sides'.
    """
    causes = (finding for report in reports for finding in report.causes)
    return in_order({one.pattern for one in causes if side in (None, one.side)} - {UNNAMED})


def counted(reports: Sequence[FailureReport], side: Side | None = None) -> Mapping[str, int]:
    """How many failures show each pattern as a cause; a failure with several counts for each of them.

    Args:
        reports: The failures.
        side: Whose faults alone; None for both sides'.

    Returns:
        Counts above 0, in the order in which tables show the patterns.
    """
    return {name: sum(report.shows(name) for report in reports) for name in patterns_shown(reports, side)}


def blank(task: Task | None, trajectory: Trajectory, **parts: Any) -> FailureReport:
    """A report of a trajectory, with what is known without looking into it."""
    provenance = task.provenance if task is not None else None
    return FailureReport(
        trajectory.episode_id,
        trajectory.task_id,
        trajectory.task_key,
        target=provenance.pattern if provenance is not None else None,
        **parts,
    )
