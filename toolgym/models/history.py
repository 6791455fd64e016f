"""A dialogue as servers take it.

What a model said stays as it was in the trajectory. What is sent back to its server must be valid there, also where
the model invented a tool or wrote a call that nobody can read, and the strictest server decides what is valid: names
and ids of letters, digits, ``_`` and ``-``, an answer to each call and in its order, no empty text, roles that take
turns.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any, Literal

from toolgym.messages import INVALID, THOUGHTS
from toolgym.models.surrogates import whole_json
from toolgym.models.tool_formats import TextFormat, in_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_NOTHING = "(nothing)"
_USUAL = {"role", "content", "tool_calls", "tool_call_id"}

Thoughts = Literal["auto", "turn", "strip", "keep"]


@dataclass(frozen=True)
class Form:
    """How a dialogue is written for one server: what all servers take, and what this one was seen to want.

    Args:
        thoughts: Which thoughts go back: none, all, those of turns with calls, or those since the last word of the
            other side.
        without: Fields that are left out.
        short_ids: Whether all ids of calls are of nine letters and digits, whatever the server gave.
        lone_calls: Whether no text stands beside calls.
        blank: Whether calls that stand alone have an empty text beside them instead of none.
        named_results: Whether an answer to a call has the name of its tool.
        user_first: Whether the other side must begin.
        no_system: Whether the system message is told as the beginning of the other side's first word.
    """

    thoughts: Thoughts = "auto"
    without: frozenset[str] = field(default_factory=frozenset)
    short_ids: bool = False
    lone_calls: bool = False
    blank: bool = False
    named_results: bool = False
    user_first: bool = False
    no_system: bool = False


def with_calls(
    messages: Sequence[Mapping[str, Any]],
    form: Form,
    *,
    tools: Collection[str],
    thought_fields: Collection[str],
    issued: Collection[str],
) -> list[dict[str, Any]]:
    """A dialogue for a server that reads calls.

    Args:
        messages: The dialogue in chat format; the model's earlier thoughts are in ``reasoning_content``.
        form: How it is written.
        tools: The names of the tools that there are.
        thought_fields: The fields in which the server sends thoughts; empty if it does not.
        issued: The ids of calls that the server itself gave.
    """
    written = _named([_filled(message) for message in _paired(messages)], tools, issued, form)
    return _taking_turns(_thoughtful(written, form, thought_fields), form)


def without_calls(
    messages: Sequence[Mapping[str, Any]],
    form: Form,
    *,
    tools: Sequence[Mapping[str, Any]],
    thought_fields: Collection[str],
    tool_format: TextFormat,
) -> list[dict[str, Any]]:
    """A dialogue in which tools, calls and results are text: see :func:`~toolgym.models.tool_formats.in_text`."""
    written = _thoughtful([_filled(message) for message in _paired(messages)], form, thought_fields)
    return _taking_turns(in_text(written, tools, tool_format), form)


def _thoughtful(messages: list[dict[str, Any]], form: Form, thought_fields: Collection[str]) -> list[dict[str, Any]]:
    """A dialogue with the thoughts that go back, and without the fields that do not."""
    _choose_thoughts(messages, form.thoughts, sorted(thought_fields))
    return [_without(message, form.without) for message in messages] if form.without else messages


def _paired(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A dialogue in which each message with calls is followed by one answer a call, in their order."""
    written: list[dict[str, Any]] = []
    left = deque(dict(message) for message in messages)
    while left:
        message = left.popleft()
        if message["role"] == "tool":  # its call was never made here
            written.append({"role": "user", "content": f"Result of an earlier call: {message.get('content') or ''}"})
            continue
        written.append(message)
        calls = message.get("tool_calls") or ()
        answers: list[dict[str, Any]] = []
        while calls and left and left[0]["role"] == "tool":
            answers.append(left.popleft())
        for call in calls:
            own = next((one for one in answers if one.get("tool_call_id") == call.get("id")), None)
            if own is None:
                own = answers[0] if len(answers) == len(calls) else None
            if own is None:
                own = {"role": "tool", "content": "(no result)", "tool_call_id": call.get("id")}
            else:
                answers.remove(own)
            written.append(own)
    return written


def _named(
    messages: Sequence[Mapping[str, Any]], tools: Collection[str], issued: Collection[str], form: Form
) -> list[dict[str, Any]]:
    """A dialogue whose calls have names and ids that all servers take.

    A message of nothing but calls of which not even a name could be read is what the model wrote, and the answers are
    what the other side says: no server made such calls.

    Args:
        messages: The dialogue, each call followed by its answer.
        tools: The names of the tools that there are.
        issued: The ids that the server itself gave.
        form: How it is written.
    """
    names = {name: name for name in tools}
    taken: set[str] = set()
    numbers = iter(range(10**6))
    written: list[dict[str, Any]] = []
    answers: list[tuple[str, str]] | None = []  # ids and names of the answers to come; None where they are said
    for message in messages:
        message = dict(message)
        if message["role"] == "tool":
            if answers is None:
                message = {"role": "user", "content": message.get("content") or _NOTHING}
            else:
                message["tool_call_id"], name = answers.pop(0)
                if form.named_results:
                    message["name"] = name
        elif calls := message.get("tool_calls"):
            if all(call["function"]["name"] == INVALID for call in calls):
                answers = None
                raw = [_raw(call) for call in calls]
                message = {name: value for name, value in message.items() if name != "tool_calls"}
                message["content"] = "\n".join(text for text in (message.get("content"), *raw) if text) or _NOTHING
            else:
                ids = [_id(call.get("id"), issued, taken, numbers, form) for call in calls]
                message["tool_calls"] = [
                    {**call, "id": one, "function": _function(call["function"], names)}
                    for call, one in zip(calls, ids, strict=True)
                ]
                answers = [(one["id"], one["function"]["name"]) for one in message["tool_calls"]]
                if form.lone_calls:
                    message["content"] = None
                if form.blank:
                    message["content"] = message["content"] or ""
        written.append(message)
    return written


