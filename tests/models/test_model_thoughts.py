"""Thoughts are split off wherever they stand, so that they reach nobody and end nothing."""

from __future__ import annotations

import pytest
from asking import ORDER, ask
from hypothesis import given
from hypothesis import strategies as st
from server import call, completion, streamed

from toolgym.actions.thoughts import split_thoughts

TEXTS = st.text("ab \n<>/", max_size=6)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_in_a_field_of_their_own_are_no_text(field: str, stream: bool) -> None:
    whole = completion("Which size?", **{field: "They want shoes. ###STOP###"})
    reply = ask(streamed(whole) if stream else whole, stream=stream).reply
    assert (reply.text, reply.reasoning) == ("Which size?", "They want shoes. ###STOP###")


@pytest.mark.parametrize(
    ("text", "said", "thought"),
    [
        ("<think>\nShoes. ###STOP###\n</think>\n\nWhich size?", "Which size?", "Shoes. ###STOP###"),
        ("Shoes. ###STOP###\n</think>\n\nWhich size?", "Which size?", "Shoes. ###STOP###"),
        ("<think>Shoes. ###STOP###", None, "Shoes. ###STOP###"),
        ("<think></think>Which size?", "Which size?", None),
        ("</think>Which size?", "Which size?", None),
        ("<think>a</think><think>b</think>Which size?", "Which size?", "a\n\nb"),
        ("a</think>Which <think>b</think>size?", "Which size?", "a\n\nb"),
        ("Which size? <think>cut", "Which size?", "cut"),
        ("a</think>b</think>Which size?", "bWhich size?", "a"),
        ("Which size?\n", "Which size?\n", None),
    ],
)
@pytest.mark.parametrize("tool_format", ["native", "hermes"])
def test_thoughts_in_the_text_are_taken_out(text: str, said: str | None, thought: str | None, tool_format: str) -> None:
    reply = ask(completion(text), tools=[ORDER], tool_format=tool_format).reply
    assert (reply.text, reply.reasoning) == (said, thought)


def test_a_thought_cut_by_the_limit_is_all_that_there_is() -> None:
    reply = ask(completion("<think>Let me", finish="length")).reply
    assert (reply.text, reply.calls, reply.reasoning, reply.finish) == (None, (), "Let me", "length")


def test_a_call_in_a_thought_is_not_made() -> None:
    thought = '<think><tool_call>{"name": "get_order", "arguments": {}}</tool_call></think>Which order?'
    reply = ask(completion(thought), tools=[ORDER], tool_format="hermes").reply
    assert (reply.text, reply.calls) == ("Which order?", ())


def test_thoughts_before_calls_that_the_server_read_are_kept_apart_too() -> None:
    whole = completion("<think>Look it up.</think>", calls=[call("get_order", {})], reasoning_content="First.")
    reply = ask(whole, tools=[ORDER]).reply
    assert (reply.text, len(reply.calls), reply.reasoning) == (None, 1, "First.\n\nLook it up.")


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), TEXTS)
def test_what_is_said_and_what_is_thought_are_told_apart(parts: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{said}<think>{thought}</think>" for said, thought in parts) + end
    thoughts, said = split_thoughts(text)
    assert thoughts == [thought.strip() for _, thought in parts if thought.strip()]
    whole = "".join(said for said, _ in parts) + end
    assert said == (whole.strip() if parts else whole)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " "])))
def test_no_mark_of_a_thought_is_ever_said(parts: list[str]) -> None:
    text = "".join(parts)
    thoughts, said = split_thoughts(text)
    assert "think>" not in said
    assert all(thought for thought in thoughts)
