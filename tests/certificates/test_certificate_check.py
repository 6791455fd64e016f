"""Checking what a domain ships: certificates computed anew, splits compared, and the command that prints it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from certificate_tasks import call, chore, failures, make_small, make_task, world_of

from toolgym import make_domain
from toolgym.certificates import certified, certify, check_dataset, too_many_refusals
from toolgym.cli import main
from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.tasks import Certificate, Instructions, Task, TaskSet


def with_certificates(splits: Mapping[str, Sequence[Task]]) -> dict[str, list[Task]]:
    """The same tasks with the certificates that they get one by one."""
    domain = make_small()
    return {
        split: [certified(task, certify(domain, [task]).certificates[task.key]) for task in tasks]
        for split, tasks in splits.items()
    }


def two_splits() -> dict[str, list[Task]]:
    """Certified tasks of two splits, each with a world of its own."""
    return with_certificates(
        {
            "train": [make_task(chore(1), id="train-1"), make_task(chore(2), id="train-2", text="Other.")],
            "test": [make_task(chore(1), id="test-1", team="other")],
        }
    )


def test_a_domain_whose_certificates_hold_is_ok() -> None:
    progress: list[None] = []
    report = check_dataset(make_small(two_splits()), progress=lambda: progress.append(None))
    assert report.failed == ()
    assert report.ok
    assert report.not_checked == {}
    assert report.tasks == len(progress) == 3
    tallies = {name: tally.passed for name, tally in report.stages.items()}
    assert list(tallies)[-6:] == ["oracle", "certificate", "ids", "worlds", "refusals", "twins"]
    assert (tallies["oracle"], tallies["certificate"], tallies["ids"]) == (3, 3, 3)
    assert (tallies["worlds"], tallies["refusals"]) == (2, 2)


CHANGES: dict[str, tuple[Callable[[Task], Task], str]] = {
    "missing": (lambda task: task.model_copy(update={"certificate": None}), "it carries no certificate"),
    "of the task as it was": (
        lambda task: task.model_copy(update={"ticket": "A new ticket."}),
        "it was changed since",
    ),
    "of fewer stages": (
        lambda task: task.model_copy(update={"certificate": Certificate(key=task.key, stages=("schema",))}),
        "its certificate lists the stages ['schema']; it passes ['schema', 'replay',",
    ),
}


@pytest.mark.parametrize(("change", "reason"), CHANGES.values(), ids=CHANGES)
def test_a_certificate_that_is_not_the_computed_one_fails(change: Callable[[Task], Task], reason: str) -> None:
    splits = two_splits()
    splits["train"][1] = change(splits["train"][1])
    report = check_dataset(make_small(splits))
    assert failures(report) == [("train-2", "certificate")]
    assert reason in report.failed[0].reason
    assert (report.stages["certificate"].passed, report.stages["certificate"].failed) == (2, 1)


def test_a_certified_task_that_no_longer_holds_fails_its_stage() -> None:
    report = check_dataset(
        make_small(two_splits(), agents={}, reserved=None, entities=lambda world: iter([("a", "b")]))
    )
    assert failures(report) == [(name, "disjoint") for name in ("train-1", "train-2", "test-1")]


def test_where_no_task_carries_a_certificate_none_is_compared_and_the_report_says_so() -> None:
    bare = {
        name: [task.model_copy(update={"certificate": None}) for task in tasks] for name, tasks in two_splits().items()
    }
    report = check_dataset(make_small(bare))
    assert report.ok
    assert "certificate" not in report.stages
    assert report.not_checked == {"certificate": "no task of the domain 'mock' carries a certificate"}
    some = {**bare, "test": two_splits()["test"]}
    assert failures(check_dataset(make_small(some), "train")) == [
        ("train-1", "certificate"),
        ("train-2", "certificate"),
    ]


def test_worlds_of_two_splits_that_share_an_entity_fail_in_both() -> None:
    splits = {"train": [make_task(chore(), id="a")], "test": [make_task(chore(), id="b", team="overlapping")]}
    assert failures(check_dataset(make_small(splits))) == [("a", "disjoint"), ("b", "disjoint")]
    assert failures(check_dataset(make_small(splits), "test")) == [("b", "disjoint")]


def test_a_world_of_two_splits_fails_even_where_no_entities_are_known() -> None:
    splits = {"train": [make_task(chore(1), id="a")], "test": [make_task(chore(2), id="b", text="Other.")]}
    report = check_dataset(make_small(splits, entities=None))
    assert failures(report) == [(None, "worlds"), (None, "worlds")]
    assert report.failed[0].reason == f"the split 'train' shares the world {world_of('ours')[:16]} with 'test'"


def test_an_id_that_two_tasks_have_fails_in_whatever_split() -> None:
    splits = {
        "train": [make_task(chore(), id="a")],
        "test": [make_task(chore(1), id="a", team="other"), make_task(chore(2), id="b", team="other", text="B.")],
    }
    report = check_dataset(make_small(splits))
    assert failures(report) == [("a", "ids")]
    assert (report.stages["ids"].passed, report.stages["ids"].failed) == (1, 1)
    assert failures(check_dataset(make_small(splits), "test")) == [("a", "ids")]


def test_a_duplicate_is_found_across_splits() -> None:
    task = make_task(chore())
    report = check_dataset(make_small({"train": [task], "test": [task]}, entities=None))
    assert ("made", "duplicate") in failures(report)


def refusals(number: int, total: int) -> list[Task]:
    """Tasks of which some change nothing."""
    return [
        make_task(
            call("get_users") if place < number else call("create_task", user_id="user_1", title=f"T{place}"),
            id=f"{place}",
            says=("Al Arden",),
            text=f"Text {place} of the tasks.",
        )
        for place in range(total)
    ]


@pytest.mark.parametrize(("number", "total", "held"), [(0, 0, True), (3, 20, True), (4, 20, False), (1, 6, False)])
def test_at_most_fifteen_percent_of_a_split_are_refusals(number: int, total: int, held: bool) -> None:
    reason = too_many_refusals(make_small(), refusals(number, total))
    assert (reason is None) == held
    if reason is not None:
        assert reason.startswith(
            f"in {number} of {total} tasks, such as '0', the gold changes nothing; at most 15 % may"
        )


def test_a_split_with_too_many_refusals_fails() -> None:
    splits = {"train": refusals(1, 6), "test": [make_task(chore(), team="other")]}
    report = check_dataset(make_small(splits))
    assert failures(report) == [(None, "refusals")]
    assert report.failed[0].reason.startswith("split 'train': in 1 of 6 tasks")
    assert (report.stages["refusals"].passed, report.stages["refusals"].failed) == (1, 1)


def test_a_split_that_is_not_there_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match=r"No split named 'dev'\. Known: test, train"):
        check_dataset(make_small(two_splits()), "dev")
    with pytest.raises(DataError, match="has no embedded tasks; use data='tau2'"):
        check_dataset(make_small())


def test_the_shipped_tasks_of_the_mock_domain_hold_up_and_carry_their_certificates(mock: Domain) -> None:
    report = check_dataset(mock)
    assert report.failed == ()
    assert report.ok
    assert report.tasks == report.stages["oracle"].passed == report.stages["certificate"].passed == 80


def test_over_tau2s_data_each_task_is_checked_once_and_splits_are_not_compared(tau2_retail: Domain) -> None:
    report = check_dataset(tau2_retail)
    assert report.tasks == report.stages["schema"].passed == len(list(tau2_retail.tasks))
    assert {"disjoint", "ids", "worlds", "refusals", "certificate"} <= report.not_checked.keys()
    assert report.stages["oracle"].failed == 0


# The command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """``toolgym tasks check mock`` over these splits: the exit code and what was printed."""
    monkeypatch.setenv("COLUMNS", "300")

    def command(splits: Any, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("toolgym.registration.make_domain", lambda name, data: make_small(splits))
        monkeypatch.setattr(sys, "argv", ["toolgym", "tasks", "check", "mock", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return command


def test_the_command_prints_one_json_object_in_the_documented_form(run: Any) -> None:
    code, out, _ = run(two_splits(), "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["tasks"] == 3
    assert answer["stages"]["schema"] == {"passed": 3, "failed": 0}
    assert (answer["failed"], answer["not_checked"]) == ([], {})


def test_the_command_exits_with_one_if_anything_failed(run: Any) -> None:
    splits = {"train": [make_task(chore(), id="a"), make_task(chore(9), id="[b]")]}
    code, out, _ = run(splits, "--json")
    (failed,) = json.loads(out)["failed"]
    assert code == 1
    assert (failed["task"], failed["stage"]) == ("[b]", "replay")
    code, out, _ = run(splits)
    assert code == 1
    assert "[b]: replay: the gold call '0' of task '[b]' fails" in out
    assert "certificate: not checked: no task of the domain" in out


def test_the_command_checks_one_split(run: Any) -> None:
    code, out, _ = run(two_splits(), "--split", "test", "--json")
    assert (code, json.loads(out)["tasks"]) == (0, 1)
    code, _, problem = run(two_splits(), "--split", "dev")
    assert code == 2
    assert "No split named 'dev'" in problem
    code, _, problem = run({})
    assert code == 2
    assert "has no embedded tasks" in problem


def user_of(task: Task) -> str | None:
    instructions = task.user_scenario.instructions
    assert isinstance(instructions, Instructions)
    return instructions.known_info


def test_a_refusal_without_a_twin_that_acts_fails() -> None:
    retail = make_domain("retail")
    tasks = retail.tasks["dev"]
    refused = next(task for task in tasks if task.provenance is not None and task.provenance.kind == "refuse")
    others = [task for task in tasks if user_of(task) != user_of(refused)]
    acting = [task for task in others if task.provenance is not None and task.provenance.kind != "refuse"]
    whole = retail.with_data(tasks=TaskSet({"dev": lambda: tasks}))
    alone = retail.with_data(tasks=TaskSet({"dev": lambda: [refused, *acting[:12]]}))
    assert check_dataset(whole).stages["twins"].failed == 0
    assert [(failure.task, failure.stage) for failure in check_dataset(alone).failed] == [(refused.id, "twins")]
