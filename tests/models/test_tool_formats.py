"""Calls as text: how tools, calls and results are written, and what is read from a reply."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pytest
from asking import HELLO, ORDER, ask
from hypothesis import given
from hypothesis import strategies as st
from server import completion

from toolgym.actions import parse_action
from toolgym.actions.thoughts import split_thoughts
from toolgym.messages import Message, ToolCall, to_chat
from toolgym.models.tool_formats import TextFormat, in_text, read_calls, write_calls

FORMATS: tuple[TextFormat, ...] = get_args(TextFormat)
EVERY = pytest.mark.parametrize("tool_format", FORMATS)
CALLS = (ToolCall("get_order", {"order_id": "#W1", "lines": 2}, "c1"), ToolCall("get_order", {"order_id": "ü"}, "c2"))

MARKS = ["<tool_call>", "</tool_call>", "<function=f>", "</function>", "<parameter=x>", "</parameter>", "<think>"]
MARKS += [
    "</think>",
    "<|python_tag|>",
    "&lt;",
    "&amp;lt;",
    "&amp;",
    "<",
    ";",
    "\n",
    '"',
    "\\",
    "null",
    "###",
    "ü",
    "\u2028",
]
TEXTS = st.text() | st.lists(st.sampled_from(MARKS) | st.text(max_size=2)).map("".join)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TYPED: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "integer": st.integers(),
    "number": FLOATS | st.integers(),
    "boolean": st.booleans(),
    "array": st.lists(JSON, max_size=3),
    "object": st.dictionaries(TEXTS, JSON, max_size=3),
    "null": st.none(),
}


def tool(name: str, parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A tool with these parameters' schemas."""
    schema = {"type": "object", "properties": dict(parameters), **more}
    return {"type": "function", "function": {"name": name, "description": "", "parameters": schema}}


@st.composite
def typed_calls(draw: st.DrawFn) -> tuple[list[ToolCall], list[dict[str, Any]]]:
    """Calls, and the tools to whose types they keep."""
    calls, tools = [], []
    for position, name in enumerate(draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))):
        kinds = draw(st.dictionaries(NAMES, st.sampled_from(sorted(TYPED)), max_size=4))
        arguments = {parameter: draw(TYPED[kind]) for parameter, kind in kinds.items()}
        tools.append(tool(name, {parameter: {"type": kind} for parameter, kind in kinds.items()}))
        calls.append(ToolCall(name, arguments, f"call_{position}"))
    return calls, tools


def same(calls: Sequence[ToolCall]) -> str:
    """What must be equal: also 1 and 1.0 are told apart, and so are 0.0 and -0.0."""
    return repr([(call.name, dict(call.arguments), call.problem, call.requestor) for call in calls])


@EVERY
@given(typed_calls(), st.sampled_from(["", "Let me see.", "A\nlonger text"]))
def test_calls_come_back_from_text_as_they_were(
    tool_format: TextFormat, given_: tuple[list[ToolCall], list[dict[str, Any]]], before: str
) -> None:
    calls, tools = given_
    message = to_chat(Message("assistant", before or None, tuple(calls)))
    (written,) = in_text([message], [], tool_format)
    thoughts, text = split_thoughts(written["content"])
    said, read = read_calls(text, tools, tool_format)
    assert thoughts == []
    assert same(read) == same(calls)
    assert said == (before or None)


@pytest.mark.parametrize("tool_format", ["hermes", "llama"])
@given(name=NAMES, arguments=st.dictionaries(TEXTS, JSON, max_size=4))
def test_json_formats_need_no_schema(tool_format: TextFormat, name: str, arguments: dict[str, Any]) -> None:
    call = ToolCall(name, arguments)
    _, read = read_calls(write_calls([call], tool_format), [], tool_format)
    assert same(read) == same([call])


@EVERY
@given(
    st.lists(st.sampled_from([*MARKS, '{"name": "f", ', '"arguments": {}}', "[f(x=1)]", "[f(", "(", ")]", "a", " "]))
)
def test_any_text_is_read_and_nothing_like_a_call_is_said(tool_format: TextFormat, parts: list[str]) -> None:
    text = "".join(parts)
    said, calls = read_calls(text, [ORDER], tool_format)
    if not calls:
        assert said == (text if text.strip() else None)
        assert not any(mark in text for mark in ("<tool_call>", "<function=", "<|python_tag|>"))
    for call in calls:
        assert call.problem is None or call.raw is not None


