"""The prompt about one failure: what was wanted, what happened, what would have been right, and what was checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolgym.messages import Message
from toolgym.prompts.transcript import message_line
from toolgym.tasks import Task
from toolgym.trajectory import Check, Trajectory

WIDTHS = (4000, 1000, 300)
"""Characters that are kept of each text and of each call's arguments, until the dialogue is short enough."""

_UNKNOWN = "not known any more"


def describe_failure(task: Task | None, trajectory: Trajectory, characters: int) -> str:
    """A failure, its parts marked.

    Args:
        task: Its task; without one neither the user's request nor the right calls are known.
        trajectory: The failure.
        characters: Characters that its dialogue may have, about; at least 1.
    """
    parts = {
        "request": _UNKNOWN if task is None else str(task.user_scenario),
        "dialogue": dialogue(trajectory.messages, characters),
        "right_calls": _UNKNOWN if task is None else _gold(task, trajectory),
        "failed_checks": "\n".join(failed_checks(trajectory)),
    }
    return "\n".join(f"<{name}>\n{text}\n</{name}>" for name, text in parts.items())


def dialogue(messages: Sequence[Message], characters: int) -> str:
    """A dialogue, one line of JSON per message, each with its number, so that none can pass for several.

    One that is too long is shortened: first the longest texts and results are cut, then messages in the middle are left
    out, for what went wrong shows in what was asked for and in how it ended.

    Args:
        messages: The dialogue.
        characters: Characters that it may have, about; at least 1.

    Example:
        >>> print(dialogue([Message("assistant", "Hello!"), Message("user", "Hi.")], 1000))
        {"message": 0, "role": "assistant", "content": "Hello!"}
        {"message": 1, "role": "user", "content": "Hi."}
    """
    lines: list[str] = []
    for width in (None, *WIDTHS):
        lines = [message_line(message, number=number, width=width) for number, message in enumerate(messages)]
        if sum(map(len, lines)) <= characters:
            return "\n".join(lines)
    first = _count(lines, characters // 3)
    last = _count(lines[first:][::-1], characters - sum(map(len, lines[:first])))
    until = len(lines) - last
    left_out = [json.dumps({"left_out": f"messages {first} to {until - 1}"})] if until > first else []
    return "\n".join([*lines[:first], *left_out, *lines[until:]])


def failed_checks(trajectory: Trajectory) -> list[str]:
    """What the grade found wrong, a line each."""
    grade = trajectory.grade
    if grade is None:
        return []
    found = [grade.note] if grade.note else []
    if trajectory.termination not in (None, "user_stop", "agent_stop"):
        found.append(f"the dialogue ended by {trajectory.termination}")
    if grade.components.get("DB") == 0.0:
        found.append("the records are not as the right calls leave them")
    if grade.components.get("ACTION") == 0.0:
        found.append("not all of the right calls were made")
    found += [f"the user was not told: {json.dumps(check.what)}" for check in _unmet(grade.communicate)]
    found += [f"this does not hold at the end: {check.what}" for check in _unmet(grade.env_assertions)]
    found += [f"this does not hold: {check.what} ({check.note})" for check in _unmet(grade.nl_assertions)]
    return found


def _unmet(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.met is False]


def _gold(task: Task, trajectory: Trajectory) -> str:
    """The gold calls, one line of JSON each, with whether each was made."""
    made = {check.what: check.met for check in trajectory.grade.actions} if trajectory.grade is not None else {}
    lines = []
    for action in task.gold:
        shown: dict[str, Any] = {"by": action.requestor, "tool": action.name, "arguments": action.arguments}
        if action.action_id in made:
            shown["made"] = made[action.action_id]
        lines.append(json.dumps(shown, ensure_ascii=False))
    return "\n".join(lines) or "none: nothing was to be called"


def _count(lines: Sequence[str], characters: int) -> int:
    """How many of the first lines fit, at least one if there are any."""
    count, room = 0, characters
    while count < len(lines) and (count == 0 or len(lines[count]) <= room):
        room -= len(lines[count])
        count += 1
    return count
