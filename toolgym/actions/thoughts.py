"""Thoughts in a text: what a model writes before it speaks, and says to nobody.

Today's models mark them in these ways, upper and lower case and space within a mark aside:

- ``<think>…</think>``, and the like with ``thinking``, ``thought``, ``reasoning``, ``reflection``, ``scratchpad`` or
  ``analysis``, or a prefix as in ``<seed:think>``;
- ``[THINK]…[/THINK]`` and ``◁think▷…◁/think▷``;
- ``<|begin_of_thought|>…<|end_of_thought|>`` and ``<|START_THINKING|>…<|END_THINKING|>``;
- harmony's channels: ``<|channel|>analysis<|message|>…<|end|>``, and ``commentary``; only ``final`` is said;
- ``<|channel>thought…<channel|>`` and ``<|open|>think<|sep|>…<|close|>think<|sep|>``;
- ``Here is my thought process: … Here is my response: …``.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from toolgym.messages import decode_json

_TAGS = r"(?:\w{1,20}:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)"
_WORDS = r"(?:thought|thoughts|think|thinking|reasoning)"
_MARK = re.compile(
    rf"(?P<open><\s*{_TAGS}\s*>|\[\s*think(?:ing)?\s*\]|◁\s*{_TAGS}\s*▷|"
    rf"<\|(?:begin_of_|begin_|start_of_|start_)?{_WORDS}\|>|<\|{_WORDS}_(?:start|begin)\|>|"
    r"<\|channel>\s*(?:thought\b)?|<\|open\|>\s*think\s*<\|sep\|>|"
    r"<\|channel\|>\s*(?:analysis|commentary)\b(?:(?:[^<]|<\|constrain\|>)*<\|message\|>)?)|"
    rf"(?P<close><\s*/\s*{_TAGS}\s*>|\[\s*/\s*think(?:ing)?\s*\]|◁\s*/\s*{_TAGS}\s*▷|<\|end_(?:of_)?{_WORDS}\|>|"
    rf"<\|/{_WORDS}\|>|<\|{_WORDS}_end\|>|<channel\|>|<\|close\|>\s*think\s*<\|sep\|>)|"
    r"(?P<end><\|(?:end|return|call)\|>|<\|start\|>\s*assistant\b|"
    r"<\|channel\|>\s*final\b(?:(?:[^<]|<\|constrain\|>)*<\|message\|>)?)|"
    rf"(?P<frame><\s*{_TAGS}\s*/\s*>|<\|(?:begin|end)_of_solution\|>|<\|(?:START|END)_RESPONSE\|>|"
    r"<\|(?:open|close)\|>\s*response\s*<\|sep\|>)|"
    r"(?P<call>(?-i:<tool_call>|<\|python_tag\|>))",
    re.IGNORECASE,
)
_HARMONY, _CLOSE = "<|channel|>", "</tool_call>"
_CALL_BEGINS = re.compile(
    r"\s*(?:<(?:answer|response|output|final)>\s*)?(?:```(?:json)?\s*)?"
    r"(?=\{|\[\s*\{|\[\s*[A-Za-z_][\w.]*\s*\(|<tool_call>)"
)
_NEXT_CALL = re.compile(r"\s*;\s*(?=\{)")
_PYTHONIC = re.compile(r"\[\s*[A-Za-z_][\w.]*\s*\(")
_ANSWER = re.compile(r"<(answer|response|output|final)>(.*)</\1>", re.DOTALL | re.IGNORECASE)
_TOLD = re.compile(r"\s*here(?:'s| is) my thought process:?(.*?)here(?:'s| is) my response:?(.*)", re.DOTALL | re.I)
_SEAM = 80
"""Characters on each side of a place where a thought was taken out that are looked at together."""
_decode_at = json.JSONDecoder().raw_decode


class _Mark(NamedTuple):
    """A mark outside calls: where it stands, what it is, and whether it is one of harmony's."""

    start: int
    end: int
    kind: str
    harmony: bool


