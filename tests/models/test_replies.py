"""Replies in all the forms in which servers send them, and within a limit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from asking import ORDER, ask
from hypothesis import given
from hypothesis import strategies as st
from server import Answer, call, completion, error, sse, streamed

from toolgym import make_agent, make_user
from toolgym.domain import Domain
from toolgym.messages import ToolCall
from toolgym.models import Throttle
from toolgym.models.failures import RequestError
from toolgym.models.stream import merged, read_completion_of
from toolgym.rollouts import play
from toolgym.trajectory import Usage

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def sent(whole: dict[str, Any], stream: bool) -> Any:
    return streamed(whole) if stream else whole


def events(text: str) -> Answer:
    return Answer(text, kind="text/event-stream")


def event(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


# Parts

PARTS: dict[str, tuple[Any, str | None, str | None]] = {
    "texts": ([{"type": "text", "text": "Which "}, {"type": "text", "text": "size?"}], "Which size?", None),
    "output": ([{"type": "output_text", "text": "Which size?"}], "Which size?", None),
    "thoughts": ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, "Hi."], "Hi.", "Hm."),
    "thoughts alone": ([{"type": "reasoning", "text": "Hm."}], None, "Hm."),
    "a thought in a text": ([{"type": "text", "text": "<think>Hm.</think>Hi."}], "Hi.", "Hm."),
    "nothing": ([], None, None),
}


@BOTH
@pytest.mark.parametrize(("parts", "text", "thought"), PARTS.values(), ids=PARTS)
def test_a_reply_in_parts_is_its_joined_text(parts: Any, text: str | None, thought: str | None, stream: bool) -> None:
    whole = completion(parts)
    answer: Any = events(sse([event(content=parts), event("stop")])) if stream else whole
    reply = ask(answer, stream=stream).reply
    assert (reply.text, reply.reasoning) == (text, thought)


def test_streamed_parts_and_texts_may_come_mixed() -> None:
    thinking = [[{"type": "thinking", "thinking": [{"type": "text", "text": text}]}] for text in ("H", "m.")]
    deltas = [
        event(content=""),
        *(event(content=part) for part in thinking),
        event(content="Hi"),
        event("stop", content="!"),
    ]
    reply = ask(events(sse(deltas)), stream=True).reply
    assert (reply.text, reply.reasoning) == ("Hi!", "Hm.")


@BOTH
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_in_parts_are_read(field: str, stream: bool) -> None:
    parts = [{"type": "text", "text": "Hm."}]
    answer: Any = completion("Hi.", **{field: parts})
    reply = ask(
        events(sse([event("stop", content="Hi.", **{field: parts})])) if stream else answer, stream=stream
    ).reply
    assert (reply.text, reply.reasoning) == ("Hi.", "Hm.")


@BOTH
def test_a_part_that_cannot_be_passed_on_is_answered_with_an_error(stream: bool) -> None:
    parts = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "data:…"}}]
    answer: Any = events(sse([event("stop", content=parts)])) if stream else completion(parts)  # type: ignore[arg-type]
    reply = ask(answer, tools=[ORDER], stream=stream).reply
    assert reply.text is None
    assert "a part of the kind 'image_url'; only text can be read" in str(reply.calls[0].problem)


@pytest.mark.parametrize("content", [5, {"text": "Hi."}, True])
def test_content_that_is_neither_text_nor_parts_is_refused(content: Any) -> None:
    assert "is not text" in str(ask(completion(content)).outcome)


# Calls


@BOTH
@pytest.mark.parametrize("arguments", [None, "null", "", '"{}"', " \n"])
def test_a_call_without_arguments_is_a_call(arguments: Any, stream: bool) -> None:
    function = {"name": "get_order", "arguments": arguments}
    delta = {"tool_calls": [{"index": 0, "id": "c1", "function": function}]}
    whole: Any = {"choices": [{"finish_reason": "tool_calls", "message": delta}]}
    answer = events(sse([event("tool_calls", **delta)])) if stream else whole
    assert ask(answer, tools=[ORDER], stream=stream).reply.calls == (ToolCall("get_order", {}, "c1"),)


@BOTH
def test_arguments_in_json_text_twice_are_read(stream: bool) -> None:
    text = json.dumps(json.dumps({"order_id": "#W1"}))
    whole = completion(None, calls=[call("get_order", text)])
    (one,) = ask(sent(whole, stream), tools=[ORDER], stream=stream).reply.calls
    assert one.arguments == {"order_id": "#W1"}


def test_a_call_of_the_older_format_is_read() -> None:
    whole = completion(None, function_call={"name": "get_order", "arguments": "{}"}, finish="function_call")
    assert ask(whole, tools=[ORDER]).reply.calls == (ToolCall("get_order", {}, "call_0"),)


@BOTH
def test_further_fields_are_kept_in_both_ways(stream: bool) -> None:
    signed = {**call("get_order", {}, "c1"), "extra_content": {"google": {"thought_signature": "s"}}}
    details = [{"type": "reasoning.text", "text": "Hm.", "index": 0, "signature": "s"}]
    whole = completion(None, calls=[signed], reasoning_details=details, provider_specific_fields={"a": [1]})
    reply = ask(sent(whole, stream), tools=[ORDER], stream=stream).reply
    assert reply.extra == {"reasoning_details": details, "provider_specific_fields": {"a": [1]}}
    assert reply.calls[0].extra == {"extra_content": {"google": {"thought_signature": "s"}}}


def test_details_of_thoughts_come_in_pieces_by_their_index() -> None:
    pieces: list[Any] = [
        {"type": "reasoning.text", "index": 0, "text": "H", "format": "f"},
        {"type": "reasoning.text", "index": 0, "text": "m."},
        {"type": "reasoning.text", "index": 0, "signature": "s"},
        {"type": "reasoning.encrypted", "index": 1, "data": "x"},
        {"type": "reasoning.summary", "index": 0, "summary": "In short."},
    ]
    answer = events(sse([*(event(reasoning_details=[piece]) for piece in pieces), event("stop", content="Hi.")]))
    reply = ask(answer, stream=True).reply
    assert reply.extra == {
        "reasoning_details": [
            {"type": "reasoning.text", "index": 0, "text": "Hm.", "format": "f", "signature": "s"},
            {"type": "reasoning.encrypted", "index": 1, "data": "x"},
            {"type": "reasoning.summary", "index": 0, "summary": "In short."},
        ]
    }
    assert merged({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    assert merged([1], [2]) == [1, 2]
    assert merged("known", None) == "known"


@BOTH
def test_a_call_that_a_server_could_not_read_is_the_models_mistake(stream: bool) -> None:
    text = '<function=get_order>{"order_id": }</function>'
    bad = error(400, "Failed to call a function.", code="tool_use_failed", failed_generation=text)
    asked = ask(bad, tools=[ORDER], stream=stream)
    assert asked.reply.calls[0].raw == text
    assert asked.reply.calls[0].problem == "Failed to call a function."
    assert len(asked.requests) == 1


# Streams

HELLO_STREAM = sse([event(content="Hel"), event(content="lo."), event("stop")])

STREAMS: dict[str, str] = {
    "plain": HELLO_STREAM,
    "keep-alives": HELLO_STREAM.replace("data:", ": OPENROUTER PROCESSING\n\ndata:"),
    "a keep-alive after an id": HELLO_STREAM.replace("data:", "id: 1\n: ping\ndata:"),
    "a keep-alive in an event": HELLO_STREAM.replace("\n\n", "\n: ping\n\n"),
    "an id alone": "id: 1\n\n: ping\n\n" + HELLO_STREAM,
    "kinds and times": HELLO_STREAM.replace("data:", "event: message\nretry: 10\ndata:"),
    "pings": HELLO_STREAM.replace("data:", "event: ping\ndata: {}\n\ndata:", 1),
    "empty data": "data:\n\ndata: \n\n" + HELLO_STREAM,
    "other breaks": HELLO_STREAM.replace("\n", "\r\n"),
    "old breaks": HELLO_STREAM.replace("\n", "\r"),
    "a mark of order": "\ufeff" + HELLO_STREAM,
    "empty lines first": "\n\n\r\n" + HELLO_STREAM,
    "no space": HELLO_STREAM.replace("data: ", "data:"),
    "no done": HELLO_STREAM.replace("data: [DONE]\n\n", ""),
    "no last break": HELLO_STREAM.replace("data: [DONE]\n\n", "").rstrip("\n"),
    "done without a finish": sse([event(content="Hello.")]),
    "data over lines": "data: "
    + json.dumps(event("stop", content="Hello."), indent=1).replace("\n", "\ndata: ")
    + "\n\n",
    "no choices between": sse([event(content="Hello."), {"choices": []}, {"choices": None}, {}, event("stop")]),
    "a message at once": sse([{"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}]),
    "a message at the end": sse(
        [event(content="Hello."), {"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}]
    ),
    "not streamed": json.dumps(completion()),
    "not streamed after empty lines": "\n \n" + json.dumps(completion()),
    "something after the end": HELLO_STREAM + ": bye\n\ndata: {\n\n",
}


@pytest.mark.parametrize("text", STREAMS.values(), ids=STREAMS)
def test_a_stream_of_any_form_is_read(text: str) -> None:
    asked = ask(events(text), stream=True)
    assert (asked.reply.text, asked.reply.finish) == ("Hello.", "stop")
    assert len(asked.requests) == 1


def test_usage_may_come_after_the_end_and_with_every_event() -> None:
    usage = {"usage": {"prompt_tokens": 10, "completion_tokens": 5}}
    late = sse([event("stop", content="Hello."), {"choices": [], **usage}])
    often = sse(
        [
            {**event(content="Hello."), "usage": {"prompt_tokens": 10, "completion_tokens": 1}},
            {**event("stop"), **usage},
        ]
    )
    for text in (late, often):
        assert ask(events(text), stream=True).usage == Usage(1, 10, 5, None)


def test_a_stream_may_come_where_none_was_asked_for() -> None:
    assert ask(events(HELLO_STREAM)).reply.text == "Hello."


def test_an_error_may_come_as_an_event_of_its_own() -> None:
    text = 'event: error\ndata: {"message": "The prompt is too long", "code": 400}\n\n'
    assert "no longer fits" in str(ask(events(text), stream=True).outcome)
    assert "overloaded" in str(ask(events("event: error\ndata: overloaded\n\n"), stream=True, attempts=1).outcome)


def test_streamed_calls_may_repeat_their_name() -> None:
    def part(**function: Any) -> dict[str, Any]:
        return event(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "get_order", **function}}])

    parts = [part(arguments=""), part(arguments='{"order_id": '), part(arguments='"#W1"}'), event("tool_calls")]
    (one,) = ask(events(sse(parts)), tools=[ORDER], stream=True).reply.calls
    assert (one.name, one.arguments) == ("get_order", {"order_id": "#W1"})


async def _pieces(data: bytes, sizes: Sequence[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        piece, data = data[:size], data[size:]
        yield piece
    yield data


@given(st.sampled_from([*STREAMS]), st.lists(st.integers(0, 9), max_size=200))
def test_it_does_not_matter_in_which_pieces_a_stream_comes(name: str, sizes: list[int]) -> None:
    whole = asyncio.run(read_completion_of(_pieces(STREAMS[name].encode(), sizes), 10_000))
    (choice,) = whole["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Hello.", "stop")


# The limit


@BOTH
def test_a_reply_that_is_too_long_is_cut_off_and_the_models_mistake(stream: bool) -> None:
    asked = ask(sent(completion("x" * 5_000), stream), tools=[ORDER], stream=stream, max_reply_bytes=2_000)
    (one,) = asked.reply.calls
    assert (asked.reply.text, asked.reply.finish) == (None, "length")
    assert one.problem == "Your reply is longer than the 2,000 bytes that are allowed, and was cut off. Write less."
    assert asked.usage == Usage(1)
    assert len(asked.requests) == 1


@BOTH
def test_a_reply_up_to_the_limit_is_taken(stream: bool) -> None:
    assert ask(sent(completion("x" * 1_000), stream), stream=stream, max_reply_bytes=2_000).reply.text == "x" * 1_000


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b'{"choices": "', b"x" * 1_000),
        (b"data: ", b"x" * 1_000),
        (b": ", b"x" * 1_000),
        (b"", b"data: x\n" * 100),
        (b"", sse([event(content="x" * 900)], done=False).encode()),
        (b"", sse([event(reasoning_content="x" * 900)], done=False).encode()),
        (b"", sse([event(tool_calls=[{"index": 0, "function": {"arguments": "x" * 900}}])], done=False).encode()),
        (b"", sse([event(tool_calls=[{"id": "x", "function": {}}])], done=False).encode()),
        (b"", sse([event(reasoning_details=[{"text": "x" * 900}])], done=False).encode()),
        (b"", sse([event(content=[{"type": "text", "text": "x" * 900}])], done=False).encode()),
        (b"<html>", b"x" * 1_000),
    ],
)
def test_no_more_of_a_reply_is_read_than_the_limit(begin: bytes, piece: bytes) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield begin
        while True:
            read += 1
            assert read < 10_000
            yield piece

    with pytest.raises(RequestError) as caught:
        asyncio.run(read_completion_of(endless(), 50_000))
    assert caught.value.kind == "reply"


def test_an_error_of_any_length_is_told_in_short() -> None:
    asked = ask(Answer("x" * 3_000_000, 400))
    assert len(str(asked.outcome)) < 500


def test_an_agent_that_writes_too_much_is_told_and_pays_for_it(mock: Domain) -> None:
    from server import Server

    with Server(completion("x" * 9_000), completion("Goodbye.")) as server:
        settings = {"model": "m", "base_url": server.url, "max_reply_bytes": 5_000}
        agent = make_agent("llm", settings, throttle=Throttle())
        episode = play(mock, mock.tasks["test"][0], agent, make_user("minimal"))
    assert (episode.fault, episode.errors, episode.termination) == (None, 1, "user_stop")
    last = server.bodies[1]["messages"]
    assert [message["role"] for message in last[-2:]] == ["assistant", "user"]
    assert "longer than the 5,000 bytes" in last[-1]["content"]
