"""Frozen records: nothing changes them, and in all else they are the dicts and lists that they stand for."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import JSON, LONE, TEXTS

from toolgym.database.records import (
    FrozenDict,
    FrozenList,
    FrozenRecord,
    MutableRecord,
    canonical,
    decode,
    encode,
    freeze,
    thaw,
)

RECORDS = st.dictionaries(TEXTS, JSON, max_size=4)

DICT_MUTATORS: dict[str, Callable[[Any], object]] = {
    "__setitem__": lambda record: operator.setitem(record, "a", 1),
    "__delitem__": lambda record: operator.delitem(record, "a"),
    "__ior__": lambda record: operator.ior(record, {"b": 1}),
    "clear": lambda record: record.clear(),
    "pop": lambda record: record.pop("a", None),
    "popitem": lambda record: record.popitem(),
    "setdefault": lambda record: record.setdefault("new", 1),
    "update": lambda record: record.update(a=2),
}
LIST_MUTATORS: dict[str, Callable[[Any], object]] = {
    "__setitem__": lambda items: operator.setitem(items, slice(0, 1), [7, 8]),
    "__delitem__": lambda items: operator.delitem(items, 0),
    "__iadd__": lambda items: operator.iadd(items, [1]),
    "__imul__": lambda items: operator.imul(items, 2),
    "append": lambda items: items.append(1),
    "clear": lambda items: items.clear(),
    "extend": lambda items: items.extend([1]),
    "insert": lambda items: items.insert(0, 1),
    "pop": lambda items: items.pop(),
    "remove": lambda items: items.remove(3),
    "reverse": lambda items: items.reverse(),
    "sort": lambda items: items.sort(),
}


@pytest.mark.parametrize("change", DICT_MUTATORS.values(), ids=DICT_MUTATORS)
def test_a_frozen_record_cannot_be_changed(change: Callable[[Any], object]) -> None:
    record = freeze({"a": {"a": 1}})
    for at_depth in (record, record["a"]):
        with pytest.raises(TypeError, match=r"in a tool, db\.edit"):
            change(at_depth)
    assert record == {"a": {"a": 1}}


@pytest.mark.parametrize("change", LIST_MUTATORS.values(), ids=LIST_MUTATORS)
def test_a_frozen_list_cannot_be_changed(change: Callable[[Any], object]) -> None:
    record = freeze({"items": [3, 1, [3, 1]]})
    for at_depth in (record["items"], record["items"][2]):
        with pytest.raises(TypeError, match=r"in a tool, db\.edit"):
            change(at_depth)
    assert record == {"items": [3, 1, [3, 1]]}


@pytest.mark.parametrize(
    ("frozen", "mutators", "plain"),
    [
        (freeze({"a": 3, "b": 1}), DICT_MUTATORS, {"a": 3, "b": 1}),
        (freeze([3, 0]), LIST_MUTATORS, [3, 0]),
    ],
    ids=["dict", "list"],
)
def test_no_method_but_the_known_mutators_changes_a_plain_one(
    frozen: Any, mutators: dict[str, Any], plain: Any
) -> None:
    """So that a mutator that a later Python adds is noticed: every other method is tried on a plain object."""
    arguments: tuple[tuple[Any, ...], ...] = ((), ("a",), (0,), ("a", 9), (0, 9), ({"c": 1},), ([1],))
    changing = set()
    for name in set(dir(plain)) - {"__init__", "__class__", "__setattr__", "__delattr__", "__setstate__"}:
        for given_arguments in arguments:
            tried = copy.deepcopy(plain)
            try:
                getattr(tried, name)(*given_arguments)
            except (TypeError, KeyError, IndexError, ValueError, AttributeError):
                continue
            if tried != plain:
                changing.add(name)
    assert changing - set(mutators) == set()
    assert {name for name in mutators if getattr(type(frozen), name) is getattr(type(plain), name)} == set()


@given(RECORDS)
def test_a_frozen_record_equals_and_prints_as_the_plain_one(record: dict[str, Any]) -> None:
    frozen = freeze(record)

    assert frozen == record
    assert record == frozen
    assert encode(frozen) == json.dumps(record)
    assert canonical(frozen) == json.dumps(record, sort_keys=True)
    assert repr(frozen) == repr(record)


@given(RECORDS)
def test_json_gives_a_frozen_record_back(record: dict[str, Any]) -> None:
    frozen = decode(encode(record))

    assert encode(frozen) == encode(record)
    assert frozen.text == encode(record)
    assert encode(json.loads(json.dumps(frozen))) == encode(record)
    _assert_types(frozen, FrozenDict, FrozenList)


def _pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": _pickled(protocol) for protocol in (0, 2, pickle.HIGHEST_PROTOCOL)},
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@given(record=RECORDS)
@settings(max_examples=50)
def test_a_copy_of_a_frozen_record_is_the_same_and_as_frozen(
    duplicate: Callable[[Any], Any], record: dict[str, Any]
) -> None:
    frozen = decode(encode(record))
    copied = duplicate(frozen)

    assert encode(copied) == encode(record)
    assert copied.text == frozen.text
    _assert_types(copied, FrozenDict, FrozenList)


@given(RECORDS)
def test_a_thawed_record_is_plain_at_every_depth(record: dict[str, Any]) -> None:
    thawed = thaw(freeze(record))

    assert encode(thawed) == encode(record)
    _assert_types(thawed, dict, list)


def test_a_thawed_record_shares_nothing_with_the_frozen_one() -> None:
    frozen = freeze({"list": [{"inner": [1]}]})
    thawed = thaw(frozen)
    thawed["list"][0]["inner"].append(2)
    thawed["more"] = 1
    assert frozen == {"list": [{"inner": [1]}]}


def test_a_frozen_record_shares_nothing_with_the_plain_one() -> None:
    plain: dict[str, Any] = {"list": [{"inner": [1]}]}
    frozen = freeze(plain)
    plain["list"][0]["inner"].append(2)
    assert frozen == {"list": [{"inner": [1]}]}


def test_tuples_become_lists_when_frozen_and_when_thawed() -> None:
    record = {"pair": (1, (2, {"three": (4,)}))}
    assert freeze(record) == thaw(record) == {"pair": [1, [2, {"three": [4]}]]}
    _assert_types(freeze(record), FrozenDict, FrozenList)


def test_what_reads_a_frozen_record_gives_plain_values_that_can_be_changed() -> None:
    record = freeze({"a": 1, "items": [2, 1]})
    assert sorted(record["items"]) == [1, 2]
    for made in (record | {"b": 1}, dict(record), record.copy()):
        made["b"] = 2
    for longer in (record["items"] + [1], list(record["items"]), record["items"].copy(), record["items"][:]):
        longer.append(2)
    assert record == {"a": 1, "items": [2, 1]}


def test_a_record_to_change_is_a_plain_dict_in_all_else() -> None:
    record = MutableRecord({"a": [1]})
    record["a"].append(2)
    record["b"] = LONE
    assert record == {"a": [1, 2], "b": LONE}
    assert encode(record) == '{"a": [1, 2], "b": "\\udc00"}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (LONE, '"\\udc00"'),
        (2**64, "18446744073709551616"),
        (-0.0, "-0.0"),
        ("ü\u2028😀", '"\\u00fc\\u2028\\ud83d\\ude00"'),
    ],
)
def test_a_value_that_strict_encoders_refuse_is_written_as_python_writes_it(value: Any, text: str) -> None:
    assert encode({"b": 1, "a": value}) == f'{{"b": 1, "a": {text}}}'
    assert canonical({"b": 1, "a": value}) == f'{{"a": {text}, "b": 1}}'
    assert encode(decode(encode({"a": value}))) == f'{{"a": {text}}}'


def _assert_types(value: Any, mapping: type, sequence: type, whole: type = FrozenRecord) -> None:
    assert type(value) in (mapping, whole) or not isinstance(value, dict)
    assert type(value) is sequence or not isinstance(value, list)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _assert_types(item, mapping, sequence, mapping)
