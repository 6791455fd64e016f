"""``toolgym eval``: Pass^k of agents on a split, or on the tasks of a pool."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolgym.cli.completion import agents
from toolgym.cli.figures import VoidTrials, figures, print_figures
from toolgym.cli.models import (
    AgentModel,
    BaseUrl,
    BudgetUsd,
    JudgeModel,
    ModelArgs,
    NoGreeting,
    RequestsPerMinute,
    TokensPerMinute,
    UserModel,
    ask_first,
    model_settings,
    recorded,
)
from toolgym.cli.output import AsJson, Data, DomainName, print_json, remark, say
from toolgym.cli.pools import over_split_or_pool
from toolgym.cli.progress import show_play

if TYPE_CHECKING:
    from toolgym.domain import AgentFactory, Domain
    from toolgym.evaluation import Judge, Void
    from toolgym.models import ModelSettings, Throttle
    from toolgym.rollouts import RunPlan
    from toolgym.tasks import Task

TRIALS = 4
"""Trials of each task, unless it is said otherwise."""


def evaluate(
    domain: DomainName,
    split: Annotated[str | None, typer.Option(help="The split to play; default: test.")] = None,
    pool: Annotated[
        Path | None, typer.Option(help="A pool's folder: play the tasks made for it instead of a split.")
    ] = None,
    agent: Annotated[
        list[str] | None, typer.Option(help="An agent; may be given several times.", autocompletion=agents)
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Play this task alone; may be given several times.")
    ] = None,
    all_tasks: Annotated[
        bool, typer.Option("--all-tasks", help="With --resume: play all tasks also where the run holds chosen ones.")
    ] = False,
    data: Data = "toolgym",
    user: Annotated[
        str | None, typer.Option(help="The user; default: scripted if all tasks carry facts, else minimal.")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Who judges natural-language assertions; default: nobody.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each task; default: 4, or with --resume those of the run.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The run's seed.")] = 0,
    max_steps: Annotated[int, typer.Option(min=1, help="Messages before an episode is cut off.")] = 200,
    max_errors: Annotated[int, typer.Option(min=1, help="Failed calls before an episode is cut off.")] = 10,
    max_characters: Annotated[
        int, typer.Option(min=1, help="Characters of one message, arguments included; a longer one is an error.")
    ] = 100_000,
    max_calls: Annotated[int, typer.Option(min=1, help="Calls in one message; more are an error.")] = 64,
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    name: Annotated[str | None, typer.Option(help="Name of the run; default: time and domain.")] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue the run of this name: what is missing or void is played, more trials too."
        ),
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Episodes played at once.")] = 16,
    backend: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Where to play: in this process, or on the workers of a Ray cluster."),
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Workers of the cluster; default: one per core.")] = None,
    void: VoidTrials = "refuse",
    tau2_results: Annotated[
        Path | None, typer.Option(help="Also write the trajectories in tau2's results format.")
    ] = None,
    agent_model: AgentModel = None,
    agent_base_url: BaseUrl = None,
    agent_args: ModelArgs = None,
    no_greeting: NoGreeting = False,
    user_model: UserModel = None,
    user_base_url: BaseUrl = None,
    user_args: ModelArgs = None,
    judge_model: JudgeModel = None,
    judge_base_url: BaseUrl = None,
    judge_args: ModelArgs = None,
    rpm: RequestsPerMinute = None,
    tpm: TokensPerMinute = None,
    budget_usd: BudgetUsd = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate agents: success of every task over several trials, as Pass^1 to Pass^k with 95 % intervals.

    What can be told beforehand is told before a folder is made: wrong names, missing extras, agents that cannot play,
    models that do not answer. Exit 1 if too many episodes are void for figures; see --void.
    """
    from toolgym.errors import DataError
    from toolgym.files.names import place_in
    from toolgym.models import Throttle
    from toolgym.prompts import wording_of
    from toolgym.registration import default_user
    from toolgym.rollouts import Settings, check_players, opened, plan_run, tasks_held, trials_held

    if resume and name is None:
        raise DataError("--resume needs --name, the name of the run to continue")
    models = {
        "agent": model_settings("agent", agent_model, agent_base_url, agent_args, greeting=not no_greeting),
        "user": model_settings("user", user_model, user_base_url, user_args),
        "judge": model_settings("judge", judge_model, judge_base_url, judge_args),
    }
    made, split = over_split_or_pool(domain, data, split, pool)
    tasks = made.tasks[split]
    only = _ids(task or (), tasks, f"the split {split!r} of {domain!r}" if pool is None else f"the pool {str(pool)!r}")
    user = user or ("llm" if models["user"] else default_user(tasks))
    judge = judge or ("llm" if models["judge"] else "")
    agents = agent or ["llm" if models["agent"] else "oracle"]
    if tau2_results is not None and (len(agents) > 1 or data != "tau2"):
        raise DataError("--tau2-results needs --data tau2 and one --agent: a results file holds one agent's run")
    if tau2_results is not None:
        from toolgym.compat.tau2.results import check_results

        check_results(tau2_results, made, tasks)
    title = name or _fresh_name(runs, domain)
    folders = {each: place_in(runs, f"{title}-{each}", "run") for each in agents}
    if resume and not any(folder.exists() for folder in folders.values()):
        shorter = next((title.removesuffix(f"-{each}") for each in agents if title.endswith(f"-{each}")), "")
        mend = (
            f"; its agent is no part of its name here: --name {shorter}" if shorter and (runs / title).exists() else ""
        )
        raise DataError(f"there is no run {title!r} of {', '.join(agents)} in {str(runs)!r} to continue{mend}")
    if all_tasks and (task or not resume):
        raise DataError("--all-tasks is for a run that goes on with --resume, and without --task")
    held = {each: tasks_held(folder) if resume and not all_tasks else () for each, folder in folders.items()}
    chosen = {each: only or held[each] for each in agents}
    of = {each: _models_of(each, models) for each in agents}
    if models["agent"] is not None and not any(asked["agent"] for asked in of.values()):
        raise DataError(f"--agent-model {models['agent'].model!r} is for an agent with a model, such as --agent llm")
    wording = wording_of(made)
    numbers = {each: trials or (resume and trials_held(folder)) or TRIALS for each, folder in folders.items()}
    plans = {
        each: plan_run(
            folder,
            Settings(
                domain,
                split,
                each,
                data=data,
                user=user,
                trials=numbers[each],
                seed=seed,
                max_steps=max_steps,
                max_errors=max_errors,
                max_characters=max_characters,
                max_calls=max_calls,
                judge=judge,
                wording=wording.name if of[each]["user"] or of[each]["agent"] else "",
                models={role: recorded(asked) for role, asked in of[each].items() if asked is not None},
                pool="" if pool is None else str(pool.resolve()),
                tasks=dict.fromkeys(chosen[each], numbers[each]),
            ),
            tasks,
            resume=resume,
            only=chosen[each],
        )
        for each, folder in folders.items()
    }
    share = _workers(backend, workers, rpm, tpm)
    spent = sum(plan.cost_usd for plan in plans.values())
    throttle = Throttle(rpm=rpm and rpm / share, tpm=tpm and tpm / share, budget_usd=budget_usd, earlier_usd=spent)
    cast = _cast(made, of, user, judge, throttle)
    played = [one for one in tasks if any(not ids or one.id in ids for ids in chosen.values())]
    check_players(made, played, (cast.user, *cast.agents.values()), seed)
    if any(plan.lacking for plan in plans.values()):
        ask_first(models, throttle)
    answers: dict[str, Any] = {}
    with opened(plans) as kept:
        for each, plan in plans.items():
            play = _player(backend, workers, throttle)
            play = partial(
                play,
                kept[each],
                plan.settings,
                made,
                tasks,
                cast.agents[each],
                cast.user,
                judge=cast.judge,
                only=chosen[each],
            )
            show_play(kept[each], plan, partial(play, concurrency=concurrency), title, throttle)
            answers[each] = _answer(plan, made, models, void, tau2_results)
    if as_json:
        told = {} if pool is None else {"pool": str(pool)}
        print_json({"domain": domain, "split": split, **told, "data": data, "user": user, "agents": answers})
    else:
        most = max(plan.settings.trials for plan in plans.values())
        place = split if pool is None else f"{split} {pool}"
        plural = "s" if most > 1 else ""
        heading = f"{domain} · {place} · {data} data · user {user} · {most} trial{plural}"
        print_figures(heading, most, answers, void)
        if not getattr(cast.user, "comparable", True):
            say(f"The user {user!r} does not play a customer: these figures compare with no other user's.")
        for each, folder in folders.items():
            say(f"{each}: {folder}")
        if tau2_results is not None:
            say(f"tau2 results: {tau2_results}")
    if any(answer["refused"] for answer in answers.values()):
        raise typer.Exit(1)


