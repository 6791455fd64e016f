"""Whether a write used up, on a part of what was wanted, what can be done but once with a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.database import Session
from toolgym.database.records import thaw
from toolgym.failures.rules.arguments import texts
from toolgym.failures.rules.case import Case
from toolgym.failures.rules.events import Event
from toolgym.messages import ToolCall
from toolgym.tasks import Action


def spent_for(case: Case, event: Event) -> int | None:
    """The gold write that was possible before a write about other things of the same record, and is no more after it.

    Args:
        case: The trajectory.
        event: A write that stands for no gold write.

    Returns:
        The place of the gold write; None if there is none.
    """
    items, record = _items(case, event.call.name, event.call.arguments), case.record(event)
    if not items or record is None or not event.changed:
        return None
    for place in case.missing:
        gold = case.prepared.gold_writes[place]
        wanted = _items(case, gold.name, gold.arguments)
        if case.matcher.record(gold.name, gold.arguments) != record or set(wanted) <= set(items):
            continue
        if _works(case, event.before.fork(), gold) and not _works(case, _after(case, event), gold):
            return place
    return None


def rest_is_lost(case: Case, event: Event, gold: Action) -> bool:
    """Whether the things that a write left out of its gold write cannot be done any more after it."""
    wanted, done = _items(case, gold.name, gold.arguments), _items(case, event.call.name, event.call.arguments)
    left = [place for place, item in enumerate(wanted) if item not in done]
    if not left or len(left) == len(wanted):
        return False
    given = thaw(gold.arguments)
    for name, value in given.items():
        if case.argument_roles.role(gold.name, name) in ("item", "variant") and isinstance(value, list):
            given[name] = [value[place] for place in left if place < len(value)]
    rest = gold.model_copy(update={"arguments": given})
    return _works(case, event.before.fork(), rest) and not _works(case, _after(case, event), rest)


def _items(case: Case, name: str, arguments: Mapping[str, Any]) -> list[str]:
    return [
        item
        for argument, value in arguments.items()
        if case.argument_roles.role(name, argument) == "item"
        for item in texts(value)
    ]


def _after(case: Case, event: Event) -> Session:
    """The state after a call."""
    session = event.before.fork()
    case.matcher.domain.toolbox(session).call(event.call)
    return session


def _works(case: Case, session: Session, gold: Action) -> bool:
    """Whether a call is taken in a state; it is made in it."""
    call = ToolCall(gold.name, thaw(gold.arguments), "tried", gold.requestor)
    return not case.matcher.domain.toolbox(session).call(call).error
