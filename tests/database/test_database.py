"""A world: what makes one, what it answers from each source, and its digest."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from small_world import JSON, LONE, SCHEMAS, TABLES, build, contents, opened, plain, rows

from toolgym.database import Database, Record, Schema, Table
from toolgym.database.records import FrozenDict, FrozenList
from toolgym.errors import WorldError

# Building


def test_a_built_world_holds_the_rows_completed_by_their_models() -> None:
    base = build({"assistant": {"items": {"a": {"name": "lamp", "amount": "3", "unknown": 1}}}})
    completed = {"name": "lamp", "amount": 3, "price": 0.0, "sold": False, "state": "new", "note": None, "tags": []}
    completed["extra"] = None
    assert base.record("assistant", "items", "a") == completed
    assert base.raw("assistant", "items", "a") == json.dumps(completed)


def test_a_table_without_rows_is_empty(base: Database) -> None:
    for empty in (base, build({}), build({"assistant": {"items": None, "log": [], "settings": None}})):
        assert list(empty.keys("assistant", "spare")) == []
        assert empty.count("assistant", "spare") == 0
        assert empty.record("assistant", "spare", "a") is None
        assert list(empty.records("assistant", "spare")) == []
        assert list(empty.find("assistant", "spare", "tag", "red")) == []
        assert empty.fragments("assistant", "spare") == {}
    assert list(build({"assistant": {"settings": None}}).keys("assistant", "settings")) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"robot": {}}, "'robot'"),
        ({"assistant": {"itms": {}}}, "ShopDB has no table 'itms'.*'items'"),
        ({"user": {"settings": {}}}, "PhoneDB has no table 'settings'"),
        ({"assistant": {"items": {"a": {"amount": 1}}}}, r"ShopDB\.items\['a'\].*(?s:.)name"),
        ({"assistant": {"items": {"a": {"name": "x", "amount": "many"}}}}, r"ShopDB\.items\['a'\]"),
        ({"assistant": {"items": {"a": None}}}, r"ShopDB\.items\['a'\]"),
        ({"assistant": {"settings": {"limits": 3}}}, r"ShopDB\.settings"),
        ({"assistant": {"log": [{"entry_id": "l1"}, {"entry_id": "l1"}]}}, r"ShopDB\.log.*'l1' twice"),
    ],
)
def test_rows_that_do_not_fit_are_an_error_that_names_the_place(data: Any, said: str) -> None:
    with pytest.raises(WorldError, match=said):
        build(data)


@pytest.mark.parametrize(
    ("table", "data"),
    [
        ("log", [{"kind": "in"}]),
        ("log", {"l1": {"entry_id": "l1"}}),
        ("log", ["l1"]),
        ("items", [{"name": "lamp"}]),
        ("items", "lamp"),
    ],
    ids=["no key", "map for list", "text in list", "list for map", "text for map"],
)
def test_a_table_of_another_shape_is_a_world_error(table: str, data: Any) -> None:
    with pytest.raises(WorldError, match=f"ShopDB.{table}"):
        build({"assistant": {table: data}})


@pytest.mark.parametrize("key", [1, None, LONE, ("a", "b")], ids=["int", "None", "lone surrogate", "tuple"])
def test_a_key_that_no_file_can_hold_is_a_world_error(key: Any, tmp_path: Path) -> None:
    with pytest.raises(WorldError):
        build({"assistant": {"items": {key: {"name": "lamp"}}}}).save(tmp_path / "world.duckdb")


class Loose(BaseModel):
    """A record that can hold anything."""

    value: Any


@pytest.mark.parametrize("value", [None, 3, LONE], ids=["None", "int", "lone surrogate"])
def test_an_index_value_that_no_file_can_hold_is_a_world_error(value: Any, tmp_path: Path) -> None:
    """A file would lose it, and the world would answer otherwise once it was opened."""
    table = Table("things", Loose, indexes={"value": lambda record: [record["value"]]})
    with pytest.raises(WorldError, match="value"):
        Database.build({"assistant": Schema("DB", (table,))}, {"assistant": {"things": {"a": {"value": value}}}}).save(
            tmp_path / "world.duckdb"
        )


# Reading


def test_keys_are_in_insertion_order(base: Database) -> None:
    assert list(base.keys("assistant", "items")) == ["i3", "i1", "", "ü 😀"]
    assert list(base.keys("assistant", "log")) == ["l2", "l1", "l3"]
    assert list(base.keys("assistant", "settings")) == [""]
    for side, table in TABLES:
        places = [base.position(side, table, key) for key in base.keys(side, table)]
        assert places == list(range(base.count(side, table)))


def test_every_source_answers_as_the_built_world_does(base: Database) -> None:
    built = build()
    assert base.world == built.world
    assert contents(base) == contents(built)
    for side, table in TABLES:
        assert base.fragments(side, table) == built.fragments(side, table)
        assert list(base.records(side, table)) == list(built.records(side, table))
        for key in built.keys(side, table):
            assert base.record(side, table, key) == built.record(side, table, key)
            assert base.canonical(side, table, key) == json.dumps(built.record(side, table, key), sort_keys=True)


def test_the_sides_have_tables_of_their_own(base: Database) -> None:
    assert base.record("assistant", "items", "i3") != base.record("user", "items", "i3")
    assert list(base.find("user", "items", "tag", "red")) == ["i3"]
    assert base.record("user", "items", "i1") is None


def test_an_index_lists_keys_in_insertion_order(base: Database) -> None:
    assert list(base.find("assistant", "items", "tag", "red")) == ["i3", "i1", "ü 😀"]
    assert list(base.find("assistant", "items", "tag", "😀")) == ["ü 😀"]
    assert list(base.find("assistant", "items", "tag", "Red")) == []
    assert list(base.find("assistant", "items", "name", "desk")) == ["i1"]
    assert list(base.find("assistant", "log", "kind", "in")) == ["l2", "l3"]


def test_an_index_lists_a_record_once_under_a_value_that_it_has_twice(source: str, tmp_path: Path) -> None:
    build({"assistant": {"items": {"a": {"name": "x", "tags": ["t", "t"]}}}}).save(tmp_path / "world.duckdb")
    base = opened(tmp_path / "world.duckdb", source)
    assert list(base.find("assistant", "items", "tag", "t")) == ["a"]


def test_an_unknown_index_is_a_key_error(base: Database) -> None:
    with pytest.raises(KeyError):
        base.find("assistant", "items", "colour", "red")


@pytest.mark.parametrize("key", [3, None, True, 1.5, b"i3", ("i3",), LONE, "i3\0", "I3", "i3 "], ids=repr)
def test_a_key_that_is_not_there_finds_nothing(base: Database, key: Any) -> None:
    assert base.record("assistant", "items", key) is None
    assert base.raw("assistant", "items", key) is None
    assert base.canonical("assistant", "items", key) is None
    assert list(base.find("assistant", "items", "tag", key)) == []


@pytest.mark.parametrize("key", [[], ["i3"], {}, {"i3"}], ids=repr)
def test_a_key_that_cannot_be_hashed_is_a_type_error(base: Database, key: Any) -> None:
    for read in (base.record, base.raw, base.canonical):
        with pytest.raises(TypeError, match="unhashable"):
            read("assistant", "items", key)


@pytest.mark.parametrize("value", [[], {}], ids=repr)
def test_a_value_to_find_that_cannot_be_hashed_is_a_type_error(base: Database, value: Any) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        base.find("assistant", "items", "tag", value)


def test_a_record_is_decoded_once_frozen_and_shared(world_file: Path) -> None:
    for source in ("resident", "lazy"):
        base = opened(world_file, source)
        record = base.record("assistant", "items", "")
        assert record is base.record("assistant", "items", "")
        assert isinstance(record, FrozenDict)
        assert isinstance(record["extra"]["deep"], FrozenList)
        with pytest.raises(TypeError, match="shared by all episodes"):
            record["extra"]["deep"].append(2)


def test_a_copy_of_a_world_is_that_world(base: Database) -> None:
    assert copy.deepcopy({"base": base})["base"] is base


@pytest.mark.parametrize("cache", [0, -1])
def test_a_lazy_world_must_keep_at_least_one_record(world_file: Path, cache: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1, got {cache}"):
        Database.open(world_file, SCHEMAS, lazy=True, cache=cache)


def test_an_aggregate_is_computed_once_over_all_records_in_order(base: Database) -> None:
    calls = []

    def names(records: Iterable[Record]) -> list[str]:
        calls.append(1)
        return [record["name"] for record in records]

    for _ in range(2):
        assert base.aggregate("assistant", "items", names) == ["lamp", "desk", "empty key", "ünïcode"]
    assert base.aggregate("user", "items", names) == ["the user's lamp"]
    assert len(calls) == 2


# The digest


def test_two_builds_of_the_same_rows_have_the_same_digest() -> None:
    assert build().world == build().world == build(json.loads(json.dumps(rows()))).world


def test_the_digest_hashes_every_record_in_order() -> None:
    base = build({"user": {"items": {"a": {"name": "ü"}}, "alarms": [{"entry_id": "b"}]}})
    sha = hashlib.sha256()
    for side, table, key, text in contents(base):
        sha.update(json.dumps([side, table, key, text]).encode())
    assert base.world == sha.hexdigest()


def _reordered(data: dict[str, Any]) -> None:
    data["assistant"]["items"] = dict(reversed(data["assistant"]["items"].items()))


def _list_reordered(data: dict[str, Any]) -> None:
    data["assistant"]["log"].reverse()


def _field_changed(data: dict[str, Any]) -> None:
    data["assistant"]["items"]["i1"]["amount"] = 2


def _nested_order_changed(data: dict[str, Any]) -> None:
    data["assistant"]["settings"]["limits"] = {"a": 2, "z": 1}


def _key_renamed(data: dict[str, Any]) -> None:
    data["assistant"]["items"] = {key + "!": item for key, item in data["assistant"]["items"].items()}


def _moved_to_another_table(data: dict[str, Any]) -> None:
    data["assistant"]["spare"] = data["assistant"].pop("items")


def _moved_to_another_side(data: dict[str, Any]) -> None:
    data["assistant"]["spare"] = data["user"].pop("items")


@pytest.mark.parametrize(
    "change",
    [
        _reordered,
        _list_reordered,
        _field_changed,
        _nested_order_changed,
        _key_renamed,
        _moved_to_another_table,
        _moved_to_another_side,
    ],
)
def test_the_digest_tells_worlds_apart(change: Any) -> None:
    data: Any = rows()
    change(data)
    assert build(data).world != build().world


def _decode_all(base: Database) -> None:
    for side, table in TABLES:
        base.fragments(side, table)


def test_the_checksum_of_a_world_is_its_digest_read_or_unread(base: Database) -> None:
    assert base.checksum() == base.world
    _decode_all(base)
    assert base.checksum() == base.world


def _set_a_field(record: Record) -> None:
    dict.__setitem__(record, "amount", 7)


def _add_to_a_nested_list(record: Record) -> None:
    list.append(record["extra"]["deep"][1]["er"], 7)


def _reorder_fields(record: Record) -> None:
    dict.__setitem__(record, "name", dict.pop(record, "name"))


@pytest.mark.parametrize("corrupt", [_set_a_field, _add_to_a_nested_list, _reorder_fields])
def test_the_checksum_notices_a_record_that_was_changed_in_place(source: str, corrupt: Any, tmp_path: Path) -> None:
    data = rows()
    data["assistant"]["items"]["i1"]["extra"] = {"deep": [1, {"er": []}]}
    build(data).save(tmp_path / "world.duckdb")
    base = opened(tmp_path / "world.duckdb", source)
    record = base.record("assistant", "items", "i1")
    assert record is not None
    assert base.checksum() == base.world
    corrupt(record)
    assert base.checksum() != base.world


@given(extra=st.dictionaries(st.sampled_from(["a", "", "é", "😀", "x\0y", "'\"", "a" * 50]), JSON, min_size=1))
def test_any_world_gives_back_what_was_put_in(extra: dict[str, Any]) -> None:
    data: Any = {"user": {"items": {key: {"name": key, "extra": value} for key, value in extra.items()}}}
    base = build(data)
    assert base.checksum() == base.world == build(data).world
    assert list(base.keys("user", "items")) == list(extra)
    for key, value in extra.items():
        record = base.record("user", "items", key)
        assert record is not None
        assert json.dumps(plain(record["extra"])) == json.dumps(plain(value))
    assert base.checksum() == base.world
