"""The embedded sets of the mock domain; ``python -m toolgym_mock.sets`` writes the ones that ship with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from toolgym.certificates import DuplicateIndex, certified, certify
from toolgym.database import Database, WorldStore
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task, write_tasks
from toolgym_mock import DOMAIN
from toolgym_mock.kinds import KINDS, Writer
from toolgym_mock.world import generate

SEEDS = {"train": 1, "validation": 2, "dev": 3, "test": 4}
"""The seed of each split's world and tasks."""
DRAWS = 100
"""How often a task is drawn before its kind is taken to have no new one."""


def write(folder: Path, rounds: int = 2) -> None:
    """Write the worlds and the certified tasks of every split into a folder.

    Raises:
        DataError: If a kind does not have as many different tasks as there are rounds.
    """
    worlds = WorldStore(DOMAIN.schemas)
    domain = DOMAIN.with_data(worlds=worlds)
    for split, seed in SEEDS.items():
        rng = np.random.default_rng(seed)
        rows = generate(rng)
        world = Database.build(DOMAIN.schemas, rows)
        worlds.add(world)
        world.save(folder / "worlds" / file_name(world.world))
        writer = Writer(rows, rng, world.world)
        write_tasks(folder / f"{split}.jsonl", list(draw(domain, writer, split, rounds)))


def draw(domain: Domain, writer: Writer, split: str, rounds: int) -> Iterator[Task]:
    """Certified tasks over one world, all kinds in turn.

    A task is drawn again as long as it is a duplicate of an earlier one. Only its first draw comes from the stream of
    all tasks: a task that is drawn again leaves those after it as they are.

    Args:
        domain: The mock domain, with the world in its store.
        writer: Writes the tasks.
        split: The beginning of the tasks' ids.
        rounds: Tasks of each kind.

    Raises:
        DataError: If a task does not hold up for another reason, or there seems to be no new one of its kind.
    """
    shared = writer.rng
    spare = shared.spawn(1)[0]
    seen = DuplicateIndex()
    for number, kind in enumerate(KINDS * rounds, 1):
        writer.rng = shared
        for _ in range(DRAWS):
            task = writer.write(kind, f"{split}-{number:03d}")
            report = certify(domain, [task], seen=seen)
            if report.ok:
                yield certified(task, report.certificates[task.key])
                break
            failure = report.failed[0]
            if failure.stage != "duplicate":
                raise DataError(f"the task {task.id!r} fails the stage {failure.stage!r}: {failure.reason}")
            writer.rng = spare
        else:
            raise DataError(f"{DRAWS} draws of the kind {kind!r} gave no new task; write fewer rounds")


if __name__ == "__main__":
    write(Path(__file__).parent / "tasks")
