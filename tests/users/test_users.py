"""Those who play the customer: the minimal user, and a person at the terminal."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Agent, Domain
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError
from toolgym.messages import STOP, Message
from toolgym.registration import default_user
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.users.human import HumanUser
from toolgym.users.minimal import MAX_AGREEMENTS, MinimalUser


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def make_task(domain: Domain, instructions: Any, *gold: tuple[str, str]) -> Task:
    """A task with gold calls of the given requestors and names."""
    actions = [
        {"action_id": str(place), "requestor": side, "name": name, "arguments": {}}
        for place, (side, name) in enumerate(gold)
    ]
    fields = {
        "id": "made",
        "user_scenario": {"instructions": instructions},
        "evaluation_criteria": {"actions": actions},
        "world": domain.tasks["test"][0].world,
    }
    return Task.model_validate(fields)


def talk(domain: Domain, task: Task, *lines: str) -> list[str]:
    """What the minimal user says or calls when the assistant says these lines."""
    episode, user = Episode(domain, task), MinimalUser(domain, task, rng())
    answers = []
    left = list(lines)
    while episode.turn is not None and (episode.turn == "user" or left):
        if episode.turn == "assistant":
            episode.advance(Message("assistant", left.pop(0)))
        else:
            message = user.respond(episode.view("user"))
            answers.append(message.tool_calls[0].name if message.tool_calls else str(message.content))
            episode.advance(message)
    return answers


BYE = f"That is all, thank you. {STOP}"
PARTS = {"domain": "mock", "reason_for_call": "You want X.", "task_instructions": "Be brief."}


@pytest.mark.parametrize(
    ("instructions", "opening"),
    [
        ("You want X.", "You want X."),
        (" You want X.\n", "You want X."),
        ("", "Hello."),
        (PARTS, "You want X."),
        ({**PARTS, "known_info": "You are Ana.", "unknown_info": "Your age."}, "You want X. You are Ana."),
    ],
)
def test_the_minimal_user_opens_with_its_reason(mock: Domain, instructions: Any, opening: str) -> None:
    assert talk(mock, make_task(mock, instructions)) == [opening]


def test_the_opening_depends_on_the_task_alone(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    openings = {
        play(mock, task, make_agent("no-op"), make_user("minimal"), seed=seed, trial=seed).messages[1]
        for seed in range(4)
    }
    assert len(openings) == 1


def test_the_minimal_user_says_yes_to_questions_and_is_done_after_anything_else(mock: Domain) -> None:
    task = make_task(mock, "Hi.")
    assert talk(mock, task, "Shall I?", "Really?", "Done.") == ["Hi.", "Yes, please.", "Yes, please.", BYE]
    assert talk(mock, task, "Done.") == ["Hi.", BYE]


def test_the_minimal_user_does_not_agree_for_ever(mock: Domain) -> None:
    answers = talk(mock, make_task(mock, "Hi."), *["Shall I?"] * 99)
    assert answers == ["Hi.", *["Yes, please."] * MAX_AGREEMENTS, BYE]


def test_the_minimal_user_makes_its_own_calls_when_they_are_due(mock: Domain) -> None:
    mine, theirs = ("user", "check_notifications"), ("assistant", "get_users")
    one = make_task(mock, "Hi.", theirs, mine, mine)
    assert talk(mock, one, "Your turn.", "Done.") == ["Hi.", *["check_notifications"] * 2, "Yes, please.", BYE]
    two = make_task(mock, "Hi.", mine, theirs, mine)
    waited = talk(mock, two, "Your turn.", "And now?", "Done.")
    assert waited == ["Hi.", "check_notifications", "I have done that.", "check_notifications", "Yes, please.", BYE]
    assert talk(mock, make_task(mock, "Hi.", theirs), "Your turn.") == ["Hi.", BYE]


def test_the_minimal_user_says_that_its_results_compare_with_nothing() -> None:
    made: Any = make_user("minimal")
    assert (made.comparable, made.privileged) == (False, True)


# Who plays where nobody is named


def test_the_default_user_is_scripted_only_where_all_tasks_carry_facts(mock: Domain) -> None:
    bare = mock.tasks["test"][0]
    telling = bare.model_copy(update={"facts": {}})
    assert default_user([telling, telling]) == "scripted"
    assert default_user([telling, bare]) == "minimal"
    assert default_user([]) == "minimal"


def test_the_scripted_user_refuses_a_task_without_facts() -> None:
    retail = make_domain("retail")
    task = retail.tasks["test"][0].model_copy(update={"facts": None})
    with pytest.raises(TaskError, match=rf"'{task.id}' has no facts .* user='minimal'"):
        make_user("scripted")(retail, task, rng())


def test_a_domain_without_a_scripted_user_says_so(mock: Domain) -> None:
    with pytest.raises(TaskError, match=r"domain 'mock' has no scripted user .* user='minimal'"):
        make_user("scripted")(mock.with_data(users={}), mock.tasks.find("test-001"), rng())


# A person


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lines that a person will type; then the input ends."""

    def prepare(*lines: str) -> None:
        left: Iterator[str] = iter(lines)

        def read(prompt: object = "") -> str:
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr(builtins, "input", read)

    return prepare


