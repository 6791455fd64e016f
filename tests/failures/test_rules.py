"""The rules analyst: measured against faults that are known, and silent where nothing tells what would be right."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.analyst.frozen_sets import BROKEN, READ, failures_of, frozen_tasks, measured
from benchmarks.analyst.scores import scores
from toolgym import make_agent, make_domain, make_user
from toolgym.compat.tau2 import read_results
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport
from toolgym.limits import Limits
from toolgym.messages import STOP, Message, ToolCall
from toolgym.patterns import PATTERNS, before_split
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Fault, Trajectory

ANALYST = RulesAnalyst()
ALWAYS = {"repeated_call", "no_confirmation"}
"""Faults of the novice that count whether or not they did harm."""


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def tasks(retail: Domain) -> Mapping[str, Task]:
    return {task.key: task for task in retail.tasks}


@pytest.fixture(scope="module")
def played(retail: Domain) -> list[Trajectory]:
    """The novice over three splits, twice, written and read again."""
    agent, user = make_agent("novice"), make_user("scripted")
    return [
        Trajectory.from_json(play(retail, task, agent, user, seed=1, trial=trial).trajectory(trial=trial).to_json())
        for split in ("train", "validation", "dev")
        for task in retail.tasks[split]
        for trial in range(2)
    ]


def explain(domain: Domain, tasks: Mapping[str, Task], trajectory: Trajectory) -> FailureReport:
    """The report of a trajectory that says nothing of the faults that were put into it."""
    return ANALYST.explain_one(domain, tasks[trajectory.task_key], replace(trajectory, injected=(), agent=""))


def failures(played: list[Trajectory]) -> Iterator[Trajectory]:
    return (trajectory for trajectory in played if trajectory.success is False)


# Measured


def test_the_faults_of_the_novice_are_found(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    pairs = []
    for trajectory in failures(played):
        injected = {one.pattern for one in trajectory.injected if not one.recovered or one.pattern in ALWAYS}
        found = {
            one.pattern
            for one in explain(retail, tasks, trajectory).findings
            if (one.harm and one.because is None) or one.pattern in ALWAYS
        }
        pairs.append((injected, found))
    result = scores(pairs)
    assert result.failures > 150
    assert set(result.patterns) == set(PATTERNS)
    assert result.macro_f1 >= 0.98, result.table


NOW = {"broken": 1.0, "broken_held_out": 0.9209, "broken_third": 1.0, "careless": 0.8424, "careless_held_out": 0.7975}
"""Macro F1 of the primary cause when the sets were frozen, cut to four digits."""
FOUND_NOW = {"careless": 0.7839, "careless_held_out": 0.5844}
"""The same of all causes, where a reader named all."""


@pytest.mark.parametrize("name", [*BROKEN, *READ])
def test_known_faults_are_found_as_well_as_when_they_were_frozen(retail: Domain, name: str) -> None:
    found = measured(name, ANALYST.explain_one, retail)
    assert found.primary.failures == {"broken": 220, "broken_held_out": 132, "broken_third": 88}.get(name, 50)
    assert found.primary.macro_f1 >= NOW[name], found.primary.table
    assert found.causes.macro_f1 >= FOUND_NOW.get(name, 0.0), found.causes.table
    if name in BROKEN:
        assert set(found.primary.patterns) == {before_split(pattern) for pattern in PATTERNS}


def test_the_fault_of_a_broken_dialogue_is_found_where_it_was_made(retail: Domain) -> None:
    elsewhere = []
    for one in failures_of("broken"):
        report = ANALYST.explain_one(retail, one.task, one.trajectory)
        assert one.message is not None
        if one.primary != "fact_not_said" and report.primary is not None:
            place = place_of(one.trajectory, one.message)
            if report.findings[report.primary].message != place:
                elsewhere.append((one.trajectory.episode_id, one.primary, place, report.findings[report.primary]))
    assert elsewhere == []


def place_of(trajectory: Trajectory, seen: int) -> int:
    """The message that the assistant wrote when it had seen so many, its prompt included."""
    for number, message in enumerate(trajectory.messages):
        if seen == 1:
            return number
        seen -= message.role == "assistant" or message.requestor == "assistant"
    raise AssertionError("it saw fewer messages")


# What is no failure, or cannot be told


def test_no_success_is_called_a_failure(retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]) -> None:
    solved = [trajectory for trajectory in played if trajectory.success]
    oracle = [
        play(retail, task, make_agent("oracle"), make_user("scripted")).trajectory()
        for task in retail.tasks["validation"]
    ]
    assert len(solved) > 300
    for trajectory in solved + oracle:
        with pytest.raises(DataError, match="is a success"):
            explain(retail, tasks, trajectory)


def test_what_is_void_or_not_graded_is_no_failure(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    failed = next(failures(played))
    with pytest.raises(DataError, match="is void"):
        explain(retail, tasks, replace(failed, fault=Fault("service", "gone"), grade=None))
    with pytest.raises(DataError, match="is not graded"):
        explain(retail, tasks, replace(failed, grade=None))


def test_nothing_is_guessed_where_the_task_or_its_gold_is_not_known(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    failed = next(failures(played))
    task = tasks[failed.task_key]
    bare = task.model_copy(update={"evaluation_criteria": None})
    for known, trajectory, why in (
        (None, failed, "not known any more"),
        (task, replace(failed, task_key="another"), "not the same any more"),
        (bare, replace(failed, task_key=bare.key), "no gold calls"),
    ):
        report = ANALYST.explain_one(retail, known, trajectory)
        assert report.findings == ()
        assert report.pattern is None
        assert why in report.note


def test_results_that_a_tool_would_not_give_are_noted(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    failed = next(failures(played))
    number = next(n for n, message in enumerate(failed.messages) if message.role == "tool")
    messages = list(failed.messages)
    messages[number] = replace(messages[number], content="something else")
    note = explain(retail, tasks, replace(failed, messages=tuple(messages))).note
    assert f"the calls of the messages {number - 1} answer something else" in note
    assert explain(retail, tasks, failed).note == ""


def test_a_call_that_was_cut_off_is_left_out(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    failed = next(failures(played))
    number = next(n for n, message in enumerate(failed.messages) if message.tool_calls)
    report = explain(retail, tasks, replace(failed, messages=failed.messages[: number + 1], termination="timeout"))
    assert "calls without a result were left out: 1" in report.note
    assert report.pattern == "ended_early"


def test_calls_that_do_not_pair_or_are_too_deep_are_no_crash(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    whole = next(failures(played))
    deep: list[Any] = []
    for _ in range(3 * sys.getrecursionlimit() // 4):
        deep = [deep]
    writes = set_up(retail, tasks[whole.task_key]).gold_writes
    name = next(action.name for action in writes if "order_id" in action.arguments)
    nested = Message("assistant", None, (ToolCall(name, {"order_id": deep}, "c"),))
    stray = Message("tool", "?", tool_call_id="c")
    for messages, why in (
        ((stray, *whole.messages), "message 0 is the result of no call"),
        ((nested, stray), "the arguments of a call are nested too deeply"),
    ):
        with pytest.raises(DataError, match=why):
            explain(retail, tasks, replace(whole, messages=messages))


def test_without_a_task_generator_schemas_and_gold_still_tell_much(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    plain = retail.with_data(generator=None)
    known = {"needless_transfer", "fact_not_said", "repeated_call", "ended_early", "wrong_record"}
    pairs = []
    for trajectory in failures(played):
        report = explain(plain, tasks, trajectory)
        assert "has no task generator" in report.note
        pairs.append(({explain(retail, tasks, trajectory).pattern or ""} & known, {report.pattern or ""} & known))
    assert scores(pairs).macro_f1 > 0.8, scores(pairs).table


def test_the_other_half_of_the_protocol_says_the_same(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    some = [(tasks[trajectory.task_key], trajectory) for trajectory in failures(played)][:20]
    reports = asyncio.run(ANALYST.explain(retail, some))
    assert list(reports) == [ANALYST.explain_one(retail, task, trajectory) for task, trajectory in some]
    assert [FailureReport.from_json(report.to_json()) for report in reports] == list(reports)


@pytest.mark.parametrize(("figure", "because"), [("74.00", None), ("74.0", None), ("74.05", 0), ("174.00", 0)])
def test_a_figure_that_was_looked_up_and_not_told_is_a_fault_of_its_own(
    retail: Domain, figure: str, because: int | None
) -> None:
    task = next(task for task in frozen_tasks() if task.id == "dev-097")  # a record that it looks up has 74.0
    agent, user = make_agent("clerk", domain=retail), make_user("scripted", domain=retail)
    trajectory = play(retail, task, agent, user, seed=0, trial=1).trajectory(trial=1)
    criteria = task.evaluation_criteria
    assert criteria is not None
    asked = task.model_copy(update={"evaluation_criteria": criteria.model_copy(update={"communicate_info": (figure,)})})
    findings = ANALYST.explain_one(retail, asked, replace(trajectory, task_key=asked.key)).findings
    assert [(one.pattern, one.because) for one in findings] == [("wrong_record", None), ("fact_not_said", because)]


def test_findings_stand_in_the_order_of_the_dialogue_and_follow_only_from_causes(
    retail: Domain, tasks: Mapping[str, Task], played: list[Trajectory]
) -> None:
    for trajectory in failures(played):
        report = explain(retail, tasks, trajectory)
        places = [finding.message for finding in report.findings]
        assert places == sorted(places)
        assert all(trajectory.messages[place].role == "assistant" for place in places)
        assert all(report.findings[one.because].harm for one in report.findings if one.because is not None)


def test_the_failures_of_tau2s_data_are_explained(tau2_retail: Domain, fixtures: Path) -> None:
    results = read_results(fixtures.parent / "results" / "retail_scripted.json").over(tau2_retail)
    known = {task.key: task for task in results.tasks}
    failed = [trajectory for trajectory in results.trajectories if trajectory.success is False]
    reports = [ANALYST.explain_one(tau2_retail, known[one.task_key], one) for one in failed]
    assert len(reports) == 11
    assert all(report.causes or report.note for report in reports)
    assert {report.pattern for report in reports} == {"ended_early"}  # their last write was left out


# Single dialogues


def talk(mock: Domain, task: Task, *lines: str | Mapping[str, Any], limits: Limits | None = None) -> FailureReport:
    """The report of a dialogue: what the user and the assistant say in turn, and the assistant's calls."""
    episode = Episode(mock, task, limits=limits)
    for line in lines:
        if episode.turn is None:
            break
        if isinstance(line, str):
            episode.advance(Message(episode.turn, line))
        else:
            call = ToolCall(line["name"], line["arguments"], f"call_{len(episode.messages)}")
            episode.advance(Message("assistant", None, (call,)))
    return ANALYST.explain_one(mock, task, episode.trajectory())


