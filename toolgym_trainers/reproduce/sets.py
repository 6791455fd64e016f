"""The sets of a reproduction: one of all patterns, made before anything is trained; all of them are apart."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from toolgym import __version__
from toolgym.certificates import DuplicateIndex
from toolgym.certificates.certifier import Funnel
from toolgym.certificates.entities import entities_of
from toolgym.concurrency.bridge import wait_for
from toolgym.curricula.over_pool import POOL_SPLIT, over_pool
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.generation import targets
from toolgym.generators.template import TemplateProposer, generator_of
from toolgym.proposal import Proposal, TaskRequest
from toolgym.tasks import Task, TaskSet, write_tasks
from toolgym_trainers.reproduce.settings import PATTERNS, PatternSet, Sets

ROUNDS = 12
"""How often tasks are proposed for those that did not come through, at most."""
ABOUT = "set.json"
"""What says of a set what it is."""


class _Cell(NamedTuple):
    """A place of the set: which of the tasks of a pattern at a level."""

    copy: int
    level: int
    pattern: str


def make_pattern_set(
    domain: Domain, asked: PatternSet, folder: Path, tick: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Make the set of all patterns as a pool that ``toolgym eval --pool`` plays; the same settings make the same set.

    Every task is certified as those that ship are, in worlds that share no entity with any of the domain's.

    Args:
        domain: The domain.
        asked: How many tasks, how hard, and the seed.
        folder: Where; it must not exist.
        tick: Told how many of the tasks there are.

    Returns:
        What the set is, as ``set.json`` has it: ``seed``, ``digest``, ``tasks``, ``patterns``, ``levels``, ``worlds``
        and ``toolgym``, the version it was made with.

    Raises:
        DataError: If the folder exists, the domain has no generator, or a place of the set cannot be filled.
    """
    if folder.exists():
        raise DataError(f"{str(folder)!r} exists; choose another folder, or remove it")
    rng = np.random.default_rng(asked.seed)
    patterns = tuple(targets(generator_of(domain)))
    cells = [_Cell(copy, level, name) for copy in range(asked.each) for level in asked.levels for name in patterns]
    names = {cell: f"{PATTERNS}-{place:03}" for place, cell in enumerate(cells, 1)}
    apart = sorted({task.world for task in domain.tasks})
    seen, certifier = DuplicateIndex(), Funnel(forms=None)
    found: dict[_Cell, Sequence[Task]] = {}
    for _ in range(ROUNDS):
        lacking = [cell for cell in cells if cell not in found]
        if not lacking:
            break
        requests = [TaskRequest(names[cell], cell.pattern, cell.level) for cell in lacking]
        proposals = _proposals(domain, requests, rng, apart)
        through = wait_for(certifier.certify(domain, proposals, seen=seen, disjoint_from=apart))
        came = {task.key: task for task in through.tasks}
        for cell, proposal in zip(lacking, proposals, strict=True):
            kept = [came[task.key] for task in proposal.tasks if task.key in came]
            if kept:
                found[cell] = kept
        if tick is not None:
            tick(len(found), len(cells))
    if lacking := [cell for cell in cells if cell not in found]:
        first = lacking[0]
        raise DataError(
            f"{len(lacking)} of {len(cells)} tasks of the set did not come through in {ROUNDS} rounds, the first for "
            f"{first.pattern!r} at level {first.level}; ask for fewer of each, or other levels"
        )
    tasks = [task for cell in cells for task in found[cell]]
    about = {
        "domain": domain.name,
        "seed": asked.seed,
        "digest": digest_of_tasks(tasks),
        "tasks": len(tasks),
        "patterns": dict(Counter(_pattern(task) for task in tasks)),
        "levels": list(asked.levels),
        "each": asked.each,
        "worlds": sorted({task.world for task in tasks}),
        "toolgym": __version__,
    }
    _write(folder, domain, tasks, about)
    return about


def _proposals(
    domain: Domain, requests: Sequence[TaskRequest], rng: np.random.Generator, apart: Sequence[str]
) -> list[Proposal]:
    return list(TemplateProposer().proposals(domain, requests, rng, disjoint_from=apart))


def _pattern(task: Task) -> str:
    return (task.provenance.pattern if task.provenance is not None else None) or "none"


