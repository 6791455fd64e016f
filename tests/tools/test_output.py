"""Tool results as text: JSON with its types, and by the rules of tau2's serialisation."""

from __future__ import annotations

import datetime
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from rules import RULES

from toolgym import make_domain
from toolgym.database import Database, Layer, Schema, Session, Table
from toolgym.errors import DataError
from toolgym.messages import ToolCall
from toolgym.tools import Effect, Flavour, Result, Toolbox, Toolkit, tool
from toolgym.tools.output import to_tau2_text, to_text


class Coin(BaseModel):
    """A record with a number of each kind."""

    name: str
    cents: int = 5
    weight: float
    gold: bool = False
    minted: str | None = None


@dataclass
class Point:
    """No record."""

    x: int
    y: float


class Side(Enum):
    """Of a coin."""

    HEADS = "heads"


SCHEMAS = {"assistant": Schema("PurseDB", (Table("coins", Coin),))}
ROWS: Any = {"assistant": {"coins": {"a": {"name": "é", "weight": 37}}}}
TEXT = '{"name": "\\u00e9", "cents": 5, "weight": 37.0, "gold": false, "minted": null}'


@pytest.fixture
def session() -> Session:
    """A session over one coin."""
    return Session(Database.build(SCHEMAS, ROWS), Layer())  # type: ignore[arg-type]  # a side's name is a Literal


@pytest.mark.parametrize("text", ["", "plain", '{"a": 1}', "é\n", "null"])
def test_text_is_passed_on_as_it_is(text: str) -> None:
    assert to_text(text) == to_tau2_text(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (2.5, "2.5"),
        (True, "true"),
        (None, "null"),
        ([1, 2.5, True, None], "[1, 2.5, true, null]"),
        ((1, "a"), '[1, "a"]'),
        ({"n": 8.7, "deep": [{"flag": False}]}, '{"n": 8.7, "deep": [{"flag": false}]}'),
        ({}, "{}"),
        ([], "[]"),
        (1e-05, "1e-05"),
        (10**30, "1" + 30 * "0"),
        ([np.int64(3), np.float32(0.5), np.float64(0.25), np.bool_(True)], "[3, 0.5, 0.25, true]"),
        ([Decimal("8.7"), Fraction(1, 2)], "[8.7, 0.5]"),
        ([datetime.date(2025, 2, 25)], '["2025-02-25"]'),
        ({"at": datetime.datetime(2025, 2, 25, 12, 8)}, '{"at": "2025-02-25T12:08:00"}'),
        ({"é": "ü"}, '{"\\u00e9": "\\u00fc"}'),
        (Coin(name="a", weight=1), '{"name": "a", "cents": 5, "weight": 1.0, "gold": false, "minted": null}'),
        ([Point(1, 2.0)], '[{"x": 1, "y": 2.0}]'),
        ([Side.HEADS], '["heads"]'),
        (MappingProxyType({"a": 1}), '{"a": 1}'),
    ],
)
def test_numbers_and_booleans_keep_their_types(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (math.nan, "nan"),
        (math.inf, "inf"),
        ([1, {"mean": -math.inf}], "-inf"),
        (np.float64("nan"), "nan"),
        (np.float32("inf"), "inf"),
        (Decimal("NaN"), "NaN"),
        (Coin(name="a", weight=math.nan), "nan"),
        ({"a", "b"}, "an object of the type set"),
        (b"ab", "an object of the type bytes"),
        (object(), "an object of the type object"),
        (Coin, "Coin"),
        ({(1, 2): 3}, "keys must be str"),
        (iter([1]), "an object of the type list_iterator"),
        (1j, "an object of the type complex"),
    ],
)
def test_what_json_cannot_hold_is_a_mistake_of_the_tool_that_is_named(value: Any, told: str) -> None:
    with pytest.raises(DataError, match="the tool 'weigh' returned") as raised:
        to_text(value, "weigh")
    assert told in str(raised.value)
    assert "finite numbers" in str(raised.value)


