"""The worlds that queries are about, in a DuckDB of the bounded process: locked against files and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from toolgym.database.bounded import ask
from toolgym.database.select import Parameters, nodes, parsed, run
from toolgym.database.worldfile import FAST, fill, insert, lock
from toolgym.errors import QueryError

_FUNCTIONS = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
_TAKEN = """
SELECT 1 FROM duckdb_views() WHERE lower(view_name) = $name AND schema_name <> 'information_schema'
UNION ALL SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = $name
UNION ALL SELECT 1 WHERE starts_with($name, 'base ') OR starts_with($name, 'changed ')
"""
_REFUSED = frozenset({"json_serialize_plan", "json_serialize_sql", "json_deserialize_sql", "query", "query_table"})
"""Functions that look at other SQL than the query's own."""
_ENGINES: dict[int, Any] = {}
"""A connection to each world, by its number."""


class Changes(NamedTuple):
    """An episode's changes of a table: columns of equal length, the record None where it was deleted."""

    positions: list[int]
    keys: list[str]
    records: list[str | None]


def load(world: int, gone: list[int], memory: str) -> Iterator[None]:
    """Make a world known, empty, and forget others."""
    import duckdb

    for other in gone:
        if (engine := _ENGINES.pop(other, None)) is not None:
            engine.close()
    _ENGINES[world] = duckdb.connect(":memory:", config={**FAST, "memory_limit": memory, "temp_directory": ""})
    yield from ()


def load_table(world: int, name: str, rows: list[tuple[str, str]]) -> Iterator[None]:
    """Fill one table of a world."""
    engine = _ENGINES[world]
    engine.execute(f"CREATE TABLE {name} (position BIGINT, key VARCHAR, record VARCHAR)")
    fill(engine, name, zip(*rows, strict=True) if rows else ())
    yield from ()


def finish(world: int) -> Iterator[None]:
    """All of it is there: reach nothing else from now on."""
    lock(_ENGINES[world])
    yield from ()


def select(
    world: int, side: str, columns: Mapping[str, str], sql: str, parameters: Parameters, seconds: float, size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Run one SELECT: first the names and types of its columns, then rows, some at a time; see ``select.run``.

    Args:
        world: Its number.
        side: Whose tables.
        columns: SQL for the columns of each table.
        sql: The SELECT.
        parameters: Its values.
        seconds: How long it may take.
        size: How many bytes the answer may have, about.
    """
    import duckdb

    if world not in _ENGINES:
        raise QueryError("the query was stopped: the process in which it runs had ended; ask again")
    cursor = _ENGINES[world].cursor()  # a cursor of its own: temporary views are seen by no other query
    try:
        try:
            for name in _check(cursor, sql, columns):
                _lay_over(cursor, side, name, columns[name], ask(name))
        except (duckdb.Error, ValueError, RuntimeError) as error:
            if isinstance(error, QueryError):
                raise
            raise QueryError(f"the query failed: {error}") from error
        yield from run(cursor, sql, parameters, seconds, size)
    finally:
        cursor.close()


def _check(cursor: Any, sql: str, tables: Mapping[str, str]) -> list[str]:
    """Names of the tables that the SQL reads, once it is known to be one SELECT over these alone."""
    statements = parsed(cursor, sql)
    known = {name.casefold(): name for name in tables}
    named = {entry["key"].casefold() for node in nodes(statements) for entry in node.get("map", ()) if "key" in entry}
    for name in named - known.keys():  # a CTE of such a name could open a table behind the episode's changes
        if cursor.execute(_TAKEN, {"name": name}).fetchone():
            raise QueryError(f"a query cannot name its own table {name!r}; choose another name")
    used = []
    for node in nodes(statements):
        kind = node.get("type")
        if node.get("function_name") in _REFUSED:
            raise QueryError(f"the function {node['function_name']!r} is not allowed in a query")
        if kind == "BASE_TABLE":
            name, place = node["table_name"], node.get("schema_name") or node.get("catalog_name")
            folded = name.casefold()
            if place or (folded not in known and folded not in named):
                shown = f"{place}.{name}" if place else name
                raise QueryError(f"there is no table {shown!r}; this side has {sorted(tables)}")
            if folded in known and known[folded] not in used:
                used.append(known[folded])
        elif kind == "TABLE_FUNCTION":
            function = node["function"].get("function_name")
            if function not in _FUNCTIONS:
                raise QueryError(f"the table function {function!r} is not allowed; {sorted(_FUNCTIONS)} are")
        elif kind == "SHOW_REF":
            raise QueryError("SHOW, DESCRIBE and SUMMARIZE are not allowed; use a SELECT")
    return used


def _lay_over(cursor: Any, side: str, table: str, columns: str, changes: Changes) -> None:
    """A temporary view of the table as the episode has it, one column a field."""
    cursor.execute(f'CREATE TEMP TABLE "changed {table}" (position BIGINT, key VARCHAR, record VARCHAR)')
    if changes.keys:
        insert(cursor, f'"changed {table}"', changes)
    cursor.execute(
        f'CREATE TEMP VIEW "{table}" AS SELECT {columns}, '
        "key AS _key, position AS _position, record::JSON AS _record FROM ("
        f'SELECT * FROM memory.main."base {side} {table}" '
        f'WHERE key NOT IN (SELECT key FROM temp.main."changed {table}") '
        f'UNION ALL SELECT * FROM temp.main."changed {table}" WHERE record IS NOT NULL)'
    )
