"""A run: a folder with a manifest and the trajectories, one a line, appended as they finish."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from toolgym.errors import DataError
from toolgym.trajectory import Trajectory

MANIFEST, TRAJECTORIES = "manifest.json", "trajectories.jsonl"


class Run:
    """One run on disk.

    Args:
        folder: Where it is.
        settings: What was asked for; a run can be continued with equal settings only.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self._file: TextIO | None = None
        self.finished: dict[str, Trajectory] = {}
        """The trajectories so far by episode id."""

    @classmethod
    def start(cls, folder: Path, settings: Mapping[str, Any], worlds: Iterable[str] = ()) -> Run:
        """Make a new run.

        Args:
            folder: Where it will be.
            settings: What is asked for.
            worlds: Digests of the worlds in which it plays, for the manifest.

        Raises:
            DataError: If the folder exists, or cannot be written.
        """
        if (folder / MANIFEST).exists():
            raise DataError(f"the run {str(folder)!r} exists; choose another name, or continue it with --resume")
        run = cls(folder, settings)
        manifest = {
            "settings": run.settings,
            "worlds": sorted(set(worlds)),
            "versions": {"toolgym": version("toolgym"), "python": platform.python_version()},
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            run._file = (folder / TRAJECTORIES).open("w", encoding="ascii")
            partial = folder / f".{MANIFEST}.partial"
            partial.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            partial.replace(folder / MANIFEST)
        except OSError as error:
            raise DataError(f"the run {str(folder)!r} cannot be written: {error}") from error
        return run

    @classmethod
    def resume(cls, folder: Path, settings: Mapping[str, Any]) -> Run:
        """Continue a run; a last line that was cut off is removed.

        Raises:
            DataError: If there is no such run, or it was made with other settings.
        """
        before = read_manifest(folder).get("settings")
        if not isinstance(before, dict):
            raise DataError(f"the manifest of the run {str(folder)!r} has no settings; it cannot be continued")
        wanted = json.loads(json.dumps(dict(settings)))
        if before != wanted:
            names = sorted(name for name in {*before, *wanted} if before.get(name) != wanted.get(name))
            name = names[0]
            raise DataError(
                f"the run {str(folder)!r} was made with {name}={before.get(name)!r}, not {wanted.get(name)!r}; "
                "continue it with the settings in its manifest, or start a new one"
            )
        run = cls(folder, settings)
        path = folder / TRAJECTORIES
        whole = 0
        for trajectory, end in _read_lines(path) if path.exists() else ():
            run.finished[trajectory.episode_id] = trajectory
            whole = end
        run._file = path.open("a", encoding="ascii")
        if whole < path.stat().st_size:
            os.truncate(path, whole)
        return run

    def append(self, trajectory: Trajectory) -> None:
        """Keep one finished episode; it is on its way to the disk when this returns."""
        if self._file is None:
            raise ValueError("the run is closed")
        self._file.write(trajectory.to_json() + "\n")
        self._file.flush()
        self.finished[trajectory.episode_id] = trajectory

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest.

    Raises:
        DataError: If the folder is not a run.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{str(folder)!r} is not a run: {error}") from error
    if not isinstance(manifest, dict):
        raise DataError(f"{str(folder)!r} is not a run: its manifest is no JSON object")
    return manifest


def read_trajectories(folder: Path) -> Iterator[Trajectory]:
    """The trajectories of a run, in the order in which they finished; a last line that was cut off is left out.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    read_manifest(folder)
    for trajectory, _ in _read_lines(folder / TRAJECTORIES):
        yield trajectory


def _read_lines(path: Path) -> Iterator[tuple[Trajectory, int]]:
    """Each whole line's trajectory, and where in the file the line ends."""
    end = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                try:
                    yield Trajectory.from_json(line.decode("ascii")), end
                except (DataError, UnicodeDecodeError) as error:
                    raise DataError(f"{path}, line {number}: {error}") from error
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
