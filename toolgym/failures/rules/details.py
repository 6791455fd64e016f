"""Whether a value of a call is a valid one that was not meant, or cannot be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.domain import Domain
from toolgym.evaluation.choices import choices
from toolgym.failures.rules.arguments import Difference
from toolgym.failures.rules.events import Event
from toolgym.failures.rules.evidence import told_records
from toolgym.language.agreement import names
from toolgym.messages import Message


def is_valid(domain: Domain, messages: tuple[Message, ...], event: Event, difference: Difference) -> bool:
    """Whether all that differs in a call is valid as such: a choice of the tool's, or what belongs to something else.

    A value belongs to something else if a result before the call tells it as a key or under the argument's name; of a
    call that the tool took, also if it was said or told anywhere.

    Args:
        domain: The domain.
        messages: The dialogue.
        event: The call.
        difference: How it differs from the gold call.
    """
    got = difference.got if isinstance(difference.got, Mapping) else {difference.argument: difference.got}
    right = (
        difference.expected if isinstance(difference.expected, Mapping) else {difference.argument: difference.expected}
    )
    if any(_holds_more(value, right.get(name)) for name, value in got.items()):
        return False
    given = {name: value for name, value in got.items() if value != ""}
    before = messages[: event.message]
    return bool(given) and all(_known(domain, before, event, name, value) for name, value in given.items())


def _holds_more(value: Any, right: Any) -> bool:
    """Whether a value is the right one with something else beside it."""
    return isinstance(value, str) and isinstance(right, str) and bool(right) and right in value and right != value


def _known(domain: Domain, before: tuple[Message, ...], event: Event, argument: str, value: Any) -> bool:
    if value is None:
        return False
    if value in choices(domain, event.call.name, argument):
        return True
    results = [message.content for message in before if message.role == "tool" and message.content]
    for record in (record for result in results for record in told_records(result)):
        if record.get(argument) == value or (isinstance(value, str) and value in record):
            return True
    if event.error or not isinstance(value, str):
        return False
    said = [message.content for message in before if message.role == "user" and message.content]
    return any(names(text, [value]) for text in (*results, *said))
