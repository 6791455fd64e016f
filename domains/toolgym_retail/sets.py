"""The embedded sets of tasks; ``python -m toolgym_retail.sets`` writes the ones that ship with the domain."""

from __future__ import annotations

import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path

import numpy as np

from toolgym.database import Rows
from toolgym.generators.sets import Draw, SplitPlan, write_sets
from toolgym.worlds.identities import Entity
from toolgym_retail import DOMAIN
from toolgym_retail.goals import RECIPES
from toolgym_retail.task_generator import RetailTaskGenerator
from toolgym_retail.world import generate


def _plan(seed: int, users: int, tasks: int) -> SplitPlan:
    def world(rng: np.random.Generator, taken: Collection[Entity]) -> Rows:
        return generate(rng, users, taken=taken)

    return SplitPlan(seed, tasks, world)


SPLITS = {
    "train": _plan(seed=11, users=180, tasks=160),
    "validation": _plan(seed=12, users=120, tasks=110),
    "dev": _plan(seed=13, users=120, tasks=110),
    "test": _plan(seed=14, users=240, tasks=220),
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
