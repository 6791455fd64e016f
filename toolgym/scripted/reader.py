"""What a domain brings to a scripted user: how it reads requests, answers what it is asked, and acts itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from toolgym.language.speech_acts import Understood
from toolgym.language.topics import Topics
from toolgym.messages import Message, ToolCall
from toolgym.scripted.agreement import Agreement, Judgements
from toolgym.scripted.facts import R, Request
from toolgym.scripted.voice import Voice

W = TypeVar("W", bound=Request)


@dataclass
class OpenRequest(Generic[R]):
    """How far one request has come."""

    goal: R
    wish: R
    """What is wanted now: what the user began with, the goal, or the alternative to it."""
    told: bool = False
    told_at: int = 0
    """After how many messages the user last brought it up."""
    agreed: bool = False
    closed: bool = False
    insisted: int = 0
    doubted: bool = False
    """Whether a right proposal of it was questioned, or agreed to: neither is questioned again."""
    known: set[str] = field(default_factory=set)
    """What of it was said by either side: the user need not ask for it again."""

    def switch(self, wish: R, lasting: AbstractSet[str]) -> R:
        """Want something else from now on; what was wanted before.

        Args:
            wish: What is wanted now.
            lasting: The details that stay known.
        """
        before, self.wish = self.wish, wish
        self.agreed, self.insisted = False, 0
        self.known &= lasting
        return before


@dataclass(frozen=True)
class Moment(Generic[R]):
    """What a user knows when it may use tools of its own.

    Args:
        text: What the assistant said last.
        heard: What that calls for.
        requests: All requests, in their order, those that are settled too.
        results: The results of the calls that the user has made since then, in order.
    """

    text: str
    heard: Understood
    requests: Sequence[OpenRequest[R]]
    results: Sequence[Message] = ()


class RequestReader(Protocol[R]):
    """A domain's part of the scripted user, for the user of one task.

    A subclass gives :attr:`topics`, :attr:`judgements`, :meth:`ask` and :meth:`answer`; the rest has defaults.
    """

    topics: Topics
    """What the assistant may ask for."""
    judgements: Judgements[R]
    """What agrees with a wish."""
    repeated: AbstractSet[str] = frozenset()
    """Topics that may well be asked for several times in a call, for one request after the other."""
    lasting: AbstractSet[str] = frozenset({"kind"})
    """Details that are still known when the user wants something else in the place of a request."""

    @abstractmethod
    def ask(self, wish: R, voice: Voice, *, full: bool) -> str:
        """A request as the user brings it up.

        Args:
            wish: What it wants.
            voice: Words it.
            full: Whether it names every particular.
        """
        ...

    @abstractmethod
    def answer(self, topic: str, wish: R, voice: Voice, asked: int) -> str:
        """What the user says when it is asked for a detail of a request; empty if the request itself is the answer.

        Args:
            topic: What it is asked for.
            wish: The request.
            voice: Words it.
            asked: How often it was asked for this, at least 1.
        """
        ...

    def correct(self, detail: str, wish: R, voice: Voice) -> str | None:
        """What a detail that was wrong should be: a topic (``ask_…``) or a text; None: the request once more."""
        return None

    def has(self, wish: R, topic: str) -> bool:
        """Whether a request has a detail that is asked for."""
        return False

    def known_when_told(self, wish: R, *, full: bool) -> AbstractSet[str]:
        """The details that are known to both once the user has brought a request up."""
        return frozenset()

    def identity(self, text: str, voice: Voice) -> str:
        """What the user says when it is asked who it is; empty if it has nothing to say to that."""
        return ""

    def is_me(self, text: str) -> bool | None:
        """Whether the assistant takes the user for who it is; None if it does not ask."""
        return None

    def turn(self, wish: R, voice: Voice) -> str:
        """How the user begins when it sees, in a proposal of what it wanted first, that it wants something else.

        Args:
            wish: What it wants now, with its ``first``.
            voice: Words it.
        """
        return voice.say("change_mind")

    def challenge(self, found: Agreement, wish: R, heard: Understood, voice: Voice) -> str:
        """What the user asks back before it judges at all; empty if nothing."""
        return ""

    def unclear(self, one: OpenRequest[R], found: Agreement, heard: Understood, voice: Voice) -> str | None:
        """What the user asks back, because it cannot tell whether a proposal is what it wants.

        Args:
            one: The request.
            found: How the proposal compares with it; nothing of it is wrong.
            heard: What the message calls for.
            voice: Words it.

        Returns:
            What it asks back; empty if it can tell; None if it tells the request once more.
        """
        if found.shown - {"kind"}:
            return ""
        return voice.say("with_what") if heard.intent == "propose" else None

    def act(self, now: Moment[R]) -> ToolCall | None:
        """The next call of the user's own tools before it speaks; None if it makes none.

        It is asked again after each call, with the results so far.
        """
        return None

    def tell(self, now: Moment[R]) -> str:
        """What the user says of what it did and saw, when it has made calls; empty: what it would have said anyway."""
        return ""
