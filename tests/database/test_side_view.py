"""What the tools of one side see of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from small_world import NEW, start

from toolgym.database import Database, SideView
from toolgym.errors import UnknownNameError

VIEW_CALLS: dict[str, Callable[[SideView, str], object]] = {
    "get": lambda view, table: view.get(table, "i1"),
    "edit": lambda view, table: view.edit(table, "i1"),
    "put": lambda view, table: view.put(table, "i1", {}),
    "delete": lambda view, table: view.delete(table, "i1"),
    "keys": lambda view, table: view.keys(table),
    "records": lambda view, table: view.records(table),
    "count": lambda view, table: view.count(table),
    "find": lambda view, table: view.find(table, "tag", "red"),
    "aggregate": lambda view, table: view.aggregate(table, list),
}


@pytest.mark.parametrize("method", VIEW_CALLS)
@pytest.mark.parametrize(
    ("side", "table", "said"),
    [
        ("assistant", "alarms", "'ShopDB' object has no attribute 'alarms'"),
        ("user", "log", "'PhoneDB' object has no attribute 'log'"),
        ("user", "Items", "'PhoneDB' object has no attribute 'Items'"),
    ],
)
def test_a_table_of_no_such_name_is_taus_attribute_error(
    base: Database, side: Any, table: str, said: str, method: str
) -> None:
    with pytest.raises(AttributeError, match=f"^{said}$"):
        VIEW_CALLS[method](SideView(start(base), side), table)


def test_every_public_method_of_a_view_checks_its_table() -> None:
    assert {name for name in dir(SideView) if not name.startswith("_")} == set(VIEW_CALLS)


def test_a_view_reads_and_writes_its_own_side(base: Database) -> None:
    session = start(base)
    view = SideView(session, "user")
    view.put("items", "new", NEW)
    view.edit("items", "i3")["name"] = "mine"
    view.delete("alarms", "l1")
    session.commit()

    assert view.keys("items") == ["i3", "new"]
    assert [record["name"] for record in view.records("items")] == ["mine", "new"]
    assert view.find("items", "tag", "red") == ["i3", "new"]
    assert (view.count("items"), view.count("alarms")) == (2, 0)
    assert view.aggregate("items", lambda records: len(list(records))) == 2
    assert {side for side, _, _ in session.diff()} == {"user"}
    assert session.digest("assistant") == start(base).digest("assistant")


def test_an_index_that_there_is_not_is_told_with_those_that_there_are(base: Database) -> None:
    with pytest.raises(UnknownNameError, match=r"No index of the table 'items' named 'tags'. Did you mean 'tag'\?"):
        SideView(start(base), "assistant").find("items", "tags", "red")
