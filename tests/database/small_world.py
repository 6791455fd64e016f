"""A world of two sides with tables of all three kinds, and what the tests of the database share."""

from __future__ import annotations

import json
import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from hypothesis import strategies as st
from pydantic import BaseModel

from toolgym.database import Database, Layer, Record, Rows, Schema, Session, Table
from toolgym.database.session import ORDER
from toolgym.messages import AgentID

LONE = "\udc00"
"""Half of a surrogate pair: text in Python and in JSON, in no encoding and no file."""


class Item(BaseModel):
    """A record with a field of every type that a column can have."""

    name: str
    amount: int = 0
    price: float = 0.0
    sold: bool = False
    state: Literal["new", "old"] = "new"
    note: str | None = None
    tags: list[str] = []
    extra: Any = None


class Entry(BaseModel):
    """A line of a list."""

    entry_id: str
    kind: str = "in"


class Settings(BaseModel):
    """The one record of its table."""

    title: str = "settings"
    limits: dict[str, int] = {}


def tags_of(record: Record) -> Iterable[str]:
    """What the index ``tag`` lists an item under."""
    return list(record.get("tags", ()))


def name_of(record: Record) -> Iterable[str]:
    """What the index ``name`` lists an item under."""
    return [record["name"]] if "name" in record else []


def kind_of(record: Record) -> Iterable[str]:
    """What the index ``kind`` lists an entry under."""
    return [record["kind"]] if "kind" in record else []


SCHEMAS: dict[AgentID, Schema] = {
    "assistant": Schema(
        "ShopDB",
        (
            Table("settings", Settings, "single"),
            Table("items", Item, indexes={"tag": tags_of, "name": name_of}),
            Table("log", Entry, "list", "entry_id", {"kind": kind_of}),
            Table("spare", Item, indexes={"tag": tags_of}),
        ),
    ),
    "user": Schema(
        "PhoneDB",
        (
            Table("items", Item, indexes={"tag": tags_of}),
            Table("alarms", Entry, "list", "entry_id", {"kind": kind_of}),
        ),
    ),
}
TABLES: tuple[tuple[AgentID, str], ...] = tuple(
    (side, table.name) for side, schema in SCHEMAS.items() for table in schema.tables
)
NEW: Record = {"name": "new", "amount": 7, "price": 2.5, "sold": True, "tags": ["red"], "extra": {"deep": [1]}}
"""A record to put."""
SOURCES = ("resident", "lazy", "lazy, one record cached")


def rows() -> dict[AgentID, dict[str, Any]]:
    """The world as plain data, new each time."""
    return {
        "assistant": {
            "settings": {"title": "shop", "limits": {"z": 1, "a": 2}},
            "items": {
                "i3": {"name": "lamp", "amount": 3, "price": 9.5, "tags": ["red"]},
                "i1": {"name": "desk", "amount": 1, "sold": True, "state": "old", "tags": ["blue", "red"]},
                "": {"name": "empty key", "note": "a note", "extra": {"deep": [1, {"er": None}]}},
                "ü 😀": {"name": "ünïcode", "tags": ["😀", "red"], "extra": 10**30},
            },
            "log": [
                {"entry_id": "l2", "kind": "in"},
                {"entry_id": "l1", "kind": "out"},
                {"entry_id": "l3", "kind": "in"},
            ],
        },
        "user": {
            "items": {"i3": {"name": "the user's lamp", "tags": ["red"]}},
            "alarms": [{"entry_id": "l1", "kind": "loud"}],
        },
    }


def build(data: Rows | None = None) -> Database:
    """A resident world."""
    return Database.build(SCHEMAS, rows() if data is None else data)


def opened(path: Path, source: str) -> Database:
    """A world file, opened in one of the ways named in SOURCES."""
    if source == "resident":
        return Database.open(path, SCHEMAS)
    return Database.open(path, SCHEMAS, lazy=True, cache=1 if source.endswith("cached") else 4096)


def start(base: Database) -> Session:
    """An episode without an initial layer."""
    return Session(base, Layer())


def changed(base: Database) -> Session:
    """An episode that has changed, added and deleted."""
    session = start(base)
    session.put("assistant", "items", "new", NEW)
    session.edit("assistant", "items", "i1")["amount"] = 50
    session.delete("assistant", "items", "i3")
    session.put("assistant", "log", "l9", {"entry_id": "l9", "kind": "in"})
    session.commit()
    return session


def without_orders(diff: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[tuple[str, str], list[str]]]:
    """A diff's records, and apart from them what it says of the order of lists, by side and table."""
    records = dict(diff)
    orders = {(side, table): records.pop((side, table + ORDER, ""), None) for side, table in TABLES}
    return records, {place: json.loads(text) for place, text in orders.items() if text is not None}


def plain(text: Any) -> Any:
    """What a record is as plain JSON data, for comparison."""
    return json.loads(json.dumps(text))


def contents(base: Database) -> list[tuple[str, str, str, str | None]]:
    """Every record of a world: side, table, key and JSON text."""
    return [(side, table, key, base.raw(side, table, key)) for side, table in TABLES for key in base.keys(side, table)]


_LETTERS = st.sampled_from(["a", "B", "7", " ", '"', "\\", "\n", "\0", "ü", "\u2028", "😀", LONE])
TEXTS = st.text(_LETTERS, max_size=5)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([2**63, -(2**64), 10**30]), st.floats(), TEXTS
)
JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
"""Any JSON value, those included that strict encoders refuse: NaN, lone surrogates, integers of over 64 bits."""


def _tell(connection: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        connection.send((True, function(*arguments)))
    except BaseException as error:
        connection.send((False, repr(error)))
        raise


def in_another_process(method: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a process started by ``fork`` or ``spawn``."""
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, function, arguments))
    with warnings.catch_warnings():
        # From 3.12 on, a fork beside NumPy's threads warns; forking is what is under test.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    try:
        assert here.poll(60), f"the process started by {method} gave no answer"
        fine, answer = here.recv()
        assert fine, answer
        return answer
    finally:
        process.kill()
        process.join()
