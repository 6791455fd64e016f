"""What a refresh of a pool does: nothing, or a plan, proposals, certificates, and a pool that takes in the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from toolgym.curricula.figures import Made, RefreshPlan, refresh_report
from toolgym.curricula.pool_view import PoolView
from toolgym.curricula.progress import Progress
from toolgym.curricula.task_maker import TaskMaker
from toolgym.curriculum import Budget, RefreshReport
from toolgym.failures.report import FailureReport


class Refreshed(NamedTuple):
    """What a refresh brings.

    Args:
        report: Its report.
        failures: What was said of the failures.
        after: The progress after it.
    """

    report: RefreshReport
    failures: Sequence[FailureReport]
    after: Progress


class Refresher(Protocol):
    """Makes a round of new tasks."""

    @property
    def keeps_failures(self) -> bool:
        """Whether it needs the trajectories of failures."""

    @property
    def makes_tasks(self) -> bool:
        """Whether its refreshes make tasks, or could."""

    async def refresh(self, now: PoolView, budget: Budget, tick: Callable[[], None] | None = None) -> Refreshed:
        """What a refresh brings; ``now`` stays as it is.

        Args:
            now: The curriculum as it is.
            budget: How much may be made.
            tick: Called after each proposal, certified or not.
        """


class NoTasks:
    """Makes nothing: the pool stays the tasks of the split."""

    keeps_failures = False
    makes_tasks = False

    async def refresh(self, now: PoolView, budget: Budget, tick: Callable[[], None] | None = None) -> Refreshed:
        """A round in which nothing is made."""
        report = RefreshReport(
            round=now.round,
            zero_signal=now.progress.zero_signal(),
            pool=len(now.progress.pool),
            notes=(f"the curriculum {now.name!r} makes no tasks: it weights those of the split",),
        )
        after = now.progress.copy()
        after.begin_round(())
        return Refreshed(report, (), after)


class Planner(Protocol):
    """Says which tasks a round wants."""

    @property
    def keeps_failures(self) -> bool:
        """Whether it needs the trajectories of failures."""

    async def plan(self, now: PoolView, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        """Which tasks are wanted now."""


class NewTasks:
    """Makes the tasks that a planner wants.

    Args:
        planner: Says what is wanted.
        maker: Proposes and certifies it.
    """

    makes_tasks = True

    def __init__(self, planner: Planner, maker: TaskMaker) -> None:
        self.planner = planner
        self.maker = maker

    @property
    def keeps_failures(self) -> bool:
        """Whether the planner needs the trajectories of failures."""
        return self.planner.keeps_failures

    async def refresh(self, now: PoolView, budget: Budget, tick: Callable[[], None] | None = None) -> Refreshed:
        """Plan, propose, certify, and take in what came through."""
        rng = np.random.default_rng([now.seed, now.round])
        plan = await self.planner.plan(now, budget, rng)
        made = await self.maker.make(now, plan.requests, budget, rng, tick)
        before = now.progress  # with the trials that came in meanwhile; from here on nothing is waited for
        after = before.copy()
        for entry in made.entries:
            after.pool.add(entry)
        for key, patterns in plan.marked:
            if after.pool.find(key) is not None:
                after.pool.mark(key, patterns)
        after.shares = dict(plan.shares) or after.shares
        after.levels |= plan.levels
        after.solver = _solved(made)
        report = refresh_report(now.domain, plan, made, before, after)
        after.begin_round(plan.analysed)
        return Refreshed(report, plan.reports, after)


def _solved(made: Made) -> dict[str, tuple[int, int]]:
    """For each pattern, trials by the solver on what was proposed for it, and how many succeeded."""
    found: dict[str, tuple[int, int]] = {}
    for proposal in made.proposals:
        name = proposal.request.pattern
        for task in proposal.tasks:
            if name is not None and task.key in made.certified.solved:
                solved, trials = made.certified.solved[task.key]
                before = found.get(name, (0, 0))
                found[name] = (before[0] + trials, before[1] + solved)
    return found
