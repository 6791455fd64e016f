"""How a message is laid out: a JSON object as what it holds, and which of its lines stand in a list or a table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from toolgym.language.text import Sentence, plain, sentences

_FENCE = re.compile(r"\s*```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)
_LISTED = re.compile(r"[ \t]*(?:[-*•>+]|\(?\d{1,2}[.)]|\(?[A-Za-z][).:]|[A-Z] [-\u2013\u2014])[ \t]+|[ \t]*\|")
_FIELD = re.compile(r"[ \t*_]*[A-Za-z#][^.?!:,;|\n]{0,40}:[*_]*(?=\s|$)")
_LEADS = re.compile(r":[\s*_]*\Z")
_PROSE = re.compile(r"[.?!][\"')*_]*(?:\s|\Z)|\n")
_OPEN_FIELD = re.compile(r":\s*\?+\Z")
"""A field of a form that is to be filled in is no question."""
_FENCES = re.compile(r"```(?:json)?")
_UNSPOKEN = frozenset(("thought", "thoughts", "reasoning", "analysis", "internal_note", "scratchpad"))
"""Keys of an object under which a model thinks, and does not speak."""
_OBJECTS = 8
"""Braces in a text at which an object is looked for, at most."""
_DEPTH = 20
_JOINED = 12
"""Lines of a list that are read as one with the sentence that leads to it, at most."""


@dataclass(frozen=True)
class Line:
    """A sentence or line of a message.

    Args:
        text: It, without markdown.
        listed: Whether it stands in a list, a table or a form: it names something, and seldom asks.
        items: What the list that it leads to holds, in one text; empty if it leads to none.
    """

    text: str
    listed: bool = False
    items: str = ""


def unwrapped(text: str) -> str:
    """A message as a person would be shown it: of a JSON object or list what it holds, with its keys as labels.

    An object may stand in the text; what a model keeps for itself, as ``"thought"``, is left out.

    Example:
        >>> print(unwrapped('{"order_id": "#W1", "items": ["lamp", "mug"], "message": "Shall I go ahead?"}'))
        order id: #W1
        items: lamp, mug
        Shall I go ahead?
        >>> unwrapped("Shall I go ahead?")
        'Shall I go ahead?'
    """
    fenced = _FENCE.match(text)
    inner = (fenced.group(1) if fenced else text).strip()
    if inner[:1] + inner[-1:] not in ("{}", "[]"):
        return _unwrapped_inside(text)
    try:
        held = json.loads(inner, strict=False)
    except (ValueError, RecursionError):  # it only looks like JSON, or is not all of it
        return _unwrapped_inside(text)
    lines = _lines(held, "", _DEPTH)
    return "\n".join(lines) if lines else text


def _unwrapped_inside(text: str) -> str:
    """A text in which the JSON objects that stand in it are laid out."""
    found, spot, decode = [], 0, json.JSONDecoder(strict=False).raw_decode
    start = text.find("{")
    for _ in range(_OBJECTS):
        if start < 0:
            break
        try:
            held, end = decode(text, start)
        except (ValueError, RecursionError):  # a brace that opens no object
            start = text.find("{", start + 1)
            continue
        found += [text[spot:start].strip(), *_lines(held, "", _DEPTH)]
        spot = end
        start = text.find("{", end)
    if not found:
        return text
    return _FENCES.sub("", "\n".join(filter(None, [*found, text[spot:].strip()]))).strip()


def _lines(held: object, label: str, depth: int) -> list[str]:
    if held is None or depth == 0:
        return []
    lead = f"{label}: " if label else ""
    if isinstance(held, str):
        return [held if _is_prose(held) else f"{lead}{held}"]
    if isinstance(held, bool):
        return [f"{lead}{'yes' if held else 'no'}"]
    if isinstance(held, dict):
        spoken = ((_label(key), value) for key, value in held.items() if key not in _UNSPOKEN)
        inside = [line for key, value in spoken for line in _lines(value, key, depth - 1)]
        return _under(label, inside)
    if isinstance(held, list):
        if all(isinstance(one, str | int | float) and not _PROSE.search(str(one)) for one in held):
            return [f"{lead}{', '.join(map(str, held))}"] if held else []
        inside = [line for one in held for line in _lines(one, "", depth - 1)]
        return _under(label, inside)
    return [f"{lead}{held}"]


def _under(label: str, lines: list[str]) -> list[str]:
    """Lines under a label; what is a sentence stands for itself."""
    if not label or not lines:
        return lines
    return [f"{label}:", *(line if line.startswith("- ") or _is_prose(line) else f"- {line}" for line in lines)]


def _is_prose(text: str) -> bool:
    return _PROSE.search(text) is not None and " " in text.strip()


def _label(key: str) -> str:
    return re.sub(r"[_-]+", " ", key).strip()


def lines_of(text: str) -> list[Line]:
    r"""The sentences and lines of a message, its markdown removed; a line that leads to a list knows what that holds.

    Example:
        >>> for part in lines_of("Please give me:\n- your name\n- your zip code\n\nThank you!"):
        ...     print(part)
        Line(text='Please give me:', listed=False, items='your name; your zip code')
        Line(text='your name', listed=True, items='')
        Line(text='your zip code', listed=True, items='')
        Line(text='Thank you!', listed=False, items='')
    """
    found: list[Line] = []
    lead: int | None = None
    items: list[str] = []
    for line in unwrapped(text).split("\n"):
        if not line.strip():
            continue
        listed = _LISTED.match(line) is not None or line.startswith(("  ", "\t"))
        texts = sentences(line)
        if listed or (lead is not None and len(line) < 60 and _FIELD.match(line) is not None and "?" not in line):
            if texts and lead is not None and len(items) < _JOINED:
                items.append(" ".join(texts))
            found += [Line(_closed(one), listed=True) for one in texts]
            continue
        found = _led(found, lead, items)
        lead, items = None, []
        field = _FIELD.match(line) is not None and not re.search(r"[?!]|\.\s|\.\Z", line)
        found += [Line(_closed(one), listed=field and not _LEADS.search(plain(line))) for one in texts]
        if texts and _LEADS.search(plain(line)):
            lead = len(found) - 1
    return _led(found, lead, items)


def _closed(text: str) -> str:
    return Sentence.of(_OPEN_FIELD.sub(":", text)) if text.endswith("?") else text


def _led(found: list[Line], lead: int | None, items: list[str]) -> list[Line]:
    if lead is not None and items:
        found[lead] = Line(found[lead].text, found[lead].listed, "; ".join(items))
    return found
