"""What commands print fits the width that there is, and nothing in it is cut."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from print_tables import LONG

WIDTHS = (120, 80, 60)
RUN = "a-baseline-of-the-second-week-oracle"
AGENTS = ("oracle", "no-op", "always-transfer")
PLAYED = ["eval", "mock", "--trials", "4", "--name", "a-baseline-of-the-second-week", "--resume"]
PLAYED += [part for agent in AGENTS for part in ("--agent", agent)]
MADE = {
    "played": [*(part for part in PLAYED if part != "--resume"), "--json"],
    "train": ["eval", "mock", "--split", "train", "--agent", "no-op", "--trials", "1", "--name", "first"],
    "pool": ["curriculum", "refresh", "mock", "--from", "first-no-op", "--tasks", "8", "--pool", "pool"],
    "over": ["eval", "mock", "--pool", "pool", "--agent", "no-op", "--trials", "2", "--name", "second", "--json"],
    "tasks": ["tasks", "list", "mock", "--json"],
}
COMMANDS = {
    "eval": PLAYED,
    "eval with models": ["figures"],
    "runs list": ["runs", "list"],
    "runs show": ["runs", "show", RUN],
    "runs query": ["runs", "query", RUN, "SELECT task_id, trial, termination, success FROM episodes"],
    "runs query of everything": ["runs", "query", RUN, "SELECT * FROM episodes LIMIT 3"],
    "runs query of texts": ["runs", "query", RUN, "SELECT episode, content FROM messages LIMIT 30"],
    "view of many": ["view", RUN],
    "view of one": ["view", RUN, "--limit", "1"],
    "regrade": ["regrade", RUN],
    "tasks list": ["tasks", "list", "mock"],
    "tasks show": ["tasks", "show", "mock", "test-009"],
    "tasks check": ["tasks", "check", "mock"],
    "tasks synthesize": ["tasks", "synthesize", "mock", "--count", "2", "--out", "made-{width}"],
    "failures": ["failures", "second-no-op", "--against", "first-no-op"],
    "curriculum refresh": [
        "curriculum",
        "refresh",
        "mock",
        "--from",
        "first-no-op",
        "--tasks",
        "8",
        "--pool",
        "p{width}",
    ],
    "curriculum show": ["curriculum", "show", "pool"],
    "bench": ["bench", "--domain", "mock"],
    "doctor": ["doctor"],
    "play": ["play", "mock", "--task", "test-008"],
}
NAMES = {
    "eval": AGENTS,
    "eval with models": ("oracle", LONG, "1,234,567", "9,876,543,210", "123,456,789", "12,345.6789"),
    "runs list": (RUN, *AGENTS, "mock", "minimal"),
    "runs query": ("test-001", "user_stop"),
    "runs query of everything": ("test-001", "user_stop", RUN),
    "view of many": ("test-001", "user_stop", "success"),
    "tasks check": ("certificate", "duplicate"),
    "failures": ("wrong_record", "item_from_another_record", "needless_transfer", "execution control"),
    "curriculum refresh": ("substance", "ended_early"),
    "curriculum show": ("ended_early",),
    "bench": ("episode_100x_world_lazy_cold", "1,234,567.8", "12,345.67"),
    "doctor": ("TAU2_DATA_DIR", "gymnasium", "domain retail"),
    "play": ("update_task_status(task_id='task_8',",),
}
"""Some of what stands whole on one line."""


class Told(NamedTuple):
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str


def printed(folder: Path, width: int, commands: dict[str, list[str]]) -> dict[str, Told]:
    """How commands end in a pipe of a width."""
    environment = {name: value for name, value in os.environ.items() if name != "TAU2_DATA_DIR"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("print_tables.py"))],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=environment | {"COLUMNS": str(width)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: Told(*found) for name, found in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs and a pool."""
    return tmp_path_factory.mktemp("widths")


@pytest.fixture(scope="module")
def made(folder: Path) -> dict[str, Any]:
    """What was played and made in the folder, as JSON where that was asked for."""
    done = printed(folder, 200, MADE)
    assert {name: told.code for name, told in done.items()} == dict.fromkeys(MADE, 0), done
    return {name: json.loads(told.out) for name, told in done.items() if "--json" in MADE[name]}


@pytest.fixture(scope="module", params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    """A width."""
    return int(request.param)


@pytest.fixture(scope="module")
def out(folder: Path, made: dict[str, Any], width: int) -> dict[str, Told]:
    """What every command prints in that width."""
    commands = {name: [part.format(width=width) for part in parts] for name, parts in COMMANDS.items()}
    return printed(folder, width, commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_wider_than_the_terminal(out: dict[str, Told], width: int, command: str) -> None:
    code, text = out[command]
    assert code == 0, text
    lines = text.replace("assistant> ", "").splitlines()  # what is typed after it is not in the output
    wide = [line for line in lines if len(line) > width]
    assert [line for line in wide if max(map(len, line.split())) < width - 20] == []  # a path is not broken


@pytest.mark.parametrize("command", COMMANDS)
def test_no_column_is_without_width_and_no_cell_is_cut(out: dict[str, Told], command: str) -> None:
    text = out[command].out
    assert not re.search("┃┃|││|━┳┳|╇╇", text)
    if command not in ("view of one", "tasks show"):  # these cut the long results of tools, and say so
        assert "…" not in text


@pytest.mark.parametrize("command", NAMES)
def test_names_and_numbers_stand_whole_on_a_line(out: dict[str, Told], command: str) -> None:
    assert [name for name in NAMES[command] if name not in out[command].out] == []


def test_every_interval_of_an_evaluation_stands_whole_beside_its_agent(
    out: dict[str, Told], made: dict[str, Any]
) -> None:
    for agent, figures in made["played"]["agents"].items():
        told = [line for line in out["eval"].out.splitlines() if agent in line]
        for one in figures["pass_hat"].values():
            mean, low, high = (100 * one[name] for name in ("mean", "low", "high"))
            assert any(f"{mean:.1f} ({low:.0f}-{high:.0f})" in line for line in told)
    assert out["eval with models"].out.count("100.0 (97-100)") == 2 * (8 + 3)
    for heading in ("Pass^1 (95 %)", "Pass^8 (95 %)", "tasks", "not judged", "void", "DB match", "consent (95 %)"):
        assert heading in out["eval with models"].out


def test_every_task_and_every_episode_is_listed_whole(out: dict[str, Told], made: dict[str, Any]) -> None:
    for split, tasks in made["tasks"].items():
        for task in tasks:
            assert re.search(rf"\b{split}\b.*\b{task['id']}\b", out["tasks list"].out)
    for task in made["tasks"]["test"]:
        for trial in range(4):
            assert f"{task['key']}-{trial}" in out["view of many"].out


def test_the_shares_of_failures_stand_whole(out: dict[str, Told], folder: Path) -> None:
    answer = printed(folder, 200, {"json": ["failures", "second-no-op", "--against", "first-no-op", "--json"]})["json"]
    for name, figures in json.loads(answer.out)["patterns"].items():
        if figures["failures"]:
            share = {key: 100 * value for key, value in figures["share"].items()}
            told = f"{share['mean']:.1f} ({share['low']:.0f}-{share['high']:.0f})"
            assert re.search(rf"{name}.*{re.escape(told)}", out["failures"].out)
