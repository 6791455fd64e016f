"""The examples run as they stand: a training loop that learns, a model behind an endpoint, a domain as a package."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installed import install_project, python

from toolgym.certificates.stages import STAGES

EXAMPLES = Path(__file__).parents[2] / "examples"
LIBRARY = EXAMPLES / "library_domain"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the library is installed."""
    folder = tmp_path_factory.mktemp("site")
    install_project(folder, LIBRARY)
    return folder


def script(name: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def rows(output: str) -> Iterator[dict[str, str]]:
    """The lines of a table by its head."""
    head, *lines = (line.split() for line in output.splitlines())
    for line in lines:
        yield dict(zip(head, line, strict=True))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed: the extra train has it")
def test_the_training_loop_learns_and_its_curriculum_makes_tasks(tmp_path: Path) -> None:
    done = script("train_torch.py", tmp_path, "--groups", "250", "--seed", "0")
    assert done.returncode == 0, done.stderr
    curve = list(rows(done.stdout))
    first, last = (float(row["test"].removesuffix("%")) for row in (curve[0], curve[-1]))
    assert first < 25
    assert last > first + 25
    assert [row["episodes"] for row in curve] == ["0", "400", "800", "1200", "1600", "2000"]
    assert (curve[0]["refreshes"], curve[-1]["refreshes"]) == ("0", "2")
    assert int(curve[-1]["pool"]) > 20
    assert done.stderr.count("toolgym: sentinel: refresh ") == 2


def test_a_model_behind_an_endpoint_is_evaluated_and_its_results_are_read(tmp_path: Path) -> None:
    done = script("endpoint.py", tmp_path, "--runs", "mine")
    assert done.returncode == 0, done.stderr
    assert "Pass^1: 0.35 (" in done.stdout
    assert "tasks: 20, void: 0" in done.stdout
    assert "{'user_stop': 40}" in done.stdout
    (run,) = (tmp_path / "mine").iterdir()
    assert f"toolgym failures {run.name} --runs mine" in done.stdout


def test_an_endpoint_that_is_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = script("endpoint.py", tmp_path, "--base-url", "not a url")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_library_passes_every_stage_of_tasks_check(site: Path) -> None:
    done = python(site, "-m", "toolgym", "tasks", "check", "library", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["tasks"], report["failed"]) == (72, [])
    assert {stage.name for stage in STAGES} <= set(report["stages"])


def test_the_library_is_played_by_name_with_its_own_user_and_agents(site: Path, tmp_path: Path) -> None:
    agents = ("--agent", "oracle", "--agent", "librarian", "--agent", "novice", "--agent", "no-op")
    done = python(site, "-m", "toolgym", "eval", "library", *agents, "--runs", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    scores = {name: agent["pass_hat"]["1"]["mean"] for name, agent in told["agents"].items()}
    assert (scores["oracle"], scores["no-op"]) == (1.0, 0.0)
    assert scores["librarian"] > 0.9
    assert 0.4 < scores["novice"] < 0.9
    assert told["user"] == "scripted"


def test_the_library_holds_together_and_its_curriculum_makes_tasks_from_the_novices_failures(
    site: Path, tmp_path: Path
) -> None:
    def toolgym(*words: str) -> subprocess.CompletedProcess[str]:
        done = python(site, "-m", "toolgym", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    toolgym("domain", "check", "library")
    toolgym("eval", "library", "--split", "train", "--agent", "novice", "--trials", "4", "--name", "first")
    found = json.loads(toolgym("failures", "first-novice", "--json").stdout)
    assert found["failures"] > 20
    report = json.loads(
        toolgym("curriculum", "refresh", "library", "--from", "first-novice", "--tasks", "40", "--json").stdout
    )
    assert report["admitted"] > 30
    pool = next((tmp_path / "pools").iterdir())
    toolgym("tasks", "check", "library", "--pool", str(pool))


def test_the_librarys_own_tests_pass(site: Path) -> None:
    done = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=LIBRARY)
    assert done.returncode == 0, done.stdout + done.stderr
