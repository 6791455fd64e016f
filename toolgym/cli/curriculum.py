"""``toolgym curriculum``: new tasks from what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from toolgym.cli.completion import run_names
from toolgym.cli.curriculum_tables import print_pool, print_report
from toolgym.cli.models import (
    AnalystModel,
    BaseUrl,
    BudgetUsd,
    ModelArgs,
    ProposerModel,
    RequestsPerMinute,
    SolverModel,
    TokensPerMinute,
    check_model,
    model_settings,
)
from toolgym.cli.output import AsJson, Data, DomainName, errors, print_json, remark
from toolgym.cli.pools import pool_contents, settings_of
from toolgym.cli.progress import Waiting
from toolgym.cli.runs import Runs, find_run

if TYPE_CHECKING:
    from toolgym.certificates.certifier import Solver
    from toolgym.curriculum import Curriculum
    from toolgym.domain import Agent, AgentFactory, Domain
    from toolgym.models import ModelSettings, Throttle
    from toolgym.trajectory import Trajectory

app = typer.Typer(help="Make new tasks from failures, and look at them.", no_args_is_help=True)


@app.command("refresh")
def refresh(
    domain: DomainName,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="A run to learn from: its folder or its name; may be given several times.",
            autocompletion=run_names,
        ),
    ] = None,
    curriculum: Annotated[
        str | None, typer.Option(help="Which curriculum; default: the pool's, else sentinel.")
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks to propose.")] = 200,
    split: Annotated[str, typer.Option(help="The split whose tasks a new pool begins with.")] = "train",
    pool: Annotated[
        Path | None,
        typer.Option(help="The pool's folder; an existing one is continued; default: pools/DOMAIN-CURRICULUM."),
    ] = None,
    data: Data = "toolgym",
    seed: Annotated[
        int, typer.Option(min=0, help="The seed; with the number of the round it decides what is made.")
    ] = 0,
    analyst: Annotated[
        str | None, typer.Option(help="Who explains failures; default: llm with --analyst-model, else rules.")
    ] = None,
    proposer: Annotated[
        str | None, typer.Option(help="Who makes tasks; default: llm with --proposer-model, else template.")
    ] = None,
    no_controller: Annotated[
        bool, typer.Option("--no-controller", help="An ablation: do not look at failures.")
    ] = False,
    no_proposer: Annotated[bool, typer.Option("--no-proposer", help="An ablation: make no tasks.")] = False,
    solver: Annotated[
        str | None,
        typer.Option(help="An agent that must solve each new task in some trials, not in all; default: none."),
    ] = None,
    solver_trials: Annotated[int, typer.Option(min=2, help="The solver's trials of each task.")] = 4,
    runs: Runs = Path("runs"),
    analyst_model: AnalystModel = None,
    analyst_base_url: BaseUrl = None,
    analyst_args: ModelArgs = None,
    proposer_model: ProposerModel = None,
    proposer_base_url: BaseUrl = None,
    proposer_args: ModelArgs = None,
    solver_model: SolverModel = None,
    solver_base_url: BaseUrl = None,
    solver_args: ModelArgs = None,
    rpm: RequestsPerMinute = None,
    tpm: TokensPerMinute = None,
    budget_usd: BudgetUsd = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a run, and make new tasks: explain its failures, propose, certify, add to the pool.

    Everything is kept in the pool's folder; an interrupted refresh leaves it as it was.
    """
    from toolgym.concurrency.bridge import wait_for
    from toolgym.curricula.generative import Generative
    from toolgym.curriculum import Budget
    from toolgym.errors import DataError
    from toolgym.models import Throttle
    from toolgym.models.before import ask_models
    from toolgym.registration import make_analyst, make_domain, make_proposer
    from toolgym.registry import ANALYSTS, PROPOSERS

    models = {
        "analyst": model_settings("analyst", analyst_model, analyst_base_url, analyst_args),
        "proposer": model_settings("proposer", proposer_model, proposer_base_url, proposer_args),
        "solver": model_settings("solver", solver_model, solver_base_url, solver_args),
    }
    if no_controller and no_proposer:
        raise DataError("--no-controller and --no-proposer exclude each other: nothing would be left to do")
    throttle = Throttle(rpm=rpm, tpm=tpm, budget_usd=budget_usd)
    made = make_domain(domain, data)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Waiting(throttle),
        console=errors,
        transient=True,
        disable=not errors.is_interactive,
    ) as progress:
        bar = progress.add_task("propose and certify", total=tasks)

        def tick() -> None:
            progress.advance(bar)

        options: dict[str, Any] = {"seed": seed}
        if analyst is not None or models["analyst"] is not None:
            check_model(ANALYSTS, analyst or "llm", models["analyst"])
            options["analyst"] = make_analyst(analyst or "llm", models["analyst"], throttle=throttle)
        if proposer is not None or models["proposer"] is not None:
            check_model(PROPOSERS, proposer or "llm", models["proposer"])
            options["proposer"] = make_proposer(proposer or "llm", models["proposer"], throttle=throttle)
        if (plays := _solver(solver, models["solver"], made, seed, throttle)) is not None:
            options["solver"] = plays
        options |= {name: False for name, off in (("controller", no_controller), ("proposing", no_proposer)) if off}
        kind, folder = _place(made, curriculum, pool)
        goes_on = _begin(kind, made, split, folder, options)
        if isinstance(goes_on, Generative):
            goes_on.progress = tick
        found = [(name, _groups(find_run(name, runs), made, split, folder, goes_on)) for name in source or ()]
        _learn(goes_on, found)
        ask_models(models, throttle)
        before = _written(folder)
        try:
            report = wait_for(goes_on.refresh(Budget(tasks, solver_trials)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            progress.stop()
            how = "is as it was" if _written(folder) == before else "was written already: this refresh counts"
            remark(f"broken off; the pool {str(folder)!r} {how}")
            raise typer.Exit(130) from None
    answer = {**report.as_dict(), "curriculum": kind, "folder": str(folder)}
    if as_json:
        print_json(answer)
    else:
        print_report(answer, looked=_learns_from_failures(goes_on) is not False)


@app.command("show")
def show(
    pool: Annotated[Path, typer.Argument(metavar="POOL", help="The folder of a pool.")],
    as_json: AsJson = False,
) -> None:
    """Show what a pool holds: its tasks by pattern, how they were solved, and the report of every round."""
    answer = pool_contents(pool)
    if as_json:
        print_json(answer)
        return
    print_pool(answer)


def _solver(
    name: str | None, model: ModelSettings | None, domain: Domain, seed: int, throttle: Throttle
) -> Solver | None:
    """Rolls out an agent with the default user of each task."""
    from toolgym.certificates.certifier import solver_of
    from toolgym.errors import DataError
    from toolgym.prompts import wording_of
    from toolgym.registration import agent_spec, make_agent, with_wording

    if name is None and model is None:
        return None
    spec = agent_spec(name or "llm", domain)
    if spec.needs_model and model is None:
        raise DataError(f"the agent {spec.name!r} needs a model; name it with --solver-model")
    if model is not None and not spec.needs_model:
        raise DataError(f"the agent {spec.name!r} has no model; leave --solver-model out")
    agent = with_wording(make_agent(spec.name, model, domain=domain, throttle=throttle), wording_of(domain))
    return solver_of(agent, _default_user(), seed=seed)


def _default_user() -> AgentFactory:
    from toolgym.registration import default_user, make_user

    def user(domain: Domain, task: Any, rng: Any) -> Agent:
        return make_user(default_user([task]))(domain, task, rng)

    return user


def _written(folder: Path) -> tuple[int, int] | None:
    """By what it is told whether the state in a pool's folder was written anew."""
    from toolgym.curricula.folder import STATE

    try:
        found = (folder / STATE).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _place(domain: Domain, name: str | None, pool: Path | None) -> tuple[str, Path]:
    """Which curriculum, and its folder."""
    from toolgym.curricula.folder import STATE, read_saved
    from toolgym.files.names import place_in

    folder = pool if pool is not None else place_in(Path("pools"), f"{domain.name}-{name or 'sentinel'}", "pool")
    if name is None and (folder / STATE).exists():
        return read_saved(folder).curriculum, folder
    return name or "sentinel", folder


_FLAGS = {
    "analyst": "--analyst or --analyst-model",
    "proposer": "--proposer or --proposer-model",
    "solver": "--solver or --solver-model",
    "controller": "--no-controller",
    "proposing": "--no-proposer",
}
"""The options of a curriculum, as the command line calls them."""


def _begin(kind: str, domain: Domain, split: str, folder: Path, options: dict[str, Any]) -> Curriculum:
    """A new curriculum, or the one in the folder.

    Raises:
        DataError: If the folder holds another one, or something else, or the curriculum makes no tasks.
    """
    from toolgym.curricula.folder import LOCK, ROUNDS, STATE, TASKS, check_there
    from toolgym.curricula.validation import options_of
    from toolgym.curricula.worlds import WORLDS
    from toolgym.errors import DataError
    from toolgym.registration import make_curriculum
    from toolgym.registry import CURRICULA

    maker = getattr(CURRICULA.load(kind), "__self__", None)
    known = options_of(maker) if isinstance(maker, type) else None
    if known is not None and "folder" not in known:
        raise DataError(f"the curriculum {kind!r} keeps no pool; choose another with --curriculum, such as sentinel")
    if known is not None and (unknown := [name for name in options if name in _FLAGS and name not in known]):
        raise DataError(
            f"the curriculum {kind!r} does not take {_FLAGS[unknown[0]]}; leave it out, or choose another with "
            "--curriculum, such as sentinel"
        )
    if folder.name in (STATE, TASKS):
        check_there(folder)
    if (folder / STATE).exists():
        return make_curriculum(kind, domain, split, pool=folder, **options)
    begun = {LOCK, ROUNDS, WORLDS}  # what a refresh leaves whose process ended while it wrote its first round
    if folder.exists() and (not folder.is_dir() or any(path.name not in begun for path in folder.iterdir())):
        raise DataError(f"{str(folder)!r} is no pool of a curriculum and not empty; name another folder with --pool")
    return make_curriculum(kind, domain, split, folder=folder, **options)


def _learns_from_failures(curriculum: Curriculum) -> bool | None:
    """Whether a refresh needs failures; None of a curriculum that does not say."""
    from toolgym.curricula.pooled import Pooled

    return curriculum.keeps_failures if isinstance(curriculum, Pooled) else None


def _learn(curriculum: Curriculum, runs: Sequence[tuple[str, Sequence[Sequence[Trajectory]]]]) -> None:
    """Update a curriculum with runs, and say how much of them was known.

    Raises:
        DataError: If it learns from failures, and there is nothing new to learn from.
    """
    from toolgym.curricula.generative import Generative
    from toolgym.curricula.pooled import Pooled
    from toolgym.errors import DataError

    if not isinstance(curriculum, Pooled):
        for group in (group for _, groups in runs for group in groups):
            curriculum.update(group)
        return
    of_failures = curriculum.keeps_failures
    if of_failures and not runs and not curriculum.metrics()["failures"]:
        raise DataError(
            f"give --from RUN: the curriculum {curriculum.name!r} learns from the failures of a run, such as "
            f"`toolgym eval {curriculum.domain.name} --split train` makes; with --no-controller it needs none"
        )
    every = new = 0
    told = []
    for run, groups in runs:
        before = len(curriculum.pool.episodes)
        for group in groups:
            curriculum.update(group)
        judged = sum(row.success is not None for group in groups for row in group)
        every, new = every + judged, new + len(curriculum.pool.episodes) - before
        if again := judged - (len(curriculum.pool.episodes) - before):
            told.append(
                f"{again} of the {judged} episodes of the run {run!r} were counted before, and teach nothing new"
            )
    if not of_failures and isinstance(curriculum, Generative):
        return  # what it makes does not hang on what it was told
    otherwise = "if another policy did the same, evaluate it with another --seed"
    if runs and not new and not curriculum.metrics()["failures"]:
        why = f"{'; '.join(told)}; {otherwise}" if every else "no episode of the runs was judged"
        raise DataError(f"there is nothing new to learn from: {why}")
    for text in told:
        remark(f"{text}; {otherwise}", style="yellow")


def _groups(run: Path, domain: Domain, split: str, folder: Path, curriculum: Curriculum) -> list[list[Trajectory]]:
    """The trajectories of a run by task.

    Raises:
        DataError: If it played other tasks than the curriculum has.
    """
    from toolgym.curricula.over_pool import POOL_SPLIT
    from toolgym.curricula.pooled import Pooled
    from toolgym.errors import DataError
    from toolgym.runs import read_trajectories

    settings = settings_of(run)
    pool = settings.get("pool", "") if isinstance(settings, dict) else ""
    tasks = curriculum.pool if isinstance(curriculum, Pooled) else None
    groups: dict[str, list[Trajectory]] = {}
    for row in read_trajectories(run):
        if (row.domain, row.data) != (domain.name, domain.data):
            raise DataError(
                f"the run {str(run)!r} is over {row.domain!r} ({row.data} data), not over {domain.name!r} "
                f"({domain.data} data)"
            )
        strange = tasks is not None and tasks.find(row.task_key) is None
        # a pool is told by its tasks where they can be told, since its folder may have been moved
        elsewhere = strange if tasks is not None else Path(pool) != folder.resolve()
        if row.split != (POOL_SPLIT if pool else split) or (pool and elsewhere):
            played = f"the pool {pool!r}" if pool else f"the split {row.split!r}"
            kept = "; nothing must be learned from tasks of 'test'" if row.split == "test" else ""
            raise DataError(
                f"the run {str(run)!r} played {played}; this curriculum learns from its split {split!r} and its pool "
                f"{str(folder)!r}: name a run over these{kept}"
            )
        if strange:
            raise DataError(
                f"the run {str(run)!r} played the task {row.task_id!r}, which is not in the pool {str(folder)!r}; name "
                "a run over the tasks that the pool began with or holds now"
            )
        groups.setdefault(row.task_key, []).append(row)
    if not groups:
        raise DataError(f"the run {str(run)!r} holds no episode")
    return list(groups.values())
