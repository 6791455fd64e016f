"""Runs that survive: a killed process, a file cut anywhere, a full disk, a folder that cannot be written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluations import evaluate

from toolgym import make_agent, make_user
from toolgym.domain import Agent, Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.rollouts import Settings
from toolgym.runs import Run, read_trajectories
from toolgym.runs.files import MANIFEST, TIMINGS, TRAJECTORIES, VOIDED
from toolgym.tasks import Task
from toolgym.trajectory import Fault, Trajectory

EVAL = [sys.executable, "-m", "toolgym", "eval", "retail", "--split", "dev", "--agent", "novice", "--trials", "1"]
EPISODES = 110
SETTINGS = Settings("mock", "test", "novice", trials=2)


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


class Drowsy:
    """The minimal user, which sometimes lets others go first."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.inner: Agent = make_user("minimal")(domain, task, rng)
        self.rng = rng

    async def respond(self, view: Sequence[Message]) -> Message:
        import asyncio

        for _ in range(int(self.rng.integers(6))):
            await asyncio.sleep(0)
        answer = self.inner.respond(view)
        assert isinstance(answer, Message)
        return answer


def complete(domain: Domain, folder: Path, concurrency: int) -> None:
    """Play what a run lacks."""
    begin = Run.resume if (folder / MANIFEST).exists() else Run.start
    with begin(folder, SETTINGS.as_dict()) as run:
        agent = make_agent("oracle")
        evaluate(run, SETTINGS, domain, domain.tasks["test"][:8], agent, Drowsy, concurrency=concurrency)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_killed_ten_times_and_resumed_is_the_run_that_was_never_killed(tmp_path: Path) -> None:
    subprocess.run([*EVAL, "--runs", str(tmp_path), "--name", "calm"], check=True, capture_output=True)
    folder = tmp_path / "killed-novice"
    rng = np.random.default_rng(4)
    moments = sorted(rng.choice(EPISODES, 7, replace=False))
    for moment in [None, *moments[:3], None, *moments[3:], None]:
        resume = ["--resume"] if folder.exists() else []
        process = subprocess.Popen(
            [*EVAL, "--runs", str(tmp_path), "--name", "killed", *resume],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if moment is None:  # whatever it is doing then
            time.sleep(float(rng.uniform(0.05, 1.5)))
        else:
            while process.poll() is None and lines_of(folder / TRAJECTORIES) <= moment:
                time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
    resume = ["--resume"] if folder.exists() else []
    subprocess.run([*EVAL, "--runs", str(tmp_path), "--name", "killed", *resume], check=True, capture_output=True)
    for name in (MANIFEST, TRAJECTORIES):
        assert (folder / name).read_bytes() == (tmp_path / "calm-novice" / name).read_bytes()
    assert len({row.episode_id for row in read_trajectories(folder)}) == lines_of(folder / TRAJECTORIES) == EPISODES


def test_a_run_cut_at_a_hundred_places_and_resumed_is_the_same_byte_for_byte(mock: Domain, tmp_path: Path) -> None:
    complete(mock, tmp_path / "whole", concurrency=1)
    whole = (tmp_path / "whole" / TRAJECTORIES).read_bytes()
    folder = tmp_path / "cut"
    complete(mock, folder, concurrency=5)
    path = folder / TRAJECTORIES
    assert path.read_bytes() == whole
    rng = np.random.default_rng(0)
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for offset in [0, 1, ends[0] - 1, ends[0], ends[-1] - 1, *rng.integers(len(whole), size=95)]:
        path.write_bytes(whole[:offset])
        os.truncate(folder / TIMINGS, int(rng.integers((folder / TIMINGS).stat().st_size + 1)))
        complete(mock, folder, concurrency=int(rng.integers(1, 9)))
        assert path.read_bytes() == whole
        assert all(row.seconds is None or row.seconds > 0 for row in read_trajectories(folder))


def test_a_run_holds_the_same_bytes_whatever_is_played_at_once(mock: Domain, tmp_path: Path) -> None:
    contents = set()
    for concurrency in (1, 2, 16, 100):
        complete(mock, tmp_path / str(concurrency), concurrency)
        contents.add((tmp_path / str(concurrency) / TRAJECTORIES).read_bytes())
    assert len(contents) == 1


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = int(sys.argv.pop())
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from toolgym.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_full_disk_is_told_and_loses_no_finished_episode(tmp_path: Path) -> None:
    command = [*EVAL[3:], "--runs", str(tmp_path), "--name", "full"]
    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *command, str(300_000)], capture_output=True, text=True, check=False
    )
    path = tmp_path / "full-novice" / TRAJECTORIES
    kept = path.read_bytes()
    assert told.returncode == 2
    assert "File too large" in told.stderr
    assert "--resume" in told.stderr
    assert kept.endswith(b"\n")
    assert 0 < lines_of(path) < EPISODES
    assert f"{lines_of(path)} of {EPISODES} episodes" in " ".join(told.stderr.split())
    subprocess.run([*EVAL, "--runs", str(tmp_path), "--name", "full", "--resume"], check=True, capture_output=True)
    assert set(kept.splitlines()) <= set(path.read_bytes().splitlines())
    assert lines_of(path) == EPISODES


