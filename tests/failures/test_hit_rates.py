"""Tasks made to stress a pattern bring it out in an agent whose weak spots were there before."""

from __future__ import annotations

from functools import partial

import pytest

from benchmarks.analyst.targeted import failures, proposed
from toolgym.domain import AgentFactory, Domain
from toolgym.failures.report import FailureReport
from toolgym.patterns import PATTERNS
from toolgym.proposal import TaskRequest
from toolgym.registration import make_agent, make_domain
from toolgym.tasks import Task
from toolgym_retail.clerk import RATES, Clerk

TARGETED, GENERAL = 48, 180


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def untargeted(retail: Domain) -> list[Task]:
    return proposed(retail, [TaskRequest(f"general-{place}") for place in range(GENERAL)], seed=21)


@pytest.fixture(scope="module")
def general(retail: Domain, untargeted: list[Task]) -> list[FailureReport]:
    return failures(retail, untargeted, make_agent("clerk", domain=retail))


def weak_in(pattern: str) -> AgentFactory:
    """The clerk as it is; for a slip that it makes on request alone, a better one that makes this as others do."""
    if RATES[pattern]:
        return make_agent("clerk", domain="retail")
    return partial(Clerk, rates={**{name: rate / 5 for name, rate in RATES.items()}, pattern: 0.5})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_failures_on_targeted_tasks_show_their_pattern_much_more_often(
    retail: Domain, untargeted: list[Task], general: list[FailureReport], pattern: str
) -> None:
    agent = weak_in(pattern)
    tasks = proposed(retail, [TaskRequest(f"{pattern}-{place}", pattern) for place in range(TARGETED)], seed=21)
    targeted = failures(retail, tasks, agent)
    if not RATES[pattern]:
        general = failures(retail, untargeted[: GENERAL // 2], agent)
    assert len(targeted) >= 10
    assert {report.target for report in targeted} == {pattern}
    hit = sum(report.shows(pattern) for report in targeted) / len(targeted)
    usual = sum(report.shows(pattern) for report in general) / len(general)
    times = 3 if RATES[pattern] else 2  # a slip on request is made in every spot of its kind
    assert hit >= times * usual, f"{hit:.2f} of {len(targeted)} against {usual:.3f} of {len(general)}"
    assert hit > 0.5