def _ids(chosen: Sequence[str], tasks: Sequence[Task], place: str) -> tuple[str, ...]:
    """The ids that were chosen, in the order of the tasks."""
    from toolgym.errors import UnknownNameError

    known = [task.id for task in tasks]
    for identity in chosen:
        if identity not in known:
            raise UnknownNameError("task", identity, known, f"Looked in {place}; name another with --split or --pool.")
    return tuple(identity for identity in known if identity in chosen)


def _models_of(agent: str, models: Mapping[str, ModelSettings | None]) -> dict[str, ModelSettings | None]:
    """The models that take part where this agent plays, by role."""
    from toolgym.registration import needs_model
    from toolgym.registry import AGENTS

    return {**models, "agent": models["agent"] if needs_model(AGENTS.load(agent)) else None}


def _workers(backend: str, workers: int | None, rpm: float | None, tpm: float | None) -> int:
    """How many there are to share the rates, as far as it matters."""
    from toolgym.errors import DataError

    if backend != "ray":
        if workers is not None:
            raise DataError(
                f"--workers {workers} is for --backend ray; --concurrency says how many episodes play at once"
            )
        return 1
    from toolgym.rollouts.ray_backend import check_ray

    if workers is None and (rpm is not None or tpm is not None):
        raise DataError(
            "with --backend ray, --rpm and --tpm are divided among the workers: say how many with --workers"
        )
    check_ray()
    return workers or 1


