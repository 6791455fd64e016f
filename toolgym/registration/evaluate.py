"""Evaluating an agent from names: who plays, a run on disk, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgym.errors import DataError, UnknownNameError
from toolgym.registration.habits import with_habits
from toolgym.registration.models import models_behind, settings_of_model, with_model, with_wording
from toolgym.registration.parts import (
    default_user,
    domain_with,
    make_agent,
    make_judge,
    make_user,
)
from toolgym.registration.views import with_view

if TYPE_CHECKING:
    from toolgym.domain import AgentFactory, AgentSpec, Domain
    from toolgym.evaluation import Judge, Void
    from toolgym.limits import Limits
    from toolgym.models import ModelSettings, Throttle
    from toolgym.rollouts import Evaluation
    from toolgym.runs.results import Results
    from toolgym.scripted.habits import HabitsLike
    from toolgym.tasks import Task
    from toolgym.trajectory import Trajectory
    from toolgym.views import View

TRIALS = 4
"""Trials of each task where nobody says."""


def evaluate(
    domain: str | Domain,
    *,
    agent: str | AgentFactory | None = None,
    split: str | None = None,
    pool: str | Path | None = None,
    data: str = "toolgym",
    user: str | AgentFactory | None = None,
    habits: HabitsLike | None = None,
    judge: str | Judge | None = None,
    tasks: Sequence[str] = (),
    trials: int | None = None,
    seed: int = 0,
    limits: Limits | None = None,
    agent_model: str | Mapping[str, Any] | ModelSettings | None = None,
    user_model: str | Mapping[str, Any] | ModelSettings | None = None,
    judge_model: str | Mapping[str, Any] | ModelSettings | None = None,
    agent_view: str | Path | View | None = None,
    throttle: Throttle | None = None,
    runs: str | Path = "runs",
    name: str | None = None,
    resume: bool = False,
    concurrency: int = 16,
    void: Void = "refuse",
    progress: Callable[[Trajectory], None] | None = None,
) -> Results:
    """Play every task of a split several times with one agent, keep the run, and tell its Pass^k.

    What the run says of itself is derived from what is played. What can be told beforehand is told before a folder is
    made: wrong names, missing extras, agents that cannot play, models that do not answer.

    Args:
        domain: A domain's name, or a Domain.
        agent: An agent's name, or what makes one; by default ``"llm"`` with an ``agent_model``, else ``"oracle"``.
        split: Which tasks; by default ``"test"``.
        pool: A folder that a refresh or a synthesis wrote: its tasks are played instead of a split.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``; a Domain has its own.
        user: A user's name, or what makes one; by default ``"llm"`` with a ``user_model``, else the
            :func:`~toolgym.registration.default_user` of the tasks.
        habits: How the scripted user behaves; see :func:`~toolgym.make_user`. They are a part of what the run is.
        judge: A judge's name, or a judge; by default ``"llm"`` with a ``judge_model``, else nobody.
        tasks: Ids of the tasks that are played; empty for all, or with ``resume`` those that the run holds.
        trials: Trials of each task, at least 1; by default 4, or with ``resume`` those of the run.
        seed: The run's seed, at least 0.
        limits: When an episode is cut off.
        agent_model: The model behind an agent that has one: its name, or its settings.
        user_model: The model behind a user that has one.
        judge_model: The model behind a judge that has one.
        agent_view: What the agent's model sees, where it is a policy that was trained on a view: ``"compact"``, the
            policy's folder, or a :class:`~toolgym.views.View`. It is a part of what the run is.
        throttle: The rates and the budget that the models share which are given here.
        runs: The folder of the runs.
        name: The run's name, to which ``-AGENT`` is added; by default time and domain.
        resume: Whether the run of this name is continued: what is missing or void is played.
        concurrency: Episodes played at once, at least 1.
        void: How void episodes count; see :meth:`~toolgym.runs.results.Results.of`.
        progress: Called with each trajectory when it has been kept.

    Returns:
        Pass^k, compliance, what does not count, what was used, and the trajectories.

    Raises:
        UnknownNameError: If a name is not known.
        DataError: If an argument does not fit, or the run exists and is not to be continued, or cannot be.
        ValueError: If ``concurrency`` or ``void`` is out of range.
        TaskError: If an agent or a user cannot play the tasks.
        ServiceError: If a model does not answer, or too many consecutive episodes are void.
        BudgetError: If the money is spent; what is finished is kept.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as runs:
        ...     results = evaluate("mock", agent="oracle", split="test", trials=2, runs=runs)
        >>> results.pass_hat.by_k[2].mean, results.settings["agent"], len(results.trajectories)
        (1.0, 'oracle', 40)
    """
    from toolgym.models import Throttle
    from toolgym.models.before import ask_models
    from toolgym.rollouts import check_players, opened, play_run
    from toolgym.runs.results import Results

    check_arguments(tasks, concurrency, void)
    throttle = throttle or Throttle()
    made, split = domain_over(domain, data, split, pool)
    asked = evaluation_of(
        made,
        split,
        agent=agent,
        user=user,
        habits=habits,
        judge=judge,
        pool=pool,
        seed=seed,
        limits=limits,
        agent_model=agent_model,
        user_model=user_model,
        judge_model=judge_model,
        agent_view=agent_view,
        throttle=throttle,
    )
    planned = plan_all([asked], Path(runs), name, tasks=tasks, trials=trials, resume=resume)
    throttle.pay(sum(one.plan.cost_usd for one in planned))
    (one,) = planned
    check_players(made, one.played, (asked.user, asked.agent), seed)
    if one.plan.lacking:
        ask_models(models_behind(asked.agent, asked.user, asked.judge), throttle)
    with opened({asked.agent.name: one.plan}) as kept:
        run = kept[asked.agent.name]
        play_run(run, one.plan.evaluation, concurrency=concurrency, only=one.only, progress=progress)
    return Results.of(one.plan.folder, void, made)


def check_arguments(tasks: Sequence[str], concurrency: int, void: str) -> None:
    """See that what is needed late fits, before anything is played."""
    from typing import get_args

    from toolgym.evaluation import Void

    if isinstance(tasks, str):
        raise DataError(f"tasks must be a list of ids, such as [{tasks!r}], got the text {tasks!r}")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    if void not in (allowed := get_args(Void)):
        raise ValueError(f"void must be one of {', '.join(map(repr, allowed))}, got {void!r}")


def domain_over(
    domain: str | Domain, data: str = "toolgym", split: str | None = None, pool: str | Path | None = None
) -> tuple[Domain, str]:
    """The domain over what is played, and the name of the split.

    Args:
        domain: A domain's name, or a Domain.
        data: Whose tasks, for a domain that is given by name.
        split: The split; None for ``"test"``.
        pool: The folder of a pool whose tasks are played instead.

    Raises:
        UnknownNameError: If the domain is not installed, or there is no such split.
        DataError: If split and pool are both given, the domain has no tasks, or the folder is not a pool of it.
        WorldError: If a world of the pool is missing.
    """
    made = domain_with(domain, data)
    if pool is None:
        if not made.tasks.splits():
            raise DataError(
                f"the domain {made.name!r} has no embedded tasks yet; ask for data 'tau2', and set TAU2_DATA_DIR"
            )
        return made, split or "test"
    if split is not None:
        raise DataError(f"the split {split!r} and the pool {str(pool)!r} exclude each other: a pool is no split")
    from toolgym.curricula.over_pool import POOL_SPLIT, over_pool

    made = over_pool(made, Path(pool))
    for world in dict.fromkeys(task.world for task in made.tasks[POOL_SPLIT]):
        made.worlds.get(world)  # one that is missing, or another domain's, would make all its episodes void
    return made, POOL_SPLIT


def evaluation_of(
    domain: Domain,
    split: str,
    *,
    agent: str | AgentFactory | None = None,
    user: str | AgentFactory | None = None,
    habits: HabitsLike | None = None,
    judge: str | Judge | None = None,
    pool: str | Path | None = None,
    seed: int = 0,
    limits: Limits | None = None,
    agent_model: str | Mapping[str, Any] | ModelSettings | None = None,
    user_model: str | Mapping[str, Any] | ModelSettings | None = None,
    judge_model: str | Mapping[str, Any] | ModelSettings | None = None,
    agent_view: str | Path | View | None = None,
    throttle: Throttle | None = None,
) -> Evaluation:
    """Who plays what, from names or objects; arguments and errors as for :func:`evaluate`."""
    from toolgym.limits import Limits
    from toolgym.models.before import recorded
    from toolgym.prompts import wording_of
    from toolgym.rollouts import Evaluation

    models = {"agent": agent_model, "user": user_model, "judge": judge_model}
    settings = {role: settings_of_model(role, model) for role, model in models.items()}
    words = wording_of(domain)
    if agent is None:
        agent = "oracle" if agent_model is None else "llm"
    if user is None:
        user = default_user(domain.tasks[split]) if user_model is None else "llm"
    assistant = with_view(_player("agent", agent, settings["agent"], domain, throttle), agent_view)
    assistant = with_wording(assistant, words)
    customer = with_wording(_player("user", user, settings["user"], domain, throttle), words)
    customer = with_habits(customer, habits)
    referee = "llm" if judge is None and judge_model is not None else judge
    if referee is not None and not isinstance(referee, str) and judge_model is not None:
        raise DataError("judge_model is for a judge that is given by name; yours brings its own")
    judging = make_judge(referee, settings["judge"], throttle=throttle) if isinstance(referee, str) else referee
    behind = models_behind(assistant, customer, judging)
    read = [one.bound["wording"].name for one in (assistant, customer) if one.reads_wording and "model" in one.bound]
    return Evaluation(
        domain,
        split,
        assistant,
        customer,
        judge=judging,
        judge_name=referee if isinstance(referee, str) else "",
        seed=seed,
        limits=limits or Limits(),
        pool=None if pool is None else Path(pool),
        wording=", ".join(dict.fromkeys(read)),
        models={role: recorded(asked) for role, asked in behind.items()},
    )


def _player(
    role: str, player: str | AgentFactory, model: ModelSettings | None, domain: Domain, throttle: Throttle | None
) -> AgentSpec:
    """An agent or a user, by name or as itself."""
    from toolgym.domain import AgentSpec
    from toolgym.files.names import check_name

    if isinstance(player, str):
        make = make_agent if role == "agent" else make_user
        return make(player, model, domain=domain, throttle=throttle)
    spec = AgentSpec.of(player)
    if spec.needs_model and "model" not in spec.bound:
        return with_model(role, spec, model, throttle)
    if model is not None:
        raise DataError(f"{role}_model is for one that is given by name, such as {role}='llm'; yours brings its own")
    if role == "agent":
        try:
            check_name(spec.name, "run's agent")
        except DataError as error:
            raise DataError(f"{error}; call it otherwise: AgentSpec('mine', make=…)") from None
    return spec


@dataclass(frozen=True)
class Planned:
    """A run that is about to be played.

    Args:
        plan: What the run will hold.
        only: Ids of the tasks of which something is played now; empty for all.
    """

    plan: Any
    only: tuple[str, ...]

    @property
    def played(self) -> list[Task]:
        """The tasks of which something is played now."""
        return [task for task in self.plan.evaluation.tasks if not self.only or task.id in self.only]


def plan_all(
    asked: Sequence[Evaluation],
    runs: Path,
    name: str | None = None,
    *,
    tasks: Sequence[str] = (),
    trials: int | None = None,
    resume: bool = False,
    all_tasks: bool = False,
) -> list[Planned]:
    """Plan the runs of one or several agents over the same tasks; nothing is written.

    Args:
        asked: Who plays what, each with another agent.
        runs: The folder of the runs.
        name: The name of the runs, to which each agent's is added; by default time and domain.
        tasks: Ids of the tasks to be played; empty for all, or with ``resume`` those that each run holds.
        trials: Trials of each task; by default 4, or with ``resume`` those of the run.
        resume: Whether runs that are there are continued.
        all_tasks: Whether all tasks are played also where a run holds chosen ones.

    Raises:
        UnknownNameError: If there is no such task.
        DataError: If there is a run and it is not to be continued, or there is none to continue.
    """
    from dataclasses import replace

    from toolgym.files.names import check_name, place_in
    from toolgym.rollouts import plan_run, tasks_held, trials_held

    if resume and name is None:
        raise DataError("resume needs a name, that of the run to continue: name=…, or --name on the command line")
    if all_tasks and (tasks or not resume):
        raise DataError("--all-tasks is for a run that goes on with --resume, and without --task")
    first = asked[0]
    chosen = _ids(tasks, first)
    title = _fresh_name(runs, first.domain.name) if name is None else check_name(name, "run")
    folders = [place_in(runs, f"{title}-{one.agent.name}", "run") for one in asked]
    if resume and not any(folder.exists() for folder in folders):
        agents = [one.agent.name for one in asked]
        shorter = next((title.removesuffix(f"-{each}") for each in agents if title.endswith(f"-{each}")), "")
        mend = (
            f"; its agent is no part of its name here: name {shorter!r}" if shorter and (runs / title).exists() else ""
        )
        raise DataError(f"there is no run {title!r} of {', '.join(agents)} in {str(runs)!r} to continue{mend}")
    planned = []
    for one, folder in zip(asked, folders, strict=True):
        only = chosen or (tasks_held(folder) if resume and not all_tasks else ())
        held = trials_held(folder) if resume and trials is None else None
        number = (held or TRIALS) if trials is None else trials
        wanted = replace(one, trials=number, chosen=dict.fromkeys(only, number))
        planned.append(Planned(plan_run(folder, wanted, resume=resume, only=only), only))
    return planned


def _ids(chosen: Sequence[str], asked: Evaluation) -> tuple[str, ...]:
    """The ids that were chosen, in the order of the tasks."""
    known = [task.id for task in asked.tasks]
    place = (
        f"the split {asked.split!r} of {asked.domain.name!r}" if asked.pool is None else f"the pool {str(asked.pool)!r}"
    )
    for identity in chosen:
        if identity not in known:
            raise UnknownNameError("task", identity, known, f"Looked in {place}; name another split, or a pool.")
    return tuple(identity for identity in known if identity in chosen)


def _fresh_name(runs: Path, domain: str) -> str:
    """The time and the domain, numbered if there is such a run already."""
    title = f"{time.strftime('%Y%m%d-%H%M%S')}-{domain}"
    number, fresh = 1, title
    while any(runs.glob(f"{fresh}-*")):
        number, fresh = number + 1, f"{title}-{number + 1}"
    return fresh
