"""JSON from files that anybody may have written: read alike everywhere, or refused alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

from toolgym.errors import DataError
from toolgym.files.plain_files import open_to_read

DEEPEST = 200
"""Levels of lists and objects, at most: what is read can be printed and written again."""
LIMIT = 1 << 26
"""Bytes of a file of JSON that is read whole, at most, unless it says otherwise where it is read."""


def parse(text: str | bytes) -> Any:
    """Read a JSON text as it is written: no NaN, nothing twice in an object, in UTF-8 without a byte order mark.

    Raises:
        ValueError: If it is anything else, is nested too deep, or holds a number that Python cannot.

    Example:
        >>> parse('{"a": [1, 2.5]}')
        {'a': [1, 2.5]}
        >>> parse("[NaN]")
        Traceback (most recent call last):
        ValueError: JSON has no NaN
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deeper(value):
        raise ValueError(f"it is nested too deep: more than {DEEPEST} levels")
    return value


def _is_deeper(value: Any) -> bool:
    """Whether a value has more levels of lists and objects than it may."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
    return bool(level)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{twice!r:.80} is twice in one object")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text:.40} is too large")
    return number


def read_bytes(path: Path, limit: int = LIMIT) -> bytes:
    """All of a regular file that is not too large.

    Raises:
        DataError: If it cannot be read; the message names it.
    """
    try:
        with open_to_read(path) as file:
            content = file.read(limit + 1)
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
    if len(content) > limit:
        raise DataError(f"{str(path)!r} has more than {limit >> 20} MB; a file of its kind has less: delete or mend it")
    return content


def read_json(path: Path, limit: int = LIMIT) -> Any:
    """What a file of JSON holds.

    Args:
        path: The file.
        limit: How many bytes it may have.

    Raises:
        DataError: If it cannot be read, or is no JSON; the message names it.
    """
    try:
        return parse(read_bytes(path, limit))
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{str(path)!r} is no JSON that can be read: {error}") from error


def each_line(path: Path, read: Callable[[bytes], Any], hint: str = "", limit: int = LIMIT) -> list[Any]:
    """What the lines of a file hold, one value each.

    Args:
        path: The file.
        read: Reads one line.
        hint: What to do about a line that cannot be read; a part of a sentence.
        limit: How many bytes the file may have.

    Raises:
        DataError: If one cannot be read; the message names file and line.
    """
    found = []
    for number, line in enumerate(read_bytes(path, limit).removesuffix(b"\n").split(b"\n"), 1):
        try:
            found.append(read(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: {error or type(error).__name__}{hint}") from error
    return found
