"""Writes the sets that ship: python -m toolgym_library.sets."""

import numpy as np

from toolgym.database import Rows
from toolgym.generators.sets import Draw, SplitPlan, write_sets
from toolgym_library import DOMAIN, HERE
from toolgym_library.generator import RECIPES, LibraryTaskGenerator
from toolgym_library.worlds import generate


def explore(rows: Rows, world: str, rng: np.random.Generator) -> Draw:
    """What draws the tasks of a split."""
    return LibraryTaskGenerator().explore(rows, world, rng).draw_any


SPLITS = {
    split: SplitPlan(seed, tasks=24, world=lambda rng, taken: generate(rng, 30, taken))
    for split, seed in {"train": 1, "dev": 2, "test": 3}.items()
}

if __name__ == "__main__":
    print(write_sets(DOMAIN, SPLITS, HERE / "tasks", kinds=tuple(RECIPES), explore=explore))
