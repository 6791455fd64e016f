"""The error rates of users that are known in a folder of runs, each for one version of the user alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolgym.errors import DataError
from toolgym.files.plain_files import open_new
from toolgym.files.strict_json import read_json

FILE = "user-errors.json"
_WHICH = ("domain", "data", "split", "user", "habits", "models", "version", "asked_back")


def remember(runs: Path, measured: Mapping[str, Any]) -> None:
    """Keep what a check of a user came to; an earlier one of the same user on the same tasks goes.

    Args:
        runs: The folder of the runs.
        measured: What was checked, and what it came to.

    Raises:
        DataError: If the file cannot be read or written.
    """
    key = _key(measured)
    kept = [one for one in _read(runs) if _key(one) != key]
    path, beside = runs / FILE, runs / f"{FILE}.new"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with open_new(beside) as file:
            file.write(json.dumps([*kept, dict(measured)], indent=2, allow_nan=False).encode("utf-8"))
        beside.replace(path)
    except OSError as error:
        raise DataError(f"what is known of the user cannot be kept in {str(path)!r}: {error}") from error


def known(runs: Path, **which: Any) -> list[dict[str, Any]]:
    """What is known of a user.

    Args:
        runs: The folder of the runs.
        which: What it must be of: domain, data, split, user, habits, models, version or
            asked_back; None for what is not set.

    Raises:
        DataError: If the file cannot be read.

    Example:
        >>> known(Path("no-such-folder"), domain="retail")
        []
    """
    return [one for one in _read(runs) if all(one.get(name) == value for name, value in which.items())]


def _key(measured: Mapping[str, Any]) -> list[Any]:
    return [measured.get(name) for name in _WHICH]


def _read(runs: Path) -> list[dict[str, Any]]:
    path = runs / FILE
    if not path.exists():
        return []
    found = read_json(path)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(
            f"{str(path)!r} must hold a list of objects, got {found!r:.80}; remove it, and check the users anew"
        )
    return found
