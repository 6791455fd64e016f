"""``toolgym eval``: Pass^k of agents on a split, or on the tasks of a pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from toolgym.cli.eval_options import (
    Agents,
    AllTasks,
    Backend,
    Concurrency,
    Habits,
    JudgeName,
    MaxCalls,
    MaxCharacters,
    MaxErrors,
    MaxSteps,
    Name,
    PoolFolder,
    Resume,
    RunsFolder,
    Seed,
    Split,
    TaskIds,
    Tau2Results,
    Trials,
    User,
    Workers,
)
from toolgym.cli.figures import VoidTrials, print_figures
from toolgym.cli.models import (
    AgentModel,
    AgentView,
    BaseUrl,
    BudgetUsd,
    JudgeModel,
    ModelArgs,
    NoGreeting,
    RequestsPerMinute,
    TokensPerMinute,
    UserModel,
    model_settings,
)
from toolgym.cli.output import AsJson, Data, DomainName, print_json, remark, say
from toolgym.cli.progress import show_play
from toolgym.cli.users import print_known

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.models import ModelSettings, Throttle
    from toolgym.registration.evaluate import Planned
    from toolgym.rollouts import Evaluation
    from toolgym.runs.results import Results


def evaluate(
    domain: DomainName,
    split: Split = None,
    pool: PoolFolder = None,
    agent: Agents = None,
    task: TaskIds = None,
    all_tasks: AllTasks = False,
    data: Data = "toolgym",
    user: User = None,
    habits: Habits = None,
    judge: JudgeName = None,
    trials: Trials = None,
    seed: Seed = 0,
    max_steps: MaxSteps = 200,
    max_errors: MaxErrors = 10,
    max_characters: MaxCharacters = 100_000,
    max_calls: MaxCalls = 64,
    runs: RunsFolder = Path("runs"),
    name: Name = None,
    resume: Resume = False,
    concurrency: Concurrency = 16,
    backend: Backend = "local",
    workers: Workers = None,
    void: VoidTrials = "refuse",
    tau2_results: Tau2Results = None,
    agent_model: AgentModel = None,
    agent_base_url: BaseUrl = None,
    agent_args: ModelArgs = None,
    agent_view: AgentView = None,
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
    from toolgym.limits import Limits
    from toolgym.models import Throttle
    from toolgym.registration.check_user import known_error
    from toolgym.registration.evaluate import domain_over, plan_all
    from toolgym.runs.results import Results

    if resume and name is None:
        raise DataError("--resume needs --name, the name of the run to continue")
    models = {
        "agent": model_settings("agent", agent_model, agent_base_url, agent_args, greeting=not no_greeting),
        "user": model_settings("user", user_model, user_base_url, user_args),
        "judge": model_settings("judge", judge_model, judge_base_url, judge_args),
    }
    made, split = domain_over(domain, data, split, pool)
    agents = agent or ["llm" if models["agent"] else "oracle"]
    _check_tau2_results(tau2_results, made, split, agents, data)
    share = _workers(backend, workers, rpm, tpm)
    throttle = Throttle(rpm=rpm and rpm / share, tpm=tpm and tpm / share, budget_usd=budget_usd)
    limits = Limits(max_steps, max_errors, max_characters, max_calls)
    asked = _asked(
        made,
        split,
        agents,
        models,
        agent_view,
        user=user,
        habits=habits,
        judge=judge,
        pool=pool,
        seed=seed,
        limits=limits,
        throttle=throttle,
    )
    planned = plan_all(asked, runs, name, tasks=task or (), trials=trials, resume=resume, all_tasks=all_tasks)
    _check(planned, models, throttle)
    _play(planned, _player(backend, workers, throttle), concurrency, throttle)
    results = {one.plan.evaluation.agent.name: Results.of(one.plan.folder, void, made) for one in planned}
    if tau2_results is not None:
        _write_tau2(tau2_results, planned[0], next(iter(results.values())), models)
    answers = {each: found.as_dict() for each, found in results.items()}
    player = asked[0].user
    view = next((one.settings.view for one in asked if one.settings.view), "")
    errors = known_error(made, player, split, asked[0].models, runs) if pool is None else []
    if as_json:
        told: dict[str, Any] = {} if pool is None else {"pool": str(pool)}
        if errors:
            told["user_error"] = {one["asked_back"]: one["error"] for one in errors}
        behaves = {"habits": asked[0].settings.habits} if asked[0].settings.habits else {}
        sees = {"view": view} if view else {}
        said = {"domain": domain, "split": split, **told, "data": data, "user": player.name, **behaves, **sees}
        print_json({**said, "agents": answers})
    else:
        most = max(one.plan.evaluation.trials for one in planned)
        place = split if pool is None else f"{split} {pool}"
        named = " ".join(filter(None, (player.name, asked[0].settings.habits)))
        seen = f" · view {view}" if view else ""
        heading = f"{domain} · {place} · {data} data · user {named}{seen} · {most} trial{'s' if most > 1 else ''}"
        print_figures(heading, most, answers, void)
        if not player.comparable:
            say(f"The user {player.name!r} does not play a customer: these figures compare with no other user's.")
        print_known(errors)
        for one in planned:
            say(f"{one.plan.evaluation.agent.name}: {one.plan.folder}")
        if tau2_results is not None:
            say(f"tau2 results: {tau2_results}")
    if any(found.refused for found in results.values()):
        raise typer.Exit(1)


def _asked(
    domain: Domain,
    split: str,
    agents: Sequence[str],
    models: Mapping[str, ModelSettings | None],
    view: str | None,
    **others: Any,
) -> list[Evaluation]:
    """Who plays what, for each of the agents; the agent's model and its view go to those that have one.

    Raises:
        DataError: If none of them has one.
    """
    from toolgym.errors import DataError
    from toolgym.registration.evaluate import evaluation_of
    from toolgym.registration.parts import agent_spec

    specs = {each: agent_spec(each, domain) for each in agents}
    takes = {each: spec.needs_model for each, spec in specs.items()}
    asked = models["agent"]
    if asked is not None and not any(takes.values()):
        raise DataError(f"--agent-model {asked.model!r} is for an agent with a model, such as --agent llm")
    if view is not None and not any(spec.has_view for spec in specs.values()):
        raise DataError(f"--agent-view {view!r} is for an agent with a model: name the model with --agent-model")
    return [
        evaluation_of(
            domain,
            split,
            agent=each,
            agent_model=asked if takes[each] else None,
            agent_view=view if specs[each].has_view else None,
            user_model=models["user"],
            judge_model=models["judge"],
            **others,
        )
        for each in agents
    ]


def _check(planned: Sequence[Planned], models: Mapping[str, ModelSettings | None], throttle: Throttle) -> None:
    """Check that all can play, and that the models answer, before anything is written."""
    from toolgym.models.before import ask_models
    from toolgym.rollouts import check_players

    throttle.pay(sum(one.plan.cost_usd for one in planned))
    evaluation = planned[0].plan.evaluation
    ids = {task.id for one in planned for task in one.played}
    played = [task for task in evaluation.tasks if task.id in ids]
    agents = [one.plan.evaluation.agent for one in planned]
    check_players(evaluation.domain, played, (evaluation.user, *agents), evaluation.seed)
    if any(one.plan.lacking for one in planned):
        ask_models(models, throttle)


def _play(planned: Sequence[Planned], play: Callable[..., None], concurrency: int, throttle: Throttle) -> None:
    """Play what the runs lack, one after the other."""
    from toolgym.rollouts import opened

    with opened({one.plan.evaluation.agent.name: one.plan for one in planned}) as kept:
        for one in planned:
            agent = one.plan.evaluation.agent.name
            title = one.plan.folder.name.removesuffix(f"-{agent}")
            plays = partial(play, kept[agent], one.plan.evaluation, only=one.only, concurrency=concurrency)
            show_play(kept[agent], one.plan, plays, title, throttle)


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


def _player(backend: str, workers: int | None, throttle: Throttle) -> Callable[..., None]:
    """What plays what a run lacks."""
    from toolgym.rollouts import play_run

    if backend != "ray":
        return play_run
    from toolgym.rollouts.ray_backend import play_run_on_ray

    return partial(play_run_on_ray, workers=workers, throttle=throttle)


def _check_tau2_results(path: Path | None, domain: Domain, split: str, agents: Sequence[str], data: str) -> None:
    """Check that results in tau2's format can be written, if they are asked for."""
    from toolgym.compat.tau2.results import check_results
    from toolgym.errors import DataError

    if path is None:
        return
    if len(agents) > 1 or data != "tau2":
        raise DataError("--tau2-results needs --data tau2 and one --agent: a results file holds one agent's run")
    check_results(path, domain, domain.tasks[split])


def _write_tau2(path: Path, planned: Planned, results: Results, models: Mapping[str, ModelSettings | None]) -> None:
    """Write trajectories in tau2's format, and say what tau2 will make of some."""
    from toolgym.compat.tau2 import write_results

    evaluation = planned.plan.evaluation
    named = {role: asked.model if asked is not None else None for role, asked in models.items()}
    written = write_results(
        path,
        evaluation.domain,
        results.trajectories,
        max_steps=evaluation.limits.max_steps,
        max_errors=evaluation.limits.max_errors,
        agent_llm=named["agent"],
        user_llm=named["user"],
    )
    notes = []
    if written.not_judged:
        notes.append(
            f"{written.not_judged} episodes in {path} were not judged: tau2's own metrics count them as failures. Name "
            "a judge with --judge-model."
        )
    if written.replaced:
        notes.append(
            f"{written.replaced} episodes in {path} hold halves of surrogate pairs, which tau2 cannot read: U+FFFD "
            "stands for them."
        )
    if notes:
        remark(" ".join(notes))
