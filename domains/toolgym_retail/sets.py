"""The embedded sets of tasks; ``python -m toolgym_retail.sets`` writes the ones that ship with the domain."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from toolgym.certificates import DuplicateIndex, certified, certify
from toolgym.database import Database, Rows
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.tasks import Task, write_tasks
from toolgym.worlds.identities import Entity
from toolgym_retail import DOMAIN, entities
from toolgym.worlds import Dice
from toolgym_retail.goals import RECIPES, GoalExplorer
from toolgym_retail.scenario import make_task
from toolgym_retail.world import generate

SIZES = {"train": (180, 160), "validation": (120, 110), "dev": (120, 110), "test": (240, 220)}
"""Customers and tasks of each split."""
SEEDS = {"train": 11, "validation": 12, "dev": 13, "test": 14}
"""The seed of each split's world and tasks."""
_HERE = Path(__file__).parent / "tasks"


def write(folder: Path = _HERE) -> dict[str, int]:
    """Write the worlds and the certified tasks of every split into a folder; how many tasks each has.

    Args:
        folder: Where; ``<split>.jsonl`` and ``worlds/``.
    """
    taken: set[Entity] = set()
    worlds: list[str] = []
    counts = {}
    for split, (users, size) in SIZES.items():
        rng = np.random.default_rng(SEEDS[split])
        rows = generate(rng, users, taken=taken)
        taken |= set(entities.entities(rows))
        world = Database.build(DOMAIN.schemas, rows)
        path = folder / "worlds" / file_name(world.world)
        if not path.exists():  # two builds of one world differ in bytes, so one that is there stays
            world.save(path)
        tasks = list(draw(DOMAIN, rows, world.world, split, size, rng, apart=tuple(worlds)))
        write_tasks(folder / f"{split}.jsonl", tasks)
        worlds.append(world.world)
        counts[split] = len(tasks)
    return counts


def draw(
    domain: Domain,
    rows: Rows,
    world: str,
    split: str,
    size: int,
    rng: np.random.Generator,
    *,
    apart: tuple[str, ...] = (),
) -> Iterator[Task]:
    """Certified tasks over one world, all kinds in turn; what does not pass every stage is dropped.

    Args:
        domain: The retail domain, with the world in its store.
        rows: The world.
        world: Its digest.
        split: The beginning of the tasks' ids.
        size: How many tasks; a refusal and its twin come together, so there may be one more.
        rng: Everything random comes from it.
        apart: Worlds with which this one must have nothing in common.
    """
    explorer = GoalExplorer(rows, Dice(rng))
    seen = DuplicateIndex()
    number = 0
    while number < size:
        before = number
        for kind in (*RECIPES, "refuse"):
            goal = explorer.draw(kind)
            goals = [goal] if goal is not None else []
            if goal is not None and kind == "refuse":
                twin = explorer.twin(goal)
                goals = [goal, twin] if twin is not None else []
            tasks = [
                make_task(goal, rows, world, f"{split}-{number + place:03d}") for place, goal in enumerate(goals, 1)
            ]
            report = certify(domain, tasks, apart=apart, seen=seen)
            if report.ok:  # tasks that belong together ship together, or not at all
                number += len(tasks)
                yield from (certified(task, report.certificates[task.key]) for task in tasks)
            if number >= size:
                return
        if number == before:
            return


if __name__ == "__main__":
    for name, count in write().items():
        sys.stdout.write(f"{name}: {count} tasks\n")
