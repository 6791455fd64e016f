"""The user that is a model: what it is told, how the dialogue looks from its side, and how it ends one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from scripted_model import Answer, gold_user, lines, model

from toolgym import make_agent, make_domain
from toolgym.agents.llm import LLMAgent
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import ContextError, ServiceError
from toolgym.limits import Limits
from toolgym.messages import STOP_MARKS, ToolCall
from toolgym.models import Reply
from toolgym.prompts import OWN, Wording, own_text, store
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym.users.llm import LLMUser


@pytest.fixture(autouse=True)
def _nothing_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path))


def talk(domain: Domain, task: Task, answer: Answer, agent: str = "oracle", **settings: Any) -> tuple[Episode, Any]:
    """An episode whose user is a model, and the model."""
    user = model(answer)
    return play(domain, task, make_agent(agent), partial(LLMUser, model=user), **settings), user


def without_tools(mock: Domain) -> Task:
    """A task that offers the user no tools."""
    return mock.tasks["test"][0].model_copy(update={"user_tools": ()})


def with_tools(mock: Domain) -> Task:
    """A task in which the user calls a tool."""
    return next(task for task in mock.tasks["test"] if any(action.requestor == "user" for action in task.gold))


def test_the_opening_answers_the_greeting_and_has_the_guidelines_and_the_scenario(mock: Domain) -> None:
    task = without_tools(mock)
    _, user = talk(mock, task, lines("Hello.", "###STOP###"), "no-op")
    system = f"{own_text('user')}\n\n<scenario>\n{task.user_scenario}\n</scenario>"
    assert user.requests[0].messages == [
        {"role": "system", "content": system},
        {"role": "user", "content": mock.greeting},
    ]
    assert user.requests[0].tools == []


def test_a_user_with_tools_is_told_of_them_and_sees_what_its_own_answer(mock: Domain) -> None:
    task = with_tools(mock)
    episode, user = talk(mock, task, gold_user(task))
    assert episode.grade.success is True
    first, last = user.requests[0], user.requests[-1]
    assert first.messages[0]["content"].startswith(f"{own_text('user')}\n\n{own_text('user_tools')}\n\n<scenario>\n")
    assert first.tools == [tool.schema for tool in mock.toolkits["user"].tools.values()]
    place = last.roles.index("tool")
    call, result = last.messages[place - 1 : place + 1]
    assert (call["role"], call["tool_calls"][0]["function"]["name"]) == ("assistant", task.gold[-1].name)
    (recorded,) = (message for message in episode.messages if message.role == "tool" and message.requestor == "user")
    assert result == {"role": "tool", "content": recorded.content, "tool_call_id": recorded.tool_call_id}


def test_only_the_tools_that_the_task_offers_are_sent(mock: Domain) -> None:
    task = with_tools(mock).model_copy(update={"user_tools": ("check_notifications",)})
    _, user = talk(mock, task, lines("Hello.", "###STOP###"), "no-op")
    assert [tool["function"]["name"] for tool in user.requests[0].tools] == ["check_notifications"]


def test_the_model_is_the_assistant_of_its_own_chat(mock: Domain) -> None:
    _, user = talk(mock, mock.tasks["test"][0], lines("One.", "Two.", "Bye. ###STOP###"), "no-op")
    said = "Thank you for your message."
    assert [(message["role"], message["content"]) for message in user.requests[-1].messages[1:]] == [
        ("user", mock.greeting),
        ("assistant", "One."),
        ("user", said),
        ("assistant", "Two."),
        ("user", said),
    ]


@pytest.mark.parametrize("mark", STOP_MARKS)
def test_each_mark_ends_the_dialogue_and_the_guidelines_tell_of_it(mock: Domain, mark: str) -> None:
    episode, _ = talk(mock, mock.tasks["test"][0], lines("Hello.", mark), "no-op")
    assert episode.termination == "user_stop"
    assert mark in OWN.user
    assert mark in OWN.user_with_tools


def test_an_empty_reply_is_asked_for_once_more(mock: Domain) -> None:
    episode, user = talk(mock, mock.tasks["test"][0], lines(Reply(None), "Hello.", " ", "###STOP###"), "no-op")
    assert (episode.termination, episode.fault) == ("user_stop", None)
    assert user.requests[0].messages == user.requests[1].messages
    assert user.requests[2].messages == user.requests[3].messages
    assert episode.usage["user"].calls == 4


def test_a_user_that_stays_silent_voids_the_episode(mock: Domain) -> None:
    episode, user = talk(mock, mock.tasks["test"][0], lines(Reply(None), Reply("")), "no-op")
    assert episode.fault is not None
    assert (episode.fault.source, episode.termination) == ("user", "user_error")
    assert len(user.requests) == 2


@pytest.mark.parametrize(("error", "source"), [(ServiceError("gone"), "service"), (ContextError("full"), "user")])
def test_a_users_model_that_fails_is_never_the_assistants_failure(mock: Domain, error: Exception, source: str) -> None:
    def answer(_: object) -> Reply:
        raise error

    episode, _ = talk(mock, mock.tasks["test"][0], answer, "no-op")
    assert episode.fault is not None
    assert episode.fault.source == source
    assert episode.grade.success is None


@pytest.mark.parametrize(
    ("lines_of_the_user", "lines_of_the_assistant", "own"),
    [
        (["Hello."], [], False),  # nothing but the scenario and the greeting
        (["x" * 500, "y"], ["z" * 100], False),
        (["Hello.", "And?"], ["z" * 100], False),  # the scenario is longer
        (["Hello.", "And?"], ["z" * 5000], True),
        (["x" * 3000, "y" * 1000], ["z" * 5000], True),
        (["x" * 5000, "y"], ["z" * 5000], False),
    ],
)
def test_a_dialogue_too_long_for_the_user_is_the_failure_of_an_assistant_that_made_it_so(
    mock: Domain, lines_of_the_user: list[str], lines_of_the_assistant: list[str], own: bool
) -> None:
    said = iter(lines_of_the_user[: len(lines_of_the_assistant)])

    def answer(_: object) -> Reply:
        text = next(said, None)
        if text is None:
            raise ContextError("full")
        return Reply(text)

    assistant = partial(LLMAgent, model=model(lines(*lines_of_the_assistant)))
    episode = play(mock, mock.tasks["test"][0], assistant, partial(LLMUser, model=model(answer)))
    assert episode.termination == "user_context_window_exceeded"
    if own:
        assert (episode.fault, episode.grade.reward, episode.grade.success) == (None, 0.0, False)
    else:
        assert episode.fault is not None
        assert (episode.fault.source, episode.grade.success) == ("user", None)
        assert "ContextError: full" in episode.fault.reason
    row = episode.trajectory()
    assert Trajectory.from_json(row.to_json()) == row


def test_what_the_model_says_beside_a_call_reaches_the_assistant(mock: Domain) -> None:
    task = with_tools(mock)
    call = ToolCall("check_notifications", {}, "call_0", "user")
    replies = lines(Reply("I look.", (call,)), "There is nothing.", "###STOP###")
    assistant = model(lines("Good."))
    episode = play(mock, task, partial(LLMAgent, model=assistant), partial(LLMUser, model=model(replies)))
    assert episode.fault is None
    assert assistant.requests[0].messages[-1] == {"role": "user", "content": "I look.\n\nThere is nothing."}


def test_a_call_to_a_tool_that_it_does_not_have_is_an_error_that_it_sees(mock: Domain) -> None:
    call = ToolCall("get_users", {}, "call_0", "user")
    episode, user = talk(mock, without_tools(mock), lines(Reply(None, (call,)), "Hello.", "###STOP###"), "no-op")
    assert (episode.errors, episode.fault) == (1, None)
    assert "get_users" in user.requests[1].messages[-1]["content"]


def test_a_scenario_in_prose_is_played_as_it_is(tau2_retail: Domain) -> None:
    task = tau2_retail.tasks["train"][0]
    _, user = talk(tau2_retail, task, lines("Hello.", "###STOP###"), "no-op", limits=Limits(max_steps=10))
    assert f"<scenario>\n{task.user_scenario}\n</scenario>" in user.requests[0].messages[0]["content"]


def test_imported_guidelines_are_those_of_a_user_with_or_without_tools(mock: Domain) -> None:
    store(Wording("THEIRS", "THEIRS WITH TOOLS", {"mock": {"assistant": {}, "user": {}}}, files={"a.md": "00"}))
    tau2s = mock.with_data(
        compat=replace(mock.compat, imported_wording=True), toolkits={"assistant": mock.toolkits["assistant"]}
    )
    _, user = talk(tau2s, mock.tasks["test"][0], lines("Hello.", "###STOP###"), "no-op")
    assert user.requests[0].messages[0]["content"].startswith("THEIRS\n\n<scenario>\n")
    _, ours = talk(make_domain("mock"), mock.tasks["test"][0], lines("Hello.", "###STOP###"), "no-op")
    assert ours.requests[0].messages[0]["content"].startswith(OWN.user_with_tools)
