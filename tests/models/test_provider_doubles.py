"""The stand-ins of providers take a correct dialogue, each in its own form, and refuse wrong ones."""

from __future__ import annotations

import copy
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from providers import ALL, MISBEHAVIOURS, Anthropic, DeepSeek, Mistral, OpenRouter, Provider, text_of

Body = dict[str, Any]
Change = Callable[[Body], Any]


def tool(name: str, *parameters: str) -> Body:
    schema = {"type": "object", "properties": {one: {"type": "string"} for one in parameters}, "required": parameters}
    return {"type": "function", "function": {"name": name, "description": "A tool", "parameters": schema}}


TOOLS = [tool("get_user", "id"), tool("list_users")]
CALM: dict[str, Any] = {"plan": None, "weather": None}
LOOK_UP = ("get_user", '{"id": "1"}')


def brain(messages: list[Body]) -> Body:
    last = messages[-1]
    said = text_of(last.get("content"))
    if last["role"] == "tool":
        return {"text": "Her name is Ann.", "calls": [], "thought": "The result says Ann."}
    if "both" in said:
        return {"text": None, "calls": [LOOK_UP, ("list_users", "{}")], "thought": "Two look-ups are needed."}
    if "list" in said:
        return {"text": None, "calls": [("list_users", "{}")], "thought": None}
    if "who" in said:
        return {"text": None, "calls": [LOOK_UP], "thought": "I must look it up."}
    return {"text": "Hello!", "calls": [], "thought": "A greeting."}


def post(provider: Provider, body: Body, key: str = "sk-test") -> tuple[int, str, Mapping[str, str]]:
    """What a request made by hand is answered: status, body, headers by lower-case name."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(f"{provider.url}/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode(), {}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), {name.lower(): value for name, value in error.headers.items()}


def whole(raw: str) -> Body:
    message: Body = json.loads(raw)["choices"][0]["message"]
    return message


def joined(raw: str) -> Body:
    """The message of a stream that ends well, as a careful reader puts it together."""
    message: Body = {"role": "assistant", "content": None}
    calls: list[Body] = []
    finish = None
    lines = [line[5:].strip() for line in raw.split("\n") if line.startswith("data:")]
    assert lines.pop() == "[DONE]"
    for event in map(json.loads, lines):
        assert "error" not in event
        for choice in event["choices"]:
            finish = choice.get("finish_reason") or finish
            delta = choice["delta"]
            for name in ("content", "reasoning_content"):
                if isinstance(delta.get(name), str):
                    message[name] = (message.get(name) or "") + delta[name]
            for name in ("reasoning_details", "thinking_blocks"):
                if delta.get(name):
                    message[name] = message.get(name, []) + delta[name]
            for part in delta.get("tool_calls") or []:
                place = part.get("index", len(calls))
                if place == len(calls):
                    calls.append({"type": "function", "function": {"name": "", "arguments": ""}})
                calls[place].update({name: part[name] for name in ("id", "extra_content") if part.get(name)})
                for name, text in part["function"].items():
                    calls[place]["function"][name] += text or ""
    assert finish
    if calls:
        message["tool_calls"] = calls
    return message


def back(provider: Provider, message: Body) -> Body:
    """A message of the model, as its provider wants it back."""
    name, content = provider.name, message.get("content")
    said: Body = {"role": "assistant", "content": content}
    calls = []
    for one in copy.deepcopy(message.get("tool_calls") or []):
        kept = ("id", "function", "extra_content") if name == "gemini" else ("id", "function")
        one["function"]["arguments"] = one["function"]["arguments"] or "{}"
        calls.append({"type": "function", **{field: one[field] for field in kept if field in one}})
    if calls:
        said["tool_calls"] = calls
        said["content"] = content or None
    if name == "deepseek":
        said["content"] = said["content"] or ""
        kept_thoughts = {"reasoning_content"}
    else:
        kept_thoughts = {"reasoning_details"} if name == "openrouter" else set()
    blocks = message.get("thinking_blocks")
    if blocks:
        signature = next(block["signature"] for block in blocks if block["signature"])
        thought = "".join(block["thinking"] for block in blocks)
        said["thinking_blocks"] = [{"type": "thinking", "thinking": thought, "signature": signature}]
    said.update({field: message[field] for field in kept_thoughts if message.get(field) is not None})
    return said


def result(provider: Provider, call: Body) -> Body:
    """The result of a call."""
    named = {"name": call["function"]["name"]} if provider.name in ("gemini", "mistral") else {}
    return {"role": "tool", "tool_call_id": call["id"], "content": '{"name": "Ann"}', **named}


def made(kind: type[Provider], **options: Any) -> Provider:
    """A stand-in; OpenRouter's answers hold no errors."""
    return kind(brain, **({"broken": {}} if kind is OpenRouter else {}), **options)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [*((kind, {}) for kind in ALL), (Anthropic, {"flavor": "litellm", "require_thinking": True})],
)
def test_a_correct_dialogue_is_taken(kind: type[Provider], options: Body, stream: bool) -> None:
    messages: list[Body] = [{"role": "system", "content": "You are a clerk."}, {"role": "assistant", "content": "Hi!"}]
    asked: Body = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    if kind is Mistral:
        asked.pop("stream_options", None)
    with made(kind, **CALM, **options) as provider:
        for words in ("hello", "who is user 1?", "list them", "list again", "list once more", "both please", "thanks"):
            messages.append({"role": "user", "content": words})
            while messages[-1]["role"] != "assistant":
                body = {"model": provider.model, "messages": messages, "tools": TOOLS, **asked}
                status, raw, _ = post(provider, body)
                assert status == 200, raw
                messages.append(back(provider, joined(raw) if stream else whole(raw)))
                messages += [result(provider, call) for call in messages[-1].get("tool_calls", ())]
        assert len(provider.requests) == 12
        assert provider.refusals == []


