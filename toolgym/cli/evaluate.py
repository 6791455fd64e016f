"""``toolgym eval``: Pass^k of agents on a split, or on the tasks of a pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.figures import figures, print_figures
from toolgym.cli.models import AgentModel, BaseUrl, JudgeModel, ModelArgs, UserModel, model_settings, recorded
from toolgym.cli.output import AsJson, Data, console, errors, print_json
from toolgym.cli.pools import SPLIT, over_pool

if TYPE_CHECKING:
    from toolgym.domain import AgentFactory, Domain
    from toolgym.evaluation.grade import Judge
    from toolgym.models import Throttle
    from toolgym.rollouts import Settings
    from toolgym.runs import Run
    from toolgym.tasks import Task
    from toolgym.trajectory import Trajectory


def evaluate(
    domain: Annotated[str, typer.Argument(help="The domain, such as mock or retail.")],
    split: Annotated[str | None, typer.Option(help="Which tasks; default: test.")] = None,
    pool: Annotated[
        Path | None, typer.Option(help="Play the tasks that were made for this pool instead of a split's.")
    ] = None,
    agent: Annotated[list[str] | None, typer.Option(help="An agent; may be given several times.")] = None,
    data: Data = "toolgym",
    user: Annotated[
        str | None, typer.Option(help="The user; default: scripted if all tasks carry facts, else minimal.")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Who judges assertions in words; default: nobody.")] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each task.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The run's seed.")] = 0,
    max_steps: Annotated[int, typer.Option(min=1, help="Messages before an episode is cut off.")] = 200,
    max_errors: Annotated[int, typer.Option(min=1, help="Failed calls before it is cut off.")] = 10,
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    name: Annotated[str | None, typer.Option(help="Name of the run; default: time and domain.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run of this name; void episodes are played again.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Episodes played at once.")] = 16,
    backend: Annotated[
        Literal["local", "ray"], typer.Option(help="Where: in this process, or on the workers of a Ray cluster.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Workers of the cluster; default: one a core.")] = None,
    tau2_results: Annotated[
        Path | None, typer.Option(help="Also write the trajectories in tau2's results format.")
    ] = None,
    agent_model: AgentModel = None,
    agent_base_url: BaseUrl = None,
    agent_args: ModelArgs = None,
    user_model: UserModel = None,
    user_base_url: BaseUrl = None,
    user_args: ModelArgs = None,
    judge_model: JudgeModel = None,
    judge_base_url: BaseUrl = None,
    judge_args: ModelArgs = None,
    rpm: Annotated[
        float | None, typer.Option(help="Requests a minute, for each model.", rich_help_panel="Models")
    ] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens a minute, likewise.", rich_help_panel="Models")] = None,
    budget_usd: Annotated[
        float | None, typer.Option(help="US dollars that all models together may cost.", rich_help_panel="Models")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate agents: success of every task over several trials, as Pass^1 to Pass^k with 95 % intervals."""
    from toolgym.compat.tau2 import write_results
    from toolgym.errors import DataError
    from toolgym.models import Throttle
    from toolgym.names import place_in
    from toolgym.prompts import wording_of
    from toolgym.registration import (
        default_user,
        make_agent,
        make_domain,
        make_judge,
        make_user,
        needs_model,
        with_wording,
    )
    from toolgym.registry import AGENTS
    from toolgym.rollouts import Settings
    from toolgym.rollouts import evaluate as evaluate_run
    from toolgym.runs import cost_of, read_trajectories
    from toolgym.streams import stream

    if resume and name is None:
        raise DataError("--resume needs --name, the name of the run to continue")
    if workers is not None and backend != "ray":
        raise DataError(f"--workers {workers} is for --backend ray; --concurrency says how many episodes play at once")
    if backend == "ray" and workers is None and (rpm is not None or tpm is not None):
        raise DataError(
            "with --backend ray, --rpm and --tpm are divided among the workers: say how many with --workers"
        )
    models = {
        "agent": model_settings("agent", agent_model, agent_base_url, agent_args),
        "user": model_settings("user", user_model, user_base_url, user_args),
        "judge": model_settings("judge", judge_model, judge_base_url, judge_args),
    }
    made = make_domain(domain, data)
    if pool is not None:
        if split is not None:
            raise DataError(f"--split {split} and --pool {str(pool)!r} exclude each other: a pool is no split")
        made, split = over_pool(made, pool), SPLIT
        for world in dict.fromkeys(task.world for task in made.tasks[split]):
            made.worlds.get(world)  # one that is missing, or another domain's, would make all its episodes void
    elif not made.tasks.splits():
        raise DataError(f"the domain {domain!r} has no embedded tasks yet; use --data tau2 and set TAU2_DATA_DIR")
    split = split or "test"
    tasks = made.tasks[split]
    user = user or ("llm" if models["user"] else default_user(tasks))
    judge = judge or ("llm" if models["judge"] else "")
    agents = agent or ["llm" if models["agent"] else "oracle"]
    if tau2_results is not None and (len(agents) > 1 or data != "tau2"):
        raise DataError("--tau2-results needs --data tau2 and one --agent: a results file holds one agent's run")
    title = name or _fresh_name(runs, domain)
    folders = {chosen: place_in(runs, f"{title}-{chosen}", "run") for chosen in agents}
    if resume and not any(folder.exists() for folder in folders.values()):
        raise DataError(f"there is no run {title!r} in {str(runs)!r} to continue")
    spent = sum(cost_of(folder) for folder in folders.values() if resume and folder.exists())
    share = (workers or 1) if backend == "ray" else 1
    throttle = Throttle(rpm=rpm and rpm / share, tpm=tpm and tpm / share, budget_usd=budget_usd, earlier_usd=spent)
    takes_model = {chosen: needs_model(AGENTS.load(chosen)) for chosen in agents}
    if models["agent"] is not None and not any(takes_model.values()):
        raise DataError(f"--agent-model {models['agent'].model!r} is for an agent with a model, such as --agent llm")
    players = {
        chosen: make_agent(chosen, models["agent"] if takes_model[chosen] else None, throttle=throttle)
        for chosen in agents
    }
    wording = wording_of(made)
    players = {chosen: with_wording(player, wording) for chosen, player in players.items()}
    customer = with_wording(make_user(user, models["user"], throttle=throttle), wording)
    referee = make_judge(judge, models["judge"], throttle=throttle) if judge else None
    for task, player in product(tasks, (customer, *players.values())):
        if getattr(player, "privileged", False):  # it reads the task, and may refuse it: better now than half-way
            player(made, task, stream(seed, task.key, 0, "user"))
    plans = {
        chosen: Settings(
            domain,
            split,
            chosen,
            data=data,
            user=user,
            trials=trials,
            seed=seed,
            max_steps=max_steps,
            max_errors=max_errors,
            judge=judge,
            wording=wording.name if models["user"] or (models["agent"] and takes_model[chosen]) else "",
            models={
                role: recorded(asked)
                for role, asked in models.items()
                if asked is not None and (role != "agent" or takes_model[chosen])
            },
            pool="" if pool is None else str(pool.resolve()),
        )
        for chosen in folders
    }
    answers: dict[str, Any] = {}
    with ExitStack() as stack:
        opened = _open(stack, folders, plans, tasks, resume)
        for chosen, folder in folders.items():
            play: Play = partial(evaluate_run, domain=made, agent=players[chosen], user=customer, judge=referee)
            if backend == "ray":
                play = partial(
                    on_ray,
                    domain=made,
                    agent=players[chosen],
                    user=customer,
                    judge=referee,
                    workers=workers,
                    throttle=throttle,
                )
            _play(opened[chosen], plans[chosen], tasks, play, concurrency, title)
            rows = list(read_trajectories(folder))
            answers[chosen] = figures(rows, trials, folder)
            if tau2_results is not None:
                named = {role: asked.model if asked is not None else None for role, asked in models.items()}
                write_results(
                    tau2_results,
                    made,
                    rows,
                    max_steps=max_steps,
                    max_errors=max_errors,
                    agent_llm=named["agent"],
                    user_llm=named["user"],
                )
    if as_json:
        told = {} if pool is None else {"pool": str(pool)}
        print_json({"domain": domain, "split": split, **told, "data": data, "user": user, "agents": answers})
        return
    played = split if pool is None else f"{split} {pool}"
    print_figures(f"{domain} · {played} · {data} data · user {user} · {trials} trials", trials, answers)
    if not getattr(customer, "comparable", True):
        console.print(f"The user {user!r} does not play a customer: these figures compare with no other user's.")
    for chosen, folder in folders.items():
        console.print(f"{chosen}: {folder}", soft_wrap=True)
    if tau2_results is not None:
        console.print(f"tau2 results: {tau2_results}")


