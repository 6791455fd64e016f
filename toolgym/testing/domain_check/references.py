"""The records of a world, as they name each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolgym.database import Database
from toolgym.messages import AgentID
from toolgym.testing.domain_check import messages as say

RECORDS = 200
"""So many records of each table are looked at."""


def check_references(base: Database) -> Iterator[str]:
    """Each record is kept under the id that it has, and the ids of others that it names are there.

    A field is the id of a table if it equals the key of every record, and a reference if another table has a field of
    the same name. Where no record at all names one that is there, the name is taken to mean something else.
    """
    for side, schema in base.schemas.items():
        tables = {table.name: _records(base, side, table.name) for table in schema.tables if table.kind == "map"}
        ids: dict[str, list[str]] = {}
        for name, records in tables.items():
            own = [field for field in _fields(records) if all(record.get(field) == key for key, record in records)]
            for field in own:
                ids.setdefault(field, []).append(name)
            if not own:
                yield from _check_keys(name, records)
        for name, records in tables.items():
            for field, others in ids.items():
                if name not in others and field != "id":
                    yield from _check_reference(base, side, name, records, field, others)


def _records(base: Database, side: AgentID, table: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(key, base.record(side, table, key)) for key in list(base.keys(side, table))[:RECORDS]]
    return [(key, record) for key, record in found if record is not None]


def _fields(records: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [field for field, value in records[0][1].items() if isinstance(value, str)] if records else []


def _check_keys(table: str, records: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The first record whose id is another than its key, where the ids of others are theirs, but for the case."""
    for field in [field for field in _fields(records) if field == "id" or field.endswith("_id")][:1]:
        alike = [key for key, record in records if str(record.get(field)).casefold() == key.casefold()]
        wrong = [(key, record[field]) for key, record in records if record.get(field) != key]
        if 2 * len(alike) > len(records) and wrong:
            yield say.KEY_DIFFERS.format(key=wrong[0][0], table=table, field=field, value=wrong[0][1])


def _check_reference(
    base: Database,
    side: AgentID,
    table: str,
    records: list[tuple[str, Mapping[str, Any]]],
    field: str,
    others: list[str],
) -> Iterator[str]:
    """The first record that names one that there is not, where most name one that there is."""
    named = [(key, record[field]) for key, record in records if isinstance(record.get(field), str) and record[field]]
    broken = [(key, value) for key, value in named if all(base.record(side, other, value) is None for other in others)]
    if broken and 2 * len(broken) < len(named):
        key, value = broken[0]
        yield say.REFERENCE_BROKEN.format(key=key, table=table, field=field, value=value, other=others[0])
