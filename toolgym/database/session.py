"""An episode's view of a world: the immutable base, the task's initial layer, and this episode's own changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from toolgym.database.base import Database
from toolgym.database.records import FrozenDict, Record, canonical, encode, freeze, mutable
from toolgym.messages import AgentID

Key: TypeAlias = tuple[AgentID, str, str]
"""Side, table, key of one record."""

ORDER = "#order"
"""In a diff, the entry ``(side, table + ORDER, "")`` tells how the order of a table of kind ``"list"`` changed."""

_ABSENT: Any = object()
_NONE: Mapping[Key, Any] = {}


class Layer:
    """Frozen changes on a base, shared by all episodes that start from them.

    Args:
        records: Changed records by key; None for a deleted one.
        added: Keys that the base does not have at their place, in insertion order.
        sides: The side whose data each side's tools work on (tau2 points both at one after initialisation data).
    """

    __slots__ = ("_canonical", "added", "records", "sides")

    def __init__(
        self,
        records: Mapping[Key, FrozenDict | None] = _NONE,
        added: Iterable[Key] = (),
        sides: Mapping[AgentID, AgentID] | None = None,
    ) -> None:
        self.records = records
        self.added: dict[Key, None] = dict.fromkeys(added)
        self.sides: Mapping[AgentID, AgentID] = sides or {"assistant": "assistant", "user": "user"}
        self._canonical: dict[Key, str | None] = {}

    def canonical(self, key: Key) -> str | None:
        """A changed record as JSON with sorted keys, or None when deleted."""
        if key not in self._canonical:
            record = self.records[key]
            self._canonical[key] = None if record is None else canonical(record)
        return self._canonical[key]


class Session:
    """One episode's state: reads fall through to the base, writes stay here.

    Writes happen between :meth:`begin` and :meth:`commit` or :meth:`rollback`; each tool call is one such span.

    Args:
        base: The world.
        initial: The changes with which the task starts.
    """

    __slots__ = (
        "_added",
        "_added_before",
        "_changes",
        "_delta",
        "_pending",
        "base",
        "fingerprint",
        "initial",
    )

    def __init__(self, base: Database, initial: Layer) -> None:
        self.base = base
        self.initial = initial
        self._delta: dict[Key, FrozenDict | None] = {}
        self._pending: dict[Key, Any] = {}
        self._added: dict[Key, None] = initial.added
        self._added_before: dict[Key, None] | None = None
        self._changes: dict[Key, str | None] = {}
        self.fingerprint: object = None
        """Equal exactly when the net changes are equal."""

    # Reading

    def get(self, side: AgentID, table: str, key: str) -> Record | None:
        """A record as it is now, or None; to change it, use :meth:`edit`."""
        name = (side, table, key)
        for layer in (self._pending, self._delta, self.initial.records):
            record = layer.get(name, _ABSENT)
            if record is not _ABSENT:
                return record  # type: ignore[no-any-return]  # a record or None, by the layers' types
        return self.base.record(side, table, key)

    def keys(self, side: AgentID, table: str) -> list[str]:
        """Keys in insertion order, as a dict would have them after the same changes."""
        touched = self._touched(side, table)
        if not touched:
            return list(self.base.keys(side, table))
        kept = [
            key
            for key in self.base.keys(side, table)
            if key not in touched or ((side, table, key) not in self._added and self.get(side, table, key) is not None)
        ]
        return kept + [key for where, of, key in self._added if where == side and of == table]

    def count(self, side: AgentID, table: str) -> int:
        """How many records a table has now."""
        number = self.base.count(side, table)
        for key in self._touched(side, table):
            before = self.base.raw(side, table, key) is not None
            number += (self.get(side, table, key) is not None) - before
        return number

    def find(self, side: AgentID, table: str, index: str, value: str) -> list[str]:
        """Keys of the records that an index lists under ``value`` now, in insertion order."""
        hits = list(self.base.find(side, table, index, value))
        touched = self._touched(side, table)
        if not touched:
            return hits
        listed = self.base.schemas[side].by_name[table].indexes[index]
        hits = [key for key in hits if key not in touched]
        new = []
        for key in touched:
            record = self.get(side, table, key)
            if record is not None and value in listed(record):
                new.append(key)
        if new:
            hits.extend(new)
            hits.sort(key=lambda key: self.position(side, table, key))
        return hits

    def position(self, side: AgentID, table: str, key: str) -> int:
        """A number that grows along the insertion order; the key must exist."""
        name = (side, table, key)
        if name in self._added:
            return self.base.count(side, table) + list(self._added).index(name)
        return self.base.position(side, table, key)

    def aggregate(self, side: AgentID, table: str, function: Callable[[Iterable[Record]], Any]) -> Any:
        """``function`` over all records of a table: once per world, and anew after a change of the table."""
        if not self._touched(side, table):
            return self.base.aggregate(side, table, function)
        return function(self.records(side, table))

    def records(self, side: AgentID, table: str) -> Iterator[Record]:
        """All records of a table as they are now, in insertion order."""
        for key in self.keys(side, table):
            record = self.get(side, table, key)
            if record is not None:
                yield record

    def _touched(self, side: AgentID, table: str) -> dict[str, None]:
        """Keys of one table that any layer over the base holds."""
        found: dict[str, None] = {}
        for layer in (self.initial.records, self._delta, self._pending):
            for where, of, key in layer:
                if where == side and of == table:
                    found[key] = None
        return found

    # Writing

    def edit(self, side: AgentID, table: str, key: str) -> Record:
        """A record to change: a deep copy, this episode's own from the first write on.

        Raises:
            LookupError: If there is no such record.
        """
        name = (side, table, key)
        record = self._pending.get(name, _ABSENT)
        if record is _ABSENT:
            current = self.get(side, table, key)
            record = None if current is None else mutable(current)
            if record is not None:
                self._pending[name] = record
        if record is None:
            raise LookupError(f"{self.base.schemas[side].name}.{table} has no {key!r} to edit; use put for a new one")
        return record  # type: ignore[no-any-return]  # a MutableRecord, stored just above

    def put(self, side: AgentID, table: str, key: str, record: Mapping[str, Any]) -> Record:
        """Store a record; a new key goes to the end, an old one keeps its place. Returns the episode's own copy."""
        name = (side, table, key)
        if self.get(side, table, key) is None:
            self._own_order()
            self._added.pop(name, None)
            self._added[name] = None
        stored: Record = mutable(dict(record))
        self._pending[name] = stored
        return stored

    def delete(self, side: AgentID, table: str, key: str) -> None:
        """Remove a record.

        Raises:
            LookupError: If there is no such record.
        """
        if self.get(side, table, key) is None:
            raise LookupError(f"{self.base.schemas[side].name}.{table} has no {key!r} to delete")
        name = (side, table, key)
        self._own_order()
        self._added.pop(name, None)
        self._pending[name] = None

    def _own_order(self) -> None:
        """Copy the order of added keys before this call first changes it."""
        if self._added_before is None:
            self._added_before = self._added
            self._added = dict(self._added)

    def begin(self) -> None:
        """Start a call."""
        if self._pending or self._added_before is not None:
            raise RuntimeError("a call is already open: commit or roll it back first")

    @property
    def dirty(self) -> bool:
        """Whether the open call has written anything."""
        return bool(self._pending)

    def commit(self) -> bool:
        """Keep what the call wrote; True if the net state changed."""
        if not self._pending:
            return False
        try:
            written = [
                (name, None, None) if record is None else (name, frozen := freeze(record), canonical(frozen))
                for name, record in self._pending.items()
            ]
        except (TypeError, ValueError, RecursionError):  # a record that cannot be written down: nothing is kept
            self.rollback()
            raise
        reordered = self._added_before is not None
        changed = False
        for name, frozen, text in written:
            self._delta[name] = frozen
            changed |= self._note(name, text)
        self._pending = {}
        self._added_before = None
        if reordered:
            changed |= self._note_orders(name for name, _, _ in written)
        if changed:
            self.fingerprint = frozenset(self._changes.items()) if self._changes else None
        return changed

    def rollback(self) -> None:
        """Forget what the call wrote."""
        self._pending = {}
        if self._added_before is not None:
            self._added = self._added_before
            self._added_before = None

    def _note(self, name: Key, text: str | None) -> bool:
        """Record one key's state in the net changes; True if that changed them."""
        if text == self._original(name):
            return self._changes.pop(name, _ABSENT) is not _ABSENT
        if self._changes.get(name, _ABSENT) == text:
            return False
        self._changes[name] = text
        return True

    def _original(self, name: Key) -> str | None:
        """A record's canonical text when the episode began, or None."""
        if name in self.initial.records:
            return self.initial.canonical(name)
        return self.base.canonical(*name)

    def _note_orders(self, written: Iterable[Key]) -> bool:
        """For written tables whose order is state, put the order into the diff: the keys behind what is as before."""
        changed = False
        for side, table in dict.fromkeys((side, table) for side, table, _ in written):
            if self.base.schemas[side].by_name[table].kind == "list":
                text = self._order(side, table)
                name: Key = (side, table + ORDER, "")
                before = self._changes.pop(name, None)
                if text is not None:
                    self._changes[name] = text
                changed |= text != before
        return changed

    def _order(self, side: AgentID, table: str) -> str | None:
        """The keys behind those that stand where they stood at the start, as JSON; None if there are none."""
        start = [key for where, of, key in self.initial.added if where == side and of == table]
        now = [key for where, of, key in self._added if where == side and of == table]
        gone = any(
            where == side and of == table and (record is None or (where, of, key) in self._added)
            for (where, of, key), record in self._delta.items()
            if key in start or self.base.raw(side, table, key) is not None
        )
        if gone:  # an old key left its place, so all have to be looked at
            start = Session(self.base, self.initial).keys(side, table)
            now = self.keys(side, table)
        same = 0
        while same < min(len(now), len(start)) and now[same] == start[same]:
            same += 1
        return encode(now[same:]) if same < len(now) else None

    # The state as a whole

    def diff(self) -> Mapping[Key, str | None]:
        """The net changes since the episode began: canonical JSON by key, None for a deleted record."""
        return dict(self._changes)

    def layer(self) -> Layer:
        """All committed changes as a frozen layer for other sessions to start from."""
        added = self._added if self._added_before is None else self._added_before
        return Layer({**self.initial.records, **self._delta}, added, self.initial.sides)

    def fork(self) -> Session:
        """An independent session in the same state; its diff begins empty."""
        return Session(self.base, self.layer())

    def digest(self, side: AgentID) -> str | None:
        """tau2's hash of the database that a side's tools work on, or None where the domain has no such side.

        Source:
            sha256 over ``json.dumps`` of the whole database with sorted keys and default separators.
        """
        side = self.initial.sides[side]
        schema = self.base.schemas.get(side)
        if schema is None:
            return None
        parts = []
        for table in sorted(schema.tables, key=lambda table: table.name):
            fragments = self._fragments(side, table.name)
            if table.kind == "map":
                inner = ", ".join(f"{encode(key)}: {text}" for key, text in sorted(fragments.items()))
                parts.append(f"{encode(table.name)}: {{{inner}}}")
            elif table.kind == "list":
                parts.append(f"{encode(table.name)}: [{', '.join(fragments.values())}]")
            else:
                parts.append(f"{encode(table.name)}: {next(iter(fragments.values()), 'null')}")
        return hashlib.sha256(("{" + ", ".join(parts) + "}").encode()).hexdigest()

    def _fragments(self, side: AgentID, table: str) -> Mapping[str, str]:
        base = self.base.fragments(side, table)
        touched = self._touched(side, table)
        if not touched:
            return base
        fragments = {}
        for key in self.keys(side, table):
            if key in touched:
                record = self.get(side, table, key)
                fragments[key] = canonical(record)
            else:
                fragments[key] = base[key]
        return fragments

    def query(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        side: AgentID = "assistant",
    ) -> list[tuple[Any, ...]]:
        """Run one SELECT over the episode's state; nothing can be changed and no file read.

        Args:
            sql: One SELECT over the side's tables. A table has a column for each field (nested ones as JSON), and
                ``_key``, ``_position`` and ``_record`` (the whole record as JSON).
            parameters: Values for ``?`` or ``$name``; always bound, never pasted.
            side: Whose tables.

        Raises:
            QueryError: If it is anything but one SELECT over these tables, or DuckDB refuses it.
        """
        from toolgym.database.query import run_query

        return run_query(self, self.initial.sides[side], sql, parameters)

    def changed_records(self, side: AgentID, table: str) -> Mapping[str, Record | None]:
        """Records of a table that differ from the base's or may: by key, None for a deleted one."""
        return {key: self.get(side, table, key) for key in self._touched(side, table)}