def _open(
    stack: ExitStack, folders: Mapping[str, Path], plans: Mapping[str, Settings], tasks: Sequence[Task], resume: bool
) -> dict[str, Run]:
    """All runs, those that go on first: what does not fit is told before any money is spent, or a folder is made."""
    from toolgym.errors import DataError
    from toolgym.runs import MANIFEST, Run, read_manifest

    begun = {chosen: folder for chosen, folder in folders.items() if (folder / MANIFEST).exists()}
    if begun and not resume:
        folder = next(iter(begun.values()))
        raise DataError(f"the run {str(folder)!r} exists; choose another name, or continue it with --resume")
    opened = {
        chosen: stack.enter_context(Run.resume(folder, plans[chosen].as_dict())) for chosen, folder in begun.items()
    }
    worlds = sorted({task.world for task in tasks})
    for chosen, folder in begun.items():
        if plans[chosen].pool and read_manifest(folder).get("worlds") != worlds:
            raise DataError(
                f"the pool {plans[chosen].pool!r} holds tasks of other worlds than when the run {str(folder)!r} was "
                "begun; start a new run"
            )
    for chosen, folder in folders.items():
        if chosen not in begun:
            opened[chosen] = stack.enter_context(Run.start(folder, plans[chosen].as_dict(), worlds))
    return opened


