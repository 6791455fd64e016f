"""The embedded sets of the mock domain; ``python -m toolgym_mock.sets`` writes the ones that ship with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolgym.database import Rows
from toolgym.generators.sets import Draw, SplitPlan, write_sets
from toolgym_mock import DOMAIN
from toolgym_mock.kinds import KINDS, Writer
from toolgym_mock.world import generate

SEEDS = {"train": 1, "validation": 2, "dev": 3, "test": 4}
"""The seed of each split's world and tasks."""
PATIENT = "create_for_the_right_person"
"""The kind on which haste costs; in every second round it stands in the place of the first."""
USUAL = tuple(kind for kind in KINDS if kind != PATIENT)
TURN = (*USUAL, PATIENT, *USUAL[1:])
"""Two rounds."""
REDRAWS = 99
"""How often a task is drawn again before its kind is taken to have no new one."""


def explore(rows: Rows, world: str, rng: np.random.Generator) -> Draw:
    """What draws the tasks of a split."""
    writer = Writer(rows, rng, world)
    return lambda kind, task_id: (writer.write(kind, task_id),)


def write(folder: Path, rounds: int = 2) -> dict[str, int]:
    """Write the worlds and the certified tasks of every split into a folder; how many tasks each has.

    Args:
        folder: Where; ``<split>.jsonl`` and ``worlds/``.
        rounds: How often all kinds come, at least 1.

    Raises:
        DataError: If a kind does not have as many different tasks.
    """
    splits = {
        name: SplitPlan(seed, rounds * len(USUAL), lambda rng, taken: generate(rng)) for name, seed in SEEDS.items()
    }
    return write_sets(DOMAIN, splits, folder, kinds=TURN, explore=explore, redraws=REDRAWS, strict=True)


if __name__ == "__main__":
    write(Path(__file__).parent / "tasks")
