"""tau2's rule of reading text actions: a JSON call, then the functional form, and anything else is said."""

from __future__ import annotations

import json
import warnings
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import Episode, make_domain
from toolgym.actions import parse_action
from toolgym.messages import STOP, AgentID, Message, ToolCall

SIDES: list[AgentID] = ["assistant", "user"]


def _read(text: str, side: AgentID = "assistant") -> Message:
    return parse_action(text, side, "tau2")


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('{"name": "pay", "arguments": {"cents": 5}}', "pay", {"cents": 5}),
        ('{"name":"f","arguments":{},"extra":1}', "f", {}),
        ('{"name":"","arguments":{"x":[1,2.5,null,true,"é"]}}', "", {"x": [1, 2.5, None, True, "é"]}),
        ('\xa0\n {"name":"f","arguments":{"x":1,"x":2}}\u2028', "f", {"x": 2}),
        ("pay(cents=5)", "pay", {"cents": 5}),
        (" pay (cents=5, owner='ann')\n", "pay", {"cents": 5, "owner": "ann"}),
        ("pay(items=['a', 2], to={'x': None})", "pay", {"items": ["a", 2], "to": {"x": None}}),
        ("pay(owner=ann, n=-1)", "pay", {"owner": "ann", "n": -1}),
        ("f()", "f", {}),
        ("f( )", "f", {}),
        ("f (x=1)", "f", {"x": 1}),
        ("f\t\xa0(x=1)", "f", {"x": 1}),
        ("f(1)", "f", {}),
        ("f(1, 2)", "f", {}),
        ("f(*a)", "f", {}),
        ("f(x=2, *a)", "f", {"x": 2}),
        ("f(1, x=2)", "f", {"x": 2}),
        ("f(x=1,x=2)", "f", {"x": 2}),
        ("f(x=abc)", "f", {"x": "abc"}),
        ("f(x=true)", "f", {"x": "true"}),
        ("f(x=nan, y=null)", "f", {"x": "nan", "y": "null"}),
        ("f(x=True, y=False)", "f", {"x": True, "y": False}),
        ("f(x=None)", "f", {"x": None}),
        ("f(x=-1)", "f", {"x": -1}),
        ("f(x=+1)", "f", {"x": 1}),
        ("f(x=- -2.5)", "f", {"x": 2.5}),
        ("f(x=1e3)", "f", {"x": 1000.0}),
        ("f(x=1_000, y=0x10, z=.5)", "f", {"x": 1000, "y": 16, "z": 0.5}),
        ('f(x="a" "b")', "f", {"x": "ab"}),
        (r'f(x="a\nb", y=r"\n", z="""c"d""")', "f", {"x": "a\nb", "y": r"\n", "z": 'c"d'}),
        (r"f(x='\d', y='\ud800')", "f", {"x": r"\d", "y": "\ud800"}),
        ('f(x=[a,"b",1])', "f", {"x": ["a", "b", 1]}),
        ('f(x={"k":v})', "f", {"x": {"k": "v"}}),
        ("f(x={k:1})", "f", {"x": {"k": 1}}),
        ('f(x=[[1,a],{"b":c}])', "f", {"x": [[1, "a"], {"b": "c"}]}),
        ("f(x={1: a, None: b, k: (c, -1)})", "f", {"x": {"1": "a", "null": "b", "k": ["c", -1]}}),
        ("f(x=(1,2))", "f", {"x": [1, 2]}),
        ("f(x=(), y=(1), z=(a,))", "f", {"x": [], "y": 1, "z": ["a"]}),
        ("f(x=1,)", "f", {"x": 1}),
        ("1x()", "1x", {}),
        ("é()", "é", {}),
        ("²_3(x=1)", "²_3", {"x": 1}),
        ("if(x=1)", "if", {"x": 1}),
        ("not (x=1)", "not", {"x": 1}),
        ("f(x=1)(y=2)", "f", {"y": 2}),
        ("f(x=1).g(y=2)", "f", {"y": 2}),
        ("f(x=1) # and so on (as before)", "f", {"x": 1}),
        ("f(a.b, 1+1, x == 1, y := 2)", "f", {}),
        ("f(x for x in y)", "f", {}),
        ("done()", "done", {}),
        ("Hello (there)", "Hello", {}),
    ],
)
def test_tau2_reads_json_and_the_functional_form_as_calls(text: str, name: str, arguments: dict[str, Any]) -> None:
    for side in SIDES:
        expected = ToolCall(name, arguments, "call_0", side)
        assert _read(text, side) == Message(side, None, (expected,))
    assert json.dumps(_read(text).tool_calls[0].arguments) == json.dumps(arguments)  # tuples are lists, 1 is not True


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "Hello (there), you",
        "Hello (there friend)",
        "pay(cents=",
        "pay(cents=5) now",
        "is it (really?)",
        "f(x=not True)",
        "f(x=~1)",
        "f(x=1+1)",
        "f(x=1+1j)",
        "f(x=a.b)",
        "f(x=a[0])",
        "f(x=g(1))",
        'f(x=f"a")',
        "f(x='a' f'b')",
        "f(x='a' b'b')",
        "f(x=lambda: 1)",
        "f(x=-y)",
        "f(x=-'a')",
        "f(x=-None)",
        "f(x={1,2})",
        "f(x=[*a])",
        "f(x=[i for i in a])",
        "f(x={**a})",
        "f(x={[]: 1})",
        "f(x=(y := 1))",
        "f(x=1 < 2)",
        "f(x=1 if a else 2)",
        "f(x=[1, [2, (3, a.b)]])",
        "f(x=await y)",
        "f(x=01)",
        "f(x=1 y=2)",
        "f(x=1, 2)",
        "f(x=1",
        "f(,)",
        "f(if=1)",
        "f(None=1)",
        "f('a'=1)",
        "f(**a.b)",
        "f() + g()",
        "f() or g(x=1)",
        "f(x=1); g(y=2)",
        "a.b()",
        "a-b()",
        "f g(x=1)",
        "(x=1)",
        "f(x=1);",
        "f(x=1) ok",
        "f(x=1,\ny=2)",
        "f\n(x=1)",
        "f(x='a\nb')",
        "f(x=1)\ng(y=2)",
        "f(x='\x00')",
        "f(x='\ud800')",
        '{"id":1,"name":"f","arguments":{}}',
        '{"id":null,"name":"f","arguments":{}}',
        '{"requestor":"nobody","name":"f","arguments":{}}',
        '{"requestor":null,"name":"f","arguments":{}}',
        '{"name":"f"}',
        '{"arguments":{}}',
        '{"name":1,"arguments":{}}',
        '{"name":null,"arguments":{}}',
        '{"name":"f","arguments":null}',
        '{"name":"f","arguments":[]}',
        '{"name": "pay", "arguments": {',
        '{"name": "pay", "arguments": "{}"}',
        '{"name":"f","arguments":{}} and words',
        '{"name":"f","arguments":{}}{"name":"f","arguments":{}}',
        '[{"name": "pay", "arguments": {}}]',
        '```json\n{"name":"f","arguments":{}}\n```',
        '<tool_call>{"name": "pay", "arguments": {}}</tool_call>',
        '{"name":"f","arguments":{"x":"\\ud800"}}',
        '{"name":"f","arguments":{"x":"\ud800"}}',
        '\ufeff{"name":"f","arguments":{}}',
        '{"name":"f","arguments":{"x":' + "9" * 5000 + "}}",
        '{"name":"f","arguments":{"x":01}}',
        "{'name':'f','arguments':{}}",
        " \u200b ",
    ],
)
def test_tau2_says_whatever_does_not_parse_as_it_was(text: str) -> None:
    assert _read(text) == Message("assistant", text)
    assert _read(f" {text}\n") == Message("assistant", f" {text}\n")


