"""Single infos as a vector environment's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def batch_infos(infos: Mapping[int, Mapping[str, Any]], number: int) -> dict[str, Any]:
    """Put infos into the form in which Gymnasium's vector environments return them.

    Each key gives an array with one value a sub-environment, and the key with an underscore before it a mask of those
    that have it; elsewhere the value is a filler. Mappings become mappings of arrays.

    Args:
        infos: The info of each sub-environment that has one. A key has values of one type: numbers or booleans,
            mappings, or anything else.
        number: How many sub-environments there are, at least 1.

    Example:
        >>> infos = batch_infos({0: {"success": True}, 2: {"success": False}}, 3)
        >>> infos["success"].tolist(), infos["_success"].tolist()
        ([True, False, False], [True, False, True])
    """
    columns: dict[str, tuple[list[int], list[Any]]] = {}
    for place, info in infos.items():
        for key, value in info.items():
            column = columns.get(key)
            if column is None:
                column = columns[key] = ([], [])
            column[0].append(place)
            column[1].append(value)
    batched: dict[str, Any] = {}
    for key, (places, values) in columns.items():
        batched[key] = _column(places, values, number)
        batched[f"_{key}"] = _filled(places, [True] * len(places), [False] * number, bool)
    return batched


def _column(places: list[int], values: list[Any], number: int) -> Any:
    kind = type(values[0])
    if issubclass(kind, dict):
        return batch_infos(dict(zip(places, values, strict=True)), number)
    if kind in (int, float, bool) or issubclass(kind, np.number):
        return _filled(places, values, [kind(0)] * number, kind)
    column = np.empty(number, dtype=object)
    for place, value in zip(places, values, strict=True):
        column[place] = value
    return column


def _filled(places: list[int], values: list[Any], column: list[Any], kind: type) -> Any:
    """An array of the column with values in some places; small ones are made faster from a list."""
    for place, value in zip(places, values, strict=True):
        column[place] = value
    return np.array(column, dtype=kind)
