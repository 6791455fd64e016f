"""Where a world's records are: all in memory, or read from the file when needed. Both answer alike."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from toolgym.database.records import FrozenRecord, decode, encode
from toolgym.database.schema import Schema
from toolgym.database.worldfile import check_facts, connect, facts_of
from toolgym.errors import WorldError


class RecordSource(Protocol):
    """What a Database asks of the place that holds its records."""

    def raw(self, side: str, table: str, key: str) -> str | None:
        """A record's JSON text."""

    def record(self, side: str, table: str, key: str) -> FrozenRecord | None:
        """A record, decoded once."""

    def keys(self, side: str, table: str) -> Sequence[str]:
        """Keys in insertion order."""

    def count(self, side: str, table: str) -> int:
        """How many records there are."""

    def position(self, side: str, table: str, key: str) -> int:
        """Where a key stands in the insertion order."""

    def find(self, side: str, table: str, index: str, value: str) -> Sequence[str]:
        """Keys under an index value, in insertion order."""

    def rows(self, side: str, table: str, *, live: bool = False) -> Iterator[tuple[str, str]]:
        """Keys and JSON texts; ``live``: encoded again from the decoded records, where there are any."""

    def index_entries(self, side: str, table: str) -> Iterator[tuple[str, str, str]]:
        """Index name, value and key of every entry."""


Checked = Callable[[Path, Mapping[Any, Schema], str], object]
"""Sees that a file holds the world of a digest."""
Index = dict[str, "str | tuple[str, ...]"]
"""Keys by index value: the key itself where there is one alone, so that the garbage collector has nothing to walk."""


def add_entry(index: Index, value: str, key: str) -> None:
    """List a key under an index value, after those already there."""
    listed = index.get(value)
    if listed is None:
        index[value] = key
    else:
        index[value] = (listed, key) if isinstance(listed, str) else (*listed, key)


class Resident:
    """All records in memory, as JSON text until one is first read.

    Args:
        texts: Each table's records as JSON by key, in insertion order.
        entries: Each table's secondary indexes by name.
    """

    def __init__(
        self,
        texts: dict[tuple[str, str], dict[str, str]],
        entries: dict[tuple[str, str], dict[str, Index]],
    ) -> None:
        self._texts = texts
        self._entries = entries
        self._records: dict[tuple[str, str, str], FrozenRecord] = {}
        self._keys: dict[tuple[str, str], tuple[str, ...]] = {}
        self._positions: dict[tuple[str, str], dict[str, int]] = {}

    def raw(self, side: str, table: str, key: str) -> str | None:
        """A record's JSON text."""
        return self._texts[side, table].get(key)

    def record(self, side: str, table: str, key: str) -> FrozenRecord | None:
        """A record, decoded when it is first read."""
        name = (side, table, key)
        record = self._records.get(name)
        if record is None:
            text = self._texts[side, table].get(key)
            if text is None:
                return None
            record = self._records[name] = decode(text)
        return record

    def keys(self, side: str, table: str) -> Sequence[str]:
        """The keys of a table in insertion order."""
        name = (side, table)
        if name not in self._keys:
            self._keys[name] = tuple(self._texts[name])
        return self._keys[name]

    def count(self, side: str, table: str) -> int:
        """How many records a table has."""
        return len(self._texts[side, table])

    def position(self, side: str, table: str, key: str) -> int:
        """Where a key stands in the insertion order."""
        name = (side, table)
        if name not in self._positions:
            self._positions[name] = {key: place for place, key in enumerate(self._texts[name])}
        return self._positions[name][key]

    def find(self, side: str, table: str, index: str, value: str) -> Sequence[str]:
        """The keys under an index value, in insertion order."""
        listed = self._entries[side, table][index].get(value, ())
        return (listed,) if isinstance(listed, str) else listed

    def rows(self, side: str, table: str, *, live: bool = False) -> Iterator[tuple[str, str]]:
        """The keys and JSON texts of a table, one after the other."""
        for key, text in self._texts[side, table].items():
            decoded = self._records.get((side, table, key)) if live else None
            yield key, text if decoded is None else encode(dict(decoded))

    def index_entries(self, side: str, table: str) -> Iterator[tuple[str, str, str]]:
        """The index name, value and key of every entry of a table."""
        for name, values in self._entries[side, table].items():
            for value, listed in values.items():
                for key in (listed,) if isinstance(listed, str) else listed:
                    yield name, value, key


