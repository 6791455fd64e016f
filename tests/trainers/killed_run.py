"""A short training run that keeps checkpoints, and that can be told to die while it writes one."""

from __future__ import annotations

import copy
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from small_models import play_bandit, small_model

from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.grpo import GRPOSettings, make_optimizer, update

SETTINGS = GRPOSettings(learning_rate=3e-3, minibatches=2, warmup_steps=2, decay="cosine", steps=6, kl=0.02)


def run(root: Path, steps: int, dies_at: int | None = None) -> Any:
    """Train up to some step, from the last checkpoint if there is one; the model."""
    model = small_model()
    reference = copy.deepcopy(model)
    optimizer = make_optimizer(model, SETTINGS)
    shuffle, moves = np.random.default_rng(1), torch.Generator().manual_seed(1)
    generators = {"shuffle": shuffle, "moves": moves}
    step = 0
    if found := latest_checkpoint(root):
        restored = load_checkpoint(found, model=model, optimizer=optimizer, generators=generators, settings=SETTINGS)
        step = restored.step
    while step < steps:
        records = play_bandit(model, lambda move: float(move % 3 == 0), moves, groups=2, trials=6)
        update(model, reference, optimizer, records, SETTINGS, step, shuffle)
        step += 1
        if step == dies_at:
            torch.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # the weights are written, the rest is not
        save_checkpoint(root, model=model, optimizer=optimizer, step=step, generators=generators, settings=SETTINGS)
    return model


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Path(sys.argv[1]), int(sys.argv[2]), dies_at=int(sys.argv[3]))
