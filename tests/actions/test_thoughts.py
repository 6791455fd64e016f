"""Thoughts in an action, however models mark them: said to nobody, graded nowhere, kept as reasoning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_aec_env, make_env, make_vec_env
from toolgym.actions import parse_action
from toolgym.actions.thoughts import split_thoughts
from toolgym.domain import Domain
from toolgym.messages import STOP, Message
from toolgym.models.tool_formats import read_calls
from toolgym.rollouts import play

MARKED = {
    "think": "<think>{thought}</think>{said}",
    "not opened": "{thought}</think>{said}",
    "capitals and space": "<THINK >\n{thought}\n</ Think>\n\n{said}",
    "thinking": "<thinking>{thought}</thinking>{said}",
    "thought": "<thought>{thought}</thought>{said}",
    "reasoning": "<reasoning>{thought}</reasoning>{said}",
    "prefixed": "<seed:think>{thought}</seed:think>{said}",
    "prefixed with _": "<longcat_think>\n{thought}\n</longcat_think>\n{said}",
    "never used": "<think_never_used_51bce0c7>{thought}</think_never_used_51bce0c7>{said}",
    "brackets": "[THINK]{thought}[/THINK]{said}",
    "brackets in words": "[Thinking]{thought}[/Thinking]{said}",
    "tokens in brackets": "[unused16]{thought}[unused17]{said}",
    "unused tokens": "<unused94>thought\n{thought}<unused95>{said}",
    "inner": "<|inner_prefix|>{thought}<|inner_suffix|>{said}",
    "steps": "Here are my reasoning steps:\n{thought}\n[BEGIN FINAL RESPONSE]\n{said}\n[END FINAL RESPONSE]\n<|end|>",
    "think and turns": "<|think|>{thought}<|end|><|begin|>assistant<|content|>{said}<|end|>",
    "harmony without tokens": "analysis{thought}assistantfinal{said}",
    "boxed": "<think>{thought}</think><|begin_of_box|>{said}<|end_of_box|>",
    "a word in it": "<think>{thought} <analysis> [thinking]</think>{said}",
    "in a pair": "<analysis>{thought} <think> </analysis>{said}",
    "triangles": "◁think▷{thought}◁/think▷{said}",
    "begin and end": "<|begin_of_thought|>{thought}<|end_of_thought|><|begin_of_solution|>{said}<|end_of_solution|>",
    "start and end": "<|START_THINKING|>{thought}<|END_THINKING|><|START_RESPONSE|>{said}<|END_RESPONSE|>",
    "harmony": "<|channel|>analysis<|message|>{thought}<|end|>"
    "<|start|>assistant<|channel|>final<|message|>{said}<|return|>",
    "harmony, plain": "<|channel|>analysis<|message|>{thought}<|end|>{said}",
    "harmony's commentary": "<|channel|>commentary<|message|>{thought}<|channel|>final<|message|>{said}",
    "channel": "<|channel>thought\n{thought}<channel|>{said}",
    "elements": "<|open|>think<|sep|>{thought}<|close|>think<|sep|>"
    "<|open|>response<|sep|>{said}<|close|>response<|sep|>",
    "nested": "<think>{thought}<think>no</think>{thought}</think>{said}",
    "mentioned": "<think>{thought}: in <think> I think</think>{said}",
    "mentioned, not opened": "{thought}: in <think>…</think> I think</think>{said}",
    "answer": "<think>{thought}</think>\n<answer>{said}</answer>",
    "words": "Here is my thought process: {thought} Here is my response: {said}",
    "two": "<think>{thought}</think>{said}<think>{thought}</think>",
    "in a code fence": "<think>{thought}</think>{said}\n<think>```{thought}```</think>",
}
UNCLOSED = {
    "think": "{said}<think>{thought}",
    "brackets": "{said}[THINK]{thought}",
    "harmony": "{said}<|channel|>analysis<|message|>{thought}",
    "harmony, cut": "{said}<|channel|>analysis {thought}",
    "prefixed": "{said}<longcat_think>{thought}",
    "never used": "{said}<think_never_used_51bce0c7>{thought}",
    "inner": "{said}<|inner_prefix|>{thought}",
    "unused tokens": "{said}<unused94>thought\n{thought}",
    "tokens in brackets": "{said}[unused16]{thought}",
    "think and turns": "{said}<|think|>{thought}",
}
FIGURE = "$1234.56"


@pytest.mark.parametrize("marked", MARKED.values(), ids=MARKED)
def test_thoughts_are_kept_and_not_said(marked: str) -> None:
    message = parse_action(marked.format(thought=f"It is {FIGURE}.", said="Which size?"))
    assert (message.content, message.tool_calls) == ("Which size?", ())
    assert message.reasoning is not None
    assert FIGURE in message.reasoning


@pytest.mark.parametrize("marked", UNCLOSED.values(), ids=UNCLOSED)
@pytest.mark.parametrize("said", ["", "Which size? "])
def test_a_thought_that_is_not_closed_is_all_the_rest(marked: str, said: str) -> None:
    message = parse_action(marked.format(thought="It is blue.", said=said))
    assert message.reasoning == "It is blue."
    assert message.content == (said.strip() or None)


@pytest.mark.parametrize("marked", MARKED.values(), ids=MARKED)
@pytest.mark.parametrize("form", ["{}", "```json\n{}\n```", "<tool_call>{}</tool_call>", "[{}]"])
def test_a_call_after_thoughts_is_made_and_what_stands_in_it_is_data(marked: str, form: str) -> None:
    arguments = {"title": "a</think>b<think>c", "user_id": "[THINK]◁think▷ <|channel|>analysis"}
    text = form.replace("{}", json.dumps({"name": "create_task", "arguments": arguments}, ensure_ascii=False))
    message = parse_action(marked.format(thought="hm", said=text))
    (call,) = message.tool_calls
    assert (call.problem, call.name, dict(call.arguments)) == (None, "create_task", arguments)
    assert message.reasoning is not None
    alone = parse_action(text)
    assert (alone.reasoning, dict(alone.tool_calls[0].arguments)) == (None, arguments)


@pytest.mark.parametrize("text", ["<think>hm</think>", "<think>hm", "hm</think>", "<|channel|>analysis<|message|>hm"])
@pytest.mark.parametrize("form", ["text", "mapping", "message"])
def test_a_message_of_nothing_but_thoughts_is_empty_and_an_error(mock: Domain, text: str, form: str) -> None:
    env = make_env(mock, split="test")
    env.reset(seed=0)
    heard = env.episode.view("user")  # type: ignore[union-attr]
    action = {"text": text, "mapping": {"role": "assistant", "content": text}, "message": Message("assistant", text)}
    observation = env.step(action[form])[0]
    assert "nothing but thoughts" in observation[-1]["content"]
    assert env.episode is not None
    assert (env.episode.errors, env.episode.view("user")) == (1, heard)
    assert env.episode.messages[-2].reasoning == "hm"


def test_thoughts_of_a_mapping_may_stand_in_a_field_of_their_own() -> None:
    for name in ("reasoning_content", "reasoning"):
        message = parse_action({"role": "assistant", "content": "<think>b</think>Hi.", name: "a"})
        assert (message.content, message.reasoning) == ("Hi.", "a\n\nb")


def test_by_tau2s_rule_thoughts_are_said() -> None:
    text = "<think>hm</think>Hi."
    assert parse_action(text, parsing="tau2") == Message("assistant", text)
    assert parse_action({"content": text}, parsing="tau2").content == text


@pytest.mark.parametrize("marked", [*MARKED.values(), *UNCLOSED.values()], ids=[*MARKED, *UNCLOSED])
def test_a_figure_told_in_a_thought_is_not_told(mock: Domain, marked: str) -> None:
    told_by = {"communicate_info": ["1234.56"], "reward_basis": ["COMMUNICATE"]}
    task = mock.tasks["test"][0].model_dump(mode="json") | {"evaluation_criteria": told_by}
    for parsing, told in (("toolgym", False), ("tau2", True)):
        env = make_env(mock, split="test", parsing=parsing)
        env.reset(seed=0, options={"task": task})
        while env.episode is not None and env.episode.turn is not None:
            env.step(marked.format(thought=f"It is {FIGURE}. ", said="Hi."))
        assert env.episode is not None
        assert [check.met for check in env.episode.grade.communicate] == [told]
        heard = str([message.content for message in env.episode.view("user")])
        assert (FIGURE in heard) is told


def test_they_reach_the_other_side_in_no_environment() -> None:
    text = "<think>secret</think>Hi."
    envs = make_vec_env("mock", 2, split="test")
    envs.reset(seed=0)
    envs.step([text, "Hi."])
    assert "secret" not in str([message.content for message in envs.episodes[0].messages])
    env = make_aec_env("mock", split="test")
    env.reset(seed=0)
    env.step(text)  # the user's
    env.step(f"{text}<think>secret")
    assert env.episode is not None
    for side, other in (("user", "assistant"), ("assistant", "user")):
        assert "secret" not in str([message for message in env.episode.view(other) if message.role == side])  # type: ignore[arg-type]
        own = [message.reasoning for message in env.episode.view(side) if message.role == side]  # type: ignore[arg-type]
        assert "secret" in str(own)


def test_a_recorded_message_is_what_it_is(mock: Domain) -> None:
    class Agent:
        def __init__(self, *_: Any) -> None:
            pass

        def respond(self, view: Any) -> Message:
            return Message("assistant", "<think>as recorded</think>")

    class User(Agent):
        def respond(self, view: Any) -> Message:
            return Message("user", "Hi." if len(view) < 4 else STOP)

    episode = play(mock, mock.tasks["test"][0], Agent, User)
    assert episode.messages[2].content == "<think>as recorded</think>"


# {"message": …}


@pytest.mark.parametrize("said", ["Which size?", '{"name": "get_users", "arguments": {}}', 'a\n"b"'])
def test_a_message_object_says_the_text_in_it_in_every_form(said: str) -> None:
    text = json.dumps({"message": said})
    forms = [
        text,
        f"  {text}\n",
        f"```json\n{text}\n```",
        f"<think>hm</think>{text}",
        {"message": said},
        {"role": "assistant", "message": said},
        {"role": "assistant", "content": text},
        Message("assistant", text),
    ]
    for form in forms:
        message = parse_action(form)
        assert (message.content, message.tool_calls) == (said, ())
    for tool_format in ("native", "hermes", "qwen", "llama"):
        assert read_calls(text, [], tool_format) == (said, ())  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ["", "  "])
def test_an_empty_message_object_is_an_empty_message(said: str) -> None:
    for form in (json.dumps({"message": said}), {"message": said}):
        (call,) = parse_action(form).tool_calls
        assert call.problem is not None
        assert call.problem.startswith("The message is empty")


def test_thoughts_in_a_message_object_are_thoughts() -> None:
    for form in ({"message": "<think>hm</think>Hi."}, json.dumps({"message": "<think>hm</think>Hi."})):
        message = parse_action(form)
        assert (message.content, message.reasoning) == ("Hi.", "hm")


# What stands beside an action, and around it

FIELDS = {
    "reasoning_content": "x",
    "reasoning": "x",
    "thinking": "x",
    "reasoning_details": [{"type": "reasoning.text", "text": "x"}],
    "thinking_blocks": [{"type": "thinking", "thinking": "x", "signature": "s"}],
}
CALL = {"name": "create_task", "arguments": {"title": "<think>a</think> </think> [THINK] b"}}


@pytest.mark.parametrize("field", FIELDS)
def test_thoughts_beside_an_action_are_kept_in_every_form(field: str) -> None:
    beside = {field: FIELDS[field]}
    for said in ({**beside, "message": "Hi."}, {"role": "assistant", "content": "Hi.", **beside}):
        message = parse_action(said)
        assert (message.content, message.reasoning, message.tool_calls) == ("Hi.", "x", ())
    called = {**CALL, **beside}
    for form in (called, {"role": "assistant", "tool_calls": [CALL], **beside}, json.dumps(called)):
        message = parse_action(form)
        assert (message.content, message.reasoning) == (None, "x")
        assert [(call.name, call.arguments, call.problem) for call in message.tool_calls] == [(*CALL.values(), None)]
    text = json.dumps({"message": "Hi.", **beside})
    for form in (text, f"```json\n{text}\n```", {"content": text}):
        message = parse_action(form)
        assert (message.content, message.reasoning, message.tool_calls) == ("Hi.", "x", ())
    listed = parse_action(json.dumps([called, called]))
    assert (len(listed.tool_calls), listed.reasoning) == (2, "x\n\nx")


@pytest.mark.parametrize("form", [{"name": "f"}, '{"name": "f"}', '<tool_call>{"name": "f"}</tool_call>'])
def test_a_call_without_arguments_has_none_in_every_form(form: Any) -> None:
    (call,) = parse_action(form).tool_calls
    assert (call.name, call.arguments, call.problem) == ("f", {}, None)


@pytest.mark.parametrize("more", [{}, {"role": "assistant", "content": None}])
def test_a_function_call_in_a_mapping_is_a_call(more: dict[str, Any]) -> None:
    called = {"name": CALL["name"], "arguments": json.dumps(CALL["arguments"])}
    (call,) = parse_action({**more, "function_call": called}).tool_calls
    assert (call.name, call.arguments, call.problem) == (*CALL.values(), None)


FRAMES = {
    "fence": "```json\n{}\n```",
    "fence in capitals": "```JSON\n{}\n```",
    "fence of a call": "```tool_call\n{}\n```",
    "fence of Python": "```python\n{}\n```",
    "fence without a word": "```\n{}\n```",
    "byte order mark": "\ufeff{}",
    "byte order mark and fence": "\ufeff```json\n{}\n```",
    "answer": "<answer>{}</answer>",
    "answer in capitals": "<Answer>\n{}\n</Answer>",
    "box": "<|begin_of_box|>{}<|end_of_box|>",
    "response": "<|START_RESPONSE|>{}<|END_RESPONSE|>",
    "text": "<|START_TEXT|>{}<|END_TEXT|>",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_what_stands_around_a_call_is_taken_off_and_its_data_is_left_alone(frame: str) -> None:
    for value in (CALL, [CALL]):
        message = parse_action(frame.replace("{}", json.dumps(value)))
        assert (message.content, message.reasoning) == (None, None)
        assert [(call.name, call.arguments, call.problem) for call in message.tool_calls] == [(*CALL.values(), None)]
    message = parse_action(frame.replace("{}", '{"message": "Hi."}'))
    assert (message.content, message.tool_calls) == ("Hi.", ())


@pytest.mark.parametrize("name", ["answer", "answer in capitals", "box", "response", "text"])
def test_what_stands_around_a_text_is_taken_off(name: str) -> None:
    assert parse_action(FRAMES[name].replace("{}", "Hello.")).content == "Hello."
    assert parse_action(f"{FRAMES[name].replace('{}', 'Hello.')}<|end|>").content == "Hello."


def test_a_fence_with_something_else_in_it_is_text() -> None:
    for text in ("```python\nprint(1)\n```", "```\nls\n```"):
        assert parse_action(text).content == text


@pytest.mark.parametrize("opened", ["Sure:\n```json\n{}\n```", "<TOOL_CALL>{}</TOOL_CALL>"])
def test_nothing_of_a_call_that_is_refused_is_said(opened: str) -> None:
    message = parse_action(opened.replace("{}", json.dumps(CALL)))
    assert message.content is None
    assert message.tool_calls[0].problem is not None


# Ordinary texts


@pytest.mark.parametrize(
    "text",
    [
        "I want <analysis> of my bill",
        "The order status shows [Thinking] on our screen; please wait.",
        "In the e-mail, replace <thoughts> with your comments and send it back.",
        "Use the [think] sticker.",
        "<Reflection> by Picasso poster, size A2",
        "The field </reasoning> broke my page. Order #W1.",
        "My template has <scratchpad> in it, and order #W123 is missing.",
        "[thinking]\nok let me see",
        "It says <reasoning> and then </analysis> on the page.",
        "The error says: unexpected <|end|> in line 3. Please cancel #W2.",
        "Here is the <analysis/> element.",
        "The page shows <|content|> marks.",
        "<answer>one</answer> two <answer>three</answer>",
        "analysis of my bill, please: is it final?",
        "Here are my reasoning steps: I paid twice.",
    ],
)
@pytest.mark.parametrize("side", ["assistant", "user"])
def test_ordinary_texts_lose_nothing(text: str, side: Any) -> None:
    assert parse_action(text, side) == Message(side, text)
    assert parse_action(f"<think>hm</think>{text}", side).content == text


# Whatever comes

MARKS = ["<think>", "</think>", "[THINK]", "[/THINK]", "<|channel|>", "analysis", "final", "<|message|>", "<|end|>"]
PIECES = ["<", "think>", "/", '{"name": "f", "arguments": {"x": "', '"}}', "<tool_call>", "</tool_call>", "◁think▷"]
OTHERS = ["<analysis>", "</analysis>", "[Thinking]", "[/Thinking]", "<|think|>", "<|content|>", "<answer>", "</answer>"]
OTHERS += ["[BEGIN FINAL RESPONSE]", "<|inner_prefix|>", "<|inner_suffix|>", "assistantfinal", "<unused94>", "\ufeff"]
PARTS = st.sampled_from([*MARKS, *OTHERS, *PIECES, "a", " ", "\n", "```"])


@given(st.lists(PARTS).map("".join))
def test_what_is_left_holds_no_more_thoughts(text: str) -> None:
    _, said = split_thoughts(text)
    assert split_thoughts(said) == ([], said)


@pytest.mark.parametrize(
    ("text", "thoughts", "said"),
    [
        ("</think><|content|>analysis", [], "analysis"),
        ("hm</think>analysis Blue.assistantfinalWhich size?", ["hm"], "analysis Blue.assistantfinalWhich size?"),
        ("hm</think>analysisIt is blue.assistantfinalWhich size?", ["hm", "It is blue."], "Which size?"),
        ('hm</think>\ufeff{"message": "Hi."}', ["hm"], '{"message": "Hi."}'),
        ("<answer>Hi.<|end|></answer>", [], "Hi."),
    ],
)
def test_what_is_left_is_read_as_it_would_be_alone(text: str, thoughts: list[str], said: str) -> None:
    assert split_thoughts(text) == (thoughts, said)
    assert split_thoughts(said) == ([], said)


@given(st.text())
def test_a_text_without_marks_is_as_it_was(text: str) -> None:
    if not set(text) & set("<[◁"):
        assert split_thoughts(text) == ([], text)


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(["think", "thinking", "reasoning"]))
def test_what_is_said_and_what_is_thought_are_told_apart(thought: str, said: str, tag: str) -> None:
    marks = set("<>[]{}◁▷/|")
    if marks & set(thought + said):
        return
    thoughts, left = split_thoughts(f"<{tag}>{thought}</{tag}>{said}")
    assert (thoughts, left) == ([thought.strip()] if thought.strip() else [], said.strip())
