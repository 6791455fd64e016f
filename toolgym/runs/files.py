"""The files of a run: what they are called, and how they are read and written so that nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from toolgym.errors import DataError
from toolgym.strict_json import parse, read_bytes, read_json
from toolgym.trajectory import Trajectory

MANIFEST, TRAJECTORIES, TIMINGS, VOIDED = "manifest.json", "trajectories.jsonl", "timings.jsonl", "voided.jsonl"
LARGEST_MANIFEST = 1 << 24
"""Bytes of a manifest, at most."""
LARGEST_TIMINGS = 1 << 30
"""Bytes of ``timings.jsonl``, at most."""
LARGEST_LINE = 1 << 28
"""Bytes of one line of a run, at most."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        DataError: If the folder is not a run.
    """
    try:
        manifest = read_json(folder / MANIFEST, LARGEST_MANIFEST)
    except DataError as error:
        raise DataError(f"{str(folder)!r} is not a run: {error}") from error
    if not isinstance(manifest, dict):
        raise DataError(f"{str(folder)!r} is not a run: its manifest is no JSON object")
    return manifest


def read_trajectories(folder: Path) -> Iterator[Trajectory]:
    """The trajectories of a run, one an episode, with their timings; a last line that was cut off is left out.

    A run may be read while it is played.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    read_manifest(folder)
    timings = _read_timings(folder / TIMINGS)
    last: dict[str, int] = {}
    for trajectory, start, _ in read_lines(folder / TRAJECTORIES):
        last[trajectory.episode_id] = start
    for trajectory, start, _ in read_lines(folder / TRAJECTORIES):
        if last.get(trajectory.episode_id) == start:
            yield replace(trajectory, **timings.get(trajectory.episode_id, {}))


def _read_timings(path: Path) -> dict[str, dict[str, Any]]:
    """The last timing of each episode."""
    timings: dict[str, dict[str, Any]] = {}
    if not path.exists():
        return timings
    for number, line in enumerate(read_bytes(path, LARGEST_TIMINGS).split(b"\n")[:-1], 1):
        try:
            timing = parse(line)
            timings[timing["episode"]] = {name: timing[name] for name in ("started", "seconds")}
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}, line {number}: not a timing ({error}); the file may be deleted") from error
    return timings


def read_lines(path: Path) -> Iterator[tuple[Trajectory, int, int]]:
    """Each whole line's trajectory, and where in the file the line begins and ends."""
    start = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(partial(file.readline, LARGEST_LINE), b""), 1):
                if len(line) == LARGEST_LINE:
                    raise DataError(f"{path}, line {number}: it has more than {LARGEST_LINE >> 20} MB; delete it")
                if not line.endswith(b"\n"):
                    return
                try:
                    trajectory = Trajectory.from_json(line.decode("ascii"))
                except (DataError, UnicodeDecodeError) as error:
                    raise DataError(
                        f"{path}, line {number}: {error}; the lines before it are whole: delete this one, and the "
                        "episode is played again with --resume"
                    ) from error
                yield trajectory, start, start + len(line)
                start += len(line)
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def has_finished(folder: Path) -> bool:
    """Whether a run holds an episode that is finished, and not void.

    Raises:
        DataError: If a line before the first of them is not a trajectory.
    """
    path = folder / TRAJECTORIES
    return path.exists() and any(trajectory.fault is None for trajectory, *_ in read_lines(path))


def write(file: IO[bytes], data: bytes) -> None:
    """Write all of it; the system may take less at a time, most of all when the disk is nearly full."""
    while data:
        data = data[file.write(data) :]


def drop_cut_line(path: Path) -> None:
    """Remove a last line that was not written to its end."""
    text = path.read_bytes()
    if text and not text.endswith(b"\n"):
        os.truncate(path, text.rfind(b"\n") + 1)


def replace_whole(path: Path, parts: bytes | Iterable[bytes]) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.partial")
    try:
        with unfinished.open("wb") as file:
            for part in [parts] if isinstance(parts, bytes) else parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _locker() -> Callable[[IO[bytes]], bool]:
    """How a file is locked for as long as it is open; the end of the process, however it comes, unlocks it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        def lock(file: IO[bytes]) -> bool:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            except OSError:
                return False
            return True
    else:

        def lock(file: IO[bytes]) -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            return True

    return lock


locked = _locker()
"""Lock an open file, and say whether that was possible: not if another process has."""
