"""The embedded sets of tasks; ``python -m toolgym_retail.sets`` writes the ones that ship with the domain."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from functools import partial
from pathlib import Path

import numpy as np

from toolgym.certificates.report import Failure
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
PATIENT = ("change_of_mind", "wrong_order", "yes_to_another")
"""The kinds on which haste costs: what is first wanted is not what is wanted once the action is proposed."""
REDRAWS = 4
"""How often a task that does not hold up is drawn again before its kind misses its turn."""


def _turn() -> tuple[str, ...]:
    """All kinds in a turn, two in five followed by one on which haste costs: each part of a turn has its share."""
    others = [kind for kind in RECIPES if kind not in PATIENT]
    kinds: list[str] = []
    hasty = 0
    for place, kind in enumerate(others):
        kinds.append(kind)
        if place % 5 in (1, 4):
            kinds.append(PATIENT[hasty % len(PATIENT)])
            hasty += 1
    return tuple(kinds)


KINDS = _turn()
"""The kinds in a turn: at least one task in five is one on which haste costs."""


def explore(rows: Rows, world: str, rng: np.random.Generator) -> Draw:
    """What draws the tasks of a split."""
    return RetailTaskGenerator().explore(rows, world, rng).draw


write = partial(write_sets, DOMAIN, SPLITS, kinds=KINDS, explore=explore, redraws=REDRAWS)
"""Writes the sets into a folder."""


def main() -> None:
    """Write the sets that ship with the domain; print how many tasks each has, and why others were dropped."""
    why: Counter[str] = Counter()

    def dropped(failure: Failure) -> None:
        why[f"{failure.stage}: {failure.reason.partition(':')[0]}"] += 1

    for name, count in write(Path(__file__).parent / "tasks", dropped=dropped).items():
        sys.stdout.write(f"{name}: {count} tasks\n")
    for reason, count in why.most_common():
        sys.stdout.write(f"dropped {count} ({reason})\n")


if __name__ == "__main__":
    main()
