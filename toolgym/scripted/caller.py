"""What a scripted user has to bring up, how far it has come with it, and how it puts it."""

from __future__ import annotations

from collections import Counter
from typing import Generic

import numpy as np

from toolgym.messages import STOP
from toolgym.scripted.comparison import Comparison
from toolgym.scripted.facts import Facts, R
from toolgym.scripted.habits import Habits
from toolgym.scripted.held import Held
from toolgym.scripted.mannerisms import Mannerisms
from toolgym.scripted.reader import OpenRequest, RequestReader
from toolgym.scripted.voice import Voice, join

INSISTENCE = 1
"""Times that it insists when a request is refused."""


class Caller(Generic[R]):
    """Brings up the requests of a user one after the other, and ends the call when all are settled.

    Args:
        facts: What it knows and wants.
        reader: The domain's part, for these facts.
        opening: Words the first line; where that is to depend on the task alone, its generator must too.
        voice: Words everything after.
    """

    def __init__(self, facts: Facts[R], reader: RequestReader[R], opening: Voice, voice: Voice) -> None:
        self.facts = facts
        self._reader = reader
        self._means = reader.judgements
        self._opening = opening
        self._voice = voice
        self._open = [OpenRequest(request, request.first or request) for request in facts.requests]
        self._heard = 0
        self._wrong = 0
        self._idle = 0
        self._answered: Counter[str] = Counter()
        self._proposed = ""
        self._doubted = self._hearing = ""
        self._compared = Comparison(reader)
        self._held: Held | None = None
        self._questioned = self._questioned_before = False
        self._first_ways = self._ways = Mannerisms(Habits(), voice.rng, voice)

    def take_up(self, habits: Habits, rng: np.random.Generator, first: Habits, first_rng: np.random.Generator) -> None:
        """Have habits from now on, before the first line.

        Args:
            habits: Those of all messages but the first.
            rng: Draws what they come to.
            first: Those of the first line.
            first_rng: Draws for that; where the first line is to depend on the task alone, it must too.
        """
        known = self.facts.model_dump()
        self._first_ways = Mannerisms(first, first_rng, self._opening, known)
        self._ways = Mannerisms(habits, rng, self._voice, known, self._first_ways)

    def _first_line(self) -> str:
        voice = self._opening
        asks = [self._tell(one, voice) for one in self._open[: self.facts.upfront]]
        said = [voice.say("hello"), asks[0]]
        for ask in asks[1:]:
            said += [voice.say("next"), ask]
        return join(*said)

    def _tell(self, one: OpenRequest[R], voice: Voice | None = None) -> str:
        """Bring a request up, or once more."""
        ways = self._ways if voice is None else self._first_ways
        full = one.told or ways.in_full(self.facts.detail == "full")
        one.told, one.told_at = True, self._heard
        one.known.add("kind")
        one.known |= self._reader.known_when_told(one.wish, full=full)
        return self._reader.ask(one.wish, voice or self._voice, full=full)

    def _tell_anew(self, one: OpenRequest[R], before: R) -> str:
        """Bring up what is wanted now in the place of something else: in full if it is only a detail that changes."""
        one.told = before.kind == one.wish.kind
        return self._tell(one)

    def _go_on(self, lead: str = "") -> str:
        """The next thing: a request not yet told, one not yet settled, or the end."""
        for one in self._open:
            if one.insisted > INSISTENCE and not one.closed:
                one.closed = True
                lead = join(lead, self._voice.say("too_bad"))
        for one in self._open:
            if not one.told and not one.closed:
                self._idle = 0
                text = self._tell(one)
                return join(lead, self._voice.say("next"), text)
        for one in self._open:
            if not one.closed:
                one.agreed = False
                return join(lead, self._voice.say("still"), self._tell(one))
        return join(lead, self._voice.say("bye"), STOP)

    def _give_up(self, why: str) -> str:
        return join(self._voice.say(why), self._voice.say("give_up"), STOP)
