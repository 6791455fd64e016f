"""What the tools of one side see of a session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from toolgym.database.records import Record
from toolgym.database.schema import Table
from toolgym.database.session import Session
from toolgym.errors import UnknownNameError
from toolgym.messages import AgentID


class SideView:
    """The tables of one side, by name.

    Args:
        session: The episode's state.
        side: Whose tools look; the task's start may point them at the other side's tables.
    """

    __slots__ = ("_session", "_side", "_tables")

    def __init__(self, session: Session, side: AgentID) -> None:
        self._session = session
        self._side = session.initial.sides[side]
        schema = session.base.schemas.get(self._side)
        self._tables: Mapping[str, Table] = schema.by_name if schema is not None else {}

    def _check(self, table: str) -> None:
        if table not in self._tables:
            # The text that tau2 answers with when both sides were pointed at one database.
            schema = self._session.base.schemas.get(self._side)
            name = schema.name if schema is not None else "NoneType"
            raise AttributeError(f"'{name}' object has no attribute '{table}'")

    def get(self, table: str, key: str) -> Record | None:
        """A record as it is now, frozen, or None. Raises TypeError if the key is not hashable."""
        if table not in self._tables:
            self._check(table)
        return self._session.get(self._side, table, key)

    def edit(self, table: str, key: str) -> Record:
        """A record to change. Raises LookupError if there is none."""
        self._check(table)
        return self._session.edit(self._side, table, key)

    def put(self, table: str, key: str, record: Mapping[str, Any]) -> Record:
        """Store a record and return the episode's copy."""
        self._check(table)
        return self._session.put(self._side, table, key, record)

    def delete(self, table: str, key: str) -> None:
        """Remove a record. Raises LookupError if there is none."""
        self._check(table)
        self._session.delete(self._side, table, key)

    def keys(self, table: str) -> list[str]:
        """Keys in insertion order."""
        self._check(table)
        return self._session.keys(self._side, table)

    def records(self, table: str) -> Iterator[Record]:
        """All records in insertion order."""
        self._check(table)
        return self._session.records(self._side, table)

    def count(self, table: str) -> int:
        """How many records there are."""
        self._check(table)
        return self._session.count(self._side, table)

    def find(self, table: str, index: str, value: str) -> list[str]:
        """Keys that an index lists under a value, in insertion order.

        Raises:
            UnknownNameError: If the table has no such index.
        """
        self._check(table)
        if index not in self._tables[table].indexes:
            hint = f"Table({table!r}, …, indexes={{name: function}}) gives it one."
            raise UnknownNameError(f"index of the table {table!r}", index, self._tables[table].indexes, hint)
        return self._session.find(self._side, table, index, value)

    def aggregate(self, table: str, function: Callable[[Iterable[Record]], Any]) -> Any:
        """``function`` over all records: computed once per world, and anew at each call once the table changed."""
        self._check(table)
        return self._session.aggregate(self._side, table, function)
