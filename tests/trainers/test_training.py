"""A training in rounds: which parts it has, what a trainer gets, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from killed_training import random_policy, settings
from pydantic import ValidationError

from toolgym.errors import DataError, UnknownNameError
from toolgym_trainers.loop import TRAINERS, Round, Training, TrainSettings
from toolgym_trainers.loop.report import training_report

QUICK: dict[str, Any] = {"bootstrap": None, "rounds": 1, "mining_tasks": 2, "measuring": {"tasks": 2, "trials": 1}}


class Copying:
    """A trainer that learns nothing, and notes what it was given."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []

    def train(self, round: Round) -> Mapping[str, Any]:  # noqa: A002  # as the protocol calls it
        self.rounds.append(round)
        round.forget(0)
        round.note({"step": 0, "tasks": len(round.curriculum.sample(np.random.default_rng(0), 2))})
        shutil.copytree(round.start, round.out)
        return {"steps": 1, "episodes": 0}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_policy(tmp_path_factory.mktemp("policy") / "p")


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Copying:
    """Another package's trainer under the name of the embedded one."""
    found = Copying()
    monkeypatch.setattr(TRAINERS, "load", lambda name: found)
    return found


def parts(training: Training) -> list[str]:
    return [stage.name for stage in training.stages()]


@pytest.mark.parametrize(
    ("curriculum", "makes"), [("raft", True), ("general", True), ("fixed", False), ("learnability", False)]
)
def test_a_curriculum_that_makes_no_tasks_is_not_refreshed(
    tmp_path: Path, policy: Path, curriculum: str, makes: bool
) -> None:
    training = Training(settings("raft", policy, curriculum=curriculum, restart=None, **QUICK), tmp_path / "t")
    assert parts(training) == [
        "round-0-measure-t1",
        "round-1-mine",
        *(["round-1-refresh"] if makes else []),
        "round-1-train",
        "round-1-measure-t1",
    ]


def test_a_trainer_gets_a_round_and_its_policy_is_measured(tmp_path: Path, policy: Path, trainer: Copying) -> None:
    asked = settings(
        "raft",
        policy,
        **{**QUICK, "rounds": 2, "restart": "sft", "measuring": {"tasks": 2, "trials": 1, "references": ["oracle"]}},
    )
    results = Training(asked, tmp_path / "t").run()
    assert [one.number for one in trainer.rounds] == [1, 2]
    assert [one.start.name for one in trainer.rounds] == ["round-0", "round-0"]
    assert next(iter(results)) == "round-0-reference"
    report = training_report(tmp_path / "t")
    assert [one["round"] for one in report["measured"]] == [0, 1, 2]
    assert report["references"]["oracle"]["pass_hat"]["1"]["mean"] == 1.0
    assert [(one["difference"], one["within_noise"]) for one in report["comparisons"]] == [(0.0, True)] * 2
    lines = (tmp_path / "t" / "steps.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["round"] for line in lines] == [1, 2]


def test_a_round_in_which_no_task_is_admitted_trains_on_the_split(
    tmp_path: Path, policy: Path, trainer: Copying
) -> None:
    results = Training(settings("raft", policy, **{**QUICK, "solver_trials": 2}), tmp_path / "t").run()
    refreshed = results["round-1-refresh"]
    assert (refreshed["proposed"], refreshed["admitted"]) == (4, 0)
    assert refreshed["stages"]["solver"]["failed"] == 4
    assert results["round-1-train"]["steps"] == 1


def test_a_finished_training_is_not_done_again(tmp_path: Path, policy: Path, trainer: Copying) -> None:
    asked = settings("raft", policy, **{**QUICK, "mining_split": None, "made": 0})
    first = Training(asked, tmp_path / "t").run()
    assert Training(asked, tmp_path / "t").run() == first
    assert len(trainer.rounds) == 1


def test_a_folder_of_other_settings_or_of_something_else_is_refused(tmp_path: Path, policy: Path) -> None:
    Training(settings("raft", policy, **QUICK), tmp_path / "t")
    with pytest.raises(DataError, match="steps is 3 there and 4 here"):
        Training(settings("raft", policy, **{**QUICK, "steps": 4}), tmp_path / "t")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(DataError, match="something else than a training"):
        Training(settings("raft", policy, **QUICK), tmp_path / "other")
    with pytest.raises(DataError, match="no training"):
        training_report(tmp_path / "other")


def test_a_trainer_that_is_not_installed_is_told_before_a_folder_is_made(tmp_path: Path, policy: Path) -> None:
    with pytest.raises(UnknownNameError, match="trainer"):
        Training(settings("raft", policy, trainer="ppo9", **QUICK), tmp_path / "t")
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"options": {"seed": 3}}, "gives the curriculum its seed"),
        ({"options": {"restart": "sft"}, "restart": "last"}, "say it once"),
        ({"policy": "scratch"}, "knows nothing"),
        ({"solver_trials": 1}, "at least 2"),
        ({"measuring": {"temperatures": [1.0, 1.0]}}, "must all be different"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TrainSettings.model_validate({"policy": "my-tiny", **given})