@pytest.fixture
def to_create(mock: Domain) -> Task:
    """A task with a single gold call: to create something for somebody."""
    return next(task for task in mock.tasks["dev"] if [call.name for call in task.gold] == ["create_task"])


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def a_pending_one(mock: Domain, task: Task) -> str:
    """The id of something in a task's world that nobody has done yet."""
    rows = mock.worlds.get(task.world).records("assistant", "tasks")
    return next(str(row["task_id"]) for row in rows if row["status"] == "pending")


BYE = f"That's all, thanks. {STOP}"


def test_a_record_that_is_another_is_wrong_and_one_that_is_none_invalid(mock: Domain, to_create: Task) -> None:
    gold = dict(to_create.gold[0].arguments)
    other = "user_1" if gold["user_id"] != "user_1" else "user_2"
    for user_id, pattern in ((other, "wrong_record"), ("user_99", "invalid_argument")):
        made = call("create_task", **{**gold, "user_id": user_id})
        report = talk(mock, to_create, "Hi.", "I will note it. OK?", "Yes, please.", made, "It is noted.", BYE)
        assert report.pattern == pattern
        assert report.findings[0].message == 4
        assert report.findings[0].expected == f"create_task: user_id {gold['user_id']!r}"
        assert report.findings[0].got == f"create_task: user_id {user_id!r}"


