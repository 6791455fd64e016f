"""How a scripted assistant words what it has to say: the same things in several wordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from toolgym.errors import DataError, UnknownNameError, refuse_unknown
from toolgym.scripted.wording_files import filled, read_table

WORDINGS = ("plain", "terse", "formal", "markdown", "model")
"""The manners of speaking in which every line is there."""
_ANY = "any"
_CORE = Path(__file__).parent / "speech.toml"


@dataclass(frozen=True)
class Speech:
    """The lines of an assistant, each in every one of its wordings.

    Args:
        lines: By name of the line its text by wording, or under ``"any"``, with ``{slots}``.
        wordings: The manners of speaking in which every line is there.

    Example:
        >>> speech = Speech.read()
        >>> speech.line("terse", "more")
        'Anything else?'
        >>> print(speech.proposal("plain", ["Lend you 'Emma'", "It is due on 3 May"]))
        Here's what I'll do: Lend you 'Emma'. It is due on 3 May. Should I go ahead? Please answer yes or no.
    """

    lines: Mapping[str, Mapping[str, str]]
    wordings: tuple[str, ...] = WORDINGS

    @classmethod
    @cache
    def read(cls, *files: Path, core: Path = _CORE, wordings: tuple[str, ...] = WORDINGS) -> Speech:
        """The lines of every domain, with those of files added; a later file replaces a line of an earlier one.

        Args:
            files: TOML files with a table for each line.
            core: The file of the lines of every domain.
            wordings: The manners of speaking in which every line must be there.

        Raises:
            DataError: If a file is not TOML, or a line lacks a wording.
            UnknownNameError: If a line has a wording that is not one of them.
        """
        lines: dict[str, Mapping[str, str]] = {}
        for file in (core, *files):
            lines |= read_table(file)
        for name, texts in lines.items():
            given = [one for one, text in texts.items() if isinstance(text, str)] if isinstance(texts, dict) else []
            if lacking := [one for one in wordings if one not in given and _ANY not in given]:
                raise DataError(
                    f"the line {name!r} has no wording {', '.join(lacking)}; give each of {', '.join(wordings)}, or "
                    f"one text under {_ANY!r}"
                )
            refuse_unknown(f"wording of the line {name!r}", texts, (_ANY, *wordings))
        return cls(lines, wordings)

    @staticmethod
    def choose(rng: np.random.Generator, wording: str | None = None) -> str:
        """A wording: the one that is given, or else one that is drawn.

        Args:
            rng: Draws it; it is not used if one is given.
            wording: One of :data:`WORDINGS`, or None.

        Raises:
            UnknownNameError: If there is no such wording.
        """
        if wording is None:
            return WORDINGS[int(rng.integers(len(WORDINGS)))]
        if wording not in WORDINGS:
            raise UnknownNameError("wording", wording, WORDINGS)
        return wording

    def line(self, wording: str, name: str, /, **slots: str) -> str:
        """One line, its slots filled.

        Args:
            wording: In which of :attr:`wordings`.
            name: Which line.
            slots: What is filled in.

        Raises:
            UnknownNameError: If there is no such line or wording.
            DataError: If the line has a slot for which nothing is given.
        """
        if name not in self.lines:
            raise UnknownNameError("line", name, self.lines, f"Give its wordings in a table [{name}].")
        if wording not in self.wordings:
            raise UnknownNameError("wording", wording, self.wordings)
        texts = self.lines[name]
        return filled(name, texts[wording] if wording in texts else texts[_ANY], slots)

    def proposal(self, wording: str, parts: Sequence[str]) -> str:
        """What is about to be done, and the question for a go-ahead.

        Args:
            wording: In which of :attr:`wordings`.
            parts: What is about to be done, a sentence each, without full stops.
        """
        lead, ask = self.line(wording, "summary"), self.line(wording, "go_ahead")
        if wording == "markdown":
            listed = "\n".join(f"- {part}" for part in parts)
            return f"{lead}\n\n{listed}\n\n{ask}"
        return " ".join(filter(None, [lead, *(f"{part}." for part in parts), ask]))

    def report(self, wording: str, told: str) -> str:
        """What was done, such as ``"The book is yours."``, in its wording."""
        return self.line(wording, "report", told=told)
