"""Files in folders that anybody may have made: opened as what they are, or refused.

Whoever gives a folder away can put a link, a pipe or a device where a file is expected. A link would lead a writer to
any file of the user, a pipe lets a reader wait for ever, and a device never ends.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from toolgym.errors import DataError

_ALWAYS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_to_read(path: Path) -> IO[bytes]:
    """Open a regular file; a link to one is followed, and nothing is waited for.

    Raises:
        DataError: If it is something else; the message names it.
        OSError: If it cannot be opened.
    """
    return _checked(os.open(path, os.O_RDONLY | _ALWAYS), path, "rb")


def check_inside(*paths: Path) -> None:
    """Check that files are in their folders: none is a link that leads out of its folder. A file may be missing.

    Raises:
        DataError: If one is; the message names it.
    """
    for path in paths:
        try:
            if not path.is_symlink() or path.resolve().is_relative_to(path.parent.resolve()):
                continue
        except (OSError, RuntimeError):  # links that lead in a circle, or a folder that may not be entered
            continue  # to open it fails, and tells why
        raise DataError(f"{str(path)!r} is a link that leads out of its folder; put the file itself there")


def check_no_links(*paths: Path) -> None:
    """Check that nothing is written through a link: each path is a regular file, a folder, or not there.

    Raises:
        DataError: If one is something else; the message names it.
        OSError: If it cannot be told.
    """
    for path in paths:
        with suppress(FileNotFoundError):
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                raise DataError(_a_link(path))
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise DataError(_no_regular(path))


def open_to_append(path: Path) -> IO[bytes]:
    """Open a regular file to be read and added to, unbuffered; it is made if it is not there.

    Raises:
        DataError: If it is a link, or no regular file; the message names it, and nothing was changed.
        OSError: If it cannot be opened.
    """
    check_no_links(path)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINK | _ALWAYS
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError:
        if path.is_symlink():  # put there just now
            raise DataError(_a_link(path)) from None
        raise
    return _checked(descriptor, path, "a+b", buffering=0)


def open_new(path: Path) -> IO[bytes]:
    """Make a file of this process's own and open it to be written; an own one that was left behind is removed first.

    Raises:
        DataError: If something else has its name.
        OSError: If it cannot be made.
    """
    check_no_links(path)
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _ALWAYS, 0o666), "wb")


def _checked(descriptor: int, path: Path, mode: str, buffering: int = -1) -> IO[bytes]:
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DataError(_no_regular(path))
        return os.fdopen(descriptor, mode, buffering)
    except BaseException:
        os.close(descriptor)
        raise


def _a_link(path: Path) -> str:
    return f"{str(path)!r} is a link; toolgym writes into no links: remove it, or put the file itself there"


def _no_regular(path: Path) -> str:
    return f"{str(path)!r} is no regular file; remove it, or put a file there"