def split_thoughts(text: str) -> tuple[list[str], str]:
    """Take the thoughts out of a text.

    A thought whose opening is missing began with the text (there are chat templates that write the opening
    themselves), and one that is not closed goes on to the end. What stands in a tool call is data and stays as it is:
    in a JSON call with which the text, or what is said in it, begins, and between ``<tool_call>`` and ``</tool_call>``.

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
    plain = "<" not in text and "◁" not in text and "message" not in text and "thought" not in text
    if plain and ("[" not in text or "think" not in text.lower()):
        return [], text
    if "my thought process" in text and (told := _TOLD.fullmatch(text)):
        thoughts, said = split_thoughts(told[2].strip())
        return [told[1].strip(), *thoughts], said
    thoughts, said = _without_marked(text)
    inner = told_text(said)
    if inner is not None:
        within, inner_said = _without_marked(inner)
        if inner_said != inner:
            return [*thoughts, *within], json.dumps({"message": inner_said})
    return thoughts, said


def told_text(text: str) -> str | None:
    """The text in ``{"message": "…"}``, which is another way to say it; None if a text is nothing such.

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
    r"""A text without the code fence in which it stands, if it does.

    Example:
        >>> unfenced("```json\n{}\n```")
        '{}'
    """
    if body.startswith("```") and body.endswith("```") and "\n" in body:
        return body[3:-3].removeprefix("json").strip() or body
    return body


def said_by(value: object) -> str | None:
    """What ``{"message": "…"}`` says; None if a value is nothing such."""
    if type(value) is dict and len(value) == 1 and type(value.get("message")) is str:
        return str(value["message"])
    return None


def _without_marked(text: str) -> tuple[list[str], str]:
    """The thoughts that stand between marks, and what is left."""
    marks = list(_marks(text)) if "<" in text or "◁" in text or ("[" in text and "think" in text.lower()) else []
    if not marks:
        return [], text
    thoughts: list[str] = []
    said: list[str] = []
    position = number = 0
    closing, unopened = _pairs(marks)
    if unopened is not None and (marks[0].kind != "open" or text[: marks[0].start].strip()):
        thoughts.append(text[: marks[unopened].start])
        position, number = marks[unopened].end, unopened + 1
    while number < len(marks):
        mark = marks[number]
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
    left = _joined(said).strip()
    answer = _ANSWER.fullmatch(left)
    return [thought.strip() for thought in thoughts if thought.strip()], answer[2].strip() if answer else left


def _marks(text: str) -> Iterator[_Mark]:
    """The marks in a text that do not stand in a call."""
    thoughts = 0
    harmony = False
    blank = True  # nothing is said so far
    position = _end_of_calls(text, 0)
    if position:
        blank = False
    last = position
    while found := _MARK.search(text, position):
        kind = str(found.lastgroup)
        position = found.end()
        if not (thoughts or harmony):
            blank = blank and not text[last : found.start()].strip()
            if kind == "call":
                position = _end_of_call(text, found.start())
        last = position
        if kind == "call":
            continue
        of_harmony = kind == "end" or found[0].startswith(_HARMONY)
        yield _Mark(found.start(), found.end(), kind, of_harmony)
        if of_harmony:
            harmony = kind == "open"
        elif kind == "open":
            thoughts += 1
        elif kind == "close":
            blank = blank or not thoughts  # what came before it was a thought
            thoughts = max(0, thoughts - 1)
        if blank:
            position = _end_of_calls(text, position)
            blank = position == last


def _end_of_call(text: str, start: int) -> int:
    """Where a call ends that begins with a mark at a character; with the text, if a ``<tool_call>`` is not closed."""
    if text.startswith("<|", start):
        return _end_of_calls(text, start + len("<|python_tag|>"))
    closed = text.find(_CLOSE, start)
    return len(text) if closed < 0 else closed + len(_CLOSE)


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
    opened: list[int] = []
    unopened: int | None = None
    for number, mark in enumerate(marks):
        if mark.harmony or mark.kind == "frame":
            continue
        if mark.kind == "open":
            opened.append(number)
        elif opened:
            closing[opened.pop()] = number
        elif unopened is None:
            unopened = number
    following = following_of_harmony = len(marks)
    lonely = set(opened)
    for number in range(len(marks) - 1, -1, -1):
        mark = marks[number]
        if mark.kind == "open" and (mark.harmony or number in lonely):
            closing[number] = following_of_harmony if mark.harmony else following
        if mark.harmony:
            following_of_harmony = number
        elif mark.kind == "close":
            following = number
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
