"""Tasks made to stress a pattern bring it out in an agent whose weak spots were there before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from toolgym.domain import AgentFactory, Domain
from toolgym.failures.report import FailureReport
from toolgym.failures.rules.analyst import RulesAnalyst
from toolgym.generators import TemplateProposer
from toolgym.patterns import PATTERNS
from toolgym.proposal import TaskRequest
from toolgym.registration import make_agent, make_domain, make_user
from toolgym.rollouts import play
from toolgym.tasks import Task

TARGETED, GENERAL, TRIALS = 48, 180, 2


def proposed(domain: Domain, demands: Sequence[TaskRequest]) -> list[Task]:
    async def main() -> list[Task]:
        rng = np.random.default_rng(21)
        return [one.tasks[0] async for one in TemplateProposer().propose(domain, demands, rng) if one.tasks]

    return asyncio.run(main())


def failures(domain: Domain, tasks: Sequence[Task], agent: AgentFactory) -> list[FailureReport]:
    analyst, user, found = RulesAnalyst(), make_user("scripted"), []
    for task in tasks:
        for trial in range(TRIALS):
            episode = play(domain, task, agent, user, trial=trial)
            if episode.grade.success is False:
                found.append(analyst.explain_one(domain, task, episode.trajectory(trial=trial)))
    return found


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def general(retail: Domain) -> list[FailureReport]:
    tasks = proposed(retail, [TaskRequest(f"general-{place}") for place in range(GENERAL)])
    return failures(retail, tasks, make_agent("clerk", domain=retail))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_failures_on_targeted_tasks_show_their_pattern_three_times_as_often(
    retail: Domain, general: list[FailureReport], pattern: str
) -> None:
    tasks = proposed(retail, [TaskRequest(f"{pattern}-{place}", pattern) for place in range(TARGETED)])
    targeted = failures(retail, tasks, make_agent("clerk", domain=retail))
    assert len(targeted) >= 10
    assert {report.target for report in targeted} == {pattern}
    hit = sum(report.shows(pattern) for report in targeted) / len(targeted)
    usual = sum(report.shows(pattern) for report in general) / len(general)
    assert hit >= 3 * usual, f"{hit:.2f} of {len(targeted)} against {usual:.3f} of {len(general)}"
    assert hit > 0.5
