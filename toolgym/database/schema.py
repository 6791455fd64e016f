"""What tables a side of a world has: kinds, record models and secondary indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from toolgym.database.records import Record

if TYPE_CHECKING:
    from pydantic import BaseModel

TableKind: TypeAlias = Literal["map", "list", "single"]
Index: TypeAlias = Callable[[Record], Iterable[str]]

SINGLE = ""
"""The key of the one record of a table of kind ``"single"``."""


@dataclass(frozen=True)
class Table:
    """One table of records.

    Args:
        name: The table's name, also its key in tau2's database file.
        model: The pydantic model that checks and completes a record; its field order is the order of output.
        kind: ``"map"``: records by key; ``"list"``: a list whose order is state; ``"single"``: one record.
        key: For a list, the field that identifies a record.
        indexes: Secondary indexes: a name, and the texts under which a record is found.
    """

    name: str
    model: type[BaseModel]
    kind: TableKind = "map"
    key: str | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict)

    def normalise(self, record: Any) -> Record:
        """Check a raw record and complete it: defaults filled in, numbers coerced, unknown nested keys dropped.

        Raises:
            pydantic.ValidationError: If it does not fit the model.
        """
        return self.model.model_validate(record).model_dump()


@dataclass(frozen=True)
class Schema:
    """The tables of one side of a world.

    Args:
        name: The name of the database class in error texts, such as ``"RetailDB"``.
        tables: Its tables, in the order in which tau2's file has them.
    """

    name: str
    tables: tuple[Table, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Table]:
        """Tables by name."""
        return {table.name: table for table in self.tables}
