"""Who and what a world holds, as digests: by them worlds are told apart without showing what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.database import Database, Rows
from toolgym.database.schema import Table
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import AgentID
from toolgym.worlds.identities import Entity, digest_of


def entities_of(domain: Domain, world: str) -> Mapping[bytes, Entity]:
    """The entities of a world by digest, computed once for each world and domain.

    Raises:
        DataError: If the domain does not say what its worlds hold.
        WorldError: If the world cannot be found.
    """
    if domain.entities is None:
        raise DataError(
            f"the domain {domain.name!r} does not say who and what its worlds hold; give it `entities` to tell worlds "
            "apart"
        )
    name = f"entities {world}"
    found: Mapping[bytes, Entity] | None = domain.memo.get(name)
    if found is None:
        found = {digest_of(entity): entity for entity in domain.entities(rows_of(domain.worlds.get(world)))}
        domain.memo.put(name, found)
    return found


def rows_of(database: Database) -> Rows:
    """A world as plain data, in the form that :meth:`Database.build` takes; its records are the frozen ones."""
    rows: dict[AgentID, Mapping[str, Any]] = {}
    for side, schema in database.schemas.items():
        rows[side] = {table.name: _table(database, side, table) for table in schema.tables}
    return rows


def _table(database: Database, side: AgentID, table: Table) -> Any:
    records = list(database.records(side, table.name))
    if table.kind == "map":
        return dict(zip(database.keys(side, table.name), records, strict=True))
    if table.kind == "list":
        return records
    return records[0] if records else None
