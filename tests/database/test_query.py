"""Read-only SQL: the episode's state and nothing else, one SELECT at a time."""

from __future__ import annotations

import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from small_world import LONE, TABLES, build, changed, plain, start

from toolgym.database import Database, Schema, Table
from toolgym.errors import QueryError

# What it sees


def test_a_query_sees_the_base(base: Database) -> None:
    session = start(base)
    assert session.query("SELECT _key, name, amount FROM items ORDER BY _position") == [
        ("i3", "lamp", 3),
        ("i1", "desk", 1),
        ("", "empty key", 0),
        ("ü 😀", "ünïcode", 0),
    ]
    assert session.query("SELECT title, _key FROM settings") == [("shop", "")]
    assert session.query("SELECT entry_id FROM log ORDER BY _position") == [("l2",), ("l1",), ("l3",)]
    assert session.query("SELECT count(*) FROM spare") == [(0,)]


def test_a_query_sees_what_the_episode_changed(base: Database) -> None:
    session = changed(base)
    rows = [("i1", 50), ("", 0), ("ü 😀", 0), ("new", 7)]
    assert session.query("SELECT _key, amount FROM items ORDER BY _position") == rows
    assert session.query("SELECT sum(amount) FROM items") == [(57,)]
    assert session.query("SELECT list(entry_id ORDER BY _position) FROM log") == [(["l2", "l1", "l3", "l9"],)]
    assert start(base).query("SELECT count(*) FROM items WHERE _key = 'new'") == [(0,)]


def test_a_query_sees_an_open_call_and_not_one_rolled_back(base: Database) -> None:
    session = changed(base)
    session.begin()
    session.edit("assistant", "items", "new")["amount"] = 8
    session.delete("assistant", "items", "i1")
    assert session.query("SELECT _key, amount FROM items WHERE amount > 5") == [("new", 8)]
    session.rollback()
    assert session.query("SELECT amount FROM items WHERE amount > 5 ORDER BY amount") == [(7,), (50,)]


def test_a_query_sees_the_initial_layer(base: Database) -> None:
    fork = changed(base).fork()
    assert fork.query("SELECT _key FROM items ORDER BY _position") == [("i1",), ("",), ("ü 😀",), ("new",)]


def test_a_query_sees_only_its_own_side(base: Database) -> None:
    session = changed(base)
    assert session.query("SELECT name FROM items", side="user") == [("the user's lamp",)]
    for side, table in (("user", "log"), ("assistant", "alarms")):
        with pytest.raises(QueryError, match=f"no table '{table}'"):
            session.query(f"SELECT * FROM {table}", side=side)  # type: ignore[arg-type]  # any text


def test_every_record_is_there_whole(base: Database) -> None:
    session = changed(base)
    for side, table in TABLES:
        rows = session.query(f"SELECT _key, _record FROM {table} ORDER BY _position", side=side)
        assert [(key, plain(session.get(side, table, key))) for key in session.keys(side, table)] == [
            (key, json.loads(text)) for key, text in rows
        ]


WRITES = st.lists(
    st.tuples(st.sampled_from(["i3", "i1", "", "a", "b"]), st.none() | st.integers(-9, 9), st.booleans()), max_size=6
)


@given(before=WRITES, after=WRITES)
@settings(max_examples=25)
def test_a_query_agrees_with_the_session_after_any_writes(before: Any, after: Any) -> None:
    session = start(_BASE)
    for writes in (before, after):
        session = session.fork()
        for key, amount, committed in writes:
            session.begin()
            if amount is not None:
                session.put("assistant", "items", key, {"name": key, "amount": amount})
            elif session.get("assistant", "items", key) is not None:
                session.delete("assistant", "items", key)
            if committed:
                session.commit()
            else:
                session.rollback()
    expected = [
        (key, record["name"], record["amount"])
        for key in session.keys("assistant", "items")
        if (record := session.get("assistant", "items", key)) is not None
    ]
    assert session.query("SELECT _key, name, amount FROM items ORDER BY _position") == expected


# Columns


def test_a_column_has_the_type_of_its_field(base: Database) -> None:
    columns = ("name", "amount", "price", "sold", "state", "note", "tags", "extra", "_key", "_position", "_record")
    types = ", ".join(f"typeof({column})" for column in columns)
    texts = (
        "VARCHAR",
        "BIGINT",
        "DOUBLE",
        "BOOLEAN",
        "VARCHAR",
        "VARCHAR",
        "JSON",
        "JSON",
        "VARCHAR",
        "BIGINT",
        "JSON",
    )
    for session in (start(base), changed(base)):
        assert set(session.query(f"SELECT {types} FROM items")) == {texts}


def test_a_column_has_the_value_of_its_field(base: Database) -> None:
    session = changed(base)
    row = session.query("SELECT * EXCLUDE (_record) FROM items WHERE name = 'new'")
    assert row == [("new", 7, 2.5, True, None, None, '["red"]', '{"deep":[1]}', "new", 4)]
    assert session.query("SELECT extra->'deep'->>0, tags->>0 FROM items WHERE sold AND _key = 'new'") == [("1", "red")]
    assert session.query("SELECT note FROM items WHERE note IS NOT NULL") == [("a note",)]
    assert session.query("SELECT limits->>'z' FROM settings") == [("1",)]


