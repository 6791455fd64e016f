"""Thoughts in a text: what a model writes before it speaks, and says to nobody.

Today's models mark them in these ways, upper and lower case and space within a mark aside:

- ``<think>…</think>`` and ``<thinking>``, also with a prefix as in ``<seed:think>`` and ``<longcat_think>``, or as
  ``<think_never_used_…>``;
- ``[THINK]…[/THINK]`` in capitals, ``[unused16]…[unused17]`` and ``◁think▷…◁/think▷``;
- ``<|begin_of_thought|>…<|end_of_thought|>``, ``<|START_THINKING|>…<|END_THINKING|>``,
  ``<|inner_prefix|>…<|inner_suffix|>`` and ``<unused94>thought…<unused95>``;
- harmony's channels: ``<|channel|>analysis<|message|>…<|end|>``, and ``commentary``; only ``final`` is said. Without
  its special tokens, that is ``analysis…assistantfinal…``;
- ``<|think|>…<|end|><|begin|>assistant<|content|>…``;
- ``<|channel>thought…<channel|>`` and ``<|open|>think<|sep|>…<|close|>think<|sep|>``;
- ``Here are my reasoning steps: … [BEGIN FINAL RESPONSE] … [END FINAL RESPONSE]``;
- ``Here is my thought process: … Here is my response: …``;
- in pairs alone: ``<thought>…</thought>``, and the like with ``thoughts``, ``reasoning``, ``reflection``,
  ``scratchpad`` or ``analysis``, and ``[Thinking]…[/Thinking]``. One of these without its other half is text.

In a JSON action they may stand in a field of their own, beside ``message`` or ``name``.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from toolgym.messages import THOUGHTS, decode_json

FIELDS = (*THOUGHTS, "thinking", "reasoning_details", "thinking_blocks")
"""Fields of an action in which thoughts may stand."""

_PREFIX = r"(?:\w{1,20}[:_])?"
_THINK = rf"{_PREFIX}think(?:ing|_never_used_[0-9a-f]+)?"
_PAIRED = rf"{_PREFIX}(?:thoughts?|reasoning|reflection|scratchpad|analysis)"
_WORDS = r"(?:thought|thoughts|think|thinking|reasoning)"
_MARK = re.compile(
    rf"(?=[\[◁`]|<[|\s/]*[^\W\d_])(?:(?P<open><\s*{_THINK}\s*>|(?-i:\[\s*THINK\s*\])|\[unused16\]|◁\s*(?:{_THINK}|{_PAIRED})\s*▷|"
    rf"<\|(?:begin_of_|begin_|start_of_|start_)?{_WORDS}\|>|<\|{_WORDS}_(?:start|begin)\|>|<\|inner_prefix\|>|"
    r"<(?:unused94|\|channel)>\s*(?:thought\b)?|<\|open\|>\s*think\s*<\|sep\|>|"
    r"<\|channel\|>\s*(?:analysis|commentary)\b(?:(?:[^<]|<\|constrain\|>)*<\|message\|>)?)|"
    rf"(?P<close><\s*/\s*{_THINK}\s*>|(?-i:\[\s*/\s*THINK\s*\])|\[unused17\]|◁\s*/\s*(?:{_THINK}|{_PAIRED})\s*▷|"
    rf"<\|end_(?:of_)?{_WORDS}\|>|<\|/{_WORDS}\|>|<\|{_WORDS}_end\|>|<\|inner_suffix\|>|<(?:unused95|channel\|)>|"
    r"<\|close\|>\s*think\s*<\|sep\|>|\[begin final response\])|"
    rf"(?P<paired><\s*(?:/\s*)?{_PAIRED}\s*>|\[\s*(?:/\s*)?think(?:ing)?\s*\])|"
    r"(?P<end><\|(?:end|return|call|content)\|>|<\|(?:start|begin)\|>\s*assistant\b|"
    r"<\|channel\|>\s*final\b(?:(?:[^<]|<\|constrain\|>)*<\|message\|>)?)|"
    rf"(?P<frame><\s*{_THINK}\s*/\s*>|<\|(?:begin|end)_of_(?:solution|box)\|>|<\|(?:START|END)_(?:RESPONSE|TEXT)\|>|"
    r"<\|(?:open|close)\|>\s*response\s*<\|sep\|>|\[end final response\])|"
    r"(?P<call><tool_call>|(?-i:<\|python_tag\|>)|```\w*\s*(?=\{|\[\s*\{)))",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"\[\s*(?:/?\s*think|unused1[67]|begin final|end final)", re.IGNORECASE)
_PAIR_CLOSES = re.compile(rf"<\s*/\s*{_PAIRED}\s*>|\[\s*/\s*think(?:ing)?\s*\]", re.IGNORECASE)
_TURN = re.compile(r"<\|channel\|>|<\|start\|>|<\|begin\|>\s*assistant\b|\A\s*<\|content\|>")
_ENDS = ("<|end|>", "<|return|>", "<|call|>", "<|content|>")
_ENDS_OF_THINK = ("<|/think|>", "<|end_think|>", "<|end_of_think|>", "<|think_end|>", "</think>")
_TOOL_CALL_CLOSE = re.compile("</tool_call>", re.IGNORECASE)
_THINKS, _HARMONY = "think", "harmony"
_CALL_BEGINS = re.compile(
    r"\s*(?:<(?:answer|response|output|final)>\s*)?(?:```\w*\s*)?"
    r"(?=\{|\[\s*\{|\[\s*[A-Za-z_][\w.]*\s*\(|<tool_call>)",
    re.IGNORECASE,
)
_NEXT_CALL = re.compile(r"\s*;\s*(?=\{)")
_PYTHONIC = re.compile(r"\[\s*[A-Za-z_][\w.]*\s*\(")
_ANSWER = re.compile(r"<(answer|response|output|final)>(.*)</\1>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```\w*\s*(?=[{\[]|<tool_call>)(.*)```", re.DOTALL | re.IGNORECASE)
_TOLD = re.compile(r"\s*here(?:'s| is) my thought process:?(.*?)here(?:'s| is) my response:?", re.DOTALL | re.I)
_BARE = re.compile(r"analysis(?=\S)(.*?)assistantfinal", re.DOTALL)
_STEPS = re.compile(r"\s*here are my reasoning steps:", re.IGNORECASE)
_SEAM = 80
"""Characters on each side of a place where a thought was taken out that are looked at together."""
_decode_at = json.JSONDecoder().raw_decode


class _Mark(NamedTuple):
    """A mark outside calls: where it stands, what it is, and which marks it goes together with."""

    start: int
    end: int
    kind: str
    family: str


def split_thoughts(text: str) -> tuple[list[str], str]:
    """Take the thoughts out of a text.

    A thought whose opening is missing began with the text (there are chat templates that write the opening
    themselves), and one that is not closed goes on to the end. What stands in a tool call is data and stays as it is:
    in a JSON call with which the text, or what is said in it, begins, and between ``<tool_call>`` and ``</tool_call>``.

    What is left is read again until nothing changes, for it may begin otherwise than the text did: split once more, it
    is as it is and holds no thoughts.

    Args:
        text: What was written.

    Returns:
        The thoughts, and what is left; it is stripped if there were any.

    Example:
        >>> split_thoughts("<think>hm</think> Hello.")
        (['hm'], 'Hello.')
        >>> split_thoughts("They want shoes.</think>Which size?")
        (['They want shoes.'], 'Which size?')
        >>> split_thoughts("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello.")
        (['hm'], 'Hello.')
        >>> split_thoughts('{"name": "note", "arguments": {"text": "<think>"}}')
        ([], '{"name": "note", "arguments": {"text": "<think>"}}')
    """
    thoughts, said = _split_once(text)
    while said != text:
        text = said
        more, said = _split_once(text)
        thoughts += more
    return thoughts, said


def _split_once(text: str) -> tuple[list[str], str]:
    """The thoughts that one reading finds, and what is left."""
    words = "my thought process" in text or text.startswith("analysis")
    if not words and "<" not in text and "[" not in text and "{" not in text and "◁" not in text:
        return [], text
    if text.startswith("\ufeff") and _CALL_BEGINS.match(text, 1):
        text = text[1:]
    if not (words or _may_be_marked(text) or _may_hold_fields(text)):
        return [], text
    thoughts: list[str] = []
    position = 0
    while words and (told := _TOLD.match(text, position) or _BARE.match(text, position)):
        thoughts.append(told[1].strip())
        position = told.end()
    text = text[position:].strip() if position else text
    marked, said = _without_marked(text)
    in_fields, said = _without_fields(said)
    thoughts = [thought for thought in (*thoughts, *marked, *in_fields) if thought]
    inner = told_text(said)
    if inner is not None:
        within, inner_said = _without_marked(inner)
        if inner_said != inner:
            return [*thoughts, *within], json.dumps({"message": inner_said})
    return thoughts, said


def thoughts_in_fields(action: Mapping[str, Any]) -> str:
    """The thoughts in whichever field of an action holds them; empty if there are none.

    Example:
        >>> thoughts_in_fields({"message": "Hello.", "reasoning": "It is blue."})
        'It is blue.'
    """
    return next((text for name in FIELDS if (text := _text_of(action.get(name)).strip())), "")


def told_text(text: str) -> str | None:
    """The text in ``{"message": "…"}``, which is another way to say it; None if a text is not of that form.

    Args:
        text: What was written, without its thoughts; the object may stand in a code fence.

    Example:
        >>> told_text('{"message": "Which size?"}')
        'Which size?'
    """
    body = unfenced(text.strip())
    if not body.startswith("{") or '"message"' not in body:
        return None
    try:
        value = decode_json(body)
    except (ValueError, RecursionError):
        return None
    return said_by(value)


def unfenced(body: str) -> str:
    r"""A text without the code fence in which it stands, if what stands there begins as a JSON action does.

    Example:
        >>> unfenced("```json\n{}\n```")
        '{}'
        >>> unfenced("```\nls\n```")
        '```\nls\n```'
    """
    found = _FENCE.fullmatch(body) if body.startswith("```") else None
    return found[1].strip() if found else body


def said_by(value: object) -> str | None:
    """What ``{"message": "…"}`` says; None if a value is not of that form."""
    if type(value) is dict and len(value) == 1 and type(value.get("message")) is str:
        return str(value["message"])
    return None


def _text_of(value: object) -> str:
    """The text of a field of thoughts: text, or a list of parts with one."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else []
    return "".join(
        text
        for part in parts
        if isinstance(part, Mapping)
        for name in ("text", "thinking", "summary")
        if isinstance(text := part.get(name), str)
    )


