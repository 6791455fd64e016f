"""Tool results as text, by the rules of tau2's serialisation."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from toolgym import make_domain
from toolgym.database import Database, Layer, Schema, Session, Table
from toolgym.tools.output import to_text


class Coin(BaseModel):
    """A record with a number of each kind."""

    name: str
    cents: int = 5
    weight: float
    gold: bool = False
    minted: str | None = None


SCHEMAS = {"assistant": Schema("PurseDB", (Table("coins", Coin),))}
ROWS: Any = {"assistant": {"coins": {"a": {"name": "é", "weight": 37}}}}
TEXT = '{"name": "\\u00e9", "cents": 5, "weight": 37.0, "gold": false, "minted": null}'


@pytest.fixture
def session() -> Session:
    """A session over one coin."""
    return Session(Database.build(SCHEMAS, ROWS), Layer())  # type: ignore[arg-type]  # a side's name is a Literal


@pytest.mark.parametrize("text", ["", "plain", '{"a": 1}', "é\n", "null"])
def test_text_is_passed_on_as_it_is(text: str) -> None:
    assert to_text(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, '"5"'),
        (2.5, '"2.5"'),
        (True, '"True"'),
        (None, "null"),
        ([1, 2.5, True, None], '["1", "2.5", "True", null]'),
        ((1, "a"), '["1", "a"]'),
        ({"n": 8.7, "deep": [{"flag": False}]}, '{"n": "8.7", "deep": [{"flag": "False"}]}'),
        ({}, "{}"),
        ([], "[]"),
        (1e-05, '"1e-05"'),
        (10**30, '"1000000000000000000000000000000"'),
        (float("nan"), '"nan"'),
        ([datetime.date(2025, 2, 25)], '["2025-02-25"]'),
        ({"at": datetime.datetime(2025, 2, 25, 12, 8)}, '{"at": "2025-02-25T12:08:00"}'),
        ({"é": "ü"}, '{"\\u00e9": "\\u00fc"}'),
    ],
)
def test_bare_numbers_and_booleans_become_json_strings(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_a_record_keeps_its_numbers_and_the_order_of_its_fields(session: Session) -> None:
    record = session.get("assistant", "coins", "a")
    assert to_text(record) == TEXT
    assert to_text([record]) == f"[{TEXT}]"
    assert to_text({"found": record, "count": 1}) == f'{{"found": {TEXT}, "count": "1"}}'


def test_a_record_that_a_tool_is_changing_is_written_as_it_is_now(session: Session) -> None:
    session.begin()
    coin = session.edit("assistant", "coins", "a")
    coin["cents"] = 7
    changed = TEXT.replace("5", "7")
    assert to_text(coin) == changed
    session.commit()
    assert to_text(session.get("assistant", "coins", "a")) == changed


def test_a_part_of_a_record_keeps_its_numbers_too() -> None:
    mock = make_domain("mock")
    base = mock.worlds.get(mock.tasks["test"][0].world)
    user = next(base.records("assistant", "users"))
    assert to_text(user["tasks"]) == json.dumps(user["tasks"])


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def _in_words(value: Any) -> Any:
    """What the rule says, once more and differently."""
    if isinstance(value, dict):
        return {key: _in_words(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_words(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)


@given(value=st.lists(_PLAIN) | st.dictionaries(st.text(), _PLAIN))
def test_any_value_is_ascii_json_in_which_every_number_is_a_string(value: Any) -> None:
    text = to_text(value)
    assert text.isascii()
    assert json.loads(text) == _in_words(value)
    assert text == json.dumps(_in_words(value))
