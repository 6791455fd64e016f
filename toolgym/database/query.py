"""Read-only SQL over an episode's state: the base's tables with the episode's changes laid over them.

A query runs in a process of its own (:mod:`toolgym.database.bounded`), one for all worlds of this process and one query
at a time, so that whatever it does stays within :data:`MEMORY` and :data:`SECONDS`.
"""

from __future__ import annotations

import itertools
import os
import pickle
import threading
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary, finalize

from toolgym.database.base import Database
from toolgym.database.bounded import BoundedProcess, StoppedError
from toolgym.database.engine import Changes
from toolgym.database.records import Record, encode
from toolgym.database.sources import is_key
from toolgym.errors import QueryError
from toolgym.messages import AgentID

MEMORY = 2 << 30
"""Bytes that a query may use in addition to its world; nothing is spilled to disk."""
SECONDS = 30.0
"""After that long a query is interrupted."""
ANSWER = 1 << 28
"""Bytes that an answer may have, about."""
LOADING = 600.0
"""Seconds that it may take to make one table of a world known to the process."""
_SQL_TYPES = {str: "VARCHAR", float: "DOUBLE", int: "BIGINT", bool: "BOOLEAN"}
_JSON_TYPES = {
    float: "'DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT'",
    int: "'BIGINT', 'UBIGINT'",
    bool: "'BOOLEAN'",
}
_PROCESS = BoundedProcess()
_LOADED: WeakKeyDictionary[Database, tuple[int | None, int]] = WeakKeyDictionary()
"""In which process a world was loaded, and its number there."""
_GONE: list[int] = []
_NUMBERS = itertools.count()
_LOCK = threading.RLock()


class QueriedState(Protocol):
    """What a query asks of a state; :class:`~toolgym.database.Session` is one."""

    @property
    def base(self) -> Database:
        """The world from which it started."""

    def position(self, side: AgentID, table: str, key: str) -> int:
        """A number that grows along the insertion order."""

    def changed_records(self, side: AgentID, table: str) -> Mapping[str, Record | None]:
        """Records that differ from the base's or may: by key, None for a deleted one."""


def run_query(
    state: QueriedState, side: AgentID, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None
) -> list[tuple[Any, ...]]:
    """Run one SELECT over a side's tables, as a session's ``query`` does.

    Raises:
        QueryError: If the side has no tables, or the query fails or is stopped.
    """
    if side not in state.base.schemas:
        raise QueryError(f"the side {side!r} has no tables; there are {sorted(state.base.schemas)}")
    schema = state.base.schemas[side]
    columns = {
        table.name: ", ".join(_column(name, field.annotation) for name, field in table.model.model_fields.items())
        for table in schema.tables
    }
    batches: list[list[tuple[Any, ...]]] = []
    try:
        sql.encode()
        with _LOCK:
            _PROCESS.call(
                "toolgym.database.engine:select",
                _world(state.base),
                side,
                columns,
                sql,
                parameters,
                SECONDS,
                ANSWER,
                seconds=SECONDS,
                memory=MEMORY,
                take=batches.append,
                answer=lambda table: _changes(state, side, table),
            )
    except StoppedError as error:
        raise QueryError(f"the query was stopped: {error}") from error
    except (UnicodeError, TypeError, AttributeError, pickle.PicklingError) as error:
        raise QueryError(f"the query failed: {error}") from error
    return [row for batch in batches[1:] for row in batch]


def _world(base: Database) -> int:
    """The number of a world in the process, once it is there."""
    process, number = _LOADED.get(base, (None, 0))
    if process is not None and process == _PROCESS.id:
        return number
    if process is None:
        number = next(_NUMBERS)
        finalize(base, _GONE.append, number)
    gone, _GONE[:] = list(_GONE), []
    _load("load", number, gone, f"{MEMORY >> 20}MiB")
    for side, schema in base.schemas.items():
        for table in schema.tables:
            _load("load_table", number, f'"base {side} {table.name}"', list(base.source.rows(side, table.name)))
    _load("finish", number)
    _LOADED[base] = (_PROCESS.id, number)
    return number


def _load(function: str, *arguments: Any) -> None:
    _PROCESS.call(
        f"toolgym.database.engine:{function}", *arguments, seconds=LOADING, memory=MEMORY, take=_nothing, kept=True
    )


def _nothing(item: Any) -> None:
    raise AssertionError(f"loading gives nothing back, and it gave {item!r}")


def _changes(state: QueriedState, side: AgentID, table: str) -> Changes:
    """What an episode changed of a table."""
    changes = state.changed_records(side, table)
    for key in changes:
        if not is_key(key):  # in a column it would bring the whole engine down
            raise QueryError(f"{table} holds the key {key!r}, which SQL cannot hold: no text, or no Unicode")
    return Changes(
        [-1 if record is None else state.position(side, table, key) for key, record in changes.items()],
        list(changes),
        [None if record is None else encode(record) for record in changes.values()],
    )


def _forked() -> None:
    """In a process that was forked from this one: another thread may have held the lock."""
    global _LOCK
    _LOCK = threading.RLock()


def _column(name: str, annotation: Any) -> str:
    """SQL for one field; a value of another type than declared is NULL in a number column."""
    path = f"'$.\"{name}\"'"
    kind = _scalar(annotation)
    if kind in _SQL_TYPES:
        text = f"json_extract_string(record, {path})"
        if kind in _JSON_TYPES:
            text = f"CASE WHEN json_type(record, {path}) IN ({_JSON_TYPES[kind]}) THEN {text} END"
        return f'TRY_CAST({text} AS {_SQL_TYPES[kind]}) AS "{name}"' if kind is not str else f'{text} AS "{name}"'
    return f'json_extract(record, {path}) AS "{name}"'


def _scalar(annotation: Any) -> type | None:
    """The one Python type that a field holds, None aside; a Literal holds its values' type."""
    kinds: set[type | None]
    if typing.get_origin(annotation) is typing.Literal:
        kinds = {type(value) for value in typing.get_args(annotation)}
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = {_scalar(part) for part in typing.get_args(annotation) if part is not type(None)}
    else:
        kinds = {annotation if isinstance(annotation, type) else None}
    return kinds.pop() if len(kinds) == 1 else None


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forked)
