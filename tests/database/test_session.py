"""An episode's session: calls, changes, keys of every sort, layers, and what one side's tools see."""

from __future__ import annotations

import hashlib
import json
from collections import ChainMap
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any

import pytest
from small_world import LONE, NEW, SCHEMAS, build, start, without_orders

from toolgym.database import Database, Layer, Record, Session, SideView
from toolgym.database.session import ORDER


def call(session: Session, *writes: Callable[[Session], object]) -> bool:
    """One call that writes; whether it changed anything."""
    session.begin()
    for write in writes:
        write(session)
    return session.commit()


# Calls


def test_reads_in_a_call_see_what_the_call_has_written(base: Database) -> None:
    session = start(base)
    session.begin()
    assert not session.dirty
    session.put("assistant", "items", "new", NEW)
    session.edit("assistant", "items", "i1")["tags"].clear()
    session.delete("assistant", "items", "i3")

    assert session.dirty
    assert session.get("assistant", "items", "new") == NEW
    assert session.find("assistant", "items", "tag", "red") == ["ü 😀", "new"]
    assert session.keys("assistant", "items") == ["i1", "", "ü 😀", "new"]
    assert session.diff() == {}


def test_a_call_rolled_back_leaves_nothing(base: Database) -> None:
    session = start(base)
    call(session, lambda now: now.put("assistant", "items", "new", NEW))
    before = (session.diff(), session.fingerprint, session.keys("assistant", "items"), session.digest("assistant"))
    session.begin()
    session.delete("assistant", "items", "new")
    session.put("assistant", "items", "newer", NEW)
    session.edit("assistant", "items", "i1")["amount"] = 8
    session.rollback()

    assert not session.dirty
    assert before == (
        session.diff(),
        session.fingerprint,
        session.keys("assistant", "items"),
        session.digest("assistant"),
    )


def test_a_call_cannot_begin_while_another_has_written(base: Database) -> None:
    session = start(base)
    session.begin()
    session.put("assistant", "items", "new", NEW)
    with pytest.raises(RuntimeError, match="commit or roll it back"):
        session.begin()
    session.rollback()
    session.begin()


def test_a_call_that_only_reads_changes_nothing(base: Database) -> None:
    session = start(base)
    assert not call(session, lambda now: now.get("assistant", "items", "i1"))
    assert not call(session, lambda now: now.edit("assistant", "items", "i1"))
    assert session.diff() == {}
    assert session.fingerprint is None


def test_a_change_taken_back_is_no_change(base: Database) -> None:
    session = start(base)
    assert call(session, lambda now: now.edit("assistant", "items", "i1").update(amount=5))
    assert not call(session, lambda now: now.edit("assistant", "items", "i1").update(amount=5))
    assert call(session, lambda now: now.edit("assistant", "items", "i1").update(amount=1))
    assert session.diff() == {}
    assert session.fingerprint is None


def test_a_call_that_cannot_be_written_down_leaves_nothing(base: Database) -> None:
    """A record without a canonical form fails the whole call, what the call wrote before it included."""
    session = start(base)
    session.begin()
    session.put("assistant", "items", "fine", NEW)
    session.put("assistant", "items", "not fine", {"extra": {1: "keys of", "two": "types"}})
    with pytest.raises(TypeError):
        session.commit()
    session.rollback()

    assert session.get("assistant", "items", "fine") is None
    assert session.keys("assistant", "items") == start(base).keys("assistant", "items")
    assert session.diff() == {}
    assert session.digest("assistant") == start(base).digest("assistant")


# Records


def test_a_record_to_edit_is_the_same_one_throughout_a_call(base: Database) -> None:
    session = start(base)
    record = session.edit("assistant", "items", "i1")
    record["tags"].append("green")
    assert session.edit("assistant", "items", "i1") is record
    assert session.get("assistant", "items", "i1") is record
    assert start(base).get("assistant", "items", "i1")["tags"] == ["blue", "red"]  # type: ignore[index]  # it is there


def test_a_record_kept_after_its_call_changes_nothing(base: Database) -> None:
    session = start(base)
    session.begin()
    kept = [session.edit("assistant", "items", "i1"), session.put("assistant", "items", "new", NEW)]
    session.commit()
    before = session.digest("assistant")
    for record in kept:
        record["tags"].append("late")
        record["amount"] = 99

    assert session.digest("assistant") == before
    assert session.get("assistant", "items", "new") == NEW


def test_a_session_shares_nothing_with_what_is_put(base: Database) -> None:
    mine: Record = {"name": "mine", "tags": [], "extra": {"deep": []}}
    session = start(base)
    session.begin()
    stored = session.put("assistant", "items", "new", mine)
    mine["extra"]["deep"].append("later")
    stored["tags"].append("through the returned copy")
    session.commit()
    assert session.get("assistant", "items", "new") == {
        "name": "mine",
        "tags": ["through the returned copy"],
        "extra": {"deep": []},
    }
    assert mine["tags"] == []


