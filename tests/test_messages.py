"""Messages: chat format in and out, and what counts as a tool call in what an agent wrote."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolgym.actions import parse_action
from toolgym.errors import DataError
from toolgym.messages import (
    MAX_EXTRA,
    OUT_OF_SCOPE,
    STOP,
    TRANSFER,
    AgentID,
    Message,
    Role,
    ToolCall,
    canonical_arguments,
    from_chat,
    is_stop,
    to_chat,
)

SIDES: list[AgentID] = ["assistant", "user"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(st.text(), JSON, max_size=4)
CALLS = st.lists(st.tuples(st.text(), ARGUMENTS, st.text(min_size=1)), max_size=3)


def _message(role: AgentID, content: str | None, calls: list[tuple[str, dict[str, Any], str]]) -> Message:
    made = tuple(ToolCall(name, arguments, identity, role) for name, arguments, identity in calls)
    return Message(role, content, made)


def _only_call(message: Message) -> ToolCall:
    (call,) = message.tool_calls
    return call


def _call(**more: Any) -> dict[str, Any]:
    return {"name": "pay", "arguments": {"cents": 5}, **more}


# Chat format


@given(role=st.sampled_from(SIDES), content=st.none() | st.text(), calls=CALLS)
def test_a_message_survives_the_chat_format(role: AgentID, content: str | None, calls: Any) -> None:
    message = _message(role, content, calls)
    chat = to_chat(message)
    assert from_chat(chat) == message
    assert from_chat(json.loads(json.dumps(chat))) == message


@given(content=st.text(), identity=st.text(min_size=1), side=st.sampled_from(SIDES))
def test_a_result_and_a_prompt_survive_the_chat_format(content: str, identity: str, side: AgentID) -> None:
    result = Message("tool", content, tool_call_id=identity, requestor=side)
    assert from_chat(to_chat(result), side) == result
    prompt = Message("system", content)
    assert from_chat(to_chat(prompt)) == prompt


def test_the_chat_format_writes_arguments_as_json_text() -> None:
    chat = to_chat(Message("assistant", "One moment.", (ToolCall("pay", {"cents": 5}, "c1"),)))
    function = {"name": "pay", "arguments": '{"cents": 5}'}
    called = [{"id": "c1", "type": "function", "function": function}]
    assert chat == {"role": "assistant", "content": "One moment.", "tool_calls": called}
    assert to_chat(Message("user", "Hi")) == {"role": "user", "content": "Hi"}
    result = Message("tool", "{}", tool_call_id="c1")
    assert to_chat(result) == {"role": "tool", "content": "{}", "tool_call_id": "c1"}


def test_a_call_that_did_not_parse_keeps_its_own_text_in_the_chat_format() -> None:
    text = '{"name": "pay", "arguments": {'
    message = parse_action(text)
    chat = to_chat(message)
    function = chat["tool_calls"][0]["function"]
    assert function["name"] == "invalid_call"
    assert json.loads(function["arguments"]) == {"raw": text}  # any server can read the history that holds it


def test_calls_may_be_flat_as_tau2_writes_them() -> None:
    flat = {"id": "c1", "name": "pay", "arguments": {"cents": 5}, "requestor": "assistant"}
    message = from_chat({"role": "assistant", "content": None, "tool_calls": [flat], "turn_idx": 3})
    assert _only_call(message) == ToolCall("pay", {"cents": 5}, "c1")


def test_tau2s_results_are_read_with_id_requestor_and_error() -> None:
    chat = {"role": "tool", "id": "c1", "content": "Error: no", "requestor": "user", "error": True}
    assert from_chat(chat) == Message("tool", "Error: no", tool_call_id="c1", requestor="user", error=True)


def test_a_users_calls_are_the_users() -> None:
    message = from_chat({"role": "user", "tool_calls": [_call(id="c1")]})
    assert _only_call(message).requestor == "user"


@pytest.mark.parametrize("tokens", [-1, 1.5, "7", None])
def test_a_count_of_tokens_that_is_none_is_not_taken_for_one(tokens: Any) -> None:
    assert from_chat({"role": "user", "content": "Hi", "tokens": tokens}).tokens is None
    assert from_chat({"role": "user", "content": "Hi", "tokens": 7}).tokens == 7


@pytest.mark.parametrize(
    ("chat", "text"),
    [
        ({"content": "Hi"}, "role None"),
        ({"role": "agent", "content": "Hi"}, "allowed are system, assistant, user and tool"),
        ({"role": "user", "content": 5}, "content must be text, null or a list of parts, got int"),
        ({"role": "user", "content": {"text": "Hi"}}, "content must be text, null or a list of parts, got dict"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "of the kind 'image_url'; only text"),
        ({"role": "user", "content": [5]}, "a part without text: 5"),
        ({"role": "user", "content": [{"type": "text"}]}, "a part without text"),
        ({"role": "user", "content": [{"type": "text", "text": [5]}]}, "a part without text"),
        ({"role": "assistant", "tool_calls": {"name": "pay"}}, "tool_calls must be a list or null, got dict"),
        ({"role": "assistant", "tool_calls": "pay"}, "tool_calls must be a list or null, got str"),
        ({"role": "assistant", "tool_calls": ["pay"]}, "a tool call must be a mapping, got str"),
        ({"role": "assistant", "tool_calls": [{"arguments": {}}]}, "a tool call must have a text 'name'"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": 5}}]}, "a tool call must have a text 'name'"),
    ],
)
def test_what_is_not_in_chat_format_is_a_mistake_of_the_caller(chat: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        from_chat(chat)


@pytest.mark.parametrize("arguments", ["{", "[]", "5", '"x"', "NaN", '{"a": NaN}', '"[]"', '{"a": 1} {', [], 5])
def test_arguments_that_are_no_json_object_are_a_problem_of_the_call(arguments: Any) -> None:
    call = _only_call(from_chat({"role": "assistant", "tool_calls": [_call(arguments=arguments)]}))
    assert call.name == "pay"
    assert call.arguments == {}
    assert call.problem is not None
    assert call.problem.startswith("The arguments ")


@pytest.mark.parametrize("arguments", ["", " {} ", None, "null", '""', '"{}"', '"null"', " null\n"])
def test_a_call_without_arguments_has_none(arguments: Any) -> None:
    for function in ({"name": "pay"}, {"name": "pay", "arguments": arguments}):
        call = _only_call(from_chat({"role": "assistant", "tool_calls": [{"id": "c", "function": function}]}))
        assert (call.arguments, call.problem) == ({}, None)
    action = parse_action(json.dumps({"name": "pay", "arguments": arguments}))
    assert (_only_call(action).arguments, _only_call(action).problem) == ({}, None)


def test_arguments_that_are_json_text_in_json_text_are_read() -> None:
    twice = json.dumps(json.dumps({"cents": 5}))
    for action in ({"name": "pay", "arguments": twice}, json.dumps({"name": "pay", "arguments": json.loads(twice)})):
        assert _only_call(parse_action(action)).arguments == {"cents": 5}
    thrice = _only_call(parse_action({"name": "pay", "arguments": json.dumps(twice)}))
    assert thrice.problem == "The arguments must be a JSON object, got str."


@pytest.mark.parametrize("role", ["assistant", "user", "system", "tool"])
@pytest.mark.parametrize(
    ("parts", "text", "thought"),
    [
        ([{"type": "text", "text": "Which "}, {"type": "text", "text": "size?"}], "Which size?", None),
        ([{"type": "output_text", "text": "Which size?", "annotations": []}], "Which size?", None),
        (["Which size?"], "Which size?", None),
        ([{"text": "Which size?"}], "Which size?", None),
        ([{"type": "refusal", "refusal": "I will not."}], "I will not.", None),
        ([{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Hi."}], "Hi.", "Hm."),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}], "", "Hm."),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}, "Hi."], "Hi.", "Hm."),
        ([{"type": "reasoning", "text": "Hm."}, {"type": "redacted_thinking", "data": "x"}, "Hi."], "Hi.", "Hm."),
        ([{"text": "Hm.", "thought": True}, {"text": "Hi."}], "Hi.", "Hm."),
        ([], "", None),
    ],
)
def test_content_in_parts_is_its_joined_text(role: str, parts: Any, text: str, thought: str | None) -> None:
    message = from_chat({"role": role, "content": parts})
    assert message.content == text
    assert message.reasoning == (thought if role != "tool" else None)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_in_a_field_are_the_messages(name: str) -> None:
    assert from_chat({"role": "assistant", "content": "Hi.", name: "Hm."}).reasoning == "Hm."


FOREIGN = {
    "role": "assistant",
    "content": None,
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}],
    "annotations": [],
    "audio": None,
    "tool_calls": [
        {
            "id": "c1",
            "type": "function",
            "index": 0,
            "extra_content": {"google": {"thought_signature": "s"}},
            "function": {"name": "pay", "arguments": '{"cents": 5}', "thought_signature": "t"},
        }
    ],
}


def test_further_fields_of_a_servers_message_and_call_go_back_where_they_stood() -> None:
    message = from_chat(FOREIGN, extra=True)
    chat = to_chat(message)
    (call,) = chat["tool_calls"]
    assert chat["reasoning_details"] == FOREIGN["reasoning_details"]
    assert call["extra_content"] == {"google": {"thought_signature": "s"}}
    assert call["function"] == {"name": "pay", "arguments": '{"cents": 5}', "thought_signature": "t"}
    assert not {"annotations", "audio", "index"} & {*chat, *call}
    assert from_chat(chat, extra=True) == message
    plain = from_chat(FOREIGN)
    assert (plain.extra, _only_call(plain).extra) == (None, None)


def test_further_fields_that_are_too_long_are_not_kept() -> None:
    assert from_chat({**FOREIGN, "long": "x" * MAX_EXTRA}, extra=True).extra is None


def test_a_call_that_cannot_be_read_keeps_its_further_fields_too() -> None:
    broken = {"function": {"name": "pay", "arguments": "{"}, "extra_content": {"a": 1}}
    call = _only_call(from_chat({"role": "assistant", "tool_calls": [broken]}, extra=True))
    assert call.problem
    assert call.extra == {"extra_content": {"a": 1}}


# Text actions


@pytest.mark.parametrize("side", SIDES)
def test_plain_text_is_said(side: AgentID) -> None:
    for text in ("Hello!", "x {y} ", "[1, 2]", "f(x=1)", "Hello (there)", "```\ncode\n```", "name: pay", "x {"):
        assert parse_action(text, side) == Message(side, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "pay", "arguments": {"cents": 5}}',
        ' \n{"name": "pay", "arguments": {"cents": 5}}\n',
        '```json\n{"name": "pay", "arguments": {"cents": 5}}\n```',
        '```\n{"name": "pay", "arguments": {"cents": 5}}\n```',
        '[{"name": "pay", "arguments": {"cents": 5}}]',
        '<tool_call>{"name": "pay", "arguments": {"cents": 5}}</tool_call>',
        '<tool_call>\n{"name": "pay", "arguments": {"cents": 5}}\n</tool_call>\n',
    ],
)
def test_a_call_is_recognised_however_it_is_wrapped(text: str) -> None:
    assert parse_action(text, "user") == Message("user", None, (ToolCall("pay", {"cents": 5}, "call_0", "user"),))


def test_several_calls_in_one_message_are_kept_in_order_with_what_is_said() -> None:
    first, second = '{"name": "pay", "arguments": {}}', '{"name": "show", "arguments": {"n": 1}}'
    listed = parse_action(f"[{first}, {second}]")
    assert [(call.name, call.id) for call in listed.tool_calls] == [("pay", "call_0"), ("show", "call_1")]
    marked = parse_action(f"Let me see.<tool_call>{first}</tool_call> <tool_call>{second}</tool_call>")
    assert marked.tool_calls == listed.tool_calls
    assert marked.content == "Let me see."


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ('{"name": "pay", "arguments": {', "not JSON"),
        ('{"name": "pay", "arguments": {"cents": 05}}', "not JSON"),
        ('{"name": "pay", "arguments": {"cents": NaN}}', "NaN is not JSON"),
        ("{'name': 'pay', 'arguments': {}}", "not JSON"),
        ('{"name": "pay", "parameters": {}}', "no text 'name' and object 'arguments'"),
        ('{"name": 5, "arguments": {}}', "no text 'name' and object 'arguments'"),
        ('{"name": "pay", "arguments": "cents"}', "no text 'name' and object 'arguments'"),
        ('{"cents": 5}', "no text 'name' and object 'arguments'"),
        ("[{}]", "no text 'name' and object 'arguments'"),
        ('[{"name": "pay", "arguments": {}}', "not JSON"),
        ('<tool_call>{"name": "pay", "arguments": {}}', "not closed"),
        ("<tool_call>pay</tool_call>", "not JSON"),
        ('I call {"name": "pay", "arguments": {}} now', "mixed"),
        ('{"name": "pay", "arguments": {}} Done!', "not JSON"),
        ('{"name": "a", "arguments": {"x": ' + "[" * 100_000 + "]" * 100_000 + "}}", "nested too deeply"),
        ('{"name": "a", "arguments": {"x": ' + "9" * 5_000 + "}}", "not JSON"),
    ],
    ids=lambda text: text[:40],
)
def test_what_looks_like_a_call_but_is_none_is_a_problem_and_never_said(text: str, why: str) -> None:
    message = parse_action(text)
    assert message.content is None
    call = _only_call(message)
    assert call.problem is not None
    assert why in call.problem
    assert call.raw is not None
    assert call.id == "call_0"


@given(text=st.text())
def test_any_text_is_either_said_or_calls(text: str) -> None:
    message = parse_action(text)
    assert message.tool_calls or message.content == text
    for call in message.tool_calls:
        assert call.problem is not None or json.loads(canonical_arguments(call.arguments)) == call.arguments


@given(name=st.text(), arguments=ARGUMENTS, side=st.sampled_from(SIDES))
@example(name="note", arguments={"text": "<tool_call>x"}, side="assistant")
def test_a_call_written_as_json_text_is_read_back(name: str, arguments: dict[str, Any], side: AgentID) -> None:
    message = parse_action(json.dumps({"name": name, "arguments": arguments}), side)
    assert message == Message(side, None, (ToolCall(name, arguments, "call_0", side),))


@pytest.mark.parametrize(
    "text",
    ["<tool_call>" * 3_000, '"name":' * 12_000, "```" + "\n" * 12_000 + "x"],
    ids=["unclosed calls", "names", "a fence"],
)
def test_a_text_that_repeats_itself_is_read_at_once(text: str) -> None:
    began = time.thread_time()
    parse_action(text)
    assert time.thread_time() - began < 0.3  # reading it takes milliseconds, going back at every start seconds


# Mappings and messages


def test_a_mapping_may_be_one_bare_call_or_a_chat_message() -> None:
    call = ToolCall("pay", {"cents": 5}, "call_0")
    assert parse_action(_call()) == Message("assistant", None, (call,))
    assert parse_action({"name": "pay", "arguments": '{"cents": 5}'}) == Message("assistant", None, (call,))
    assert parse_action({"content": None, "tool_calls": [_call()]}) == Message("assistant", None, (call,))
    assert parse_action({"content": "Hi", "tokens": 3}) == Message("assistant", "Hi", tokens=3)


@pytest.mark.parametrize("side", SIDES)
def test_the_side_that_acts_is_the_requestor_whatever_the_action_says(side: AgentID) -> None:
    other: AgentID = "user" if side == "assistant" else "assistant"
    role: Role = other
    actions: list[Any] = [
        _call(requestor=other),
        {"role": role, "tool_calls": [_call(requestor=other)]},
        Message(role, None, (ToolCall("pay", {}, "", other),)),
        json.dumps(_call(requestor=other)),
    ]
    for action in actions:
        message = parse_action(action, side)
        assert message.role == side
        assert [call.requestor for call in message.tool_calls] == [side]


@pytest.mark.parametrize(
    "action",
    [
        '[{"name": "a", "arguments": {}, "id": "call_1"}, {"name": "b", "arguments": {}}]',
        '<tool_call>[{"name": "a", "arguments": {}}, {"name": "b", "arguments": {}}]</tool_call>'
        '<tool_call>{"name": "c", "arguments": {}}</tool_call>',
        {"tool_calls": [{"name": "a", "arguments": {}, "id": "x"}, {"name": "b", "arguments": {}, "id": "x"}]},
        Message("assistant", None, (ToolCall("a", {}, "call_1"), ToolCall("b"))),
    ],
    ids=["a list", "blocks", "a mapping", "a message"],
)
def test_every_call_of_a_message_has_an_id_of_its_own(action: Any) -> None:
    identities = [call.id for call in parse_action(action).tool_calls]
    assert all(identities)
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("identity", [5, True, float("nan"), ["x"], {"a": 1}, "", None])
def test_an_id_that_is_no_text_is_replaced_by_one(identity: Any) -> None:
    for action in (_call(id=identity), {"tool_calls": [_call(id=identity)]}, json.dumps(_call(id=identity))):
        assert _only_call(parse_action(action)).id == "call_0"


def test_names_of_arguments_are_text_as_json_has_it() -> None:
    call = _only_call(parse_action({"name": "pay", "arguments": {1: {2: 3}}}))
    assert call.problem is not None or call.arguments == {"1": {"2": 3}}


@pytest.mark.parametrize("action", [{}, {"content": "  "}, {"content": None, "tool_calls": []}, Message("user", "")])
def test_a_message_of_nothing_is_a_problem(action: Any) -> None:
    call = _only_call(parse_action(action))
    assert call.problem is not None
    assert "empty" in call.problem


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 10**5_000, {1: 2, "a": 3}, {1, 2}, b"x", object()],
    ids=lambda value: type(value).__name__,
)
def test_arguments_that_are_not_json_are_a_problem_of_the_call(value: Any) -> None:
    call = _only_call(parse_action({"name": "pay", "arguments": {"x": value}}))
    assert call.problem is not None
    assert call.arguments == {}


@pytest.mark.parametrize("action", [None, 5, ["Hi"], b"Hi", {"content": 5}, {"name": 5}])
def test_what_cannot_be_an_action_is_a_mistake_of_the_caller(action: Any) -> None:
    with pytest.raises(DataError):
        parse_action(action)


# Small things


def test_a_dialogue_stops_at_the_marks_and_nowhere_else() -> None:
    for mark in (STOP, TRANSFER, OUT_OF_SCOPE):
        assert is_stop(f"Thank you. {mark}")
    for text in ("", "STOP", "### STOP ###", "###stop###", "###"):
        assert not is_stop(text)


def test_equal_arguments_have_equal_text_whatever_their_order() -> None:
    assert canonical_arguments({"b": 1, "a": [1, {"d": 2, "c": 3}]}) == '{"a": [1, {"c": 3, "d": 2}], "b": 1}'
    assert canonical_arguments({"a": 1}) != canonical_arguments({"a": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_arguments({"a": float("nan")})
