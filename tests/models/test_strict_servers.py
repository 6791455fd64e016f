"""What goes back to a strict server is what it takes: a clumsy model plays to the end, and its mistakes are its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import strict
from asking import HELLO, ORDER, ask
from hypothesis import given
from hypothesis import strategies as st
from server import Request, Server, call, completion, error, streamed
from strict import PROVIDERS, Strict

from toolgym import make_agent, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message, ToolCall, from_chat, to_chat
from toolgym.models import ChatModel, ModelSettings, RefusedError
from toolgym.models.history import Form, with_calls
from toolgym.rollouts import play


def played(domain: Domain, answers: Strict, episodes: int = 1, **settings: Any) -> tuple[list[Episode], Server]:
    """Episodes that a model behind a strict server plays."""
    with Server(answers) as server:
        given = {"model": "m", "base_url": server.url, "stream": answers.stream, **settings}
        agent = make_agent("llm", given)
        tasks = domain.tasks["test"]
        done = [
            play(domain, tasks[number % len(tasks)], agent, make_user("minimal"), trial=number // len(tasks))
            for number in range(episodes)
        ]
    return done, server


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_clumsy_model_plays_to_the_end_behind_a_strict_server(mock: Domain, provider: str, stream: bool) -> None:
    answers = Strict(provider, stream)
    episodes, server = played(mock, answers, 20)
    for episode in episodes:
        assert episode.fault is None, episode.fault
        assert episode.termination == "user_stop"
        assert episode.errors == 3  # an unknown tool, arguments that cannot be read, nothing
        said = [message.content for message in episode.messages if message.role == "assistant" and message.content]
        assert said[-3:] == ["Let me see.", "Who are you?", "Goodbye."]
    assert sum(answers.refused.values()) <= 4, answers.refused  # what the first request taught holds for the others
    last = server.requests[-1].body["messages"]
    names = [one["function"]["name"] for message in last for one in message.get("tool_calls", ())]
    assert names[-4:] == ["functions_get_users", "get_users", "get_users__channel__json", "get_users"]


def sent(*messages: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """What a server is sent of a dialogue."""
    return ask(completion(), messages=messages, tools=[ORDER], **settings).body["messages"]  # type: ignore[no-any-return]  # JSON


def calling(*calls: dict[str, Any], content: str | None = None, **more: Any) -> dict[str, Any]:
    """A message of the model that calls."""
    return {"role": "assistant", "content": content, "tool_calls": list(calls), **more}


def result(identity: str, text: str = "ok") -> dict[str, Any]:
    """The answer to a call."""
    return {"role": "tool", "content": text, "tool_call_id": identity}


USER = {"role": "user", "content": "Hello!"}


@pytest.mark.parametrize(
    ("name", "goes_back"),
    [
        ("get_order", "get_order"),
        ("functions.get_users", "functions_get_users"),
        ("get_users<|channel|>json", "get_users__channel__json"),
        ("get_users", "get_users"),
        ("1st", "_1st"),
        ("-x", "_-x"),
        ("ü", "_"),
        (" ", "_"),
        ("x" * 70, "x" * 64),
        ("get order", "get_order_edbbde99"),
    ],
)
def test_an_invented_name_goes_back_in_a_form_that_servers_take(name: str, goes_back: str) -> None:
    _, one, other = sent(USER, calling(call(name, {}, "c1")), result("c1", "Error: no such tool"))
    function = one["tool_calls"][0]["function"]
    assert function == {"name": goes_back, "arguments": "{}"}
    assert other["tool_call_id"] == one["tool_calls"][0]["id"]


def test_names_stay_apart_and_as_they_were_while_the_dialogue_grows() -> None:
    dialogue = [USER]
    seen: list[list[str]] = []
    for number, name in enumerate(["a.b", "a_b", "a.b", "a-b", "a b"]):
        dialogue += [calling(call(name, {}, f"c{number}")), result(f"c{number}")]
        seen.append([one["tool_calls"][0]["function"]["name"] for one in sent(*dialogue) if "tool_calls" in one])
    last = seen[-1]
    assert all(names == last[: len(names)] for names in seen)
    assert last[0] == last[2] == "a_b"
    assert len(set(last)) == 4


@pytest.mark.parametrize("identity", [None, "", "x" * 200, "call_0", "ü"])
def test_an_id_that_no_server_gave_is_of_nine_letters_and_digits(identity: str | None) -> None:
    dialogue = [USER, calling(call("get_order", {}, identity)), {**result("?"), "tool_call_id": identity}]
    _, one, other = sent(*dialogue)
    assert one["tool_calls"][0]["id"] == other["tool_call_id"] == "call00000"


def test_ids_are_each_others_for_all_calls_of_a_dialogue() -> None:
    twice = [calling(call("get_order", {}, "c"), call("get_order", {}, "c")), result("c", "1"), result("c", "2")]
    written = sent(USER, *twice, *twice)
    ids = [one["id"] for message in written for one in message.get("tool_calls", ())]
    assert ids == ["call00000", "call00001", "call00002", "call00003"]
    assert [message["tool_call_id"] for message in written if message["role"] == "tool"] == ids
    assert [message["content"] for message in written if message["role"] == "tool"] == ["1", "2", "1", "2"]


def test_an_id_that_the_server_gave_goes_back_as_it_was_and_once() -> None:
    with Server(completion(None, calls=[call("get_order", {}, "functions.get_order:0")])) as server:
        talk = ChatModel(ModelSettings(model="m", base_url=server.url)).start()
        dialogue = [USER]
        for _ in range(3):
            reply = asyncio.run(talk.complete(dialogue, [ORDER]))
            said = to_chat(reply.message("assistant"))
            dialogue = [*dialogue, said, result(reply.calls[0].id)]
    last = server.bodies[-1]["messages"]
    assert [one["id"] for message in last for one in message.get("tool_calls", ())] == [
        "functions.get_order:0",
        "call00000",
    ]


def test_each_call_is_followed_by_its_answer_in_order() -> None:
    called = calling(call("get_order", {}, "c1"), call("get_order", {}, "c2"), call("get_order", {}, "c3"))
    written = sent(USER, called, result("c3", "3"), result("c1", "1"), {"role": "assistant", "content": "Done."}, USER)
    assert [message["content"] for message in written[2:5]] == ["1", "(no result)", "3"]


def test_an_answer_to_a_call_that_is_not_there_is_told_by_the_other_side() -> None:
    assert sent(result("c1", "lost"), {"role": "assistant", "content": "Hm."})[0] == {
        "role": "user",
        "content": "Result of an earlier call: lost",
    }


def test_what_could_not_be_read_goes_back_as_the_model_wrote_it() -> None:
    broken = Message("assistant", None, (ToolCall("", {}, "call_0", "assistant", "It is no call.", '{"name": '),))
    empty = Message("assistant", None, (ToolCall("", {}, "call_0", "assistant", "It is empty.", ""),))
    for message, text in ((broken, '{"name": '), (empty, "(nothing)")):
        for tool_format in ("native", "hermes"):
            written = sent(USER, to_chat(message), result("call_0", "Error: …"), tool_format=tool_format)
            assert [one["role"] for one in written if one["role"] != "system"] == ["user", "assistant", "user"]
            assert written[-2]["content"] == text
            assert "Error: …" in written[-1]["content"]
            assert "tool_calls" not in written[-2]


def test_a_call_of_which_only_the_arguments_could_not_be_read_keeps_its_name() -> None:
    message = from_chat({"role": "assistant", "tool_calls": [call("get_order", "{", "c1")]})
    function = sent(USER, to_chat(message), result("c1"))[1]["tool_calls"][0]["function"]
    assert function == {"name": "get_order", "arguments": '{"raw": "{"}'}


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_no_message_is_empty(content: str | None) -> None:
    written = sent({"role": "user", "content": content}, {"role": "assistant", "content": content}, USER)
    assert [message["content"] for message in written] == ["(nothing)", "(nothing)", "Hello!"]
    assert sent(USER, calling(call("get_order", {}, "c1"), content=content), result("c1"))[1]["content"] in (
        None,
        " \n",
    )


def test_no_side_speaks_twice_in_a_row_and_results_are_followed_by_the_model() -> None:
    answer = {"role": "assistant", "content": "Yes?"}
    assert [message["content"] for message in sent(USER, USER, answer, answer, USER)] == [
        "Hello!\n\nHello!",
        "Yes?\n\nYes?",
        "Hello!",
    ]
    called = [calling(call("get_order", {}, "c1")), result("c1")]
    assert [message["role"] for message in sent(USER, answer, *called, USER)] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_half_a_surrogate_pair_in_arguments_or_names_can_be_sent() -> None:
    half = "\ud83d"
    message = Message("assistant", half, (ToolCall(f"get_{half}", {half: [half]}, "c1"),))
    one = sent(USER, to_chat(message), result("c1", half))[1]["tool_calls"][0]["function"]
    assert json.loads(one["arguments"]) == {"\ufffd": ["\ufffd"]}
    assert one["name"] == "get__"


@pytest.mark.parametrize("tool_format", ["native", "hermes"])
def test_where_the_user_must_begin_the_greeting_is_told_in_the_system_message(tool_format: str) -> None:
    system, greeting = {"role": "system", "content": "Be kind."}, {"role": "assistant", "content": "Welcome!"}
    written = sent(system, greeting, USER, tool_format=tool_format, greeting=False)
    assert [message["role"] for message in written] == ["system", "user"]
    assert "<said>\nWelcome!\n</said>" in written[0]["content"]
    assert written[0]["content"].startswith("Be kind.")
    alone = sent(greeting, USER, greeting=False)
    assert [message["role"] for message in alone] == ["system", "user"]
    begun = sent(system, calling(call("get_order", {}, "c1")), result("c1"), greeting=False)
    assert begun[1] == {"role": "user", "content": "(The conversation begins.)"}


LONG = [
    {"role": "system", "content": "Be kind."},
    {"role": "assistant", "content": "Welcome!"},
    {"role": "user", "content": "One."},
    {"role": "assistant", "content": "Two.", "reasoning_content": "no calls"},
    {"role": "user", "content": "Three."},
    calling(call("get_order", {}, "c1"), reasoning_content="earlier call"),
    result("c1"),
    {"role": "assistant", "content": "Four."},
    {"role": "user", "content": "Five."},
    calling(call("get_order", {}, "c2"), reasoning_content="this turn"),
    result("c2"),
]


@pytest.mark.parametrize("fields", [("reasoning",), ("reasoning_content",), ("reasoning", "reasoning_content"), ()])
@pytest.mark.parametrize(
    ("setting", "thoughts"),
    [
        ("auto", [None, None, "earlier call", "", "this turn"]),
        ("keep", ["", "no calls", "earlier call", "", "this turn"]),
        ("strip", [None] * 5),
    ],
)
def test_thoughts_go_back_as_set_and_under_the_names_under_which_they_came(
    fields: tuple[str, ...], setting: Any, thoughts: list[str | None]
) -> None:
    with Server(completion(**dict.fromkeys(fields, ""))) as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url, reasoning=setting))
        asyncio.run(model.start().complete(HELLO))
        asyncio.run(model.start().complete(LONG, [ORDER]))
    written = [message for message in server.bodies[-1]["messages"] if message["role"] == "assistant"]
    names = {"reasoning", "reasoning_content"}
    if not fields and setting == "auto":
        thoughts = [None] * 5
    for message, thought in zip(written, thoughts, strict=True):
        there = {name: message[name] for name in names & set(message)}
        wanted = fields or (("reasoning_content",) if thought else ())
        assert there == ({} if thought is None else dict.fromkeys(wanted, thought))


def test_fields_that_a_server_does_not_know_are_left_out_from_then_on() -> None:
    def answer(request: Request) -> Any:
        if "seed" in request.body:
            return error(400, "Unrecognized request argument supplied: seed")
        if "stream_options" in request.body:
            return error(422, "body.stream_options: Extra inputs are not permitted")
        return streamed(completion())

    with Server(answer) as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url, stream=True))
        for _ in range(2):
            talk = model.start(seed=1)
            assert asyncio.run(talk.complete(HELLO)).text == "Hello."
    assert [("seed" in body, "stream_options" in body) for body in server.bodies] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]


def test_a_servers_further_fields_go_back_to_it_until_it_minds_them() -> None:
    signed = {**call("get_order", {}, "c1"), "extra_content": {"google": {"thought_signature": "s"}}}
    first = completion(None, calls=[signed], annotations=[{"url": "x"}], reasoning_details=[{"data": "y"}], audio=None)

    def answer(request: Request) -> Any:
        if any("annotations" in message for message in request.body["messages"]):
            return error(400, "Unknown parameter: 'messages[1].annotations'.")
        return first if len(request.body["messages"]) == 2 else completion("Done.")

    with Server(answer) as server:
        talk = ChatModel(ModelSettings(model="m", base_url=server.url)).start()
        reply = asyncio.run(talk.complete(HELLO, [ORDER]))
        said = to_chat(reply.message("assistant"))
        assert asyncio.run(talk.complete([*HELLO, said, result("c1")], [ORDER])).text == "Done."
    assert len(server.bodies) == 3
    back = server.bodies[-1]["messages"][2]
    assert back["reasoning_details"] == [{"data": "y"}]
    assert back["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "s"}}
    assert "annotations" not in back


def test_a_server_that_only_minds_is_told_of_with_its_own_words() -> None:
    asked = ask(error(400, "Unknown parameter: 'seed'."), seed=1)
    assert isinstance(asked.outcome, RefusedError)
    assert len(asked.requests) == 2
    assert "Unknown parameter: 'seed'" in str(asked.outcome)


def test_a_form_that_did_not_help_is_not_kept() -> None:
    with Server(
        error(400, "messages: first message must use the user role"), error(400, "No."), completion()
    ) as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url))
        dialogue = [{"role": "assistant", "content": "Welcome!"}, USER]
        with pytest.raises(RefusedError):
            asyncio.run(model.start().complete(dialogue))
        asyncio.run(model.start().complete(dialogue))
    assert [len(body["messages"]) for body in server.bodies] == [2, 2, 2]
    assert [body["messages"][0]["role"] for body in server.bodies] == ["assistant", "system", "assistant"]


def test_what_the_user_set_is_sent_even_if_the_server_minds_it() -> None:
    asked = ask(error(400, "Unknown parameter: 'top_k'."), arguments={"top_k": 5})
    assert (len(asked.requests), asked.body["top_k"]) == (1, 5)


@given(
    st.lists(
        st.one_of(
            st.builds(lambda text: {"role": "user", "content": text}, st.text(max_size=3)),
            st.builds(lambda text: {"role": "assistant", "content": text}, st.none() | st.text(max_size=3)),
            st.builds(lambda one: result(one), st.sampled_from(["c1", "c2", ""])),
            st.builds(
                lambda names, text: calling(*(call(name, {}, f"c{at}") for at, name in names), content=text),
                st.lists(st.tuples(st.integers(1, 2), st.text(max_size=4)), min_size=1, max_size=3),
                st.none() | st.just("") | st.text(max_size=3),
            ),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.booleans(),
)
def test_whatever_the_dialogue_is_what_is_sent_is_valid(
    dialogue: list[dict[str, Any]], user_first: bool, lone_calls: bool
) -> None:
    form = Form(user_first=user_first, lone_calls=lone_calls)
    written = with_calls(
        [{"role": "system", "content": "s"}, *dialogue], form, tools=["get_order"], thought_fields=(), issued=()
    )
    assert strict.openai({"messages": written}) is None
    assert not user_first or strict.anthropic({"messages": written}) is None
    if user_first and lone_calls:
        assert strict.mistral({"messages": written}) is None
    json.dumps(written, ensure_ascii=False)