def _may_be_marked(text: str) -> bool:
    return "<" in text or "◁" in text or ("[" in text and _IN_BRACKETS.search(text) is not None)


def _may_hold_fields(text: str) -> bool:
    return "{" in text and ('"message"' in text or '"reasoning' in text or '"thinking' in text)


def _without_fields(text: str) -> tuple[list[str], str]:
    """The thoughts in fields of JSON actions, and the actions without these fields."""
    body = unfenced(text.strip())
    if body[:1] not in ("{", "[") or not ('"reasoning' in body or '"thinking' in body):
        return [], text
    try:
        value = decode_json(body)
    except (ValueError, RecursionError):
        return [], text
    thoughts: list[str] = []
    for action in value if isinstance(value, list) else [value]:
        if type(action) is dict and ("name" in action or "message" in action) and (told := thoughts_in_fields(action)):
            thoughts.append(told)
            for name in FIELDS:
                action.pop(name, None)
    return (thoughts, json.dumps(value)) if thoughts else ([], text)


def _unframed(text: str) -> str:
    """A text without the tags around all of it that say that it is the answer, and tokens that end it."""
    whole = text.rstrip()
    while whole.endswith(_ENDS):
        text = whole = whole[: whole.rindex("<|")].strip()
    while found := _ANSWER.fullmatch(text.strip()):
        inner = found[2].strip()
        if f"</{found[1].lower()}>" in inner.lower() and not _CALL_BEGINS.match(inner):
            break  # there are two of them
        text = inner
    return text


