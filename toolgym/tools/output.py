"""Tool results as text, as tau2 writes them."""

from __future__ import annotations

from typing import Any

from toolgym.database.records import FrozenDict, FrozenList, FrozenRecord, MutableList, MutableRecord, encode


def to_text(result: Any) -> str:
    """A tool's result as the text that its caller sees.

    Text is passed on as it is. A record is JSON in field order, numbers as numbers. Of anything else, bare numbers
    and booleans become JSON strings, however deep in lists and mappings, records inside excepted. None is ``null``.

    Example:
        >>> to_text([1, 2.5, True, None])
        '["1", "2.5", "True", null]'
    """
    if isinstance(result, str):
        return result
    if isinstance(result, FrozenRecord):
        return result.text
    return encode(_process(result))


def _process(value: Any) -> Any:
    if value is None or isinstance(value, str | FrozenDict | FrozenList | MutableRecord | MutableList):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, dict):
        return {key: _process(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_process(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
