"""What the curricula that aim at failure patterns share: failures explained, and tasks wanted for their patterns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from toolgym.certificates.certifier import Certifier, Solver
from toolgym.curricula.allocation import LEVEL, next_level, targetable, targeted
from toolgym.curricula.figures import Made, RefreshPlan
from toolgym.curricula.generative import Generative
from toolgym.curricula.pool import PRIOR, Entry, Prior
from toolgym.curricula.progress import Progress
from toolgym.curricula.validation import built
from toolgym.curriculum import Budget
from toolgym.domain import Domain
from toolgym.failures.report import UNNAMED, Analyst, FailureReport, ask, counted, patterns_shown
from toolgym.failures.statistics.distribution import distribution
from toolgym.proposal import Proposer
from toolgym.registry import ANALYSTS
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

EVEN = 0.1
"""The share of the draws that is spread evenly over the patterns, so that none is ever forgotten."""


class Targeted(Generative):
    """Aims at the patterns of failures: the Controller names them, and the Proposer makes tasks that stress them.

    Tasks are wanted in proportion to the causes of the failures since the last refresh, and for every pattern that
    any of them shows. Each pattern has a level, from 0 to 3: the next tasks are made harder if more than 0.8 of the
    trials on the last ones were solved, and easier below 0.2.

    Two switches turn it into an ablation. **Controller-off** (``controller=False``): failures are not looked at; tasks
    are wanted for all patterns alike, and made from no failure. **Proposer-off** (``proposing=False``): no task is
    made; the pool for a pattern is those tasks of the split on which failures showed it.

    Args:
        domain: The domain, over the data to be played.
        tasks: The tasks that it begins with.
        analyst: Explains failures: its name, or itself; by default ``"rules"``.
        proposer: See Generative, as for all up to ``apart``.
        certifier: See there.
        solver: See there.
        controller: Whether there is a Controller.
        proposing: Whether there is a Proposer.
        apart: See Generative.
        refresh_every: See Generative.
        refresh_tasks: See Generative.
        prior: See Pooled.
        seed: See Pooled.
        folder: See Pooled.

    Raises:
        DataError: If there are no tasks, or a part needs a model.
        UnknownNameError: If there is no part of that name.
        ValueError: If an argument is out of range, or both switches are off.
    """

    def __init__(
        self,
        domain: Domain,
        tasks: Sequence[Task],
        *,
        analyst: str | Analyst | None = None,
        proposer: str | Proposer | None = None,
        certifier: Certifier | None = None,
        solver: Solver | None = None,
        controller: bool = True,
        proposing: bool = True,
        apart: Collection[str] | None = None,
        refresh_every: int | None = None,
        refresh_tasks: int | None = None,
        prior: Prior = PRIOR,
        seed: int = 0,
        folder: str | Path | None = None,
    ) -> None:
        if not controller and not proposing:
            raise ValueError("without Controller and Proposer nothing is left; use the curriculum 'fixed' instead")
        self.controller = controller
        self.proposing = proposing
        super().__init__(
            domain,
            tasks,
            proposer=proposer,
            certifier=certifier,
            solver=solver,
            apart=apart,
            refresh_every=refresh_every,
            refresh_tasks=refresh_tasks,
            prior=prior,
            seed=seed,
            folder=folder,
        )
        self.analyst: Analyst | None = built(ANALYSTS, analyst, "explain")
        self.keeps_failures = controller

    async def _plan(self, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        levels = self._levels()
        ids = self._ids(budget.tasks)
        if not self.controller:
            even = dict.fromkeys(targetable(self.domain), 1.0)
            note = "Controller-off: no failure was looked at; tasks are wanted for all patterns alike"
            return RefreshPlan(tuple(targeted(ids, even, levels, (), self.round, rng)), levels=levels, notes=(note,))
        failures = tuple(self._progress.failures)
        if not failures:
            note = "there were no failures since the last refresh, so there is nothing to make tasks from"
            return RefreshPlan(levels=levels, notes=(note,))
        reports = await self._explained(failures)
        shares = distribution(reports)
        able = targetable(self.domain)
        wanted = {name: share for name, share in shares.items() if name in able}
        notes = list(_not_aimed_at(reports, able if self.proposing else tuple(self.domain.failure_patterns)))
        if not self.proposing:
            notes.append("Proposer-off: no task was made; the pool is the split's tasks whose failures show patterns")
            wanted = {}
        demands = targeted(ids, wanted, levels, reports, self.round, rng)
        return RefreshPlan(tuple(demands), failures, tuple(reports), shares, levels, tuple(notes))

    def _take_in(self, after: Progress, plan: RefreshPlan, made: Made) -> None:
        super()._take_in(after, plan, made)
        if not self.proposing:
            for report in plan.reports:
                shown = patterns_shown([report], "assistant")
                if shown and after.pool.find(report.task_key) is not None:
                    after.pool.mark(report.task_key, shown)

    def pattern_weights(self, entries: Sequence[Entry]) -> np.ndarray:
        """The share of each pattern among the recent failures, spread over the tasks that are there for it.

        They sum to 1, or are all 0 if no task is there for a pattern. A tenth is spread evenly over the patterns.
        """
        counts = Counter(name for entry in entries for name in entry.patterns)
        shares = {name: self._progress.shares.get(name, 0.0) for name in counts}
        whole = sum(shares.values())
        each = {
            name: ((1 - EVEN) * (share / whole) + EVEN / len(counts) if whole else 1 / len(counts)) / counts[name]
            for name, share in shares.items()
        }
        return np.array([sum(each[name] for name in entry.patterns) for entry in entries], dtype=np.float64)

    def _levels(self) -> dict[str, int]:
        known = self._progress.levels
        solved = {name: self._progress.solved(name) for name in self.domain.failure_patterns}
        return known | {name: next_level(known.get(name, LEVEL), *one) for name, one in solved.items() if one[0]}

    async def _explained(self, failures: Sequence[Trajectory]) -> Sequence[FailureReport]:
        analyst: Analyst = built(ANALYSTS, "rules", "explain") if self.analyst is None else self.analyst
        cases = [(self.pool.find(trajectory.task_key), trajectory) for trajectory in failures]
        return await ask(analyst, self.domain, cases)


def _not_aimed_at(reports: Sequence[FailureReport], able: Sequence[str]) -> list[str]:
    """Failures that no task can be made from, and why."""
    notes = [
        f"{count} failures show {name!r}, for which the domain has no injector"
        for name, count in counted(reports, "assistant").items()
        if name not in able
    ]
    if count := sum(report.user_alone for report in reports):
        notes.append(f"{count} of {len(reports)} failures are the user's alone: they count for no pattern")
    if count := sum(report.shows(UNNAMED) for report in reports):
        notes.append(f"{count} failures have a cause that fits no pattern")
    if count := sum(not report.causes for report in reports):
        notes.append(f"of {count} failures no cause was found")
    return notes
