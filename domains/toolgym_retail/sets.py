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

LEFT_OUT = frozenset(
    {
        "0d748d694fe2bd4d8fbf2e7f",
        "143f83e4f3a0815db2251b92",
        "aa6dc8d42730159d23f78e1b",
        "aaaf5a7197aae3cbea74a375",
        "b44ac6cfa9e2f185c5d6e92c",
        "bf4fbd3791ce7eefd983f859",
        "d0226791eb3af41474d99b60",
        "d0b9fa3ee8b66522c356cf93",
    }
)
"""Keys of drawn tasks that no split has: when the sets were made, their customers refused every proposal, since they
took the touch panel of a blender or a fan for the curtain panels that they also had. All hold up today; with them,
every task after the first of them would be another."""


def _plan(seed: int, users: int, tasks: int) -> SplitPlan:
    def world(rng: np.random.Generator, taken: Collection[Entity]) -> Rows:
        return generate(rng, users, taken=taken)

    return SplitPlan(seed, tasks, world, LEFT_OUT)


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
