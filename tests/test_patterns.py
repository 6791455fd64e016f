"""Failure patterns: those of toolgym, those that a domain adds, and the names that they had once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolgym import make_curriculum, make_domain
from toolgym.curricula.allocation import targetable
from toolgym.curricula.pool import Entry, Pool
from toolgym.curriculum import Budget
from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.failures.report import FailureReport, Finding, ask, blank
from toolgym.failures.statistics.distribution import distribution
from toolgym.generation import Injector, targets
from toolgym.patterns import (
    ALIASES,
    DUAL_CONTROL_PATTERNS,
    KNOWN,
    PATTERNS,
    SPLIT_FROM,
    USER_PATTERNS,
    Injection,
    Pattern,
    before_split,
    current_name,
    in_order,
)
from toolgym.proposal import TaskRequest
from toolgym.runs import Run, open_tables
from toolgym.tasks import Provenance
from toolgym.trajectory import Trajectory

OLD, NEW = "item_from_another_order", "item_from_another_record"
OWN = Pattern("double_booking", "policy", "It gave one thing to two people.")


class Generator:
    """The domain's generator, with other injectors."""

    def __init__(self, generator: Any, *injectors: Injector) -> None:
        self._generator = generator
        self.injectors = injectors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)


def injector(pattern: str) -> Injector:
    return Injector("two_at_once", pattern, "Two people want one thing.", "I want it too.")


def test_a_domain_adds_patterns_and_has_injectors_for_them(mock: Domain) -> None:
    own = replace(mock, patterns=(OWN,), generator=Generator(mock.generator, injector("double_booking")))
    assert list(own.failure_patterns) == [*KNOWN, "double_booking"]
    assert list(targets(own.generator)) == ["double_booking"]


def test_dual_control_is_for_domains_whose_users_have_tools(mock: Domain) -> None:
    assert set(DUAL_CONTROL_PATTERNS) <= set(mock.failure_patterns)
    assert list(make_domain("retail").failure_patterns) == [*PATTERNS, *USER_PATTERNS]
    assert {pattern.side for pattern in PATTERNS.values()} == {"assistant"}


def test_what_was_split_off_counts_as_what_it_was_a_part_of_in_older_labels() -> None:
    assert set(SPLIT_FROM) <= set(PATTERNS)
    assert set(SPLIT_FROM.values()) <= set(PATTERNS) - set(SPLIT_FROM)
    assert [before_split(name) for name in ("wrong_detail", "wrong_record", "")] == [
        "invalid_argument",
        "wrong_record",
        "",
    ]
    assert [current_name(name) for name in SPLIT_FROM.values()] == list(SPLIT_FROM.values())  # old pools keep them


def test_a_user_that_strays_is_no_target(mock: Domain) -> None:
    assert {pattern.side for pattern in USER_PATTERNS.values()} == {"user"}
    assert not set(USER_PATTERNS) & set(targetable(replace(mock, generator=None)))
    with pytest.raises(ValueError, match="a fault of the user's side"):
        replace(mock, generator=Generator(mock.generator, injector("user_deviated")))


def test_an_injector_of_an_unknown_pattern_is_refused_with_the_nearest(mock: Domain) -> None:
    with pytest.raises(UnknownNameError, match=r"'wrong_recrod'\. Did you mean 'wrong_record'"):
        replace(mock, generator=Generator(mock.generator, injector("wrong_recrod")))
    with pytest.raises(ValueError, match="a fault of the user's side"):
        replace(mock, generator=Generator(mock.generator, injector("user_act_missing")))


@pytest.mark.parametrize("name", ["wrong_record", "user_not_told", OLD, "double_booking"])
def test_a_name_that_is_taken_is_refused(mock: Domain, name: str) -> None:
    with pytest.raises(ValueError, match=f"brings the pattern '{name}', which there is already"):
        replace(mock, patterns=(OWN, Pattern(name, "policy", "Again.")))


