"""Pools: folders of tasks that were made, with their worlds, played like a split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.tasks import Task

UNTARGETED = "untargeted"
"""What tasks are called that stress no pattern."""
WORLDS = "worlds"


def domain_played(name: str, data: str, settings: Any) -> Domain:
    """The domain over the tasks that a run played.

    Args:
        name: The domain.
        data: Whose tasks.
        settings: What the run's manifest holds of its settings.

    Raises:
        UnknownNameError: If the domain is not installed.
        DataError: If its data, or the pool, is not there.
    """
    from toolgym.cli.output import remark
    from toolgym.curricula.over_pool import over_pool
    from toolgym.errors import DataError
    from toolgym.registration import make_domain

    domain = make_domain(name, data)
    pool = settings.get("pool") if isinstance(settings, dict) else None
    if not pool:
        return domain
    if not Path(pool).is_dir():
        raise DataError(f"the run played the tasks of the pool {pool!r}, which is not there; put the folder back")
    remark(f"The run names the pool {pool!r}: its tasks and worlds are read.")
    try:
        return over_pool(domain, Path(pool))
    except DataError as error:
        raise DataError(f"the run played the tasks of a pool: {error}") from error


def settings_of(folder: Path) -> Any:
    """The settings in a run's manifest.

    Raises:
        DataError: If the folder is not a run.
    """
    from toolgym.runs import read_manifest

    return read_manifest(folder).get("settings")


def pool_contents(folder: Path) -> dict[str, Any]:
    """What a pool holds, as ``toolgym curriculum show --json`` prints it.

    Raises:
        DataError: If the folder is no pool.
        UnknownNameError: If its domain is not installed.
    """
    from toolgym.curricula.folder import REPORT, ROUNDS, STATE, TASKS, read_saved
    from toolgym.curricula.over_pool import beside_pool, saved_pool
    from toolgym.curricula.pool import Entry
    from toolgym.files.plain_files import check_inside
    from toolgym.patterns import in_order
    from toolgym.registration import make_domain
    from toolgym.tasks import read_tasks

    check_inside(folder / TASKS)
    saved = read_saved(folder) if (folder / STATE).is_file() or not (folder / TASKS).is_file() else None
    if saved is None:
        entries = [Entry(task, patterns=_target(task)) for task in read_tasks(folder / TASKS)]
        domain, data = _played(folder)
    else:
        domain, data = saved.domain, saved.data
        entries = list(saved_pool(beside_pool(make_domain(saved.domain, saved.data), folder), folder))
    made = [entry for entry in entries if not entry.of_split]
    patterns: dict[str, dict[str, int]] = {}
    for entry in made:
        for name in entry.patterns or (UNTARGETED,):
            row = patterns.setdefault(name, {"tasks": 0, "trials": 0, "solved": 0})
            for key, value in (("tasks", 1), ("trials", entry.trials), ("solved", entry.solved)):
                row[key] += value
    told = in_order(patterns.keys() - {UNTARGETED})  # by family, as a refresh prints them
    told += [UNTARGETED] if UNTARGETED in patterns else []
    reports = sorted((folder / ROUNDS).glob(f"[0-9]*/{REPORT}"))
    return {
        "folder": str(folder),
        "curriculum": None if saved is None else saved.curriculum,
        "domain": domain,
        "data": data,
        "tasks": len(entries),
        "made": len(made),
        "worlds": len({entry.task.world for entry in entries}),
        "patterns": {name: patterns[name] for name in told},
        "reports": [_report(path) for path in reports],
    }


def _report(path: Path) -> Any:
    from toolgym.errors import DataError
    from toolgym.files.plain_files import check_inside
    from toolgym.files.strict_json import read_json
    from toolgym.patterns import current_name

    try:
        check_inside(path)
        report = read_json(path)
        if isinstance(report, dict) and isinstance(report.get("patterns"), dict):
            report["patterns"] = {current_name(name): figures for name, figures in report["patterns"].items()}
    except DataError as error:
        raise DataError(f"{str(path)!r} is no report of a refresh: {error}; the file may be deleted") from error
    return report


def _played(folder: Path) -> tuple[str | None, str | None]:
    """The domain and the data of the trajectories beside tasks, if there are any."""
    from toolgym.runs.files import TRAJECTORIES, read_lines

    if not (folder / TRAJECTORIES).exists():
        return None, None
    row = next(read_lines(folder / TRAJECTORIES), None)
    return (None, None) if row is None else (row[0].domain, row[0].data)


def _target(task: Task) -> tuple[str, ...]:
    pattern = task.provenance.pattern if task.provenance is not None else None
    return () if pattern is None else (pattern,)
