"""Failures read out of trajectories, explained and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from kept_runs import missed, solved

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.failures.report import UNNAMED, FailureReport, Finding, blank
from toolgym.failures.statistics.distribution import hit_rate
from toolgym.failures.statistics.reading import (
    RunFailures,
    against_untargeted,
    by_family,
    by_pattern,
    by_task,
    explain,
    explained,
    read_failures,
    share,
)
from toolgym.tasks import Task
from toolgym.trajectory import Fault, Grade, Trajectory


class Echo:
    """An analyst that says which message was the last, and keeps how much it was given at once."""

    def __init__(self) -> None:
        self.given: list[int] = []

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        self.given.append(len(failures))
        return [
            blank(task, row, findings=(Finding("wrong_record", row.trial, "", ""),), primary=0)
            if task is not None
            else blank(task, row, note="no task")
            for task, row in failures
        ]


def report(task: str, *findings: Finding, primary: int | None = 0, target: str | None = None) -> FailureReport:
    return FailureReport(f"{task}-0", task, task, findings, primary if findings else None, target)


def found(pattern: str, *, harm: bool = True, because: int | None = None) -> Finding:
    return Finding(pattern, 1, "", "", harm, because)


def test_successes_void_and_unjudged_episodes_are_counted_and_left_out(mock: Domain) -> None:
    failed = missed(mock, trial=1)
    rows = [
        solved(mock),
        failed,
        replace(missed(mock, trial=2), grade=None, fault=Fault("user", "?")),
        replace(missed(mock, trial=3), grade=Grade(None, None)),
        replace(missed(mock, trial=4), grade=None),
    ]
    seen: list[None] = []
    reading = read_failures(rows, lambda row: mock.tasks.find(row.task_id), progress=lambda: seen.append(None))
    assert reading.failures == ((mock.tasks.find("test-008"), failed),)
    assert (reading.successes, reading.void, reading.not_judged) == (1, 1, 2)
    assert reading.trials == {failed.task_key: 2}
    assert len(seen) == 5


def test_a_failure_whose_task_is_gone_is_kept_with_the_reason(mock: Domain) -> None:
    def gone(row: Trajectory) -> Task:
        raise DataError(f"{row.task_id} is gone")

    reading = read_failures([missed(mock)], gone)
    assert reading.failures[0][0] is None
    (told,) = asyncio.run(explain(reading, mock, Echo()))
    assert told.note == "test-008 is gone"
    assert explained([told]) == []


def test_without_a_domain_nothing_is_explained_and_every_report_says_why(mock: Domain) -> None:
    reading = read_failures([missed(mock), missed(mock, trial=1)], lambda row: mock.tasks.find(row.task_id))
    analyst = Echo()
    reports = asyncio.run(explain(reading, None, analyst, why="it is not installed"))
    assert [one.note for one in reports] == ["it is not installed"] * 2
    assert all(not one.findings for one in reports)
    assert analyst.given == []


@pytest.mark.parametrize(("batch_size", "given"), [(None, [5]), (2, [2, 2, 1])])
def test_reports_come_in_order_however_many_are_explained_at_once(
    mock: Domain, batch_size: int | None, given: list[int]
) -> None:
    rows = [missed(mock, trial=trial) for trial in range(5)]
    reading = read_failures(rows, lambda row: mock.tasks.find(row.task_id))
    analyst = Echo()
    steps: list[int] = []
    reports = asyncio.run(explain(reading, mock, analyst, batch_size=batch_size, progress=steps.append))
    assert [one.episode_id for one in reports] == [row.episode_id for row in rows]
    assert analyst.given == steps == given


def test_causes_consequences_and_harmless_findings_are_told_apart() -> None:
    reports = [
        report("a", found("wrong_variant"), found("ended_early", because=0)),
        report("b", found("repeated_call", harm=False), found("wrong_variant"), found("wrong_record"), primary=2),
        report("c", found("wrong_variant", harm=False), found(UNNAMED), primary=1),
        report("d", found("ended_early"), found("ended_early", harm=False)),
    ]
    figures = by_pattern(reports)

    def counts(name: str) -> tuple[int, int, int, int]:
        one = figures[name]
        return one.failures, one.primary, one.consequences, one.harmless

    assert counts("wrong_variant") == (2, 1, 0, 1)
    assert counts("wrong_record") == (1, 1, 0, 0)
    assert counts("ended_early") == (1, 1, 1, 0)
    assert counts("repeated_call") == (0, 0, 0, 1)
    assert counts(UNNAMED) == (1, 1, 0, 0)
    assert figures["wrong_variant"].share is not None
    assert figures["wrong_variant"].share.mean == 0.5


def test_a_family_counts_a_failure_once_however_many_of_its_patterns_it_shows() -> None:
    both = report("a", found("ended_early"), found("no_confirmation"))
    assert by_family([both, report("b", found("wrong_record"))])["execution control"].failures == 1


def test_without_failures_there_is_no_share() -> None:
    assert by_pattern([])["wrong_record"].share is None
    assert share([], []) is None


def test_failures_of_one_task_are_not_taken_for_independent_evidence() -> None:
    alone = share([True] * 10 + [False] * 10, [str(number) for number in range(20)])
    together = share([True] * 10 + [False] * 10, ["a"] * 10 + ["b"] * 10)
    assert alone is not None
    assert together is not None
    assert alone.mean == together.mean == 0.5
    assert together.high - together.low > alone.high - alone.low
    assert 0 <= together.low < 0.5 < together.high <= 1


def test_a_share_has_the_interval_of_the_hit_rate() -> None:
    reports = [
        report(task, found(pattern), target="wrong_record")
        for task, pattern in (("a", "wrong_record"), ("a", "ended_early"), ("b", "wrong_record"), ("c", "ended_early"))
    ]
    rate = hit_rate(reports)
    same = share([one.shows("wrong_record") for one in reports], [one.task_key for one in reports])
    assert rate is not None
    assert same is not None
    assert (rate.share, rate.low, rate.high) == tuple(same)


def test_the_task_that_failed_most_comes_first() -> None:
    reports = [report("b", found("ended_early")), *[report("a", found("ended_early"), found("wrong_record"))] * 2]
    first, second = by_task(reports, RunFailures((), trials={"a": 4, "b": 1}))
    assert (first.task_id, first.failures, first.trials) == ("a", 2, 4)
    assert first.patterns == {"wrong_record": 2, "ended_early": 2}
    assert second.task_id == "b"


def test_targeted_failures_are_compared_with_untargeted_ones_alone() -> None:
    aimed = [report(task, found("wrong_record"), target="wrong_record") for task in "ab"]
    others = [
        report("x", found("wrong_record")),
        report("y", found("ended_early")),
        report("z", found("wrong_record"), target="wrong_record"),
    ]
    rates = against_untargeted(aimed, others)
    assert list(rates) == ["wrong_record"]
    row = rates["wrong_record"]
    assert (row["failures"], row["share"], row["untargeted"]["mean"], row["ratio"]) == (2, 1.0, 0.5, 2.0)
    alone = against_untargeted(aimed)["wrong_record"]
    assert (alone["untargeted"], alone["ratio"]) == (None, None)


def test_what_an_analyst_refuses_gets_a_note_unless_it_refuses_everything(mock: Domain) -> None:
    class Choosy:
        async def explain(
            self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
        ) -> list[FailureReport]:
            if any(row.trial == 1 for _, row in failures):
                raise DataError("not this one")
            return [blank(task, row, explanation="?") for task, row in failures]

    def reading(*trials: int) -> RunFailures:
        rows = [missed(mock, trial=trial) for trial in trials]
        return read_failures(rows, lambda row: mock.tasks.find(row.task_id))

    reports = asyncio.run(explain(reading(0, 1, 2), mock, Choosy()))
    assert [report.note for report in reports] == ["", "it cannot be looked into: not this one", ""]
    with pytest.raises(DataError, match="not this one"):
        asyncio.run(explain(reading(1), mock, Choosy()))
