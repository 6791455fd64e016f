"""One episode as a policy with a small context sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from toolgym.actions import parse_action
from toolgym.messages import Message, Role, ToolCall, canonical_arguments, decode_json
from toolgym.rendering import LOOKALIKE, Described, Rendering
from toolgym.views.aliases import Piece, Tagger
from toolgym.views.spelling import Spelling

CALL = "/"
"""What a line that calls a tool begins with."""
NEXT, ABSENT, RAW = "|", "-", "#"
ESCAPE = "\\"
"""What stands before a line of speech that begins with ``/``, or with this sign and that one."""
_LIKE_A_CALL = re.compile(r"\s*(?:\\\s*)*/")
_ESCAPED = re.compile(r"\s*\\\s*(?:\\\s*)*/")
_HOLDER = re.compile("\ue000([0-9]+)\ue001")
"""Stands for a thing that is to be named, until the text around it is known."""
_HELD = ("\ue000", "\ue000\ue002")
"""That sign in a text, and how it is written meanwhile."""


class Shown(NamedTuple):
    """A message as a view shows it.

    Args:
        role: Who speaks.
        text: What it reads.
    """

    role: Role
    text: str


class Sight:
    """Shows the messages of one episode in few words, and reads what a policy writes in the same manner.

    It depends on nothing but the messages that it has shown, in their order: show each once, also those that were read.

    What is told about in :mod:`toolgym.views` holds: outputs as the domain's rendering gives them, names by aliases,
    things by what they are known by, and calls as ``/name value | value``.

    Args:
        rendering: How the domain's outputs read.
        spelling: How text is written; made for this episode.
        tools: The assistant's tools, in OpenAI's function format.
    """

    def __init__(self, rendering: Rendering, spelling: Spelling, tools: Sequence[Mapping[str, Any]]) -> None:
        self._by_name = rendering.by_name
        self._labelled = rendering.labelled
        self._renderer = rendering.renderer()
        self._heard = rendering.heard
        self._spelling = spelling
        self._tagger = Tagger([kind for kind in rendering.kinds if spelling.readable or not kind.readable])
        functions = [tool["function"] for tool in tools]
        self._parameters: dict[str, Mapping[str, Any]] = {
            function["name"]: function["parameters"].get("properties", {}) for function in functions
        }
        self._called: dict[str | None, str] = {}
        self._comma = " , " if spelling.readable else ", "

    @property
    def aliases(self) -> Collection[str]:
        """The aliases that stand for something so far."""
        return self._spelling.aliases.given

    def show(self, message: Message) -> Shown | None:
        """A message as the policy sees it; None for what it is not shown: its instructions."""
        if message.role == "system":
            return None
        if message.role == "tool":
            called = self._called.get(message.tool_call_id, "")
            text = self._renderer.render(called, message.content or "", error=message.error)
            return Shown("tool", self._write(text))
        if message.role == "user":
            return Shown("user", self._write(self._heard(message.content or "")))
        for call in message.tool_calls:
            self._called[call.id] = call.name
        lines = [self._call(call) for call in message.tool_calls]
        if message.content:
            lines.insert(0, self._speech(message.content))
        return Shown("assistant", f" {self._write(chr(10))} ".join(lines) if len(lines) > 1 else "".join(lines))

    def read(self, text: str) -> Message:
        """What a policy wrote, as the assistant's message.

        A line that begins with ``/`` is a call; one that is none, and a text that holds nothing, become calls with a
        ``problem``, which the episode answers with an error.
        """
        said: list[list[Piece]] = []
        calls: list[ToolCall] = []
        for line in self._lines(text):
            plain = "".join(piece.text for piece in line).lstrip()
            if plain.startswith(CALL):
                calls.append(self._read_call(line, len(calls)))
            else:
                words = _unescaped(line) if _ESCAPED.match(plain) else line
                said.append([*([Piece("", "\n")] if said else []), *words])
        speech = self._named([piece for line in said for piece in line])
        if calls:
            return Message("assistant", speech or None, tuple(calls))
        return parse_action(Message("assistant", speech))

    # Writing

    def _write(self, text: str) -> str:
        return self._spelling.write(self._tagger.split(text))

    def _speech(self, text: str) -> str:
        """The assistant's words; one alias for all of them where they could not be read again otherwise."""
        written = self._told(text)
        read = self.read(written)
        said = parse_action(Message("assistant", text))
        if read.tool_calls == said.tool_calls and _letters(read.content) == _letters(said.content):
            return written
        return self._spelling.write([Piece(LOOKALIKE, text)])

    def _told(self, text: str) -> str:
        """The assistant's words: things that it names as users know them, by what they are known by and an alias."""
        described = self._renderer.described
        spoken = [(name, one) for name, one in described.items() if one.spoken and one.spoken in text]
        raw = [name for name, one in described.items() if one.spoken and name in text]
        for name in raw:
            text = text.replace(name, f"{RAW}{name}")
        for name, one in sorted(spoken, key=lambda pair: -len(pair[1].spoken)):
            text = text.replace(one.spoken, f"{one.key} {name}")
        return self._write(
            "\n".join(f"{ESCAPE}{line}" if _LIKE_A_CALL.match(line) else line for line in text.split("\n"))
        )

    def _call(self, call: ToolCall) -> str:
        """A call in a line: by its values, or by what stands for them in JSON where these could not be read again."""
        slash = f"{CALL} " if self._spelling.readable else CALL
        name = self._write(call.name)
        if call.problem is None:
            parameters = self._parameters.get(call.name)
            if parameters is not None and set(call.arguments) <= set(parameters):
                values = [
                    self._value(one, call.arguments[one]) if one in call.arguments else ABSENT for one in parameters
                ]
                while values and values[-1] == ABSENT:
                    values.pop()
                line = f"{slash}{name} {f' {NEXT} '.join(values)}".rstrip()
                if self._reads_as(line, call):
                    return line
            arguments = self._spelling.literal(json.dumps(dict(call.arguments)))
            if self._reads_as(line := f"{slash}{name} {arguments}", call):
                return line
            name = self._spelling.write([Piece(LOOKALIKE, call.name)])
            if self._reads_as(line := f"{slash}{name} {arguments}", call):
                return line
        raw = call.raw or json.dumps([call.name, dict(call.arguments)])
        return f"{CALL} {self._spelling.literal(json.dumps(raw))}"

    def _reads_as(self, line: str, call: ToolCall) -> bool:
        read = self.read(line)
        if read.content is not None or len(read.tool_calls) != 1:
            return False
        found = read.tool_calls[0]
        return found.problem is None and (found.name, found.arguments) == (call.name, call.arguments)

    def _value(self, argument: str, value: Any) -> str:
        if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return self._comma.join(self._value(argument, one) for one in value)
        if not isinstance(value, str):
            return self._spelling.literal(json.dumps(value))
        described = self._renderer.described.get(value, Described())
        if argument in self._by_name and described.name:
            return self._write(described.name)
        if labelled := self._labels(argument):
            return self._write("".join(self._label(piece, labelled) for piece in self._tagger.split(value)))
        letter = self._tagger.letter_of(argument)
        if not letter or not value:
            return self._write(value)
        alias = self._spelling.write([Piece(letter, value)])
        return f"{self._write(described.key)} {alias}" if described.key else alias

    def _labels(self, argument: str) -> str:
        """The letter of the kind whose names stand behind labels in an argument; empty where there are none."""
        return self._labelled.get(argument, "") if self._spelling.readable else ""

    def _label(self, piece: Piece, letter: str) -> str:
        known_by = self._renderer.described.get(piece.text, Described()).key if piece.letter == letter else ""
        return f"{known_by} {piece.text}" if known_by else piece.text

    def _unlabelled(self, value: Sequence[Piece], letter: str) -> str:
        """A text without labels: those that are names themselves, and those that are written out."""
        text = self._text([piece for piece in value if piece.letter in ("", letter, LOOKALIKE)])
        for known_by in sorted({one.key for one in self._renderer.described.values() if one.key}, key=len)[::-1]:
            text = text.replace(f"{known_by} ", "")
        return " ".join(text.split())

    # Reading

    def _lines(self, text: str) -> Iterator[list[Piece]]:
        line: list[Piece] = []
        for piece in self._spelling.read(text):
            if piece.letter or "\n" not in piece.text:
                line.append(piece)
                continue
            first, *others = piece.text.split("\n")
            line.append(Piece("", first))
            for other in others:
                yield line
                line = [Piece("", other)]
        yield line

    def _named(self, pieces: Sequence[Piece]) -> str:
        """The text of pieces, in which things are named as users know them."""
        described = self._renderer.described
        text = ""
        held: list[tuple[str, Described]] = []
        for letter, part in pieces:
            one = described.get(part) if letter else None
            if one is not None and one.spoken:
                text += f"\ue000{len(held)}\ue001"
                held.append((part, one))
            else:
                text += part.replace(*_HELD)
        text = self._spelling.join(text)
        place = 0
        parts: list[str] = []
        for found in _HOLDER.finditer(text):
            before = text[place : found.start()]
            name, one = held[int(found[1])]
            if before.rstrip().endswith(RAW):
                parts += [before.rstrip()[: -len(RAW)], name]
            elif before.endswith(f"{one.key} "):
                parts += [before[: -len(one.key) - 1], one.spoken]
            else:
                parts += [before, one.spoken]
            place = found.end()
        return "".join([*parts, text[place:]]).replace(*_HELD[::-1]).strip()

    def _read_call(self, line: Sequence[Piece], position: int) -> ToolCall:
        """A line that begins with ``/`` as a call."""
        identity = f"call_{position}"
        raw = self._text(line)
        whole = "".join(piece.text for piece in line)
        head = whole.strip().removeprefix(CALL).lstrip()
        name = head.split(" ", 1)[0].split(NEXT, 1)[0].strip()
        rest = head[len(name) :].strip()
        if rest.startswith("{"):
            with suppress(ValueError, TypeError, RecursionError):
                arguments = decode_json(rest)
                canonical_arguments(arguments)
                return ToolCall(name, arguments, identity)
        parameters = self._parameters.get(name)
        if parameters is None:
            known = ", ".join(sorted(self._parameters))
            return ToolCall(name, {}, identity, "assistant", f"There is no tool {name!r}; there are: {known}.", raw)
        fields = _fields(_without(line, whole.index(name) + len(name)))
        if len(fields) == 1 and not self._text(fields[0]):
            fields = []
        if len(fields) > len(parameters):
            problem = f"{name!r} takes {len(parameters)} values, got {len(fields)}."
            return ToolCall(name, {}, identity, "assistant", problem, raw)
        arguments = {}
        for (argument, schema), value in zip(parameters.items(), fields, strict=False):
            if self._text(value) != ABSENT:
                arguments[argument] = self._argument(argument, schema.get("type", "string"), value)
        try:
            canonical_arguments(arguments)
        except (ValueError, TypeError, RecursionError) as error:
            return ToolCall(name, {}, identity, "assistant", f"The arguments are not JSON: {error}.", raw)
        return ToolCall(name, arguments, identity)

    def _argument(self, argument: str, kind: str, value: Sequence[Piece]) -> Any:
        letter = self._tagger.letter_of(argument)
        labelled = self._labels(argument)
        text = self._unlabelled(value, labelled) if labelled else self._text(value)
        named = [piece.text for piece in value if letter and piece.letter == letter]
        if kind == "array":
            if named:
                return named
            with suppress(ValueError, RecursionError):
                return decode_json(text)
            return [one.strip() for one in text.split(",")]
        if kind != "string":
            with suppress(ValueError, RecursionError):
                return decode_json(text)
            return text
        if named and _ends_with(value, letter):
            return named[-1]
        if argument in self._by_name:
            return next((key for key, one in self._renderer.described.items() if one.name == text), text)
        return text

    def _text(self, pieces: Sequence[Piece]) -> str:
        return self._spelling.join("".join(piece.text for piece in pieces)).strip()