class Play(Protocol):
    """Plays what a run lacks."""

    def __call__(
        self,
        run: Run,
        settings: Settings,
        *,
        tasks: Sequence[Task],
        concurrency: int,
        progress: Callable[[Trajectory], None],
    ) -> None:
        """See :func:`toolgym.rollouts.evaluate`."""


def _play(run: Run, settings: Settings, tasks: Sequence[Task], play: Play, concurrency: int, title: str) -> None:
    """Play what a run lacks, show how far it is, and say how to go on if it is broken off."""
    total = len(tasks) * settings.trials
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as bars:
        bar = bars.add_task(settings.agent, total=total, completed=len(run), note="")

        def tick(trajectory: Trajectory) -> None:
            void = f"{run.voids} void  " if run.voids else ""
            bars.update(bar, completed=len(run), note=void + (f"${run.cost_usd:.2f}" if run.cost_usd else ""))

        try:
            play(run, settings, tasks=tasks, concurrency=concurrency, progress=tick)
        except (Exception, KeyboardInterrupt) as error:
            bars.stop()
            errors.print(
                f"{len(run)} of {total} episodes of {settings.agent!r} are finished and kept in {run.folder}; "
                f"to go on: the same command with --name {title} --resume",
                markup=False,
                soft_wrap=True,
            )
            if isinstance(error, KeyboardInterrupt):
                raise typer.Exit(130) from None
            raise


def on_ray(
    run: Run,
    settings: Settings,
    *,
    domain: Domain,
    tasks: Sequence[Task],
    agent: AgentFactory,
    user: AgentFactory,
    judge: Judge | None,
    concurrency: int,
    workers: int | None,
    throttle: Throttle,
    progress: Callable[[Trajectory], None],
) -> None:
    """Play what a run lacks on a Ray cluster."""
    from toolgym.loops import wait_for
    from toolgym.rollouts.evaluate import fill, judged_again
    from toolgym.rollouts.ray_backend import RayBackend

    before = run.cost_usd
    with RayBackend(
        settings,
        domain,
        agent,
        user,
        judge=judge,
        workers=workers,
        concurrency=concurrency,
        budget_usd=throttle.budget_usd,
        spent_usd=throttle.spent_usd,
    ) as cluster:
        try:
            player = judged_again(run, domain, judge, cluster)
            wait_for(fill(run, settings, tasks, player, concurrency=concurrency, progress=progress))
        finally:
            throttle.pay(run.cost_usd - before)


def _fresh_name(runs: Path, domain: str) -> str:
    """The time and the domain, numbered if there is such a run already."""
    title = f"{time.strftime('%Y%m%d-%H%M%S')}-{domain}"
    number, fresh = 1, title
    while any(runs.glob(f"{fresh}-*")):
        number, fresh = number + 1, f"{title}-{number + 1}"
    return fresh
