"""The certifier: proposals through the certificate funnel, and before the current policy where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.funnel import certified, certify
from toolgym.certificates.report import CertificateReport, Failure, StageTally, merged
from toolgym.domain import AgentFactory, Domain
from toolgym.proposal import Proposal
from toolgym.rollouts import rollouts
from toolgym.tasks import Task

Solver: TypeAlias = Callable[[Domain, Sequence[Task], int], Awaitable[Mapping[str, Sequence[bool]]]]
"""Rolls out the current policy: the domain, tasks, and trials of each; the outcomes of the trials that are not void by
task key."""

SOLVER = "solver"
"""The stage that needs a policy: it solves a task now and then, neither never nor always."""
BELONGS = "belongs"
"""The stage that a task fails because what belongs to it, such as a refusal's twin, failed another."""


@dataclass(frozen=True)
class Certified:
    """The proposals that passed, and the report on all of them.

    Args:
        report: How many came how far, and why the others did not.
        tasks: Those that came through, with their certificates, in the order in which they were proposed.
        solved: For each task that the solver played, by key: how often it solved it, and in how many trials.
    """

    report: CertificateReport
    tasks: tuple[Task, ...]
    solved: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Certifier(Protocol):
    """Decides which proposals become tasks."""

    async def certify(
        self,
        domain: Domain,
        proposals: Sequence[Proposal],
        *,
        seen: DuplicateIndex,
        disjoint_from: Collection[str] = (),
        solver: Solver | None = None,
        trials: int = 4,
        progress: Callable[[], None] | None = None,
    ) -> Certified:
        """Put proposals through the stages.

        Args:
            domain: Their domain.
            proposals: The proposals; one without tasks is passed over.
            seen: The tasks of which none may be a duplicate; the new ones are added.
            disjoint_from: Digests of worlds with which theirs must have no entity in common.
            solver: Rolls out the current policy; without one that stage is not measured.
            trials: Trials of each task by the solver, at least 2.
            progress: Called after each proposal.
        """


FORMS = 2
"""In how many of its forms the oracle plays each proposal."""


class Funnel:
    """The certifier by default: the stages of :mod:`toolgym.certificates`, then the solver's.

    Args:
        forms: In how many of its forms the oracle must solve each proposal, at least 0, drawn by the task's key; None
            for all, as the sets that ship are checked.

    Raises:
        ValueError: If that is negative.
    """

    def __init__(self, forms: int | None = FORMS) -> None:
        if forms is not None and forms < 0:
            raise ValueError(f"forms={forms!r} of the oracle cannot be played; give 0 or more, or None for all")
        self.forms = forms

    async def certify(
        self,
        domain: Domain,
        proposals: Sequence[Proposal],
        *,
        seen: DuplicateIndex,
        disjoint_from: Collection[str] = (),
        solver: Solver | None = None,
        trials: int = 4,
        progress: Callable[[], None] | None = None,
    ) -> Certified:
        """Put proposals through the stages, and what passes them through the solver's."""
        reports: list[CertificateReport] = []
        through: list[tuple[Task, ...]] = []
        held_back: list[Failure] = []
        for proposal in proposals:
            if proposal.tasks:
                report = certify(domain, proposal.tasks, disjoint_from=disjoint_from, seen=seen, forms=self.forms)
                reports.append(report)
                if report.ok:
                    through.append(tuple(certified(task, report.certificates[task.key]) for task in proposal.tasks))
                else:
                    held_back += _held_back(proposal.tasks, report)
            if progress is not None:
                progress()
            await asyncio.sleep(0)  # whoever shares the loop gets a turn
        whole = merged(reports)
        stages, failed, not_checked = dict(whole.stages), [*whole.failed, *held_back], dict(whole.not_checked)
        if held_back:
            stages[BELONGS] = StageTally(0, len(held_back))
        solved: dict[str, tuple[int, int]] = {}
        if solver is None:
            not_checked[SOLVER] = "not measured: no solver was given"
        elif through:
            solved = await _solve(domain, [task for tasks in through for task in tasks], solver, trials)
            through, lost = _with_signal(through, solved)
            stages[SOLVER] = StageTally(sum(map(len, through)), len(lost))
            failed += lost
        tasks = tuple(task for group in through for task in group)
        certificates = {task.key: task.certificate for task in tasks if task.certificate is not None}
        report = CertificateReport(whole.tasks, stages, tuple(failed), certificates, not_checked)
        return Certified(report, tasks, solved)


def solver_of(agent: AgentFactory, user: AgentFactory, *, seed: int = 0, concurrency: int = 16) -> Solver:
    """A solver that plays an agent here.

    Args:
        agent: Makes the assistant.
        user: Makes the user.
        seed: The run's seed, at least 0.
        concurrency: Episodes played at once, at least 1.

    Example:
        >>> import asyncio
        >>> from toolgym import make_agent, make_domain, make_user
        >>> mock = make_domain("mock")
        >>> solve = solver_of(make_agent("oracle"), make_user("minimal"))
        >>> tasks = mock.tasks["test"][:1]
        >>> asyncio.run(solve(mock, tasks, 2)) == {tasks[0].key: [True, True]}
        True
    """

    async def solve(domain: Domain, tasks: Sequence[Task], trials: int) -> Mapping[str, Sequence[bool]]:
        jobs = [(task, trial) for task in tasks for trial in range(trials)]
        found: dict[int, bool] = {}
        async for number, episode in rollouts(domain, jobs, agent, user, concurrency=concurrency, seed=seed):
            if episode.fault is None and episode.grade.success is not None:
                found[number] = episode.grade.success
        outcomes: dict[str, list[bool]] = {task.key: [] for task in tasks}
        for number in sorted(found):
            outcomes[jobs[number][0].key].append(found[number])
        return outcomes

    return solve


async def _solve(domain: Domain, tasks: Sequence[Task], solver: Solver, trials: int) -> dict[str, tuple[int, int]]:
    outcomes = await solver(domain, tasks, trials)
    return {task.key: (sum(outcomes.get(task.key, ())), len(outcomes.get(task.key, ()))) for task in tasks}


def _with_signal(
    through: Sequence[tuple[Task, ...]], solved: Mapping[str, tuple[int, int]]
) -> tuple[list[tuple[Task, ...]], list[Failure]]:
    """The groups whose first task the solver solves now and then, and why the others are left out."""
    kept: list[tuple[Task, ...]] = []
    lost: list[Failure] = []
    for tasks in through:
        wins, played = solved[tasks[0].key]
        if 0 < wins < played:
            kept.append(tasks)
        else:
            how = "no trial of it counts" if not played else f"the policy solves {wins} of {played} trials"
            lost += [Failure(task.id, SOLVER, f"{how}: it does not inform") for task in tasks]
    return kept, lost


def _held_back(tasks: Sequence[Task], report: CertificateReport) -> list[Failure]:
    first = report.failed[0]
    why = f"it belongs to {first.task!r}, which fails the stage {first.stage!r}"
    own = {failure.task for failure in report.failed}
    return [Failure(task.id, BELONGS, why) for task in tasks if task.id not in own]