@pytest.mark.parametrize(
    "text",
    [
        'f(x=b"a")',
        "f(x=...)",
        "f(x=1j)",
        "f(x=-1j)",
        "f(x=1e999)",
        "f(x=[1, -1e999])",
        "f(**a)",
        'f(**{"a":1})',
        "f(y=1, **{})",
        "f(x={b'a': 1})",
        "f(x={(1, 2): 1})",
        "f(x=" + "[" * 150 + "]" * 150 + ")",
        f"f(x=0x{'f' * 5000})",
        '{"name":"f","arguments":{"x":NaN}}',
        '{"name":"f","arguments":{"x":[-Infinity]}}',
        '{"name":"f","arguments":{"x":1e999}}',
        '{"name":"f","arguments":{"x":' + "[" * 150 + "]" * 150 + "}}",
    ],
)
def test_what_is_no_json_is_a_call_that_is_refused(text: str) -> None:
    for side in SIDES:
        (call,) = _read(text, side).tool_calls
        assert (call.name, call.arguments, call.requestor, call.raw) == ("f", {}, side, text)
        assert call.problem is not None
        assert call.problem.startswith("The arguments are not JSON: ")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u2028\xa0\x1f"])
def test_empty_text_is_an_error(text: str) -> None:
    (call,) = _read(text).tool_calls
    assert call.problem is not None
    assert "empty" in call.problem


