"""One SELECT and nothing else: what SQL must be, and how it is run; in a process that is bounded."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolgym.errors import QueryError

MAX_SELECTS = 12
"""How deep SELECTs may be nested."""
_BATCH = 500
_VALUE = 64
"""Bytes that Python takes for a value in addition to its content, roughly."""

Parameters = Sequence[Any] | Mapping[str, Any] | None


def parsed(connection: Any, sql: str) -> list[dict[str, Any]]:
    """The one statement, as DuckDB's parser has it.

    Raises:
        QueryError: If it is not one SELECT, or SELECTs are nested too deep in it.
    """
    try:
        text = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()[0]
        answer = json.loads(text)
        depth = _selects(answer.get("statements", []))
    except RecursionError:
        raise QueryError("the query is nested too deep to be read") from None
    if answer.get("error"):
        raise QueryError(f"only one SELECT can be run here: {answer.get('error_message', 'it does not parse')}")
    if depth > MAX_SELECTS:
        raise QueryError(f"SELECTs are nested more than {MAX_SELECTS} deep; DuckDB plans such a query for ever")
    statements: list[dict[str, Any]] = answer["statements"]
    if len(statements) != 1:
        raise QueryError(f"only one SELECT can be run here, got {len(statements)} statements")
    return statements


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a parsed statement."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from nodes(item)


def _selects(value: Any) -> int:
    """How deep SELECTs are nested."""
    if isinstance(value, dict):
        inner = max((_selects(item) for item in value.values()), default=0)
        return inner + (value.get("type") == "SELECT_NODE")
    return max((_selects(item) for item in value), default=0) if isinstance(value, list) else 0


def run(
    cursor: Any, sql: str, parameters: Parameters, seconds: float, size: int, spent: float = 0.0
) -> Iterator[list[tuple[Any, ...]]]:
    """Run a statement that was :func:`parsed`: first the name and the type of each column, then rows, some at a time.

    Args:
        cursor: Where.
        sql: The statement.
        parameters: Its values.
        seconds: How long it may take.
        size: How many bytes the answer may have, about.
        spent: Seconds of its time that are gone.

    Raises:
        QueryError: If DuckDB refuses it, or it takes more time or memory than it may.
    """
    import duckdb

    late = threading.Event()

    def stop() -> None:
        late.set()
        cursor.interrupt()

    clock = threading.Timer(max(0.1, seconds - spent), stop)
    clock.start()
    taken = 0
    try:
        cursor.execute(sql, parameters or [])
        yield [(name, str(kind)) for name, kind, *_ in cursor.description]
        while rows := cursor.fetchmany(_BATCH):
            taken += len(pickle.dumps(rows)) + _VALUE * len(rows) * (len(rows[0]) + 1)
            if taken > size:
                raise QueryError(f"the answer has more than {size >> 20} MB; ask for less, such as with LIMIT")
            yield rows
            if late.is_set():
                raise QueryError(_late(seconds))
    except (MemoryError, duckdb.OutOfMemoryException) as error:
        raise QueryError("the query failed: it needs more memory than it may use") from error
    except (duckdb.Error, RuntimeError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, QueryError):
            raise
        # besides DuckDB's own errors: values and texts that it cannot take, such as lone surrogates
        raise QueryError(_late(seconds) if late.is_set() else f"the query failed: {error}") from error
    finally:
        clock.cancel()


def _late(seconds: float) -> str:
    return f"the query was interrupted: it took more than {seconds:g} s"
