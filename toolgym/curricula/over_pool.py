"""Pools played like a split: the tasks that were made, with their worlds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from toolgym.curricula.folder import STATE, TASKS, check_there, naming, read_saved
from toolgym.curricula.pool import Pool
from toolgym.curricula.worlds import WORLDS
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.files.plain_files import check_inside
from toolgym.tasks import Task, TaskSet, read_tasks

POOL_SPLIT = "pool"
"""What trajectories name as the split of a pool's tasks."""


def over_pool(domain: Domain, folder: Path) -> Domain:
    """The domain with the tasks that were made for a pool instead of its own.

    Args:
        domain: The domain.
        folder: What ``toolgym curriculum refresh`` or ``toolgym tasks synthesize`` wrote.

    Raises:
        DataError: If the folder is not there, is not a pool of this domain, or holds no task.
    """
    check_there(folder)
    placed = beside_pool(domain, folder)
    tasks = _tasks(placed, folder)
    if not tasks:
        raise DataError(f"no task was made for the pool {str(folder)!r} yet")
    return placed.with_data(tasks=TaskSet({POOL_SPLIT: partial(list, tasks)}))


def over_run(domain: Domain, settings: Any) -> Domain:
    """The domain over the tasks that a run played: its own, or those of the pool that the run names.

    Args:
        domain: The domain.
        settings: What the run's manifest holds as its settings.

    Raises:
        DataError: If the run names a pool that is not there, or cannot be read.
    """
    pool = pool_of_run(settings)
    if pool is None:
        return domain
    if not pool.is_dir():
        raise DataError(f"the run played the tasks of the pool {str(pool)!r}, which is not there; put the folder back")
    try:
        return over_pool(domain, pool)
    except DataError as error:
        raise DataError(f"the run played the tasks of a pool: {error}") from error


def pool_of_run(settings: Any) -> Path | None:
    """The folder of the pool whose tasks a run played, as its settings name it; None if it played a split."""
    pool = settings.get("pool") if isinstance(settings, dict) else None
    return Path(pool) if pool else None


def beside_pool(domain: Domain, folder: Path) -> Domain:
    """The domain with the worlds of a pool beside its own."""
    return domain.with_data(worlds=domain.worlds.beside(folder / WORLDS))


def saved_pool(domain: Domain, folder: Path) -> Pool:
    """The pool in a curriculum's folder.

    Raises:
        DataError: If it is another domain's, or cannot be read.
    """
    saved = read_saved(folder)
    if (saved.domain, saved.data) != (domain.name, domain.compat.name):
        raise DataError(
            f"the pool {str(folder)!r} is of the domain {saved.domain!r} over {saved.data} data, not of "
            f"{domain.name!r} over {domain.compat.name} data"
        )
    with naming(folder):
        return Pool.from_state(domain, saved.state.get("pool", {}), folder)


def _tasks(domain: Domain, folder: Path) -> Sequence[Task]:
    check_inside(folder / TASKS)
    if (folder / TASKS).is_file():
        return read_tasks(folder / TASKS)
    if not (folder / STATE).is_file():
        raise DataError(
            f"the folder {str(folder)!r} is no pool: it has neither {TASKS} nor {STATE}; `toolgym curriculum refresh` "
            "and `toolgym tasks synthesize` write one"
        )
    return [entry.task for entry in saved_pool(domain, folder) if not entry.of_split]
