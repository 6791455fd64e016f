"""The scripted oracle: it knows what is right, and gets there by talking, in any domain.

It reads a task's facts, but speaks and acts from the dialogue: a domain's part looks up, asks for what it was not told,
and words what it proposes. Every write is proposed, and made once the user has said yes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic

import numpy as np

from toolgym.domain import Domain
from toolgym.language.consent import says_no, says_yes
from toolgym.language.text import holds_token
from toolgym.messages import Message, ToolCall
from toolgym.scripted.assistant import ScriptedAssistant, Talk
from toolgym.scripted.facts import QUESTION, Facts, R, question_text
from toolgym.scripted.forms import FORMS, AskedBack, Form
from toolgym.scripted.proposals import Proposal
from toolgym.scripted.speech import WORDINGS, Speech
from toolgym.tasks import Task

__all__ = ["PROPOSALS", "ScriptedOracle", "Talk"]

PROPOSALS = 4
"""Times that one write is proposed."""
PROPOSALS_IN_FORM = 6
"""Times that it is proposed in a form of real models, the short question included."""


class ScriptedOracle(ScriptedAssistant, Generic[R]):
    """Solves a task in dialogue with any user.

    A domain's oracle gives :meth:`facts_of`, :meth:`details`, :meth:`deed` and :meth:`write`; it looks up and asks in
    :meth:`identify`, :meth:`look_up` and :meth:`ask_details`.

    Args:
        domain: The domain.
        task: A task that its scripted user can play.
        rng: Chooses the wording, if it is not given.
        wording: How it speaks, one of :attr:`wordings` or :attr:`forms`.
        asked_back: In a form, what it says when the user asks back before a write: ``"short"`` puts the question
            again, ``"full"`` says all of it in other words. After a no it proposes as it did before.

    Raises:
        TaskError: If the task has no facts.
        UnknownNameError: If there is no such wording.

    Example:
        ``docs/add-a-domain.md`` has an oracle for a garage.
    """

    wordings: ClassVar[tuple[str, ...]] = WORDINGS
    """How it can speak; an :class:`~toolgym.domain.AgentSpec` declares them."""
    forms: ClassVar[tuple[str, ...]] = ()
    """The forms of real models in which it can speak too, names in :data:`~toolgym.scripted.forms.FORMS`; a domain that
    has them gives :attr:`form_speech` and :meth:`parts`."""
    form_speech: ClassVar[Speech | None] = None
    """Its lines in those forms; see :func:`~toolgym.scripted.forms.form_speech`."""
    hands_over: ClassVar[bool] = False
    """Whether it hands a user over who insists on what is forbidden; otherwise it refuses again, and goes on."""
    transfer_tool: ClassVar[str] = "transfer_to_human_agents"

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        wording: str | None = None,
        asked_back: AskedBack = "short",
    ) -> None:
        self.domain = domain
        self.facts: Facts[R] = self.facts_of(task)
        self.rng = rng
        self.records: dict[str, Any] = {}
        """What tools returned, by id."""
        self.form: Form | None = None
        """The form of a real model in which it speaks, if it is one of those."""
        self._asked_back = asked_back
        self._since = 0
        if wording in self.forms and self.form_speech is not None:
            self.form, self.speech = FORMS[str(wording)], self.form_speech
            super().__init__(self.form.layout)
        else:
            super().__init__(self.speech.choose(rng, wording))

    # What a domain brings

    @abstractmethod
    def facts_of(self, task: Task) -> Facts[R]:
        """What the user of a task knows and wants.

        Raises:
            TaskError: If the task does not tell.
        """

    @abstractmethod
    def details(self, wish: R) -> Sequence[str]:
        """What it is about to do for a wish, a sentence each, without full stops."""

    @abstractmethod
    def deed(self, wish: R) -> str:
        """What it has done for a wish, in a sentence."""

    @abstractmethod
    def write(self, wish: R) -> ToolCall | None:
        """The call that fulfils a wish; None if the user alone can fulfil it."""

    def parts(self, wish: R) -> Proposal:
        """What it is about to do for a wish, in parts; where it has :attr:`forms`."""
        raise NotImplementedError(f"{type(self).__name__} has forms, and no parts(wish): give what it proposes")

    def identify(self) -> Talk:
        """Find out who the user is."""
        yield from ()

    def look_up(self, wish: R) -> Talk:
        """Read the records that a wish or question is about: whether they allow it."""
        yield from ()
        return True

    def ask_details(self, wish: R) -> Talk:
        """Ask for what the user has not said yet, and read what that calls for."""
        yield from ()

    def unavailable(self, wish: R) -> str:
        """What it says where a wish cannot be had and the user will take something else; empty if it can be had."""
        return ""

    def user_part(self, wish: R) -> str:
        """What the user must do itself for a wish, such as ``"dismiss notif_1"``; empty if there is nothing."""
        return ""

    def signs(self, request: R) -> Iterable[str]:
        """Words by which it knows that the user has brought a request up."""
        return [request.question]

    def keep(self, record: Mapping[str, Any]) -> None:
        """Remember a record as a write left it."""

    # The whole dialogue

    def talk(self) -> Talk:
        """Everything that it says and does; it never ends."""
        yield from self.identify()
        for place, request in enumerate(self.facts.requests):
            if place >= self.facts.upfront and not self.brought_up(request):
                yield from self.say(self.line("more"))
                self.take_up()
            yield from self.serve(request)
        while True:
            yield from self.say(self.line("more"))

    def brought_up(self, request: R) -> bool:
        """Whether the user has brought a request up of its own accord, with its last words."""
        said = (message.content or "" for message in reversed(self._view) if message.role == "user")
        last = next(said, "")  # not what a tool returned: that tells of orders and addresses unasked
        return any(word and holds_token(last, word) for word in self.signs(request))

    def take_up(self) -> None:
        """Take the user's last words for the beginning of a new request."""
        self._since = len(self._view) - 1

    def said_lately(self, text: str) -> bool:
        """Whether the user has said something since the request at hand was taken up."""
        return self.said(text, self._since)

    def serve(self, request: R) -> Talk:
        """Do what one request comes to."""
        if request.kind == QUESTION:
            yield from self.answer(request)
            return
        if request.first is not None:
            settled = yield from self.fulfil(request.first)
            if settled:
                return
        settled = yield from self.fulfil(request)
        if not settled and request.otherwise is not None:
            yield from self.serve(request.otherwise)

    def fulfil(self, wish: R) -> Talk:
        """Bring one wish to its end: True when it is done, or refused for good; False when another takes its place."""
        allowed = yield from self.look_up(wish)
        if not allowed:
            return (yield from self.refuse(wish))
        yield from self.ask_details(wish)
        if wish.forbidden:
            return (yield from self.refuse(wish))
        if text := self.unavailable(wish):
            yield from self.say(text)
            return False
        if self.write(wish) is None:
            yield from self.ask_user(wish)
            return True
        return (yield from self.act(wish))

    def act(self, wish: R) -> Talk:
        """Propose a write, make it once the user has said yes, and report it."""
        for number in range(PROPOSALS if self.form is None else PROPOSALS_IN_FORM):
            agreed = yield from self.propose(wish, number)
            if agreed:
                yield from self.do(wish)
                return True
            if self.is_first(wish) and self.changes_mind(wish):
                return False
        return True

    def propose(self, wish: R, number: int = 0) -> Talk:
        """Propose a write: whether the user said yes.

        Args:
            wish: What the write is for.
            number: How many times it was proposed before.
        """
        text = self.proposal(wish) if number == 0 or self.form is None else self.proposed_again(wish)
        return says_yes((yield from self.say(text)))

    def proposal(self, wish: R) -> str:
        """What it is about to do, and the question for a go-ahead."""
        if self.form is not None:
            return self.form.proposal(self.parts(wish), self.speech)
        return self.speech.proposal(self.wording, self.details(wish))

    def proposed_again(self, wish: R) -> str:
        """What it says in a form when the user has not said yes: to a no what it said before, else the question."""
        assert self.form is not None
        parts = self.parts(wish)
        if says_no(self._view[-1].content or ""):
            return self.form.proposal(parts, self.speech)
        ask = self.form.again if self._asked_back == "short" else self.form.restated
        return ask(parts, self.speech)

    def composed(self, lead: str, text: str) -> str:
        """A message, in its form."""
        return super().composed(lead, text) if self.form is None else self.form.enclosed(lead, text)

    def do(self, wish: R) -> Talk:
        """Make a write, and report it with the next thing said: whether it was made."""
        call = self.write(wish)
        if call is None:
            return False
        result = yield from self.call(call.name, **call.arguments)
        if self.was_refused:
            return False
        if isinstance(result, Mapping):
            self.keep(result)
        self.report(wish)
        yield from self.ask_user(wish)
        return True

    def report(self, wish: R) -> None:
        """Report what was done with the next thing that it says."""
        self.lead(self.speech.report(self.wording, self.deed(wish)))

    def ask_user(self, wish: R) -> Talk:
        """Ask the user for its part, where it has one."""
        if part := self.user_part(wish):
            yield from self.say(self.line("user_part", part=part))

    def is_first(self, wish: R) -> bool:
        """Whether the user will want something else once this is proposed."""
        return any(request.first is wish for request in self.facts.requests)

    def changes_mind(self, wish: R) -> bool:
        """Whether the user, with its last words, wants something else than this first wish, and does not just ask back.

        In a wording of its own whoever does not agree to a first wish has changed its mind.
        """
        if self.form is None:
            return True
        later = next(request for request in self.facts.requests if request.first is wish)
        before, after = set(self.particulars(wish)), set(self.particulars(later))
        said = self._view[-1].content or ""
        told = any(holds_token(said, word) for word in (after - before or after))
        return told and (bool(after - before) or not any(holds_token(said, word) for word in before - after))

    def particulars(self, wish: R) -> Iterable[str]:
        """What a user names when it says what it wants, by which a wish is told from the one before it."""
        return filter(None, self.signs(wish))

    def refuse(self, wish: R) -> Talk:
        """Say no, again if the user insists, or hand over: True when that was the end of it."""
        yield from self.say(self.line("refuse", why=wish.forbidden))
        if wish.otherwise is not None:
            return False
        if self.hands_over:
            yield from self.transfer(f"The user insists. {wish.forbidden}")
        yield from self.say(self.line("refuse_again", why=wish.forbidden))
        self.take_up()
        return True

    def transfer(self, summary: str) -> Talk:
        """Hand the user over to a human agent, which ends the dialogue."""
        yield from self.call(self.transfer_tool, summary=summary)
        while True:
            yield Message("assistant", self.line("transfer"))

    def answer(self, request: R) -> Talk:
        """Look up what was asked, and tell it."""
        yield from self.look_up(request)
        yield from self.say(self.told(request, request.answer))
        self.take_up()

    def told(self, request: R, answer: str) -> str:
        """What it says when it tells what was asked.

        Args:
            request: The question.
            answer: What it tells.
        """
        return self.line("answer", question=question_text(request), answer=answer)
