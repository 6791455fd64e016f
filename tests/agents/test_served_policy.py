"""A policy behind an endpoint: it is sent what its view shows, and what it writes is read by its view."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done
from models.server import Request, Server, completion, error
from oracle_dialogues import answering, by_oracle, shown, user_of

import toolgym
from toolgym import Limits, make_agent, make_domain
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.registration.views import with_view
from toolgym.rollouts import play
from toolgym.runs.manifest import check_manifest
from toolgym.tasks import Task
from toolgym.views import View


def said(messages: Any) -> list[tuple[str, str | None, list[Any]]]:
    """What counts of messages."""
    return [(one.role, one.content, [(call.name, dict(call.arguments)) for call in one.tool_calls]) for one in messages]


class Talker:
    """A user who goes on and on."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        return Message("user", "Go on.")


def policy(server: Server, view: Any = "compact", **settings: Any) -> Any:
    """The factory of a policy behind a server."""
    return make_agent("llm", {"model": "policy", "base_url": server.url, **settings}, view=view)


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_what_is_sent_is_what_the_view_shows_and_what_comes_is_what_the_oracle_says(name: str) -> None:
    domain = make_domain(name)
    for task in domain.tasks["dev"][:6]:
        oracle = by_oracle(domain, task)
        texts = shown(View("compact"), domain, oracle)
        with Server(answering(*(text for role, text in texts if role == "assistant"))) as server:
            episode = play(domain, task, policy(server), user_of(domain, task))
        assert said(episode.view("assistant")) == said(oracle.view("assistant")), task.id
        assert episode.grade == oracle.grade
        last = server.bodies[-1]["messages"]
        end = max(place for place, (role, _) in enumerate(texts) if role == "assistant")
        assert [(one["role"], one["content"]) for one in last] == [tuple(one) for one in texts[:end]]


def test_a_request_holds_neither_tools_nor_instructions_nor_the_greeting(mock: Domain) -> None:
    task = mock.tasks["dev"][0]
    texts = shown(View("compact"), mock, by_oracle(mock, task))
    with Server(answering(*(text for role, text in texts if role == "assistant"))) as server:
        play(mock, task, policy(server, arguments={"temperature": 0}), user_of(mock, task))
    for body in server.bodies:
        assert set(body) == {"model", "messages", "seed", "temperature"}
        assert body["messages"][0]["role"] == "user"
        for message in body["messages"]:
            assert set(message) - {"role", "content"} == ({"tool_call_id"} if message["role"] == "tool" else set())


@pytest.mark.parametrize("text", [" Well.\n", "<think>hm</think> Well.", "", "/ no_such_tool 1", "/get_users", "\n"])
def test_what_the_policy_wrote_goes_back_as_it_wrote_it(mock: Domain, text: str) -> None:
    def answer(request: Request) -> dict[str, Any]:
        return completion(text, tokens=(3, 2))

    with Server(answer) as server:
        agent = policy(server)
        episode = play(mock, mock.tasks["dev"][0], agent, Talker, limits=Limits(max_steps=9))
    assert len(server.bodies) > 2
    own = [one["content"] for one in server.bodies[-1]["messages"] if one["role"] == "assistant"]
    assert own == [text] * (len(server.bodies) - 1)
    spoken = [message for message in episode.view("assistant")[2:] if message.role == "assistant"]
    assert {message.tokens for message in spoken} == {2}


def test_a_reply_that_is_too_long_is_an_error_and_no_text(mock: Domain) -> None:
    with Server(completion("a" * 900), completion("Well.")) as server:
        agent = policy(server, max_reply_bytes=800)
        episode = play(mock, mock.tasks["dev"][0], agent, Talker, limits=Limits(max_steps=5))
    assert "longer than the 800 bytes" in str(episode.view("assistant")[4].content)
    assert server.bodies[-1]["messages"][1] == {"role": "assistant", "content": ""}


def test_a_server_that_minds_the_seed_gets_none_and_the_texts_stay(mock: Domain) -> None:
    def answer(request: Request) -> Any:
        return error(400, "Unknown field: seed") if "seed" in request.body else completion("Well.")

    with Server(answer) as server:
        play(mock, mock.tasks["dev"][0], policy(server), Talker, limits=Limits(max_steps=7))
    assert ["seed" in body for body in server.bodies][:3] == [True, False, False]
    assert server.bodies[0]["messages"] == server.bodies[1]["messages"]


