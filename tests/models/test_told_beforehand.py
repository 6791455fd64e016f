"""What can be told before a run begins is told then: in a line, quickly, and no folder is left."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, told
from kept_runs import keep, missed, solved
from server import Answer, Request, Server, completion, error

from toolgym.domain import Domain

Command = Callable[..., Done]

DEAD = "http://127.0.0.1:9/v1"
LIST = Answer({"data": [{"id": "right"}]})
LATEST_S = 2.0
"""Seconds until one is told, once the command has started."""


def only_right(request: Request) -> Answer | Mapping[str, Any]:
    """A server that knows one model."""
    if request.body["model"] != "right":
        return error(404, "no such model", code="model_not_found")
    return completion("Goodbye.")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(only_right, models=LIST) as started:
        yield started


def model(role: str, name: str, url: str) -> list[str]:
    return [f"--{role}-model", name, f"--{role}-base-url", url]


EVAL = ("eval", "mock", "--trials", "1")


@pytest.mark.parametrize("role", ["agent", "user", "judge"])
def test_a_dead_server_is_told_within_two_seconds_and_no_folder_is_made(
    run: Command, server: Server, role: str
) -> None:
    roles = dict.fromkeys(("agent", role), server.url) | {role: DEAD}
    options = [part for name, url in roles.items() for part in model(name, "right", url)]
    run(*EVAL, *options)  # what is imported once is imported
    before = time.monotonic()
    line = told(run(*EVAL, *options))
    assert time.monotonic() - before < LATEST_S
    assert f"the {role}'s model: right at {DEAD} failed" in line
    assert f"--{role}-base-url" in line
    assert not Path("runs").exists()
    assert not server.requests


def test_a_model_that_the_server_does_not_have_is_told_with_those_that_it_has(run: Command, server: Server) -> None:
    before = time.monotonic()
    line = told(run(*EVAL, *model("agent", "wrong", server.url), *model("user", "right", server.url)))
    assert time.monotonic() - before < LATEST_S
    assert "the agent's model: wrong at " in line
    assert "no such model" in line
    assert "right" in line.partition("no such model")[2]
    assert not Path("runs").exists()


def test_roles_that_share_a_model_are_asked_and_told_once(run: Command, server: Server) -> None:
    options = model("user", "wrong", server.url) + model("judge", "wrong", server.url)
    line = told(run(*EVAL, *options))
    assert "the user's and the judge's model: wrong" in line
    assert len(server.requests) == 1


def test_every_command_with_a_model_asks_it_first(run: Command, mock: Domain) -> None:
    keep(Path("runs/x"), missed(mock), solved(mock, trial=1), split="train")
    for role, command in (
        ("user", ("play", "mock")),
        ("agent", ("play", "mock", "--as", "user")),
        ("judge", ("regrade", "x", "--write", "y")),
        ("analyst", ("failures", "x", "--out", "reports.jsonl")),
        ("proposer", ("curriculum", "refresh", "mock", "--no-controller")),
        ("solver", ("curriculum", "refresh", "mock", "--no-controller")),
        ("analyst", ("curriculum", "refresh", "mock", "--no-controller")),
    ):
        line = told(run(*command, *model(role, "m", DEAD)))
        assert f"the {role}'s model: m at {DEAD}" in line
    assert sorted(path.name for path in Path().iterdir()) == ["runs"]
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_a_dead_server_changes_nothing_of_a_run_that_goes_on_and_a_whole_run_needs_none(
    run: Command, server: Server
) -> None:
    options = (*EVAL, "--name", "x", "--resume")
    first = run(*EVAL, *model("agent", "right", server.url), "--name", "x", "--json")
    folder = Path("runs/x-llm")
    shown = run(*options, *model("agent", "right", DEAD), "--json")
    assert shown.json == first.json
    manifest, lines = (folder / "manifest.json").read_bytes(), (folder / "trajectories.jsonl").read_bytes()
    cut = lines[: lines.rindex(b"\n", 0, -1) + 1]
    (folder / "trajectories.jsonl").write_bytes(cut)
    told(run(*options, *model("agent", "right", "http://127.0.0.1:8/v1")))
    assert (folder / "trajectories.jsonl").read_bytes() == cut
    assert (folder / "manifest.json").read_bytes() == manifest


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--agent", "clerk"), "No agent named 'clerk'"),
        (("--agent", "oracle", "--agent", "clerk"), "No agent named 'clerk'"),
        (("--backend", "ray"), "pip install 'toolgym[ray]'"),
        (("--task", "test-999"), "Did you mean 'test-0"),
        (("--task", "dev-001"), "the split 'test' of 'mock'"),
        (("--runs", "file/runs"), "cannot be written"),
        (("--tau2-results", "file/r.json", "--data", "tau2"), "'file/r.json' cannot be written"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_played_is_told_before_a_folder_is_made(
    run: Command, monkeypatch: pytest.MonkeyPatch, mock: Domain, options: tuple[str, ...], named: str
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for place in ("toolgym.registration", "toolgym.registration.parts"):
        monkeypatch.setattr(f"{place}.make_domain", lambda *_: mock)
    Path("file").touch()
    assert named in told(run(*EVAL, *options))
    assert not Path("runs").exists()


def test_a_missing_extra_is_told_before_anything_is_asked_or_written(
    run: Command, monkeypatch: pytest.MonkeyPatch, mock: Domain, server: Server
) -> None:
    keep(Path("kept/x"), missed(mock))
    monkeypatch.setitem(sys.modules, "sklearn", None)
    analyst = model("analyst", "right", server.url)
    line = told(run("failures", "kept/x", "--clusters", "--out", "r.jsonl", *analyst))
    assert "pip install 'toolgym[curriculum]'" in line
    monkeypatch.setitem(sys.modules, "openai", None)
    assert "pip install 'toolgym[llm]'" in told(run(*EVAL, *model("agent", "right", server.url)))
    assert not server.requests
    assert [path.name for path in Path().iterdir()] == ["kept"]


FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from toolgym.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_disk_that_is_full_leaves_no_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-c", FULL_DISK, *EVAL, "--agent", "oracle", "--agent", "no-op"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be written: [Errno 27] File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_of_several_runs_of_which_one_cannot_be_made_none_is_left(run: Command) -> None:
    Path("runs").mkdir()
    Path("runs/x-no-op").touch()
    assert "cannot be written" in told(run(*EVAL, "--agent", "oracle", "--agent", "no-op", "--name", "x"))
    assert [path.name for path in Path("runs").iterdir()] == ["x-no-op"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_retries_show_in_the_progress_line(tmp_path: Path) -> None:
    busy = error(429, "slow down", headers={"retry-after": "1"})
    with Server(busy, busy, completion("Goodbye.")) as started:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "toolgym", *EVAL, *model("agent", "m", started.url), "--json"]
        task = ["--task", "test-001", "--concurrency", "1"]
        process = subprocess.Popen(
            [*command, *task],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "200", "TERM": "xterm"},
        )
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # nobody writes any more
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        assert process.wait() == 0
    assert b"1 retry, waiting" in shown
    assert b"2 retries" in shown
    assert b"429 slow down" in shown