@pytest.mark.parametrize(
    ("field", "value", "seen"),
    [
        ("amount", 2**63, None),
        ("amount", "many", None),
        ("amount", "12", None),
        ("amount", 1.5, None),
        ("amount", [1], None),
        ("price", 3, 3.0),
        ("price", 10**30, 1e30),
        ("price", "9.5", None),
        ("price", float("inf"), math.inf),
        ("sold", "yes", None),
        ("sold", "true", None),
    ],
)
def test_a_value_of_another_type_than_its_number_column_is_null(
    base: Database, field: str, value: Any, seen: Any
) -> None:
    session = start(base)
    session.put("assistant", "spare", "odd", {"name": "odd", field: value})
    assert session.query(f"SELECT {field} FROM spare") == [(seen,)]


def test_not_a_number_is_not_a_number(base: Database) -> None:
    session = start(base)
    session.put("assistant", "spare", "odd", {"name": "odd", "price": float("nan")})
    assert session.query("SELECT isnan(price) FROM spare") == [(True,)]


class Awkward(BaseModel):
    """Fields of the names that the database itself uses."""

    key: str
    position: int
    record: str
    order: Literal[1, 2] = 1
    maybe: float | None = None
    either: int | str = 0


@pytest.mark.parametrize("put", [False, True], ids=["base", "changed"])
def test_fields_and_tables_may_have_any_name(put: bool) -> None:
    schemas: Any = {"assistant": Schema("DB", (Table("order", Awkward), Table("changed", Awkward, "single")))}
    record = Awkward(key="k", position=5, record="r", either="e").model_dump()
    data: Any = {"assistant": {"order": {"a": record}, "changed": record}}
    session = start(Database.build(schemas, {} if put else data))
    if put:
        session.put("assistant", "order", "a", record)
        session.put("assistant", "changed", "", record)
    for table in ("order", "changed"):
        columns = 'key, position, record, "order", maybe, either, _key'
        key = "a" if table == "order" else ""
        assert session.query(f'SELECT {columns} FROM "{table}"') == [("k", 5, "r", 1, None, '"e"', key)]
    types = 'typeof("order"), typeof(maybe), typeof(either)'
    assert session.query(f'SELECT {types} FROM "order"') == [("BIGINT", "DOUBLE", "JSON")]


# Parameters


def test_parameters_are_bound_and_never_pasted(base: Database) -> None:
    session = changed(base)
    for evil in ("x' OR '1'='1", "'; DROP TABLE items; --", "ü 😀' --"):
        assert session.query("SELECT name FROM items WHERE _key = ?", [evil]) == []
        assert session.query("SELECT name FROM items WHERE _key = $key", {"key": evil}) == []
        assert session.query("SELECT ?", (evil,)) == [(evil,)]
    assert session.query("SELECT name FROM items WHERE amount BETWEEN ? AND ?", [6, 8]) == [("new",)]
    assert session.query("SELECT name FROM items WHERE _key = $key", {"key": "ü 😀"}) == [("ünïcode",)]


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT ?", None),
        ("SELECT ?", [1, 2]),
        ("SELECT $a", {"b": 1}),
        ("SELECT ?", [LONE]),
        ("SELECT ?", [object()]),
        (f"SELECT '{LONE}'", None),
    ],
    ids=["too few", "too many", "another name", "lone surrogate", "object", "lone surrogate in the SQL"],
)
def test_parameters_that_do_not_fit_are_a_query_error(base: Database, sql: str, parameters: Any) -> None:
    with pytest.raises(QueryError):
        start(base).query(sql, parameters)


# Side by side


def test_queries_from_several_threads_each_see_their_own_episode(base: Database) -> None:
    together = threading.Barrier(6)

    def ask(number: int) -> list[Any]:
        session = start(base)
        session.put("assistant", "items", "mine", {"name": f"mine {number}", "amount": number})
        together.wait(30)
        sql = "SELECT list(name), sum(amount) FROM items WHERE _key IN ('mine', 'i1')"
        return [session.query(sql) for _ in range(4)]

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6), timeout=60))
    for number, answer in enumerate(answers):
        assert [(sorted(names), total) for ((names, total),) in answer] == [
            (["desk", f"mine {number}"], number + 1)
        ] * 4


def test_one_query_leaves_nothing_to_the_next(base: Database) -> None:
    one, other = changed(base), start(base)
    for _ in range(2):
        assert one.query("SELECT count(*) FROM items WHERE _key = 'new'") == [(1,)]
        assert other.query("SELECT count(*) FROM items WHERE _key = 'new'") == [(0,)]
        assert one.query("SELECT count(*) FROM items WHERE _key = 'i3'") == [(0,)]


_BASE = build()
