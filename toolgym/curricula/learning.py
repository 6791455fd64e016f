"""Telling a curriculum how the episodes of a run went, and refusing those that it must not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolgym.curricula.over_pool import POOL_SPLIT
from toolgym.curricula.pool_curriculum import PoolCurriculum
from toolgym.curriculum import Curriculum
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.runs import read_manifest, read_trajectories
from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class Learned:
    """What a curriculum was told of a run.

    Args:
        run: The run's name.
        episodes: Episodes that were judged.
        known: How many of them it had counted before, so that they taught nothing; None of a curriculum that does not
            say.
    """

    run: str
    episodes: int
    known: int | None

    @property
    def new(self) -> int:
        """Episodes that it had not counted before; all of them where that is not known."""
        return self.episodes - (self.known or 0)

    def note(self) -> str | None:
        """A sentence about what was counted before; None if nothing was.

        Example:
            >>> Learned("base-novice", 40, 12).note()
            "12 of the 40 episodes of the run 'base-novice' were counted before, and teach nothing new"
        """
        if not self.known:
            return None
        return (
            f"{self.known} of the {self.episodes} episodes of the run {self.run!r} were counted before, and teach "
            "nothing new"
        )


def learn_from(
    curriculum: Curriculum,
    *runs: str | Path,
    domain: Domain | None = None,
    split: str | None = None,
    pool: str | Path | None = None,
) -> list[Learned]:
    """Tell a curriculum how the episodes of runs went, a group for each task.

    All runs are read and checked before any of them is learned from: they must be over the curriculum's domain, and
    have played the split that it began with, or the tasks of its pool. So nothing is learned from test tasks.

    Args:
        curriculum: The curriculum.
        runs: The folders of the runs.
        domain: Its domain; needed only for a curriculum that is not a :class:`PoolCurriculum`.
        split: The split that it began with; by default the one that a :class:`PoolCurriculum` was made with. None for
            one that was given tasks: runs over any split are then accepted that hold its tasks alone. Needed for any
            other curriculum.
        pool: The folder of its pool; by default that of a :class:`PoolCurriculum`.

    Returns:
        What it was told of each run.

    Raises:
        DataError: If a folder is not a run, the run holds no episode, is over another domain, or has played tasks that
            the curriculum does not have; or domain and split are needed and not given.
        UnknownNameError: If there is no such split.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from toolgym import evaluate, make_curriculum
        >>> sentinel = make_curriculum("sentinel", "mock", "train")
        >>> with TemporaryDirectory() as runs:
        ...     folder = evaluate("mock", agent="no-op", split="train", trials=2, runs=runs).run
        ...     first, again = learn_from(sentinel, folder), learn_from(sentinel, folder)
        >>> first[0].episodes, first[0].new, again[0].new
        (40, 40, 0)
    """
    if isinstance(curriculum, PoolCurriculum):
        domain = domain or curriculum.domain
        split, pool = split or curriculum.split, pool or curriculum.folder
    elif domain is None or split is None:
        raise DataError(
            "name domain and split of a curriculum that is not a PoolCurriculum: learn_from(…, domain=…, split='train')"
        )
    place = None if pool is None else Path(pool)
    found = [(Path(run), _groups(Path(run), domain, split, place, curriculum)) for run in runs]
    return [_learned(curriculum, run, groups) for run, groups in found]


def _learned(curriculum: Curriculum, run: Path, groups: Sequence[Sequence[Trajectory]]) -> Learned:
    before = len(curriculum.pool.episodes) if isinstance(curriculum, PoolCurriculum) else 0
    for group in groups:
        curriculum.update(group)
    judged = sum(row.success is not None for group in groups for row in group)
    if not isinstance(curriculum, PoolCurriculum):
        return Learned(run.name, judged, None)
    return Learned(run.name, judged, judged - (len(curriculum.pool.episodes) - before))


def _groups(
    run: Path, domain: Domain, split: str | None, folder: Path | None, curriculum: Curriculum
) -> list[list[Trajectory]]:
    """The trajectories of a run by task, if it played tasks that the curriculum has."""
    settings = read_manifest(run).get("settings")
    pool = settings.get("pool", "") if isinstance(settings, dict) else ""
    tasks = curriculum.pool if isinstance(curriculum, PoolCurriculum) else None
    foreign = set() if tasks is not None or split is None else _of_other_splits(domain, split)
    groups: dict[str, list[Trajectory]] = {}
    for row in read_trajectories(run):
        if (row.domain, row.data) != (domain.name, domain.compat.name):
            raise DataError(
                f"the run {str(run)!r} is over {row.domain!r} ({row.data} data), not over {domain.name!r} "
                f"({domain.compat.name} data)"
            )
        strange = tasks is not None and tasks.find(row.task_key) is None
        # a pool is told by its tasks where they can be told, since its folder may have been moved
        elsewhere = strange if tasks is not None else folder is None or Path(pool) != folder.resolve()
        other_split = row.split != POOL_SPLIT if pool else split is not None and row.split != split
        if other_split or (pool and elsewhere):
            played = f"the pool {pool!r}" if pool else f"the split {row.split!r}"
            kept = "; nothing must be learned from tasks of 'test'" if row.split == "test" else ""
            own = "its tasks" if split is None else f"its split {split!r}"
            own += "" if folder is None else f" and its pool {str(folder)!r}"
            raise DataError(
                f"the run {str(run)!r} played {played}; this curriculum learns from {own}: name a run over these{kept}"
            )
        if row.task_key in foreign:  # whatever the run calls its split
            raise DataError(
                f"the run {str(run)!r} says that it played {row.split!r}, and the task {row.task_id!r} is of another "
                f"split; nothing must be learned from tasks of other splits than {split!r}"
            )
        if strange:
            place = "the curriculum" if folder is None else f"the pool {str(folder)!r}"
            raise DataError(
                f"the run {str(run)!r} played the task {row.task_id!r}, which is not in {place}; name a run over the "
                "tasks that it began with or holds now"
            )
        groups.setdefault(row.task_key, []).append(row)
    if not groups:
        raise DataError(f"the run {str(run)!r} holds no episode")
    return list(groups.values())


def _of_other_splits(domain: Domain, split: str) -> set[str]:
    """The keys of the tasks of the domain that are not of a split."""
    return {task.key for task in domain.tasks} - {task.key for task in domain.tasks[split]}