def _without_marked(text: str) -> tuple[list[str], str]:
    """The thoughts that stand between marks, and what is left."""
    marks = list(_marks(text)) if _may_be_marked(text) else []
    if not marks:
        return [], _unframed(text) if "<" in text else text
    thoughts: list[str] = []
    said: list[str] = []
    position = number = 0
    closing, unopened = _pairs(marks)
    if unopened is not None and (marks[0].kind != "open" or text[: marks[0].start].strip()):
        before = text[: marks[unopened].start]
        steps = _STEPS.match(before)
        thoughts.append(before[steps.end() :] if steps else before)
        position, number = marks[unopened].end, unopened + 1
    while number < len(marks):
        mark = marks[number]
        if mark.kind == "close" and mark.family != _THINKS:  # its opening is no mark but a word of a thought
            number += 1
            continue
        said.append(text[position : mark.start])
        position, number = mark.end, number + 1
        if mark.kind == "open":
            number = closing.get(number - 1, len(marks))
            end = marks[number].start if number < len(marks) else len(text)
            thoughts.append(text[position:end])
            position = end
            if number < len(marks) and marks[number].kind == "close":
                position, number = marks[number].end, number + 1
    said.append(text[position:])
    return [thought.strip() for thought in thoughts if thought.strip()], _unframed(_joined(said).strip())


