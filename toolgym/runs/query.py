"""SQL over runs: one SELECT, which can neither change nor read anything else, within bounds of time and memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from toolgym.database.bounded import BoundedProcess, StoppedError, ask
from toolgym.database.select import Parameters, nodes, parsed, run
from toolgym.errors import QueryError
from toolgym.runs.table_definitions import TABLES
from toolgym.runs.tables import Tools, columns, facts_of, fill_tables

SECONDS = 300.0
"""How long a query may take, the reading of its runs included."""
MEMORY = 4 << 30
"""Bytes that a query may use, what its runs take in memory included; more than that of runs goes to disk."""
_PROCESS = BoundedProcess()


class Answer(NamedTuple):
    """What a query found.

    Args:
        columns: Names, in order; not necessarily different ones.
        rows: Values of Python's types; JSON as the value that it stands for.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def query(
    runs: Mapping[str, Path],
    sql: str,
    parameters: Parameters = None,
    *,
    tools: Tools | None = None,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Answer:
    """Run one SELECT over runs as the tables of :mod:`toolgym.runs.tables`, in a process of its own.

    Args:
        runs: Folders of runs by the names that the tables give them.
        sql: The SELECT.
        parameters: Values for ``?`` or ``$name``.
        tools: Tells what a domain's tools do; without it nobody knows the effect of a call, or whether it is repeated.
        seconds: How long it may take, above 0.
        memory: How many bytes it may use, at least 2**28; a quarter of it is the most that an answer may have.

    Returns:
        The answer; moments with a time zone are in UTC.

    Raises:
        QueryError: If it is anything but one SELECT, DuckDB refuses it, or it takes more time or memory than it may;
            the message lists tables and columns.
        DataError: If a folder is not a run, or a line is not a trajectory.

    Example:
        >>> query({}, "SELECT count(*) AS episodes FROM episodes")
        Answer(columns=('episodes',), rows=[(0,)])
    """
    batches: list[list[tuple[Any, ...]]] = []
    try:
        sql.encode()
        with TemporaryDirectory(prefix="toolgym-") as place:
            _PROCESS.call(
                f"{__name__}:answer",
                dict(runs),
                sql,
                parameters,
                tools is not None,
                place,
                seconds,
                memory,
                seconds=seconds,
                memory=memory,
                take=batches.append,
                answer=None if tools is None else facts_of(tools),
            )
    except StoppedError as error:
        raise QueryError(f"the query was stopped: {error}\n{_described()}") from error
    except (QueryError, UnicodeError) as error:
        raise QueryError(f"{error}\n{_described()}") from error
    found = batches[0]
    rows = [row for batch in batches[1:] for row in batch]
    for column, (_, kind) in enumerate(found):
        if kind == "JSON":
            rows = [(*row[:column], _decoded(row[column]), *row[column + 1 :]) for row in rows]
    return Answer(tuple(name for name, _ in found), rows)


def answer(
    runs: Mapping[str, Path],
    sql: str,
    parameters: Parameters,
    tools: bool,
    place: str,
    seconds: float,
    memory: int,
) -> Iterator[list[tuple[Any, ...]]]:
    """Run the query of :func:`query` in its process: first the columns and their types, then rows in batches.

    Args:
        runs: Folders of runs by the names that the tables give them.
        sql: The SELECT.
        parameters: Values for ``?`` or ``$name``.
        tools: Whether the caller can be asked what tools do.
        place: A folder for what does not fit into memory.
        seconds: How long it may take, above 0.
        memory: How many bytes it may use.
    """
    import duckdb

    start = time.monotonic()
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,  # several of DuckDB's wait for each other for ever where memory ends
        "memory_limit": f"{memory >> 21}MiB",
        "temp_directory": place,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        try:
            named = {
                node["table_name"].strip('"').casefold()
                for node in nodes(parsed(connection, sql))
                if node.get("type") in ("BASE_TABLE", "SHOW_REF")
            }
            fill_tables(
                connection, runs, [name for name in TABLES if name in named], Path(place), ask if tools else None
            )
        except duckdb.Error as error:
            raise QueryError(f"the query failed: {error}") from error
        yield from run(connection, sql, parameters, seconds, memory // 4, time.monotonic() - start)


def _decoded(text: str | None) -> Any:
    """A value of JSON; as text where Python cannot read it."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return text


def _described() -> str:
    lines = [f"  {name}: {', '.join(fields)}" for name, fields in columns().items()]
    return "\n".join(["The tables and their columns:", *lines])
