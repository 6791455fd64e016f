"""A domain's tools over MCP, played by the client of the mcp package itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.mcp,
    # The client's connections are closed a moment after the loop that they belong to has ended.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
mcp = pytest.importorskip("mcp", reason="needs the extra mcp: pip install 'toolgym[mcp]'")

from running import both  # noqa: E402  # what needs mcp is imported once it is known to be there

from toolgym import make_agent, make_domain, make_user  # noqa: E402  # behind the check for the extra
from toolgym.domain import Domain  # noqa: E402  # behind the check for the extra
from toolgym.episode.machine import Episode  # noqa: E402  # behind the check for the extra
from toolgym.episode.seeding import rng_for  # noqa: E402  # behind the check for the extra
from toolgym.messages import Message, from_chat  # noqa: E402  # behind the check for the extra
from toolgym.rewards import build_reward  # noqa: E402  # behind the check for the extra
from toolgym.rollouts import play  # noqa: E402  # behind the check for the extra
from toolgym.serving import Access, EpisodeChoice  # noqa: E402  # behind the check for the extra
from toolgym.tasks import Task  # noqa: E402  # behind the check for the extra
from toolgym.trajectory import Trajectory  # noqa: E402  # behind the check for the extra

TOKEN = "a-token-of-this-test"
SERVE = [sys.executable, "-m", "toolgym", "serve"]


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def address(retail: Domain) -> Iterator[str]:
    with both(retail) as served:
        yield served


def bare(domain: Domain, task: Task, agent: str, user: str, trial: int = 0, seed: int = 0) -> Episode:
    """The episode as it is played without a server."""
    agents = make_agent(agent, domain=domain), make_user(user, domain=domain)
    return play(domain, task, *agents, terms=build_reward("raft"), trial=trial, seed=seed)


def said(messages: Any) -> list[tuple[str, str | None, list[tuple[str, dict[str, Any]]]]]:
    """What was said and called, without the ids of calls."""
    return [(one.role, one.content, [(call.name, dict(call.arguments)) for call in one.tool_calls]) for one in messages]


async def oracle_plays(
    client: Any, domain: Domain, task: Task, trial: int = 0, seed: int = 0, most: int = 1000
) -> None:
    """Play an episode to its end, or some messages of it, with what the client hears."""
    oracle = make_agent("oracle", domain=domain)(domain, task, rng_for(seed, task.key, trial, "assistant"))
    begun = await client.call_tool("read_conversation", {})
    view = [Message("system", domain.policy), *(from_chat(one) for one in begun.structured_content["messages"])]
    over = begun.structured_content["over"]
    for _ in range(most):
        if over:
            break
        message = oracle.respond(tuple(view))
        assert isinstance(message, Message)
        view.append(message)
        for call in message.tool_calls:
            result = await client.call_tool(call.name, dict(call.arguments))
            view.append(Message("tool", result.content[0].text, tool_call_id=call.id, error=result.is_error))
        if not message.tool_calls:
            answer = (await client.call_tool("talk_to_user", {"message": message.content})).structured_content
            over = answer["over"]
            view.append(Message("user", answer["reply"]))


async def outcome(client: Any) -> tuple[dict[str, Any], Trajectory]:
    """The grade, from the tool and from the resource, and the trajectory."""
    grade = (await client.call_tool("end_episode", {})).structured_content
    assert json.loads((await client.read_resource("toolgym://grade")).contents[0].text) == grade
    line = (await client.read_resource("toolgym://trajectory")).contents[0].text
    return grade, Trajectory.from_json(line)


def assert_same(got: tuple[dict[str, Any], Trajectory], episode: Episode) -> None:
    """A served episode is the bare one, message by message, with its grade and its reward."""
    grade, trajectory = got
    assert said(trajectory.messages) == said(episode.messages)
    assert grade["success"] == episode.grade.success
    assert grade["components"] == dict(episode.grade.components)
    assert grade["reward_terms"] == episode.rewards["assistant"]
    assert (grade["termination"], grade["steps"]) == (episode.termination, episode.steps)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 1200))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_oracle_over_http_gets_what_the_bare_episode_gets(retail: Domain, address: str, mode: str) -> None:
    async def work() -> None:
        for place, task in enumerate(retail.tasks["dev"][:5]):
            choice = f"task={task.id}&split=dev&trial={place}&seed=7"
            async with mcp.Client(f"{address}/mcp?{choice}", mode=mode) as client:
                await oracle_plays(client, retail, task, place, 7)
                got = await outcome(client)
            assert got[0]["success"] is True
            assert_same(got, bare(retail, task, "oracle", "scripted", place, 7))

    run(work())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_oracle_over_stdio_gets_what_the_bare_episode_gets(retail: Domain, mode: str) -> None:
    task = retail.tasks["dev"][3]
    command = [*SERVE[1:], "retail", "--mcp", "--stdio", "--task", task.id, "--trial", "1", "--seed", "3"]

    async def work() -> None:
        server = mcp.StdioServerParameters(command=SERVE[0], args=command, env=dict(os.environ))
        async with mcp.Client(server, mode=mode) as client:
            await oracle_plays(client, retail, task, 1, 3)
            got = await outcome(client)
        assert_same(got, bare(retail, task, "oracle", "scripted", 1, 3))

    run(work())


def test_users_with_tools_of_their_own_play_too(mock: Domain) -> None:
    async def work(address: str) -> None:
        for task in mock.tasks["dev"][:6]:
            async with mcp.Client(f"{address}/mcp?task={task.id}") as client:
                await oracle_plays(client, mock, task)
                assert_same(await outcome(client), bare(mock, task, "oracle", "minimal"))

    with both(mock, user="minimal") as address:
        run(work(address))


def test_two_hundred_sessions_at_once_are_two_hundred_episodes(retail: Domain, address: str) -> None:
    tasks = [*retail.tasks["train"], *retail.tasks["dev"]][:200]
    gate = asyncio.Barrier(len(tasks))

    async def one(place: int, task: Task) -> tuple[str, tuple[dict[str, Any], Trajectory] | None]:
        async with mcp.Client(f"{address}/mcp?task={task.id}", mode="legacy") as client:
            await client.call_tool("read_conversation", {})
            await gate.wait()  # all are there before anyone goes on
            whole = place % 20 == 0
            await oracle_plays(client, retail, task, most=1000 if whole else 4)
            heard = (await client.read_resource("toolgym://conversation")).contents[0].text
            await gate.wait()  # and none has left before all are done
            return heard, await outcome(client) if whole else None

    async def work() -> None:
        played = await asyncio.gather(*(one(place, task) for place, task in enumerate(tasks)))
        for task, (heard, got) in zip(tasks, played, strict=True):
            alone = bare(retail, task, "oracle", "scripted")
            messages = said(from_chat(message) for message in json.loads(heard))
            assert len(messages) >= 6
            assert messages == said(alone.view("assistant", 1))[: len(messages)]
            if got is not None:
                assert_same(got, alone)

    run(work())


def test_sessions_with_the_same_task_do_not_share_its_records(retail: Domain, address: str) -> None:
    task = retail.tasks["dev"][0]

    async def work() -> None:
        url = f"{address}/mcp?task={task.id}"
        async with mcp.Client(url) as first, mcp.Client(url) as second:
            before = (await second.call_tool("read_conversation", {})).structured_content
            await oracle_plays(first, retail, task)
            assert (await second.call_tool("read_conversation", {})).structured_content == before
            await oracle_plays(second, retail, task)  # from the records that the first has changed in its own
            assert (await outcome(second))[0] == (await outcome(first))[0]

    run(work())


def test_the_tools_have_the_schemas_of_the_domain_as_they_are(retail: Domain, address: str) -> None:
    async def work() -> None:
        async with mcp.Client(f"{address}/mcp") as client:
            listed = {tool.name: tool for tool in (await client.list_tools()).tools}
            instructions = client.instructions
        own = retail.toolkits["assistant"].tools
        assert set(listed) - set(own) == {"talk_to_user", "read_conversation", "end_episode"}
        for name, tool in own.items():
            function = tool.schema["function"]
            assert listed[name].description == function["description"]
            assert listed[name].input_schema == json.loads(json.dumps(function["parameters"]))
        assert retail.policy in instructions

    run(work())


def test_nothing_of_the_grade_or_the_gold_is_told_before_the_end(retail: Domain, address: str) -> None:
    task = retail.tasks["dev"][0]

    async def work() -> None:
        async with mcp.Client(f"{address}/mcp?task={task.id}") as client:
            heard = [str(await client.list_tools()), str(await client.list_resources())]
            heard.append(str(await client.read_resource("toolgym://policy")))
            heard.append((await client.read_resource("toolgym://conversation")).contents[0].text)
            heard.append(str(await client.call_tool("read_conversation", {})))
            for name in ("grade", "trajectory"):
                with pytest.raises(mcp.MCPError, match="not over"):
                    await client.read_resource(f"toolgym://{name}")
            with pytest.raises(mcp.MCPError, match=r"No resource 'toolgym://\.\./policy'"):
                await client.read_resource("toolgym://../policy")
        for action in task.gold:
            for value in action.arguments.values():
                assert str(value) not in "".join(heard[3:])  # the policy names reasons
        assert task.id not in "".join(heard)

    run(work())


def test_who_ends_an_episode_that_the_user_has_not_ended_fails_it_for_good(retail: Domain, address: str) -> None:
    async def work() -> None:
        async with mcp.Client(f"{address}/mcp?task=dev-001") as client:
            grade = (await client.call_tool("end_episode", {})).structured_content
            assert (grade["success"], grade["termination"], grade["reward"]) == (False, "agent_error", 0.0)
            late = await client.call_tool("talk_to_user", {"message": "Are you there?"})
            assert late.is_error
            assert "over (agent_error)" in late.content[0].text
            assert (await client.call_tool("end_episode", {})).structured_content == grade

    run(work())


def test_bad_calls_are_observations_and_the_episode_goes_on(address: str) -> None:
    async def work() -> None:
        async with mcp.Client(f"{address}/mcp?task=dev-001", mode="legacy") as client:
            for name, arguments, told in (
                ("get_order_detials", {"order_id": "#W1"}, "get_order_detials"),
                ("get_order_details", {}, "order_id is missing"),
                ("talk_to_user", {}, "takes one argument"),
                ("talk_to_user", {"message": ["Hello"]}, "takes one argument"),
                ("talk_to_user", {"message": "  "}, "empty"),
                ("talk_to_user", {"message": "x" * 100_001}, "more than 100000 characters"),
            ):
                answer = await client.call_tool(name, arguments)
                assert answer.is_error, name
                assert told in answer.content[0].text
            answer = await client.call_tool("talk_to_user", {"message": "What is your email address?"})
            assert not answer.is_error
            assert answer.structured_content["reply"]

    run(work())


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("task=dev-0001", "No task named 'dev-0001'"),
        ("task=../../etc/passwd", "No task named '../../etc/passwd'"),
        ("task=dev-001&split=test", "No task of the split 'test' named 'dev-001'"),
        ("split=tset", "Did you mean 'test'"),
        ("seed=-1", "the seed must be a whole number from 0"),
        ("trial=1e3", "the trial must be a whole number from 0"),
        ("taks=dev-001", "Did you mean 'task'"),
    ],
)
def test_a_choice_that_names_nothing_is_refused_when_the_session_begins(address: str, query: str, told: str) -> None:
    async def work() -> None:
        with pytest.raises(BaseExceptionGroup) as caught:
            async with mcp.Client(f"{address}/mcp?{query}"):
                pass
        assert told in str(leaf(caught.value))

    run(work())


def leaf(error: BaseException) -> BaseException:
    """The one error in groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    return error