def test_texts_that_a_server_minds_are_never_written_otherwise(mock: Domain) -> None:
    with Server(error(400, "roles must alternate, the first message must use the user role")) as server:
        episode = play(mock, mock.tasks["dev"][0], policy(server), Talker)
    assert len(server.bodies) == 1
    assert episode.fault is not None
    assert "roles must alternate" in str(episode.fault)


def test_a_run_says_what_its_agent_sees_and_goes_on_with_nothing_else(tmp_path: Path) -> None:
    tools = {"create_task", "get_users", "update_task_status"}
    words = View("slots", frozenset({"Well", "."} | tools))
    words.save(tmp_path)
    with Server(completion("Well .")) as server:
        asked: dict[str, Any] = {
            "tasks": ["dev-001"],
            "split": "dev",
            "agent_model": {"model": "policy", "base_url": server.url},
            "limits": Limits(max_steps=4),
            "runs": tmp_path,
            "void": "exclude",
        }
        for name, view, told in (("bare", "compact", "compact"), ("folder", tmp_path, str(words))):
            results = toolgym.evaluate("mock", **asked, agent_view=view, trials=1, name=name)
            assert results.settings["view"] == told
            assert results.settings["wording"] == ""
            toolgym.evaluate("mock", **asked, agent_view=view, trials=2, name=name, resume=True)
            for other in (None, View("slots", frozenset({"Good"}))):
                with pytest.raises(DataError, match=f"was made with view='{told}', not "):
                    toolgym.evaluate("mock", **asked, agent_view=other, trials=3, name=name, resume=True)
        plain = toolgym.evaluate("mock", **asked, trials=1, name="plain")
        assert "view" not in plain.settings
        with pytest.raises(DataError, match="was made with no view, not 'compact'"):
            toolgym.evaluate("mock", **asked, agent_view="compact", trials=2, name="plain", resume=True)
    with pytest.raises(ValueError, match=r"settings\.view must be a text, got 7"):
        check_manifest({"settings": {"view": 7}})


def test_the_command_takes_a_view_and_tells_it(tmp_path: Path, run: Any) -> None:
    with Server(completion("Well.")) as server:
        options = ["eval", "mock", "--split", "dev", "--task", "dev-001", "--trials", "1", "--max-steps", "4"]
        options += ["--runs", str(tmp_path), "--agent-model", "policy", "--agent-base-url", server.url]
        done: Done = run(*options, "--agent-view", "compact", "--agent", "llm", "--agent", "oracle")
        assert "view compact · 1 trial" in done.out
        assert run(*options, "--agent-view", "compact", "--json").json["view"] == "compact"
        assert "tools" not in server.bodies[0]


def test_a_view_that_nobody_would_see_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the agent 'oracle' takes no view, and 'compact' was given"):
        make_agent("oracle", view="compact")
    with pytest.raises(DataError, match=r"neither a view without words .* nor the folder of a policy"):
        make_agent("llm", {"model": "m", "base_url": "http://localhost:1/v1"}, view="kompakt")
    with pytest.raises(DataError, match="needs the words of a policy: give the policy's folder"):
        View.of("slots")
    with pytest.raises(DataError, match=r"there is no toolgym_view.json"):
        View.of(tmp_path)
    agent = make_agent("llm", {"model": "m", "base_url": "http://localhost:1/v1"}, view=View("compact"))
    with pytest.raises(DataError, match="has a view already"):
        with_view(agent, "compact")


def test_what_was_said_before_the_episode_is_shown_and_the_greeting_is_not(mock: Domain) -> None:
    view = [
        Message("system", "Be kind."),
        Message("assistant", "Hello!"),
        Message("user", "I am lost."),
        Message("assistant", "Where are you?"),
        Message("user", "Here."),
    ]
    with Server(completion("Good.")) as server:
        agent: Any = policy(server)(mock, mock.tasks["dev"][0], np.random.default_rng(0))
        asyncio.run(agent.respond(view))
    assert [one["content"] for one in server.bodies[0]["messages"]] == ["I am lost.", "Where are you?", "Here."]