@pytest.mark.parametrize("parts", [("Two Words", "policy", "It."), ("two", " ", "It."), ("two", "policy", "")])
def test_a_pattern_needs_a_name_a_family_and_a_meaning(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Pattern(*parts)


class Says:
    """An analyst that always gives one finding."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding

    async def explain(self, domain: Domain, failures: Any) -> list[FailureReport]:
        return [blank(task, row, findings=(self.finding,), primary=0) for task, row in failures]


def failure(mock: Domain, **facts: Any) -> Trajectory:
    from kept_runs import missed

    return missed(mock, **facts)


def test_a_pattern_of_the_domain_goes_through_analyst_curriculum_and_report(mock: Domain) -> None:
    own = replace(mock, patterns=(OWN,))
    row = failure(own)
    task = own.tasks.find(row.task_id)
    says = Says(Finding("double_booking", 2, "once", "twice"))
    (report,) = asyncio.run(ask(says, own, [(task, row)]))
    assert distribution([report]) == {"double_booking": 1.0}
    curriculum = make_curriculum("raft", own, "test", analyst=says)
    curriculum.update([row])
    found = asyncio.run(curriculum.refresh(Budget(2)))
    assert found.patterns["double_booking"]["failures"] == 1
    assert "1 failures show 'double_booking', for which the domain has no injector" in found.notes
    with pytest.raises(DataError, match="No failure pattern named 'double_booking'"):
        asyncio.run(ask(says, mock, [(task, row)]))


def test_a_finding_of_the_other_side_is_refused(mock: Domain) -> None:
    row = failure(mock)
    says = Says(Finding("wrong_record", 2, "this", "that", side="user"))
    with pytest.raises(DataError, match="as a fault of the user; it is one of the assistant"):
        asyncio.run(ask(says, mock, [(mock.tasks.find(row.task_id), row)]))


def test_names_come_in_the_order_of_tables_and_unknown_ones_last() -> None:
    assert in_order(["zoo", "user_act_wrong", "wrong_record", "ape", "wrong_variant", "ape"]) == [
        "wrong_variant",
        "wrong_record",
        "user_act_wrong",
        "ape",
        "zoo",
    ]


# Names that patterns had once


def test_an_old_name_is_read_as_the_new_one_everywhere(mock: Domain, tmp_path: Path) -> None:
    assert ALIASES == {OLD: NEW}
    assert current_name(OLD) == NEW
    assert Provenance(generator="g", pattern=OLD).pattern == NEW
    assert TaskRequest("t", OLD).pattern == NEW
    assert injector(OLD).pattern == NEW
    report = FailureReport("e", "t", "k", (Finding(NEW, 1, "a", "b"),), 0, target=NEW)
    assert FailureReport.from_json(report.to_json().replace(NEW, OLD)) == report
    row = replace(failure(mock), injected=(Injection(NEW, 2, False),))
    assert Trajectory.from_json(row.to_json().replace(NEW, OLD)) == row


def test_a_report_of_before_there_were_sides_is_the_assistants() -> None:
    line = FailureReport("e", "t", "k", (Finding("wrong_record", 1, "a", "b"),), 0).to_json()
    assert FailureReport.from_json(line.replace(', "side": "assistant"', "")).findings[0].side == "assistant"


def test_a_pool_that_was_saved_with_an_old_name_goes_on_with_the_new_one(mock: Domain) -> None:
    pool = Pool([Entry(mock.tasks["train"][0], patterns=(OLD,))])
    again = Pool.from_state(mock, pool.state_dict(mock))
    assert [entry.patterns for entry in again] == [(NEW,)]


def test_the_tables_of_a_run_have_the_new_name(mock: Domain, tmp_path: Path) -> None:
    row = replace(failure(mock), injected=(Injection(OLD, 2, False),))
    with Run.start(tmp_path / "run", {}) as run:
        run.append(row)
        run.finish([row.episode_id])
    assert OLD in (tmp_path / "run" / "trajectories.jsonl").read_text("utf-8")
    with open_tables({"run": tmp_path / "run"}, ["injected", "episodes"]) as tables:
        assert tables.execute("SELECT pattern FROM injected").fetchall() == [(NEW,)]
        assert tables.execute("SELECT patterns FROM episodes").fetchall() == [([NEW],)]
