"""Writes the worlds and certified tasks of a domain's splits: what ships with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from toolgym.certificates import DuplicateIndex, certified, certify
from toolgym.certificates.report import Failure
from toolgym.database import Database, Rows, WorldStore
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task, write_tasks
from toolgym.worlds.identities import Entity

Draw: TypeAlias = Callable[[str, str], Sequence[Task]]
"""A task of a kind with an id, and what belongs to it; nothing if the world has none."""


@dataclass(frozen=True)
class SplitPlan:
    """One split.

    Args:
        seed: Of its world and its tasks, at least 0.
        tasks: How many tasks at least, at least 1; what belongs together may make it one more.
        world: Makes its world, without the entities given.
    """

    seed: int
    tasks: int
    world: Callable[[np.random.Generator, Collection[Entity]], Rows]


def write_sets(
    domain: Domain,
    splits: Mapping[str, SplitPlan],
    folder: Path,
    *,
    kinds: Sequence[str],
    explore: Callable[[Rows, str, np.random.Generator], Draw],
    redraws: int = 0,
    strict: bool = False,
    dropped: Callable[[Failure], None] | None = None,
) -> dict[str, int]:
    """Write the worlds and the certified tasks of every split into a folder; no two worlds share an entity.

    Args:
        domain: The domain.
        splits: The splits by name.
        folder: Where: ``<split>.jsonl`` and ``worlds/``.
        kinds: The kinds of tasks, in turn.
        explore: Makes what draws tasks from a world, its digest and a generator.
        redraws: As for :func:`draw_set`.
        strict: As for :func:`draw_set`.
        dropped: As for :func:`draw_set`.

    Returns:
        How many tasks each split has.

    Raises:
        DataError: If a split cannot be filled.
    """
    store = WorldStore(domain.schemas)
    domain = domain.with_data(worlds=store)
    taken: set[Entity] = set()
    worlds: list[str] = []
    counts = {}
    for split, plan in splits.items():
        rng = np.random.default_rng(plan.seed)
        rows = plan.world(rng, taken)
        if domain.entities is not None:
            taken |= set(domain.entities(rows))
        database = Database.build(domain.schemas, rows)
        world = store.add(database)
        path = folder / "worlds" / file_name(world)
        if not path.exists():  # two builds of one world differ in bytes, so an existing file stays
            database.save(path)
        spare = explore(rows, world, rng.spawn(1)[0])
        draw = explore(rows, world, rng)
        drawn = draw_set(
            domain,
            draw,
            split,
            plan.tasks,
            kinds=kinds,
            disjoint_from=worlds,
            spare=spare,
            redraws=redraws,
            strict=strict,
            dropped=dropped,
        )
        tasks = list(drawn)
        write_tasks(folder / f"{split}.jsonl", tasks)
        worlds.append(world)
        counts[split] = len(tasks)
    return counts


def draw_set(
    domain: Domain,
    draw: Draw,
    split: str,
    size: int,
    *,
    kinds: Sequence[str],
    disjoint_from: Collection[str] = (),
    spare: Draw | None = None,
    redraws: int = 0,
    strict: bool = False,
    dropped: Callable[[Failure], None] | None = None,
) -> Iterator[Task]:
    """Certified tasks over one world, all kinds in turn; tasks that belong together come together, or not at all.

    Args:
        domain: The domain, with the world in its store.
        draw: Draws tasks.
        split: The beginning of the tasks' ids.
        size: How many tasks at least.
        kinds: The kinds of tasks; one that is named twice comes twice as often.
        disjoint_from: Digests of worlds with which this one must have nothing in common.
        spare: Draws a task again that does not hold up, from a stream of its own: a task that is drawn again leaves
            those after it as they are. By default ``draw``.
        redraws: How often what does not hold up is drawn again, at least 0; then its kind misses its turn.
        strict: Whether it is an error that a task fails another stage than ``duplicate``, and that a kind misses its
            turn.
        dropped: Called with the first failure of whatever does not hold up.

    Raises:
        DataError: If a whole turn of kinds gives nothing, if no task of a kind holds up, or if one does not where that
            is an error.
    """
    seen = DuplicateIndex()
    number = 0
    given: set[str] = set()
    failed: dict[str, str] = {}
    while number < size:
        before = number
        for kind in kinds:
            for turn in range(redraws + 1):
                tasks = (draw if turn == 0 else spare or draw)(kind, f"{split}-{number + 1:03d}")
                tasks = [
                    task.model_copy(update={"id": f"{split}-{number + place:03d}"})
                    for place, task in enumerate(tasks, 1)
                ]
                report = certify(domain, tasks, disjoint_from=disjoint_from, seen=seen)
                if report.ok:
                    given |= {kind} if tasks else set()
                    number += len(tasks)
                    yield from (certified(task, report.certificates[task.key]) for task in tasks)
                    break
                failure = report.failed[0]
                if dropped is not None:
                    dropped(failure)
                if failure.stage != "duplicate":
                    failed.setdefault(kind, f"{failure.stage!r}: {failure.reason}")
                    if strict:
                        raise DataError(f"{tasks[0].id!r} ({kind}) fails the stage {failure.stage!r}: {failure.reason}")
            else:
                if strict:
                    raise DataError(f"{redraws + 1} draws of the kind {kind!r} gave no new task; ask for fewer tasks")
            if number >= size:
                break
        if number == before:
            break
    for kind, reason in failed.items():
        if kind not in given:
            raise DataError(
                f"the split {split!r} has no task of the kind {kind!r}: each that was drawn fails its certificate, the "
                f"first at the stage {reason}; mend the kind, or leave it out"
            )
    if number < size:
        raise DataError(
            f"the split {split!r} has {number} of {size} tasks, and a turn of all kinds gave no other; ask for "
            "fewer, or for a larger world"
        )