def test_a_record_with_a_number_that_json_lacks_is_refused_alone_and_in_a_list() -> None:
    rows: Any = {"assistant": {"coins": {"a": {"name": "NaN", "weight": math.nan}, "b": {"name": "NaN", "weight": 1}}}}
    purse = Session(Database.build(SCHEMAS, rows), Layer())  # type: ignore[arg-type]  # a side's name is a Literal
    broken, named = purse.get("assistant", "coins", "a"), purse.get("assistant", "coins", "b")
    for value in (broken, [broken], {"found": broken}):
        with pytest.raises(DataError):
            to_text(value)
    assert json.loads(to_text(named))["name"] == "NaN"


class Scales(Toolkit):
    """What weighs coins."""

    @tool(Effect.READ)
    def weigh(self, how: str) -> Any:
        """Weigh coins."""
        return {"number": 5, "truth": True, "list": [1, 2.5, True, None], "broken": math.nan}[how]


@pytest.mark.parametrize(
    ("flavour", "number", "truth", "several", "broken"),
    [
        ("toolgym", "5", "true", "[1, 2.5, true, null]", None),
        ("tau2", '"5"', '"True"', '["1", "2.5", "True", null]', '"nan"'),
    ],
)
def test_the_types_are_kept_in_our_flavour_and_written_as_text_in_that_of_tau2(
    session: Session, flavour: Flavour, number: str, truth: str, several: str, broken: str | None
) -> None:
    box = Toolbox(session, {"assistant": Scales}, RULES[flavour])

    def call(how: str) -> Result:
        return box.call(ToolCall("weigh", {"how": how}, "1"))

    assert [call(how).content for how in ("number", "truth", "list")] == [number, truth, several]
    if broken is None:
        with pytest.raises(DataError, match="'weigh' returned nan"):
            call("broken")
    else:
        assert call("broken").content == broken


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
def test_in_the_flavour_of_tau2_bare_numbers_and_booleans_become_json_strings(value: Any, text: str) -> None:
    assert to_tau2_text(value) == text


def test_a_record_keeps_its_numbers_and_the_order_of_its_fields(session: Session) -> None:
    record = session.get("assistant", "coins", "a")
    assert to_text(record) == to_tau2_text(record) == TEXT
    assert to_text([record]) == to_tau2_text([record]) == f"[{TEXT}]"
    assert to_text({"found": record, "count": 1}) == f'{{"found": {TEXT}, "count": 1}}'
    assert to_tau2_text({"found": record, "count": 1}) == f'{{"found": {TEXT}, "count": "1"}}'


def test_a_record_that_a_tool_is_changing_is_written_as_it_is_now(session: Session) -> None:
    session.begin()
    coin = session.edit("assistant", "coins", "a")
    coin["cents"] = 7
    changed = TEXT.replace("5", "7")
    assert to_text(coin) == to_tau2_text(coin) == changed
    session.commit()
    assert to_text(session.get("assistant", "coins", "a")) == changed


def test_a_part_of_a_record_keeps_its_numbers_too() -> None:
    mock = make_domain("mock")
    base = mock.worlds.get(mock.tasks["test"][0].world)
    user = next(base.records("assistant", "users"))
    assert to_text(user["tasks"]) == to_tau2_text(user["tasks"]) == json.dumps(user["tasks"])


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
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
def test_in_the_flavour_of_tau2_any_value_is_ascii_json_in_which_every_number_is_a_string(value: Any) -> None:
    text = to_tau2_text(value)
    assert text.isascii()
    assert json.loads(text) == _in_words(value)
    assert text == json.dumps(_in_words(value))


@given(value=_PLAIN.filter(lambda value: not isinstance(value, str)))
def test_any_value_is_read_back_from_its_text_with_its_types(value: Any) -> None:
    text = to_text(value)
    assert text.isascii()
    assert json.dumps(json.loads(text)) == text == json.dumps(value)


class Mood(str, Enum):  # noqa: UP042  # an author's own, of a kind whose text is not its value
    GOOD = "good"


@pytest.mark.parametrize("value", [Mood.GOOD, np.str_("good")])
def test_what_is_a_kind_of_text_becomes_plain_text(value: Any) -> None:
    for text in (to_text(value), to_tau2_text(value)):
        assert (type(text), text, f"{text}") == (str, "good", "good")
    assert to_text([value, {"mood": value}]) == '["good", {"mood": "good"}]'
