"""What a user left undone or did wrongly is its own fault, unless it was not told, or told wrongly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from toolgym import make_curriculum, make_domain
from toolgym.curriculum import Budget
from toolgym.episode.machine import Episode
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport, ask
from toolgym.messages import STOP, Message, ToolCall
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

MOCK = make_domain("mock")
BYE = f"That's all, thanks. {STOP}"
DONE = ("Task done?", "I will mark 'Plan the budget' as completed. Shall I?", "Yes, please.")


def of_both_sides(*, knows: bool) -> Task:
    """train-005: the assistant completes a task, then the user dismisses a notification; which its scenario may say."""
    task = next(task for task in MOCK.tasks["train"] if task.id == "train-005")
    assert [call.requestor for call in task.gold] == ["assistant", "user"]
    if knows:
        return task
    scenario = {"instructions": "Have what your message about the budget is about set to completed."}
    data = {**task.model_dump(exclude_defaults=True), "user_scenario": scenario}
    return Task.model_validate(data)


def right(task: Task, side: str, **other: Any) -> Mapping[str, Any]:
    gold = next(call for call in task.gold if call.requestor == side)
    return {"name": gold.name, "arguments": {**gold.arguments, **other}}


def played(task: Task, *lines: str | Mapping[str, Any]) -> Trajectory:
    """A dialogue: what the user and the assistant say and call in turn, the user first."""
    episode = Episode(MOCK, task)
    for line in lines:
        if episode.turn is None:
            break
        side = episode.turn
        if isinstance(line, str):
            episode.advance(Message(side, line))
        else:
            call = ToolCall(line["name"], line["arguments"], f"call_{len(episode.messages)}", side)
            episode.advance(Message(side, None, (call,)))
    return episode.trajectory()


def explained(task: Task, *lines: str | Mapping[str, Any]) -> FailureReport:
    trajectory = played(task, *lines)
    assert trajectory.success is False
    (report,) = asyncio.run(ask(RulesAnalyst(), MOCK, [(task, trajectory)]))
    assert FailureReport.from_json(report.to_json()) == report
    return report


def causes(report: FailureReport) -> list[tuple[str, str]]:
    return [(finding.pattern, finding.side) for finding in report.causes]


@pytest.mark.parametrize("knows", [True, False])
def test_an_act_that_the_user_was_told_to_do_and_did_not_is_the_users_fault(knows: bool) -> None:
    task = of_both_sides(knows=knows)
    for told in (
        "Please do your part now.",
        "It is done. Please dismiss notif_2.",
        "Could you dismiss the notification?",
    ):
        report = explained(task, *DONE, right(task, "assistant"), told, BYE)
        assert causes(report) == [("user_act_missing", "user")], told
        assert report.user_alone
        assert report.findings[0].expected == "dismiss_notification: notification_id 'notif_2'"
        assert report.findings[0].message == 7  # the user's last words


def test_so_is_one_that_its_own_scenario_tells_it() -> None:
    task = of_both_sides(knows=True)
    report = explained(task, *DONE, right(task, "assistant"), "It is completed.", BYE)
    assert causes(report) == [("user_act_missing", "user")]


def test_what_the_assistant_never_told_the_user_to_do_is_the_assistants_fault() -> None:
    task = of_both_sides(knows=False)
    for said in ("It is completed.", "I dismissed the notification notif_2 myself.", "There is a notification."):
        report = explained(task, *DONE, right(task, "assistant"), said, BYE)
        assert causes(report) == [("user_not_told", "assistant")], said
        assert not report.user_alone


def test_what_the_user_could_not_be_told_any_more_follows_from_what_kept_the_assistant_from_it() -> None:
    task = of_both_sides(knows=False)
    report = explained(
        task, "Hi.", {"name": "transfer_to_human_agents", "arguments": {"summary": "?"}}, "Hold on.", BYE
    )
    found = [(finding.pattern, finding.because) for finding in report.findings]
    assert found == [("needless_transfer", None), ("ended_early", 0), ("user_not_told", 0)]


def test_a_user_that_waits_for_the_assistants_step_is_not_to_blame() -> None:
    task = of_both_sides(knows=True)
    report = explained(task, "Hi.", "I cannot help.", BYE)
    assert causes(report) == [("ended_early", "assistant")]
    assert [(one.pattern, one.because) for one in report.findings] == [("ended_early", None), ("user_act_missing", 0)]


def test_an_act_done_otherwise_than_told_is_the_users_fault_and_one_done_as_told_wrongly_the_assistants() -> None:
    task = of_both_sides(knows=False)
    other = right(task, "user", notification_id="notif_1")
    told = explained(task, *DONE, right(task, "assistant"), "Please dismiss notif_2.", other, BYE)
    assert causes(told) == [("user_act_wrong", "user")]
    assert told.findings[0].expected == "dismiss_notification: notification_id 'notif_2'"
    assert told.findings[0].got == "dismiss_notification: notification_id 'notif_1'"
    misled = explained(task, *DONE, right(task, "assistant"), "Please dismiss notif_1.", other, BYE)
    assert causes(misled) == [("user_told_wrong", "assistant")]
    assert misled.findings[0].message == 6  # where it was told


def test_an_act_of_the_user_that_its_tool_refused_and_that_was_not_tried_again_is_wrong() -> None:
    task = of_both_sides(knows=False)
    refused = right(task, "user", notification_id="notif_99")
    report = explained(task, *DONE, right(task, "assistant"), "Please dismiss notif_2.", refused, BYE)
    assert causes(report) == [("user_act_wrong", "user")]


def test_an_act_put_right_by_the_user_does_no_harm() -> None:
    task = of_both_sides(knows=True)
    told = (*DONE, right(task, "assistant"), "Please dismiss notif_2.")
    trajectory = played(task, *told, right(task, "user", notification_id="notif_99"), right(task, "user"), BYE)
    assert trajectory.success is True


def test_both_sides_may_fail_in_one_dialogue() -> None:
    task = of_both_sides(knows=False)
    wrong = right(task, "assistant", status="pending")
    report = explained(task, *DONE, "Please dismiss notif_2.", "I have.", wrong, "It is set.", BYE)
    assert ("user_act_missing", "user") in causes(report)
    assert any(side == "assistant" for _, side in causes(report))
    assert not report.user_alone


def test_curricula_neither_aim_at_nor_count_what_is_the_users_alone() -> None:
    task = of_both_sides(knows=True)
    trajectory = played(task, *DONE, right(task, "assistant"), "Please do your part now.", BYE)
    curriculum = make_curriculum("sentinel", MOCK, "train")
    curriculum.update([replace(trajectory, trial=trial) for trial in range(3)])
    report = asyncio.run(curriculum.refresh(Budget(4)))
    assert report.patterns == {}
    assert report.proposed == 0
    assert report.coverage is None
    assert "3 of 3 failures are the user's alone: they count for no pattern" in report.notes
