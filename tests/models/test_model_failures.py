"""What is tried again, what is not, and what is said of it in the end."""

from __future__ import annotations

import asyncio
import pickle
import random
import re
import socket
import time
import traceback
from email.utils import formatdate
from typing import Any

import pytest
from asking import HELLO, ask
from server import Answer, Request, Script, Server, completion, error, sse, streamed

from toolgym.errors import ContextError, ServiceError
from toolgym.models import ChatModel, ModelSettings, RefusedError, Throttle, retries
from toolgym.models.embeddings import Embeddings
from toolgym.trajectory import Usage

FINE = completion("Here you are.")
KEY = "sk-very-secret"


def delta(**more: Any) -> dict[str, Any]:
    """An event of a stream."""
    return {"choices": [{"index": 0, "delta": more, "finish_reason": None}]}


PASSING: dict[str, Script] = {
    "time-out of the server": error(408, "slow"),
    "conflict": error(409, "busy"),
    "too many requests": error(429, "slow down", type="rate_limit_error"),
    "server error": error(500, "oops"),
    "bad gateway as a page": Answer("<html>502</html>", 502, kind="text/html"),
    "unavailable": error(503, "starting"),
    "overloaded": error(529, "overloaded"),
    "cut body": Answer(FINE, cut=True),
    "no JSON": Answer('{"choices": [', kind="application/json"),
    "text": Answer("Welcome!", kind="text/html"),
    "null": Answer("null"),
    "list": Answer("[]"),
    "deep": Answer("[" * 200_000),
    "no UTF-8": Answer('{"choices": "\udcff"}'),
    "no choices": Answer({"choices": []}),
    "choices are no list": Answer({"choices": {}}),
    "no message": Answer({"choices": [{"finish_reason": "stop"}]}),
    "error with status 200": Answer({"error": {"message": "provider is down", "code": 502}}),
    "error within a choice": Answer({"choices": [{"finish_reason": "error", "error": {"message": "x", "code": 502}}]}),
}
PASSING_STREAMS: dict[str, Script] = {
    "server error": error(500, "oops"),
    "cut stream": streamed(FINE, ends=False, cut=True),
    "stream without an end": streamed(FINE, ends=False),
    "empty stream": Answer("", kind="text/event-stream"),
    "no JSON": Answer("data: {\n\n", kind="text/event-stream"),
    "events that are none": Answer(sse([{}, {"choices": None}, {"choices": [None]}]), kind="text/event-stream"),
    "choices are a number": Answer(sse([{"choices": 5}]), kind="text/event-stream"),
    "calls are a number": Answer(sse([delta(tool_calls=5)]), kind="text/event-stream"),
    "a call's place is a list": Answer(sse([delta(tool_calls=[{"index": [0]}])]), kind="text/event-stream"),
    "a call's name is a list": Answer(sse([delta(tool_calls=[{"function": {"name": ["f"]}}])])),
    "error in a stream": Answer(sse([delta(content="a"), {"error": {"message": "down", "code": 502}}])),
    "error as the end": Answer(sse([delta(content="a"), {"choices": [{"delta": {}, "finish_reason": "error"}]}])),
}


