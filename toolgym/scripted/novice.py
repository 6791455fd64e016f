"""The scripted novice: an oracle with a beginner's faults, in any domain."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from toolgym.domain import Domain
from toolgym.errors import refuse_unknown
from toolgym.messages import ToolCall
from toolgym.patterns import current_name
from toolgym.scripted.facts import QUESTION, R, settled, stages
from toolgym.scripted.oracle import PROPOSALS, ScriptedOracle, Talk
from toolgym.tasks import Task
from toolgym.tools import Effect

T = TypeVar("T")

RATES: dict[str, float] = {
    "wrong_variant": 0.20,
    "item_from_another_record": 0.10,
    "invalid_argument": 0.10,
    "wrong_detail": 0.08,
    "wrong_record": 0.12,
    "misattributed_item": 0.20,
    "spent_on_part": 0.15,
    "no_confirmation": 0.12,
    "ended_early": 0.05,
    "said_not_done": 0.08,
    "no_lookup": 0.08,
    "repeated_call": 0.06,
    "fact_not_said": 0.15,
    "wrong_figure": 0.10,
    "forbidden_write": 0.45,
    "refused_allowed": 0.03,
    "needless_transfer": 0.04,
    "user_not_told": 0.20,
}
"""Chance of each fault where there is an opportunity for it, in ``[0, 1]``."""
SPOKEN = 0.4
"""Chance that a wrong choice shows in the proposal already, where the user can object."""
MENDS = 0.7
"""Chance that a novice tries again rightly after a tool has refused its call."""


class ScriptedNovice(ScriptedOracle[R]):
    """Plays like the oracle of its domain, and makes faults on purpose.

    A domain's novice derives from this class and from the domain's oracle, in this order, and gives
    :attr:`wrong_choices`. Every fault is drawn where it can be made, so that an episode may hold several. Some are
    recovered from: the user objects to a wrong proposal, or a tool refuses a wrong call. :attr:`injected` lists the
    faults that really happened.

    Args:
        domain: The domain.
        task: A task that its scripted user can play.
        rng: Draws the faults, and the wording if it is not given.
        wording: How it speaks, one of :attr:`wordings`.
        rates: Chances by pattern, in ``[0, 1]``; those left out are 0. By default :attr:`usual_rates`.

    Raises:
        TaskError: If the task has no facts.
        ValueError: If a rate is of an unknown pattern or out of range.
        UnknownNameError: If a wrong choice is of a pattern that the domain does not have.

    Example:
        ``docs/add-a-domain.md`` has a novice for a garage.
    """

    usual_rates: ClassVar[Mapping[str, float]] = RATES
    """The chance of each fault, by pattern; a domain leaves out those that it has no opportunity for."""

    excuse: ClassVar[str] = "The user needs help."
    """The summary with which it hands a user over for no reason."""
    refusal: ClassVar[str] = "I'm sorry, but I am not allowed to do this:"
    """How it refuses what is allowed; what that is comes after it."""
    without_answer: ClassVar[str] = "I'm sorry, but without it I can't do that for you."
    """How it gives up when the user does not know what it could have looked up."""

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        wording: str | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(domain, task, rng, wording=wording)
        known = domain.failure_patterns
        self.rates = (
            checked_rates(self.usual_rates, {**known, **RATES}) if rates is None else checked_rates(rates, known)
        )
        refuse_unknown("failure pattern", self.wrong_choices, known)

    # What a domain brings

    @property
    @abstractmethod
    def wrong_choices(self) -> Mapping[str, Callable[[R], R | None]]:
        """By pattern, in the order in which they are drawn, what it takes for a wish instead; None if nothing fits."""

    def look_around(self, wish: R, pattern: str) -> Talk:
        """Read what a wrong choice of a pattern calls for."""
        yield from ()

    def against_policy(self, wish: R) -> R | None:
        """What it does where it should refuse: by default what is asked; None if no tool does such a thing."""
        call = self.write(wish)
        return wish if call is not None and call.name in self.domain.toolkits["assistant"].tools else None

    def needless_question(self, wish: R) -> str:
        """How it asks for what it could look up and the user does not know; empty if there is nothing such."""
        return ""

    def looks_up(self, tool: str) -> bool:
        """Whether a tool is a look-up that it may make twice."""
        return self.domain.toolkits["assistant"].tools[tool].effect is Effect.READ

    # Slips

    def slips(self, pattern: str) -> bool:
        """Whether a fault is made now."""
        return bool(self.rng.random() < self.rates.get(pattern, 0.0))

    def call(self, name: str, /, **given: Any) -> Talk:
        """Call a tool as the oracle does; now and then make a look-up twice."""
        result = yield from super().call(name, **given)
        if self.looks_up(name) and self.slips("repeated_call"):
            result = yield from self.slipping(super().call(name, **given))
            self.note("repeated_call", recovered=True)
        return result

    def serve(self, request: R) -> Talk:
        """Do what one request comes to; now and then hand the user over instead."""
        right = self.hands_over and bool(settled(request).forbidden)
        if not right and self.slips("needless_transfer"):
            transfer = self.slipping(self.transfer(self.excuse))
            yield next(transfer)
            self.note("needless_transfer", recovered=not self._left_to_do(request))
            yield from transfer
        yield from super().serve(request)

    def _left_to_do(self, request: R) -> bool:
        """Whether anything is still to be done or told, from a request on."""
        requests = self.facts.requests
        place = next((place for place, one in enumerate(requests) if request in stages(one)), 0)
        return any(settled(one).kind == QUESTION or not settled(one).forbidden for one in requests[place:])

    def answer(self, request: R) -> Talk:
        """Tell what was asked; now and then say that it has looked, but not what it found."""
        if self.slips("fact_not_said"):
            yield from self.look_up(request)
            yield from self.slipping(self.say("I have looked that up for you, and all is in order."))
            again = bool(self.rng.random() < 0.5)
            self.note("fact_not_said", recovered=again)
            if not again:
                return
        if self.slips("wrong_figure") and (wrong := self._another_figure(request.answer)):
            yield from self.look_up(request)
            self.note("wrong_figure", recovered=False)
            yield from self.slipping(self.say(self.told(request, wrong)))
            self.take_up()
            return
        yield from super().answer(request)

    def _another_figure(self, answer: str) -> str:
        """An answer with another digit in the place of one of its figure; empty if it has none."""
        places = [place for place, sign in enumerate(answer) if sign.isdigit()]
        place = self.pick(places)
        if place is None:
            return ""
        digit = (int(answer[place]) + 1 + int(self.rng.integers(8))) % 10
        return f"{answer[:place]}{digit or 5 if place == places[0] else digit}{answer[place + 1 :]}"

    def fulfil(self, wish: R) -> Talk:
        """Bring a wish to its end; now and then ask for what could be looked up, and give up without it."""
        question = self.needless_question(wish)
        if question and self.slips("no_lookup"):
            yield from self.slipping(self.say(question))
            self.note("no_lookup", recovered=self.is_first(wish))
            yield from self.slipping(self.say(self.without_answer))
            self.take_up()
            return True
        return (yield from super().fulfil(wish))

    def refuse(self, wish: R) -> Talk:
        """Say no; now and then do what is asked although it must not."""
        if self.slips("forbidden_write"):
            wrong = self.against_policy(wish)
            agreed = wrong is not None and (yield from self.slipping(self.propose(wish)))
            if wrong is not None and agreed and (yield from self.slipping(self.do(wrong))):
                self.note("forbidden_write", recovered=False)
                return True
        return (yield from super().refuse(wish))

    def ask_user(self, wish: R) -> Talk:
        """Ask the user for its part; now and then forget that."""
        if not self.user_part(wish):
            return
        if self.slips("user_not_told"):
            self.note("user_not_told", recovered=False)
            return
        yield from super().ask_user(wish)

    def act(self, wish: R) -> Talk:
        """Propose a write and make it; or take the wrong thing, skip the question, or only say that it is done."""
        if not self.is_first(wish) and self.slips("refused_allowed"):
            self.note("refused_allowed", recovered=False)
            yield from self.slipping(self.say(f"{self.refusal} {self.details(wish)[0]}."))
            self.take_up()
            return True
        pattern, wrong = yield from self._choose(wish)
        if self.slips("no_confirmation"):
            made = yield from self.slipping(self._make(wish, pattern, wrong))
            if made:
                self.note("no_confirmation", recovered=not self.is_first(wish))
            return True
        if wrong is not None and self.rng.random() < SPOKEN:
            agreed = yield from self.slipping(self.propose(wrong))
            if not agreed:
                self.note(pattern, recovered=True)
                return (yield from super().act(wish))
            yield from self._make(wish, pattern, wrong)
            return True
        for _ in range(PROPOSALS):
            agreed = yield from self.propose(wish)
            if agreed:
                if self.slips("said_not_done"):
                    self.report(wish)
                    self.note("said_not_done", recovered=False)
                elif self.slips("ended_early"):
                    self.note("ended_early", recovered=False)
                else:
                    yield from self._make(wish, pattern, wrong)
                return True
            if self.is_first(wish):
                return False
        return True

    def _make(self, wish: R, pattern: str, wrong: R | None) -> Talk:
        """Make the write, the wrong one if there is one: whether a write was made."""
        if wrong is None:
            return (yield from self.do(wish))
        made = yield from self.slipping(self.do(wrong))
        if made:
            self.note(pattern, recovered=False)
            return True
        mends = bool(self.rng.random() < MENDS)
        self.note(pattern, recovered=mends)
        if mends:
            return (yield from self.do(wish))
        return False

    def _choose(self, wish: R) -> Talk:
        """A wrong choice and its pattern; ``("", None)`` when it chooses rightly."""
        for pattern, choose in self.wrong_choices.items():
            if not self.slips(pattern):
                continue
            yield from self.slipping(self.look_around(wish, pattern))
            wrong = choose(wish)
            if wrong is not None and self.write(wrong) not in self._meant(wish):
                return pattern, wrong
        return "", None

    def _meant(self, wish: R) -> list[ToolCall | None]:
        """The writes of a wish, and of what is wanted before and after it: who makes one of those may be right."""
        every = [list(stages(request)) for request in self.facts.requests]
        found = next((one for one in every if any(stage is wish for stage in one)), [wish])
        return [self.write(stage) for stage in found if stage.kind != QUESTION]

    def pick(self, values: Sequence[T]) -> T | None:
        """One of some values; None if there are none."""
        return pick(self.rng, values)


def pick(rng: np.random.Generator, values: Sequence[T]) -> T | None:
    """One of some values; None if there are none, and nothing is drawn then."""
    return values[int(rng.integers(len(values)))] if values else None


def checked_rates(rates: Mapping[str, float], known: Mapping[str, object]) -> dict[str, float]:
    """Chances by the present names of their patterns.

    Args:
        rates: Chances by pattern, in ``[0, 1]``.
        known: The patterns that there are, by name.

    Raises:
        ValueError: If a pattern is not known, or a chance is out of range.

    Example:
        >>> checked_rates({"item_from_another_order": 0.5}, {"item_from_another_record": None})
        {'item_from_another_record': 0.5}
    """
    found = {current_name(name): rate for name, rate in rates.items()}
    for name, rate in found.items():
        if name not in known or not 0 <= rate <= 1:
            raise ValueError(f"the rate {name}={rate!r} is not a chance in [0, 1] of one of {', '.join(known)}")
    return found