def test_any_mapping_can_be_put(base: Database) -> None:
    session = start(base)
    mine = {"name": "mine", "extra": {"deep": [1]}}
    for key, mapping in (("proxy", MappingProxyType(mine)), ("chain", ChainMap(mine))):
        session.put("assistant", "items", key, mapping)["extra"]["deep"].append(2)
    session.commit()
    for key in ("proxy", "chain"):
        assert session.get("assistant", "items", key) == {"name": "mine", "extra": {"deep": [1, 2]}}
        assert session.diff()["assistant", "items", key] == '{"extra": {"deep": [1, 2]}, "name": "mine"}'
    assert mine == {"name": "mine", "extra": {"deep": [1]}}


def test_a_record_read_after_its_call_is_frozen(base: Database) -> None:
    session = start(base)
    call(session, lambda now: now.put("assistant", "items", "new", NEW))
    record: Any = session.get("assistant", "items", "new")
    for change in (lambda: record.update(name="x"), lambda: record["extra"]["deep"].append(1)):
        with pytest.raises(TypeError, match="cannot be changed"):
            change()


@pytest.mark.parametrize("write", ["edit", "delete"])
def test_a_record_that_is_not_there_is_a_lookup_error(base: Database, write: str) -> None:
    session = start(base)
    call(session, lambda now: now.delete("assistant", "items", "i1"))
    for key in ("i1", "nowhere"):
        with pytest.raises(LookupError, match=rf"ShopDB\.items has no '{key}'"):
            getattr(session, write)("assistant", "items", key)
    assert not session.dirty


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), LONE, {LONE: [LONE]}, 2**64, -(10**40), 5e-324, "\0", "ü\u2028"],
    ids=lambda value: ascii(value)[:20],
)
def test_a_value_that_strict_encoders_refuse_survives(base: Database, value: Any) -> None:
    session = start(base)
    assert call(session, lambda now: now.put("assistant", "items", "new", {"name": "n", "extra": value}))
    text = json.dumps({"extra": value, "name": "n"})

    assert session.diff() == {("assistant", "items", "new"): text}
    assert not call(session, lambda now: now.edit("assistant", "items", "new").update(extra=value))
    whole = {
        table: {key: session.get("assistant", table, key) for key in session.keys("assistant", table)}
        for table in ("items", "spare")
    }
    lists = {
        "log": list(session.records("assistant", "log")),
        "settings": session.get("assistant", "settings", ""),
    }
    dumped = json.dumps({**whole, **lists}, sort_keys=True, default=str)
    assert session.digest("assistant") == hashlib.sha256(dumped.encode()).hexdigest()
    again = session.fork().get("assistant", "items", "new")
    assert json.dumps(again, sort_keys=True) == text


# Keys


@pytest.mark.parametrize("key", [3, None, 1.5, ("i3",), LONE, "", "x\0", "i3'; --"], ids=repr)
def test_any_hashable_key_works_alike_over_every_source(base: Database, key: Any) -> None:
    for session in (start(base), start(build())):
        assert session.get("assistant", "spare", key) is None
        with pytest.raises(LookupError):
            session.edit("assistant", "spare", key)
        with pytest.raises(LookupError):
            session.delete("assistant", "spare", key)
        assert session.find("assistant", "spare", "tag", key) == []

        assert call(session, lambda now: now.put("assistant", "spare", key, NEW))
        assert session.get("assistant", "spare", key) == NEW
        assert session.keys("assistant", "spare") == [key]
        assert session.count("assistant", "spare") == 1
        assert session.find("assistant", "spare", "tag", "red") == [key]
        assert session.diff() == {("assistant", "spare", key): json.dumps(NEW, sort_keys=True)}

        assert call(session, lambda now: now.delete("assistant", "spare", key))
        assert session.count("assistant", "spare") == 0
        assert session.diff() == {}


@pytest.mark.parametrize("key", [[], ["i3"], {}], ids=repr)
def test_an_unhashable_key_is_a_type_error_and_changes_nothing(base: Database, key: Any) -> None:
    session = start(base)
    view = SideView(session, "assistant")
    for read in (view.get, view.edit, view.delete, lambda table, at: view.put(table, at, NEW)):
        with pytest.raises(TypeError, match="unhashable"):
            read("items", key)
    assert not session.dirty
    assert session.keys("assistant", "items") == list(base.keys("assistant", "items"))


# Order


def test_a_list_reports_the_order_of_its_new_keys_and_a_map_does_not(base: Database) -> None:
    entries = {key: {"entry_id": key, "kind": "in"} for key in ("n1", "n2")}
    diffs = []
    for order in (("n1", "n2"), ("n2", "n1")):
        session = start(base)
        for key in order:
            session.put("assistant", "log", key, entries[key])
            session.put("assistant", "items", key, entries[key])
        session.commit()
        assert session.keys("assistant", "log") == ["l2", "l1", "l3", *order]
        records, orders = without_orders(session.diff())
        assert orders == {("assistant", "log"): list(order)}
        assert [key for _, _, key in records] == [key for key in order for _ in ("log", "items")]
        diffs.append(records)
    assert diffs[0] == diffs[1]


