"""The customer as a model, asked by the client of the openai package in the plain loop of a foreign harness."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="needs the extra serve: pip install 'toolgym[serve]'")
pytest.importorskip("uvicorn", reason="needs the extra serve: pip install 'toolgym[serve]'")
openai = pytest.importorskip("openai", reason="needs the extra llm: pip install 'toolgym[llm]'")
pytestmark = pytest.mark.mcp

from running import customer_of  # noqa: E402  # what needs starlette is imported once it is known to be there

from toolgym import make_agent, make_domain, make_user  # noqa: E402  # behind the check for the extra
from toolgym.domain import Domain  # noqa: E402  # behind the check for the extra
from toolgym.episode.machine import Episode  # noqa: E402  # behind the check for the extra
from toolgym.episode.seeding import rng_for  # noqa: E402  # behind the check for the extra
from toolgym.messages import Message, from_chat  # noqa: E402  # behind the check for the extra
from toolgym.rollouts import play  # noqa: E402  # behind the check for the extra
from toolgym.serving import Access, EpisodeChoice  # noqa: E402  # behind the check for the extra
from toolgym.tasks import Task  # noqa: E402  # behind the check for the extra

TOKEN = "a-token-of-this-test"
HELLO = {"role": "user", "content": "Hello! What can I do for you today?"}


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def address(retail: Domain) -> Iterator[str]:
    with customer_of(retail) as served:
        yield served


def client_of(address: str, token: str = "unused") -> Any:
    return openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=token, max_retries=0, timeout=300)


async def harness(client: Any, domain: Domain, task: Task, model: str, trial: int = 0, seed: int = 0) -> Episode:
    """A foreign harness: its own state and tools, the domain's oracle as its assistant, the customer over HTTP."""
    oracle = make_agent("oracle", domain=domain)(domain, task, rng_for(seed, task.key, trial, "assistant"))
    episode = Episode(domain, task)
    dialogue: list[dict[str, Any]] = [
        {"role": "system", "content": "You are a customer."},
        {"role": "user", "content": domain.greeting},
    ]
    while episode.turn is not None:
        if episode.turn == "user":
            completion = await client.chat.completions.create(model=model, messages=dialogue, temperature=0.7)
            answer = completion.choices[0].message.model_dump(exclude_none=True)
            dialogue.append(answer)
            step = episode.advance(from_chat({**answer, "role": "user"}))
            results = [one for one in step.messages if one.role == "tool"]
            dialogue += [{"role": "tool", "tool_call_id": one.tool_call_id, "content": one.content} for one in results]
        else:
            message = oracle.respond(episode.view("assistant"))
            assert isinstance(message, Message)
            episode.advance(message)
            if not message.tool_calls:
                dialogue.append({"role": "user", "content": message.content})
    return episode


def assert_bare(episode: Episode, domain: Domain, user: str, trial: int = 0, seed: int = 0) -> None:
    """The episode is message by message the one without a server, and so is its outcome."""
    agents = make_agent("oracle", domain=domain), make_user(user, domain=domain)
    alone = play(domain, episode.task, *agents, trial=trial, seed=seed)
    assert [(one.role, one.content) for one in episode.messages] == [(one.role, one.content) for one in alone.messages]
    assert (episode.termination, episode.grade) == (alone.termination, alone.grade)


def test_a_foreign_harness_gets_the_outcome_of_the_bare_episode(retail: Domain, address: str) -> None:
    async def work() -> None:
        async with client_of(address) as client:
            for place, task in enumerate(retail.tasks["dev"][:8]):
                model = f"retail/dev/{task.id}?trial={place}&seed=5"
                episode = await harness(client, retail, task, model, place, 5)
                assert episode.grade.success
                assert_bare(episode, retail, "scripted", place, 5)

    asyncio.run(work())


def test_users_with_tools_of_their_own_call_them_as_models_do(mock: Domain) -> None:
    async def work(address: str) -> list[Episode]:
        async with client_of(address) as client:
            tasks = [task for task in mock.tasks["dev"] if any(one.requestor == "user" for one in task.gold)]
            return [await harness(client, mock, task, f"mock/dev/{task.id}") for task in tasks[:5]]

    with customer_of(mock, user="minimal") as address:
        played = asyncio.run(work(address))
    assert played
    for episode in played:
        assert any(call.requestor == "user" for call in episode.successful_calls)
        assert_bare(episode, mock, "minimal")


