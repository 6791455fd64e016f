"""``toolgym regrade``: recorded trajectories graded again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.completion import run_names
from toolgym.cli.models import BaseUrl, JudgeModel, ModelArgs, model_settings
from toolgym.cli.output import AsJson, errors, print_json, say
from toolgym.cli.pools import domain_played
from toolgym.cli.runs import Runs, find_run

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.evaluation.grade import Judge
    from toolgym.regrading.regrade import Regraded
    from toolgym.runs import Run
    from toolgym.tasks import Task
    from toolgym.trajectory import Trajectory

GOLD_UNKNOWN = "gold unknown"
LISTED = 50
"""How many changed rewards are printed."""


@dataclass
class Recorded:
    """What is graded again.

    Args:
        name: Where it is.
        domain: The domain, over the data that was played.
        rows: The trajectories.
        task: The task by which one is graded.
        total: How many there are, about.
        settings: What was asked for when they were played.
        gold_unknown: Why some tasks cannot be graded: they were graded by gold that is not there; by id.
    """

    name: str
    domain: Domain
    rows: Iterable[Trajectory]
    task: Callable[[Trajectory], Task]
    total: int
    settings: dict[str, Any]
    gold_unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass
class RunComparison:
    """How the new grades compare with the old ones.

    Args:
        outcomes: How many trajectories came to what.
        changed: The rewards that changed.
        inside: How many kept their reward, but not all components of it.
    """

    outcomes: dict[str, int] = field(
        default_factory=lambda: {"equal": 0, "changed": 0, "new": 0, "not judged": 0, "void": 0}
    )
    changed: list[dict[str, Any]] = field(default_factory=list)
    inside: int = 0

    def add(self, one: Regraded | None) -> None:
        """Count one trajectory; None for one whose gold is unknown."""
        if one is None:
            self.outcomes[GOLD_UNKNOWN] = self.outcomes.get(GOLD_UNKNOWN, 0) + 1
            return
        self.outcomes[one.outcome] += 1
        if one.outcome == "changed":
            grades = [row.grade.reward if row.grade is not None else None for row in (one.before, one.after)]
            row = one.after
            facts = {"episode": one.before.episode_id, "task_id": row.task_id, "trial": row.trial}
            parts = {name: list(values) for name, values in one.components.items()}
            self.changed.append({**facts, "before": grades[0], "after": grades[1], "components": parts})
        elif one.outcome == "equal" and one.components:
            self.inside += 1


def regrade(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN_OR_FILE",
            autocompletion=run_names,
            help="A run: its folder or its name; or a results file of tau2.",
        ),
    ],
    fresh_tasks: Annotated[
        bool, typer.Option("--fresh-tasks", help="Grade by the tasks that have these ids now, even if they changed.")
    ] = False,
    write: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write the new grades as a run of this name.")
    ] = None,
    runs: Runs = Path("runs"),
    judge: Annotated[
        str | None, typer.Option(help="Who judges natural-language assertions anew; default: the recorded verdicts.")
    ] = None,
    judge_model: JudgeModel = None,
    judge_base_url: BaseUrl = None,
    judge_args: ModelArgs = None,
    as_json: AsJson = False,
) -> None:
    """Grade recorded trajectories again from their calls, and compare the rewards; exit 1 if one changed.

    Verdicts on natural-language assertions are those that were recorded, unless a judge is named. Where a results file
    was graded by other gold calls than its tasks have, nothing is compared: gold unknown, and exit 1 too. With --write,
    neither is an error.
    """
    from toolgym.files.names import place_in
    from toolgym.models.before import ask_models
    from toolgym.registration import make_judge

    model = model_settings("judge", judge_model, judge_base_url, judge_args)
    chosen = judge or ("llm" if model is not None else None)
    referee = make_judge(chosen, model) if chosen is not None else None
    recorded = _from_file(Path(source), fresh_tasks) if Path(source).is_file() else _from_run(source, runs, fresh_tasks)
    ask_models({"judge": model})
    folder = None if write is None else place_in(runs, write, "run")
    compared = grade_again(recorded, folder, referee)
    if as_json:
        print_json(
            {
                "source": recorded.name,
                "domain": recorded.domain.name,
                "data": recorded.domain.compat.name,
                "trajectories": sum(compared.outcomes.values()),
                "outcomes": compared.outcomes,
                "changed": compared.changed,
                "equal_with_other_components": compared.inside,
                **({"gold_unknown": dict(recorded.gold_unknown)} if recorded.gold_unknown else {}),
                "run": None if folder is None else str(folder),
            }
        )
    else:
        _print(recorded, compared, folder)
    if (compared.changed or compared.outcomes.get(GOLD_UNKNOWN)) and folder is None:
        raise typer.Exit(1)


def grade_again(recorded: Recorded, folder: Path | None = None, judge: Judge | None = None) -> RunComparison:
    """Grade trajectories again, and keep them as a run if a folder is given.

    Args:
        recorded: The trajectories.
        folder: Where the new run will be.
        judge: Decides on natural-language assertions anew; by default the recorded verdicts count.

    Raises:
        DataError: If the run exists, a trajectory occurs twice, or one cannot be graded; no run is left then.
    """
    from toolgym.concurrency.bridge import wait_for
    from toolgym.errors import DataError
    from toolgym.runs import Run

    compared = RunComparison()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task("regrade", total=recorded.total)

        def note(one: Regraded | None) -> None:
            compared.add(one)
            progress.advance(bar)

        if folder is None:
            wait_for(_grade(recorded, judge, note, None))
            return compared
        if folder.exists():
            raise DataError(f"{str(folder)!r} exists; choose another name for the new run")
        run = Run.start(folder, recorded.settings)
        try:
            with run:
                wait_for(_grade(recorded, judge, note, run))
        except BaseException:
            shutil.rmtree(folder)
            raise
    return compared


async def _grade(
    recorded: Recorded, judge: Judge | None, note: Callable[[Regraded | None], None], run: Run | None
) -> None:
    from toolgym.errors import DataError
    from toolgym.regrading.regrade import regrade_all
    from toolgym.trajectory import Grade

    order: list[str] = []

    def keep(row: Trajectory) -> None:
        if run is None:
            return
        if row.episode_id in run:
            raise DataError(
                f"{recorded.name!r} holds trial {row.trial} of the task {row.task_id!r} twice; a run cannot"
            )
        run.append(row)

    def jobs() -> Iterator[tuple[Task, Trajectory]]:
        for row in recorded.rows:
            task = recorded.task(row)
            order.append(f"{task.key}-{row.trial}")
            if (why := recorded.gold_unknown.get(row.task_id)) is None or row.fault is not None:
                yield task, row
                continue
            keep(replace(row, task_key=task.key, grade=Grade(None, None, note=f"{GOLD_UNKNOWN}: {why}")))
            note(None)

    async with aclosing(regrade_all(recorded.domain, jobs(), judge=judge)) as done:
        async for one in done:
            keep(one.after)
            note(one)
    if run is not None:
        run.finish(order)


def _from_run(name: str, runs: Path, fresh: bool) -> Recorded:
    from toolgym.errors import DataError
    from toolgym.regrading.regrade import task_of
    from toolgym.runs import read_manifest, read_trajectories
    from toolgym.runs.files import TRAJECTORIES, whole_lines

    folder = find_run(name, runs)
    first = next(read_trajectories(folder), None)
    if first is None:
        raise DataError(f"the run {str(folder)!r} holds no episode")
    settings = read_manifest(folder).get("settings")
    domain = domain_played(first.domain, first.data, settings)
    total = sum(1 for _ in whole_lines(folder / TRAJECTORIES))

    def task(row: Trajectory) -> Task:
        try:
            return task_of(domain, row, fresh=fresh)
        except DataError as error:
            raise DataError(f"{error}; --fresh-tasks grades by the task that has this id now") from error

    return Recorded(
        str(folder), domain, read_trajectories(folder), task, total, settings if isinstance(settings, dict) else {}
    )


def _from_file(path: Path, fresh: bool) -> Recorded:
    from toolgym.compat.tau2.results_in import read_gradable
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.registration import make_domain
    from toolgym.regrading.regrade import task_of
    from toolgym.rollouts import Settings

    results = read_gradable(path)
    try:
        domain = make_domain(results.domain, "tau2")
    except UnknownNameError as error:
        known = "".join(f" {GOLD_UNKNOWN}: task {name}: {why}." for name, why in results.gold_unknown.items())
        raise DataError(f"{error}{known}") from error
    results = results.over(domain)
    tasks = {task.key: task for task in results.tasks}
    rows, info = results.trajectories, results.info
    models = {
        side: {"model": player["llm"], "arguments": player.get("llm_args") or {}}
        for side in ("agent", "user")
        if isinstance(player := info.get(f"{side}_info"), dict) and player.get("llm")
    }
    limits = {name: info[name] for name in ("max_steps", "max_errors") if isinstance(info.get(name), int)}
    settings = Settings(
        domain.name,
        "",
        rows[0].agent,
        data="tau2",
        user=rows[0].user,
        trials=max(row.trial for row in rows) + 1,
        seed=info["seed"] if isinstance(info.get("seed"), int) else 0,
        models=models,
        **limits,
    )
    return Recorded(
        str(path),
        domain,
        rows,
        (lambda row: task_of(domain, row, fresh=True)) if fresh else (lambda row: tasks[row.task_key]),
        len(rows),
        settings.as_dict(),
        {} if fresh else results.gold_unknown,
    )


def _print(recorded: Recorded, compared: RunComparison, folder: Path | None) -> None:
    total = sum(compared.outcomes.values())
    counts = ", ".join(f"{number} {name}" for name, number in compared.outcomes.items() if number or name != "new")
    say(f"{recorded.name}: {recorded.domain.name}, {recorded.domain.compat.name} data, {total} trajectories")
    say(f"rewards: {counts}")
    for row in compared.changed[:LISTED]:
        parts = ", ".join(f"{name} {_value(old)} → {_value(new)}" for name, (old, new) in row["components"].items())
        reward = f"{_value(row['before'])} → {_value(row['after'])}"
        text = f"task {row['task_id']}, trial {row['trial']}: {reward} ({parts or 'no component changed'})"
        say(text, style="red")
    if len(compared.changed) > LISTED:
        say(f"… and {len(compared.changed) - LISTED} more; --json lists them all.")
    for name, why in recorded.gold_unknown.items():
        say(f"{GOLD_UNKNOWN}: task {name}: {why}", style="red")
    if recorded.gold_unknown:
        say("--fresh-tasks grades by the gold calls that tau2's data has for these tasks now.")
    if compared.inside:
        say(f"{compared.inside} of the equal rewards come of other components than before.")
    if folder is not None:
        say(f"written: {folder}")


def _value(number: float | None) -> str:
    return "n/a" if number is None else f"{number:g}"
