"""What an analyst of somebody else gives is checked before anything is made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from toolgym import make_agent, make_curriculum, make_domain, make_user
from toolgym.curriculum import Budget
from toolgym.errors import DataError
from toolgym.failures.report import FailureReport, Finding, ask, blank
from toolgym.rollouts import play
from toolgym.trajectory import Trajectory

MOCK = make_domain("mock")
TASK = MOCK.tasks["train"][0]
ROW = play(MOCK, TASK, make_agent("no-op"), make_user("minimal")).trajectory(seed=0)
FINDING = Finding("wrong_record", 1, "task_1", "task_2")


class _Says:
    """Gives what it was made with."""

    def __init__(self, given: Any) -> None:
        self.given = given

    async def explain(self, domain: Any, failures: Sequence[tuple[Any, Trajectory]]) -> Any:
        return self.given


class _AtOnce:
    def explain(self, domain: Any, failures: Sequence[tuple[Any, Trajectory]]) -> list[FailureReport]:
        return [blank(task, row) for task, row in failures]


@pytest.mark.parametrize(
    ("analyst", "message"),
    [
        (_AtOnce(), r"_AtOnce must have an explain\(\) that is awaited: define it with async def"),
        (_Says(None), "_Says must give a list of FailureReport, it gave None"),
        (_Says([{"pattern": "wrong_record"}]), "must give a list of FailureReport"),
        (_Says([]), "one report for each failure, in order; it gave 0 for 1"),
        (_Says([blank(TASK, ROW, findings=(FINDING,), primary=1)]), "primary cause 1; .* one of its 1 findings"),
        (_Says([blank(TASK, ROW, primary=-1)]), "the primary cause -1"),
        (
            _Says([blank(TASK, ROW, findings=(replace(FINDING, pattern="wrong_recrod"),), primary=0)]),
            "an unknown pattern: No failure pattern named 'wrong_recrod'. Did you mean 'wrong_record'\\?",
        ),
        (_Says([blank(TASK, ROW, findings=(replace(FINDING, because=3),))]), "a finding because of 3"),
    ],
)
def test_a_report_that_does_not_hold_together_is_an_error_and_nothing_is_learned(analyst: Any, message: str) -> None:
    curriculum = make_curriculum("raft", MOCK, "train", analyst=analyst)
    curriculum.update([ROW])
    with pytest.raises(DataError, match=message):
        asyncio.run(curriculum.refresh(Budget(tasks=2)))
    assert curriculum.metrics()["round"] == 0


def test_a_report_that_holds_together_is_given_on_as_it_is() -> None:
    reports = [blank(TASK, ROW, findings=(FINDING, replace(FINDING, pattern="", because=0)), primary=0)]
    assert asyncio.run(ask(_Says(reports), MOCK, [(TASK, ROW)])) == reports