def test_two_hundred_dialogues_at_once_are_two_hundred_customers(retail: Domain, address: str) -> None:
    tasks = [*retail.tasks["train"], *retail.tasks["dev"]][:200]
    gate = asyncio.Barrier(len(tasks))

    async def one(client: Any, task: Task) -> Episode:
        await gate.wait()
        return await harness(client, retail, task, f"retail/{task.id.partition('-')[0]}/{task.id}")

    async def work() -> list[Episode]:
        async with client_of(address) as client:
            return await asyncio.gather(*(one(client, task) for task in tasks))

    for episode in asyncio.run(work()):
        assert_bare(episode, retail, "scripted")


def ask(address: str, **request: Any) -> tuple[int, bytes]:
    return send(f"{address}/v1/chat/completions", json.dumps(request).encode())


def send(url: str, body: bytes | None, **headers: str) -> tuple[int, bytes]:
    named = {"content-type": "application/json", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, named)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def dialogue_with(address: str, model: str, lines: Sequence[str]) -> list[dict[str, Any]]:
    """A dialogue in which the assistant says these lines."""
    messages: list[dict[str, Any]] = []
    for line in lines:
        messages.append({"role": "user", "content": line})
        status, body = ask(address, model=model, messages=messages)
        assert status == 200, body
        messages.append(json.loads(body)["choices"][0]["message"])
    return messages


LINES = ("Hello! What can I do for you today?", "What is your e-mail address?", "And which order is it about?")


def test_the_same_dialogue_gets_the_same_bytes_in_parallel_and_after_a_restart(retail: Domain, address: str) -> None:
    request = {
        "model": "retail/dev/dev-003?seed=11",
        "messages": [*dialogue_with(address, "retail/dev/dev-003?seed=11", LINES), {"role": "user", "content": "Hm?"}],
    }

    async def parallel(address: str) -> set[bytes]:
        asked = [asyncio.to_thread(ask, address, **request) for _ in range(32)]
        return {body for _, body in await asyncio.gather(*asked)}

    first = asyncio.run(parallel(address))
    with customer_of(retail) as restarted:
        assert first == asyncio.run(parallel(restarted))
    assert len(first) == 1


def test_a_stream_says_what_the_whole_answer_says(address: str) -> None:
    async def work() -> None:
        async with client_of(address) as client:
            asked: dict[str, Any] = {"model": "retail/dev/dev-002", "messages": [HELLO]}
            whole = await client.chat.completions.create(**asked)
            stream = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
            chunks = [chunk async for chunk in stream]
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert said == whole.choices[0].message.content
        assert [one.choices[0].finish_reason for one in chunks if one.choices][-1] == "stop"
        assert chunks[-1].usage.total_tokens == 0
        assert len(chunks) > 4

    asyncio.run(work())


def test_a_task_is_chosen_by_name_by_field_or_by_the_server(retail: Domain) -> None:
    def opening(address: str, **request: Any) -> str:
        status, body = ask(address, messages=[], **request)
        assert status == 200, body
        return str(json.loads(body)["choices"][0]["message"]["content"])

    with customer_of(retail, choice=EpisodeChoice(task="dev-009")) as address:
        first, other = opening(address, model="retail/dev/dev-009"), opening(address, model="retail/dev/dev-010")
        assert first != other
        assert opening(address, model="retail") == first
        assert opening(address, model="retail", metadata={"task": "dev-010", "mine": "x"}) == other
        later = [dialogue_with(address, f"retail/dev/dev-009?seed={seed}", LINES) for seed in range(6)]
    assert len({json.dumps(one[2:]) for one in later}) > 1  # another seed, other words
    assert len({json.dumps(one[:2]) for one in later}) == 1  # the first depends on the task alone


def test_the_models_are_the_tasks(retail: Domain, address: str) -> None:
    async def work() -> None:
        async with client_of(address) as client:
            names = [model.id async for model in client.models.list()]
            assert names == [
                f"retail/{name}/{task.id}" for name in retail.tasks.splits() for task in retail.tasks[name]
            ]
            assert (await client.models.retrieve("retail/dev/dev-001")).id == "retail/dev/dev-001"
            with pytest.raises(openai.NotFoundError, match="dev-0001"):
                await client.models.retrieve("retail/dev/dev-0001")

    asyncio.run(work())


