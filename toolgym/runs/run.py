"""A run: a folder with a manifest and its trajectories, one a line, each kept as soon as it is finished.

::

    runs/<name>/
      manifest.json         settings, world digests, versions, and how they changed while the run went on
      trajectories.jsonl    one finished episode a line
      timings.jsonl         when each began and how long it took: all that differs between equal runs
      voided.jsonl          episodes that faults or an end of the run made void, after others took their place

While a run is played, trajectories are appended as they finish; :meth:`Run.finish` puts them into the order of the
tasks, so that two equal runs are equal byte for byte whatever was played at once and however often it was cut off.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from toolgym.errors import DataError
from toolgym.files.plain_files import open_to_append, open_to_read
from toolgym.runs.files import (
    LOCK,
    MANIFEST,
    TIMINGS,
    TRAJECTORIES,
    VOIDED,
    check_writable,
    cut,
    drop_cut_line,
    has_finished,
    locked,
    read_lines,
    read_manifest,
    replace_whole,
    whole_lines,
    write,
)
from toolgym.runs.identity import changes, check_extent, check_identity
from toolgym.trajectory import Trajectory


class _Line(NamedTuple):
    """Where the line of an episode stands in the file, and what is needed to know of it without reading it."""

    start: int
    end: int
    void: str | None
    """The source of its fault."""


class Run:
    """One run on disk, open for writing; use it as a context manager.

    Args:
        folder: Where it is.
        settings: What was asked for.

    Example:
        >>> import tempfile
        >>> from toolgym import make_agent, make_domain, make_user
        >>> from toolgym.rollouts import Evaluation, play_run
        >>> players = make_agent("oracle"), make_user("minimal")
        >>> asked = Evaluation(make_domain("mock"), "test", *players, chosen={"test-001": 1, "test-002": 1})
        >>> settings = asked.settings.as_dict()
        >>> with tempfile.TemporaryDirectory() as place, Run.start(Path(place) / "first", settings) as run:
        ...     play_run(run, asked)
        ...     [trajectory.success for trajectory in run.trajectories()]
        [True, True]
    """

    def __init__(self, folder: str | Path, settings: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        self.settings = dict(settings)
        self.cost_usd = 0.0
        """What its episodes cost so far, void ones included, as far as that is known."""
        self._file: IO[bytes] | None = None
        self._timings: IO[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._made: list[Path] = []
        self._lines: dict[str, _Line] = {}
        self._superseded: list[_Line] = []
        self._unjudged: dict[str, Trajectory] = {}
        self._attempts: dict[str, int] = {}
        self._apart: set[tuple[str, int]] = set()
        self._size = 0
        self._finished = 0

    @classmethod
    def start(cls, folder: str | Path, settings: Mapping[str, Any], worlds: Iterable[str] = ()) -> Run:
        """Make a new run, also where one stands that has no finished episode; its void ones are set aside.

        Args:
            folder: Where it will be.
            settings: What is asked for.
            worlds: Digests of the worlds in which it plays, for the manifest.

        Raises:
            DataError: If the folder is a run with finished episodes already, another process writes it, or it cannot be
                written; nothing new is left behind then.
        """
        folder = Path(folder)
        check_writable(folder)
        if (folder / MANIFEST).exists() and has_finished(folder):
            raise DataError(
                f"the run {str(folder)!r} exists; choose another name, or resume it (resume=True or --resume)"
            )
        run = cls(folder, settings)
        manifest = {"settings": run.settings, "worlds": sorted(set(worlds)), "versions": _versions()}
        try:
            run._make_folder()
            run._open()
            run._read()
            if len(run):  # of another process, or the manifest is lost
                raise DataError(
                    f"{str(folder)!r} holds episodes already, of a run whose manifest is not there or was written just "
                    "now; choose another name, or put its manifest.json back"
                )
            run._set_aside(list(run._lines.values()))
            for name in (TRAJECTORIES, TIMINGS):
                cut(folder / name, 0)
            run._lines, run._superseded, run._unjudged, run._size = {}, [], {}, 0
            run._write_manifest(manifest)
        except OSError as error:
            run.remove()
            raise DataError(f"the run {str(folder)!r} cannot be written: {error}") from error
        except BaseException:
            run.remove()
            raise
        return run

    @classmethod
    def resume(cls, folder: str | Path, settings: Mapping[str, Any]) -> Run:
        """Continue a run; a last line that was cut off is removed.

        Who plays what must be as before; how its models are reached, and how many trials of which tasks are played, may
        change (see :func:`~toolgym.runs.identity.check_identity`). The manifest then has the new settings, and under
        ``continued`` when that was, and each setting that changed with what it was and what it is.

        Raises:
            DataError: If there is no such run, other settings would make it another one, another process writes it, or
                a line of it is not a trajectory.
        """
        folder = Path(folder)
        check_writable(folder)
        manifest = read_manifest(folder)
        wanted = json.loads(json.dumps(dict(settings)))
        check_identity(folder, manifest.get("settings"), wanted)
        check_extent(folder, manifest["settings"], wanted)
        run = cls(folder, settings)
        try:
            run._open()
            run._read()
            cut(folder / TRAJECTORIES, run._size)
            for name in (TIMINGS, VOIDED):
                if (folder / name).exists():
                    drop_cut_line(folder / name)
            run._write_continued(manifest, wanted)
        except OSError as error:
            run.close()
            raise DataError(f"the run {str(folder)!r} cannot be written: {error}") from error
        except DataError:
            run.close()
            raise
        return run

    @classmethod
    def read(cls, folder: str | Path) -> Run:
        """A run as it stands on disk, to be looked at only; an empty one if there is none.

        Raises:
            DataError: If a line is not a trajectory.
        """
        run = cls(folder, {})
        if (run.folder / TRAJECTORIES).exists():
            run._read()
        return run

    def void(self, episode_id: str) -> str | None:
        """The source of the fault that made an episode void; None if it is not void, or was not played."""
        line = self._lines.get(episode_id)
        return line.void if line is not None else None

    def __contains__(self, episode_id: object) -> bool:
        """Whether an episode is finished; a void one is not."""
        line = self._lines.get(str(episode_id))
        return line is not None and line.void is None

    def __len__(self) -> int:
        """How many episodes are finished, void ones left out."""
        return self._finished

    def episodes(self) -> set[str]:
        """The ids of its episodes, finished or void."""
        return set(self._lines)

    @property
    def voids(self) -> int:
        """How many episodes are void."""
        return len(self._lines) - len(self)

    def append(self, trajectory: Trajectory) -> None:
        """Keep one finished episode; it survives the end of this process when this returns.

        An episode that was void before is replaced; one that is finished stays as it is.

        Raises:
            DataError: If it cannot be written; what was kept before stays whole.
            ValueError: If the run is closed, or the episode is finished already.
        """
        if self._file is None or self._timings is None:
            raise ValueError("the run is closed")
        name = trajectory.episode_id
        if name in self:
            raise ValueError(f"the episode {name} of the run {str(self.folder)!r} is finished already")
        trajectory = self._numbered(trajectory)
        start = self._size
        line = replace(trajectory, started=None, seconds=None).to_json().encode("ascii") + b"\n"
        timing = {"episode": name, "started": trajectory.started, "seconds": trajectory.seconds}
        try:
            write(self._timings, json.dumps(timing).encode("ascii") + b"\n")
            write(self._file, line)
        except OSError as error:
            self._file.truncate(start)
            raise DataError(
                f"the run {str(self.folder)!r} cannot be written: {error}; its {len(self)} finished episodes are "
                "kept: make room, and continue it with --resume"
            ) from error
        self._note(trajectory, start, start + len(line))

    def discard(self, trajectory: Trajectory) -> None:
        """Keep an episode that was broken off beside the others: it counts for nothing but its cost.

        Raises:
            DataError: If it cannot be written.
        """
        trajectory = self._numbered(trajectory)
        line = replace(trajectory, started=None, seconds=None).to_json().encode("ascii") + b"\n"
        try:
            with open_to_append(self.folder / VOIDED) as file:
                start = file.tell()
                try:
                    write(file, line)
                except OSError:
                    file.truncate(start)
                    raise
        except OSError as error:
            raise DataError(f"the run {str(self.folder)!r} cannot be written: {error}") from error
        self._count(trajectory)

    def trajectories(self) -> Iterator[Trajectory]:
        """What it holds, one an episode, in the order of the file; void ones included."""
        for line in sorted(self._lines.values()):
            yield Trajectory.from_json(self._bytes(line).decode("ascii"))

    def get(self, episode_id: str) -> Trajectory | None:
        """One episode, finished or void; None if it was not played."""
        line = self._lines.get(episode_id)
        return None if line is None else Trajectory.from_json(self._bytes(line).decode("ascii"))

    def finish(self, order: Sequence[str]) -> None:
        """Put the trajectories into an order, and those that others replaced into a file of their own.

        Args:
            order: Episode ids; those that are not in it come last, as they stand.

        Raises:
            DataError: If it cannot be written; the run is then as it was.
        """
        place = {name: number for number, name in enumerate(order)}
        names = sorted(self._lines, key=lambda name: (place.get(name, len(place)), self._lines[name].start))
        lines = [self._lines[name] for name in names]
        bounds = [0, *(bound for line in lines for bound in (line.start, line.end)), self._size]
        if not self._superseded and bounds[::2] == bounds[1::2]:
            return
        check_writable(self.folder)
        try:
            self._set_aside(self._superseded)
            ordered, size = {}, 0
            for name, line in zip(names, lines, strict=True):
                ordered[name] = _Line(size, size + line.end - line.start, line.void)
                size = ordered[name].end
            replace_whole(self.folder / TRAJECTORIES, map(self._bytes, lines))
            if self._file is not None:
                self._file.close()
            self._file = open_to_append(self.folder / TRAJECTORIES)
        except OSError as error:
            raise DataError(f"the run {str(self.folder)!r} cannot be put in order: {error}") from error
        self._lines, self._superseded, self._size = ordered, [], size

    def close(self) -> None:
        """Let go of its files."""
        for file in (self._file, self._timings, self._lock):
            if file is not None:
                file.close()
        self._file = self._timings = self._lock = None

    def remove(self) -> None:
        """Close it, and remove what :meth:`start` made of it."""
        self.close()
        for place in self._made:
            if place == self.folder:
                shutil.rmtree(place, ignore_errors=True)
            else:
                with suppress(OSError):  # another run may be in there by now
                    place.rmdir()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        """Take the lock, then open the files; unbuffered, so that a line is the kernel's when it is written."""
        self._lock = open_to_append(self.folder / LOCK)
        if not locked(self._lock):
            self.close()
            raise DataError(f"the run {str(self.folder)!r} is being written by another process; let it end first")
        self._file = open_to_append(self.folder / TRAJECTORIES)
        self._timings = open_to_append(self.folder / TIMINGS)

    def _read(self) -> None:
        """Take note of what is on disk."""
        if (self.folder / VOIDED).exists():
            for trajectory, *_ in read_lines(self.folder / VOIDED):
                self._count(trajectory)
        for trajectory, start, end in read_lines(self.folder / TRAJECTORIES):
            self._note(trajectory, start, end)

    def _set_aside(self, lines: Sequence[_Line]) -> None:
        """Put void lines beside the others; they count for nothing but their cost."""
        if lines:
            voided = self.folder / VOIDED
            kept = whole_lines(voided) if voided.exists() else []
            replace_whole(voided, b"".join(dict.fromkeys([*kept, *map(self._bytes, lines)])))

    def _make_folder(self) -> None:
        """Make its folder, and remember what was not there before."""
        self._made = [place for place in self.folder.parents if not place.exists()]
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # of a run that is empty, or another process was faster
            self.folder.mkdir()
            self._made.insert(0, self.folder)

    def _write_continued(self, manifest: dict[str, Any], settings: Mapping[str, Any]) -> None:
        """Note in the manifest what is new since it was written, if anything is."""
        versions, earlier = manifest.get("versions"), manifest.get("continued")
        now = {"settings": settings, "versions": _versions()}
        before = {"versions": versions if isinstance(versions, dict) else {}}
        if changed := changes(manifest["settings"], settings) | changes(before, {"versions": now["versions"]}):
            entry = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "changed": changed}
            self._write_manifest({**manifest, **now, "continued": [*(earlier or ()), entry]})

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        replace_whole(self.folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())

    def _note(self, trajectory: Trajectory, start: int, end: int) -> None:
        """Take note of a line of the file."""
        name = trajectory.episode_id
        before, unjudged = self._lines.get(name), self._unjudged.pop(name, None)
        if unjudged is not None and unjudged.messages == trajectory.messages:
            self.cost_usd -= unjudged.cost_usd  # judged again: what it used before is in the new line too
        elif before is not None:
            self._superseded.append(before)
        source = trajectory.fault.source if trajectory.fault is not None else None
        if source == "judge":
            self._unjudged[name] = trajectory
        if before is None or before.void is not None:
            self._finished += source is None
        elif source is not None:
            self._finished -= 1
        self._lines[name] = _Line(start, end, source)
        self._size = end
        self._count(trajectory)

    def _count(self, trajectory: Trajectory) -> None:
        """Count what an episode cost, once, wherever its line stands."""
        if trajectory.fault is not None:
            attempt = (trajectory.episode_id, trajectory.fault.attempt)
            if attempt in self._apart:
                return
            self._apart.add(attempt)
            self._attempts[trajectory.episode_id] = max(self._attempts.get(trajectory.episode_id, 0), attempt[1] + 1)
        self.cost_usd += trajectory.cost_usd

    def _numbered(self, trajectory: Trajectory) -> Trajectory:
        """A void trajectory with its attempt, so that no two lines of a run are the same."""
        attempt = self._attempts.get(trajectory.episode_id, 0)
        if trajectory.fault is None or not attempt:
            return trajectory
        return replace(trajectory, fault=replace(trajectory.fault, attempt=attempt))

    def _bytes(self, line: _Line) -> bytes:
        with open_to_read(self.folder / TRAJECTORIES) as file:
            file.seek(line.start)
            return file.read(line.end - line.start)


def cost_of(folder: Path) -> float:
    """What a run cost so far in US dollars, as far as that is known, with what it cost in vain.

    Raises:
        DataError: If a line is not a trajectory.
    """
    return Run.read(folder).cost_usd


def _versions() -> dict[str, str]:
    return {"toolgym": version("toolgym"), "python": platform.python_version()}
