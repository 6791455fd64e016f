"""What a pool's folder holds: tasks by pattern, how they were solved, and the reports of its refreshes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toolgym.curricula.folder import REPORT, ROUNDS, STATE, TASKS, read_saved
from toolgym.curricula.over_pool import beside_pool, saved_pool
from toolgym.curricula.pool import Entry
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.files.plain_files import check_inside
from toolgym.files.strict_json import read_json
from toolgym.patterns import current_name, in_order
from toolgym.runs.files import TRAJECTORIES, read_lines
from toolgym.tasks import Task, read_tasks

UNTARGETED = "untargeted"
"""The label of tasks that stress no pattern."""


@dataclass(frozen=True)
class PoolContents:
    """What a pool's folder holds; :meth:`as_dict` is what ``toolgym curriculum show --json`` prints.

    Args:
        folder: The folder.
        curriculum: The name of the curriculum that it is of; None for tasks that were synthesized.
        domain: The name of the domain; None if it is not known.
        data: Whose tasks: ``"toolgym"`` or ``"tau2"``; None if it is not known.
        tasks: Tasks in all.
        made: Tasks that were made, those of the split not among them.
        worlds: Worlds of the tasks.
        patterns: By pattern, or ``"untargeted"``: ``tasks`` that were made for it, and their ``trials`` and how many of
            them were ``solved``.
        reports: The reports of its refreshes, in order; see :class:`~toolgym.curriculum.RefreshReport`.
    """

    folder: str
    curriculum: str | None
    domain: str | None
    data: str | None
    tasks: int
    made: int
    worlds: int
    patterns: Mapping[str, Mapping[str, int]]
    reports: Sequence[Mapping[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """The contents as JSON-able data."""
        return asdict(self)


def pool_contents(folder: str | Path, make_domain: Callable[[str, str], Domain]) -> PoolContents:
    """Read what a pool's folder holds.

    Args:
        folder: What a refresh, or ``toolgym tasks synthesize``, wrote.
        make_domain: Makes the domain from its name and its data, such as :func:`toolgym.make_domain`.

    Raises:
        DataError: If the folder is no pool.
        UnknownNameError: If its domain is not installed.
        WorldError: If a world is missing.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from toolgym import Budget, make_curriculum, make_domain, refresh
        >>> with TemporaryDirectory() as folder:
        ...     report = refresh(make_curriculum("general", "mock", "train", folder=folder), Budget(tasks=4))
        ...     found = pool_contents(folder, make_domain)
        >>> found.curriculum, found.made == report.admitted, list(found.patterns)
        ('general', True, ['untargeted'])
    """
    folder = Path(folder)
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
    return PoolContents(
        folder=str(folder),
        curriculum=None if saved is None else saved.curriculum,
        domain=domain,
        data=data,
        tasks=len(entries),
        made=len(made),
        worlds=len({entry.task.world for entry in entries}),
        patterns={name: patterns[name] for name in told},
        reports=[_report(path) for path in reports],
    )


def _report(path: Path) -> Any:
    try:
        check_inside(path)
        report = read_json(path)
        if isinstance(report, dict) and isinstance(report.get("patterns"), dict):
            report["patterns"] = {current_name(name): figures for name, figures in report["patterns"].items()}
    except DataError as error:
        raise DataError(f"{str(path)!r} is no report of a refresh: {error}; the file may be deleted") from error
    return report


def _played(folder: Path) -> tuple[str | None, str | None]:
    """The domain and the data of the trajectories next to the tasks, if there are any."""
    if not (folder / TRAJECTORIES).exists():
        return None, None
    row = next(read_lines(folder / TRAJECTORIES), None)
    return (None, None) if row is None else (row[0].domain, row[0].data)


def _target(task: Task) -> tuple[str, ...]:
    pattern = task.provenance.pattern if task.provenance is not None else None
    return () if pattern is None else (pattern,)