def calling(body: Body) -> Body:
    """The last message with calls."""
    return next(message for message in reversed(body["messages"]) if message.get("tool_calls"))  # type: ignore[no-any-return]  # JSON


def user(body: Body) -> Body:
    return next(message for message in reversed(body["messages"]) if message["role"] == "user")  # type: ignore[no-any-return]  # JSON


def before(body: Body, role: str, message: Body) -> None:
    """Insert a message before the last one of a role."""
    last = max(place for place, one in enumerate(body["messages"]) if one["role"] == role)
    body["messages"].insert(last, message)


def field(name: str, value: Any) -> Change:
    return lambda body: calling(body).update({name: value})


def function(name: str, value: Any) -> Change:
    return lambda body: calling(body)["tool_calls"][0]["function"].update({name: value})


def top(**fields: Any) -> Change:
    return lambda body: body.update(fields)


def added(role: str, content: Any) -> Change:
    return lambda body: body["messages"].append({"role": role, "content": content})


def identity(value: str) -> Change:
    def change(body: Body) -> None:
        calling(body)["tool_calls"][0]["id"] = body["messages"][-1]["tool_call_id"] = value

    return change


def signature(value: str | None) -> Change:
    return lambda body: calling(body)["tool_calls"][0]["extra_content"]["google"].update(thought_signature=value)


ORPHAN = {"role": "tool", "tool_call_id": "abcdefgh9", "content": "x", "name": "get_user"}
FOR_ALL: dict[str, Change] = {
    "an unknown role": lambda body: body["messages"][-1].update(role="robot"),
    "content that is a number": lambda body: body["messages"][-1].update(content=7),
    "no messages": top(messages=[]),
}
BUT_VLLM: dict[str, Change] = {
    "a result without a call": lambda body: before(body, "user", ORPHAN),
    "a call without a result": lambda body: body["messages"].__setitem__(-1, {"role": "user", "content": "go on"}),
    "two results of a call": lambda body: body["messages"].append(copy.deepcopy(body["messages"][-1])),
    "a tool with a space in its name": lambda body: body["tools"][0]["function"].update(name="get user!"),
    "a name with <| in the history": function("name", "get_user<|channel|>json"),
    "an empty message of the model": lambda body: before(body, "user", {"role": "assistant", "content": None}),
}
DOTTED = {"a name with a dot in the history": function("name", "functions.get_user")}
ARGUMENTS = {"arguments of text": function("arguments", '"{}"'), "broken arguments": function("arguments", '{"id": ')}
PREFILL = {"the model at the end": added("assistant", "Well")}
THOUGHT = {"a thought": field("reasoning_content", "x")}
USAGE = {"include_usage": True}
OWN: dict[str, dict[str, Change]] = {
    "openai": {
        **DOTTED,
        **THOUGHT,
        "tool_calls null": field("tool_calls", None),
        "arguments that are an object": function("arguments", {"id": "1"}),
        "a call id of 41": identity("c" * 41),
        "stream_options without a stream": top(stream_options=USAGE),
        "an unknown field": top(top_k=3),
    },
    "anthropic": {
        **DOTTED,
        **ARGUMENTS,
        **PREFILL,
        "empty arguments": function("arguments", ""),
        "an empty text of the user": lambda body: user(body).update(content=""),
        "a call id with a dot": identity("functions.x:0"),
        "an empty text beside calls": field("content", ""),
    },
    "gemini": {
        **ARGUMENTS,
        **THOUGHT,
        "no signature": signature(None),
        "another signature": signature("AAAA"),
        "calls after the model spoke": lambda body: body["messages"].insert(
            -2, {"role": "assistant", "content": "Hm."}
        ),
    },
    "mistral": {
        **DOTTED,
        **THOUGHT,
        **PREFILL,
        "a call id of another form": identity("call_1"),
        "refusal null": field("refusal", None),
        "the user after a result": added("user", "and?"),
        "stream_options": top(stream=True, stream_options=USAGE),
        "max_completion_tokens": top(max_completion_tokens=9),
        "a named user": lambda body: user(body).update(name="ann"),
    },
    "deepseek": {
        **DOTTED,
        "no thought": lambda body: calling(body).pop("reasoning_content"),
        "an empty thought": field("reasoning_content", ""),
        "an invented thought": field("reasoning_content", "."),
        "content in parts": lambda body: user(body).update(content=[{"type": "text", "text": "who"}]),
        "no tools in a list": top(tools=[]),
        "a developer": lambda body: body["messages"][0].update(role="developer"),
        "a call that must be": top(tool_choice="required"),
    },
    "openrouter": {
        **DOTTED,
        **ARGUMENTS,
        "no details": lambda body: calling(body).pop("reasoning_details"),
        "other details": lambda body: calling(body)["reasoning_details"][-1].update(data="xx"),
        "details in another order": lambda body: calling(body)["reasoning_details"].reverse(),
        "arguments null": function("arguments", None),
    },
    "vllm": {
        **ARGUMENTS,
        "stream_options without a stream": top(stream_options=USAGE),
        "a choice without tools": lambda body: (body.pop("tools"), body.update(tool_choice="auto")),
        "an unknown model": top(model="gpt-9"),
    },
}


