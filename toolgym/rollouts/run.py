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
        if folder.exists():
            raise DataError(f"the run {str(folder)!r} exists; choose another name, or continue it with --resume")
        run = cls(folder, settings)
        manifest = {
            "settings": run.settings,
            "worlds": sorted(set(worlds)),
            "versions": {"toolgym": version("toolgym"), "python": platform.python_version()},
        }
        try:
            folder.mkdir(parents=True)
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            run._file = (folder / TRAJECTORIES).open("a", encoding="ascii")
        except OSError as error:
            raise DataError(f"the run {str(folder)!r} cannot be written: {error}") from error
        return run

    @classmethod
    def resume(cls, folder: Path, settings: Mapping[str, Any]) -> Run:
        """Continue a run; a last line that was cut off is removed.

        Raises:
            DataError: If there is no such run, or it was made with other settings.
        """
        before = read_manifest(folder)["settings"]
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
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].decode("ascii").splitlines():
            trajectory = Trajectory.from_json(line)
            run.finished[trajectory.episode_id] = trajectory
        run._file = path.open("a", encoding="ascii")
        if whole < len(data):
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
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{str(folder)!r} is not a run: {error}") from error
    return manifest


def read_trajectories(folder: Path) -> Iterator[Trajectory]:
    """The trajectories of a run, in the order in which they finished.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    read_manifest(folder)
    with (folder / TRAJECTORIES).open(encoding="ascii") as file:
        for line in file:
            yield Trajectory.from_json(line)
