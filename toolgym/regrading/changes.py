"""What an episode changed in the databases, compared with what the gold calls change, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from toolgym.database import Session
from toolgym.database.records import canonical
from toolgym.database.session import ORDER, Key
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.messages import AgentID
from toolgym.regrading.regrade import final_session
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

GradeChangeKind: TypeAlias = Literal["same", "missing", "extra", "different"]
"""Changed as the gold changes it; changed by the gold alone; by the episode alone; by both, not alike."""


class GradeChange(NamedTuple):
    """One field of one record that the episode or the gold changed. Values are JSON, None where there is none.

    Args:
        kind: How the two compare.
        side: Whose database.
        table: The table.
        key: The record's key.
        field: The field's path in the record, such as ``address.zip`` or ``items[0].price``; empty for the whole
            record, ``#order`` for the order of the table's records.
        before: What it was at the start.
        made: What the episode made of it.
        gold: What the gold makes of it.
    """

    kind: GradeChangeKind
    side: AgentID
    table: str
    key: str
    field: str
    before: str | None
    made: str | None
    gold: str | None


def changes(domain: Domain, task: Task, trajectory: Trajectory) -> tuple[GradeChange, ...]:
    """Compare what a recorded trajectory changed with what the gold calls change; its calls are run again.

    Args:
        domain: The domain.
        task: The task that was played.
        trajectory: What was recorded.

    Returns:
        The fields that either of them changed. The databases match where all of them are ``"same"``.

    Raises:
        TaskError: If the task cannot be set up.
        DataError: If calls and results of the trajectory do not pair.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> from toolgym.rollouts import play
        >>> mock = make_domain("mock")
        >>> task = mock.tasks.find("test-008")
        >>> idle = play(mock, task, make_agent("no-op"), make_user("minimal")).trajectory()
        >>> [(one.kind, one.key, one.field, one.before, one.gold) for one in changes(mock, task, idle)]
        [('missing', 'task_8', 'status', '"pending"', '"completed"')]
    """
    prepared = set_up(domain, task)
    made, gold = final_session(domain, task, trajectory).diff(), prepared.gold_diff
    start = Session(prepared.base, prepared.start)
    found = []
    for name in dict.fromkeys([*gold, *made]):
        before = _before(start, name)
        texts = (before, made.get(name, before), gold.get(name, before))
        side, table, key = name
        label = ORDER if table.endswith(ORDER) else ""
        for field, values in _leaves("", tuple(_ABSENT if text is None else json.loads(text) for text in texts)):
            leaf = [None if value is _ABSENT else canonical(value) for value in values]
            if (kind := _kind(*leaf)) is not None:
                found.append(GradeChange(kind, side, table.removesuffix(ORDER), key, label or field, *leaf))
    return tuple(found)


_ABSENT: Any = object()


def _before(start: Session, name: Key) -> str | None:
    side, table, key = name
    if table.endswith(ORDER):
        return None
    record = start.get(side, table, key)
    return None if record is None else canonical(record)


def _kind(before: str | None, made: str | None, gold: str | None) -> GradeChangeKind | None:
    if made == gold:
        return None if made == before else "same"
    if made == before:
        return "missing"
    return "extra" if gold == before else "different"


def _leaves(path: str, values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The parts of three values that are compared: fields of objects and places of lists, where nothing was removed."""
    if _all_are(dict, values):
        for name in dict.fromkeys(name for value in values if value is not _ABSENT for name in value):
            inner = [_ABSENT if value is _ABSENT else value.get(name, _ABSENT) for value in values]
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif _all_are(list, values):
        for place in range(max(len(value) for value in values if value is not _ABSENT)):
            inner = [_ABSENT if value is _ABSENT or place >= len(value) else value[place] for value in values]
            yield from _leaves(f"{path}[{place}]", inner)
    else:
        yield path, values


def _all_are(kind: type, values: Sequence[Any]) -> bool:
    before, *after = values
    return all(isinstance(value, kind) for value in after) and (before is _ABSENT or isinstance(before, kind))
