"""The files of a run: what they are called, and how they are read and written so that nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from toolgym.errors import DataError
from toolgym.files.plain_files import check_inside, check_no_links, open_new, open_to_append, open_to_read
from toolgym.files.strict_json import parse, read_bytes, read_json
from toolgym.runs.manifest import check_manifest
from toolgym.trajectory import Trajectory

MANIFEST, TRAJECTORIES, TIMINGS, VOIDED = "manifest.json", "trajectories.jsonl", "timings.jsonl", "voided.jsonl"
LOCK = ".lock"
"""Is locked while a process writes the run."""
LARGEST_MANIFEST = 1 << 24
"""Bytes of a manifest, at most."""
LARGEST_TIMINGS = 1 << 30
"""Bytes of ``timings.jsonl``, at most."""
LARGEST_LINE = 1 << 28
"""Bytes of one line of a run, at most."""
LATEST, LONGEST = 32_503_680_000, 1_000_000_000
"""Unix time before which each episode begins, the year 3000, and the seconds that it takes, at most."""
_BLOCK = 1 << 16


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """A run's manifest.

    Args:
        folder: The run's.

    Raises:
        DataError: If the folder is not a run.
    """
    folder = Path(folder)
    try:
        check_inside(folder / MANIFEST)
        manifest = read_json(folder / MANIFEST, LARGEST_MANIFEST)
    except DataError as error:
        raise DataError(f"{str(folder)!r} is not a run: {error}") from error
    if not isinstance(manifest, dict):
        raise DataError(f"{str(folder)!r} is not a run: its manifest is no JSON object")
    try:
        check_manifest(manifest)
    except ValueError as error:
        raise DataError(f"{str(folder / MANIFEST)!r} is no manifest of a run: {error}; mend it") from error
    return manifest


def read_trajectories(folder: str | Path) -> Iterator[Trajectory]:
    """The trajectories of a run, one an episode, with their timings; a last line that was cut off is left out.

    A run may be read while it is played.

    Args:
        folder: The run's.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    folder = Path(folder)
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
    if not os.path.lexists(path):
        return timings
    check_inside(path)
    for number, line in enumerate(read_bytes(path, LARGEST_TIMINGS).split(b"\n")[:-1], 1):
        episode, timing = read_timing(line, path, number)
        timings[episode] = timing
    return timings


def read_timing(line: bytes, path: Path, number: int) -> tuple[str, dict[str, Any]]:
    """When an episode began, in Unix time, and how long it took, in seconds; None where that was not measured.

    Raises:
        DataError: If the line is something else; the message names it.
    """
    try:
        timing = parse(line)
        for name, most in (("started", LATEST), ("seconds", LONGEST)):
            value = timing[name]
            if value is not None and (type(value) not in (int, float) or not 0 <= value <= most):
                raise ValueError(f"{name} must be a number from 0 to {most}, got {value!r:.80}")
        episode = timing["episode"]
        if not isinstance(episode, str):
            raise TypeError(f"episode must be a text, got {episode!r:.80}")
        return episode, {name: timing[name] for name in ("started", "seconds")}
    except KeyError as error:
        raise DataError(f"{path}, line {number}: not a timing (it has no {error}); the file may be deleted") from error
    except (ValueError, TypeError) as error:
        raise DataError(f"{path}, line {number}: not a timing ({error}); the file may be deleted") from error


def read_lines(path: Path) -> Iterator[tuple[Trajectory, int, int]]:
    """Each whole line's trajectory, and where in the file the line begins and ends."""
    start = 0
    for number, line in enumerate(whole_lines(path), 1):
        try:
            trajectory = Trajectory.from_json(line.decode("ascii"))
        except (DataError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}, line {number}: {error}; the lines before it are whole: delete this one, and the "
                "episode is played again with --resume"
            ) from error
        yield trajectory, start, start + len(line)
        start += len(line)


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file of a run as they are, each with its end; a last one that was cut off is left out.

    Raises:
        DataError: If the file cannot be read, is no regular file in its folder, or a line is longer than any of ours.
    """
    check_inside(path)
    try:
        with open_to_read(path) as file:
            for number, line in enumerate(iter(partial(file.readline, LARGEST_LINE), b""), 1):
                if len(line) == LARGEST_LINE:
                    raise DataError(f"{path}, line {number}: it has more than {LARGEST_LINE >> 20} MB; delete it")
                if not line.endswith(b"\n"):
                    return
                yield line
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def has_finished(folder: Path) -> bool:
    """Whether a run holds an episode that is finished, and not void.

    Raises:
        DataError: If a line before the first of them is not a trajectory.
    """
    path = folder / TRAJECTORIES
    return os.path.lexists(path) and any(trajectory.fault is None for trajectory, *_ in read_lines(path))


def write(file: IO[bytes], data: bytes) -> None:
    """Write all of it; the system may take less at a time, most of all when the disk is nearly full."""
    while data:
        data = data[file.write(data) :]


def check_writable(folder: Path) -> None:
    """That no file of a run leads a writer elsewhere.

    Raises:
        DataError: If one is a link, or no regular file, or that cannot be told.
    """
    try:
        check_no_links(*(folder / name for name in (MANIFEST, TRAJECTORIES, TIMINGS, VOIDED, LOCK)))
    except OSError as error:
        raise DataError(f"the run {str(folder)!r} cannot be written: {error}") from error


def cut(path: Path, size: int) -> None:
    """Keep the first bytes of a file alone; it is made if it is not there."""
    with open_to_append(path) as file:
        file.truncate(size)


def drop_cut_line(path: Path) -> None:
    """Remove a last line that was not written to its end."""
    with open_to_append(path) as file:
        end = size = file.seek(0, os.SEEK_END)
        kept = 0
        while end and not kept:  # from the end, a block at a time
            begin = max(end - _BLOCK, 0)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            kept, end = begin + found + 1 if found >= 0 else 0, begin
        if kept < size:
            file.truncate(kept)


def replace_whole(path: Path, parts: bytes | Iterable[bytes]) -> None:
    """Write a file whole or not at all.

    Raises:
        DataError: If a link has its name, or that of the file beside it in which it comes about.
        OSError: If it cannot be written; the file is then as it was.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
    check_no_links(path)
    opened = open_new(unfinished)
    try:
        with opened as file:
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
