"""A world as a DuckDB file: its layout, opening it, writing it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

import numpy as np

from toolgym.database.schema import Schema
from toolgym.errors import WorldError
from toolgym.messages import AgentID

Place = tuple[str, str]
"""A table: its side, and its name."""
FORMAT = "2"
"""The layout of a world file: one DuckDB schema a side, one table (position, key, record) a table, plus
``main.world`` (name, value) and ``main.index_entries`` (side, tab, name, value, position, key)."""


MEMORY = 1 << 30
"""Bytes that the reading of a world file may use in addition to what is kept of it."""
SECONDS = 300.0
"""Seconds that the reading of a whole world file may take."""
MAX_TEXT = 1 << 24
"""Characters of one record, at most."""
_BATCH = 256
_RECORD = [("position", "INTEGER"), ("key", "VARCHAR"), ("record", "VARCHAR")]
_OWN = {
    ("main", "world"): [("name", "VARCHAR"), ("value", "VARCHAR")],
    ("main", "index_entries"): [
        ("side", "VARCHAR"),
        ("tab", "VARCHAR"),
        ("name", "VARCHAR"),
        ("value", "VARCHAR"),
        ("position", "INTEGER"),
        ("key", "VARCHAR"),
    ],
}
_FOREIGN = {
    "the view": "SELECT view_name FROM duckdb_views() WHERE database_name = 'w' AND NOT internal",
    "the macro": "SELECT function_name FROM duckdb_functions() WHERE database_name = 'w' AND NOT internal",
    "the sequence": "SELECT sequence_name FROM duckdb_sequences() WHERE database_name = 'w'",
    "the type": "SELECT type_name FROM duckdb_types() WHERE database_name = 'w' AND NOT internal",
    "a column with an expression,": "SELECT schema_name || '.' || table_name || '.' || column_name "
    "FROM duckdb_columns() WHERE database_name = 'w' AND column_default IS NOT NULL",
    "a table with the constraint": "SELECT constraint_text FROM duckdb_constraints() WHERE database_name = 'w'",
    "the index of an expression": "SELECT index_name FROM duckdb_indexes() WHERE database_name = 'w' "
    "AND expressions NOT IN ('[''\"key\"'']', '[''\"value\"'']')",
}
"""What a file of DuckDB can hold besides tables, views first: listing columns looks into views."""
_COLLATED = r"""
SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'w'
AND regexp_matches(regexp_replace(sql, '"[^"]*"', '', 'g'), '\bCOLLATE\b', 'i')
"""
"""Tables in which equal is not what it is elsewhere; DuckDB tells it nowhere but in their SQL."""
_SCHEMAS = """
SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'w' AND schema_name NOT IN (SELECT unnest(?))
"""
_FACTS = ("format", "digest", "shape")
_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'w' AND NOT internal
ORDER BY schema_name, table_name, column_index
"""
FAST: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "pandas_analyze_sample": 0}
"""Without the second, DuckDB tries to import pandas for every value of a NumPy array that it reads."""


def lock(connection: Any) -> None:
    """Shut a DuckDB off from files, from extensions and from its own settings."""
    for setting in (
        "enable_external_access=false",
        "autoinstall_known_extensions=false",
        "autoload_known_extensions=false",
        "lock_configuration=true",
    ):
        connection.execute(f"SET {setting}")


class RecordRows(Protocol):
    """Where the records to be written come from."""

    def rows(self, side: str, table: str, *, live: bool = False) -> Iterator[tuple[str, str]]:
        """Keys and JSON texts, in insertion order."""

    def index_entries(self, side: str, table: str) -> Iterator[tuple[str, str, str]]:
        """Index name, value and key of every entry."""


def shape(schemas: Mapping[Any, Schema]) -> str:
    """What a file must have been written for: tables with their kinds, fields and indexes."""
    return json.dumps(
        {
            f"{side}.{table.name}": [table.kind, table.key, list(table.model.model_fields), sorted(table.indexes)]
            for side, schema in schemas.items()
            for table in schema.tables
        },
        sort_keys=True,
    )