@pytest.mark.parametrize("bad", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(bad: Script) -> None:
    asked = ask(bad, bad, FINE, seed=3)
    assert asked.reply.text == "Here you are."
    assert asked.usage.calls == len(asked.requests) == 3
    assert [request.body["seed"] for request in asked.requests] == [3, 3, 3]


@pytest.mark.parametrize("bad", PASSING_STREAMS.values(), ids=PASSING_STREAMS)
def test_a_stream_that_fails_is_tried_again(bad: Script) -> None:
    asked = ask(bad, bad, streamed(FINE), stream=True)
    assert asked.reply.text == "Here you are."
    assert asked.usage.calls == len(asked.requests) == 3


def test_a_request_that_takes_too_long_is_tried_again() -> None:
    asked = ask(Answer(silent=True), FINE, timeout_s=0.5)
    assert asked.reply.text == "Here you are."
    assert asked.usage == Usage(max(asked.usage.calls, 2), None, None, None)  # a slow machine may need a third


def test_the_last_failure_is_told_with_model_endpoint_status_and_number_of_attempts() -> None:
    asked = ask(error(503, "first"), error(500, "It   broke\nagain. " + "x" * 400), attempts=3, model="shop-7b")
    assert isinstance(asked.outcome, ServiceError)
    assert not isinstance(asked.outcome, RefusedError)
    text = str(asked.outcome)
    assert re.fullmatch(
        r"shop-7b at http://127.0.0.1:\d+/v1 failed 3 times, the last time with status 500: It broke again. x{284}…",
        text,
    )
    assert len(asked.requests) == 3


def test_one_attempt_is_one_request() -> None:
    asked = ask(error(500, "no"), attempts=1)
    assert "failed once with status 500: no" in str(asked.outcome)
    assert len(asked.requests) == 1


def test_a_time_out_is_told_with_its_seconds() -> None:
    outcome = ask(Answer(silent=True), timeout_s=0.05, attempts=2).outcome
    assert "failed 2 times, the last time with no status: no complete answer within 0.05 seconds" in str(outcome)


def test_a_server_that_is_not_there_is_tried_again_and_costs_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        conversation = ChatModel(ModelSettings(model="m", base_url=url, attempts=3)).start()
        with pytest.raises(ServiceError, match="failed 3 times, the last time with no status: ConnectError"):
            asyncio.run(conversation.complete(HELLO))
    assert conversation.usage == Usage(3, 0, 0, 0.0)


def test_requests_that_were_turned_away_used_nothing() -> None:
    price = {"input_usd": 1.0, "output_usd": 1.0}
    asked = ask(error(429, "slow down"), error(503, "wait"), completion(tokens=(10, 5)), price=price)
    assert asked.usage == Usage(3, 10, 5, pytest.approx(15e-6))


@pytest.mark.parametrize("bad", [error(504, "time-out"), Answer(FINE, cut=True), Answer({"choices": []})])
def test_what_a_lost_answer_used_is_not_known(bad: Script) -> None:
    assert ask(bad, completion(tokens=(10, 5)), price={"input_usd": 1.0, "output_usd": 1.0}).usage == Usage(2)


def test_what_a_useless_answer_used_counts_where_it_tells() -> None:
    useless = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 0, "cost": 0.5}}
    assert ask(useless, completion(tokens=(10, 5), cost=0.25)).usage == Usage(2, 17, 5, 0.75)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422])
def test_what_would_be_refused_again_is_not_tried_again(status: int) -> None:
    asked = ask(error(status, "No such thing."), FINE)
    assert isinstance(asked.outcome, RefusedError)
    assert asked.outcome.status == status
    assert re.search(rf"m at http://\S+ refuses the request \(status {status}\): No such thing\.", str(asked.outcome))
    assert asked.usage == Usage(1, 0, 0, 0.0)
    assert pickle.loads(pickle.dumps(asked.outcome)).status == status


@pytest.mark.parametrize("more", [{"code": "insufficient_quota"}, {"type": "insufficient_quota"}])
def test_an_empty_account_is_not_tried_again(more: dict[str, str]) -> None:
    asked = ask(error(429, "You exceeded your current quota.", **more), FINE)
    assert isinstance(asked.outcome, RefusedError)
    assert len(asked.requests) == 1


def test_what_the_provider_behind_a_router_said_is_told() -> None:
    asked = ask(error(400, "Provider returned error", metadata={"raw": "unknown argument"}))
    assert str(asked.outcome).endswith("(status 400): Provider returned error unknown argument")


@pytest.mark.parametrize("bad", [error(500, "half: \ud83d"), error(500, "no", metadata={"raw": "half: \ud83d"})])
def test_what_is_told_can_be_printed(bad: Answer) -> None:
    asked = ask(bad, attempts=1)
    assert isinstance(asked.outcome, ServiceError)
    assert "half: " in str(asked.outcome)
    str(asked.outcome).encode()


