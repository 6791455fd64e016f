"""The assistant that is a model: what it is sent, what it answers, and what it never sees."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models.server import Server, call, completion
from scripted_model import Answer, Request, gold_player, gold_user, lines, model

from toolgym import make_agent, make_domain, make_user
from toolgym.agents.llm import LLMAgent
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import BudgetError, ContextError, DataError, ServiceError
from toolgym.messages import ToolCall
from toolgym.models import Reply
from toolgym.prompts import OWN, ToolText, Wording, own_text, store
from toolgym.registration import agent_spec, user_spec
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Usage
from toolgym.users.llm import LLMUser


@pytest.fixture(autouse=True)
def _nothing_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path))


def with_users_part(mock: Domain) -> Task:
    """A task in which the assistant calls a tool, and then the user."""
    return next(
        task for task in mock.tasks["test"] if [action.requestor for action in task.gold] == ["assistant", "user"]
    )


def both(domain: Domain, task: Task, reasoning: Any = "strip", **settings: Any) -> tuple[Episode, Any, Any]:
    """An episode that two models play, and the models."""
    assistant, user = model(gold_player(task), reasoning), model(gold_user(task), reasoning)
    episode = play(domain, task, partial(LLMAgent, model=assistant), partial(LLMUser, model=user), **settings)
    return episode, assistant, user


def alone(domain: Domain, *replies: Reply | str, user: str = "minimal") -> tuple[Episode, Any]:
    """An episode whose assistant is a model that answers with these replies, and the model."""
    assistant = model(lines(*replies))
    return play(domain, domain.tasks["test"][0], partial(LLMAgent, model=assistant), make_user(user)), assistant


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_models_of_both_sides_play_whole_episodes(name: str) -> None:
    domain = make_domain(name)
    for task in domain.tasks["dev"][:8]:
        episode, assistant, user = both(domain, task)
        assert episode.grade.success is True, (task.id, episode.grade)
        assert (episode.errors, episode.fault) == (0, None)
        assert episode.usage["assistant"].calls == len(assistant.requests)
        assert episode.usage["user"].calls == len(user.requests)


def test_models_behind_an_endpoint_play_as_well(mock: Domain) -> None:
    task = with_users_part(mock)

    def served(answer: Answer) -> Callable[[Any], dict[str, Any]]:
        def reply(request: Any) -> dict[str, Any]:
            said = answer(Request(request.body["messages"], request.body.get("tools", []), request.body["seed"]))
            calls = [call(made.name, made.arguments, made.id) for made in said.calls]
            return completion(said.text, calls=calls, reasoning_content=said.reasoning)

        return reply

    with Server(served(gold_player(task))) as one, Server(served(gold_user(task))) as other:
        settings = {"model": "m", "api_key_env": "NO_KEY_IS_SET", "reasoning": "strip"}
        agent = make_agent("llm", {**settings, "base_url": one.url})
        user = make_user("llm", {**settings, "base_url": other.url})
        episode = play(mock, task, pickle.loads(pickle.dumps(agent)), user)
    assert episode.grade.success is True
    assert episode.usage["assistant"] == Usage(len(one.requests), 10 * len(one.requests), 5 * len(one.requests), None)
    assert {message.reasoning for message in episode.messages} >= {"ASSISTANT CALLS", "USER CALLS"}
    assert "CALLS" not in json.dumps(one.bodies + other.bodies)
    assert [body["seed"] - one.bodies[0]["seed"] for body in one.bodies] == [*range(len(one.bodies))]
    assert [tool["function"]["name"] for tool in other.bodies[0]["tools"]] == list(mock.toolkits["user"].tools)


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_a_request_holds_instructions_policy_dialogue_and_tools(name: str) -> None:
    domain = make_domain(name)
    task = domain.tasks["dev"][0]
    episode, assistant, _ = both(domain, task)
    first, last = assistant.requests[0], assistant.requests[-1]
    instructions, policy = own_text("assistant"), domain.policy
    assert first.messages == [
        {
            "role": "system",
            "content": f"<instructions>\n{instructions}\n</instructions>\n<policy>\n{policy}\n</policy>",
        },
        {"role": "assistant", "content": domain.greeting},
        {"role": "user", "content": "I need some help."},
    ]
    assert first.tools == [tool.schema for tool in domain.toolkits["assistant"].tools.values()]
    assert last.roles == ["system", "assistant", "user"] + ["assistant", "tool"] * len(task.gold)
    called = last.messages[3]
    assert called == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_0",
                "type": "function",
                "function": {"name": task.gold[0].name, "arguments": json.dumps(task.gold[0].arguments)},
            }
        ],
    }
    assert last.messages[4] == {"role": "tool", "content": episode.messages[3].content, "tool_call_id": "call_0"}


def test_neither_side_is_sent_what_is_the_others(mock: Domain) -> None:
    task = with_users_part(mock)
    episode, assistant, user = both(mock, task, "keep")
    assert episode.grade.success is True
    scenario = json.dumps(str(task.user_scenario), ensure_ascii=False)[1:-1]
    policy = json.dumps(mock.policy, ensure_ascii=False)[1:-1]
    ours, theirs = (action.name for action in task.gold)
    told = json.dumps(own_text("user"), ensure_ascii=False)[1:-1]
    for request in assistant.requests:
        assert policy in request.text
        for secret in (scenario, theirs, told, "USER'S THOUGHT", "USER CALLS", 'reasoning":'):
            assert secret not in request.text
    for request in user.requests:
        assert scenario in request.text
        for secret in (policy, ours, "ASSISTANT'S THOUGHT", "ASSISTANT CALLS"):
            assert secret not in request.text


def test_earlier_thoughts_go_back_to_their_own_model_if_they_are_kept(mock: Domain) -> None:
    task = with_users_part(mock)
    episode, assistant, user = both(mock, task, "keep")
    assert {message.reasoning for message in episode.messages} >= {"ASSISTANT CALLS", "A USER'S THOUGHT", "USER CALLS"}

    def sent(to: Any) -> list[str | None]:
        return [message.get("reasoning_content") for message in to.requests[-1].messages]

    assert sent(assistant) == [None, None, None, "ASSISTANT CALLS", None, None, None]
    assert sent(user) == [None, None, "A USER'S THOUGHT", None, "USER CALLS", None, None, None]


def test_earlier_thoughts_are_not_sent_at_all_if_they_are_stripped(mock: Domain) -> None:
    episode, assistant, user = both(mock, with_users_part(mock), "strip")
    assert any(message.reasoning for message in episode.messages)
    for request in assistant.requests + user.requests:
        assert "reasoning" not in request.text
        assert "CALLS" not in request.text


def test_the_seed_depends_on_run_trial_and_side_alone(mock: Domain) -> None:
    task = mock.tasks["test"][0]

    def seeds(**settings: Any) -> list[tuple[str, int]]:
        _, assistant, user = both(mock, task, **settings)
        assert len(assistant.started) == 1
        assert {request.seed for request in assistant.requests} == {assistant.started[0][1]}
        opening, later = user.started
        assert opening == ("user", int(task.key[:7], 16))  # the same first words for all trials of a group
        assert [request.seed for request in user.requests][:1] == [opening[1]]
        assert {request.seed for request in user.requests[1:]} <= {later[1]}
        return [*assistant.started, later]

    drawn = [seeds(seed=seed, trial=trial) for seed in (0, 1) for trial in (0, 1, 2)]
    assert drawn == [seeds(seed=seed, trial=trial) for seed in (0, 1) for trial in (0, 1, 2)]
    assert [side for side, _ in drawn[0]] == ["assistant", "user"]
    assert len({seed for pair in drawn for _, seed in pair}) == 12


def test_a_reply_becomes_the_message_with_its_tokens_and_thoughts(mock: Domain) -> None:
    call = ToolCall("get_users", {}, "call_0")
    replies = (Reply("I look it up.", (call,), "Who is there?", tokens=5), Reply("Nobody can do that.", tokens=4))
    episode, assistant = alone(mock, *replies)
    mine = [message for message in episode.messages[1:] if message.role == "assistant"]
    assert [(message.content, message.tool_calls) for message in mine] == [
        ("I look it up.", (call,)),
        ("Nobody can do that.", ()),
    ]
    assert [(message.tokens, message.reasoning) for message in mine] == [(5, "Who is there?"), (4, None)]
    assert episode.tokens("assistant") == 9
    sizes = sum(len(request.text) for request in assistant.requests)
    assert episode.usage["assistant"] == Usage(2, sizes, 9, 0.0)


def test_an_empty_reply_is_answered_with_an_error(mock: Domain) -> None:
    episode, assistant = alone(mock, Reply(None, tokens=2), Reply("  ", tokens=2), "Done.")
    assert (episode.errors, episode.termination) == (2, "user_stop")
    last = assistant.requests[-1]
    assert last.roles[3:] == ["assistant", "tool", "assistant", "tool"]
    assert "The message is empty" in last.messages[-1]["content"]
    assert episode.tokens("assistant") == 4 + len("Done.")


def test_a_model_that_fails_voids_the_episode_and_a_full_context_loses_it(mock: Domain) -> None:
    def failing(error: Exception) -> partial[LLMAgent]:
        def answer(_: object) -> Reply:
            raise error

        return partial(LLMAgent, model=model(answer))

    task = mock.tasks["test"][0]
    void = play(mock, task, failing(ServiceError("the endpoint is gone")), make_user("minimal"))
    assert void.fault is not None
    assert (void.fault.source, void.termination) == ("service", "infrastructure_error")
    full = play(mock, task, failing(ContextError("too long")), make_user("minimal"))
    assert (full.fault, full.termination, full.grade.success) == (None, "context_window_exceeded", False)
    with pytest.raises(BudgetError):
        play(mock, task, failing(BudgetError("spent")), make_user("minimal"))


def test_nothing_that_the_task_is_graded_by_reaches_a_model(mock: Domain) -> None:
    assert agent_spec("llm").privileged is user_spec("llm").privileged is False
    task = mock.tasks["test"][0]
    other = task.model_copy(update={"id": "other", "evaluation_criteria": None, "description": None, "ticket": "T"})
    sent = []
    for played in (task, other):
        assistant, user = model(lines("Who?", "Done.")), model(lines("Hello.", "Me.", "###STOP###"))
        play(mock, played, partial(LLMAgent, model=assistant), partial(LLMUser, model=user))
        sent.append([request.text for request in assistant.requests + user.requests])
    assert sent[0] == sent[1]


def wording(mock: Domain, **descriptions: str) -> Wording:
    """A wording of the mock domain's tools."""
    kits: Any = {
        side: {
            name: ToolText(descriptions.get(name, f"THEIR {name}"), tool.schema["function"]["parameters"])
            for name, tool in kit.tools.items()
        }
        for side, kit in mock.toolkits.items()
    }
    return Wording("THEIR USER", "THEIR USER WITH TOOLS", {"mock": kits}, files={"tools.py": "00"})


