"""The embedded sets of tasks; ``python -m toolgym_retail.sets`` writes the ones that ship with the domain."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np

from toolgym.database import Rows
from toolgym.generators.sets import Draw, SplitPlan, write_sets
from toolgym_retail import DOMAIN
from toolgym_retail.goals import RECIPES
from toolgym_retail.task_generator import RetailTaskGenerator
from toolgym_retail.world import generate

SPLITS = {
    name: SplitPlan(seed, tasks, lambda rng, taken, users=users: generate(rng, users, taken=taken))
    for name, seed, users, tasks in (
        ("train", 11, 180, 160),
        ("validation", 12, 120, 110),
        ("dev", 13, 120, 110),
        ("test", 14, 240, 220),
    )
}
"""The seed, customers and tasks of each split."""
KINDS = (*RECIPES, "refuse")
"""The kinds in a turn: refusals come twice."""


def explore(rows: Rows, world: str, rng: np.random.Generator) -> Draw:
    """What draws the tasks of a split."""
    return RetailTaskGenerator().explore(rows, world, rng).draw_any


write = partial(write_sets, DOMAIN, SPLITS, kinds=KINDS, explore=explore)
"""Writes the sets into a folder."""

if __name__ == "__main__":
    for name, count in write(Path(__file__).parent / "tasks").items():
        sys.stdout.write(f"{name}: {count} tasks\n")
