"""A run before anything of it is written: what it will hold, and whether it can be played at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from toolgym.domain import AgentSpec, Domain
from toolgym.episode.seeding import rng_for
from toolgym.errors import DataError, TaskError, WorldError
from toolgym.rollouts.evaluation import Evaluation
from toolgym.rollouts.settings import Settings, fewest_trials
from toolgym.runs import MANIFEST, Run, read_manifest
from toolgym.runs.files import has_finished
from toolgym.runs.identity import check_identity
from toolgym.tasks import Task


@dataclass(frozen=True)
class RunPlan:
    """A run that is about to begin, or to go on.

    Args:
        folder: Where it is, or will be.
        evaluation: What it will hold in the end: with what it holds already, where it goes on.
        worlds: Digests of the worlds in which it plays.
        goes_on: Whether it is there, and is continued.
        lacking: How many episodes are to be played now.
        cost_usd: What it cost so far in US dollars, as far as that is known.
    """

    folder: Path
    evaluation: Evaluation
    worlds: Sequence[str]
    goes_on: bool
    lacking: int
    cost_usd: float

    def open(self) -> Run:
        """The run, open for writing.

        Raises:
            DataError: If it cannot be written, or has become another one since.
        """
        if self.goes_on:
            return Run.resume(self.folder, self.evaluation.settings.as_dict())
        return Run.start(self.folder, self.evaluation.settings.as_dict(), self.worlds)


def plan_run(folder: Path, evaluation: Evaluation, *, resume: bool, only: Collection[str] = ()) -> RunPlan:
    """See what is to be played; nothing is written.

    A run that has no finished episode begins anew, unless it is resumed and the same is asked for.

    Args:
        folder: Where the run is, or will be.
        evaluation: What is asked for.
        resume: Whether a run that is there is continued.
        only: Ids of the tasks of which something is played now; empty for all of them.

    Raises:
        DataError: If there is a run and it is not to be continued, or cannot be with these settings.
    """
    settings, tasks = evaluation.settings, evaluation.tasks
    worlds = sorted({task.world for task in tasks})
    kept = Run.read(folder)
    goes_on = (folder / MANIFEST).exists()
    if goes_on and not (resume and _fits(folder, settings, worlds)):
        if has_finished(folder):
            raise DataError(
                f"the run {str(folder)!r} exists; choose another name, or resume it (resume=True or --resume)"
            )
        goes_on = False
    if goes_on:
        settings = settings.added_to(read_manifest(folder)["settings"], tasks)
        evaluation = replace(evaluation, trials=settings.trials, chosen=settings.tasks)
    wanted = [task for task in tasks if not only or task.id in only]
    episodes = [f"{task.key}-{trial}" for task in wanted for trial in range(settings.trials_of(task))]
    lacking = sum(name not in kept for name in episodes) if goes_on else len(episodes)
    return RunPlan(folder, evaluation, worlds, goes_on, lacking, kept.cost_usd)


def trials_held(folder: Path) -> int | None:
    """How many trials of each task a run is to hold, the smallest number where they differ.

    Returns:
        None if there is no run, or one whose manifest does not say it: :func:`plan_run` tells what is wrong with it.
    """
    try:
        return fewest_trials(read_manifest(folder)["settings"])
    except (DataError, KeyError, AttributeError):
        return None


def tasks_held(folder: Path) -> tuple[str, ...]:
    """The ids of the tasks that a run is to hold, where some were chosen.

    Args:
        folder: The run's, which need not be there.

    Returns:
        None of them for all of the split, and where no manifest says it.
    """
    try:
        return tuple(read_manifest(folder)["settings"].get("tasks") or ())
    except (DataError, KeyError, AttributeError, TypeError):
        return ()


def _fits(folder: Path, settings: Settings, worlds: Sequence[str]) -> bool:
    """Whether a run can be continued; False if it cannot but holds nothing that would be lost.

    Raises:
        DataError: If it cannot, and holds finished episodes.
    """
    try:
        manifest = read_manifest(folder)
        check_identity(folder, manifest.get("settings"), settings.as_dict())
        if settings.pool and manifest.get("worlds") != worlds:
            raise DataError(
                f"the pool {settings.pool!r} holds tasks of other worlds than when the run {str(folder)!r} was begun; "
                "start a new run"
            )
    except DataError:
        if has_finished(folder):
            raise
        return False
    return True


@contextmanager
def opened(plans: Mapping[str, RunPlan]) -> Iterator[dict[str, Run]]:
    """All runs of several plans, open for writing, by the plans' names.

    Raises:
        DataError: If one of them cannot be written; none that is new is left behind then.
    """
    with ExitStack() as stack:
        runs: dict[str, Run] = {}
        try:
            for name, plan in plans.items():
                runs[name] = stack.enter_context(plan.open())
        except BaseException:
            for run in runs.values():
                run.remove()
            raise
        yield runs


def check_players(domain: Domain, tasks: Iterable[Task], players: Iterable[AgentSpec], seed: int = 0) -> None:
    """See that agents and users can play: each is made for the first task that allows it.

    One that reads the task (``privileged``) is made for all of them, since it may refuse any.

    Args:
        domain: The domain.
        tasks: What is to be played.
        players: Who make the agents and users.
        seed: The run's seed.

    Raises:
        TaskError: If one can play none of the tasks, or refuses one that it reads.
        ToolGymError: Whatever else one needs and lacks.
    """
    tasks = tuple(tasks)
    for player in players:
        refused: list[DataError] = []
        for task in tasks:
            try:
                player(domain, task, rng_for(seed, task.key, 0, "user"))
            except (TaskError, WorldError) as error:
                if player.privileged:
                    raise
                refused.append(error)
                continue
            refused.clear()
            if not player.privileged:
                break
        if refused:
            raise refused[0]