def test_the_last_of_a_list_taken_out_and_put_back_is_no_change(base: Database) -> None:
    session = start(base)
    last = session.get("assistant", "log", "l3") or {}
    call(session, lambda now: now.delete("assistant", "log", "l3"))
    call(session, lambda now: now.put("assistant", "log", "l3", last))
    assert session.digest("assistant") == start(base).digest("assistant")
    assert session.diff() == {}
    assert session.fingerprint is None


def test_a_record_under_the_name_of_the_order_is_in_the_diff_too(base: Database) -> None:
    sessions = []
    for kind in ("in", "out"):
        session = start(base)
        session.put("assistant", "log", ORDER, {"entry_id": ORDER, "kind": kind})
        session.commit()
        sessions.append(session)
    assert sessions[0].digest("assistant") != sessions[1].digest("assistant")
    assert sessions[0].diff() != sessions[1].diff()


def test_a_deleted_record_is_none_in_the_diff_and_an_old_one_keeps_its_place(base: Database) -> None:
    session = start(base)
    call(session, lambda now: now.put("assistant", "log", "l2", {"entry_id": "l2", "kind": "loud"}))
    call(session, lambda now: now.delete("assistant", "log", "l1"))
    assert session.keys("assistant", "log") == ["l2", "l3"]
    records, _ = without_orders(session.diff())
    assert records == {
        ("assistant", "log", "l1"): None,
        ("assistant", "log", "l2"): '{"entry_id": "l2", "kind": "loud"}',
    }


# Layers and forks


def test_episodes_over_one_base_do_not_see_each_other(base: Database) -> None:
    one, other = start(base), start(base)
    call(one, lambda now: now.put("assistant", "items", "i1", NEW))
    one.edit("assistant", "items", "i3")["tags"].append("open")
    assert other.find("assistant", "items", "tag", "red") == ["i3", "i1", "ü 😀"]
    assert other.get("assistant", "items", "i1") == base.record("assistant", "items", "i1")
    assert other.diff() == {}


def test_a_fork_goes_its_own_way(base: Database) -> None:
    session = start(base)
    call(session, lambda now: now.put("assistant", "log", "n1", {"entry_id": "n1"}))
    fork = session.fork()
    assert fork.diff() == {}
    call(fork, lambda now: now.put("assistant", "log", "n2", {"entry_id": "n2"}))
    call(session, lambda now: now.delete("assistant", "log", "n1"))

    assert session.keys("assistant", "log") == ["l2", "l1", "l3"]
    assert fork.keys("assistant", "log") == ["l2", "l1", "l3", "n1", "n2"]
    assert fork.get("assistant", "log", "n1") == {"entry_id": "n1"}


def test_a_fork_has_nothing_of_an_open_call(base: Database) -> None:
    session = start(base)
    call(session, lambda now: now.put("assistant", "items", "new", NEW))
    session.begin()
    session.put("assistant", "items", "open", NEW)
    session.delete("assistant", "items", "new")
    fork = session.fork()
    assert fork.keys("assistant", "items") == [*base.keys("assistant", "items"), "new"]
    assert fork.count("assistant", "items") == base.count("assistant", "items") + 1


def test_a_layer_can_point_both_sides_at_one_database(base: Database) -> None:
    layer = Layer(sides={"assistant": "assistant", "user": "assistant"})
    session = Session(base, layer)
    view = SideView(session, "user")
    assert view.get("items", "i3") == base.record("assistant", "items", "i3")
    assert session.digest("user") == session.digest("assistant") == start(base).digest("assistant")
    assert session.query("SELECT name FROM items WHERE _key = 'i3'", side="user") == [("lamp",)]
    with pytest.raises(AttributeError, match=r"^'ShopDB' object has no attribute 'alarms'$"):
        view.keys("alarms")
    view.put("spare", "new", NEW)
    session.commit()
    assert list(session.diff()) == [("assistant", "spare", "new")]
    assert session.fork().initial.sides == layer.sides


def test_a_side_that_the_domain_has_not_has_no_digest() -> None:
    alone = Database.build({"assistant": SCHEMAS["assistant"]}, {})
    assert start(alone).digest("user") is None
    assert start(alone).digest("assistant") is not None


def test_an_aggregate_is_computed_again_only_where_the_table_was_touched(base: Database) -> None:
    calls = []

    def names(records: Iterable[Record]) -> list[str]:
        calls.append(1)
        return [record["name"] for record in records]

    for _ in range(2):
        first = start(base).aggregate("assistant", "items", names)
    assert (first, len(calls)) == (["lamp", "desk", "empty key", "ünïcode"], 1)
    session = start(base)
    call(session, lambda now: now.put("user", "items", "new", NEW))
    assert (session.aggregate("assistant", "items", names), len(calls)) == (first, 1)
    call(session, lambda now: now.put("assistant", "items", "new", NEW))
    assert (session.aggregate("assistant", "items", names), len(calls)) == ([*first, "new"], 2)
    assert (start(base).aggregate("assistant", "items", names), len(calls)) == (first, 2)
