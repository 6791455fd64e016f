"""Checking a user: how often it fails with an assistant that makes no fault, in every form in which one can speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from toolgym.errors import DataError, UnknownNameError
from toolgym.registration.evaluate import Planned, check_arguments, domain_over, evaluation_of, plan_all
from toolgym.registration.models import models_behind
from toolgym.registration.user_version import user_version

if TYPE_CHECKING:
    from toolgym.domain import AgentFactory, AgentSpec, Domain
    from toolgym.evaluation import UserCheck, Void
    from toolgym.models import ModelSettings, Throttle
    from toolgym.scripted.habits import HabitsLike
    from toolgym.trajectory import Trajectory

AskedBack = Literal["short", "full"]


def check_user(
    domain: str | Domain,
    *,
    user: str | AgentFactory | None = None,
    habits: HabitsLike | None = None,
    split: str | None = None,
    data: str = "toolgym",
    tasks: Sequence[str] = (),
    forms: Sequence[str] = (),
    asked_back: AskedBack = "short",
    seed: int = 0,
    user_model: str | Mapping[str, Any] | ModelSettings | None = None,
    throttle: Throttle | None = None,
    runs: str | Path = "runs",
    name: str | None = None,
    resume: bool = False,
    concurrency: int = 16,
    void: Void = "refuse",
    progress: Callable[[Trajectory], None] | None = None,
) -> UserCheck:
    """Measure how often a user fails by itself.

    The domain's oracle is the assistant, so whatever fails is the user's fault. It decides as always, and says what it
    proposes, reports, refuses and asks in the forms of real models. Each form is a run in the folder, as of
    :func:`~toolgym.evaluate`. A check of all tasks in all forms is remembered there, and ``toolgym eval`` tells it
    beside its figures as long as neither the user nor the tasks change; one that was broken off and continued is not,
    since its user may have changed in between.

    Args:
        domain: A domain's name, or a Domain; its oracle has forms, or at least wordings.
        user: A user's name, or what makes one; by default ``"llm"`` with a ``user_model``, else the
            :func:`~toolgym.registration.default_user` of the tasks.
        habits: How the scripted user behaves; see :func:`~toolgym.make_user`.
        split: Which tasks; by default ``"test"``.
        data: Whose tasks, for a domain that is given by name.
        tasks: Ids of the tasks that are played; empty for all.
        forms: In which forms or wordings the assistant speaks, names that the domain's oracle declares; empty for all
            its forms, or its wordings where it has no forms.
        asked_back: What the assistant says when the user asks back before a write: ``"short"`` puts the question again,
            ``"full"`` says all of it in other words.
        seed: The run's seed, at least 0.
        user_model: The model behind a user that has one.
        throttle: The rates and the budget that the user's model has.
        runs: The folder of the runs.
        name: The name of the runs, to which the form is added; by default time and domain.
        resume: Whether the runs of this name are continued.
        concurrency: Dialogues played at once, at least 1.
        void: How void dialogues count; see :meth:`~toolgym.runs.results.Results.of`.
        progress: Called with each trajectory when it has been kept.

    Returns:
        The error over all, by form and by kind of task, and the dialogues.

    Raises:
        UnknownNameError: If a name is not known.
        DataError: If the domain's oracle does not talk, an argument does not fit, or a run exists already.
        TaskError: If the user or the oracle cannot play the tasks.
        ServiceError: If the user's model does not answer, or too many consecutive dialogues are void.
        BudgetError: If the money is spent; what is finished is kept.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as runs:
        ...     check = check_user("retail", user="scripted", tasks=["test-001"], forms=["plain", "terse"], runs=runs)
        >>> check.error.failed, check.error.counted, list(check.by_form)
        (0, 2, ['plain', 'terse'])
    """
    from toolgym.models import Throttle
    from toolgym.models.before import ask_models
    from toolgym.rollouts import check_players, opened, play_run

    check_arguments(tasks, concurrency, void)
    throttle = throttle or Throttle()
    made, split = domain_over(domain, data, split)
    plan = plan_check(
        made,
        split,
        user=user,
        habits=habits,
        tasks=tasks,
        forms=forms,
        asked_back=asked_back,
        seed=seed,
        user_model=user_model,
        throttle=throttle,
        runs=Path(runs),
        name=name,
        resume=resume,
    )
    throttle.pay(sum(one.plan.cost_usd for one in plan.planned.values()))
    check_players(made, plan.first.played, plan.players, seed)
    if any(one.plan.lacking for one in plan.planned.values()):
        ask_models(plan.models, throttle)
    with opened({form: one.plan for form, one in plan.planned.items()}) as kept:
        for form, one in plan.planned.items():
            play_run(kept[form], one.plan.evaluation, concurrency=concurrency, only=one.only, progress=progress)
    return plan.result(void)


@dataclass(frozen=True)
class CheckPlan:
    """A check that is about to be played.

    Args:
        domain: The domain.
        planned: By form the run that it will be.
        asked_back: What the assistant says when the user asks back.
        whole: Whether it is all tasks in all forms that there are.
        runs: The folder of the runs.
    """

    domain: Domain
    planned: Mapping[str, Planned]
    asked_back: AskedBack
    whole: bool
    runs: Path

    @property
    def first(self) -> Planned:
        """The first of the runs."""
        return next(iter(self.planned.values()))

    @property
    def user(self) -> AgentSpec:
        """Who is checked."""
        user: AgentSpec = self.first.plan.evaluation.user
        return user

    @property
    def players(self) -> list[AgentSpec]:
        """The user, and the assistant in each form."""
        return [self.user, *(one.plan.evaluation.agent for one in self.planned.values())]

    @property
    def models(self) -> dict[str, ModelSettings]:
        """The settings of the user's model, if it has one."""
        return models_behind(self.first.plan.evaluation.agent, self.user, None)

    def result(self, void: Void = "refuse") -> UserCheck:
        """What it came to, once it was played; a whole check is remembered in the folder of the runs.

        Raises:
            DataError: If it cannot be remembered.
        """
        from toolgym.evaluation import UserCheck
        from toolgym.runs import read_trajectories
        from toolgym.runs.user_errors import remember

        evaluation = self.first.plan.evaluation
        settings = {
            "domain": self.domain.name,
            "data": evaluation.settings.data,
            "split": evaluation.split,
            "user": self.user.name,
            "models": dict(evaluation.models),
            "seed": evaluation.seed,
            "asked_back": self.asked_back,
            **({"habits": evaluation.settings.habits} if evaluation.settings.habits else {}),
            "version": user_version(self.domain, self.user, evaluation.split),
        }
        played = {form: list(read_trajectories(one.plan.folder)) for form, one in self.planned.items()}
        kinds = {task.id: _kind(task) for task in evaluation.tasks}
        check = UserCheck.of(settings, played, kinds, void)
        continued = any(one.plan.goes_on for one in self.planned.values())  # perhaps of dialogues with an earlier user
        if self.whole and not continued and settings["version"] is not None and not check.refused:
            remember(self.runs, check.as_dict())
        return check