def test_a_json_call_keeps_its_id() -> None:
    assert _read('{"id":"a7","name":"f","arguments":{}}').tool_calls[0].id == "a7"
    assert _read('{"id":"","name":"f","arguments":{}}').tool_calls[0].id == "call_0"


def test_a_json_call_is_by_whom_it_says_else_by_the_side() -> None:
    for side in SIDES:
        assert _read('{"name":"f","arguments":{}}', side).tool_calls[0].requestor == side
        for named in SIDES:
            text = json.dumps({"name": "f", "arguments": {}, "requestor": named})
            assert _read(text, side) == Message(side, None, (ToolCall("f", {}, "call_0", named),))


@pytest.mark.parametrize("side", SIDES)
def test_a_call_by_the_other_side_is_answered_with_an_error(side: AgentID) -> None:
    mock = make_domain("mock")
    episode = Episode(mock, mock.tasks["test"][0])
    if side == "assistant":
        episode.advance(Message("user", "Hello."))
    names: dict[AgentID, str] = {"assistant": "check_notifications", "user": "get_users"}
    other: AgentID = "user" if side == "assistant" else "assistant"
    text = json.dumps({"name": names[side], "arguments": {}, "requestor": other})
    step = episode.advance(_read(text, side))
    asked, answer = step.messages
    assert not step.terminated
    assert not step.truncated
    assert (answer.error, answer.requestor, episode.errors, episode.turn) == (True, side, 1, side)
    assert f"by the {other}" in (answer.content or "")
    (call,) = asked.tool_calls
    assert (call.name, call.requestor) == (names[side], side)
    assert episode.view(side)[-2:] == step.messages
    assert step.messages[0] not in episode.view(other)
    assert [message.tool_calls for message in parse_back(episode)] == [m.tool_calls for m in episode.messages]
    while episode.turn == "assistant":
        episode.advance(Message("assistant", "Bye."))
    assert episode.advance(Message("user", STOP)).terminated


def parse_back(episode: Episode) -> tuple[Message, ...]:
    """The messages after being stored and read."""
    from toolgym import Trajectory

    return Trajectory.from_json(episode.trajectory().to_json()).messages


@pytest.mark.parametrize(
    "value",
    [
        "{{}}",
        "-" * 600 + "y",
        "-" * 100_000 + "1",
        "a" + ".b" * 3_000,
        "[" * 5_000,
        "[" * 199 + "]" * 199,
        "1" + "+1" * 100_000,
        "1" + ")(" * 50_000,
        "1" * 5_000,
        "'" + "a" * 1_000_000 + "'",
        "'a' " * 100_000,
        "f'{a}' " * 10_000,
        "lambda:(" * 1_000,
        "not " * 50_000 + "a",
        "1 if a else " * 20_000 + "1",
        "[" + "1," * 100_000 + "]",
        "{a:" * 150 + "}" * 150,
    ],
    ids=lambda value: value[:8],
)
def test_tau2s_rule_reads_any_text_without_failing_in_bounded_time(value: str) -> None:
    text = f"pay(x={value})"
    start = process_time()
    message = _read(text)
    assert process_time() - start < 10
    assert message.content == text or message.tool_calls[0].name == "pay"


def test_json_of_any_depth_is_read_without_failing() -> None:
    for depth in (50, 150, 199, 250, 5_000, 100_000):
        text = '{"name":"f","arguments":{"x":' + "[" * depth + "]" * depth + "}}"
        message = _read(text)
        assert message.content == text or message.tool_calls[0].name == "f"


def test_pythons_warnings_about_a_text_are_not_shown_and_change_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _read(r"f(x='\d', y=[0x1for x in y])").content is not None
        assert _read(r"f(x='\d')").tool_calls[0].arguments == {"x": r"\d"}


@given(
    text=st.text(st.characters(exclude_categories=()))
    | st.from_regex(r"\w+\(\w+=[-+\[\]{}()'\"\\a-z0-9.,: ]{0,20}\)", fullmatch=True)
    | st.from_regex(r'\{"name":"f","arguments":\{[\[\]{}"\\a-z0-9.,: ]{0,20}\}\}', fullmatch=True)
)
def test_any_text_is_either_said_or_calls_by_tau2s_rule_too(text: str) -> None:
    message = _read(text, "user")
    assert message.role == "user"
    assert message.tool_calls or message.content == text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(arguments=st.dictionaries(st.from_regex(r"[a-z]{1,8}_", fullmatch=True), _VALUES, max_size=4))
def test_arguments_written_as_python_are_read_back(arguments: dict[str, Any]) -> None:
    text = f"f({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
    assert _read(text).tool_calls == (ToolCall("f", arguments, "call_0"),)
