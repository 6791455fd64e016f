"""What the curricula that make tasks share: a plan, proposals, certificates, and the pool that takes in the rest."""

from __future__ import annotations

import sys
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np

from toolgym.certificates import DuplicateIndex, too_many_refusals
from toolgym.certificates.certifier import Certified, Certifier, Funnel, Solver
from toolgym.curricula.figures import NOTHING, Made, RefreshPlan, refresh_report
from toolgym.curricula.pool import PRIOR, Entry, Prior
from toolgym.curricula.pooled import Pooled
from toolgym.curricula.progress import Progress
from toolgym.curricula.refreshing import refresh
from toolgym.curricula.validation import built, checked, whole
from toolgym.curriculum import Budget, RefreshReport
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.failures.report import FailureReport
from toolgym.generators.template import generator_of
from toolgym.proposal import Proposal, Proposer, TaskRequest
from toolgym.registry import PROPOSERS
from toolgym.tasks import Task

REFRESH_TASKS = 20
"""How many tasks a refresh proposes that comes by itself, where nobody says."""


class Generative(Pooled):
    """Makes tasks at each refresh; what a kind of curriculum adds is what it wants.

    A refresh comes when somebody calls for it, or by itself with ``refresh_every``: before the draw that follows on so
    many episodes. That draw, and so the environment's reset, then takes as long as the refresh does; a line on standard
    error says what came of it. If it fails, the draw fails, and the next one tries again.

    Args:
        domain: The domain, over the data to be played.
        tasks: The tasks that it begins with.
        proposer: Makes tasks: its name, or itself; by default ``"template"``.
        certifier: Decides which become tasks; by default the certificate funnel.
        solver: Rolls out the current policy, for the stage that needs one; without it that is not measured.
        apart: Digests of worlds with which new ones must have no entity in common; by default those of the domain's
            other tasks.
        prior: See Pooled.
        refresh_every: After how many episodes it refreshes itself, at least 1; those that are void or not judged do not
            count. None: never.
        refresh_tasks: How many tasks such a refresh proposes, at least 1; by default 20.
        seed: See Pooled.
        folder: See Pooled.

    Raises:
        DataError: If there are no tasks, a part needs a model, or tasks cannot be made for the domain and it is to
            refresh itself.
        UnknownNameError: If there is no part of that name.
        ValueError: If an argument is out of range.
    """

    proposing: bool = True
    """Whether there is a Proposer."""
    progress: Callable[[], None] | None = None
    """Called in a refresh after each proposal that was certified or not; for whoever shows how far it is."""

    def __init__(
        self,
        domain: Domain,
        tasks: Sequence[Task],
        *,
        proposer: str | Proposer | None = None,
        certifier: Certifier | None = None,
        solver: Solver | None = None,
        apart: Collection[str] | None = None,
        refresh_every: int | None = None,
        refresh_tasks: int | None = None,
        prior: Prior = PRIOR,
        seed: int = 0,
        folder: str | Path | None = None,
    ) -> None:
        super().__init__(domain, tasks, prior=prior, seed=seed, folder=folder)
        if solver is not None and not callable(solver):
            raise DataError(
                f"solver must be a function that rolls out the policy, got {solver!r:.80}; "
                "toolgym.generators.solver_of(make_agent(…), make_user(…)) makes one"
            )
        self.proposer: Proposer | None = built(PROPOSERS, proposer, "propose")
        self.certifier: Certifier = Funnel() if certifier is None else checked("certifier", certifier, "certify")
        self.solver = solver
        self._apart = None if apart is None else tuple(apart)
        self.refresh_every = None if refresh_every is None else whole("refresh_every", refresh_every, 1)
        self.refresh_tasks = REFRESH_TASKS if refresh_tasks is None else whole("refresh_tasks", refresh_tasks, 1)
        if refresh_every is None and refresh_tasks is not None:
            raise DataError("refresh_tasks is for refreshes that come by themselves; give refresh_every too")
        if refresh_every is not None and self.proposing and proposer in (None, "template"):
            generator_of(domain)  # better told now than in the middle of a training

    @property
    def apart(self) -> tuple[str, ...]:
        """Digests of the worlds with which new ones have no entity in common."""
        if self._apart is None:
            own = {task.world for task in self.tasks}
            every = dict.fromkeys(task.world for task in self.domain.tasks)
            self._apart = tuple(world for world in every if world not in own)
        return self._apart

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """See Curriculum; a refresh that is due comes first."""
        if self.refresh_every is not None and self.pool.trials >= self.refresh_every and not self._refreshing:
            started = time.perf_counter()
            report = refresh(self, Budget(tasks=self.refresh_tasks))
            sys.stderr.write(f"toolgym: {self.name}: {report.line()}, {time.perf_counter() - started:.1f} s\n")
        return super().sample(rng, k)

    @abstractmethod
    async def _plan(self, budget: Budget, rng: np.random.Generator) -> RefreshPlan:
        """What is wanted."""

    def _take_in(self, after: Progress, plan: RefreshPlan, made: Made) -> None:
        """Change the pool by what was made."""
        for entry in made.entries:
            after.pool.add(entry)

    async def _refreshed(self, budget: Budget) -> tuple[RefreshReport, Sequence[FailureReport], Progress]:
        rng = np.random.default_rng([self.seed, self.round])
        plan = await self._plan(budget, rng)
        made = await self._made(plan.demands, budget, rng)
        before = self._progress  # with the trials that came in meanwhile; from here on nothing is waited for
        after = before.copy()
        self._take_in(after, plan, made)
        after.shares = dict(plan.shares) or after.shares
        after.levels |= plan.levels
        after.solver = _solved(made)
        report = refresh_report(plan, made, before, after)
        after.begin_round(plan.analysed)
        return report, plan.reports, after

    async def _made(self, demands: Sequence[TaskRequest], budget: Budget, rng: np.random.Generator) -> Made:
        if not demands:
            return Made(solver=self.solver is not None)
        proposer: Proposer = built(PROPOSERS, "template", "propose") if self.proposer is None else self.proposer
        made = proposer.propose(self.domain, demands, rng, apart=self.apart)
        proposals = tuple([proposal async for proposal in made])
        certified = await self._certified(proposals, budget)
        wanted = {task.key: proposal.demand for proposal in proposals for task in proposal.tasks}
        if strange := [task.id for task in certified.tasks if task.key not in wanted]:
            raise DataError(
                f"the certifier {type(self.certifier).__name__} gave back {strange[0]!r}, a task that was not proposed"
                "; it may add a certificate to a task and change nothing else"
            )
        left_out = self._refusing(proposals, certified.tasks)
        entries = [_entry(task, wanted[task.key], self.round) for task in certified.tasks if task.key not in left_out]
        return Made(proposals, certified, tuple(entries), self.solver is not None, len(left_out))

    def _refusing(self, proposals: Sequence[Proposal], through: Sequence[Task]) -> set[str]:
        """The keys of those that would make the pool hold too many refusals, and of what belongs to them."""
        came = {task.key: task for task in through}
        groups = [[came[task.key] for task in proposal.tasks if task.key in came] for proposal in proposals]
        refusing = [group for group in groups if group and too_many_refusals(self.domain, group)]
        tasks = {entry.task.key: entry.task for entry in self.pool if not entry.of_split} | came
        left_out: set[str] = set()
        while refusing and too_many_refusals(self.domain, list(tasks.values())):
            for task in refusing.pop():
                tasks.pop(task.key, None)
                left_out.add(task.key)
        return left_out

    async def _certified(self, proposals: Sequence[Proposal], budget: Budget) -> Certified:
        worlds = {task.world for proposal in proposals for task in proposal.tasks}
        if not worlds:
            return NOTHING
        known = {task.key: task for task in (*self.tasks, *(entry.task for entry in self.pool))}
        seen = DuplicateIndex()
        for task in known.values():
            if task.world in worlds:
                seen.add(set_up(self.domain, task))
        return await self.certifier.certify(
            self.domain,
            proposals,
            seen=seen,
            apart=self.apart,
            solver=self.solver,
            trials=budget.trials,
            progress=self.progress,
        )

    def _ids(self, number: int) -> list[str]:
        """The ids of the tasks of this round."""
        return [f"{self.name}-r{self.round}-{place:03d}" for place in range(number)]


def _entry(task: Task, demand: TaskRequest, round_number: int) -> Entry:
    return Entry(task, patterns=() if demand.pattern is None else (demand.pattern,), round=round_number)


def _solved(made: Made) -> dict[str, tuple[int, int]]:
    """For each pattern, trials by the solver on what was proposed for it, and how many succeeded."""
    found: dict[str, tuple[int, int]] = {}
    for proposal in made.proposals:
        name = proposal.demand.pattern
        for task in proposal.tasks:
            if name is not None and task.key in made.certified.solved:
                solved, trials = made.certified.solved[task.key]
                before = found.get(name, (0, 0))
                found[name] = (before[0] + trials, before[1] + solved)
    return found