def test_waits_grow_and_are_spread(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_S", 1.0)
    monkeypatch.setattr(retries, "LONGEST_WAIT_S", 10.0)
    ask(error(500, "no"), attempts=7)
    assert len(waits) == 6
    for waited, about in zip(waits, (1, 2, 4, 8, 10, 10), strict=True):
        assert 0.5 * about <= waited <= 1.5 * about


def test_waiting_takes_nothing_from_the_global_generator(waits: list[float]) -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    ask(error(500, "no"), error(429, "no", headers={"Retry-After": "1"}), attempts=3)
    assert len(waits) == 2
    assert random.random() == expected


@pytest.mark.parametrize(
    ("headers", "about"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_is_left_alone_for_as_long_as_it_asks(
    waits: list[float], headers: dict[str, str], about: float, status: int
) -> None:
    assert ask(error(status, "later", headers=headers), FINE).reply.text == "Here you are."
    assert waits == [about]


def test_a_server_may_ask_for_a_time_of_the_clock(waits: list[float]) -> None:
    later = formatdate(time.time() + 200, usegmt=True)
    assert ask(error(429, "later", headers={"Retry-After": later}), FINE).reply.text == "Here you are."
    assert 100 < waits[0] <= 201


@pytest.mark.parametrize("value", ["soon", "nan", "inf", ""])
def test_a_wait_that_cannot_be_read_is_our_own(waits: list[float], value: str) -> None:
    assert ask(error(429, "later", headers={"Retry-After": value}), FINE).reply.text == "Here you are."
    assert waits == [0.0]


def test_a_server_that_asks_for_hours_refuses(waits: list[float]) -> None:
    asked = ask(error(429, "daily limit", headers={"Retry-After": "7200"}), FINE)
    assert isinstance(asked.outcome, RefusedError)
    assert "(status 429, to be tried again in 7200 seconds): daily limit" in str(asked.outcome)
    assert waits == []


@pytest.mark.parametrize("status", [401, 500, 400])
def test_a_key_is_shown_nowhere_even_if_the_server_repeats_it(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    asked = ask(error(status, "x" * 295 + f" {KEY} is wrong"), attempts=2)
    assert isinstance(asked.outcome, ServiceError)
    shown = "".join(traceback.format_exception(asked.outcome)) + repr(asked.outcome)
    assert "sk-" not in shown
    assert "xx ***" in shown


@pytest.mark.parametrize("status", [401, 500, 400, 413])
def test_no_secret_of_the_settings_is_shown_even_if_the_server_repeats_it(status: int) -> None:
    arguments = {
        "extra_headers": {"X-Foo": "S3HEADER", "X-Auth": "Bearer S3BEARER"},
        "extra_query": {"a": "S3 QUERY"},
        "extra_body": {"api_keys": ["S3BODY"], "more": [{"name": "Authorization", "value": "S3ENTRY"}]},
    }

    def repeat(request: Request) -> Answer:
        return error(status, f"{dict(request.headers)} {request.path} {request.body} S3BEARER")

    throttle = Throttle()
    asked = ask(repeat, repeat, attempts=2, arguments=arguments, throttle=throttle)
    assert isinstance(asked.outcome, ServiceError | ContextError)
    assert "S3" not in "".join(traceback.format_exception(asked.outcome))
    assert "***" in str(asked.outcome)
    assert "S3" not in f"{vars(throttle.retries)}"


def test_no_secret_of_the_settings_stands_in_a_reply_that_cannot_be_taken() -> None:
    body = {"error": {"message": "S3HEADER", "code": "tool_use_failed", "failed_generation": "<S3HEADER>"}}
    arguments = {"extra_headers": {"X-Foo": "S3HEADER"}}
    assert "S3" not in repr(ask(Answer(body, 400), arguments=arguments).reply)


def test_no_secret_is_shown_of_embeddings() -> None:
    def repeat(request: Request) -> Answer:
        return error(400, f"{dict(request.headers)}")

    arguments = {"extra_headers": {"X-Foo": "S3HEADER"}}
    with Server(repeat) as server, pytest.raises(RefusedError) as caught:
        asyncio.run(Embeddings(ModelSettings(model="m", base_url=server.url, arguments=arguments))(["a"]))
    assert "S3" not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_password_in_an_endpoint_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(error(401, "no")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("http://", "http://me:secret@") + "?token=hidden")
        with pytest.raises(RefusedError) as caught:
            asyncio.run(ChatModel(ModelSettings(model="m")).start().complete(HELLO))
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_cancelled_request_leaves_known_what_was_used_before() -> None:
    with Server(completion(tokens=(10, 5)), Answer(silent=True)) as server:
        conversation = ChatModel(ModelSettings(model="m", base_url=server.url)).start()

        async def give_up() -> None:
            await conversation.complete(HELLO)
            async with asyncio.timeout(0.1):
                await conversation.complete(HELLO)

        with pytest.raises(TimeoutError):
            asyncio.run(give_up())
    assert conversation.usage == Usage(1, 10, 5, None)