def test_a_person_plays_the_user(mock: Domain, type_in: Any, capsys: pytest.CaptureFixture[str]) -> None:
    task = mock.tasks.find("test-005")
    dismiss = '{"name": "dismiss_notification", "arguments": {"notification_id": "notif_4"}}'
    type_in("Please reopen it.", dismiss, "I have done that.", "")
    episode = play(mock, task, make_agent("oracle"), make_user("human"))
    assert episode.grade.success is True
    assert episode.messages[-1].content == STOP
    shown = capsys.readouterr().out
    assert str(task.user_scenario.instructions)[:40] in shown
    assert mock.policy[:30] not in shown
    assert "update_task_status" not in shown
    assert shown.count("Please do your part") == 1
    assert shown.count("Notification notif_4 dismissed") == 1
    assert "Please reopen it." not in shown  # the terminal has echoed it already


def test_a_person_whose_input_ends_voids_the_episode(mock: Domain, type_in: Any) -> None:
    type_in("Hi.")
    episode = play(mock, mock.tasks["test"][0], make_agent("no-op"), make_user("human"))
    assert episode.fault is not None
    assert episode.fault.source == "user"
    assert "EOFError" in episode.fault.reason


def test_a_person_can_play_the_assistant_too_and_cannot_end_it(mock: Domain, type_in: Any) -> None:
    task = mock.tasks.find("test-003")
    call = '{"name": "update_task_status", "arguments": {"task_id": "task_11", "status": "completed"}}'
    type_in("", call, f"Really? {STOP}", "Done.")
    episode = play(mock, task, partial(HumanUser, side="assistant"), make_user("minimal"))
    assert (episode.errors, episode.grade.success) == (0, True)
    assert [message.role for message in episode.messages[-4:]] == ["assistant", "user", "assistant", "user"]


def test_a_person_types_calls_as_json_or_by_name(
    mock: Domain, type_in: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    task = mock.tasks.find("test-003")
    type_in(
        '{"name": "get_users", "arguments": {}}',
        "get_users()",
        "update_task_status(task_id='task_11', status='completed')",
        "Done (I think).",
    )
    episode = play(mock, task, partial(HumanUser, side="assistant"), make_user("minimal"))
    assert episode.grade.success is True
    calls = [call.name for message in episode.messages for call in message.tool_calls]
    assert calls == ["get_users", "get_users", "update_task_status"]
    shown = capsys.readouterr().out
    assert "update_task_status(task_id: str, status: 'pending' | 'completed')" in shown
    assert "create_task(user_id: str, title: str, description: str | None = None)" in shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("get_user()", "No tool named 'get_user'. Did you mean 'get_users'?"),
        ("get_users(", "Write each argument by its name: get_users()"),
        ("update_task_status(task_id=#5)", "Write each argument by its name: update_task_status(task_id: str"),
        ('{"name": "get_users"', "is not JSON"),
        ('Here: {"name": "get_users", "arguments": {}}', "mixed"),
        ("/helpp", "/policy"),
        ("/help", "/quit"),
        ("/tools", "List all users"),
        ("/policy", "You keep the task list of a small team."),
        ("", ""),
    ],
)
def test_what_a_person_cannot_send_is_asked_for_again_and_costs_nothing(
    mock: Domain, type_in: Any, capsys: pytest.CaptureFixture[str], typed: str, told: str
) -> None:
    task = mock.tasks["test"][0]
    person = HumanUser(mock, task, rng(), side="assistant")
    episode = Episode(mock, task)
    episode.advance(Message("user", "Hi."))
    type_in("Hello?")
    person.respond(episode.view("assistant"))
    capsys.readouterr()
    type_in(typed, "Good day.")
    assert person.respond(episode.view("assistant")) == Message("assistant", "Good day.")
    assert told in capsys.readouterr().out


def test_a_person_sees_a_whole_result(mock: Domain, type_in: Any, capsys: pytest.CaptureFixture[str]) -> None:
    type_in("get_users()", "Done.")
    episode = play(mock, mock.tasks["test"][0], partial(HumanUser, side="assistant"), make_user("minimal"))
    shown = capsys.readouterr().out
    (result,) = (message for message in episode.messages if message.role == "tool")
    assert len(str(result.content)) > 400
    assert "".join(str(result.content).split()) in "".join(shown.split())
    assert '\n  {"user_id": "user_1"' in shown


@pytest.mark.parametrize("name", ["minimal", "human"])
def test_every_user_is_an_agent(mock: Domain, name: str) -> None:
    assert isinstance(make_user(name)(mock, mock.tasks["test"][0], rng()), Agent)