def _id(given: object, issued: Collection[str], taken: set[str], numbers: Any, form: Form) -> str:
    if isinstance(given, str) and given in issued and given not in taken and not form.short_ids:
        one = given
    else:
        one = next(short for number in numbers if (short := f"call{number:05d}") not in taken and short not in issued)
    taken.add(one)
    return one


def _function(function: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    name, arguments = function["name"] or INVALID, function.get("arguments") or "{}"
    if name not in names:
        sent = name
        if not _NAME.fullmatch(name):
            sent = re.sub("[^A-Za-z0-9_-]", "_", name)[:64]
            sent = sent if _NAME.fullmatch(sent) else f"_{sent[:63]}"
        if sent in names.values():
            sent = f"{sent[:55]}_{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        names[name] = sent
    if "\\ud" in arguments:  # half a surrogate pair may hide in an escape
        arguments = json.dumps(whole_json(json.loads(arguments)))
    return {**function, "name": names[name], "arguments": arguments}


def _raw(call: Mapping[str, Any]) -> str:
    raw = json.loads(call["function"]["arguments"]).get("raw")
    return raw if isinstance(raw, str) and raw.strip() else ""


def _filled(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message that is not empty."""
    filled = dict(message)
    content = filled.get("content")
    if filled["role"] == "tool":
        filled["content"] = content or ""
    elif not content or (isinstance(content, str) and not content.strip()):
        filled["content"] = None if filled.get("tool_calls") else _NOTHING
    return filled


def _choose_thoughts(messages: list[dict[str, Any]], which: Thoughts, fields: Sequence[str]) -> None:
    """Leave the thoughts in that go back, under the names under which they came."""
    ends = [place for place, message in enumerate(messages) if message["role"] == "user"]
    bounds = [0, *ends, len(messages)]
    for start, end in pairwise(bounds):
        turn = [message for message in messages[start:end] if message["role"] == "assistant"]
        last = end == len(messages)
        called = any(message.get("tool_calls") for message in turn)
        back = which == "keep" or (fields and called and (which == "auto" or (which == "turn" and last)))
        for message in turn:
            told = next((message.get(name) for name in THOUGHTS if message.get(name)), "")
            for name in THOUGHTS:
                message.pop(name, None)
            if back and (told or fields):
                message.update(dict.fromkeys(fields or THOUGHTS[:1], told))


def _without(message: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    kept = {name: value for name, value in message.items() if name in _USUAL or name not in names}
    if calls := kept.get("tool_calls"):
        kept["tool_calls"] = [
            {
                **{name: value for name, value in call.items() if name not in names},
                "function": {name: value for name, value in call["function"].items() if name not in names},
            }
            for call in calls
        ]
    return kept


def _begun_by_the_other(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A dialogue in which the model does not speak first: what it said is told in the system message."""
    begin = next((place for place, message in enumerate(messages) if message["role"] != "system"), len(messages))
    start = begin
    while start < len(messages) and messages[start]["role"] == "assistant" and not messages[start].get("tool_calls"):
        start += 1
    head, said, rest = messages[:begin], messages[begin:start], messages[start:]
    if said:
        told = "\n\n".join(str(message["content"]) for message in said)
        note = f"<said>\n{told}\n</said>\nThis is what you have said so far; the conversation goes on from there."
        if head:
            head[-1] = {**head[-1], "content": f"{head[-1]['content']}\n\n{note}"}
        else:
            head = [{"role": "system", "content": note}]
    if not rest or rest[0]["role"] != "user":
        rest.insert(0, {"role": "user", "content": "(The conversation begins.)"})
    return head + rest


def _taking_turns(messages: list[dict[str, Any]], form: Form) -> list[dict[str, Any]]:
    """A dialogue in which no side speaks twice in a row, and results are followed by a word of the model."""
    written: list[dict[str, Any]] = []
    if form.user_first or form.no_system:
        messages = _begun_by_the_other(messages)
    if form.no_system:
        messages = [dict(message, role="user") if message["role"] == "system" else message for message in messages]
    for message in messages:
        before = written[-1] if written else None
        again = before is not None and before["role"] == message["role"] != "tool" and not before.get("tool_calls")
        if again and form.lone_calls and message.get("tool_calls"):
            written.append({"role": "user", "content": _NOTHING})
        elif before is not None and again:
            texts = [one["content"] for one in (before, message) if one["content"]]
            joined = "\n\n".join(texts) if all(isinstance(text, str) for text in texts) else message["content"]
            written[-1] = {**before, **message, "content": joined}
            continue
        if before is not None and before["role"] == "tool" and message["role"] == "user":
            written.append({"role": "assistant", "content": _NOTHING})
        written.append(message)
    return written
