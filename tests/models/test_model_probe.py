"""A first look at an endpoint: what is not there is told at once, and what is slow or busy is left alone."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from typing import Any

import pytest
from server import Answer, Script, Server, completion, error

from toolgym.errors import BudgetError, DataError, ServiceError
from toolgym.models import ChatModel, ModelSettings, RefusedError, Throttle

NO_LIST = error(404, "Not Found")
PAGE = Answer("<!DOCTYPE html><html>Welcome</html>", kind="text/html")


def listing(*names: str) -> Answer:
    """A list of models as OpenAI gives it."""
    return Answer({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def look(*script: Script, models: Answer | None = None, path: str = "/v1", **settings: Any) -> Server:
    """Look at a server once; what the look raises is raised."""
    with Server(*script, models=models) as server:
        url = server.url.removesuffix("/v1") + path
        asyncio.run(ChatModel(ModelSettings(**{"model": "m", "base_url": url, **settings})).probe())
    return server


def told(*script: Script, **settings: Any) -> str:
    """What a look at a server raises."""
    with pytest.raises(ServiceError) as caught:
        look(*script, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    "models",
    [
        listing("other", "m"),
        listing("models/m"),
        listing("m:latest"),
        listing("*"),
        Answer([{"id": "m"}]),
        Answer({"models": [{"name": "m"}]}),
        Answer('{"data": [{"id": "m"}]}', kind="text/plain"),
    ],
)
def test_a_model_that_is_listed_is_not_asked(models: Answer) -> None:
    server = look(models=models)
    assert (server.looks, server.requests) == (1, [])


@pytest.mark.parametrize(
    "models", [NO_LIST, error(405, "no"), error(403, "scope"), PAGE, Answer("null"), Answer({"data": 5}), listing()]
)
def test_where_no_models_are_listed_the_model_says_a_first_word(models: Answer) -> None:
    server = look(models=models, arguments={"temperature": 0.5})
    assert [body["messages"] for body in server.bodies] == [[{"role": "user", "content": "Hi."}]]
    assert server.bodies[0]["temperature"] == 0.5


def test_a_model_that_is_not_listed_but_answers_is_there() -> None:
    assert len(look(completion(), models=listing("a", "b")).requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_wrong_model_is_told_with_those_that_are_there(status: int) -> None:
    text = told(error(status, "No such model."), models=listing("qwen-8b", "qwen-32b"), model="qwen-8B")
    assert text.startswith("qwen-8B at http://127.0.0.1:")
    assert text.endswith(
        f"refuses the request (status {status}): No such model; the endpoint has qwen-8b, qwen-32b; "
        "did you mean 'qwen-8b'?"
    )


def test_of_many_models_some_are_told() -> None:
    text = told(error(404, "No such model."), models=listing(*(f"model-{number}" for number in range(30))))
    assert "model-9, … (30 in all)" in text
    assert "model-10" not in text


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
def test_what_is_refused_would_be_refused_again(status: int) -> None:
    with pytest.raises(RefusedError, match=rf"refuses the request \(status {status}\): No\."):
        look(error(status, "No."), models=NO_LIST)


@pytest.mark.parametrize(
    "busy",
    [error(429, "slow down"), error(500, "oops"), error(503, "loading the model"), error(400, "prompt is too long")],
)
def test_a_server_that_is_busy_or_not_ready_is_left_alone(busy: Answer) -> None:
    assert len(look(busy, models=error(503, "loading")).requests) == 1


def test_a_slow_server_is_left_alone() -> None:
    started = time.monotonic()
    look(models=Answer(silent=True))
    look(Answer(silent=True), models=NO_LIST)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_server_that_is_not_there_is_told_at_once(host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        url = f"http://{host}:{taken.getsockname()[1]}/v1"
        started = time.monotonic()
        with pytest.raises(ServiceError, match=re.escape(f"m at {url} failed once with no status: ConnectError")):
            asyncio.run(ChatModel(ModelSettings(model="m", base_url=url)).probe())
    assert time.monotonic() - started < 2


def test_a_server_that_hangs_up_is_told_at_once() -> None:
    assert "failed once with no status" in told(Answer(cut=True), models=Answer(cut=True))


def test_a_page_is_no_endpoint() -> None:
    assert "the answer is not JSON" in told(PAGE, models=PAGE)


def test_a_first_word_is_paid_for() -> None:
    with Server(completion(cost=0.25), models=NO_LIST) as server:
        throttle = Throttle(budget_usd=1.0)
        asyncio.run(ChatModel(ModelSettings(model="m", base_url=server.url), throttle).probe())
    assert throttle.spent_usd == 0.25
    with Server(completion(), models=NO_LIST) as server, pytest.raises(BudgetError, match="cannot be kept"):
        asyncio.run(ChatModel(ModelSettings(model="m", base_url=server.url), throttle).probe())


def test_a_missing_key_is_told_without_a_look() -> None:
    with pytest.raises(DataError, match="OPENAI_API_KEY is not set"):
        asyncio.run(ChatModel(ModelSettings(model="m")).probe())


@pytest.mark.parametrize(
    ("path", "right"),
    [("", "/v1"), ("/", "/v1"), ("/api", "/api/v1"), ("/v1/chat/completions", "/v1"), ("/chat/completions", "/v1")],
)
@pytest.mark.parametrize(
    "answer",
    [
        Answer({"detail": "Not Found"}, 404),
        Answer("404 page not found", 404, kind="text/plain"),
        Answer("Method Not Allowed", 405),
        PAGE,
        Answer({"message": "Welcome"}),
        Answer("<html>404</html>", 404, kind="text/html"),
    ],
)
def test_a_url_that_lacks_its_version_or_goes_too_far_gets_a_hint(answer: Answer, path: str, right: str) -> None:
    text = told(answer, models=answer, path=path)
    assert re.search(rf"; try the base_url http://127\.0\.0\.1:\d+{right}$", text)


@pytest.mark.parametrize("path", ["/v1", "/v1beta/openai", "/compatible-mode/v1", "/api/v3"])
def test_a_url_with_a_version_gets_none(path: str) -> None:
    assert "try the base_url" not in told(Answer({"detail": "Not Found"}, 404), models=NO_LIST, path=path)


def test_an_unknown_model_says_nothing_of_the_url() -> None:
    assert "try the base_url" not in told(error(404, "The model 'm' does not exist."), models=NO_LIST, path="")