@dataclass(frozen=True)
class _Cast:
    """Who plays."""

    agents: Mapping[str, AgentFactory]
    user: AgentFactory
    judge: Judge | None


def _cast(
    domain: Domain,
    models: Mapping[str, Mapping[str, ModelSettings | None]],
    user: str,
    judge: str,
    throttle: Throttle,
) -> _Cast:
    """Who plays, with their models by agent and role.

    Raises:
        UnknownNameError: If one of them is not installed.
        DataError: If a model is missing or not wanted, or there is no key for it.
        MissingExtraError: If the extra of one is not installed.
    """
    from toolgym.prompts import wording_of
    from toolgym.registration import make_agent, make_judge, make_user, with_wording

    wording = wording_of(domain)
    agents = {
        name: with_wording(make_agent(name, of["agent"], throttle=throttle), wording) for name, of in models.items()
    }
    others = next(iter(models.values()))
    customer = with_wording(make_user(user, others["user"], throttle=throttle), wording)
    return _Cast(agents, customer, make_judge(judge, others["judge"], throttle=throttle) if judge else None)


def _player(backend: str, workers: int | None, throttle: Throttle) -> Callable[..., None]:
    """What plays what a run lacks."""
    from toolgym.rollouts import evaluate

    if backend != "ray":
        return evaluate
    from toolgym.rollouts.ray_backend import evaluate_on_ray

    return partial(evaluate_on_ray, workers=workers, throttle=throttle)


def _answer(
    plan: RunPlan, domain: Domain, models: Mapping[str, ModelSettings | None], void: Void, tau2_results: Path | None
) -> dict[str, Any]:
    """The figures of what was played; its trajectories also go to a file in tau2's format, if one is named."""
    from toolgym.compat.tau2 import write_results
    from toolgym.runs import read_trajectories

    rows = list(read_trajectories(plan.folder))
    if tau2_results is not None:
        named = {role: asked.model if asked is not None else None for role, asked in models.items()}
        written = write_results(
            tau2_results,
            domain,
            rows,
            max_steps=plan.settings.max_steps,
            max_errors=plan.settings.max_errors,
            agent_llm=named["agent"],
            user_llm=named["user"],
        )
        notes = []
        if written.not_judged:
            notes.append(
                f"{written.not_judged} episodes in {tau2_results} were not judged: tau2's own metrics count them as "
                "failures. Name a judge with --judge-model."
            )
        if written.replaced:
            notes.append(
                f"{written.replaced} episodes in {tau2_results} hold halves of surrogate pairs, which tau2 cannot "
                "read: U+FFFD stands for them."
            )
        if notes:
            remark(" ".join(notes))
    return figures(rows, plan.settings.trials, plan.folder, void)


def _fresh_name(runs: Path, domain: str) -> str:
    """The time and the domain, numbered if there is such a run already."""
    title = f"{time.strftime('%Y%m%d-%H%M%S')}-{domain}"
    number, fresh = 1, title
    while any(runs.glob(f"{fresh}-*")):
        number, fresh = number + 1, f"{title}-{number + 1}"
    return fresh