def test_tau2s_tasks_are_played_in_imported_words_and_ours_in_our_own(mock: Domain) -> None:
    def tools(domain: Domain, **settings: Any) -> list[str]:
        assistant = model(lines("Done."))
        factory = partial(LLMAgent, model=assistant, **settings)
        play(domain, domain.tasks["test"][0], factory, make_user("minimal"))
        return [tool["function"]["description"] for tool in assistant.requests[0].tools]

    own = [tool.description for tool in mock.toolkits["assistant"].tools.values()]
    theirs = [f"THEIR {name}" for name in mock.toolkits["assistant"].tools]
    tau2s = mock.with_data(compat=replace(mock.compat, imported_wording=True))
    assert tools(tau2s) == own
    store(wording(mock))
    assert (tools(tau2s), tools(mock)) == (theirs, own)
    bound = pickle.loads(pickle.dumps(wording(mock, get_users="BOUND")))
    assert "BOUND" in tools(mock, wording=bound)
    assert tools(tau2s, wording=OWN) == own


def test_words_that_lack_a_tool_are_refused_before_anything_is_asked(mock: Domain) -> None:
    lacking = Wording("…", "…", {"mock": {"assistant": {}}}, files={"tools.py": "00"})
    with pytest.raises(DataError, match=r"get_users.*of 'mock', only for none; import it again"):
        LLMAgent(mock, mock.tasks["test"][0], np.random.default_rng(0), model=model(lines()), wording=lacking)
