"""What a server's refusal teaches: how the next request must be written so that it is taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from toolgym.messages import THOUGHTS
from toolgym.models.failures import RequestError
from toolgym.models.history import Form, Thoughts

TRIES = 6
"""How often one request is written in another form, at most."""

_OURS = ("seed", "stream_options")
"""Fields that we send of our own accord, and without which a request means the same."""
_USUAL = {"role", "content", "tool_calls", "tool_call_id", "id", "type", "function", "name", "arguments"}

_UNWELCOME = re.compile(
    r"un(?:known|recogni[sz]ed|supported|expected|welcome)"
    r"|not (?:be )?(?:supported|permitted|allowed|accepted|recogni[sz]ed)"
    r"|extra[ _](?:inputs|forbidden|fields)|additional propert|cannot find field|no such field|forbidden|invalid"
    r"|does not (?:support|accept|allow)|refus",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"missing|required|must (?:be )?(?:pass|provid|includ|sent|present|preserv|return|have|contain)\w*", re.IGNORECASE
)
_IDS = re.compile(r"tool.?(?:call|use)s?.{0,12}\bid\b|\bid\b.{0,20}tool.?(?:call|use)", re.IGNORECASE)
_IDS_WANTED = re.compile(r"must|match|pattern|length|invalid|too long|unique|duplicate", re.IGNORECASE)
_ALONE = re.compile(
    r"either content or tool.?calls.{0,20}not both"
    r"|content.{0,30}(?:must be (?:null|empty)|not allowed).{0,30}tool.?calls",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:first|begin|start|initial).{0,60}(?:\buser\b|role)|roles? (?:must|should|need\w*) (?:be )?alternat\w*"
    r"|alternat\w* (?:between )?.{0,3}user|\buser\b.{0,20}(?:first|begin|start)|unexpected role .?assistant"
    r"|role .?assistant.{0,30}(?:after|first|begin|start)",
    re.IGNORECASE,
)
_NULL = re.compile(
    r"content.{0,60}(?:required|null|none\b|nil\b|missing|string)|(?:null|required).{0,40}content|nonetype|<nil>",
    re.IGNORECASE,
)
_NAMES_WANTED = re.compile(
    r"(?:function.?response|tool|function).{0,40}\bname\b.{0,40}(?:empty|required|missing)", re.IGNORECASE
)
_NO_SYSTEM = re.compile(
    r"(?:system|developer).{0,20}(?:role|message|prompt|instruction)s?"
    r".{0,30}not (?:be )?(?:support|allow|enabl|permit)\w*",
    re.IGNORECASE,
)
_LESS: dict[Thoughts, Thoughts] = {"keep": "auto", "auto": "turn", "turn": "strip"}
_MORE: dict[Thoughts, Thoughts] = {"strip": "turn", "turn": "auto", "auto": "keep"}


def adapted(form: Form, failure: RequestError, body: Mapping[str, Any], *, fixed_thoughts: bool) -> Form | None:
    """The form in which a server may take what it refused in another, as far as it says what it minds.

    Args:
        form: How the request was written.
        failure: What the server said.
        body: What was sent.
        fixed_thoughts: Whether which thoughts go back was chosen, and stays so.

    Returns:
        The form, or None if nothing is to be learned.
    """
    said = failure.all_said
    if failure.kind == "context" or failure.status not in (400, 404, 422, 500):
        return None
    sent = [name for name in dict.fromkeys(_fields(body)) if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said)]
    thoughts = any(name in said for name in THOUGHTS)
    if thoughts and _WANTED.search(said):
        more = _MORE.get(form.thoughts)
        return None if fixed_thoughts or more is None else replace(form, thoughts=more)
    if _UNWELCOME.search(said) and sent:
        if any(name in THOUGHTS for name in sent):
            return None if fixed_thoughts else replace(form, thoughts=_LESS.get(form.thoughts, "strip"))
        return replace(form, without=form.without | set(sent))
    if not form.lone_calls and _ALONE.search(said):
        return replace(form, lone_calls=True)
    if not form.no_system and _NO_SYSTEM.search(said):
        return replace(form, no_system=True)
    if not form.named_results and _NAMES_WANTED.search(said):
        return replace(form, named_results=True)
    if not form.blank and _NULL.search(said) and any(message.get("content") is None for message in body["messages"]):
        return replace(form, blank=True)
    if not form.short_ids and _IDS.search(said) and _IDS_WANTED.search(said):
        return replace(form, short_ids=True)
    if not form.user_first and _ORDER.search(said):
        return replace(form, user_first=True)
    return None


def _fields(body: Mapping[str, Any]) -> Iterator[str]:
    """The names of what is in a request and need not be."""
    yield from (name for name in _OURS if name in body)
    for message in body["messages"]:
        calls = message.get("tool_calls") or ()
        for holder in (message, *calls, *(call["function"] for call in calls)):
            yield from (name for name in holder if name not in _USUAL)