@pytest.mark.parametrize("place", ["file/runs", "/proc/runs"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_played(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    where = tmp_path / place
    if not where.parent.exists():
        pytest.skip("there is no /proc here")
    with pytest.raises(DataError, match="cannot be written"):
        complete(None, where / "run", 1)  # type: ignore[arg-type]  # it does not come to the domain


@pytest.fixture
def folder_of_another() -> Iterator[Path]:
    """A folder in which this process may read and, once it is made read-only, not write, even if it is root's."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        for path in folder.rglob("*"):
            path.chmod(0o700)
        shutil.rmtree(folder)


def make_read_only(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(65534)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")
def test_a_read_only_run_is_told_and_not_touched(mock: Domain, folder_of_another: Path) -> None:
    run = folder_of_another / "run"
    complete(mock, run, 1)
    before = (run / TRAJECTORIES).read_bytes()
    os.truncate(run / TRAJECTORIES, before.rindex(b"\n", 0, -1) + 1)
    before = (run / TRAJECTORIES).read_bytes()
    make_read_only(folder_of_another)
    with pytest.raises(DataError, match=r"cannot be written: .*Permission denied"):
        complete(mock, run, 1)
    assert (run / TRAJECTORIES).read_bytes() == before
    assert len(list(read_trajectories(run))) == 15


def test_a_last_line_that_is_whole_but_broken_is_told_with_its_number_and_the_others_are_kept(
    mock: Domain, tmp_path: Path
) -> None:
    complete(mock, tmp_path / "run", 1)
    path = tmp_path / "run" / TRAJECTORIES
    whole = path.read_bytes()
    *kept, last = whole.splitlines(keepends=True)
    broken = b"".join(kept) + b"\0" * (len(last) - 1) + b"\n"
    path.write_bytes(broken)
    with pytest.raises(DataError, match=rf"line {len(kept) + 1}: .*delete this one"):
        complete(mock, tmp_path / "run", 1)
    assert path.read_bytes() == broken
    path.write_bytes(b"".join(kept))
    complete(mock, tmp_path / "run", 1)
    assert path.read_bytes() == whole


def test_a_run_is_written_by_one_process_at_a_time(mock: Domain, tmp_path: Path) -> None:
    with (
        Run.start(tmp_path / "run", SETTINGS.as_dict()),
        pytest.raises(DataError, match="being written by another process"),
    ):
        Run.resume(tmp_path / "run", SETTINGS.as_dict())
    Run.resume(tmp_path / "run", SETTINGS.as_dict()).close()


def test_a_run_whose_manifest_is_lost_is_not_begun_anew(mock: Domain, tmp_path: Path) -> None:
    complete(mock, tmp_path / "run", 1)
    before = (tmp_path / "run" / TRAJECTORIES).read_bytes()
    (tmp_path / "run" / MANIFEST).unlink()
    with pytest.raises(DataError, match="holds episodes already"):
        complete(mock, tmp_path / "run", 1)
    assert (tmp_path / "run" / TRAJECTORIES).read_bytes() == before


def test_a_cut_line_of_what_was_broken_off_hinders_nothing(mock: Domain, tmp_path: Path) -> None:
    complete(mock, tmp_path / "run", 1)
    row = next(read_trajectories(tmp_path / "run"))
    stopped = replace(row, fault=Fault("service", "broken off"), grade=None)
    with Run.resume(tmp_path / "run", SETTINGS.as_dict()) as run:
        run.discard(stopped)
    path = tmp_path / "run" / VOIDED
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:50])
    with Run.resume(tmp_path / "run", SETTINGS.as_dict()) as run:
        run.discard(stopped)
    lines = [Trajectory.from_json(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert [line.fault.attempt if line.fault else None for line in lines] == [0, 1]