def plan_check(
    domain: Domain,
    split: str,
    *,
    user: str | AgentFactory | None = None,
    habits: HabitsLike | None = None,
    tasks: Sequence[str] = (),
    forms: Sequence[str] = (),
    asked_back: AskedBack = "short",
    seed: int = 0,
    user_model: str | Mapping[str, Any] | ModelSettings | None = None,
    throttle: Throttle | None = None,
    runs: Path = Path("runs"),
    name: str | None = None,
    resume: bool = False,
) -> CheckPlan:
    """Plan the runs of a check; nothing is written. Arguments and errors as for :func:`check_user`."""
    oracle = domain.agents.get("oracle")
    if oracle is None or not (oracle.forms or oracle.wordings):
        raise DataError(
            f"the oracle of the domain {domain.name!r} does not say in which forms it can speak, so no user can be "
            "checked with it; give its AgentSpec wordings=…, or forms=…"
        )
    if asked_back not in get_args(AskedBack):
        raise DataError(f"asked_back must be one of {', '.join(map(repr, get_args(AskedBack)))}, got {asked_back!r}")
    if isinstance(forms, str):
        raise DataError(f"forms must be a list of names, such as [{forms!r}], got the text {forms!r}")
    every = oracle.forms or oracle.wordings
    for form in forms:
        if form not in (known := (*oracle.forms, *oracle.wordings)):
            raise UnknownNameError("form", form, known, f"These are what the oracle of {domain.name!r} declares.")
    chosen = tuple(dict.fromkeys(forms)) or every
    asked = [
        evaluation_of(
            domain,
            split,
            agent=_speaking(oracle, form, asked_back),
            user=user,
            habits=habits,
            seed=seed,
            user_model=user_model,
            throttle=throttle,
        )
        for form in chosen
    ]
    planned = plan_all(asked, runs, name, tasks=tasks, trials=1, resume=resume)
    whole = set(chosen) >= set(every) and not any(one.plan.evaluation.chosen for one in planned)
    return CheckPlan(domain, dict(zip(chosen, planned, strict=True)), asked_back, whole, runs)


def _speaking(oracle: AgentSpec, form: str, asked_back: AskedBack) -> AgentSpec:
    """The oracle in one of its forms or wordings, named after it."""
    if form not in oracle.forms:
        return replace(oracle.bind(wording=form), name=f"oracle-{form}")
    name = f"oracle-{form}" + ("" if asked_back == "short" else f"-{asked_back}")
    return replace(oracle.bind(wording=form, asked_back=asked_back), name=name)


def _kind(task: Any) -> str:
    return "" if task.provenance is None else str(task.provenance.kind)


def known_error(
    domain: Domain, user: AgentSpec, split: str, models: Mapping[str, Any], runs: Path
) -> list[dict[str, Any]]:
    """The errors of a user that were measured on a split and are kept in a folder of runs; none for another version.

    Args:
        domain: The domain.
        user: The user.
        split: The tasks.
        models: The settings of its model, as a run's manifest has them, by role.
        runs: The folder of the runs.

    Raises:
        DataError: If what is kept cannot be read.
    """
    from toolgym.runs.user_errors import FILE, known

    if not (runs / FILE).exists():
        return []
    version = user_version(domain, user, split)
    if version is None:
        return []
    of_user = {role: settings for role, settings in models.items() if role == "user"}
    named = {"domain": domain.name, "data": domain.compat.name, "split": split, "user": user.name}
    habits = str(user.bound.get("habits") or "") or None
    return known(runs, **named, models=of_user, version=version, habits=habits)