def _ends_with(value: Sequence[Piece], letter: str) -> bool:
    """Whether a value ends with a name of a kind; what stands before it is what it is known by."""
    last = next((piece for piece in reversed(value) if piece.text.strip()), None)
    return last is not None and last.letter == letter


def _fields(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Pieces between the signs that separate values."""
    fields: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.letter or NEXT not in piece.text:
            fields[-1].append(piece)
            continue
        first, *others = piece.text.split(NEXT)
        fields[-1].append(Piece("", first))
        fields += [[Piece("", other)] for other in others]
    return fields


def _without(pieces: Sequence[Piece], count: int) -> list[Piece]:
    """Pieces without so many characters at the beginning."""
    left = []
    for piece in pieces:
        cut = min(count, len(piece.text))
        count -= cut
        if piece.text[cut:]:
            left.append(piece if cut == 0 else Piece("", piece.text[cut:]))
    return left


def _unescaped(line: Sequence[Piece]) -> list[Piece]:
    """The pieces of a line of speech without the sign that says that it is no call."""
    place = next(place for place, piece in enumerate(line) if piece.text.strip())
    return [*line[:place], Piece("", line[place].text.replace(ESCAPE, "", 1)), *line[place + 1 :]]


def _letters(text: str | None) -> str:
    return "".join((text or "").split())
