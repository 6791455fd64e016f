"""What a model is asked, and what comes back."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest
from asking import HELLO, ORDER, ask
from server import Answer, Server, call, completion, sse, streamed

from toolgym.errors import DataError
from toolgym.messages import ToolCall
from toolgym.models import ChatModel, ModelSettings, Price
from toolgym.trajectory import NO_USAGE, Usage

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def given(whole: dict[str, Any], stream: bool) -> Any:
    """A completion as the server gives it."""
    return streamed(whole) if stream else whole


@BOTH
def test_a_request_holds_model_dialogue_tools_and_arguments(stream: bool) -> None:
    asked = ask(
        given(completion(), stream),
        tools=[ORDER],
        stream=stream,
        arguments={"temperature": 0.7, "top_k": 20, "extra_body": {"chat_template_kwargs": {"enable_thinking": False}}},
    )
    streaming = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    assert asked.body == {
        "model": "m",
        "messages": HELLO,
        "tools": [ORDER],
        "temperature": 0.7,
        "top_k": 20,
        "chat_template_kwargs": {"enable_thinking": False},
        **streaming,
    }
    assert asked.requests[0].path == "/v1/chat/completions"
    assert asked.requests[0].headers["authorization"] == "Bearer none"


def test_further_headers_and_a_query_are_sent() -> None:
    asked = ask(completion(), arguments={"extra_headers": {"X-Title": "toolgym"}, "extra_query": {"api-version": "2"}})
    assert asked.requests[0].headers["x-title"] == "toolgym"
    assert asked.requests[0].path == "/v1/chat/completions?api-version=2"
    assert asked.body == {"model": "m", "messages": HELLO}


@BOTH
def test_a_reply_has_text_calls_thoughts_finish_and_tokens(stream: bool) -> None:
    whole = completion(
        "Let me see.",
        calls=[call("get_order", {"order_id": "#W1", "lines": 2}, "c1"), call("get_order", {"order_id": "ü"}, "c2")],
        finish="tool_calls",
        tokens=(100, 20),
        reasoning_content="An order number.",
    )
    asked = ask(given(whole, stream), tools=[ORDER], stream=stream)
    assert asked.reply.text == "Let me see."
    assert asked.reply.calls == (
        ToolCall("get_order", {"order_id": "#W1", "lines": 2}, "c1"),
        ToolCall("get_order", {"order_id": "ü"}, "c2"),
    )
    assert asked.reply.reasoning == "An order number."
    assert asked.reply.finish == "tool_calls"
    assert asked.reply.tokens == 20
    assert asked.usage == Usage(1, 100, 20, None)


@BOTH
@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_cut_or_filtered_reply_is_a_reply(finish: str, stream: bool) -> None:
    reply = ask(given(completion("I was ab", finish=finish), stream), stream=stream).reply
    assert (reply.text, reply.finish) == ("I was ab", finish)


def test_a_refusal_is_what_the_model_says() -> None:
    assert ask(completion(None, refusal="I will not.")).reply.text == "I will not."


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_nothing_said_is_no_text(text: str | None) -> None:
    reply = ask(completion(text), tools=[ORDER]).reply
    assert (reply.text, reply.calls) == (None, ())


def test_the_calls_are_those_of_the_side_that_the_model_plays() -> None:
    reply = ask(completion(None, calls=[call("toggle", {})]), tools=[ORDER], requestor="user").reply
    assert reply.calls[0].requestor == "user"


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (call("get_order", '{"order_id": '), "The arguments are not JSON"),
        (call("get_order", '{"order_id": NaN}'), "NaN is not JSON"),
        (call("get_order", '["#W1"]'), "must be a JSON object, got list"),
        (call("", "{}"), "its name is empty"),
        ({"id": "c1", "function": {"arguments": "{}"}}, "must have a text 'name'"),
        ("get_order", "must be a mapping, got str"),
    ],
)
def test_a_call_that_cannot_be_read_has_a_problem_and_the_others_stand(one: Any, problem: str) -> None:
    fine = call("get_order", {"order_id": "#W1"}, "c2")
    broken, whole = ask(completion(None, calls=[one, fine]), tools=[ORDER]).reply.calls
    assert problem in str(broken.problem)
    assert broken.raw
    assert whole == ToolCall("get_order", {"order_id": "#W1"}, "c2")


def test_calls_without_ids_get_some() -> None:
    calls = [call("get_order", {}, None), call("get_order", "", "")]
    assert [one.id for one in ask(completion(None, calls=calls), tools=[ORDER]).reply.calls] == ["call_0", "call_1"]


def test_streamed_calls_that_all_are_number_0_are_told_apart_by_their_ids() -> None:
    calls = [call("get_order", {"order_id": "#W1"}, "c1"), call("get_user", {"order_id": "#W2"}, "c2")]
    answer = streamed(completion(None, calls=calls))
    answer = Answer(answer.body.replace('"index": 1', '"index": 0'), kind=answer.kind)
    read = ask(answer, tools=[ORDER], stream=True).reply.calls
    assert [(one.name, one.arguments["order_id"]) for one in read] == [("get_order", "#W1"), ("get_user", "#W2")]


@BOTH
def test_calls_that_share_an_id_are_told_apart(stream: bool) -> None:
    calls = [call("get_order", {}, "c1"), call("get_user", {}, "c1"), call("get_user", {}, None)]
    read = ask(given(completion(None, calls=calls), stream), tools=[ORDER], stream=stream).reply.calls
    assert [(one.name, one.id) for one in read] == [("get_order", "c1"), ("get_user", "c1_"), ("get_user", "call_2")]


def events(*deltas: dict[str, Any]) -> Answer:
    """A stream of these parts of a message."""
    ended = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    return Answer(sse([*({"choices": [{"delta": delta}]} for delta in deltas), ended]), kind="text/event-stream")


def test_streamed_calls_without_numbers_and_ids_are_told_apart_by_their_names() -> None:
    parts: list[dict[str, Any]] = [
        {"name": "get_order", "arguments": '{"order_id"'},
        {"arguments": ': "#W1"}'},
        {"name": "get_user", "arguments": "{}"},
    ]
    read = ask(events(*({"tool_calls": [{"function": part}]} for part in parts)), tools=[ORDER], stream=True)
    assert [(one.name, dict(one.arguments)) for one in read.reply.calls] == [
        ("get_order", {"order_id": "#W1"}),
        ("get_user", {}),
    ]


def test_a_streamed_calls_arguments_may_be_an_object() -> None:
    part = {"index": 0, "id": "c1", "function": {"name": "get_order", "arguments": {"order_id": "#W1"}}}
    assert ask(events({"tool_calls": [part]}), tools=[ORDER], stream=True).reply.calls == (
        ToolCall("get_order", {"order_id": "#W1"}, "c1"),
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_streamed_choices_the_first_counts(order: tuple[int, int]) -> None:
    said = [[{"index": place, "delta": {"content": f"{'AB'[place]}{part}"}} for part in "12"] for place in order]
    ended: list[Any] = [{"index": at, "delta": {}, "finish_reason": ("stop", "length")[at]} for at in order]
    parts = [{"choices": [choice]} for choice in [*said[0], *said[1], *ended]]
    reply = ask(Answer(sse(parts), kind="text/event-stream"), stream=True, arguments={"n": 2}).reply
    assert (reply.text, reply.finish) == ("A1A2", "stop")
    together = [{"choices": list(pair)} for pair in (*zip(*said, strict=True), ended)]
    assert ask(Answer(sse(together), kind="text/event-stream"), stream=True).reply == reply


def test_a_call_that_the_server_left_in_the_text_is_not_said() -> None:
    broken = '<tool_call>\n{"name": "get_order", "arguments": {"order_id": }}\n</tool_call>'
    reply = ask(completion(broken), tools=[ORDER]).reply
    assert reply.text is None
    assert reply.calls[0].problem
    assert str(reply.calls[0].raw) in broken


def test_without_tools_no_text_is_taken_for_a_call() -> None:
    verdict = '{"name": "x", "arguments": {"met": true}}'
    assert ask(completion(verdict)).reply.text == verdict


def test_the_requests_of_a_conversation_follow_from_its_seed() -> None:
    with Server() as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url))

        async def talk(seed: int | None) -> None:
            conversation = model.start(seed=seed)
            for _ in range(3):
                await conversation.complete(HELLO)

        asyncio.run(talk(2**31 - 2))
        asyncio.run(talk(7))
        asyncio.run(talk(None))
    seeds = [body.get("seed") for body in server.bodies]
    assert seeds == [2**31 - 2, 2**31 - 1, 0, 7, 8, 9, None, None, None]


def test_a_model_that_is_not_seeded_sends_its_own_seed_or_none() -> None:
    assert "seed" not in ask(completion(), seed=7, seeded=False).body
    assert ask(completion(), seed=7, seeded=False, arguments={"seed": 1}).body["seed"] == 1


def test_usage_adds_up_over_a_conversation() -> None:
    with Server(completion(tokens=(10, 5)), completion(tokens=(20, 6))) as server:
        price = Price(input_usd=1.0, output_usd=100.0)
        conversation = ChatModel(ModelSettings(model="m", base_url=server.url, price=price)).start()
        assert conversation.usage == NO_USAGE
        asyncio.run(conversation.complete(HELLO))
        asyncio.run(conversation.complete(HELLO))
    assert conversation.usage == Usage(2, 30, 11, pytest.approx(30e-6 + 1100e-6))


@BOTH
def test_the_servers_own_cost_goes_before_the_price(stream: bool) -> None:
    price = {"input_usd": 1.0, "output_usd": 1.0}
    assert ask(given(completion(cost=0.25), stream), stream=stream, price=price).usage.cost_usd == 0.25
    assert ask(given(completion(cost=0), stream), stream=stream, price=price).usage.cost_usd == 0.0


def test_what_is_not_told_is_not_known() -> None:
    assert ask(completion(tokens=None), price={"input_usd": 1.0, "output_usd": 1.0}).usage == Usage(1, None, None, None)
    assert ask(completion(tokens=(10, 5))).usage == Usage(1, 10, 5, None)
    assert ask({**completion(), "usage": {"prompt_tokens": -1, "completion_tokens": "5"}}).usage == Usage(1)


def test_half_a_surrogate_pair_is_replaced_in_both_directions() -> None:
    half = "\ud83d"
    asked = ask(completion(f"a{half}"), messages=[{"role": "user", "content": f"b{half}"}])
    assert asked.body["messages"] == [{"role": "user", "content": "b\ufffd"}]
    assert asked.reply.text == "a\ufffd"


def test_earlier_thoughts_are_sent_as_they_are_given() -> None:
    messages = [*HELLO, {"role": "assistant", "content": "Hm.", "reasoning_content": "thought"}]
    for tool_format in ("native", "hermes"):
        asked = ask(completion(), messages=messages, tool_format=tool_format, reasoning="keep")
        assert asked.body["messages"] == messages


def test_the_key_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", " sk-1 \n")
    assert ask(completion(), api_key_env="SHOP_KEY").requests[0].headers["authorization"] == "Bearer sk-1"


def test_an_endpoint_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        asyncio.run(ChatModel(ModelSettings(model="m")).start().complete(HELLO))
    assert server.requests[0].headers["authorization"] == "Bearer none"


def test_openai_without_a_key_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"OPENAI_API_KEY is not set: put the key for gpt-5\.2 there"):
        asyncio.run(ChatModel(ModelSettings(model="gpt-5.2")).start().complete(HELLO))


def test_a_key_that_cannot_be_sent_is_an_error_that_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1\nsk-2")
    with pytest.raises(DataError, match="OPENAI_API_KEY holds characters") as caught:
        asyncio.run(ChatModel(ModelSettings(model="m")).start().complete(HELLO))
    assert "sk-" not in str(caught.value)


def test_a_model_can_be_pickled_with_open_connections_and_asked_again() -> None:
    with Server() as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url))

        async def both() -> None:
            await model.start().complete(HELLO)
            copy = pickle.loads(pickle.dumps(model))
            assert copy.settings == model.settings
            assert (await copy.start().complete(HELLO)).text == "Hello."

        asyncio.run(both())
