"""A world as a DuckDB file: its layout, opening it, writing it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from toolgym.database.schema import Schema
from toolgym.errors import WorldError

FORMAT = "2"
"""The layout of a world file: one DuckDB schema a side, one table (position, key, record) a table, plus
``main.world`` (name, value) and ``main.index_entries`` (side, tab, name, value, position, key)."""


FAST: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "pandas_analyze_sample": 0}
"""Without the second, DuckDB tries to import pandas for every value of a NumPy array that it reads."""


class Rows(Protocol):
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


def connect(path: Path) -> Any:
    """Open a file for reading, attached as ``w``.

    Raises:
        WorldError: If it is not a DuckDB file.
    """
    import duckdb

    # An instance of its own for each file: DuckDB shares one between all that open a path, and would go on showing the
    # old content of a file that was replaced.
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute(f"ATTACH '{_quoted(path)}' AS w (READ_ONLY)")
    except duckdb.Error as error:
        connection.close()
        raise WorldError(f"{str(path)!r} cannot be opened as a DuckDB file: {error}") from error
    return connection


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


def write_world(path: Path, source: Rows, schemas: Mapping[Any, Schema], digest: str) -> None:
    """Write a world file beside its final place, then move it there.

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
