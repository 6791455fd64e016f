"""Tasks made to stress a pattern bring it out in an agent whose weak spots were there before."""

from __future__ import annotations

import pytest

from benchmarks.analyst.targeted import failures, proposed
from toolgym.domain import Domain
from toolgym.failures.report import FailureReport
from toolgym.patterns import PATTERNS
from toolgym.proposal import TaskRequest
from toolgym.registration import make_agent, make_domain

TARGETED, GENERAL = 48, 180


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def general(retail: Domain) -> list[FailureReport]:
    tasks = proposed(retail, [TaskRequest(f"general-{place}") for place in range(GENERAL)], seed=21)
    return failures(retail, tasks, make_agent("clerk", domain=retail))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_failures_on_targeted_tasks_show_their_pattern_three_times_as_often(
    retail: Domain, general: list[FailureReport], pattern: str
) -> None:
    tasks = proposed(retail, [TaskRequest(f"{pattern}-{place}", pattern) for place in range(TARGETED)], seed=21)
    targeted = failures(retail, tasks, make_agent("clerk", domain=retail))
    assert len(targeted) >= 10
    assert {report.target for report in targeted} == {pattern}
    hit = sum(report.shows(pattern) for report in targeted) / len(targeted)
    usual = sum(report.shows(pattern) for report in general) / len(general)
    assert hit >= 3 * usual, f"{hit:.2f} of {len(targeted)} against {usual:.3f} of {len(general)}"
    assert hit > 0.5