def connect(path: Path, places: Iterable[Place] | None = None) -> Any:
    """Open a world file for reading, attached as ``w``, in a DuckDB that reaches nothing else.

    Where ``places`` are given nothing of the file is run: it may hold the tables of a world, and nothing else that
    DuckDB has.

    Args:
        path: The file.
        places: The side and the name of each table that it must have, and nothing else; None where that is known.

    Raises:
        WorldError: If it is not a DuckDB file, or not such a world.
    """
    import duckdb

    _check_file(path)
    # An instance of its own for each file: DuckDB shares one between all that open a path, and would go on showing the
    # old content of a file that was replaced.
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": f"{MEMORY >> 20}MiB",
        "temp_directory": "",
        "autoload_known_extensions": False,
        "autoinstall_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute(f"ATTACH '{_quoted(path)}' AS w (TYPE duckdb, READ_ONLY)")
        lock(connection)
        if places is not None:
            _check_contents(connection, path, places)
    except duckdb.Error as error:
        connection.close()
        raise WorldError(
            f"{str(path)!r} cannot be opened as a DuckDB file: {_first(error)}; it may be cut off, damaged, encrypted "
            "or written by a newer DuckDB: get it again, or build the world again"
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _check_file(path: Path) -> None:
    """Check that a path is a DuckDB file, by its first bytes."""
    try:
        if not path.is_file():
            why = "it is a folder, or no regular file" if path.exists() else "build the world, or name its file"
            raise WorldError(f"there is no world file {str(path)!r}: {why}")
        with path.open("rb") as file:
            head = file.read(12)
        log = path.with_name(f"{path.name}.wal")
        unfinished = log.exists() or log.is_symlink()
    except (OSError, ValueError) as error:
        raise WorldError(f"the world file {str(path)!r} cannot be read: {error}; name another") from error
    if head[8:] != b"DUCK":
        what = "is not a DuckDB file" if head else "is empty, and no DuckDB file"
        raise WorldError(f"{str(path)!r} {what}; get it again, or build the world again")
    if unfinished:
        raise WorldError(
            f"{str(path)!r} has a write-ahead log beside it, {log.name!r}: another program is writing it, or did not "
            "end; let that program close it, or get the file again"
        )


def _check_contents(connection: Any, path: Path, places: Iterable[Place]) -> None:
    """Check that the file holds the tables of a world, with their columns, and nothing that could be run."""
    for kind, sql in _FOREIGN.items():
        _refuse(connection, path, kind, sql)
    wanted = dict.fromkeys(places, _RECORD)
    _refuse(connection, path, "a table with a collation", _COLLATED)
    tables: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for side, table, column, type_ in connection.execute(_COLUMNS).fetchall():
        tables.setdefault((side, table), []).append((column, type_))
    for place in _OWN:
        if place not in tables:
            raise WorldError(f"{str(path)!r} is not a toolgym world: it has no table {'.'.join(place)!r}")
    if tables.keys() - _OWN.keys() != wanted.keys():
        found = sorted(tables.keys() - _OWN.keys())
        raise WorldError(f"{str(path)!r} holds the tables {found}, the domain has {sorted(wanted)}")
    schemas = {"main", *get_args(AgentID), *(side for side, _ in wanted)}  # a side may have no tables
    _refuse(connection, path, "the schema", _SCHEMAS, [sorted(schemas)])
    for place, columns in (_OWN | wanted).items():
        if tables[place] != columns:
            raise WorldError(
                f"the table {'.'.join(place)!r} of {str(path)!r} has the columns {_listed(tables[place])}; a world has "
                f"{_listed(columns)}: build it again"
            )


def _refuse(connection: Any, path: Path, kind: str, sql: str, parameters: Sequence[Any] = ()) -> None:
    """Refuse a file in which a query finds something."""
    found = connection.execute(f"{sql} LIMIT 1", parameters).fetchone()
    if found is not None:
        raise WorldError(
            f"{str(path)!r} holds {kind} {found[0]!r}; a world holds tables of records alone, and nothing of it is "
            "run: do not use this file"
        )


def _listed(columns: Iterable[tuple[str, str]]) -> str:
    return ", ".join(" ".join(column) for column in columns)


def scan(path: Path, places: Sequence[Place], seconds: float) -> Iterator[Any]:
    """All of a world file, some at a time: its facts, then for each table its rows, None, its index entries, None.

    Runs in a :mod:`bounded process <toolgym.database.bounded>`.

    Raises:
        WorldError: If the file is not a world, or its reading takes more time or memory than it may.
    """
    import duckdb

    connection = connect(path, places)
    late = threading.Event()

    def stop() -> None:
        late.set()
        connection.interrupt()

    clock = threading.Timer(seconds, stop)
    clock.start()
    try:
        yield facts_of(connection, path)
        for side, table in places:
            yield from _batches(str(path), connection, f'SELECT position, key, record FROM w."{side}"."{table}"', [])
            yield None
            sql = "SELECT position, key, name, value FROM w.main.index_entries WHERE side = ? AND tab = ?"
            yield from _batches(str(path), connection, sql, [side, table])
            yield None
        known = [f"{side}.{table}" for side, table in places]
        sql = (
            "SELECT count(*) FROM w.main.index_entries WHERE coalesce(side || '.' || tab, '') NOT IN (SELECT unnest(?))"
        )
        if connection.execute(sql, [known]).fetchone() != (0,):
            raise WorldError(
                f"{str(path)!r} holds index entries of tables that the domain has not; do not use this file"
            )
    except (duckdb.Error, MemoryError) as error:
        why = _first(error)
        if late.is_set():
            why = f"it takes more than {seconds:g} s"
        elif isinstance(error, MemoryError | duckdb.OutOfMemoryException):
            why = f"it needs more memory than {MEMORY >> 20} MB; do not use this file"
        raise WorldError(f"the world {str(path)!r} cannot be read: {why}") from error
    finally:
        clock.cancel()
        connection.close()


def places_of(schemas: Mapping[Any, Schema]) -> list[Place]:
    """The tables of a domain."""
    return [(str(side), table.name) for side, schema in schemas.items() for table in schema.tables]


def check_facts(path: Path, facts: Mapping[str, str], schemas: Mapping[Any, Schema]) -> str:
    """The digest that is written in a file, once it is known to be for these schemas.

    Raises:
        WorldError: If it is not.
    """
    if facts.get("format") != FORMAT:
        raise WorldError(
            f"{str(path)!r} has world format {facts.get('format')!r}; this toolgym reads {FORMAT!r}. "
            "Build the world again, or use the toolgym that wrote it."
        )
    further = facts.keys() - set(_FACTS)
    if further:
        raise WorldError(f"{str(path)!r} says {min(further)!r} of itself, which no world does; do not use this file")
    if facts.get("shape") != shape(schemas):
        raise WorldError(f"{str(path)!r} was built for other fields or indexes than the domain has now; build it again")
    if not facts.get("digest"):
        raise WorldError(f"{str(path)!r} has no digest; build the world again")
    return facts["digest"]


def facts_of(connection: Any, path: Path) -> dict[str, str]:
    """The names and values in ``main.world``.

    Raises:
        WorldError: If it holds several rows for one name, rows without one, or far more than any world has.
    """
    rows = connection.execute("SELECT name[:100], value[:100000] FROM w.main.world LIMIT 100").fetchall()
    facts = {name: value for name, value in rows if name is not None}
    if len(facts) < len(rows) or len(rows) == 100:
        raise WorldError(
            f"the table 'main.world' of {str(path)!r} holds several rows for one name, or too many; do not use "
            "this file"
        )
    return facts


def _batches(path: str, connection: Any, sql: str, parameters: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
    cursor = connection.execute(sql, parameters)
    while rows := cursor.fetchmany(_BATCH):
        if any(len(text) > MAX_TEXT for row in rows for text in row if isinstance(text, str)):
            raise WorldError(f"the world {path!r} holds a text of more than {MAX_TEXT >> 20} MB; do not use this file")
        yield rows


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def fill(connection: Any, target: str, columns: Iterable[Sequence[str]]) -> None:
    """Insert keys and records, in order, into a table of position, key and record."""
    keys_and_texts = list(columns)
    if keys_and_texts:
        insert(connection, target, [range(len(keys_and_texts[0])), *keys_and_texts])


def insert(connection: Any, target: str, columns: Sequence[Sequence[Any]]) -> None:
    """Insert whole columns, over a connection made with :data:`FAST`."""
    if not columns:
        return
    arrays = {
        f"c{place}": np.asarray(column, dtype=None if isinstance(column[0], int) else object)
        for place, column in enumerate(columns)
    }
    connection.register("incoming", arrays)
    connection.execute(f"INSERT INTO {target} SELECT * FROM incoming")
    connection.unregister("incoming")


def write_world(path: Path, source: RecordRows, schemas: Mapping[Any, Schema], digest: str) -> None:
    """Write a world file next to its final place, then move it there.

    Raises:
        WorldError: If it cannot be written, as on a disk that is full.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        with duckdb.connect(":memory:", config=FAST) as connection:
            connection.execute(f"ATTACH '{_quoted(partial)}' AS w (STORAGE_VERSION 'v1.4.0', BLOCK_SIZE 16384)")
            connection.execute("USE w")
            connection.execute("CREATE TABLE main.world (name VARCHAR, value VARCHAR)")
            facts = [["format", FORMAT], ["digest", digest], ["shape", shape(schemas)]]
            connection.executemany("INSERT INTO main.world VALUES (?, ?)", facts)
            connection.execute(
                "CREATE TABLE main.index_entries "
                "(side VARCHAR, tab VARCHAR, name VARCHAR, value VARCHAR, position INTEGER, key VARCHAR)"
            )
            for side, schema in schemas.items():
                connection.execute(f'CREATE SCHEMA "{side}"')
                for table in schema.tables:
                    target = f'"{side}"."{table.name}"'
                    connection.execute(f"CREATE TABLE {target} (position INTEGER, key VARCHAR, record VARCHAR)")
                    rows = list(source.rows(side, table.name))
                    fill(connection, target, zip(*rows, strict=True) if rows else ())
                    place_of = {key: place for place, (key, _) in enumerate(rows)}
                    entries = [
                        (side, table.name, name, value, place_of[key], key)
                        for name, value, key in source.index_entries(side, table.name)
                    ]
                    insert(connection, "main.index_entries", list(zip(*entries, strict=True)))
                    connection.execute(f"CREATE UNIQUE INDEX key_of_{side}_{table.name} ON {target} (key)")
            connection.execute("CREATE INDEX value_of_entry ON main.index_entries (value)")
            connection.execute("USE memory")
            connection.execute("DETACH w")
        partial.replace(path)
    except duckdb.Error as error:
        raise WorldError(f"{str(path)!r} cannot be written: {error}") from error
    finally:
        for leftover in (partial, partial.with_name(f"{partial.name}.wal")):
            leftover.unlink(missing_ok=True)
