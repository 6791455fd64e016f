"""What a world's content is: its digest, and a stranger's file read and compared with it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolgym.database.bounded import BoundedProcess, StoppedError
from toolgym.database.records import decode, encode
from toolgym.database.schema import Schema, Table
from toolgym.database.sources import Index, Resident, add_entry, is_key
from toolgym.database.worldfile import MEMORY, SECONDS, check_facts, places_of, scan, shape
from toolgym.errors import WorldError

RESIDENT = 4 << 30
"""Characters of records that a world held in memory may have, at most; larger ones are opened lazily."""


class _File(NamedTuple):
    """What tells one state of a file from another."""

    device: int
    number: int
    size: int
    changed: int


_PROCESS = BoundedProcess()
_CHECKED: dict[tuple[Path, str], tuple[_File, str]] = {}
"""The digest of the content of files that were read whole in this process, by path and by the shape of the world."""


class Digest:
    """The content digest of a world: sha256 over every record, in insertion order."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()

    def add(self, side: str, table: str, key: str, text: str) -> None:
        """The next record."""
        self._sha.update(encode([side, table, key, text]).encode())

    def __str__(self) -> str:
        return self._sha.hexdigest()


def check_file(path: Path, schemas: Mapping[Any, Schema], digest: str = "") -> str:
    """Read a stranger's world file whole, unless this process has done so since it changed.

    Args:
        path: The file.
        schemas: The tables of each side.
        digest: The digest that its content must have; empty for the one that is written in it.

    Returns:
        The digest of its content.

    Raises:
        WorldError: If it is not a world, its records or index entries do not fit, or it was altered.
    """
    known = _CHECKED.get((path.absolute(), shape(schemas)))
    found = known[1] if known is not None and known[0] == _state(path) else read_file(path, schemas, keep=False)[0]
    if digest and found != digest:
        raise WorldError(f"the file {str(path)!r} no longer holds the world {digest[:16]}…, but {found[:16]}…")
    return found


def read_file(path: Path, schemas: Mapping[Any, Schema], *, keep: bool) -> tuple[str, Resident]:
    """Read a stranger's world file whole, in a bounded process.

    Args:
        path: The file.
        schemas: The tables of each side.
        keep: Whether its records are kept.

    Returns:
        The digest of its content; its records, none if they are not kept.

    Raises:
        WorldError: See :func:`check_file`.
    """
    before = _state(path)
    reader = _Reader(path, schemas, keep)
    try:
        _PROCESS.call(
            f"{scan.__module__}:{scan.__name__}",
            path,
            places_of(schemas),
            SECONDS,
            seconds=SECONDS,
            memory=MEMORY,
            take=reader.take,
        )
    except StoppedError as error:
        raise WorldError(f"the world {str(path)!r} cannot be read: {error}; do not use this file") from error
    found, written = str(reader.digest), check_facts(path, reader.facts, schemas)
    if found != written:
        raise WorldError(
            f"the world {str(path)!r} was altered: its content has the digest {found[:16]}…, and the file says that it "
            f"is {written[:16]}…; get the file again, or make its tasks and the world anew"
        )
    if _state(path) != before:
        raise WorldError(f"the world {str(path)!r} was changed while it was read; try again")
    _CHECKED[path.absolute(), shape(schemas)] = before, found
    return found, Resident(reader.texts, reader.entries)


class _Reader:
    """Takes a world as :func:`toolgym.database.worldfile.scan` gives it, and checks it."""

    def __init__(self, path: Path, schemas: Mapping[Any, Schema], keep: bool) -> None:
        self.facts: dict[str, str] = {}
        self.digest = Digest()
        self.texts: dict[tuple[str, str], dict[str, str]] = {}
        self.entries: dict[tuple[str, str], dict[str, Index]] = {}
        self._path = path
        self._keep = keep
        self._size = 0
        self._salt = os.urandom(16)
        self._steps = self._walk(schemas)
        next(self._steps)

    def take(self, item: Any) -> None:
        """The next thing that was read."""
        self._steps.send(item)

    def _walk(self, schemas: Mapping[Any, Schema]) -> Generator[None, Any, None]:
        self.facts = yield
        check_facts(self._path, self.facts, schemas)
        for side, schema in schemas.items():
            for table in schema.tables:
                yield from self._walk_table(str(side), table)
        while True:
            yield

    def _walk_table(self, side: str, table: Table) -> Generator[None, Any, None]:
        keys: set[bytes] = set()
        texts: dict[str, str] = {}
        index: dict[str, Index] = {name: {} for name in table.indexes}
        self.texts[side, table.name], self.entries[side, table.name] = texts, index
        due = there = number = 0
        while (rows := (yield)) is not None:
            for place, key, text in rows:
                record = self._record(side, table, place == number, key, text)
                self.digest.add(side, table.name, key, text)
                mark = hashlib.blake2b(key.encode(), digest_size=16, key=self._salt).digest()
                if mark in keys:
                    raise self._wrong(side, table, key, "its key is there twice")
                keys.add(mark)
                for name, function in table.indexes.items():
                    for value in dict.fromkeys(function(record)):
                        due += self._mark(number, key, name, value)
                        if self._keep:
                            add_entry(index[name], value, key)
                if self._keep:
                    texts[key] = text
                    self._size += len(text)
                    if self._size > RESIDENT:
                        raise WorldError(
                            f"the world {str(self._path)!r} is too large for memory; open it with lazy=True"
                        )
                number += 1
        while (rows := (yield)) is not None:
            for entry in rows:
                there += self._mark(*entry)
        if due != there:
            raise WorldError(
                f"the world {str(self._path)!r} was altered: the index entries of {side}.{table.name} are not those of "
                "its records; get the file again, or build the world again"
            )

    def _record(self, side: str, table: Table, in_order: bool, key: Any, text: Any) -> Any:
        """A record, once it is known to be as a world has it."""
        if not is_key(key) or not isinstance(text, str) or not in_order:
            raise self._wrong(side, table, key, "position, key or record are not those of a world")
        try:
            record = table.normalise(decode(text))
            if encode(record) != text:
                raise ValueError("it is not written as the domain's model has it")
        except (ValueError, TypeError, RecursionError) as error:
            raise self._wrong(side, table, key, str(error) or type(error).__name__) from error
        return record

    def _wrong(self, side: str, table: Table, key: Any, why: str) -> WorldError:
        return WorldError(
            f"the world {str(self._path)!r} was altered, or is none of this domain's: "
            f"{side}.{table.name}[{key!r:.80}]: {why:.500}; get the file again, or build the world again"
        )

    def _mark(self, *entry: Any) -> int:
        """A number that stands for an index entry; their sum tells whether two heaps hold the same ones."""
        text = json.dumps(entry).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=16, key=self._salt).digest(), "big")


def _state(path: Path) -> _File:
    try:
        stat = path.stat()
    except OSError as error:
        raise WorldError(f"there is no world file {str(path)!r}: {error}; build the world, or name its file") from error
    return _File(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
