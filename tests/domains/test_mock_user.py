"""Mock's scripted user: asks for what the gold calls do, and dismisses its notifications itself."""

from __future__ import annotations

import numpy as np
import pytest

from toolgym.domain import Domain
from toolgym.errors import TaskError
from toolgym.language.consent import says_yes
from toolgym.messages import STOP, TRANSFER, Message
from toolgym.scripted.user import ScriptedUser
from toolgym.tasks import Task
from toolgym_mock.facts import Request, facts_of
from toolgym_mock.user import compare, scripted


def of_kind(mock: Domain, call: str, side: str = "assistant") -> Task:
    """The first task with such a gold call."""
    return next(task for task in mock.tasks["test"] for one in task.gold if one.name == call and one.requestor == side)


def say(user: ScriptedUser[Request], view: list[Message], text: str) -> Message:
    view.append(Message("assistant", text))
    view.append(user.respond(tuple(view)))
    return view[-1]


def opened(mock: Domain, task: Task) -> tuple[ScriptedUser[Request], list[Message]]:
    user = scripted(mock, task, np.random.default_rng(0))
    view = [Message("system", ""), Message("assistant", mock.greeting)]
    view.append(user.respond(tuple(view)))
    return user, view


def test_it_dismisses_its_notification_when_the_assistant_has_done_its_part(mock: Domain) -> None:
    task = of_kind(mock, "dismiss_notification", "user")
    user, view = opened(mock, task)
    (wish,) = facts_of(task).requests
    assert wish.task_id in (view[-1].content or "")
    assert not say(user, view, f"I will mark {wish.task_id} as {wish.status}. Shall I go ahead?").tool_calls
    called = say(user, view, f"I have marked {wish.task_id} as {wish.status}. Is there anything else?")
    gold = next(one for one in task.gold if one.requestor == "user")
    assert [(call.name, call.arguments) for call in called.tool_calls] == [(gold.name, gold.arguments)]
    view.append(Message("tool", "dismissed", tool_call_id=called.tool_calls[0].id, requestor="user"))
    assert (user.respond(tuple(view)).content or "").endswith(STOP)


def test_it_dismisses_nothing_when_nothing_was_done(mock: Domain) -> None:
    user, view = opened(mock, of_kind(mock, "dismiss_notification", "user"))
    assert not any(say(user, view, "Is there anything else?").tool_calls for _ in range(8))


def test_it_insists_on_what_no_tool_does_and_is_handed_over(mock: Domain) -> None:
    task = of_kind(mock, "transfer_to_human_agents")
    user, view = opened(mock, task)
    assert "deleted" in (view[-1].content or "")
    say(user, view, "I am sorry, tasks cannot be deleted.")
    assert (say(user, view, "I am transferring you to a human agent.").content or "").endswith(TRANSFER)


def test_every_shipped_task_has_facts_in_its_gold_calls_and_keeps_none_of_its_own(mock: Domain) -> None:
    for task in mock.tasks:
        assert task.facts is None
        assert facts_of(task).requests


def test_a_task_without_gold_calls_says_so(mock: Domain) -> None:
    bare = mock.tasks["test"][0].model_copy(update={"evaluation_criteria": None})
    with pytest.raises(TaskError, match=r"no gold calls .* user='minimal'"):
        facts_of(bare)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("I will mark task_3 as completed.", ()),
        ("I will mark task_30 as completed.", ("task",)),
        ("I will mark task_3 as pending.", ("status",)),
        ("I will delete task_3.", ("kind",)),
    ],
)
def test_it_tells_what_is_wrong_in_a_proposal(text: str, wrong: tuple[str, ...]) -> None:
    assert compare(text, Request(kind="update_task_status", task_id="task_3", status="completed")).wrong == wrong


def test_another_title_is_wrong() -> None:
    wish = Request(kind="create_task", title="Plan the budget", user_id="user_1")
    assert compare("I will create the task 'Plan the party' for user_1.", wish).wrong == ("title",)
    assert compare("I will create the task 'plan the budget' for user_1.", wish).wrong == ()


def test_a_notification_that_must_be_read_is_dismissed_though_no_gold_call_says_so(mock: Domain) -> None:
    task, criteria = next(
        (task, criteria)
        for task in mock.tasks["test"]
        if (criteria := task.evaluation_criteria) is not None and criteria.env_assertions
    )
    gold = tuple(action for action in task.gold if action.requestor == "assistant")
    bare = task.model_copy(update={"evaluation_criteria": criteria.model_copy(update={"actions": gold})})
    assert facts_of(bare).errands == facts_of(task).errands


PROPOSALS = [
    "Set the status of {task} to {status}. OK?",
    "I will set {task} to {status}. Shall I go ahead?",
    "Mark {task} as {status}. Do you confirm?",
    "Update {task}: status {status}. Is that right?",
    "{task} will be marked as {status}. OK to proceed?",
    "Change the status of {task} to {status}, yes?",
    "To confirm: the status of {task} is set to {status}. Proceed?",
    "Here is what I would do: set the status of {task} to {status}. Do you agree?",
    "{task} gets the status {status}. May I go on?",
    "I am about to set {task} to {status}. Is that OK?",
]
REPORTS = [
    "I have set the status of {task} to {status}. Anything else?",
    "Done, {task} is now {status}.",
    "I've marked {task} as {status}. Is there anything else?",
    "The status of {task} has been set to {status}.",
    "{task} was updated to {status}. Anything else I can do?",
    "Marked {task} as {status}.",
    "All set: {task} is {status} now.",
    "Your {task} is marked as {status}.",
    "The status of {task} was changed to {status} successfully.",
    "I set {task} to {status}. Is that all?",
]


@pytest.mark.parametrize("wording", PROPOSALS)
def test_what_is_proposed_is_agreed_to_and_not_taken_for_done(mock: Domain, wording: str) -> None:
    task = of_kind(mock, "dismiss_notification", "user")
    (wish,) = facts_of(task).requests
    user, view = opened(mock, task)
    answer = say(user, view, wording.format(task=wish.task_id, status=wish.status))
    assert says_yes(answer.content or "")
    assert not answer.tool_calls


@pytest.mark.parametrize("wording", REPORTS)
def test_what_is_reported_is_taken_for_done(mock: Domain, wording: str) -> None:
    task = of_kind(mock, "dismiss_notification", "user")
    (wish,) = facts_of(task).requests
    user, view = opened(mock, task)
    say(user, view, f"I will mark {wish.task_id} as {wish.status}. Shall I go ahead?")
    answer = say(user, view, wording.format(task=wish.task_id, status=wish.status))
    assert [call.name for call in answer.tool_calls] == ["dismiss_notification"]
