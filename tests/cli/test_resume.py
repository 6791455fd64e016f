"""A run that goes on: with more trials, with chosen tasks, or begun again where nothing of it is finished."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Done, told
from kept_runs import keep, missed

from toolgym.domain import Domain
from toolgym.runs import read_manifest, read_trajectories
from toolgym.trajectory import Fault

Command = Callable[..., Done]

EVAL = ("eval", "mock", "--trials", "1")


def names(folder: Path) -> list[str]:
    """Task and trial of each episode, in the order of the file."""
    return [f"{row.task_id} {row.trial}" for row in read_trajectories(folder)]


def test_more_trials_are_added_to_a_run_and_its_episodes_stay_as_they_are(run: Command) -> None:
    run(*EVAL, "--trials", "2", "--agent", "no-op", "--name", "x")
    before = set(Path("runs/x-no-op/trajectories.jsonl").read_bytes().splitlines())
    done = run(*EVAL, "--trials", "3", "--agent", "no-op", "--name", "x", "--resume", "--json")
    assert list(done.json["agents"]["no-op"]["pass_hat"]) == ["1", "2", "3"]
    run(*EVAL, "--trials", "3", "--agent", "no-op", "--name", "whole")
    paths = [Path(f"runs/{name}-no-op/trajectories.jsonl") for name in ("x", "whole")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert before < set(Path("runs/x-no-op/trajectories.jsonl").read_bytes().splitlines())
    manifest = read_manifest(Path("runs/x-no-op"))
    assert manifest["settings"] == read_manifest(Path("runs/whole-no-op"))["settings"]
    assert [entry["changed"] for entry in manifest["continued"]] == [{"trials": [2, 3]}]
    assert run("runs", "show", "x-no-op", "--json").json["continued"] == manifest["continued"]
    assert f"{manifest['continued'][0]['at']}, with other trials" in run("runs", "show", "x-no-op").out
    line = told(run(*EVAL, "--trials", "2", "--agent", "no-op", "--name", "x", "--resume"))
    assert "3 trials of each of these tasks already, and trials=2 would throw some away" in line
    assert len(names(Path("runs/x-no-op"))) == 60


def test_chosen_tasks_are_played_alone_and_others_can_be_added(run: Command) -> None:
    options = (*EVAL, "--agent", "no-op", "--name", "x", "--json")
    folder = Path("runs/x-no-op")
    first = run(*options, "--task", "test-003", "--task", "test-001", "--task", "test-003")
    assert first.json["agents"]["no-op"]["tasks"] == 2
    assert names(folder) == ["test-001 0", "test-003 0"]
    assert read_manifest(folder)["settings"]["tasks"] == {"test-001": 1, "test-003": 1}
    assert run("runs", "show", "x-no-op", "--json").json["episodes"]["expected"] == 2
    assert "tasks 2 chosen" in run("runs", "show", "x-no-op").out
    run(*options, "--task", "test-002", "--trials", "2", "--resume")
    assert names(folder) == ["test-001 0", "test-002 0", "test-002 1", "test-003 0"]
    assert read_manifest(folder)["settings"]["tasks"] == {"test-001": 1, "test-002": 2, "test-003": 1}
    run(*options, "--trials", "2", "--resume")
    assert read_manifest(folder)["settings"]["tasks"] == {"test-001": 2, "test-002": 2, "test-003": 2}
    run(*options, "--trials", "2", "--resume", "--all-tasks")
    settings = read_manifest(folder)["settings"]
    assert (settings["trials"], "tasks" in settings, len(names(folder))) == (2, False, 40)
    run(*options[:-3], "--trials", "2", "--name", "whole")
    assert (folder / "trajectories.jsonl").read_bytes() == Path("runs/whole-no-op/trajectories.jsonl").read_bytes()


def test_without_trials_a_run_goes_on_with_its_own(run: Command) -> None:
    options = ("eval", "mock", "--agent", "no-op", "--task", "test-001", "--task", "test-002")
    folder = Path("runs/x-no-op")
    run(*options, "--trials", "2", "--name", "x")
    run(*options[:-2], "--trials", "5", "--name", "x", "--resume")
    path = folder / "trajectories.jsonl"
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    manifest = read_manifest(folder)
    run(*options, "--name", "x", "--resume")
    assert (path.read_bytes(), read_manifest(folder)) == (whole, manifest)
    assert run(*options, "--name", "y", "--json").json["agents"]["no-op"]["trials"] == 4


def test_all_tasks_is_for_a_run_that_goes_on(run: Command) -> None:
    assert "--all-tasks is for a run that goes on" in told(run(*EVAL, "--agent", "no-op", "--name", "x", "--all-tasks"))


def test_the_name_of_a_run_with_its_agent_is_not_the_one_to_go_on_with_and_the_right_one_is_told(run: Command) -> None:
    run(*EVAL, "--agent", "no-op", "--name", "x")
    line = told(run(*EVAL, "--agent", "no-op", "--name", "x-no-op", "--resume"))
    assert (
        "there is no run 'x-no-op' of no-op in 'runs' to continue; its agent is no part of its name here: name 'x'"
        in line
    )


def test_of_a_run_that_was_cut_short_only_the_chosen_tasks_are_played(run: Command) -> None:
    run(*EVAL, "--agent", "no-op", "--name", "x")
    path = Path("runs/x-no-op/trajectories.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:5]))
    run(*EVAL, "--agent", "no-op", "--name", "x", "--resume", "--task", "test-010", "--task", "test-002")
    assert names(path.parent) == [f"test-{number:03} 0" for number in (1, 2, 3, 4, 5, 10)]
    assert run("runs", "show", "x-no-op", "--json").json["episodes"]["expected"] == 20


@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_a_run_without_a_finished_episode_can_be_started_again(
    run: Command, mock: Domain, resume: tuple[str, ...]
) -> None:
    lost = [replace(missed(mock, trial=trial), grade=None, fault=Fault("service", "503")) for trial in range(2)]
    folder = keep(Path("runs/x-no-op"), *lost, agent="no-op", trials=2)
    voids = (folder / "trajectories.jsonl").read_bytes()
    again = (*EVAL, "--agent", "no-op", "--name", "x", "--seed", "7")
    assert run(*again, *resume).code == 0
    assert read_manifest(folder)["settings"]["seed"] == 7
    assert "continued" not in read_manifest(folder)
    assert [row.fault for row in read_trajectories(folder)] == [None] * 20
    assert (folder / "voided.jsonl").read_bytes() == voids
    assert "exists" in told(run(*again))


def test_a_run_with_a_manifest_alone_is_begun_again(run: Command) -> None:
    run(*EVAL, "--name", "x")
    folder = Path("runs/x-oracle")
    whole = (folder / "trajectories.jsonl").read_bytes()
    (folder / "trajectories.jsonl").unlink()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "settings": {}}), encoding="utf-8")
    assert run(*EVAL, "--name", "x").code == 0
    assert (folder / "trajectories.jsonl").read_bytes() == whole
    assert read_manifest(folder) == manifest
