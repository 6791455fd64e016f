"""Tool results as text: JSON in our own flavour, and in tau2's as tau2 writes it."""

from __future__ import annotations

import dataclasses
import json
import numbers
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np

from toolgym.database.records import FrozenDict, FrozenList, FrozenRecord, MutableList, MutableRecord, encode
from toolgym.errors import DataError

ALLOWED = "text, finite numbers, booleans, None, dates, pydantic models, dataclasses, and lists and mappings of these"


def to_text(result: Any, tool: str = "") -> str:
    """A tool's result as the text that its caller sees.

    Text is passed on as it is, also that of a subclass of ``str``, such as an Enum of texts. Anything else is JSON:
    numbers are numbers, booleans are booleans, None is ``null``, a record keeps the order of its fields, and a date is
    its ISO text.

    Args:
        result: What the tool returned.
        tool: The tool's name, for the message.

    Raises:
        DataError: If JSON cannot hold it: not a number, infinite, a set, or an object of another kind.

    Example:
        >>> to_text(5), to_text([1, 2.5, True, None])
        ('5', '[1, 2.5, true, null]')
    """
    if isinstance(result, str):
        return str.__str__(result)  # str() would ask a subclass, and an Enum would answer with its name
    if isinstance(result, FrozenRecord) and result.is_json:
        return result.text
    try:
        return _encode(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"the tool {tool!r} returned {result!r:.80}, which JSON cannot hold: {error}. Allowed are {ALLOWED}"
        ) from error


def to_tau2_text(result: Any) -> str:
    """A tool's result as tau2 writes it: bare numbers and booleans become JSON strings, those of records excepted.

    Example:
        >>> to_tau2_text([1, 2.5, True, None])
        '["1", "2.5", "True", null]'
    """
    if isinstance(result, str):
        return str.__str__(result)  # str() would ask a subclass, and an Enum would answer with its name
    if isinstance(result, FrozenRecord):
        return result.text
    return encode(_tau2(result))


def _plain(value: Any) -> Any:
    """A value of a kind that JSON lacks as one that it has."""
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real | Decimal):
        return float(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"an object of the type {type(value).__name__}")


_encode = json.JSONEncoder(default=_plain, allow_nan=False).encode


def _tau2(value: Any) -> Any:
    if value is None or isinstance(value, str | FrozenDict | FrozenList | MutableRecord | MutableList):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    if isinstance(value, dict):
        return {key: _tau2(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tau2(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value
