"""A training that is killed again and again comes to what one comes to that is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from killed_training import random_policy
from safetensors.torch import load_file

DEATHS = {
    "raft": [
        "round-0-bootstrap:3",
        "round-1-mine:4",
        "round-1-refresh:before keeping",
        "round-1-train:3",
        "round-2-refresh:after keeping",
        "round-2-train:before keeping",
    ],
    # after the second step a refresh is made, which no checkpoint knows of when it dies in the third
    "sentinel": ["round-1-train:1", "round-1-train:3", "round-1-train:5"],
}
TIMES = {"cpu_seconds", "rollout_cpu_seconds", "update_cpu_seconds", "refresh_cpu_seconds", "tokens_per_cpu_second"}


def without_times(value: Any, folder: Path) -> Any:
    """Figures without those of a clock, and without the name of their folder."""
    if isinstance(value, dict):
        return {name: without_times(one, folder) for name, one in value.items() if name not in TIMES}
    if isinstance(value, list):
        return [without_times(one, folder) for one in value]
    return value.replace(str(folder), "") if isinstance(value, str) else value


def came_to(folder: Path) -> dict[str, Any]:
    """What a training came to, without its weights."""
    steps = [json.loads(line) for line in (folder / "steps.jsonl").read_text("utf-8").splitlines()]
    reports = sorted((folder / "curriculum" / "rounds").glob("*/report.json"))
    found = {
        "progress": json.loads((folder / "progress.json").read_text("utf-8")),
        "steps": steps,
        "curriculum": json.loads((folder / "curriculum-state.json").read_text("utf-8")),
        "rounds": [json.loads(path.read_text("utf-8")) for path in reports],
    }
    return dict(without_times(found, folder))


@pytest.mark.parametrize("curriculum", DEATHS)
def test_a_training_that_is_killed_comes_to_the_same_figures_tasks_and_weights(tmp_path: Path, curriculum: str) -> None:
    policy = random_policy(tmp_path / "policy")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    program = [sys.executable, str(Path(__file__).with_name("killed_training.py")), curriculum, str(policy)]
    subprocess.run([*program, str(whole)], check=True, capture_output=True, timeout=600)
    for death in DEATHS[curriculum]:
        ended = subprocess.run([*program, str(killed), death], capture_output=True, text=True, timeout=600)
        assert ended.returncode == -9, (death, ended.stderr[-2000:])
    subprocess.run([*program, str(killed)], check=True, capture_output=True, timeout=600)
    assert came_to(killed) == came_to(whole)
    last = sorted((whole / "policies").glob("round-*"))[-1].name
    weights = [load_file(folder / "policies" / last / "model.safetensors") for folder in (whole, killed)]
    assert {name: bool((one == weights[1][name]).all()) for name, one in weights[0].items()} == dict.fromkeys(
        weights[0], True
    )
    before = load_file(whole / "policies" / "round-0" / "model.safetensors")
    assert any(bool((one != before[name]).any()) for name, one in weights[0].items())