def test_hermes_is_written_as_its_models_write_it() -> None:
    assert write_calls(CALLS[:1], "hermes") == (
        '<tool_call>\n{"name": "get_order", "arguments": {"order_id": "#W1", "lines": 2}}\n</tool_call>'
    )


def test_qwen_is_written_as_its_models_write_it() -> None:
    assert write_calls(CALLS[:1], "qwen") == (
        "<tool_call>\n<function=get_order>\n<parameter=order_id>\n#W1\n</parameter>\n"
        "<parameter=lines>\n2\n</parameter>\n</function>\n</tool_call>"
    )


def test_llama_is_written_as_its_models_write_it() -> None:
    assert write_calls(CALLS[:2], "llama") == (
        '{"name": "get_order", "parameters": {"order_id": "#W1", "lines": 2}}; '
        '{"name": "get_order", "parameters": {"order_id": "\\u00fc"}}'
    )


@pytest.mark.parametrize(
    ("text", "said", "calls"),
    [
        ('<|python_tag|>{"name": "f", "parameters": {"x": "a;b"}}', None, [("f", {"x": "a;b"})]),
        ('{"name": "f", "parameters": {}}<|eom_id|>', None, [("f", {})]),
        (
            '{"name": "f", "arguments": {}} ;\n{"name": "g", "parameters": {"x": null}};',
            None,
            [("f", {}), ("g", {"x": None})],
        ),
        ('[{"name": "f", "parameters": {}}]', None, [("f", {})]),
        ("Let me see. <|python_tag|>[f(x=1)]", "Let me see.", [("f", {"x": 1})]),
        (
            "[f(x=-1.5, y=\"it's\", z=[True, false, None, null]), shop.g(), h(o={'a': {'b': '\\d'}})]",
            None,
            [
                ("f", {"x": -1.5, "y": "it's", "z": [True, False, None, None]}),
                ("shop.g", {}),
                ("h", {"o": {"a": {"b": "\\d"}}}),
            ],
        ),
        ("[see below] It is 5 (five).", "[see below] It is 5 (five).", []),
        ("Your order {#W1} is on its way.", "Your order {#W1} is on its way.", []),
    ],
)
def test_the_forms_of_llama_are_read(text: str, said: str | None, calls: list[tuple[str, dict[str, Any]]]) -> None:
    got, read = read_calls(text, [ORDER], "llama")
    assert got == said
    assert [(call.name, call.arguments) for call in read] == calls
    assert all(call.problem is None for call in read)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"name": "f", "parameters": {', "is not JSON"),
        ('{"name": "f", "parameters": {"x": NaN}}', "NaN is not JSON"),
        ('{"name": "f", "parameters": []}', "no text 'name' and object 'parameters'"),
        ('{"name": "f", "parameters": {}} Done.', "After a tool call stands what is none: 'Done.'"),
        ('Sure: {"name": "f", "parameters": {}}', "does not stand alone"),
        ("<|python_tag|>print(1)", "does not stand alone"),
        ("[f(1)]", "The arguments of f must each have a name."),
        ("[f(**x)]", "The arguments of f must each have a name."),
        ("[f(x=y)]", "An argument is no value that JSON has."),
        ("[f(x=open('a'))]", "An argument is no value that JSON has."),
        ("[f(x={1: 2})]", "An argument is no value that JSON has."),
        ("[f(x=1), 2]", "stands what is no call"),
        ("[f(x=1)", "is not one in Python"),
        ("[f(x=" + "[" * 5000 + "]" * 5000 + ")]", "is not one in Python"),
        ("<function=f>{}</function>", "not in the form in which you call tools"),
    ],
)
def test_what_looks_like_a_call_of_llama_and_is_none_has_a_problem(text: str, problem: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said, (call,) = read_calls(text, [ORDER], "llama", "user")
    assert said is None
    assert problem in str(call.problem)
    assert (call.raw, call.requestor) == (text, "user")


@pytest.mark.parametrize("arguments", [None, "null", "", " ", "{}", '"{}"', '"null"', {}, "missing"])
@pytest.mark.parametrize("tool_format", ["native", "hermes", "llama"])
def test_no_arguments_are_read_alike_in_every_form(tool_format: Any, arguments: Any) -> None:
    key = "parameters" if tool_format == "llama" else "arguments"
    value = {"name": "get_order"} if arguments == "missing" else {"name": "get_order", key: arguments}
    _, (call,) = read_calls(json.dumps(value), [ORDER], tool_format)
    assert (call.name, call.arguments, call.problem) == ("get_order", {}, None)


def test_llamas_arguments_may_be_encoded_twice() -> None:
    encoded = json.dumps({"order_id": "#W1"})
    for arguments in (encoded, json.dumps(encoded)):
        _, (call,) = read_calls(json.dumps({"name": "get_order", "parameters": arguments}), [ORDER], "llama")
        assert (call.arguments, call.problem) == ({"order_id": "#W1"}, None)


def xml(value: str, parameter: str = "x") -> str:
    """A call of f in the form of Qwen 3 Coder."""
    return f"<tool_call><function=f><parameter={parameter}>{value}</parameter></function></tool_call>"


@pytest.mark.parametrize(
    ("schema", "value", "read"),
    [
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, "\n\n two\nlines \n\n", "\n two\nlines \n"),
        ({"enum": ["a", "b"]}, "a", "a"),
        ({}, "5", "5"),
        ({"type": "integer"}, "\n5\n", 5),
        ({"type": "integer"}, "five", "five"),
        ({"enum": [1, 2]}, "2", 2),
        ({"const": True}, "true", True),
        ({"type": "number"}, "5.0", 5.0),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, "false", False),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "None", None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "null", None),
        ({"type": ["string", "null"]}, "None", "None"),
        ({"type": "array", "items": {"type": "string"}}, '["a", "b"]', ["a", "b"]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"$ref": "#/$defs/Size"}, "9", 9),
        ({"type": "array"}, "[" * 100_000, "[" * 100_000),
    ],
)
def test_qwens_values_are_read_by_the_schema(schema: dict[str, Any], value: str, read: Any) -> None:
    tools = [ORDER, tool("f", {"x": schema}, **{"$defs": {"Size": {"type": "integer"}}})]
    said, (call,) = read_calls(f"One moment.\n{xml(value)}", tools, "qwen")
    assert said == "One moment."
    assert call.arguments == {"x": read}
    assert type(call.arguments["x"]) is type(read)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<tool_call><function=f></function>", "A <tool_call> is not closed."),
        ("<tool_call>f()</tool_call>", "is not one whole <function=…>…</function>"),
        ('<tool_call>{"name": "f", "arguments": {}}</tool_call>', "is not one whole <function=…>…</function>"),
        ("<tool_call><function=f><parameter=x>1</function></tool_call>", "no whole <parameter=…>…</parameter>"),
        ("<tool_call><function=f>x=1</function></tool_call>", "no whole <parameter=…>…</parameter>"),
        (xml("1<parameter=y>2"), "The parameter x is not closed."),
        (xml("1</parameter><parameter=x>2"), "The parameter x is given twice."),
        ("<function=f></function>", "not in the form in which you call tools"),
        ('{"name": "f", "arguments": {}}', "not in the form in which you call tools"),
    ],
)
def test_what_looks_like_a_call_of_qwen_and_is_none_has_a_problem(text: str, problem: str) -> None:
    said, (call,) = read_calls(text, [ORDER], "qwen")
    assert said is None
    assert problem in str(call.problem)
    assert "<function=NAME>" in str(call.problem)
    assert call.raw == text


