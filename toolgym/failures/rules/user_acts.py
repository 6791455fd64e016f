"""What the user was to do itself: not told to, told wrongly, not done, or done wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.failures.rules.arguments import Difference
from toolgym.failures.rules.case import Case, OpenFinding
from toolgym.failures.rules.events import Event
from toolgym.failures.rules.evidence import call_text, cut, value_text


def judge_user_writes(case: Case) -> None:
    """Find what is wrong with the writes that the user made or tried: its own fault, unless it was told to."""
    matched = case.matched
    for pair in matched.attempts:
        if pair.event.call.requestor == "user" and pair.gold in case.missing and pair.differences:
            case.blamed.setdefault(pair.gold, _done_wrong(case, pair.event, pair.differences[0], harm=True))
    for pair in matched.wrong:
        if pair.event.call.requestor == "user" and pair.differences:
            _done_wrong(case, pair.event, pair.differences[0], harm=case.lasts(pair.event))
    for event in matched.extra:
        if event.call.requestor == "user" and case.lasts(event):
            _done_wrong(case, event, None, harm=True)


def _done_wrong(case: Case, event: Event, difference: Difference | None, *, harm: bool) -> OpenFinding:
    """A call of the user's that is not the gold's; there is no difference where the gold has none like it."""
    name, arguments = event.call.name, event.call.arguments
    got = call_text(name, arguments)
    expected = "no such call"
    if difference is not None:
        expected = value_text(name, difference.argument, difference.expected, ())
    told = case.instructions.told_before(event.message, name, arguments)
    if told is not None and _told_so(case, told, arguments, difference):
        return case.add("user_told_wrong", told, expected, f"told the user: {got}", harm=harm, place=event.place)
    return case.add("user_act_wrong", event.message, expected, got, harm=harm, place=event.place)


def _told_so(case: Case, told: int, arguments: Mapping[str, Any], difference: Difference | None) -> bool:
    """Whether the assistant named what was wrong with a call; a call that should not be is wrong as it is."""
    if difference is None or isinstance(difference.got, Mapping):
        return True
    text = next(one.text for one in case.consent.exchanges if one.message == told)
    said = case.instructions.names_value
    return said(text, difference.got) and not said(text, difference.expected)


def not_done(case: Case, name: str, arguments: Mapping[str, Any], kept_from: OpenFinding | None) -> OpenFinding:
    """A gold call of the user's that was neither made nor tried.

    Args:
        case: The trajectory.
        name: The user's tool.
        arguments: Its arguments.
        kept_from: What the assistant did or left undone that may have kept the user from it, or itself from telling it.
    """
    expected = call_text(name, arguments)
    told = case.instructions.told(name, arguments)
    tried = any(event.call.requestor == "user" and event.call.name == name for event in case.played.events)
    if told is None and not tried and not case.instructions.in_scenario(name, arguments):
        cause, message = kept_from, case.last_words
        if cause is not None:
            cause.harm = True
            message = max(message, cause.message)
        return case.add("user_not_told", message, expected, "the user was not told to", because=cause)
    cause = kept_from if told is None or (kept_from is not None and kept_from.pattern == "needless_transfer") else None
    message = case.user_last_words
    if cause is not None:
        cause.harm = True
        message = max(message, cause.message)
    words = case.messages[case.user_last_words].content if case.messages else None
    return case.add(
        "user_act_missing", message, expected, cut(f"not made; it said: {words or 'nothing'}"), because=cause
    )