class Lazy:
    """Records read from the world file when needed; the last ``cache`` decoded ones are kept.

    The file is opened when it is first read, anew in every process, with one cursor a thread.

    Args:
        path: The file.
        schemas: The tables of each side.
        cache: How many decoded records are kept, at least 1.
        checked: Sees that the file still holds the world of a digest, before another process opens it.
    """

    def __init__(
        self, path: Path, schemas: Mapping[Any, Schema], cache: int = 4096, *, checked: Checked | None = None
    ) -> None:
        if cache < 1:
            raise ValueError(f"cache must be at least 1, got {cache}")
        self.path = path
        self.schemas = schemas
        self.cache = cache
        self.checked = checked
        self.digest = ""
        self._start()
        self.digest = self._read_digest()

    def _start(self) -> None:
        self._tables = {(side, table.name): table for side, schema in self.schemas.items() for table in schema.tables}
        self._lock = threading.Lock()
        self._records: OrderedDict[tuple[str, str, str], FrozenRecord] = OrderedDict()
        self._local = threading.local()
        self._connection: Any = None
        self._process = 0

    def __getstate__(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "schemas": self.schemas,
            "cache": self.cache,
            "checked": self.checked,
            "digest": self.digest,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def _fetch(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        import duckdb

        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    self._connection = self._connect()
                    self._local = threading.local()
                    self._process = os.getpid()
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
        try:
            return cursor.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise WorldError(f"the world {str(self.path)!r} cannot be read: {error}") from error

    def _connect(self) -> Any:
        """Open the file; in a process that took the world over from another, see that it is still the one it was."""
        if self.checked is not None and self.digest:
            self.checked(self.path, self.schemas, self.digest)
        connection = connect(self.path)
        if self.digest and self._digest_in(connection) != self.digest:
            connection.close()
            raise WorldError(f"the file {str(self.path)!r} no longer holds the world {self.digest[:16]}…")
        return connection

    def _read_digest(self) -> str:
        self._fetch("SELECT 1")
        return self._digest_in(self._connection)

    def _digest_in(self, connection: Any) -> str:
        return check_facts(self.path, facts_of(connection, self.path), self.schemas)

    def load(self) -> Resident:
        """All of it in memory."""
        texts: dict[tuple[str, str], dict[str, str]] = {}
        entries: dict[tuple[str, str], dict[str, Index]] = {}
        for side, schema in self.schemas.items():
            for table in schema.tables:
                texts[side, table.name] = dict(self.rows(side, table.name))
                index: dict[str, Index] = {name: {} for name in table.indexes}
                for name, value, key in self.index_entries(side, table.name):
                    add_entry(index.setdefault(name, {}), value, key)
                entries[side, table.name] = index
        self._connection.close()
        self._process = 0
        return Resident(texts, entries)

    def raw(self, side: str, table: str, key: str) -> str | None:
        """A record's JSON text."""
        hash(key)  # a list as a key is a TypeError, as it is for a dict
        if not is_key(key):
            return None
        found = self._fetch(f'SELECT record FROM w."{side}"."{table}" WHERE key = ?', [key])
        return found[0][0] if found else None

    def record(self, side: str, table: str, key: str) -> FrozenRecord | None:
        """A record, decoded when it is first read."""
        name = (side, table, key)
        with self._lock:
            kept = self._records.get(name)
            if kept is not None:
                self._records.move_to_end(name)
                return kept
        text = self.raw(side, table, key)
        if text is None:
            return None
        record = decode(text)
        with self._lock:
            record = self._records.setdefault(name, record)
            while len(self._records) > self.cache:
                self._records.popitem(last=False)
        return record

    def keys(self, side: str, table: str) -> Sequence[str]:
        """The keys of a table in insertion order."""
        return [key for (key,) in self._fetch(f'SELECT key FROM w."{side}"."{table}" ORDER BY position')]

    def count(self, side: str, table: str) -> int:
        """How many records a table has."""
        return int(self._fetch(f'SELECT count(*) FROM w."{side}"."{table}"')[0][0])

    def position(self, side: str, table: str, key: str) -> int:
        """Where a key stands in the insertion order."""
        return int(self._fetch(f'SELECT position FROM w."{side}"."{table}" WHERE key = ?', [key])[0][0])

    def find(self, side: str, table: str, index: str, value: str) -> Sequence[str]:
        """The keys under an index value, in insertion order."""
        hash(value)
        if index not in self._tables[side, table].indexes:
            raise KeyError(index)
        if not is_key(value):
            return ()
        place = f"side = '{side}' AND tab = '{table}' AND name = '{index}'"  # names from the schema: nothing to bind
        found = self._fetch(f"SELECT key, position FROM w.main.index_entries WHERE value = ? AND {place}", [value])
        return [key for key, _ in sorted(found, key=lambda row: int(row[1]))]

    def rows(self, side: str, table: str, *, live: bool = False) -> Iterator[tuple[str, str]]:
        """The keys and JSON texts of a table, one after the other."""
        for key, text in self._fetch(f'SELECT key, record FROM w."{side}"."{table}" ORDER BY position'):
            decoded = self._records.get((side, table, key)) if live else None
            yield key, text if decoded is None else encode(dict(decoded))

    def index_entries(self, side: str, table: str) -> Iterator[tuple[str, str, str]]:
        """The index name, value and key of every entry of a table."""
        place = f"side = '{side}' AND tab = '{table}'"
        yield from self._fetch(f"SELECT name, value, key FROM w.main.index_entries WHERE {place} ORDER BY position")


def is_key(key: object) -> bool:
    """Whether something can be a key in a file at all: text without lone surrogates."""
    return isinstance(key, str) and (key.isascii() or _is_unicode(key))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
