"""Runs and pools in which a stranger put links, pipes and devices where files are expected."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kept_runs import keep, solved

from toolgym.curricula.folder import Saved, write_saved, writing
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.runs import Run, files, open_tables, read_manifest, read_trajectories
from toolgym.runs.files import MANIFEST, TIMINGS, TRAJECTORIES, VOIDED, replace_whole

PRECIOUS = b"line one\nprecious last line without newline"
LINK = "is a link; toolgym writes into no links"


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    """A file of the user, which is as it was after each test."""
    path = tmp_path / "victim"
    path.write_bytes(PRECIOUS)
    yield path
    assert path.read_bytes() == PRECIOUS


def put(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def whole(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.is_symlink()}


@pytest.mark.parametrize("name", [MANIFEST, TRAJECTORIES, TIMINGS, VOIDED, ".lock"])
def test_a_run_with_a_link_is_neither_started_nor_resumed(
    mock: Domain, victim: Path, tmp_path: Path, name: str
) -> None:
    folder = keep(tmp_path / "x", solved(mock))
    settings = read_manifest(folder)["settings"]
    put(folder / name, victim)
    before = whole(folder)
    with pytest.raises(DataError, match=rf"{name}' {LINK}"):
        Run.resume(folder, settings)
    assert whole(folder) == before
    if name != TRAJECTORIES:
        (folder / TRAJECTORIES).write_bytes(b"")
    before = whole(folder)
    with pytest.raises(DataError, match=rf"{name}' {LINK}"):
        Run.start(folder, settings)
    assert whole(folder) == before


@pytest.mark.parametrize("name", [TRAJECTORIES, VOIDED])
def test_links_that_come_while_a_run_is_played_are_not_written_through(
    mock: Domain, victim: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "x"
    rows = [solved(mock, trial=trial) for trial in (1, 0)]
    with Run.start(folder, {}) as run:
        for row in rows:
            run.append(row)
        put(folder / name, victim)
        with pytest.raises(DataError, match=LINK):
            run.finish([row.episode_id for row in reversed(rows)])
        if name == VOIDED:
            with pytest.raises(DataError, match=LINK):
                run.discard(rows[0])


@pytest.mark.parametrize("name", ["a", ".a.{}.partial"])
def test_a_file_is_not_replaced_through_a_link(victim: Path, tmp_path: Path, name: str) -> None:
    name = name.format(os.getpid())
    put(tmp_path / name, victim)
    with pytest.raises(DataError, match=LINK):
        replace_whole(tmp_path / "a", b"new")
    assert (tmp_path / name).is_symlink()


def test_what_this_process_left_behind_is_replaced(tmp_path: Path) -> None:
    (tmp_path / f".a.{os.getpid()}.partial").write_bytes(b"left")
    replace_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_pool_with_a_link_is_not_written(victim: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pool"
    folder.mkdir()
    put(folder / "curriculum.json", victim)
    with pytest.raises(DataError, match=LINK):
        write_saved(folder, Saved("general", "mock", "toolgym", {}))
    (folder / "curriculum.json").unlink()
    for name in (".lock", "curriculum.json", "rounds", "worlds"):
        put(folder / name, tmp_path if name in ("rounds", "worlds") else victim)
        with pytest.raises(DataError, match=LINK), writing(folder):
            pass
        (folder / name).unlink()


@pytest.mark.parametrize("name", [TRAJECTORIES, TIMINGS, MANIFEST])
@pytest.mark.parametrize("kind", ["pipe", "device", "link out"])
def test_what_is_no_regular_file_in_its_folder_is_not_read(
    mock: Domain, victim: Path, tmp_path: Path, name: str, kind: str
) -> None:
    folder = keep(tmp_path / "x", solved(mock))
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero" if kind == "device" else victim)
    with pytest.raises(DataError, match=name), open_tables({"x": folder}, ["episodes"]):
        pass
    with pytest.raises(DataError, match=name):
        list(read_trajectories(folder))


def test_a_link_within_the_folder_is_read(mock: Domain, tmp_path: Path) -> None:
    folder = keep(tmp_path / "x", solved(mock))
    (folder / TRAJECTORIES).rename(folder / "kept.jsonl")
    (folder / TRAJECTORIES).symlink_to("kept.jsonl")
    assert len(list(read_trajectories(folder))) == 1


def test_a_line_has_a_limit_for_all_that_read_it(mock: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = keep(tmp_path / "x", solved(mock))
    monkeypatch.setattr(files, "LARGEST_LINE", 1000)
    with pytest.raises(DataError, match="line 1: it has more than"), open_tables({"x": folder}, ["episodes"]):
        pass
    with pytest.raises(DataError, match="line 1: it has more than"):
        list(read_trajectories(folder))
