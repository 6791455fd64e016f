"""What ``toolgym failures`` reads: the episodes of a run or of a results file, with their domain and tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolgym.cli.pools import domain_played
from toolgym.cli.runs import find_run

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.tasks import Task
    from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class EpisodeSource:
    """A run or a results file, opened.

    Args:
        name: Its path.
        domain_name: The name of the domain that was played.
        data: Whose tasks were played: ``"toolgym"`` or ``"tau2"``.
        domain: The domain; None if it is not installed.
        missing: Why there is no domain; empty if there is one.
        trajectories: The episodes.
        task_of: Finds the task of an episode.
        total: The number of episodes, for a progress bar.
    """

    name: str
    domain_name: str
    data: str
    domain: Domain | None
    missing: str
    trajectories: Iterable[Trajectory]
    task_of: Callable[[Trajectory], Task]
    total: int


def open_source(source: str, runs: Path) -> EpisodeSource:
    """Open a run or a results file.

    Args:
        source: The path of a results file, or the folder or name of a run.
        runs: The folder in which a run is looked for by its name.

    Raises:
        UnknownNameError: If there is no such run.
        DataError: If the run holds no episode, or the pool that it played is missing.
    """
    return _open_file(Path(source)) if Path(source).is_file() else _open_run(source, runs)


def _open_run(name: str, runs: Path) -> EpisodeSource:
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.regrading.regrade import task_of
    from toolgym.runs import read_manifest, read_trajectories
    from toolgym.runs.files import TRAJECTORIES, whole_lines

    folder = find_run(name, runs)
    first = next(read_trajectories(folder), None)
    if first is None:
        raise DataError(f"the run {str(folder)!r} holds no episode")
    total = sum(1 for _ in whole_lines(folder / TRAJECTORIES))
    domain, missing = None, ""
    try:
        domain = domain_played(first.domain, first.data, read_manifest(folder).get("settings"))
    except UnknownNameError as error:
        missing = _not_installed(first.domain, error)

    def known_task(row: Trajectory) -> Task:
        if domain is None:
            raise DataError(missing)
        return task_of(domain, row)

    return EpisodeSource(
        str(folder), first.domain, first.data, domain, missing, read_trajectories(folder), known_task, total
    )


def _open_file(path: Path) -> EpisodeSource:
    from toolgym.compat.tau2.results_in import read_gradable
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.registration import make_domain

    results = read_gradable(path)
    domain, missing = None, ""
    try:
        domain = make_domain(results.domain, "tau2")
        results = results.over(domain)
    except UnknownNameError as error:
        missing = _not_installed(results.domain, error)
        if results.gold_unknown:
            missing += "".join(
                f"; gold unknown: task {name}: {reason}" for name, reason in results.gold_unknown.items()
            )
        elif not any(task.gold for task in results.tasks):
            missing += "; nor do its tasks in the file have gold calls"
    tasks = {task.key: task for task in results.tasks}
    rows = results.trajectories

    def known_task(row: Trajectory) -> Task:
        if row.task_id in results.gold_unknown:
            raise DataError(f"gold unknown: {results.gold_unknown[row.task_id]}")
        return tasks[row.task_key]

    return EpisodeSource(str(path), results.domain, "tau2", domain, missing, rows, known_task, total=len(rows))


def _not_installed(name: str, error: Exception) -> str:
    from toolgym.errors import UnknownNameError

    if not isinstance(error, UnknownNameError) or error.kind != "domain":
        raise error
    return f"the domain {name!r} is not installed, so the right calls are not known"