def test_a_yes_to_anything_else_is_no_yes_to_a_write(mock: Domain, to_create: Task) -> None:
    right = call("create_task", **to_create.gold[0].arguments)
    extra = call("update_task_status", task_id=a_pending_one(mock, to_create), status="completed")
    lines = ("Hi.", "I will note it. OK?", "Yes, please.", right, "Noted. Anything else?", "Yes, you choose.")
    report = talk(mock, to_create, *lines, extra, "I have completed it.", BYE)
    assert [finding.pattern for finding in report.causes] == ["no_confirmation"]


def test_an_endless_look_up_is_the_cause_of_what_it_kept_from_being_made(mock: Domain, to_create: Task) -> None:
    lines = ["Hi.", *[call("get_users")] * 8]
    report = talk(mock, to_create, *lines, limits=Limits(max_steps=12))
    assert report.pattern == "repeated_call"
    assert report.findings[0].got == "get_users, 5 times again"
    assert [(finding.pattern, finding.because) for finding in report.findings[1:]] == [("ended_early", 0)]


def test_a_look_up_made_twice_does_no_harm_if_the_assistant_goes_on(mock: Domain, to_create: Task) -> None:
    users = call("get_users")
    report = talk(mock, to_create, "Hi.", users, users, "I am looking.", "And?", "It is noted.", BYE)
    assert report.pattern == "ended_early"
    assert [finding.harm for finding in report.findings] == [False, True]


def test_a_transfer_is_the_cause_of_all_that_comes_after_it(mock: Domain, to_create: Task) -> None:
    report = talk(mock, to_create, "Hi.", call("transfer_to_human_agents", summary="?"), "Hold on.", BYE)
    assert [(finding.pattern, finding.because) for finding in report.findings] == [
        ("needless_transfer", None),
        ("ended_early", 0),
    ]


def test_a_report_of_what_was_agreed_to_and_never_made_is_found_where_it_was_said(
    mock: Domain, to_create: Task
) -> None:
    title = to_create.gold[0].arguments["title"]
    report = talk(mock, to_create, "Hi.", f"I will note {title!r}. Shall I?", "Yes.", "It is noted.", BYE)
    assert [(finding.pattern, finding.message) for finding in report.findings] == [("said_not_done", 4)]
    assert report.findings[0].got == "only said: It is noted."


def test_a_refused_call_that_was_put_right_did_no_harm(mock: Domain, to_create: Task) -> None:
    gold = dict(to_create.gold[0].arguments)
    wrong = call("create_task", **{**gold, "user_id": "user_99"})
    extra = call("update_task_status", task_id=a_pending_one(mock, to_create), status="completed")
    lines = ("Hi.", "I will note it. OK?", "Yes.", wrong, call("create_task", **gold), extra, "It is noted.", BYE)
    report = talk(mock, to_create, *lines)
    assert [(one.pattern, one.harm) for one in report.findings] == [
        ("invalid_argument", False),
        ("no_confirmation", True),
    ]
