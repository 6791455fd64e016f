"""Read-only SQL over an episode's state: the base's tables with the episode's changes laid over them."""

from __future__ import annotations

import json
import os
import threading
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from toolgym.database.records import encode
from toolgym.database.schema import Table
from toolgym.database.sources import is_key
from toolgym.database.worldfile import FAST, fill, insert
from toolgym.errors import QueryError
from toolgym.messages import AgentID

if TYPE_CHECKING:
    from toolgym.database.base import Database
    from toolgym.database.session import Session

MEMORY = "2GB"
"""What a world's query engine may use; nothing is spilled to disk."""
SECONDS = 30.0
"""After that long a query is interrupted."""
MAX_SELECTS = 12
"""How deep SELECTs may be nested."""
_FUNCTIONS = frozenset({"unnest", "range", "generate_series", "json_each", "json_tree"})
_TAKEN = """
SELECT 1 FROM duckdb_views() WHERE lower(view_name) = $name AND schema_name <> 'information_schema'
UNION ALL SELECT 1 FROM duckdb_tables() WHERE lower(table_name) = $name
UNION ALL SELECT 1 WHERE starts_with($name, 'base ') OR starts_with($name, 'changed ')
"""
_REFUSED = frozenset({"json_serialize_plan", "json_serialize_sql", "json_deserialize_sql", "query", "query_table"})
"""Functions that look at other SQL than the query's own."""
_SQL_TYPES = {str: "VARCHAR", float: "DOUBLE", int: "BIGINT", bool: "BOOLEAN"}
_JSON_TYPES = {
    float: "'DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT'",
    int: "'BIGINT', 'UBIGINT'",
    bool: "'BOOLEAN'",
}
_ENGINES: WeakKeyDictionary[Database, tuple[int, Any]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def run_query(
    session: Session, side: AgentID, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None
) -> list[tuple[Any, ...]]:
    """See :meth:`toolgym.database.session.Session.query`."""
    import duckdb

    if side not in session.base.schemas:
        raise QueryError(f"the side {side!r} has no tables; there are {sorted(session.base.schemas)}")
    schema = session.base.schemas[side]
    cursor = _engine(session.base).cursor()  # a cursor of its own: temporary views are seen by no other query
    try:
        sql.encode()
        used = _check(cursor, sql, schema.by_name)
        for name in used:
            _lay_over(cursor, session, side, schema.by_name[name])
        clock = threading.Timer(SECONDS, cursor.interrupt)
        clock.start()
        try:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, parameters or []).fetchall()
        finally:
            clock.cancel()
    except QueryError:
        raise
    except (duckdb.Error, RuntimeError, TypeError, ValueError, OverflowError) as error:
        # besides DuckDB's own errors: values and texts that it cannot take, such as lone surrogates
        raise QueryError(f"the query failed: {error}") from error
    finally:
        cursor.close()
    return rows


def _engine(base: Database) -> Any:
    """One in-memory DuckDB a world and process, locked against files and settings."""
    import duckdb

    with _LOCK:
        process, connection = _ENGINES.get(base, (0, None))
        if process == os.getpid():
            return connection
        config = {**FAST, "memory_limit": MEMORY, "temp_directory": ""}
        connection = duckdb.connect(":memory:", config=config)
        for side, schema in base.schemas.items():
            for table in schema.tables:
                name = f'"base {side} {table.name}"'
                connection.execute(f"CREATE TABLE {name} (position BIGINT, key VARCHAR, record VARCHAR)")
                rows = list(base.source.rows(side, table.name))
                fill(connection, name, zip(*rows, strict=True) if rows else ())
        for setting in (
            "enable_external_access=false",
            "autoinstall_known_extensions=false",
            "autoload_known_extensions=false",
            "lock_configuration=true",
        ):
            connection.execute(f"SET {setting}")
        _ENGINES[base] = (os.getpid(), connection)
        return connection


def _check(cursor: Any, sql: str, tables: Mapping[str, Table]) -> list[str]:
    """Names of the tables that the SQL reads, once it is known to be one SELECT over these alone."""
    answer = json.loads(cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()[0])
    if answer.get("error"):
        raise QueryError(f"only one SELECT can be run here: {answer.get('error_message', 'it does not parse')}")
    statements = answer["statements"]
    if _selects(statements) > MAX_SELECTS:
        raise QueryError(f"SELECTs are nested more than {MAX_SELECTS} deep; DuckDB plans such a query for ever")
    if len(statements) != 1:
        raise QueryError(f"only one SELECT can be run here, got {len(statements)} statements")
    known = {name.casefold(): name for name in tables}
    named = {entry["key"].casefold() for node in _nodes(statements) for entry in node.get("map", ()) if "key" in entry}
    for name in named - known.keys():  # a CTE of such a name could open a table behind the episode's changes
        if cursor.execute(_TAKEN, {"name": name}).fetchone():
            raise QueryError(f"a query cannot name its own table {name!r}; choose another name")
    used = []
    for node in _nodes(statements):
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


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _selects(value: Any) -> int:
    """How deep SELECTs are nested."""
    if isinstance(value, dict):
        inner = max((_selects(item) for item in value.values()), default=0)
        return inner + (value.get("type") == "SELECT_NODE")
    return max((_selects(item) for item in value), default=0) if isinstance(value, list) else 0


def _lay_over(cursor: Any, session: Session, side: AgentID, table: Table) -> None:
    """A temporary view of the table as the episode has it, one column a field."""
    changes = session.changed_records(side, table.name)
    cursor.execute(f'CREATE TEMP TABLE "changed {table.name}" (position BIGINT, key VARCHAR, record VARCHAR)')
    if changes:
        for key in changes:
            if not is_key(key):  # in a column it would bring the whole engine down
                raise QueryError(f"{table.name} holds the key {key!r}, which SQL cannot hold: no text, or no Unicode")
        rows = [
            (-1 if record is None else session.position(side, table.name, key), key, record)
            for key, record in changes.items()
        ]
        positions, keys, records = zip(*rows, strict=True)
        texts = [None if record is None else encode(record) for record in records]
        insert(cursor, f'"changed {table.name}"', [positions, keys, texts])
    columns = ", ".join(_column(name, field.annotation) for name, field in table.model.model_fields.items())
    cursor.execute(
        f'CREATE TEMP VIEW "{table.name}" AS SELECT {columns}, '
        "key AS _key, position AS _position, record::JSON AS _record FROM ("
        f'SELECT * FROM memory.main."base {side} {table.name}" '
        f'WHERE key NOT IN (SELECT key FROM temp.main."changed {table.name}") '
        f'UNION ALL SELECT * FROM temp.main."changed {table.name}" WHERE record IS NOT NULL)'
    )


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
