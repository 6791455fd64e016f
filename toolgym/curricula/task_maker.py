"""Tasks that are wanted, made: proposed, certified, and chosen for the pool."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from toolgym.certificates import DuplicateIndex, too_many_refusals
from toolgym.certificates.certifier import Certified, Certifier, Funnel, Solver
from toolgym.curricula.figures import NOTHING, Made
from toolgym.curricula.pool import Entry
from toolgym.curricula.pool_view import PoolView
from toolgym.curricula.validation import check_part, part_of
from toolgym.curriculum import Budget
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.proposal import Proposal, Proposer, TaskRequest
from toolgym.registry import PROPOSERS
from toolgym.tasks import Task


class TaskMaker:
    """Proposes tasks and certifies them.

    Args:
        proposer: Makes tasks: its name, or itself; by default ``"template"``.
        certifier: Decides which become tasks; by default the certificate funnel.
        solver: Rolls out the current policy, for the stage that needs one; without it that is not measured.
        disjoint_from: Digests of worlds with which new ones must have no entity in common; by default those of the
            domain's other tasks.

    Raises:
        DataError: If a part does not fit, or needs a model.
        UnknownNameError: If there is no proposer of that name.
    """

    def __init__(
        self,
        proposer: str | Proposer | None = None,
        certifier: Certifier | None = None,
        solver: Solver | None = None,
        disjoint_from: Collection[str] | None = None,
    ) -> None:
        if solver is not None and not callable(solver):
            raise DataError(
                f"solver must be a function that rolls out the policy, got {solver!r:.80}; "
                "toolgym.generators.solver_of(make_agent(…), make_user(…)) makes one"
            )
        self.proposer: Proposer = part_of(PROPOSERS, "template" if proposer is None else proposer, "propose")
        self.certifier: Certifier = Funnel() if certifier is None else check_part("certifier", certifier, "certify")
        self.solver = solver
        self._disjoint_from = None if disjoint_from is None else tuple(disjoint_from)

    def disjoint_from(self, now: PoolView) -> tuple[str, ...]:
        """Digests of the worlds with which new ones have no entity in common."""
        if self._disjoint_from is not None:
            return self._disjoint_from
        own = {task.world for task in now.tasks}
        every = dict.fromkeys(task.world for task in now.domain.tasks)
        return tuple(world for world in every if world not in own)

    async def make(
        self,
        now: PoolView,
        requests: Sequence[TaskRequest],
        budget: Budget,
        rng: np.random.Generator,
        tick: Callable[[], None] | None = None,
    ) -> Made:
        """Make the tasks that are wanted.

        Args:
            now: The curriculum as it is; of its pool nothing is made again.
            requests: What is wanted.
            budget: How often the solver plays each.
            rng: What the proposer draws from.
            tick: Called after each proposal, certified or not.

        Raises:
            DataError: If the certifier gives back a task that was not proposed.
        """
        if not requests:
            return Made(solver=self.solver is not None)
        made = self.proposer.propose(now.domain, requests, rng, disjoint_from=self.disjoint_from(now))
        proposals = tuple([proposal async for proposal in made])
        certified = await self._certified(now, proposals, budget, tick)
        wanted = {task.key: proposal.request for proposal in proposals for task in proposal.tasks}
        if strange := [task.id for task in certified.tasks if task.key not in wanted]:
            raise DataError(
                f"the certifier {type(self.certifier).__name__} gave back {strange[0]!r}, a task that was not proposed"
                "; it may add a certificate to a task and change nothing else"
            )
        left_out = _refusing(now, proposals, certified.tasks)
        entries = [_entry(task, wanted[task.key], now.round) for task in certified.tasks if task.key not in left_out]
        return Made(proposals, certified, tuple(entries), self.solver is not None, len(left_out))

    async def _certified(
        self, now: PoolView, proposals: Sequence[Proposal], budget: Budget, tick: Callable[[], None] | None
    ) -> Certified:
        worlds = {task.world for proposal in proposals for task in proposal.tasks}
        if not worlds:
            return NOTHING
        known = {task.key: task for task in (*now.tasks, *(entry.task for entry in now.progress.pool))}
        seen = DuplicateIndex()
        for task in known.values():
            if task.world in worlds:
                seen.add(set_up(now.domain, task))
        return await self.certifier.certify(
            now.domain,
            proposals,
            seen=seen,
            disjoint_from=self.disjoint_from(now),
            solver=self.solver,
            trials=budget.trials,
            progress=tick,
        )


def _refusing(now: PoolView, proposals: Sequence[Proposal], through: Sequence[Task]) -> set[str]:
    """The keys of those that would make the pool hold too many refusals, and of what belongs to them."""
    came = {task.key: task for task in through}
    groups = [[came[task.key] for task in proposal.tasks if task.key in came] for proposal in proposals]
    refusing = [group for group in groups if group and too_many_refusals(now.domain, group)]
    tasks = {entry.task.key: entry.task for entry in now.progress.pool if not entry.of_split} | came
    left_out: set[str] = set()
    while refusing and too_many_refusals(now.domain, list(tasks.values())):
        for task in refusing.pop():
            tasks.pop(task.key, None)
            left_out.add(task.key)
    return left_out


def _entry(task: Task, request: TaskRequest, round_number: int) -> Entry:
    return Entry(task, patterns=() if request.pattern is None else (request.pattern,), round=round_number)
