"""The figures of a refresh: what its report says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from toolgym.certificates import MAX_REFUSALS, CertificateReport
from toolgym.certificates.certifier import SOLVER, Certified
from toolgym.curricula.pool import Entry
from toolgym.curricula.progress import Progress
from toolgym.curriculum import RefreshReport
from toolgym.domain import Domain
from toolgym.evaluation.metrics import pass_hat_k
from toolgym.failures.report import FailureReport, counted
from toolgym.failures.statistics.distribution import coverage, divergence, hit_rate, hit_rates
from toolgym.generation import Shape, gold_of
from toolgym.patterns import in_order
from toolgym.proposal import Proposal, TaskRequest
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

REASONS = 3
"""How many reasons of a stage are reported."""
NOT_MEASURED = "not measured"
NOTHING = Certified(CertificateReport(0, {}, (), {}, {}), ())
"""What a certifier finds where there is nothing to certify."""


@dataclass(frozen=True)
class RefreshPlan:
    """What a refresh sets out to do.

    Args:
        requests: The tasks that are wanted.
        analysed: The failures that were looked at.
        reports: What was said of them, in order.
        shares: The distribution of patterns over them; empty if there is none.
        levels: How hard the tasks of each pattern are made from now on.
        notes: What cannot be done, and why.
        marked: Tasks of the pool that are there for further patterns from now on: their keys, and the patterns.
        failed: The tasks of the failures, one for each, as far as they are known.
    """

    requests: tuple[TaskRequest, ...] = ()
    analysed: tuple[Trajectory, ...] = ()
    reports: tuple[FailureReport, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    marked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    failed: tuple[Task, ...] = ()


@dataclass(frozen=True)
class Made:
    """What came of a plan.

    Args:
        proposals: One for each request.
        certified: What came through.
        entries: The tasks that come into the pool.
        solver: Whether there was a solver.
        refusals: How many came through and are left out, since the pool would hold too many refusals.
    """

    proposals: tuple[Proposal, ...] = ()
    certified: Certified = NOTHING
    entries: tuple[Entry, ...] = ()
    solver: bool = False
    refusals: int = 0


def refresh_report(domain: Domain, plan: RefreshPlan, made: Made, before: Progress, after: Progress) -> RefreshReport:
    """The report of a refresh.

    Args:
        domain: The domain.
        plan: What it set out to do.
        made: What came of it.
        before: The progress before it, up to the trials that came in while it went on.
        after: The progress after it.
    """
    failed = made.certified.report.failed
    proposed = sum(len(proposal.tasks) for proposal in made.proposals)
    lost = sum(failure.stage != SOLVER for failure in failed)
    reports = [report for report in plan.reports if not report.user_alone]
    hits = hit_rate(reports)
    reasons: dict[str, list[str]] = {}
    for failure in failed:
        reasons.setdefault(failure.stage, []).append(failure.reason)
    return RefreshReport(
        round=before.round,
        failures=len(plan.reports),
        proposed=proposed,
        stages={stage: asdict(tally) for stage, tally in made.certified.report.stages.items()},
        reasons={stage: _commonest(texts) for stage, texts in reasons.items()},
        validity=(proposed - lost) / proposed if proposed else None,
        admitted=len(made.entries),
        patterns=_by_pattern(plan, reports, made, before, after),
        hit_rate=None if hits is None else hits.share,
        coverage=coverage(reports, {name for entry in after.pool for name in entry.patterns}),
        zero_signal=before.zero_signal(),
        drift=divergence(before.shares, plan.shares) if before.shares and plan.shares else None,
        pool=len(after.pool),
        solver=_solver(made),
        notes=(*plan.notes, *_unmet(made.proposals), *_too_many(made.refusals)),
        shapes=_shapes(domain, plan, made),
    )


def _shapes(domain: Domain, plan: RefreshPlan, made: Made) -> dict[str, dict[str, dict[str, float]]]:
    """Tools and lengths of what failed, and of what came in."""
    sides = {"failures": plan.failed, "admitted": [one.task for one in made.entries]}
    writes = domain.writes()
    counts: dict[str, dict[str, Counter[str]]] = {"tools": {}, "writes": {}, "calls": {}}
    for side, tasks in sides.items():
        shapes = [Shape.of(task, writes) for task in tasks]
        counts["tools"][side] = Counter(name for shape in shapes for name in shape.writes)
        counts["writes"][side] = Counter(str(len(shape.writes)) for shape in shapes)
        counts["calls"][side] = Counter(str(len(gold_of(task))) for task in tasks)
    return {
        what: {side: {name: one[name] / one.total() for name in sorted(one)} for side, one in by_side.items()}
        for what, by_side in counts.items()
    }


def _by_pattern(
    plan: RefreshPlan, reports: Sequence[FailureReport], made: Made, before: Progress, after: Progress
) -> dict[str, dict[str, Any]]:
    """The figures of every pattern that a failure shows, a task was wanted for, or the pool has tasks for.

    They are over the failures in which the assistant had a part; faults of the user's side count for no pattern.
    """
    failures = counted(reports, "assistant")
    rates = hit_rates(reports)
    proposed: Counter[str | None] = Counter()
    for proposal in made.proposals:
        proposed[proposal.request.pattern] += len(proposal.tasks)
    admitted = Counter(name for entry in made.entries for name in entry.patterns)
    pool = Counter(name for entry in after.pool for name in entry.patterns)
    wanted = {request.pattern for request in plan.requests if request.pattern is not None}
    return {
        name: {
            "failures": failures.get(name, 0),
            "share": failures.get(name, 0) / len(reports) if reports else None,
            "proposed": proposed[name],
            "admitted": admitted[name],
            "pool": pool[name],
            "pass_1": _pass_hat(before, name, 1),
            "pass_4": _pass_hat(before, name, 4),
            "hit_rate": rates[name]._asdict() if name in rates else None,
        }
        for name in in_order({*failures, *pool, *wanted})
    }


def _pass_hat(progress: Progress, pattern: str, k: int) -> float | None:
    """Pass^k over the tasks of a pattern with at least k trials since the last refresh; None if none has."""
    counts = [entry.since for entry in progress.pool if pattern in entry.patterns and entry.since[0] >= k]
    return sum(pass_hat_k(solved, trials, k) for trials, solved in counts) / len(counts) if counts else None


def _solver(made: Made) -> str:
    solved = made.certified.solved.values()
    if not made.solver or not solved:
        return NOT_MEASURED
    return f"{sum(0 < wins < played for wins, played in solved)} of {len(solved)} tasks with 0 < p < 1"


def _unmet(proposals: Sequence[Proposal]) -> list[str]:
    """Why requests were not met, each reason with how many it is of."""
    counts = Counter(proposal.note or "no reason given" for proposal in proposals if not proposal.tasks)
    return [f"{count} of {len(proposals)} demands not met: {note}" for note, count in counts.most_common()]


def _too_many(left_out: int) -> list[str]:
    why = f"in more than {MAX_REFUSALS} % of those made for the pool the gold would change nothing"
    return [f"{left_out} tasks that came through are left out: {why}"] if left_out else []


def _commonest(reasons: Sequence[str]) -> list[str]:
    """The commonest reasons, one of each kind: those that differ in numbers and quoted names alone are of one kind."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for reason in reasons:
        kind = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", reason)
        first.setdefault(kind, reason)
        counts[kind] += 1
    return [f"{count} of {len(reasons)}: {first[kind]}" for kind, count in counts.most_common(REASONS)]