ANSWER = {"role": "assistant", "content": "I never said this."}


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        ({"model": "gpt-5", "messages": [HELLO]}, 404, "No model named 'gpt-5'"),
        ({"model": "retail/dev/dev-01", "messages": [HELLO]}, 404, "No task of the split 'dev' named 'dev-01'"),
        ({"model": "retail/../../etc/passwd", "messages": [HELLO]}, 404, "No split named '..'"),
        ({"model": "retail/dev/dev-001?seed=x", "messages": [HELLO]}, 400, "the seed must be a whole number"),
        ({"model": "retail/dev/dev-001?tirla=1", "messages": [HELLO]}, 404, "Did you mean 'trial'"),
        ({"model": "retail/dev/dev-001", "messages": [HELLO], "seed": -1}, 400, "the seed must be a whole number"),
        ({"messages": [HELLO]}, 400, "model: Field required"),
        ({"model": "retail"}, 400, "messages: Field required"),
        ({"model": "retail", "messages": "Hello"}, 400, "messages: Input should be a valid list"),
        ({"model": "retail", "messages": [HELLO], "n": 2}, 400, "n: Input should be 1"),
        ({"model": "retail", "messages": [{"role": "judge", "content": "x"}]}, 400, "message 0 has the role 'judge'"),
        ({"model": "retail", "messages": [{"role": "user", "content": 1}]}, 400, "message 0: a message's content"),
        ({"model": "retail", "messages": [{"role": "user", "content": " "}]}, 400, "holds no text"),
        ({"model": "retail", "messages": [HELLO, HELLO]}, 400, "message 1 must be the user's"),
        ({"model": "retail", "messages": [HELLO, ANSWER, HELLO]}, 400, "message 1 is not what the user said there"),
        ({"model": "retail", "messages": [{"role": "user", "content": "x" * 100_001}]}, 400, "more than 100000 char"),
        ({"model": "retail", "messages": [HELLO] * 201}, 400, "has 201 messages, and may have 200"),
        ({"model": "retail", "messages": [{"role": "user", "content": "\ud800"}]}, 400, "surrogate"),
        ([], 400, "Input should be a valid dictionary"),
    ],
)
def test_a_bad_request_is_told_in_the_format_of_openai(address: str, request_: Any, status: int, told: str) -> None:
    got, body = send(f"{address}/v1/chat/completions", json.dumps(request_).encode())
    error = json.loads(body)["error"]
    assert got == status, error
    assert told in error["message"]
    assert error["type"] == ("not_found_error" if status == 404 else "invalid_request_error")
    assert ask(address, model="retail", messages=[HELLO])[0] == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[" * 1_000_000, {}, 400),
        (b'{"model": NaN}', {}, 400),
        (b"\xff", {}, 400),
        (b" " * ((1 << 22) + 1), {}, 413),
        (b"{}", {"host": "evil.example.org"}, 421),
        (b"{}", {"origin": "null"}, 403),
    ],
)
def test_what_is_no_request_is_refused_and_the_server_lives_on(
    address: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    with contextlib.suppress(ConnectionError, urllib.error.URLError):  # it may hang up before all is sent
        got, answer = send(f"{address}/v1/chat/completions", body, **headers)
        assert got == status
        assert json.loads(answer)["error"]["message"]
    assert ask(address, model="retail", messages=[HELLO])[0] == 200


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/../../etc/passwd", "/v1/completions", "/mcp", "/v1/models/..%2f.."])
def test_there_is_nothing_at_other_paths(address: str, path: str) -> None:
    status, body = send(f"{address}{path}", None)
    assert status == 404
    assert json.loads(body)["error"]["type"] == "not_found_error"


def test_nothing_follows_what_the_user_has_ended(retail: Domain, address: str) -> None:
    task = retail.tasks["dev"][0]

    async def work() -> tuple[Episode, list[dict[str, Any]]]:
        async with client_of(address) as client:
            episode = await harness(client, retail, task, f"retail/dev/{task.id}")
        sides = {"assistant": "user", "user": "assistant"}
        said = [one for one in episode.messages if one.role in sides and one.content and not one.tool_calls]
        return episode, [{"role": sides[one.role], "content": one.content} for one in said]

    episode, messages = asyncio.run(work())
    assert episode.termination == "user_stop"
    status, body = ask(address, model=f"retail/dev/{task.id}", messages=[*messages, HELLO])
    assert status == 400
    assert b"the user ended the dialogue there" in body


def test_with_a_token_only_those_who_have_it_come_in(retail: Domain) -> None:
    async def work(address: str) -> None:
        async with client_of(address, "a-token-of-this-tesT") as client:
            with pytest.raises(openai.AuthenticationError, match="needs its token"):
                await client.chat.completions.create(model="retail", messages=[HELLO])
        async with client_of(address, TOKEN) as client:
            assert (await client.chat.completions.create(model="retail", messages=[HELLO])).choices

    with customer_of(retail, access=Access("127.0.0.1", TOKEN)) as address:
        asyncio.run(work(address))


def test_an_interrupt_ends_the_command_without_a_word(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toolgym", "serve", "mock", "--serve-user", "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert process.stdout.readline() == "Ctrl-C ends it.\n"
        status, _ = send(f"{address}/models", None)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (status, process.returncode, errors) == (200, 130, "")
