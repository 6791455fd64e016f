"""The check for those who write a curriculum: ours pass, another package's too, and what is broken is caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from small_generator import GoldAnalyst, small_domain

from toolgym import make_curriculum, make_domain
from toolgym.curricula import Fixed, PoolCurriculum, kinds
from toolgym.curricula.refreshers import NoTasks
from toolgym.curricula.samplers import ByLearnability
from toolgym.curriculum import Budget, Curriculum, RefreshReport
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task
from toolgym.testing import check_curriculum
from toolgym.trajectory import Trajectory

MOCK = make_domain("mock")


@pytest.mark.parametrize("name", ["fixed", "general", "learnability", "raft", "sentinel"])
def test_our_own_curricula_pass(name: str) -> None:
    domain = small_domain()
    options: dict[str, Any] = {"analyst": GoldAnalyst()} if name in ("raft", "sentinel") else {}
    check_curriculum(lambda: make_curriculum(name, domain, "train", **options), domain, signal=name != "fixed")


@pytest.mark.parametrize("options", [{"controller": False}, {"use_proposer": False}])
def test_the_ablations_pass(options: dict[str, bool]) -> None:
    domain = small_domain()
    parts: dict[str, Any] = {"analyst": GoldAnalyst(), **options}
    check_curriculum(lambda: make_curriculum("sentinel", domain, "train", **parts), domain)


class _Learnable(PoolCurriculum):
    """What the broken ones below are made from."""

    def __init__(self, domain: Domain, split: str) -> None:
        super().__init__("learnability", domain, split, ByLearnability(), NoTasks())


class _Few(_Learnable):
    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        return super().sample(rng, min(k, 5))


class _Names(_Learnable):
    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Any]:
        return [task.id for task in super().sample(rng, k)]


class _OwnDice(_Learnable):
    dice = np.random.default_rng(0)

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        return super().sample(self.dice, k)


class _Twice(Fixed):
    """Counts what it sees, whether or not it has seen it before."""

    seen = 0

    def update(self, group: Sequence[Trajectory]) -> None:
        self.seen += len(group)

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]


class _NoJson(Fixed):
    def state_dict(self) -> dict[str, Any]:
        return {"ids": {task.id for task in self.tasks}}


class _Forgetful(_Learnable):
    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class _Amnesiac(_Learnable):
    """Its state holds all but which episodes were seen."""

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        state["pool"]["episodes"] = {}
        return state


class _Greedy(_Learnable):
    def admit(self, group: Sequence[Trajectory]) -> bool:
        return True


class _Dull(_Learnable):
    def admit(self, group: Sequence[Trajectory]) -> bool:
        return all(trajectory.fault is None for trajectory in group)


class _Endless(_Learnable):
    def metrics(self) -> dict[str, float]:
        return {"rate": float("nan")}


class _Speechless(_Learnable):
    async def refresh(self, budget: Budget) -> Any:
        return None


class _Moody(_Learnable):
    dice = np.random.default_rng(0)

    async def refresh(self, budget: Budget) -> RefreshReport:
        return RefreshReport(round=0, failures=int(self.dice.integers(1000)))


class _Half:
    """Only draws."""

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        return list(MOCK.tasks["train"][:k])


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (_Few, r"sample\(rng, 7\) must draw 7 tasks, it drew 5"),
        (_Names, "must draw tasks .* it drew 'train-"),
        (_OwnDice, "draw differently with equal generators"),
        (_Twice, "idempotent by episode id: .* changed the state"),
        (_NoJson, "state_dict must be JSON"),
        (_Forgetful, "the state of one that was loaded is another"),
        (_Amnesiac, "learns differently from trials that were seen: does state_dict hold .* it has seen"),
        (_Greedy, "admit must be False for a group with a void trial, it is True"),
        (_Dull, "admit must be False for a group whose trials all ended alike"),
        (_Endless, "metrics must be finite floats, 'rate' is nan"),
        (_Speechless, "refresh must return a .*RefreshReport, it returned None"),
        (_Moody, "two refreshes from one state gave another report"),
        (_Half, "lacks a method of the protocol .*: update, admit"),
    ],
)
def test_what_does_not_keep_the_protocol_is_told(kind: Any, message: str) -> None:
    def make() -> Curriculum:
        made: Any = kind() if kind is _Half else kind(MOCK, "train")
        return cast(Curriculum, made)

    with pytest.raises(AssertionError, match=message):
        check_curriculum(make, MOCK)


def test_what_makes_curricula_is_asked_for_and_not_one_of_them() -> None:
    one = kinds.learnability(MOCK, "train")
    with pytest.raises(DataError, match="make must be a function that makes a curriculum"):
        check_curriculum(one, MOCK)  # type: ignore[arg-type]  # that it is told is the point
    with pytest.raises(AssertionError, match="make must make a new curriculum each time"):
        check_curriculum(lambda: one, MOCK)


def test_a_curriculum_that_leaves_signal_to_the_trainer_or_is_not_refreshed_can_be_checked() -> None:
    check_curriculum(lambda: _Dull(MOCK, "train"), MOCK, signal=False)
    check_curriculum(lambda: _Speechless(MOCK, "train"), MOCK, budget=None)


PLUGIN = '''
"""A package that somebody else wrote: one curriculum that keeps the protocol, and one that does not."""

from toolgym.curriculum import RefreshReport


class Staircase:
    """Draws from the first tasks alone, and from one more with every success."""

    def __init__(self, domain, split, first=3):
        self.tasks = domain.tasks[split]
        self.first = first
        self.solved = []

    def sample(self, rng, k=1):
        known = min(self.first + len(self.solved), len(self.tasks))
        return [self.tasks[int(place)] for place in rng.integers(known, size=k)]

    def update(self, group):
        new = [one.episode_id for one in group if one.success and one.episode_id not in self.solved]
        self.solved += new

    def admit(self, group):
        outcomes = {one.success for one in group}
        return len(outcomes) == 2 and None not in outcomes

    async def refresh(self, budget):
        return RefreshReport(round=0, pool=len(self.tasks))

    def state_dict(self):
        return {"solved": list(self.solved)}

    def load_state_dict(self, state):
        self.solved = list(state["solved"])

    def metrics(self):
        return {"solved": float(len(self.solved))}


class Slippery(Staircase):
    """Forgets to look whether it has seen an episode before."""

    def update(self, group):
        self.solved += [one.episode_id for one in group if one.success]
'''

PROGRAM = """
import json
import toolgym
from toolgym.testing import check_curriculum

mock = toolgym.make_domain("mock")
check_curriculum(lambda: toolgym.make_curriculum("staircase", mock, "train", first=5), mock)
try:
    check_curriculum(lambda: toolgym.make_curriculum("slippery", mock, "train"), mock)
except AssertionError as error:
    told = str(error)
env = toolgym.make_env("mock", curriculum="staircase", curriculum_args={"first": 1})
tasks = [env.reset(seed=seed)[1]["task_key"] for seed in range(5)]
print(json.dumps([told, len(set(tasks))]))
"""


def test_a_curriculum_of_another_package_is_checked_and_a_broken_one_is_caught(tmp_path: Path) -> None:
    info = tmp_path / "staircase_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: staircase-plugin\nVersion: 1.0\n", encoding="utf-8")
    points = "[toolgym.curricula]\nstaircase = staircase_plugin:Staircase\nslippery = staircase_plugin:Slippery\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (tmp_path / "staircase_plugin.py").write_text(PLUGIN, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    told, number = json.loads(done.stdout)
    assert "idempotent by episode id" in told
    assert number == 1
