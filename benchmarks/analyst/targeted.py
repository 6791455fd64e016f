"""Proposed tasks, and why an agent fails on them: what hit-rates are measured by."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from toolgym import make_user
from toolgym.domain import AgentFactory, Domain
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport
from toolgym.generators import TemplateProposer
from toolgym.proposal import TaskRequest
from toolgym.rollouts import play
from toolgym.tasks import Task


def proposed(domain: Domain, requests: Sequence[TaskRequest], seed: int) -> list[Task]:
    """The first task of each proposal that has one."""

    async def main() -> list[Task]:
        rng = np.random.default_rng(seed)
        return [one.tasks[0] async for one in TemplateProposer().propose(domain, requests, rng) if one.tasks]

    return asyncio.run(main())


def failures(domain: Domain, tasks: Sequence[Task], agent: AgentFactory, trials: int = 2) -> list[FailureReport]:
    """Play tasks with the scripted user, and explain the failures by rules."""
    analyst, user, found = RulesAnalyst(), make_user("scripted"), []
    for task in tasks:
        for trial in range(trials):
            episode = play(domain, task, agent, user, trial=trial)
            if episode.grade.success is False:
                found.append(analyst.explain_one(domain, task, episode.trajectory(trial=trial)))
    return found
