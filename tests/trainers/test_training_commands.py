"""``toolgym sft`` and ``toolgym train`` as a user gives them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done, told

pytest.importorskip("torch")
pytest.importorskip("transformers")

from killed_training import random_policy

Command = Callable[..., Done]
SMALL = """
steps = 2
tasks = 2
group_size = 2
mining_trials = 1
mining_tasks = 3
made = 3
solver_trials = 0
rows = 8

[grpo]
kl = 0.0

[measuring]
tasks = 2
trials = 1
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_policy(tmp_path_factory.mktemp("policy") / "mine")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def asked(folder: Path) -> Any:
    """The settings that a training has kept."""
    return json.loads((folder / "settings.json").read_text("utf-8"))["settings"]


def test_a_policy_learns_from_scratch_and_is_an_agent(run: Command, tmp_path: Path) -> None:
    folder = str(tmp_path / "tiny")
    command = ("sft", "mock", "--out", folder, "--demonstrations", "24", "--batch", "8", "--json")
    first = run(*command).json
    assert (first["steps"], first["demonstrations"], first["threads"]) == (3, 24, 1)
    assert first["cpu_seconds"] > 0
    assert run(*command).json == first  # it is finished: nothing is done again
    played = run("eval", "mock", "--agent", folder, "--split", "train", "--task", "train-001", "--json")
    assert played.code == 0
    (agent,) = played.json["agents"].values()
    assert (agent["tasks"], agent["trials"]) == (1, 4)
    other = run("sft", "mock", "--out", folder, "--demonstrations", "32", "--batch", "8")
    assert "learned otherwise (settings differ" in told(other)


def test_a_pretrained_policy_learns_by_small_matrices(run: Command, tmp_path: Path, policy: Path) -> None:
    pytest.importorskip("peft")
    folder = tmp_path / "tuned"
    words = ("sft", "retail", "--policy", str(policy), "--out", str(folder), "--demonstrations", "2", "--batch", "2")
    done = run(*words, "--lora", "2")
    assert done.code == 0, done.err
    assert json.loads((folder / "toolgym_sft.json").read_text("utf-8"))["settings"]["lora"]["rank"] == 2
    assert (folder / "model.safetensors").is_file()
    assert re.search(r"learned +2 demonstrations", done.out)


def test_a_training_prints_before_and_after_and_where_everything_is(
    run: Command, tmp_path: Path, policy: Path, settings: Path
) -> None:
    folder = tmp_path / "t"
    words = ("train", "retail", "--policy", str(policy), "--settings", str(settings), "--out", str(folder))
    done = run(*words, "--lora", "2", "--seed", "3")
    assert done.code == 0, done.err
    for row in ("oracle", "no-op", "before", "after round 1"):
        assert re.search(rf"^\W*{row} ", done.out, re.MULTILINE), row
    assert "Round 1 against before, T = 1, Pass^1: +0.0 points [-100.0, +100.0]: within noise." in done.out
    assert str(folder / "policies" / "round-1") in done.out.replace("\n", "")
    assert asked(folder)["seed"] == 3
    assert asked(folder)["lora"]["rank"] == 2
    assert "step 2 of 2" in done.err
    again = run(*words, "--lora", "2", "--seed", "3", "--json")
    assert [one["round"] for one in again.json["measured"]] == [0, 1]
    other = run(*words, "--seed", "4")
    assert "seed is 3 there and 4 here" in told(other)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--curriculum", "general", "--rounds", "2"), {"curriculum": "general", "rounds": 2, "mining_split": None}),
        (("--curriculum", "sentinel"), {"made": 3, "options": {"refresh_every": 288, "refresh_tasks": 30}}),
        (("--recency", "0.5", "--restart", "last"), {"options": {"base": 0.5, "recency": 0.5}, "restart": "last"}),
        (("--steps", "7", "--reward", "sparse"), {"steps": 7, "reward": "sparse"}),
    ],
    ids=lambda part: part[1] if isinstance(part, tuple) else "",
)
def test_what_the_command_line_says_wins_over_the_file(
    run: Command,
    tmp_path: Path,
    policy: Path,
    settings: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    kept: dict[str, Any],
) -> None:
    from toolgym_trainers.loop import Training

    def stopped(self: Training) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Training, "run", stopped)
    folder = tmp_path / "t"
    done = run("train", "retail", "--policy", str(policy), "--settings", str(settings), "--out", str(folder), *options)
    assert done.code == 130
    assert "To go on: the same command (with --out" in done.err.replace("\n", " ")
    found = asked(folder)
    assert {name: found[name] for name in kept} == kept
    assert (found["tasks"], found["measuring"]["trials"]) == (2, 1)  # as the file says


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--trainer", "ppo9"), "ppo9"),
        (("--curriculum", "rfat"), "Did you mean 'raft'"),
        (("--reward", "rich"), "rich"),
        (("--policy", "./nowhere"), "there is no policy './nowhere'"),
        (("--device", "toaster"), "--device 'toaster' cannot be used"),
        (("--settings", "nothing.toml"), "--settings 'nothing.toml' cannot be read"),
    ],
    ids=lambda part: part[1] if isinstance(part, tuple) else "",
)
def test_a_training_that_cannot_be_is_told_in_a_line_and_leaves_nothing(
    run: Command, tmp_path: Path, policy: Path, settings: Path, options: tuple[str, ...], why: str
) -> None:
    folder = tmp_path / "t"
    base = {"--policy": str(policy), "--settings": str(settings), "--out": str(folder)}
    given = {**base, **dict(zip(options[::2], options[1::2], strict=True))}
    assert why in told(run("train", "retail", *(word for pair in given.items() for word in pair)))
    assert not folder.exists()


def on_a_terminal(words: list[str], until: str, folder: Path) -> tuple[int, str]:
    """A command on a terminal, interrupted as soon as something is to be seen on it."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "toolgym", *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=folder,
        env={**os.environ, "COLUMNS": "160", "TERM": "xterm"},
    )
    os.close(follower)
    seen, end = "", time.monotonic() + 240
    sent = False
    while time.monotonic() < end:
        try:
            seen += os.read(leader, 4096).decode("utf-8", "replace")
        except OSError:  # the terminal is gone with the process
            break
        if not sent and until in seen:
            process.send_signal(signal.SIGINT)
            sent = True
    os.close(leader)
    return process.wait(timeout=60), seen


def test_on_a_terminal_one_view_shows_the_parts_and_ctrl_c_says_how_to_go_on(
    tmp_path: Path, policy: Path, settings: Path
) -> None:
    words = ["train", "retail", "--policy", str(policy), "--settings", str(settings), "--out", "t"]
    code, seen = on_a_terminal(words, "round 1: make tasks:", tmp_path)
    assert code == 130
    for text in ("before: play the references", "oracle Pass^1 100.0", "Pass^1 (95 %)", "interrupted; what is"):
        assert text in seen, text
    assert "Traceback" not in seen
    done = subprocess.run(
        [sys.executable, "-m", "toolgym", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "finished parts of this training; it goes on from there" in done.stderr.replace("\n", " ")
    assert "before: play the references" not in done.stderr