def post(url: str, body: bytes, **headers: str) -> tuple[int, str]:
    """What an address answers to a body that no client of MCP sends."""
    named = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, named)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"\xff\xfe", {}, 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}', {"mcp_session_id": "of-somebody-else"}, 404),
        (b"x" * (1 << 22) + b"x", {}, 413),
        (b"{}", {"host": "evil.example.org"}, 421),
        (b"{}", {"origin": "https://evil.example.org"}, 403),
    ],
)
def test_what_is_no_request_is_refused_and_the_server_lives_on(
    address: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    with contextlib.suppress(ConnectionError, urllib.error.URLError):  # it may hang up before all is sent
        assert post(f"{address}/mcp", body, **headers)[0] == status

    async def work() -> None:
        async with mcp.Client(f"{address}/mcp?task=dev-001") as client:
            assert not (await client.call_tool("read_conversation", {})).is_error

    run(work())


def test_with_a_token_only_those_who_have_it_come_in(retail: Domain) -> None:
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    async def work(address: str) -> None:
        for given in (None, "a-token-of-this-tesT"):
            with pytest.raises(BaseExceptionGroup):
                async with client_of(address, given):
                    pass
        async with client_of(address, TOKEN) as client:
            assert (await client.call_tool("read_conversation", {})).structured_content["messages"]

    def client_of(address: str, token: str | None) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        http = create_mcp_http_client(headers=headers)
        return mcp.Client(streamable_http_client(f"{address}/mcp", http_client=http))

    with both(retail, access=Access("127.0.0.1", TOKEN)) as address:
        run(work(address))
        assert post(f"{address}/mcp", b"{}")[0] == 401


def test_more_sessions_than_allowed_are_refused_until_one_ends(retail: Domain) -> None:
    async def work(address: str) -> None:
        async with mcp.Client(f"{address}/mcp", mode="legacy") as first:
            await first.call_tool("read_conversation", {})
            async with mcp.Client(f"{address}/mcp", mode="legacy") as second:
                with pytest.raises(mcp.MCPError, match="has 1 sessions already"):
                    await second.call_tool("read_conversation", {})
        async with mcp.Client(f"{address}/mcp", mode="legacy") as third:
            assert not (await third.call_tool("read_conversation", {})).is_error

    with both(retail, most=1) as address:
        run(work(address))


def test_a_protocol_without_sessions_is_refused_over_http(address: str) -> None:
    async def work() -> None:
        with pytest.raises(BaseExceptionGroup) as caught:
            async with mcp.Client(f"{address}/mcp", mode="2026-07-28") as client:
                await client.call_tool("read_conversation", {})
        assert "has no sessions over HTTP" in str(leaf(caught.value))

    run(work())


def test_the_task_of_the_command_is_played_where_a_client_chooses_none(retail: Domain) -> None:
    async def work(address: str) -> None:
        async with mcp.Client(f"{address}/mcp") as client:
            heard = (await client.call_tool("read_conversation", {})).structured_content["messages"][-1]["content"]
        assert heard == said(bare(retail, retail.tasks.find("dev-004"), "no-op", "scripted").messages)[1][1]

    with both(retail, choice=EpisodeChoice(task="dev-004")) as address:
        run(work(address))


@pytest.mark.parametrize("options", [["--port", "0"], ["--stdio"]])
def test_an_interrupt_ends_the_command_without_a_word(options: list[str], tmp_path: Path) -> None:
    command = [*SERVE, "mock", "--mcp", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if "--stdio" in options:
            first = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            process.stdin.write(json.dumps(first) + "\n")
            process.stdin.flush()
        while "Ctrl-C" not in (line := process.stdout.readline()) and '"id":1' not in line:
            assert line, process.stderr.read() if process.stderr else ""
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
