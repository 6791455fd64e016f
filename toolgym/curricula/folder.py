"""The folder of a curriculum: what each refresh brought, and the state from which it goes on.

::

    curriculum.json            what it is, and its state after the last refresh
    rounds/000/report.json     the report of the first refresh
    rounds/000/failures.jsonl  what was said of each failure
    worlds/                    the worlds of its tasks
"""

from __future__ import annotations

import difflib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgym.curricula.worlds import WORLDS
from toolgym.curriculum import RefreshReport
from toolgym.errors import DataError, WorldError
from toolgym.failures.report import FailureReport
from toolgym.files.plain_files import check_inside, check_no_links, open_to_append
from toolgym.files.strict_json import read_json
from toolgym.runs.files import locked, replace_whole

STATE, ROUNDS, REPORT, FAILURES = "curriculum.json", "rounds", "report.json", "failures.jsonl"
TASKS = "tasks.jsonl"
"""What ``toolgym tasks synthesize`` writes instead of a state: tasks that are played, and nothing to go on from."""
LOCK = ".lock"
"""Is there while a process writes into the folder."""
LARGEST_STATE = 1 << 28
"""Bytes of ``curriculum.json``, at most: worlds may be packed in it."""
FORMAT = 1
"""The layout of ``curriculum.json``."""


@dataclass(frozen=True)
class Saved:
    """What a folder holds of a curriculum.

    Args:
        curriculum: Its name.
        domain: Its domain's name.
        data: Whose tasks: ``"toolgym"`` or ``"tau2"``.
        state: What its ``state_dict`` gave.
    """

    curriculum: str
    domain: str
    data: str
    state: dict[str, Any]


def check_there(folder: str | Path) -> None:
    """That a pool's folder is there.

    Raises:
        DataError: If it is not, or is a file.
    """
    place = Path(folder)
    if place.is_dir():
        return
    if place.exists():
        what = f"name the folder that it is in, {str(place.parent)!r}" if place.name in (STATE, TASKS) else "name one"
        raise DataError(f"the pool {str(folder)!r} is a file and no folder; {what}")
    pools = Path("pools")
    names = sorted(path.name for path in pools.iterdir() if path.is_dir()) if pools.is_dir() else []
    near = difflib.get_close_matches(place.name, names, n=1)
    guess = f" Did you mean {str(pools / near[0])!r}?" if near else ""
    raise DataError(
        f"the pool {str(folder)!r} is not there.{guess} `toolgym curriculum refresh` and `toolgym tasks synthesize` "
        "write such a folder"
    )


def read_saved(folder: str | Path) -> Saved:
    """Read what a refresh wrote.

    Raises:
        DataError: If the folder holds no curriculum.
    """
    check_there(folder)
    path = Path(folder) / STATE
    if not path.exists():
        what = f"it has no {STATE}"
        if (Path(folder) / TASKS).is_file():
            what = "its tasks are played by `toolgym eval --pool`, but no curriculum goes on from it"
        raise DataError(f"{str(folder)!r} holds no curriculum: {what}; name a folder that a refresh wrote")
    try:
        check_inside(path)
        content = read_json(path, LARGEST_STATE)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError(f"it is not of format {FORMAT}")
        saved = Saved(**content)
        if not isinstance(saved.state, dict):
            raise ValueError(f"its state is no JSON object: {saved.state!r:.80}")
        return saved
    except (OSError, ValueError, TypeError, MemoryError) as error:
        raise DataError(
            f"{str(folder)!r} holds no curriculum: {str(path)!r}: {error}; name a folder that a refresh wrote"
        ) from error


@contextmanager
def naming(folder: str | Path) -> Iterator[None]:
    """Have errors about the state of a curriculum name the file that it is from."""
    try:
        yield
    except WorldError:  # it names the world
        raise
    except DataError as error:
        raise DataError(f"{str(Path(folder) / STATE)!r}: {error}") from error


def write_saved(folder: str | Path, saved: Saved) -> None:
    """Write the state of a curriculum, whole or not at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "format": FORMAT,
        "curriculum": saved.curriculum,
        "domain": saved.domain,
        "data": saved.data,
        "state": saved.state,
    }
    replace_whole(folder / STATE, json.dumps(content).encode())


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write into a folder, alone; it is made if it is not there.

    Raises:
        DataError: If another process writes into it, or it cannot be written.
    """
    alone = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_no_links(folder / STATE, folder / LOCK, folder / ROUNDS, folder / WORLDS)
        with open_to_append(folder / LOCK) as file:
            alone = locked(file)
            if not alone:
                raise DataError(f"another process writes into {str(folder)!r}; wait until it has ended")
            yield
    except OSError as error:
        raise DataError(f"{str(folder)!r} cannot be written: {error}; make room, or name another folder") from error
    finally:
        if alone:
            (folder / LOCK).unlink(missing_ok=True)


def write_round(folder: Path, report: RefreshReport, failures: Sequence[FailureReport], saved: Saved) -> None:
    """Write what a refresh brought, and then the state, which is what makes the round count.

    A round that was written without its state, because the process ended in between, is replaced.
    """
    rounds = folder / ROUNDS
    name = f"{report.round:03d}"
    partial = rounds / f".{name}.partial"
    check_no_links(folder / STATE, rounds, rounds / name, partial)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    text = json.dumps(report.as_dict(), indent=1)
    (partial / REPORT).write_text(f"{text}\n", encoding="utf-8")
    lines = "".join(f"{failure.to_json()}\n" for failure in failures)
    (partial / FAILURES).write_text(lines, encoding="utf-8")
    shutil.rmtree(rounds / name, ignore_errors=True)
    partial.replace(rounds / name)
    write_saved(folder, saved)