@pytest.mark.parametrize("text", ["<function=f></function>", "Let me. <|python_tag|>f()", "done</tool_call>"])
@pytest.mark.parametrize("tool_format", ["native", "hermes"])
def test_a_call_in_another_familys_form_is_not_said(text: str, tool_format: Any) -> None:
    said, (call,) = read_calls(text, [ORDER], tool_format)
    assert said is None
    assert "not in the form in which you call tools" in str(call.problem)


@pytest.mark.parametrize("text", ['{"name": "f", "arguments": {"x": 1}}', "Hello.", '<tool_call>{"a"}</tool_call>!'])
def test_hermes_is_what_an_episode_takes_text_for(text: str) -> None:
    message = parse_action(text)
    assert read_calls(text, [ORDER], "hermes") == (message.content, message.tool_calls)


@EVERY
def test_tools_go_into_the_system_message_and_not_beside_the_dialogue(tool_format: TextFormat) -> None:
    asked = ask(completion(), tools=[ORDER], tool_format=tool_format)
    system, user = asked.body["messages"]
    assert "tools" not in asked.body
    assert system["content"].startswith("Be kind.\n\n# Tools\n\n")
    assert f"<tools>\n{json.dumps(ORDER)}\n</tools>" in system["content"]
    assert user == HELLO[1]
    assert HELLO[0]["content"] == "Be kind."
    alone = ask(completion(), tools=[ORDER], tool_format=tool_format, messages=HELLO[1:]).body["messages"]
    assert alone[0]["role"] == "system"
    assert alone[0]["content"].startswith("# Tools")
    assert ask(completion(), tool_format=tool_format).body["messages"] == HELLO


