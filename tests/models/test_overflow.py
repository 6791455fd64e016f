"""A dialogue that no longer fits is told from all else that a server refuses, whatever its words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from asking import HELLO, ORDER, ask
from server import Answer, Request, Server, call, completion, error, sse

from toolgym import make_agent
from toolgym.domain import Domain
from toolgym.errors import ContextError, ServiceError
from toolgym.messages import Message, to_chat
from toolgym.models import ChatModel, ModelSettings, RefusedError, Reply
from toolgym.models.failures import reported
from toolgym.models.overflow import says_too_long
from toolgym.rollouts import play
from toolgym.trajectory import Usage

FINE = completion("Here you are.")
WORDINGS = json.loads((Path(__file__).parent / "wordings.json").read_text(encoding="utf-8"))
"""What servers say, codes behind their sentences; the ``found_later`` were not known when the rule was written."""
TOO_LONG: dict[str, str] = {**WORDINGS["too_long"], **WORDINGS["found_later"]}
SOMETHING_ELSE: dict[str, str] = WORDINGS["something_else"]


@pytest.mark.parametrize("said", TOO_LONG.values(), ids=TOO_LONG)
def test_what_servers_say_of_a_dialogue_that_no_longer_fits_is_understood(said: str) -> None:
    assert says_too_long(said)


@pytest.mark.parametrize("said", SOMETHING_ELSE.values(), ids=SOMETHING_ELSE)
def test_what_servers_say_of_something_else_is_not_taken_for_it(said: str) -> None:
    assert not says_too_long(said)
    assert reported({"error": {"message": said, "type": "invalid_request_error"}}, 400).kind == "refused"


BODIES: dict[str, Answer] = {
    "OpenAI": error(400, "Too much.", code="context_length_exceeded"),
    "an object of its own": Answer(
        {"object": "error", "message": "The prompt is longer than the model length 4096."}, 400
    ),
    "a text": Answer("maximum context length is 4096", 400, kind="text/plain"),
    "an error that is a text": Answer({"error": "maximum context length is 4096"}, 400),
    "status 200": Answer({"error": {"message": "This endpoint's maximum context length is 4096", "code": 400}}),
    "status 500": error(500, "the request exceeds the available context size"),
    "status 422": Answer({"error": "Input validation error: `inputs` must have less than 1024 tokens"}, 422),
    "Gemini's list": Answer([{"error": {"code": 400, "message": "The input token count exceeds the maximum 9."}}], 400),
    "MiniMax": Answer({"choices": None, "base_resp": {"status_code": 1039, "status_msg": "token limit"}}),
    "OpenRouter": error(400, "Provider returned error", metadata={"raw": '{"code":"context_length_exceeded"}'}),
    "FastAPI": Answer({"detail": "Prompt length 5000 is greater than max_seq_len 4096"}, 400),
    "Anthropic": Answer({"type": "error", "error": {"type": "request_too_large", "message": "It is too large"}}, 413),
    "413 and nothing": Answer("", 413),
    "413 of a proxy": Answer("<html><h1>Payload Too Large</h1></html>", 413, kind="text/html"),
    "413 of a server": error(413, "No such luck."),
    "a stop": Answer({"choices": [{"finish_reason": "model_context_window_exceeded", "message": {"content": ""}}]}),
}


@pytest.mark.parametrize("bad", BODIES.values(), ids=BODIES)
def test_a_dialogue_that_no_longer_fits_is_a_context_error_and_not_tried_again(bad: Answer) -> None:
    asked = ask(bad, FINE)
    assert isinstance(asked.outcome, ContextError)
    assert str(asked.outcome).startswith("the dialogue no longer fits into the context of m at http://127.0.0.1")
    assert len(asked.requests) == 1


def test_a_context_error_may_also_come_in_a_stream() -> None:
    told = {"error": {"message": "maximum context length is 4096", "code": 400}}
    asked = ask(Answer(sse([told]), kind="text/event-stream"), FINE, stream=True)
    assert isinstance(asked.outcome, ContextError)


def test_what_is_repeated_of_a_request_is_not_what_the_server_says() -> None:
    detail = {"type": "value_error", "loc": ["body", "x"], "msg": "Bad value", "input": "the prompt is too long"}
    assert isinstance(ask(Answer({"detail": [detail]}, 422)).outcome, RefusedError)
    assert isinstance(ask(error(400, "top_p exceeds its maximum")).outcome, RefusedError)


def test_a_token_rate_that_names_the_context_is_a_rate_all_the_same() -> None:
    assert ask(error(429, "Tokens a minute; your maximum context length is 8."), FINE).reply.text == "Here you are."


def test_a_request_above_the_tokens_a_minute_of_an_account_is_not_tried_again() -> None:
    said = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested {}."
    asked = ask(error(429, said.format(40000)), FINE)
    assert isinstance(asked.outcome, RefusedError)
    assert len(asked.requests) == 1
    assert ask(error(429, said.format(20000)), FINE).reply.text == "Here you are."


def test_413_for_a_rate_is_no_full_context() -> None:
    said = "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 12000"
    assert isinstance(ask(error(413, said, code="rate_limit_exceeded")).outcome, RefusedError)


@pytest.mark.parametrize("finish", ["length", "MAX_TOKENS", "content_filter", "malformed_function_call"])
@pytest.mark.parametrize("message", [{"content": ""}, {"content": None}, {"role": "assistant"}, None])
def test_a_reply_that_was_cut_before_it_said_anything_is_an_empty_one(finish: str, message: Any) -> None:
    choice = {"index": 0, "finish_reason": finish, **({} if message is None else {"message": message})}
    reply = ask({"choices": [choice]}, tools=[ORDER]).reply
    assert (reply.text, reply.calls, reply.finish) == (None, (), finish)


# Servers that do not say it

Limited = Callable[[Request], "Answer | Mapping[str, Any]"]


def limited(bad: Answer, most: int, said: Any = FINE) -> Limited:
    """A server that refuses requests above a number of characters in its own words."""

    def answer(request: Request) -> Answer | Mapping[str, Any]:
        return bad if len(json.dumps(request.body["messages"])) > most else said

    return answer


def grown(server: Server, length: int = 2_000, last: str = "user", **settings: Any) -> tuple[list[Any], Usage]:
    """What comes of a conversation whose second request is longer by some characters, and what it used."""
    model = ChatModel(ModelSettings(model="m", base_url=server.url, **settings))
    talk = model.start()

    async def both() -> list[Any]:
        outcomes: list[Any] = [await talk.complete(HELLO, [ORDER])]
        said = to_chat(outcomes[0].message("assistant"))
        more = [said, {"role": "user", "content": "x" * length}]
        if last == "tool":
            identity = said["tool_calls"][0]["id"]
            more = [said, {"role": "tool", "content": "x" * length, "tool_call_id": identity}]
        for _ in range(2):
            try:
                outcomes.append(await talk.complete([*HELLO, *more], [ORDER]))
            except (ContextError, ServiceError) as problem:
                outcomes.append(problem)
        return outcomes

    return asyncio.run(both()), talk.usage


WORDLESS = {
    "400": error(400, "Bad Request"),
    "400 and nothing": Answer("", 400),
    "422": Answer({"detail": "Unprocessable Entity"}, 422),
    "invalid": error(400, "Invalid request.", type="invalid_request_error"),
}


@pytest.mark.parametrize("last", ["user", "tool"])
@pytest.mark.parametrize("bad", WORDLESS.values(), ids=WORDLESS)
def test_a_longer_request_that_is_refused_without_a_word_is_suspected_and_a_shorter_one_shows_it(
    bad: Answer, last: str
) -> None:
    first = completion("x" * 700, calls=[call("get_order", {})] if last == "tool" else [])
    with Server(first, limited(bad, 1_900)) as server:
        (taken, refused, again), usage = grown(server, last=last)
    assert isinstance(taken, Reply)
    assert isinstance(refused, ContextError), refused
    assert isinstance(again, RefusedError), again  # it is suspected once in a conversation
    assert len(server.requests) == 4
    assert usage == Usage(4, 20, 10, None)
    shorter = server.bodies[2]["messages"]
    assert shorter[0] == HELLO[0]
    assert shorter[-1]["role"] == last
    assert len(shorter[-1]["content"]) == 200


def test_a_server_error_of_a_longer_request_is_suspected_after_all_attempts() -> None:
    with Server(FINE, limited(error(500, "oops"), 1_000)) as server:
        (_, refused, again), _ = grown(server, attempts=3)
    assert isinstance(refused, ContextError)
    assert isinstance(again, ServiceError)
    assert len(server.requests) == 1 + 3 + 1 + 1 + 3


def test_a_server_error_that_passes_is_none() -> None:
    bad = error(500, "oops")
    with Server(FINE, bad, bad, FINE, completion("Late."), FINE) as server:
        (_, late, _), _ = grown(server, attempts=2)
    assert isinstance(late, Reply)
    assert late.text == "Late."


@pytest.mark.parametrize("bad", [error(401, "No."), error(403, "No."), error(404, "No."), error(402, "No.")])
def test_other_refusals_are_not_suspected(bad: Answer) -> None:
    with Server(FINE, limited(bad, 1_000)) as server:
        (_, refused, _), _ = grown(server)
    assert isinstance(refused, RefusedError)
    assert len(server.requests) == 3


def test_what_is_new_and_refused_however_short_was_not_too_long() -> None:
    with Server(FINE, error(400, "Bad Request")) as server:
        (_, refused, _), usage = grown(server)
    assert isinstance(refused, RefusedError)
    assert len(server.requests) == 4
    assert usage.calls == 4


def test_a_first_request_is_not_suspected_nor_one_that_is_no_longer() -> None:
    assert len(ask(error(400, "Bad Request")).requests) == 1
    with Server(FINE, error(400, "Bad Request")) as server:
        talk = ChatModel(ModelSettings(model="m", base_url=server.url)).start()
        asyncio.run(talk.complete(HELLO))
        with pytest.raises(RefusedError):
            asyncio.run(talk.complete(HELLO))
    assert len(server.requests) == 2


def test_a_dialogue_that_is_filtered_is_not_suspected() -> None:
    bad = error(400, "The response was filtered due to the prompt triggering the content management policy.")
    with Server(FINE, limited(bad, 1_000)) as server:
        (_, refused, _), _ = grown(server)
    assert isinstance(refused, RefusedError)
    assert len(server.requests) == 3


def test_an_episode_that_outgrows_a_server_without_words_is_the_agents_failure(mock: Domain) -> None:
    talkative = completion("x" * 1_000)
    with Server(limited(error(400, "Bad Request"), 6_000, talkative)) as server:
        agent = make_agent("llm", {"model": "m", "base_url": server.url})
        episode = play(mock, mock.tasks["test"][0], agent, Endless)
    assert (episode.termination, episode.fault, episode.grade.success) == ("context_window_exceeded", None, False)
    assert episode.usage["assistant"].calls == len(server.requests)


class Endless:
    """A user that never ends the dialogue."""

    privileged = False

    def __init__(self, *_: object) -> None:
        pass

    def respond(self, _: object) -> Message:
        return Message("user", "Go on.")