@pytest.mark.parametrize("kind", ALL)
def test_a_wrong_request_is_refused_in_json(kind: type[Provider]) -> None:
    with made(kind, **CALM) as provider:
        asked = [{"role": "system", "content": "You are a clerk."}, {"role": "user", "content": "who is user 1?"}]
        said = back(provider, whole(post(provider, {"model": provider.model, "messages": asked, "tools": TOOLS})[1]))
        messages = [*asked, said, result(provider, said["tool_calls"][0])]
        good = {"model": provider.model, "messages": messages, "tools": TOOLS}
        assert post(provider, good)[0] == 200
        wrong = {**FOR_ALL, **({} if provider.name == "vllm" else BUT_VLLM), **OWN[provider.name]}
        for number, (what, change) in enumerate(wrong.items(), start=1):
            body = copy.deepcopy(good)
            change(body)
            status, raw, _ = post(provider, body)
            assert 400 <= status < 500, (what, raw)
            assert json.loads(raw), what
            assert len(provider.client_faults) == number
        assert 400 <= post(provider, good, key="")[0] < 500


@pytest.mark.parametrize("kind", ALL)
def test_each_misbehaviour_and_each_weather_comes(kind: type[Provider]) -> None:
    relaxed = {"refuse_stream_options": False} if kind is Mistral else {}
    statuses = []
    with kind(brain, slow=0.02, retry_after=0, **relaxed) as provider:
        for number in range(30):
            words = "who is it?" if number % 2 else "list them"
            body = {"model": provider.model, "messages": [{"role": "user", "content": words}], "tools": TOOLS}
            status, _, headers = post(provider, {**body, **({} if number % 3 else {"stream": True})})
            statuses.append(status)
            assert status != 429 or "retry-after" in headers
    assert {answer["misbehaviour"] for answer in provider.answers} >= set(MISBEHAVIOURS)
    assert (statuses.count(429), statuses.count(503)) == (2, 1)
    assert provider.client_faults == []


@pytest.mark.parametrize("kind", ALL)
def test_what_is_too_long_is_refused(kind: type[Provider]) -> None:
    with made(kind, **CALM, context_tokens=50) as provider:
        body = {"model": provider.model, "messages": [{"role": "user", "content": "x" * 900}]}
        assert post(provider, body)[0] == 400
    assert [refusal["kind"] for refusal in provider.refusals] == ["overflow"]


@pytest.mark.parametrize(("mode", "status"), [("r1", 400), ("v3.2", 200)])
def test_r1_alone_refuses_its_own_thoughts(mode: str, status: int) -> None:
    with made(DeepSeek, **CALM, mode=mode) as provider:
        asked = [{"role": "user", "content": "hello"}]
        said = whole(post(provider, {"model": provider.model, "messages": asked})[1])
        plain = {"role": "assistant", "content": said["content"]}
        thought = {**plain, "reasoning_content": said["reasoning_content"]}
        answers = [
            post(provider, {"model": provider.model, "messages": [*asked, message, *asked]})[0]
            for message in (thought, plain)
        ]
    assert answers == [status, 200]