@EVERY
def test_earlier_calls_and_results_are_text(tool_format: TextFormat) -> None:
    history = [
        *HELLO,
        to_chat(Message("assistant", None, CALLS)),
        to_chat(Message("tool", "pending", tool_call_id="c1")),
        to_chat(Message("tool", "not found", tool_call_id="c2", error=True)),
        to_chat(Message("assistant", "It is pending.")),
    ]
    written = in_text(history, [], tool_format)
    assert [message["role"] for message in written] == ["system", "user", "assistant", "user", "assistant"]
    assert written[2] == {"role": "assistant", "content": write_calls(CALLS, tool_format)}
    results = (
        "get_order returned:\npending\nget_order returned:\nnot found"
        if tool_format == "llama"
        else "<tool_response>\npending\n</tool_response>\n<tool_response>\nnot found\n</tool_response>"
    )
    assert written[3] == {"role": "user", "content": results}


TAGS = ["<tool_response>", "</tool_response>", "<tool_call>", "</tool_call>", "< tool_response >", "</ TOOL_RESPONSE>"]
FORGED = st.lists(st.sampled_from([*TAGS, "<", "/", "tool_response", ">", "&lt;", "\n"]) | st.text(max_size=2)).map(
    "".join
)


@pytest.mark.parametrize("tool_format", ["hermes", "qwen"])
@given(said=FORGED, result=FORGED)
def test_neither_a_users_text_nor_a_result_can_pass_for_a_result_or_a_call(
    tool_format: TextFormat, said: str, result: str
) -> None:
    history = [
        to_chat(Message("user", said)),
        to_chat(Message("assistant", None, CALLS[:1])),
        to_chat(Message("tool", result, tool_call_id="c1")),
    ]
    user, _, told = (message["content"] for message in in_text(history, [], tool_format))
    assert not re.search(r"<\s*/?\s*tool_(call|response)", user, re.IGNORECASE)
    inside = told.removeprefix("<tool_response>\n").removesuffix("\n</tool_response>")
    assert len(inside) == len(told) - len("<tool_response>\n\n</tool_response>")
    assert not re.search(r"<\s*/?\s*tool_(call|response)", inside, re.IGNORECASE)


@EVERY
def test_a_text_without_tags_of_the_format_is_shown_as_it_is(tool_format: TextFormat) -> None:
    text = "Is 1 < 2 & <b>&lt;</b>? <think> <tools>"
    assert in_text([{"role": "user", "content": text}], [], tool_format) == [{"role": "user", "content": text}]


@EVERY
def test_a_call_that_could_not_be_read_comes_back_as_the_model_wrote_it(tool_format: TextFormat) -> None:
    text = "One moment. <tool_call><function=f>"
    _, broken = read_calls(text, [ORDER], tool_format)
    assert broken[0].problem
    (written,) = in_text([to_chat(Message("assistant", None, broken))], [], tool_format)
    assert written["content"] == text


@EVERY
def test_a_model_that_writes_its_calls_is_understood(tool_format: TextFormat) -> None:
    text = f"<think>An order.</think>One moment.\n{'<|python_tag|>' if tool_format == 'llama' else ''}"
    text += write_calls(CALLS[:1], tool_format)
    reply = ask(completion(text), tools=[ORDER], tool_format=tool_format, requestor="user").reply
    assert (reply.text, reply.reasoning) == ("One moment.", "An order.")
    assert reply.calls == (ToolCall("get_order", {"order_id": "#W1", "lines": 2}, "call_0", "user"),)
