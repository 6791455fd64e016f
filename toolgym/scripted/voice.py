"""How a scripted user words what it has to say: many phrasings, by manner."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np

from toolgym.errors import DataError, UnknownNameError, refuse_unknown
from toolgym.scripted.facts import QUESTION, Manner, Request
from toolgym.scripted.wording_files import filled, read_table

_ANY = "any"
_CORE = tuple(Path(__file__).parent / name for name in ("phrases.toml", "habits.toml"))


@dataclass(frozen=True)
class Phrases:
    """Wordings of what a user says, each with ``{slots}``.

    Args:
        say: For each act the wordings by manner, or under ``"any"``.
        ask: For each kind of request the wordings with which it is brought up.
        keep: Words, in small letters, that have no slips of the keys in them; see
            :class:`~toolgym.scripted.habits.Habits`.
    """

    say: Mapping[str, Mapping[str, Sequence[str]]]
    ask: Mapping[str, Sequence[str]]
    keep: frozenset[str] = frozenset()

    @classmethod
    @cache
    def read(cls, *files: Path) -> Phrases:
        """The phrases of every domain, with those of files added; a later file replaces an act of an earlier one.

        Args:
            files: TOML files with tables ``[say.ACT]`` and ``[ask]``, and a list ``keep``, which adds to the others'.

        Raises:
            DataError: If a file is not TOML, or an act or a kind has no list of wordings, or ``keep`` is no list.
            UnknownNameError: If there is another table or manner.
        """
        say: dict[str, Mapping[str, Sequence[str]]] = {}
        ask: dict[str, Sequence[str]] = {}
        keep: set[str] = set()
        for file in (*_CORE, *files):
            table = read_table(file)
            refuse_unknown(f"table of {file.name}", table, ("say", "ask", "keep"))
            keep |= {word.lower() for word in _texts("keep", table.get("keep", [""]))}
            say |= {act: _by_manner(act, wordings) for act, wordings in table.get("say", {}).items()}
            ask |= {kind: _texts(f"ask.{kind}", wordings) for kind, wordings in table.get("ask", {}).items()}
        return cls(say, ask, frozenset(keep))


def _by_manner(act: str, wordings: Any) -> Mapping[str, Sequence[str]]:
    if not isinstance(wordings, dict) or not wordings.keys() & {_ANY, "plain"}:
        raise DataError(f"the act {act!r} has no wordings; give say.{act}.{_ANY} or say.{act}.plain a list of texts")
    refuse_unknown(f"manner of say.{act}", wordings, (_ANY, *get_args(Manner)))
    return {manner: _texts(f"say.{act}.{manner}", texts) for manner, texts in wordings.items()}


def _texts(name: str, texts: Any) -> Sequence[str]:
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{name} is {texts!r}; give a list of at least one text")
    return texts


class Voice:
    """Picks wordings for one user; a phrasing is not used again while others are left.

    Args:
        manner: How the user speaks.
        rng: Chooses.
        phrases: What there is to choose from; by default what is the same in every domain.

    Example:
        >>> Voice("terse", np.random.default_rng(0)).say("hold") in Phrases.read().say["hold"]["any"]
        True
    """

    def __init__(self, manner: Manner, rng: np.random.Generator, phrases: Phrases | None = None) -> None:
        self.manner: Manner = manner
        self.phrases = phrases or Phrases.read()
        self.rng = rng
        self._used: dict[str, set[str]] = {}

    def say(self, act: str, **slots: str) -> str:
        """One wording of an act, its slots filled.

        Raises:
            UnknownNameError: If no phrase is of that act.
            DataError: If a phrase has a slot for which nothing is given.
        """
        if act not in self.phrases.say:
            raise UnknownNameError("act", act, self.phrases.say, f"Give its wordings in a table [say.{act}].")
        kinds = self.phrases.say[act]
        choices = kinds.get(_ANY) or kinds.get(self.manner) or kinds["plain"]
        if self.manner == "friendly" and "plain" in kinds and "friendly" in kinds:
            choices = [*kinds["friendly"], *kinds["plain"][:4]]
        return sentence(filled(act, self.pick(act, choices), slots))

    def bring_up(self, kind: str, **slots: str) -> str:
        """One wording of a request of a kind, its slots filled, without the mark that ends it.

        Raises:
            UnknownNameError: If no phrase brings up that kind.
            DataError: If a phrase has a slot for which nothing is given.
        """
        if kind not in self.phrases.ask:
            hint = "Give the wordings with which it is brought up in the table [ask]."
            raise UnknownNameError("kind of request", kind, self.phrases.ask, hint)
        return filled(kind, self.pick(kind, self.phrases.ask[kind]), slots)

    def question(self, wish: Request) -> str:
        """A question as the user brings it up."""
        return ended(self.bring_up(QUESTION, question=wish.question))

    def pick(self, act: str, choices: Sequence[str]) -> str:
        """One of several wordings that was not used yet for an act, while there is one."""
        used = self._used.setdefault(act, set())
        left = [choice for choice in choices if choice not in used]
        if not left:
            used.clear()
            left = list(choices)
        chosen = left[int(self.rng.integers(len(left)))]
        used.add(chosen)
        return chosen


def ended(text: str) -> str:
    """The text of a request with a full stop, or a question mark if it begins as a question."""
    return text + ("?" if re.match(r"(?:could|can|would|is|are)\b", text) else ".")


def sentence(text: str) -> str:
    """The text with a capital at its beginning, unless that is an address or an identifier.

    Example:
        >>> sentence("c88273, please."), sentence("it is c88273.")
        ('c88273, please.', 'It is c88273.')
    """
    text = text.strip()
    first = text.split(" ", 1)[0]
    return text if re.search(r"[@\d_]", first) else text[:1].upper() + text[1:]


def listed(words: Sequence[str]) -> str:
    """Words in a sentence: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + " and " + words[-1]


def join(*parts: str) -> str:
    """Parts as one text: a sentence that follows another begins with a capital."""
    text = ""
    for part in filter(None, parts):
        if not text or text[-1] in ".!?":
            part = sentence(part)
        text += f" {part}" if text else part
    return text
