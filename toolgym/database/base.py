"""The base of all episodes in one world: immutable, read from a DuckDB file, resident or lazy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from toolgym.database.content import Digest, check_file, read_file
from toolgym.database.records import FrozenDict, Record, canonical, encode
from toolgym.database.schema import SINGLE, Schema
from toolgym.database.sources import Index, Lazy, RecordSource, Resident, add_entry, is_key
from toolgym.database.worldfile import write_world
from toolgym.errors import WorldError
from toolgym.messages import AgentID

Rows: TypeAlias = Mapping[AgentID, Mapping[str, Any]]
"""A world as plain data: by side, then by table; each a mapping, a list or one record, as the table's kind says."""


class Database:
    """One world, immutable and shared by every episode in it.

    Made by :meth:`build` from plain data or by :meth:`open` from a file. A record is decoded once, frozen, and shared.

    Args:
        source: Where the records are.
        schemas: The tables of each side.
        digest: The world's content digest, its name.
    """

    def __init__(self, source: RecordSource, schemas: Mapping[AgentID, Schema], digest: str) -> None:
        self.source = source
        self.schemas = schemas
        self.world = digest
        self._start()

    def _start(self) -> None:
        self._canonical: dict[tuple[str, str, str], str] = {}
        self._aggregates: dict[tuple[str, str, Callable[..., Any]], Any] = {}
        self._fragments: dict[tuple[str, str], dict[str, str]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Database:
        return self  # immutable, and shared by all episodes

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source, "schemas": self.schemas, "world": self.world}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    @classmethod
    def build(cls, schemas: Mapping[AgentID, Schema], rows: Rows) -> Database:
        """Make a resident world from plain data.

        Args:
            schemas: The tables of each side.
            rows: The data; every record is checked and completed by its table's model.

        Raises:
            WorldError: If a side, a table or a record does not fit, or a list repeats a key.
        """
        texts: dict[tuple[str, str], dict[str, str]] = {}
        entries: dict[tuple[str, str], dict[str, Index]] = {}
        for side in rows:
            if side not in schemas:
                raise WorldError(f"this world has data for the side {side!r}; the domain has {sorted(schemas)}")
        for side, schema in schemas.items():
            data = rows.get(side, {})
            if not isinstance(data, Mapping):
                raise WorldError(f"{schema.name} must be a mapping of tables, got {type(data).__name__}")
            if unknown := set(data) - set(schema.by_name):
                raise WorldError(f"{schema.name} has no table {sorted(unknown)[0]!r}; it has {sorted(schema.by_name)}")
            for table in schema.tables:
                index: dict[str, Index] = {name: {} for name in table.indexes}
                kept: dict[str, str] = {}
                try:
                    items = list(_items(data.get(table.name), table.kind, table.key))
                except (TypeError, KeyError, AttributeError) as error:
                    raise WorldError(
                        f"{schema.name}.{table.name} is a table of kind {table.kind!r}"
                        f"{f' with the key {table.key!r}' if table.key else ''}; the data does not fit: {error!r}"
                    ) from error
                for key, raw in items:
                    if not is_key(key):
                        raise WorldError(
                            f"{schema.name}.{table.name} has the key {key!r}; a key is text without lone surrogates"
                        )
                    if key in kept:
                        raise WorldError(f"{schema.name}.{table.name} holds the key {key!r} twice")
                    try:
                        record = table.normalise(raw)
                    except ValueError as error:
                        raise WorldError(f"{schema.name}.{table.name}[{key!r}]: {error}") from error
                    kept[key] = encode(record)
                    for name, function in table.indexes.items():
                        for value in dict.fromkeys(function(record)):
                            if not is_key(value):
                                raise WorldError(
                                    f"the index {name!r} of {schema.name}.{table.name} lists {key!r} under {value!r}; "
                                    "a value to find is text without lone surrogates"
                                )
                            add_entry(index[name], value, key)
                texts[side, table.name] = kept
                entries[side, table.name] = index
        source = Resident(texts, entries)
        return cls(source, schemas, _content_digest(source, schemas))

    @classmethod
    def open(
        cls,
        path: str | Path,
        schemas: Mapping[AgentID, Schema],
        *,
        lazy: bool = False,
        cache: int = 4096,
        trusted: bool = False,
    ) -> Database:
        """Open a world file: one that anybody may have made, unless it is said to be trusted.

        Nothing of the file is run. It is read whole, within bounds of time and memory, and its content compared with
        the digest that is written in it. A lazy world's file that this process has read so is not read again.

        Args:
            path: A file that :meth:`save` wrote.
            schemas: The tables of each side.
            lazy: Read records from the file when they are needed, instead of all of them now.
            cache: How many decoded records a lazy world keeps, at least 1.
            trusted: The file came with an installed package, whose code runs here anyway: its content is taken for what
                it says it is.

        Raises:
            WorldError: If the file is missing, not a world, holds anything but the tables that the schemas have, or was
                altered.
        """
        path = Path(path)
        if trusted:
            lazily = Lazy(path, schemas, cache)
            return cls(lazily if lazy else lazily.load(), schemas, lazily.digest)
        if not lazy:
            digest, resident = read_file(path, schemas, keep=True)
            return cls(resident, schemas, digest)
        if cache < 1:
            raise ValueError(f"cache must be at least 1, got {cache}")
        digest = check_file(path, schemas)
        return cls(Lazy(path, schemas, cache, checked=check_file), schemas, digest)

    def save(self, path: str | Path) -> None:
        """Write the world to a DuckDB file that any DuckDB from 1.4 on opens; an existing file is replaced whole."""
        write_world(Path(path), self.source, self.schemas, self.world)

    def raw(self, side: AgentID, table: str, key: str) -> str | None:
        """A record's JSON text in field order, or None."""
        return self.source.raw(side, table, key)

    def record(self, side: AgentID, table: str, key: str) -> Record | None:
        """A record, frozen and shared by all episodes, or None.

        Raises:
            TypeError: If the key is not hashable, as a dict would.
        """
        return self.source.record(side, table, key)

    def keys(self, side: AgentID, table: str) -> Sequence[str]:
        """All keys of a table, in insertion order."""
        return self.source.keys(side, table)

    def count(self, side: AgentID, table: str) -> int:
        """How many records a table has."""
        return self.source.count(side, table)

    def position(self, side: AgentID, table: str, key: str) -> int:
        """Where a key stands in the insertion order, from 0."""
        return self.source.position(side, table, key)

    def find(self, side: AgentID, table: str, index: str, value: str) -> Sequence[str]:
        """Keys of the records that an index lists under a value, in insertion order."""
        return self.source.find(side, table, index, value)

    def canonical(self, side: AgentID, table: str, key: str) -> str | None:
        """A record as JSON with sorted keys, or None; kept once computed."""
        name = (side, table, key)
        text = self._canonical.get(name)
        if text is None:
            record = self.source.record(side, table, key)
            if record is None:
                return None
            text = self._canonical[name] = canonical(record)
        return text

    def aggregate(self, side: AgentID, table: str, function: Callable[[Iterable[Record]], Any]) -> Any:
        """``function`` over all records of a table, computed once for the world."""
        name = (side, table, function)
        if name not in self._aggregates:
            self._aggregates[name] = function(self.records(side, table))
        return self._aggregates[name]

    def records(self, side: AgentID, table: str) -> Iterator[Record]:
        """All records of a table, in insertion order."""
        for key in self.source.keys(side, table):
            record = self.source.record(side, table, key)
            if record is not None:
                yield record

    def fragments(self, side: AgentID, table: str) -> Mapping[str, str]:
        """Canonical JSON by key for a whole table, in insertion order; kept once computed."""
        name = (side, table)
        if name not in self._fragments:
            self._fragments[name] = {
                key: canonical(FrozenDict(record))
                for key, record in zip(self.keys(side, table), self.records(side, table), strict=True)
            }
        return self._fragments[name]

    def checksum(self) -> str:
        """A digest of the records as they are held in memory now: it changes if anything changed one in place."""
        return _content_digest(self.source, self.schemas, live=True)

    def __repr__(self) -> str:
        return f"Database({self.world[:12]}, {type(self.source).__name__.lower()})"


def _items(data: Any, kind: str, key: str | None) -> Iterator[tuple[str, Any]]:
    if data is None:
        return
    if kind == "single":
        yield SINGLE, data
    elif kind == "list":
        for item in data:
            yield item[key], item
    else:
        yield from data.items()


def _content_digest(source: RecordSource, schemas: Mapping[AgentID, Schema], *, live: bool = False) -> str:
    """The content digest of a source. ``live`` encodes decoded records again instead of their text."""
    digest = Digest()
    for side, schema in schemas.items():
        for table in schema.tables:
            for key, text in source.rows(side, table.name, live=live):
                digest.add(side, table.name, key, text)
    return str(digest)
