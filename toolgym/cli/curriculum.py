"""``toolgym curriculum``: new tasks from what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from toolgym.cli.failure_tables import percent
from toolgym.cli.models import (
    AnalystModel,
    BaseUrl,
    ModelArgs,
    ProposerModel,
    SolverModel,
    model_settings,
)
from toolgym.cli.output import AsJson, Data, console, errors, print_json
from toolgym.cli.pools import SPLIT, pool_contents, settings_of
from toolgym.cli.runs import Runs, find_run, plain

if TYPE_CHECKING:
    from toolgym.certificates import Seen
    from toolgym.curriculum import Curriculum
    from toolgym.domain import Agent, AgentFactory, Domain
    from toolgym.generators.certifier import Certified, Solver
    from toolgym.generators.proposal import Proposal
    from toolgym.models import ModelSettings, Throttle
    from toolgym.trajectory import Trajectory

app = typer.Typer(help="Make new tasks from failures, and look at them.", no_args_is_help=True)


@app.command("refresh")
def refresh(
    domain: Annotated[str, typer.Argument(help="The domain, such as mock or retail.")],
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="RUN", help="A run to learn from: its folder, or its name; several may be given."
        ),
    ] = None,
    curriculum: Annotated[
        str | None, typer.Option(help="Which curriculum; default: the pool's, else sentinel.")
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks to propose.")] = 200,
    split: Annotated[str, typer.Option(help="The tasks that it begins with.")] = "train",
    pool: Annotated[
        Path | None,
        typer.Option(help="Its folder; one that is there is gone on with; default: pools/DOMAIN-CURRICULUM."),
    ] = None,
    data: Data = "toolgym",
    seed: Annotated[int, typer.Option(min=0, help="Seeds what is made, together with the round.")] = 0,
    analyst: Annotated[
        str | None, typer.Option(help="Who explains failures; default: llm with --analyst-model, else rules.")
    ] = None,
    proposer: Annotated[
        str | None, typer.Option(help="Who makes tasks; default: llm with --proposer-model, else template.")
    ] = None,
    no_controller: Annotated[
        bool, typer.Option("--no-controller", help="Do not look at failures: the ablation.")
    ] = False,
    no_proposer: Annotated[bool, typer.Option("--no-proposer", help="Make no tasks: the ablation.")] = False,
    solver: Annotated[
        str | None, typer.Option(help="An agent that must solve a task now and then; default: not measured.")
    ] = None,
    solver_trials: Annotated[int, typer.Option(min=2, help="Its trials of each task.")] = 4,
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
    rpm: Annotated[
        float | None, typer.Option(help="Requests a minute, for each model.", rich_help_panel="Models")
    ] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens a minute, likewise.", rich_help_panel="Models")] = None,
    budget_usd: Annotated[
        float | None, typer.Option(help="US dollars that all models together may cost.", rich_help_panel="Models")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a run, and make new tasks: explain its failures, propose, certify, add to the pool.

    Everything is kept in the pool's folder; a refresh that is broken off leaves it as it was.
    """
    from toolgym.curriculum import Budget
    from toolgym.errors import DataError
    from toolgym.loops import wait_for
    from toolgym.models import Throttle
    from toolgym.registration import make_analyst, make_domain, make_proposer

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
        console=errors,
        transient=True,
    ) as progress:
        bar = progress.add_task("propose and certify", total=tasks)

        def tick() -> None:
            progress.advance(bar)

        options: dict[str, Any] = {"seed": seed, "certifier": _Shown(tick)}
        if analyst is not None or models["analyst"] is not None:
            options["analyst"] = make_analyst(analyst or "llm", models["analyst"], throttle=throttle)
        if proposer is not None or models["proposer"] is not None:
            options["proposer"] = make_proposer(proposer or "llm", models["proposer"], throttle=throttle)
        if (plays := _solver(solver, models["solver"], made, seed, throttle)) is not None:
            options["solver"] = plays
        options |= {name: False for name, off in (("controller", no_controller), ("proposing", no_proposer)) if off}
        kind, folder = _place(made, curriculum, pool)
        goes_on = _begin(kind, made, split, folder, options)
        for name in source or ():
            _learn(goes_on, name, _groups(find_run(name, runs), made, split, folder, goes_on))
        before = _written(folder)
        try:
            report = wait_for(goes_on.refresh(Budget(tasks, solver_trials)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            progress.stop()
            how = "is as it was" if _written(folder) == before else "was written already: this refresh counts"
            errors.print(plain(f"broken off; the pool {str(folder)!r} {how}"), soft_wrap=True)
            raise typer.Exit(130) from None
    answer = {**report.as_dict(), "curriculum": kind, "folder": str(folder)}
    if as_json:
        print_json(answer)
    else:
        _print_report(answer)


@app.command("show")
def show(
    pool: Annotated[Path, typer.Argument(help="The folder of a pool.")],
    as_json: AsJson = False,
) -> None:
    """Show what a pool holds: its tasks by pattern, how they were solved, and the report of every round."""
    answer = pool_contents(pool)
    if as_json:
        print_json(answer)
        return
    _say(f"{pool}: {answer['curriculum'] or 'tasks'} over {answer['domain'] or '?'}, {answer['data'] or '?'} data")
    _say(
        f"{answer['tasks']} tasks in {answer['worlds']} worlds: {answer['made']} made, "
        f"{answer['tasks'] - answer['made']} of the split"
    )
    table = Table(title="tasks that were made, by what they stress")
    table.add_column("pattern")
    for heading in ("tasks", "trials", "solved"):
        table.add_column(heading, justify="right")
    for name, row in answer["patterns"].items():
        table.add_row(name, str(row["tasks"]), str(row["trials"]), str(row["solved"]))
    console.print(table)
    if answer["reports"]:
        table = Table(title="rounds")
        for heading in ("round", "failures", "proposed", "admitted", "hit-rate", "coverage", "drift", "pool"):
            table.add_column(heading, justify="right")
        for one in answer["reports"]:
            shares = [_share(one[name]) for name in ("hit_rate", "coverage")]
            counts = [str(one[name]) for name in ("round", "failures", "proposed", "admitted")]
            table.add_row(*counts, *shares, _number(one["drift"]), str(one["pool"]))
        console.print(table)


class _Shown:
    """The certifier by default, which says how far it is.

    Args:
        tick: Called after each proposal.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick

    async def certify(
        self,
        domain: Domain,
        proposals: Sequence[Proposal],
        *,
        seen: Seen,
        apart: Collection[str] = (),
        solver: Solver | None = None,
        trials: int = 4,
        progress: Callable[[], None] | None = None,
    ) -> Certified:
        """See Certifier."""
        from toolgym.generators.certifier import Funnel

        def both() -> None:
            self._tick()
            if progress is not None:
                progress()

        return await Funnel().certify(
            domain, proposals, seen=seen, apart=apart, solver=solver, trials=trials, progress=both
        )


def _solver(
    name: str | None, model: ModelSettings | None, domain: Domain, seed: int, throttle: Throttle
) -> Solver | None:
    """Rolls out an agent with the default user of each task."""
    from toolgym.generators.certifier import solver_of
    from toolgym.prompts import wording_of
    from toolgym.registration import make_agent, with_wording

    if name is None and model is None:
        return None
    agent = with_wording(make_agent(name or "llm", model, throttle=throttle), wording_of(domain))
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

    folder = pool if pool is not None else Path("pools") / f"{domain.name}-{name or 'sentinel'}"
    if name is None and (folder / STATE).exists():
        return read_saved(folder).curriculum, folder
    return name or "sentinel", folder


def _begin(kind: str, domain: Domain, split: str, folder: Path, options: dict[str, Any]) -> Curriculum:
    """A new curriculum, or the one in the folder.

    Raises:
        DataError: If the folder holds another one, or something else, or the curriculum makes no tasks.
    """
    from toolgym.curricula.folder import LOCK, ROUNDS, STATE
    from toolgym.curricula.parts import options_of
    from toolgym.curricula.worlds import WORLDS
    from toolgym.errors import DataError
    from toolgym.registration import make_curriculum
    from toolgym.registry import CURRICULA

    maker = getattr(CURRICULA.load(kind), "__self__", None)
    known = options_of(maker) if isinstance(maker, type) else None
    if known is not None and "folder" not in known:
        raise DataError(f"the curriculum {kind!r} keeps no pool; choose another with --curriculum, such as sentinel")
    if known is None or "certifier" not in known:
        options.pop("certifier")  # it certifies in its own way, or not at all
    if (folder / STATE).exists():
        return make_curriculum(kind, domain, split, pool=folder, **options)
    begun = {LOCK, ROUNDS, WORLDS}  # what a refresh leaves whose process ended while it wrote its first round
    if folder.exists() and (not folder.is_dir() or any(path.name not in begun for path in folder.iterdir())):
        raise DataError(f"{str(folder)!r} is no pool of a curriculum and not empty; name another folder with --pool")
    return make_curriculum(kind, domain, split, folder=folder, **options)


def _learn(curriculum: Curriculum, run: str, groups: Sequence[Sequence[Trajectory]]) -> None:
    """Update a curriculum with a run, and say how much of it was known."""
    from toolgym.curricula.pooled import Pooled

    before = len(curriculum.pool.episodes) if isinstance(curriculum, Pooled) else 0
    for group in groups:
        curriculum.update(group)
    if isinstance(curriculum, Pooled):
        judged = sum(row.success is not None for group in groups for row in group)
        if again := judged - (len(curriculum.pool.episodes) - before):
            text = f"{again} of the {judged} episodes of the run {run!r} were counted before, and teach nothing new; "
            text += "if another policy did the same, evaluate it with another --seed"
            errors.print(plain(text), style="yellow", soft_wrap=True)


def _groups(run: Path, domain: Domain, split: str, folder: Path, curriculum: Curriculum) -> list[list[Trajectory]]:
    """The trajectories of a run by task.

    Raises:
        DataError: If it played other tasks than the curriculum has.
    """
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
        if row.split != (SPLIT if pool else split) or (pool and elsewhere):
            played = f"the pool {pool!r}" if pool else f"the split {row.split!r}"
            raise DataError(
                f"the run {str(run)!r} played {played}; this curriculum learns from its split {split!r} and its pool "
                f"{str(folder)!r}: name another run, or --split"
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


def _print_report(answer: Mapping[str, Any]) -> None:
    _say(f"round {answer['round']} of {answer['curriculum']}: {answer['failures']} failures analysed", style="bold")
    table = Table(title=f"{answer['proposed']} proposed → {answer['admitted']} admitted")
    table.add_column("stage")
    for heading in ("passed", "failed"):
        table.add_column(heading, justify="right")
    table.add_column("commonest reasons", overflow="fold")
    table.add_row("proposed", str(answer["proposed"]), "", "")
    for name, tally in answer["stages"].items():
        reasons = "; ".join(answer["reasons"].get(name, ()))
        table.add_row(name, str(tally["passed"]), str(tally["failed"]), plain(reasons))
    console.print(table)
    table = Table(title="patterns")
    table.add_column("pattern", no_wrap=True)
    for heading in ("failures", "share", "proposed", "admitted", "pool", "Pass^1", "Pass^4", "hit-rate (95 %)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in answer["patterns"].items():
        rate = row.get("hit_rate")
        table.add_row(
            name or "none of them",
            *(_count(row.get("failures")), _share(row.get("share"))),
            *(_count(row.get(key)) for key in ("proposed", "admitted", "pool")),
            *(_share(row.get(key)) for key in ("pass_1", "pass_4")),
            percent({**rate, "mean": rate["share"]}) if rate is not None else "n/a",
        )
    console.print(table)
    for name, text in (
        ("validity", _share(answer["validity"])),
        ("hit-rate", _share(answer["hit_rate"])),
        ("coverage", _share(answer["coverage"])),
        ("zero-signal groups", _share(answer["zero_signal"])),
        ("drift", _number(answer["drift"])),
        ("solver", str(answer["solver"])),
        ("pool", f"{answer['pool']} tasks"),
    ):
        _say(f"{name:<20}{text}")
    for note in answer["notes"]:
        _say(note, style="yellow")
    _say(f"written: {answer['folder']}")


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "n/a" if value is None else str(value)


def _say(text: str, style: str = "") -> None:
    console.print(plain(text), style=style, soft_wrap=True)
