"""The writes that a trajectory made, matched to those that its task's gold makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgym.database import Session
from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.episode.setup import TaskSetup
from toolgym.failures.rules.arguments import ArgumentComparison, Difference, texts
from toolgym.failures.rules.events import Event
from toolgym.generation import ArgumentRoles
from toolgym.messages import AgentID, ToolCall
from toolgym.tasks import Action


@dataclass(frozen=True)
class Pair:
    """A call and the gold write that it stands for, by its place among the gold's writes."""

    event: Event
    gold: int
    differences: tuple[Difference, ...]
    of_values: bool = False
    """Whether nothing but values differ: the right things were changed, only not as they should."""


@dataclass(frozen=True)
class Matched:
    """Writes and gold writes.

    Args:
        right: The events that made a gold write as it should be, by its place.
        wrong: Writes that were made in the place of a gold write that was not.
        extra: Writes that were made and stand for none.
        attempts: Calls of writing tools that changed nothing and are no gold write, each with the gold write of the
            same tool that is most like it.
        strays: Such calls of tools with which the gold writes nothing.
        missing: The places of the gold writes for which no write was made.
    """

    right: Mapping[int, Event]
    wrong: tuple[Pair, ...]
    extra: tuple[Event, ...]
    attempts: tuple[Pair, ...]
    strays: tuple[Event, ...]
    missing: tuple[int, ...]


class Matcher:
    """Matches the writes of one task.

    Args:
        domain: Its domain.
        prepared: The task, made ready.
        argument_roles: What is what in the domain.
    """

    def __init__(self, domain: Domain, prepared: TaskSetup, argument_roles: ArgumentRoles) -> None:
        self.domain = domain
        self.gold = prepared.gold_writes
        self.argument_roles = argument_roles

    def match(self, events: Iterable[Event], tempting: Iterable[Event]) -> Matched:
        """Match all writes of a trajectory.

        Args:
            events: Its calls of writing tools.
            tempting: Those that are the wrong calls which the task makes likely; they stand for no gold write.
        """
        writes = list(events)
        kept = {event.place for event in tempting}
        right = self._exact([event for event in writes if event.changed])
        taken = {event.place for event in right.values()}
        left = [event for event in writes if event.changed and event.place not in taken]
        free = [place for place in range(len(self.gold)) if place not in right]
        wrong = self._nearest([event for event in left if event.place not in kept], free)
        taken |= {pair.event.place for pair in wrong}
        missing = tuple(place for place in free if all(pair.gold != place for pair in wrong))
        attempts, strays = [], []
        for event in writes:
            if event.changed or event.place in kept or any(self.same(event, action) for action in self.gold):
                continue
            best = self._best(event, missing)
            if best is None:
                strays.append(event)
            else:
                attempts.append(Pair(event, best, self.differences(event, best)))
        extra = tuple(event for event in left if event.place not in taken)
        return Matched(right, tuple(wrong), extra, tuple(attempts), tuple(strays), missing)

    def differences(self, event: Event, place: int) -> tuple[Difference, ...]:
        """What is wrong with a call that stands for a gold write."""
        return self.compared(event, self.gold[place].arguments)

    def compared(self, event: Event, arguments: Mapping[str, Any]) -> tuple[Difference, ...]:
        """What is wrong with a call beside the arguments that it should have had."""
        given, gold = thaw(event.call.arguments), thaw(arguments)
        return ArgumentComparison(
            event.call.name, given, gold, event.before, not event.error, self.argument_roles
        ).differences()

    def like(self, event: Event) -> int | None:
        """The gold write of the same tool that is most like a call, made or not."""
        return self._best(event, ())

    def elsewhere(self, event: Event, places: Iterable[int]) -> int | None:
        """A gold write of another tool that gives another record the same values as a call does."""
        given = self._values(event.call.name, event.call.arguments)
        for place in places:
            gold = self.gold[place]
            if gold.name != event.call.name and given and given == self._values(gold.name, gold.arguments):
                return place
        return None

    def _values(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in thaw(arguments).items() if self.argument_roles.role(name, key) != "record"}

    def record(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """The record that a call names."""
        for argument, value in arguments.items():
            if self.argument_roles.role(name, argument) == "record" and isinstance(value, str):
                return value
        return None

    def same(self, event: Event, action: Action) -> bool:
        """Whether a call is an action by its arguments, or comes to the same in its state."""
        return self.alike(event, action.name, action.arguments, action.requestor)

    def alike(self, event: Event, name: str, arguments: Mapping[str, Any], requestor: AgentID = "assistant") -> bool:
        """Whether a call is another one by its arguments, or comes to the same in its state."""
        call = event.call
        if (call.name, call.requestor) != (name, requestor):
            return False
        if thaw(call.arguments) == thaw(arguments):
            return True
        if not event.changed:
            return False
        return self._effect(event.before, call) == self._effect(
            event.before, ToolCall(name, thaw(arguments), call.id, requestor)
        )

    def _effect(self, before: Session, call: ToolCall) -> Mapping[Any, str | None]:
        session = before.fork()
        self.domain.toolbox(session).call(call)
        return session.diff()

    def _exact(self, writes: Sequence[Event]) -> dict[int, Event]:
        """Gold writes with the events that made them; equal arguments go before equal effects."""
        right: dict[int, Event] = {}
        left = list(writes)
        for strict in (True, False):
            for place, action in enumerate(self.gold):
                if place in right:
                    continue
                for event in left:
                    equal = thaw(event.call.arguments) == thaw(action.arguments)
                    if (equal or not strict) and self.same(event, action):
                        right[place] = event
                        left.remove(event)
                        break
        return right

    def _nearest(self, writes: Sequence[Event], free: Sequence[int]) -> list[Pair]:
        """The rest by the agreement of their arguments, best first."""
        scored = sorted(
            (
                (-self._agreement(event, place), number, place)
                for number, event in enumerate(writes)
                for place in free
                if self._fits(event, place)
            ),
        )
        pairs: list[Pair] = []
        used: set[int] = set()
        filled: set[int] = set()
        for _, number, place in scored:
            if number not in used and place not in filled:
                used.add(number)
                filled.add(place)
                event = writes[number]
                found = self.differences(event, place)
                values = bool(found) and all(
                    self.argument_roles.role(event.call.name, one.argument) == "value" for one in found
                )
                pairs.append(Pair(event, place, found, values))
        return pairs

    def _fits(self, event: Event, place: int) -> bool:
        action = self.gold[place]
        return (event.call.name, event.call.requestor) == (action.name, action.requestor)

    def _best(self, event: Event, preferred: Sequence[int]) -> int | None:
        places = [place for place in range(len(self.gold)) if self._fits(event, place)]
        return max(places, key=lambda place: (self._agreement(event, place), place in preferred, -place), default=None)

    def _agreement(self, event: Event, place: int) -> float:
        """How many arguments agree; one that names the record counts for two, a list as far as it agrees."""
        total = 0.0
        for name, wanted in self.gold[place].arguments.items():
            given = event.call.arguments.get(name)
            weight = 2.0 if self.argument_roles.role(event.call.name, name) == "record" else 1.0
            if given == wanted or thaw(given) == thaw(wanted):
                total += weight
            elif isinstance(wanted, list | tuple):
                mine, right = set(texts(given)), set(texts(wanted))
                total += len(mine & right) / max(1, len(mine | right))
        return total
