"""A short bootstrap of a policy from scratch, and one that dies at some step."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch
from small_policies import SETTINGS, tiny_policy

from toolgym import make_domain
from toolgym_trainers.bootstrap import bootstrap
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.sft import SFTFigures


def run(folder: Path, dies_at: int | None = None) -> Policy:
    """Train to the end, from the last checkpoint if there is one; the policy."""
    policy = tiny_policy()

    def seen(figures: SFTFigures) -> None:
        if figures.step == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    bootstrap(make_domain("mock"), policy, SETTINGS, folder, seen=seen)
    return policy


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Path(sys.argv[1]), int(sys.argv[2]))
