"""SQL over runs: one SELECT, which can neither change nor read anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from toolgym.errors import QueryError
from toolgym.runs.tables import TABLES, Tools, columns, open_tables


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
    parameters: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    tools: Tools | None = None,
) -> Answer:
    """Run one SELECT over runs as the tables of :mod:`toolgym.runs.tables`.

    Args:
        runs: Folders of runs by the names that the tables give them.
        sql: The SELECT.
        parameters: Values for ``?`` or ``$name``.
        tools: Tells what a domain's tools do; without it nobody knows the effect of a call, or whether it is repeated.

    Raises:
        QueryError: If it is anything but one SELECT, or DuckDB refuses it; the message lists tables and columns.
        DataError: If a folder is not a run, or a line is not a trajectory.

    Example:
        >>> query({}, "SELECT count(*) AS episodes FROM episodes")
        Answer(columns=('episodes',), rows=[(0,)])
    """
    import duckdb

    try:
        sql.encode()
        with open_tables(runs, _tables_of(sql), tools=tools) as connection:
            cursor = connection.execute(sql, parameters or [])
            found = [(name, str(kind) == "JSON") for name, kind, *_ in cursor.description]
            rows = cursor.fetchall()
    except (duckdb.Error, QueryError, UnicodeError) as error:
        raise QueryError(f"{error}\n{_described()}") from error
    for place, (_, encoded) in enumerate(found):
        if encoded:
            rows = [(*row[:place], _decoded(row[place]), *row[place + 1 :]) for row in rows]
    return Answer(tuple(name for name, _ in found), rows)


def _tables_of(sql: str) -> list[str]:
    """The tables that a query reads, once it is known to be one SELECT."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        ((text,),) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
        answer = json.loads(text)
    if answer.get("error"):
        raise QueryError(f"only one SELECT can be run here: {answer.get('error_message', 'it does not parse')}")
    if len(answer["statements"]) != 1:
        raise QueryError(f"only one SELECT can be run here, got {len(answer['statements'])} statements")
    named = {
        node["table_name"].strip('"').casefold()
        for node in _nodes(answer["statements"])
        if node.get("type") in ("BASE_TABLE", "SHOW_REF")
    }
    return [name for name in TABLES if name in named]


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _nodes(item)


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _described() -> str:
    lines = [f"  {name}: {', '.join(fields)}" for name, fields in columns().items()]
    return "\n".join(["The tables and their columns:", *lines])
