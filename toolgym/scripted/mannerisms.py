"""What the habits of a scripted user come to in one dialogue: how it words things, what it adds, when it doubts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from toolgym.language.consent import content, gives_up, says_no, says_yes
from toolgym.messages import STOP_MARKS
from toolgym.scripted.facts import Manner
from toolgym.scripted.habits import Habits
from toolgym.scripted.typos import SHARE, with_typos, words_of
from toolgym.scripted.voice import Voice, join

_TRIES = 3
"""Wordings that are tried for a sentence beside; it is left unsaid if each would change what is said."""
_TELLING = 5
"""Letters of a word of the facts that nothing beside may hold, at least."""


class Mannerisms:
    """One user's habits at work; they draw from a generator of their own, and from none where a dial is at 0.

    Args:
        habits: The habits.
        rng: Draws.
        voice: Whose manner and phrases they are.
        facts: Everything that the user knows, as data: none of its words has a slip.
        before: Those of its first line: what they added is not said again.
    """

    def __init__(
        self,
        habits: Habits,
        rng: np.random.Generator,
        voice: Voice,
        facts: object = (),
        before: Mannerisms | None = None,
    ) -> None:
        self.habits = habits
        self._rng = rng
        self._manner: Manner = voice.manner
        self._voice = Voice(voice.manner, rng, voice.phrases)
        self._said: list[str] = []
        self._before = before
        self._facts = frozenset(words_of(facts))
        self._idle = not habits.dials
        self.lost_patience = int(self.happens(habits.impatience))

    def happens(self, chance: float) -> bool:
        """Whether something of a chance happens now."""
        return chance > 0 and bool(self._rng.random() < chance)

    def manner(self) -> Manner:
        """The manner of the next message."""
        habits = self.habits
        if not habits.terse and not habits.wordy:
            return "annoyed" if self.happens(habits.impatience / 2) else self._manner
        drawn = float(self._rng.random())
        if drawn < habits.terse:
            return "terse"
        return "chatty" if drawn >= 1 - habits.wordy else self._manner

    def in_full(self, usual: bool) -> bool:
        """Whether a request is brought up with every particular, where it usually is or is not."""
        habits = self.habits
        if not habits.forthcoming and not habits.reticent:
            return usual
        drawn = float(self._rng.random())
        return drawn < habits.forthcoming or (usual and drawn < 1 - habits.reticent)

    def doubts(self) -> bool:
        """Whether something is questioned before it is accepted."""
        return self.happens(self.habits.pushback)

    def put(self, text: str, manner: Manner, heard: Sequence[str] = (), *, opens: bool = False) -> str:
        """What the user says, with all that it adds and with its slips.

        Args:
            text: What it has to say.
            manner: The manner of this message.
            heard: What it saw just now and may speak of: no word of that has a slip.
            opens: Whether it is its first line.
        """
        habits = self.habits
        if self._idle:
            return text
        sense = _sense(text)
        if not any(mark in text for mark in STOP_MARKS):
            if manner == "chatty" and habits.wordy:
                text = self._with("many_words_after" if opens else "many_words", text, sense, first=not opens)
            if self.happens(habits.tangents):
                text = self._with("tangent" if self._rng.random() < 0.5 else "idle_question", text, sense)
            if self.happens(habits.impatience):
                text = self._with("urge", text, sense)
        if not habits.typos:
            return text
        keep = self._facts | self._voice.phrases.keep | frozenset(words_of(heard))
        slipped = with_typos(text, habits.typos * SHARE, self._rng, keep)
        return slipped if slipped == text or _sense(slipped) == sense else text

    def _with(self, act: str, text: str, sense: tuple[bool, ...], *, first: bool = False) -> str:
        """A text with a sentence beside, unless that would change what it says or name what the dialogue is about."""
        said = () if self._before is None else self._before._said
        for _ in range(_TRIES):
            beside = self._voice.say(act)
            if beside in said or self._facts & _telling(beside):
                continue
            both = join(beside, text) if first else join(_ended(text), beside)
            if _sense(both) == sense:
                self._said.append(beside)
                return both
        return text


def _sense(text: str) -> tuple[bool, ...]:
    """What a message means for what is settled: a yes or no, leaving, and whether content."""
    return says_yes(text), says_no(text), gives_up(text), content(text)


def _telling(text: str) -> AbstractSet[str]:
    return frozenset(word for word in words_of(text) if len(word) >= _TELLING)


def _ended(text: str) -> str:
    """The text with a full stop at its end, unless it ends in what identifies something."""
    return text if not text or text[-1] in ".!?:" else f"{text}."
