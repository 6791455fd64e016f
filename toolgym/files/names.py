"""Names that become parts of paths: of runs, worlds, pools and what is in them. They stay in their folder."""

from __future__ import annotations

import re
from pathlib import Path

from toolgym.errors import DataError

LONGEST = 128
"""Characters of a name, at most."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def check_name(name: str, kind: str) -> str:
    """A name that may become one part of a path.

    Args:
        name: Letters of the English alphabet, digits and ``._-``, not beginning with a dot, at most 128 characters.
        kind: What it names, for the message.

    Raises:
        DataError: If it is anything else.

    Example:
        >>> check_name("monday-1", "run")
        'monday-1'
        >>> check_name("../../x", "run")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        toolgym.errors.DataError: the name '../../x' of a run cannot be used: it has letters, digits and ._- alone, ...
    """
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise DataError(
            f"the name {name!r:.140} of a {kind} cannot be used: it has letters, digits and ._- alone, does "
            f"not begin with a dot, and has at most {LONGEST} characters"
        )
    return name


def place_in(folder: Path, name: str, kind: str) -> Path:
    """The path of something in a folder.

    Args:
        folder: The folder, which may itself be reached by a link.
        name: See :func:`check_name`.
        kind: What it names, for the message.

    Raises:
        DataError: If the name cannot be used, or is a link that leads out of the folder.
    """
    path = folder / check_name(name, kind)
    if path.is_symlink():
        try:
            inside = path.resolve().is_relative_to(folder.resolve())
        except (OSError, RuntimeError):  # links that lead in a circle
            inside = False
        if not inside:
            raise DataError(
                f"the {kind} {str(path)!r} is a link that leads out of its folder; put the thing itself there"
            )
    return path
