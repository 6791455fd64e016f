"""Records that no tool can change by accident: frozen dicts and lists, and what thaws and freezes them.

A record of the base is shared by every episode, so a tool that changed one in place would corrupt all the others.
Frozen records are ``dict`` and ``list`` subclasses whose mutators raise; they pickle, deep-copy, compare and
serialise as the plain ones do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, Self, TypeAlias

Record: TypeAlias = dict[str, Any]


def _frozen(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(
        "this is shared by all episodes and cannot be changed; in a tool, db.edit(table, key) gives a copy to change"
    )


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __copy__(self) -> Self:
        return self


class FrozenRecord(FrozenDict):
    """A whole record of the base, with its JSON in field order: a tool that returns it needs no encoding.

    Args:
        content: The record, its parts frozen.
        text: Its JSON.
    """

    __slots__ = ("is_json", "text")

    def __init__(self, content: Mapping[str, Any], text: str) -> None:
        super().__init__(content)
        self.text = text
        self.is_json = "NaN" not in text and "Infinity" not in text
        """Whether the text is JSON for certain: False where a number in it may be none that JSON has."""

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenRecord, (dict(self), self.text)


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenList:
        return self

    def __copy__(self) -> FrozenList:
        return self


for _mutator in ("__setitem__", "__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault", "update"):
    setattr(FrozenDict, _mutator, _frozen)
for _mutator in (
    "__setitem__",
    "__delitem__",
    "__iadd__",
    "__imul__",
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
):
    setattr(FrozenList, _mutator, _frozen)
for _mutator in ("remove", "reverse", "sort"):
    setattr(FrozenList, _mutator, _frozen)


class MutableRecord(dict[str, Any]):
    """An episode's own copy of a record or of a part of one, to be changed until the call that took it ends."""

    __slots__ = ()


class MutableList(list[Any]):
    """A list in a MutableRecord."""

    __slots__ = ()


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _copied(value: Any, mapping: type[dict[str, Any]], sequence: type[list[Any]]) -> Any:
    """A deep copy whose dicts and lists are of the given types; tuples become lists, as JSON has it."""
    if isinstance(value, dict):
        copy = mapping(value)
        for key, item in value.items():
            if type(item) not in _SCALARS:
                dict.__setitem__(copy, key, _copied(item, mapping, sequence))
        return copy
    if isinstance(value, list | tuple):
        return sequence([item if type(item) in _SCALARS else _copied(item, mapping, sequence) for item in value])
    return value


def freeze(value: Any) -> Any:
    """Copy a value of dicts, lists and scalars deeply into its frozen form."""
    return _copied(value, FrozenDict, FrozenList)


def thaw(value: Any) -> Any:
    """Copy a value deeply into plain dicts and lists."""
    return _copied(value, dict, list)


def mutable(value: Any) -> Any:
    """Copy a record deeply into what a tool can change, down to its innermost lists."""
    return _copied(value, MutableRecord, MutableList)


def decode(text: str) -> FrozenRecord:
    """Read a record from its JSON and keep the text with it."""
    return FrozenRecord(freeze(json.loads(text)), text)


# json and not orjson: NaN, lone surrogates and integers over 64 bits must survive, and tau2 hashes this very text.
encode = json.JSONEncoder(default=str).encode
"""A value as JSON in its own order, ASCII-escaped, as tools print it."""

canonical = json.JSONEncoder(default=str, sort_keys=True).encode
"""A value as JSON with sorted keys: equal text for equal state, and what tau2 hashes."""
