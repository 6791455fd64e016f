"""What tasks a round wants: any, or tasks for the patterns of the failures since the last one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from toolgym.curricula.allocation import LEVEL, next_level, targetable, targeted
from toolgym.curricula.figures import RefreshPlan
from toolgym.curricula.pool_view import PoolView
from toolgym.curricula.validation import part_of
from toolgym.curriculum import Budget
from toolgym.failures.report import UNNAMED, Analyst, FailureReport, ask, counted, patterns_shown
from toolgym.failures.statistics.distribution import distribution
from toolgym.generation import Shape
from toolgym.proposal import TaskRequest
from toolgym.registry import ANALYSTS
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class Untargeted:
    """Wants tasks that aim at nothing, whatever failed: the control for targeted ones."""

    keeps_failures = False

    async def plan(self, now: PoolView, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        """As many tasks as the budget has, of no pattern."""
        return RefreshPlan(tuple(TaskRequest(task_id, None, round=now.round) for task_id in now.ids(budget.tasks)))


class Targeted:
    """Wants tasks for the patterns of failures, which an analyst names: the Controller.

    Tasks are wanted in proportion to the causes of the failures since the last refresh, and for every pattern that
    any of them shows. Each pattern has a level, from 0 to 3: the next tasks are made harder if more than 0.8 of the
    trials on the last ones were solved, and easier below 0.2.

    Args:
        analyst: Explains failures: its name, or itself; by default ``"rules"``.
        controller: False is the ablation Controller-off: failures are not looked at; tasks are wanted for all patterns
            alike, and made from no failure.
        use_proposer: False is the ablation Proposer-off: no task is wanted; the pool for a pattern is those tasks of
            the split on which failures showed it.
        like_failures: Whether tasks are wanted with the writes of the failures that they are made from, so that tools
            and lengths follow what fails, not the patterns alone. Failures of tasks that write nothing ask for any.

    Raises:
        DataError: If the analyst does not fit, or needs a model.
        UnknownNameError: If there is no analyst of that name.
        ValueError: If both switches are off.
    """

    def __init__(
        self,
        analyst: str | Analyst | None = None,
        *,
        controller: bool = True,
        use_proposer: bool = True,
        like_failures: bool = False,
    ) -> None:
        if not controller and not use_proposer:
            raise ValueError("without Controller and Proposer nothing is left; use the curriculum 'fixed' instead")
        self.analyst: Analyst = part_of(ANALYSTS, "rules" if analyst is None else analyst, "explain")
        self.controller = controller
        self.use_proposer = use_proposer
        self.like_failures = like_failures

    @property
    def keeps_failures(self) -> bool:
        """Whether there is a Controller."""
        return self.controller

    async def plan(self, now: PoolView, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        """Tasks in proportion to the patterns of the failures."""
        levels = _levels(now)
        ids = now.ids(budget.tasks)
        if not self.controller:
            even = dict.fromkeys(targetable(now.domain), 1.0)
            note = "Controller-off: no failure was looked at; tasks are wanted for all patterns alike"
            return RefreshPlan(tuple(targeted(ids, even, levels, (), now.round, rng)), levels=levels, notes=(note,))
        failures = tuple(now.progress.failures)
        if not failures:
            note = "there were no failures since the last refresh, so there is nothing to make tasks from"
            return RefreshPlan(levels=levels, notes=(note,))
        cases = [(task, trajectory) for task, trajectory in zip(_tasks(now, failures), failures, strict=True)]
        reports = await ask(self.analyst, now.domain, cases)
        shares = distribution(reports)
        able = targetable(now.domain)
        wanted = {name: share for name, share in shares.items() if name in able}
        notes = list(_not_aimed_at(reports, able if self.use_proposer else tuple(now.domain.failure_patterns)))
        marked: Sequence[tuple[str, tuple[str, ...]]] = ()
        if not self.use_proposer:
            notes.append("Proposer-off: no task was made; the pool is the split's tasks whose failures show patterns")
            wanted = {}
            shown = [(report.task_key, tuple(patterns_shown([report], "assistant"))) for report in reports]
            marked = [(key, patterns) for key, patterns in shown if patterns]
        shapes: dict[str, Shape] = {}
        if self.like_failures:
            writes = now.domain.writes()
            shapes = {task.key: Shape.of(task, writes) for task, _ in cases if task is not None}
        requests = targeted(ids, wanted, levels, reports, now.round, rng, shapes)
        failed = tuple(task for task, _ in cases if task is not None)
        return RefreshPlan(
            tuple(requests), failures, tuple(reports), shares, levels, tuple(notes), tuple(marked), failed
        )


def _tasks(now: PoolView, failures: Sequence[Trajectory]) -> list[Task | None]:
    """The tasks that failed: of the pool, or else of the domain, from whichever split; None where one is not known."""
    found = [now.progress.pool.find(trajectory.task_key) for trajectory in failures]
    if None not in found:
        return found
    known = {task.key: task for task in now.domain.tasks}
    return [task or known.get(one.task_key) for task, one in zip(found, failures, strict=True)]


def _levels(now: PoolView) -> dict[str, int]:
    """How hard the next tasks of each pattern are."""
    known = now.progress.levels
    solved = {name: now.progress.solved(name) for name in now.domain.failure_patterns}
    return known | {name: next_level(known.get(name, LEVEL), *one) for name, one in solved.items() if one[0]}


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
