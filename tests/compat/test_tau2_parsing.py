"""tau2's rule of reading text actions: a JSON call, then the functional form, and anything else is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.actions import parse_action
from toolgym.messages import AgentID, Message, ToolCall

SIDES: list[AgentID] = ["assistant", "user"]


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('{"name": "pay", "arguments": {"cents": 5}}', "pay", {"cents": 5}),
        ("pay(cents=5)", "pay", {"cents": 5}),
        (" pay (cents=5, owner='ann')\n", "pay", {"cents": 5, "owner": "ann"}),
        ("pay(items=['a', 2], to={'x': None})", "pay", {"items": ["a", 2], "to": {"x": None}}),
        ("pay(owner=ann, n=-1)", "pay", {"owner": "ann", "n": -1}),
        ("pay(1, 2)", "pay", {}),
        ("done()", "done", {}),
        ("Hello (there)", "Hello", {}),
    ],
)
def test_tau2_reads_json_and_the_functional_form_as_calls(text: str, name: str, arguments: dict[str, Any]) -> None:
    for side in SIDES:
        expected = ToolCall(name, arguments, "call_0", side)
        assert parse_action(text, side, "tau2") == Message(side, None, (expected,))


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "Hello (there), you",
        "pay(cents=",
        "pay(cents=5) now",
        "is it (really?)",
        "pay(**x)",
        "a.b(c=1)",
        '{"name": "pay", "arguments": {',
        '{"name": "pay"}',
        '{"name": "pay", "arguments": "{}"}',
        '[{"name": "pay", "arguments": {}}]',
        '<tool_call>{"name": "pay", "arguments": {}}</tool_call>',
    ],
)
def test_tau2_says_whatever_does_not_parse(text: str) -> None:
    assert parse_action(text, "assistant", "tau2") == Message("assistant", text)


@pytest.mark.parametrize(
    "value",
    ["{[]: 1}", "{{}}", "-" * 600 + "y", "a" + ".b" * 3_000, "[" * 5_000, "1" + "+1" * 5_000, "'\x00'", "'\ud800'"],
    ids=["unhashable key", "set of a dict", "signs", "attributes", "brackets", "a sum", "nul", "surrogate"],
)
def test_tau2s_rule_reads_any_text_without_failing(value: str) -> None:
    text = f"pay(x={value})"
    message = parse_action(text, "assistant", "tau2")
    assert message.content == text or message.tool_calls[0].name == "pay"


@given(text=st.text() | st.from_regex(r"\w+\(\w+=[-+\[\]{}()'\"\\a-z0-9.,: ]{0,20}\)", fullmatch=True))
def test_any_text_is_either_said_or_calls_by_tau2s_rule_too(text: str) -> None:
    message = parse_action(text, "user", "tau2")
    assert message.role == "user"
    assert message.tool_calls or message.content == text
