"""A short training that can be told to die at a moment, as by the power cord."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from toolgym import make_domain
from toolgym.curricula.pool_curriculum import PoolCurriculum
from toolgym_trainers.loop import Event, Training, TrainSettings
from toolgym_trainers.loop.kept_curriculum import KeptCurriculum
from toolgym_trainers.policies.tiny import TinySettings, make_tiny

SIZE = {"width": 32, "layers": 1, "heads": 2, "key_heads": 1, "inner": 32, "context": 600, "induction": False}
WORDS = frozenset(["the", "order", "is", "what", "I", "do", "you", "want", "yes", "no", "please", "cancel", "of"])
PLAYED: dict[str, Any] = {
    "rounds": 2,
    "steps": 3,
    "tasks": 2,
    "group_size": 3,
    "mining_split": "validation",
    "mining_trials": 1,
    "mining_tasks": 6,
    "made": 4,
    "solver_trials": 0,
    "save_every": 2,
    "rows": 8,
    "restart": "last",
    "grpo": {"learning_rate": 1e-2, "kl": 0.01, "entropy": 0.1},
    "measuring": {"split": "dev", "tasks": 3, "trials": 1},
}
BOOTSTRAP = {"sft": {"demonstrations": 12, "batch": 2, "longest": 600}, "save_every": 2}
SETTINGS: dict[str, dict[str, Any]] = {
    "raft": {**PLAYED, "bootstrap": BOOTSTRAP},
    "sentinel": {
        **PLAYED,
        "mining_split": None,
        "made": 0,
        "options": {"refresh_every": 8, "refresh_tasks": 2},
        "rounds": 1,
        "steps": 5,
    },
}


def settings(kind: str, policy: Path, **changes: Any) -> TrainSettings:
    """The settings of such a training."""
    given = {**SETTINGS[kind], "curriculum": kind, "policy": str(policy), **changes}
    return TrainSettings.model_validate(given)


def random_policy(folder: Path) -> Path:
    """A policy that knows nothing, in a folder."""
    retail = make_domain("retail")
    words = WORDS | set(retail.toolkits["assistant"].tools)
    made = make_tiny(retail, words, TinySettings.model_validate(SIZE))
    made.save(folder)
    return folder


def train(curriculum: str, policy: Path, folder: Path, dies: str = "") -> None:
    """Train; it dies in the part that is named, when so much of it is done, or as its curriculum is to be kept."""
    part, _, moment = dies.partition(":")

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: Event) -> None:
        if event.stage.name == part and event.done is not None and str(event.done[0]) == moment:
            die()

    keep = KeptCurriculum.keep

    def kept(self: KeptCurriculum, name: str) -> None:
        if moment == "before keeping" and name == part:
            die()
        keep(self, name)
        if moment == "after keeping" and name == part:
            die()

    KeptCurriculum.keep = kept  # type: ignore[method-assign]  # to die in the middle of what it does
    # a policy that knows nothing is paid alike whatever it does: it learns from the entropy of what it says
    PoolCurriculum.admit = lambda self, group: True  # type: ignore[method-assign]  # from groups without a signal
    Training(settings(curriculum, policy), folder, watch).run()


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])
