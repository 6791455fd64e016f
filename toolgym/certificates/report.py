"""What a check found: how many tasks passed each stage, which failed and why, and the certificates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from toolgym.tasks import Certificate


@dataclass(frozen=True)
class StageTally:
    """How many passed and failed one stage: tasks, or splits where the stage is about a whole split.

    Args:
        passed: At least 0.
        failed: At least 0.
    """

    passed: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Failure:
    """One task, or one split, that does not hold up.

    Args:
        task: The task's id; None if the failure is a whole split's, which the reason then names.
        stage: The stage that failed.
        reason: Why.
    """

    task: str | None
    stage: str
    reason: str


@dataclass(frozen=True)
class CertificateReport:
    """What a check found.

    Args:
        tasks: How many tasks were checked.
        stages: What came of each stage that was checked, in order. A task counts in the stages up to the first one
            that it failed.
        failed: Every failure.
        certificates: By task key, for the tasks that passed every stage.
        not_checked: Why a stage was checked for no task, by stage.
    """

    tasks: int
    stages: Mapping[str, StageTally]
    failed: tuple[Failure, ...]
    certificates: Mapping[str, Certificate]
    not_checked: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        """The report as ``toolgym tasks check --json`` prints it."""
        return {
            "tasks": self.tasks,
            "stages": {name: asdict(tally) for name, tally in self.stages.items()},
            "failed": [asdict(failure) for failure in self.failed],
            "not_checked": dict(self.not_checked),
        }


def merged(reports: Iterable[CertificateReport]) -> CertificateReport:
    """One report over all tasks of several."""
    tasks = 0
    stages: dict[str, StageTally] = {}
    failed: list[Failure] = []
    certificates: dict[str, Certificate] = {}
    not_checked: dict[str, str] = {}
    for report in reports:
        tasks += report.tasks
        for name, tally in report.stages.items():
            before = stages.get(name, StageTally())
            stages[name] = StageTally(before.passed + tally.passed, before.failed + tally.failed)
        failed += report.failed
        certificates |= report.certificates
        not_checked |= report.not_checked
    return CertificateReport(tasks, stages, tuple(failed), certificates, not_checked)