def _marks(text: str) -> Iterator[_Mark]:
    """The marks in a text that do not stand in a call."""
    thoughts = 0
    harmony = False
    blank = True  # nothing is said so far
    closes = {_name(found[0]): found.start() for found in (_PAIR_CLOSES.finditer(text) if "/" in text else ())}
    paired: dict[str, int] = dict.fromkeys(closes, 0)
    ends_think = _ends_think(text)
    turns = ends_think or ("<|" in text and _TURN.search(text) is not None)
    position = _end_of_calls(text, 0)
    if position:
        blank = False
    last = position
    while found := _MARK.search(text, position):
        kind, family = str(found.lastgroup), _THINKS
        position = found.end()
        if kind == "paired":
            family = _name(found[0])
            kind = "close" if "/" in found[0] else "open"
            if not (paired[family] if kind == "close" else closes.get(family, -1) >= position):
                continue  # it stands alone: a word of the text
            paired[family] += 1 if kind == "open" else -1
        elif kind == "end" or found[0].startswith("<|channel|>") or (ends_think and found[0] == "<|think|>"):
            family = _HARMONY
            if not turns and found[0] in _ENDS:
                continue
        if not (thoughts or harmony):
            blank = blank and not text[last : found.start()].strip()
            if kind == "call":
                position = _end_of_call(text, found.start())
        last = position
        if kind == "call":
            continue
        yield _Mark(found.start(), found.end(), kind, family)
        if family == _HARMONY:
            harmony = kind == "open"
        elif kind == "open":
            thoughts += 1
        elif kind == "close":
            blank = blank or not thoughts  # what came before it was a thought
            thoughts = max(0, thoughts - 1)
        if blank:
            position = _end_of_calls(text, position)
            blank = position == last


def _ends_think(text: str) -> bool:
    """Whether the first ``<|think|>`` in a text is ended by ``<|end|>``."""
    start = text.find("<|think|>")
    end = text.find("<|end|>", start) if start >= 0 else -1
    return end >= 0 and all(text.find(mark, start, end) < 0 for mark in _ENDS_OF_THINK)


def _name(mark: str) -> str:
    """What an opening and a closing mark have in common."""
    return "".join(mark.split()).replace("/", "").lower()


def _end_of_call(text: str, start: int) -> int:
    """Where a call ends that begins with a mark at a character; with the text, if a ``<tool_call>`` is not closed."""
    if text.startswith("<|", start):
        return _end_of_calls(text, start + len("<|python_tag|>"))
    if text.startswith("`", start):
        return max(_end_of_calls(text, start), start + len("```"))
    closed = _TOOL_CALL_CLOSE.search(text, start)
    return closed.end() if closed else len(text)


def _end_of_calls(text: str, start: int) -> int:
    """Where the calls end with which a text goes on from a character, as JSON or Python; there, if it does not."""
    begins = _CALL_BEGINS.match(text, start)
    if begins is None:
        return start
    if text.startswith("<", begins.end()):
        return _end_of_call(text, begins.end())
    if _PYTHONIC.match(text, begins.end()):
        return len(text) if _is_python(text[begins.end() :].strip()) else start
    end = start
    while begins is not None:
        try:
            _, end = _decode_at(text, begins.end())
        except (ValueError, RecursionError):
            break
        begins = _NEXT_CALL.match(text, end)
    return end


def _is_python(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's text is no code of ours: its odd escapes are none to warn of
            ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _pairs(marks: list[_Mark]) -> tuple[dict[int, int], int | None]:
    """By the number of each mark that opens a thought, that of the one which ends it; and the first that ends none.

    Marks may be nested. An opening that has no end of its own, since a thought only mentions it, has the next.
    """
    closing: dict[int, int] = {}
    opened: dict[str, list[int]] = {}
    unopened: int | None = None
    for number, mark in enumerate(marks):
        if mark.family == _HARMONY or mark.kind == "frame":
            continue
        if mark.kind == "open":
            opened.setdefault(mark.family, []).append(number)
        elif opened.get(mark.family):
            closing[opened[mark.family].pop()] = number
        elif unopened is None:
            unopened = number
    following: dict[str, int] = {}
    for number in range(len(marks) - 1, -1, -1):
        mark = marks[number]
        if mark.kind == "open" and number not in closing and mark.family in following:
            closing[number] = following[mark.family]
        if mark.kind == "close" or mark.family == _HARMONY:
            following[mark.family] = number
    return closing, unopened


def _joined(pieces: list[str]) -> str:
    """What is said, in one; no mark comes about where a thought was taken out."""
    whole = ""
    for piece in pieces:
        while piece and (seam := whole[-_SEAM:]):
            across = (
                found for found in _MARK.finditer(seam + piece[:_SEAM]) if found.start() < len(seam) < found.end()
            )
            if (found := next(across, None)) is None:
                break
            whole = whole[: len(whole) - len(seam) + found.start()]
        whole += piece
    return whole