def _write(folder: Path, domain: Domain, tasks: Sequence[Task], about: Mapping[str, Any]) -> None:
    partly = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partly, ignore_errors=True)
    try:
        partly.mkdir(parents=True)
        write_tasks(partly / "tasks.jsonl", tasks)
        for world in sorted({task.world for task in tasks}):
            domain.worlds.get(world).save(partly / "worlds" / file_name(world))
        (partly / ABOUT).write_text(json.dumps(about, indent=1), encoding="ascii")
        partly.rename(folder)
    except OSError as error:
        raise DataError(f"the set {str(folder)!r} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partly, ignore_errors=True)


def digest_of_tasks(tasks: Sequence[Task]) -> str:
    """What a set of tasks is, in a few letters: their keys tell of tasks and worlds."""
    return hashlib.sha256("\n".join(sorted(task.key for task in tasks)).encode()).hexdigest()[:16]


def with_pattern_set(domain: Domain, folder: Path, asked: PatternSet) -> Domain:
    """The domain with the set as one more split, so that whatever keeps apart from its splits keeps apart from the set.

    Args:
        domain: The domain.
        folder: What :func:`make_pattern_set` wrote.
        asked: The settings that it must be of.

    Raises:
        DataError: If the folder holds no set of the domain, or another one than the settings ask for.
    """
    tasks = over_pool(domain, folder).tasks[POOL_SPLIT]
    about = json.loads((folder / ABOUT).read_text(encoding="ascii"))
    found = digest_of_tasks(tasks)
    wanted = {"seed": asked.seed, "each": asked.each, "levels": list(asked.levels)}
    differs = [name for name, value in wanted.items() if about[name] != value]
    if differs or found != about["digest"] or (asked.digest and found != asked.digest):
        why = (
            f"its {differs[0]} is {about[differs[0]]}, not {wanted[differs[0]]}"
            if differs
            else f"its digest is {found}"
        )
        raise DataError(
            f"the set {str(folder)!r} is another than the settings ask for: {why}; remove it to make it anew"
        )
    splits = {name: partial(domain.tasks.__getitem__, name) for name in domain.tasks.splits()}
    return domain.with_data(
        tasks=TaskSet({**splits, PATTERNS: partial(tuple, tasks)}), worlds=domain.worlds.beside(folder / "worlds")
    )


def check_apart(domain: Domain, sets: Sets) -> dict[str, int]:
    """See that no two of the sets share an entity: no customer, order, product, address, e-mail or payment method.

    Args:
        domain: The domain with the set of all patterns.
        sets: Which splits are for what.

    Returns:
        How many entities the worlds of each split hold.

    Raises:
        DataError: If two share one, with how many and an example's kind.
        UnknownNameError: If there is no such split.
    """
    names = list(dict.fromkeys((sets.train, sets.mining, sets.dev, sets.test, PATTERNS)))
    held = {name: _entities(domain, domain.tasks[name]) for name in names}
    for one, other in combinations(names, 2):
        check_disjoint(one, held[one], other, held[other])
    return {name: len(entities) for name, entities in held.items()}


def check_pool_apart(domain: Domain, pool: Path, sets: Sets) -> None:
    """See that what a curriculum made shares no entity with dev, test and the set of all patterns.

    Args:
        domain: The domain with that set.
        pool: The curriculum's folder; one that holds no task yet passes.
        sets: Which splits are for what.

    Raises:
        DataError: If it does.
    """
    if not any((pool / "worlds").glob("*.duckdb")):
        return
    made = over_pool(domain, pool)
    own = _entities(made, made.tasks[POOL_SPLIT])
    for name in (sets.dev, sets.test, PATTERNS):
        check_disjoint(str(pool), own, name, _entities(domain, domain.tasks[name]))


def check_disjoint(one: str, first: Mapping[bytes, Any], other: str, second: Mapping[bytes, Any]) -> None:
    """See that two sets of entities have none in common.

    Args:
        one: What the first is called.
        first: Entities by digest.
        other: What the second is called.
        second: Likewise.

    Raises:
        DataError: If they have.
    """
    if shared := sorted(first.keys() & second.keys()):
        raise DataError(
            f"{one!r} and {other!r} share {len(shared)} entities, such as {first[shared[0]]}: they are not apart; name "
            "other splits, or make the set anew with another seed"
        )


def _entities(domain: Domain, tasks: Sequence[Task]) -> dict[bytes, Any]:
    return {
        digest: entity
        for world in dict.fromkeys(task.world for task in tasks)
        for digest, entity in entities_of(domain, world).items()
    }
