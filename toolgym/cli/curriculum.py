"""``toolgym curriculum``: new tasks from what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from toolgym.cli.progress import Waiting
from toolgym.cli.runs import Runs, find_run

if TYPE_CHECKING:
    from toolgym.certificates.certifier import Solver
    from toolgym.curriculum import Budget, Curriculum, RefreshReport
    from toolgym.domain import Agent, AgentFactory, Domain
    from toolgym.models import ModelSettings, Throttle

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
        str | None, typer.Option(help="Which curriculum; default: that of the pool, else sentinel.")
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
    from toolgym.curriculum import Budget
    from toolgym.errors import DataError
    from toolgym.models import Throttle
    from toolgym.models.before import ask_models
    from toolgym.registration import make_domain

    models = {
        "analyst": model_settings("analyst", analyst_model, analyst_base_url, analyst_args),
        "proposer": model_settings("proposer", proposer_model, proposer_base_url, proposer_args),
        "solver": model_settings("solver", solver_model, solver_base_url, solver_args),
    }
    if no_controller and no_proposer:
        raise DataError("--no-controller and --no-proposer exclude each other: nothing would be left to do")
    throttle = Throttle(rpm=rpm, tpm=tpm, budget_usd=budget_usd)
    made = make_domain(domain, data)
    with _bar(throttle) as progress:
        bar = progress.add_task("propose and certify", total=tasks)
        options = _parts({"analyst": analyst, "proposer": proposer, "solver": solver}, models, made, seed, throttle)
        options |= {name: False for name, off in (("controller", no_controller), ("use_proposer", no_proposer)) if off}
        kind, folder = _place(made, curriculum, pool)
        continued = _begin(kind, made, split, folder, {"seed": seed, **options})
        _learn(continued, [find_run(name, runs) for name in source or ()], made, split, folder)
        ask_models(models, throttle)
        before = _written(folder)
        try:
            report = wait_for(_refreshed(continued, Budget(tasks, solver_trials), lambda: progress.advance(bar)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            progress.stop()
            how = "is as it was" if _written(folder) == before else "was written already: this refresh counts"
            remark(f"broken off; the pool {str(folder)!r} {how}")
            raise typer.Exit(130) from None
    if split != "train":
        remark(f"the pool holds the tasks of the split {split!r}: who trains on it is no longer scored by that split")
    answer = {**report.as_dict(), "curriculum": kind, "folder": str(folder)}
    if as_json:
        print_json(answer)
    else:
        print_report(answer, looked=_learns_from_failures(continued) is not False)


@app.command("show")
def show(
    pool: Annotated[Path, typer.Argument(metavar="POOL", help="The folder of a pool.")],
    as_json: AsJson = False,
) -> None:
    """Show what a pool holds: its tasks by pattern, how they were solved, and the report of every round."""
    from toolgym.curricula.contents import pool_contents
    from toolgym.registration import make_domain

    answer = pool_contents(pool, make_domain).as_dict()
    if as_json:
        print_json(answer)
        return
    print_pool(answer)


def _bar(throttle: Throttle) -> Progress:
    """A bar on standard error that is shown to people alone, with how long requests wait."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Waiting(throttle),
        console=errors,
        transient=True,
        disable=not errors.is_interactive,
    )


def _parts(
    names: Mapping[str, str | None],
    models: Mapping[str, ModelSettings | None],
    domain: Domain,
    seed: int,
    throttle: Throttle,
) -> dict[str, Any]:
    """The analyst, the proposer and the solver that were named, or whose model was."""
    from toolgym.registration import make_analyst, make_proposer
    from toolgym.registry import ANALYSTS, PROPOSERS

    found: dict[str, Any] = {}
    if names["analyst"] is not None or models["analyst"] is not None:
        check_model(ANALYSTS, names["analyst"] or "llm", models["analyst"])
        found["analyst"] = make_analyst(names["analyst"] or "llm", models["analyst"], throttle=throttle)
    if names["proposer"] is not None or models["proposer"] is not None:
        check_model(PROPOSERS, names["proposer"] or "llm", models["proposer"])
        found["proposer"] = make_proposer(names["proposer"] or "llm", models["proposer"], throttle=throttle)
    if (solver := _solver(names["solver"], models["solver"], domain, seed, throttle)) is not None:
        found["solver"] = solver
    return found


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
    "use_proposer": "--no-proposer",
}
"""The options of a curriculum, as the command line calls them."""


def _begin(kind: str, domain: Domain, split: str, folder: Path, options: dict[str, Any]) -> Curriculum:
    """A new curriculum, or the one in the folder.

    Raises:
        DataError: If it does not take an option, keeps no pool, or the folder holds another one, or something else.
    """
    from toolgym.curricula.factory import begin_or_continue
    from toolgym.curriculum import CurriculumSpec
    from toolgym.errors import DataError
    from toolgym.registry import CURRICULA

    spec = CurriculumSpec.of(CURRICULA.load(kind), kind)
    known = _FLAGS if spec.options is None or "folder" not in spec.options else spec.options
    if unknown := [name for name in options if name in _FLAGS and name not in known]:
        raise DataError(
            f"the curriculum {kind!r} does not take {_FLAGS[unknown[0]]}; leave it out, or choose another with "
            "--curriculum, such as sentinel"
        )
    return begin_or_continue(spec, domain, split, folder, options)


def _learns_from_failures(curriculum: Curriculum) -> bool | None:
    """Whether a refresh needs failures; None of a curriculum that does not say."""
    from toolgym.curricula.pool_curriculum import PoolCurriculum

    return curriculum.keeps_failures if isinstance(curriculum, PoolCurriculum) else None


def _refreshed(curriculum: Curriculum, budget: Budget, tick: Callable[[], None]) -> Awaitable[RefreshReport]:
    """A refresh, with its progress where the curriculum tells it."""
    from toolgym.curricula.pool_curriculum import PoolCurriculum

    if isinstance(curriculum, PoolCurriculum):
        return curriculum.refresh(budget, tick)
    return curriculum.refresh(budget)


def _learn(curriculum: Curriculum, runs: Sequence[Path], domain: Domain, split: str, folder: Path) -> None:
    """Tell a curriculum of runs, and say how much of them was known before.

    Raises:
        DataError: If it learns from failures, and there is nothing new to learn from.
    """
    from toolgym.curricula.learning import learn_from
    from toolgym.curricula.pool_curriculum import PoolCurriculum
    from toolgym.errors import DataError

    if _learns_from_failures(curriculum) and not runs and not curriculum.metrics()["failures"]:
        raise DataError(
            "give --from RUN: such a curriculum learns from the failures of a run, such as `toolgym eval "
            f"{domain.name} --split train` makes; with --no-controller it needs none"
        )
    learned = learn_from(curriculum, *runs, domain=domain, split=split, pool=folder)
    if not isinstance(curriculum, PoolCurriculum):
        return
    if not curriculum.keeps_failures and curriculum.refresher.makes_tasks:
        return  # what it makes does not depend on what it was told
    told = [note for one in learned if (note := one.note()) is not None]
    otherwise = "if another policy did the same, evaluate it with another --seed"
    if learned and not any(one.new for one in learned) and not curriculum.metrics()["failures"]:
        judged = any(one.episodes for one in learned)
        why = f"{'; '.join(told)}; {otherwise}" if judged else "no episode of the runs was judged"
        raise DataError(f"there is nothing new to learn from: {why}")
    for text in told:
        remark(f"{text}; {otherwise}", style="yellow")
