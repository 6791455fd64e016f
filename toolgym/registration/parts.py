"""Names become built objects: domains, curricula, users, agents, judges, analysts and proposers."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from toolgym.errors import DataError, UnknownNameError
from toolgym.registration.habits import with_habits
from toolgym.registration.models import chat_of, with_model
from toolgym.registration.views import with_view
from toolgym.registry import AGENTS, ANALYSTS, CURRICULA, DOMAINS, JUDGES, PROPOSERS, USERS, Registry, needs_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from toolgym.curricula.fixed import Fixed
    from toolgym.curricula.kinds import GeneralOptions, PoolOptions, Restart, TargetedOptions
    from toolgym.curricula.pool_curriculum import PoolCurriculum
    from toolgym.curriculum import Curriculum
    from toolgym.domain import AgentSpec, Domain
    from toolgym.evaluation.grade import Judge
    from toolgym.failures.report import Analyst
    from toolgym.models import ModelSettings, Throttle
    from toolgym.proposal import Proposer
    from toolgym.scripted.habits import HabitsLike
    from toolgym.tasks import Task
    from toolgym.views import View

DATA = ("toolgym", "tau2")
"""Whose tasks a domain can be made with."""

_MADE: dict[tuple[str, str, str | None], Domain] = {}
_LOCK = threading.Lock()


def make_domain(name: str, data: str = "toolgym") -> Domain:
    """The domain of this name over its embedded data or tau2's; built once per process and data folder.

    Args:
        name: An installed domain.
        data: ``"toolgym"``, or ``"tau2"`` for the folder that ``TAU2_DATA_DIR`` names.

    Raises:
        UnknownNameError: If no such domain is installed.
        DataError: If ``data`` is neither, or tau2's data is missing.
    """
    from toolgym.domain import Domain

    if data not in DATA:
        raise DataError(f"data must be one of {', '.join(DATA)}, got {data!r}")
    place = os.environ.get("TAU2_DATA_DIR") if data == "tau2" else None
    key = (name, data, place)
    with _LOCK:
        if key not in _MADE:
            domain = DOMAINS.load(name)
            if not isinstance(domain, Domain):
                raise DataError(_misfit(DOMAINS, name, domain, "a Domain"))
            if data == "tau2":
                from toolgym.compat.tau2.data import load_domain

                domain = load_domain(domain)
            _MADE[key] = domain
        return _MADE[key]


def domain_with(domain: str | Domain, data: str = "toolgym") -> Domain:
    """A domain by name, or as itself.

    Args:
        domain: A domain's name, or a Domain.
        data: Whose tasks; a Domain has its own already.

    Raises:
        UnknownNameError: If no such domain is installed.
        DataError: If it is neither, a Domain over other data than was asked for, or tau2's data is missing.
    """
    from toolgym.domain import Domain

    if isinstance(domain, str):
        return make_domain(domain, data)
    if not isinstance(domain, Domain):
        raise DataError(f"the domain must be the name of one or a Domain, got {domain!r:.80}")
    if data not in ("toolgym", domain.compat.name):
        raise DataError(
            f"data={data!r} is for a domain that is given by name; this {domain.name!r} is over "
            f"{domain.compat.name!r} data"
        )
    return domain


@overload
def make_curriculum(
    name: Literal["fixed"], domain: str | Domain, split: str, *, pool: str | Path | None = ...
) -> Fixed: ...
@overload
def make_curriculum(
    name: Literal["learnability"],
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = ...,
    **options: Unpack[PoolOptions],
) -> PoolCurriculum: ...
@overload
def make_curriculum(
    name: Literal["general"],
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = ...,
    proposer_model: str | Mapping[str, Any] | ModelSettings | None = ...,
    **options: Unpack[GeneralOptions],
) -> PoolCurriculum: ...
@overload
def make_curriculum(
    name: Literal["raft"],
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = ...,
    restart: Restart = ...,
    recency: float = ...,
    analyst_model: str | Mapping[str, Any] | ModelSettings | None = ...,
    proposer_model: str | Mapping[str, Any] | ModelSettings | None = ...,
    **options: Unpack[TargetedOptions],
) -> PoolCurriculum: ...
@overload
def make_curriculum(
    name: Literal["sentinel"],
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = ...,
    base: float = ...,
    analyst_model: str | Mapping[str, Any] | ModelSettings | None = ...,
    proposer_model: str | Mapping[str, Any] | ModelSettings | None = ...,
    **options: Unpack[TargetedOptions],
) -> PoolCurriculum: ...
@overload
def make_curriculum(
    name: str,
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = ...,
    args: Mapping[str, Any] | None = ...,
) -> Curriculum: ...
def make_curriculum(
    name: str,
    domain: str | Domain,
    split: str,
    *,
    pool: str | Path | None = None,
    args: Mapping[str, Any] | None = None,
    **options: Any,
) -> Curriculum:
    """A curriculum over a split of a domain.

    Args:
        name: An installed curriculum.
        domain: A domain's name, or a Domain.
        split: The split that it begins with.
        pool: A folder that a refresh of this curriculum wrote: it goes on from there, and writes its next one there.
        args: Options by name, for a curriculum of another package, or where the name is known at run time only: a type
            checker does not look into them.
        options: Its own options, such as ``seed`` or ``folder``. An analyst or a proposer that is named and has a model
            gets it from ``analyst_model`` or ``proposer_model``: the model's name, or its settings. With such a model
            and no name it is ``"llm"``.

    Raises:
        UnknownNameError: If there is no such curriculum, split, part or option.
        DataError: If the domain has no tasks with this data, an option does not fit or is given twice, or the folder
            holds no curriculum of this name over this domain.

    Example:
        >>> make_curriculum("raft", "mock", "train", recency=1.0).sampler
        ByRound(recency=1.0, base=0.0)
    """
    from toolgym.curricula.factory import curriculum_of
    from toolgym.curriculum import CurriculumSpec

    if not isinstance(name, str):
        raise DataError(f"the curriculum must be a name, one of {', '.join(CURRICULA.names())}, got {name!r:.80}")
    found = CURRICULA.load(name)
    if not (isinstance(found, CurriculumSpec) or callable(found)):
        raise DataError(_misfit(CURRICULA, name, found, "a CurriculumSpec, a class or a function"))
    spec = CurriculumSpec.of(found, name)
    domain = domain_with(domain)
    if not domain.tasks.splits():
        raise DataError(f"the domain {domain.name!r} has no embedded tasks yet; use data='tau2' and set TAU2_DATA_DIR")
    if args is not None:
        if twice := sorted(args.keys() & options.keys()):
            raise DataError(f"the option {twice[0]!r} is given both in args and by keyword; give it once")
        options = {**args, **options}
    for part, make_part in (("analyst", make_analyst), ("proposer", make_proposer)):
        if (model := options.pop(f"{part}_model", None)) is not None:
            if spec.options is not None and part not in spec.options:
                raise UnknownNameError(f"option of the curriculum {name!r}", f"{part}_model", spec.options)
            named = "llm" if options.get(part) is None else options[part]
            if not isinstance(named, str):
                raise DataError(f"{part}_model is for one that is given by name; yours brings its own")
            options[part] = make_part(named, model)
    return curriculum_of(spec, domain, split, pool=pool, **options)


def make_user(
    name: str,
    model: str | Mapping[str, Any] | ModelSettings | None = None,
    *,
    domain: str | Domain | None = None,
    throttle: Throttle | None = None,
    habits: HabitsLike | None = None,
) -> AgentSpec:
    """The factory of a user simulator: what makes one for each episode.

    Args:
        name: An installed user, or one of the domain's own.
        model: The model behind it, if it is one that has a model, such as ``"llm"``: its name, or its settings.
        domain: Whose own users are known in addition to the installed ones: a domain's name, or a Domain.
        throttle: The limits that the models of a run share.
        habits: How the scripted user behaves: a name such as ``"careless"``, ``"drawn"`` for habits that each episode
            draws, dials as text or mapping, or :class:`~toolgym.scripted.habits.Habits`.

    Raises:
        UnknownNameError: If there is no such user, or no such habits.
        DataError: If it needs a model and none is given, or the other way round, or the settings do not fit, or there
            is no key for it; or habits are given to a user that has none.
        MissingExtraError: If it has a model and the extra ``llm`` is not installed.

    Example:
        >>> make_user("minimal").comparable
        False
    """
    return with_habits(with_model("user", user_spec(name, domain), model, throttle), habits)


def user_spec(name: str, domain: str | Domain | None = None) -> AgentSpec:
    """What there is to know of a user before it has a model; arguments and errors as for :func:`make_user`."""
    domain = make_domain(domain) if isinstance(domain, str) else domain
    return _spec(USERS, name, domain.users if domain is not None else {}, domain)


def default_user(tasks: Sequence[Task]) -> str:
    """The name of the user that plays these tasks where none is named.

    Args:
        tasks: What will be played: a split, or one task.

    Returns:
        ``"scripted"``, which plays a customer from the facts that a task carries, if all of them carry facts; else
        ``"minimal"``, which plays any task but no customer.

    Example:
        >>> default_user(make_domain("mock").tasks["test"])
        'minimal'
    """
    return "scripted" if tasks and all(task.facts is not None for task in tasks) else "minimal"


def make_agent(
    name: str,
    model: str | Mapping[str, Any] | ModelSettings | None = None,
    *,
    domain: str | Domain | None = None,
    throttle: Throttle | None = None,
    view: str | Path | View | None = None,
) -> AgentSpec:
    """The factory of an agent: what makes one for each episode.

    Args:
        name: An installed agent, or one of the domain's own, or the folder of a policy that was trained here.
        model: The model behind it, if it is one that has a model, such as ``"llm"``: its name, or its settings.
        domain: Whose own agents are known in addition to the installed ones: a domain's name, or a Domain.
        throttle: The limits that the models of a run share.
        view: What its model sees, if that is a policy that was trained on a view: ``"compact"``, the policy's folder,
            or a :class:`~toolgym.views.View`.

    Raises:
        UnknownNameError: If there is no such agent.
        DataError: If it needs a model and none is given, or the other way round, or the settings do not fit, or there
            is no key for it, or no such view.
        MissingExtraError: If it has a model and the extra ``llm`` is not installed.

    Example:
        >>> agent = make_agent("llm", {"model": "qwen3", "base_url": "http://localhost:8000/v1"})
        >>> make_agent("clerk", domain="retail").name
        'clerk'
    """
    return with_view(with_model("agent", agent_spec(name, domain), model, throttle), view)


def agent_spec(name: str, domain: str | Domain | None = None) -> AgentSpec:
    """What there is to know of an agent before it has a model; arguments and errors as for :func:`make_agent`."""
    domain = make_domain(domain) if isinstance(domain, str) else domain
    own = domain.agents if domain is not None else {}
    if name not in own and name not in AGENTS.names() and name and Path(name).is_dir():
        policy: AgentSpec = AGENTS.load("policy")
        return replace(policy.bind(folder=str(Path(name).resolve())), name=Path(name).resolve().name)
    return _spec(AGENTS, name, own, domain)


def _spec(registry: Registry, name: str, own: Mapping[str, AgentSpec], domain: Domain | None) -> AgentSpec:
    """An installed agent or user by its name, or one of a domain's own; those that are installed come first."""
    from toolgym.domain import AgentSpec

    if name in own and name not in registry.names():
        return own[name]
    try:
        found = registry.load(name)
    except UnknownNameError as error:
        if (error.kind, error.name) != (registry.kind, str(name)):  # the plug-in itself looked up something else
            raise
        place = "" if domain is None else f"These are installed, or the domain {domain.name!r} has them. "
        hint = f"{place}Packages add one through the entry point group {registry.group!r}, a domain through its Domain."
        raise UnknownNameError(registry.kind, str(name), {*registry.names(), *own}, hint) from None
    if not callable(found):
        raise DataError(_misfit(registry, name, found, "an AgentSpec, a class or a function"))
    return AgentSpec.of(found, name)


def _misfit(registry: Registry, name: str, found: object, wanted: str) -> str:
    """What is told of an entry point that gives something else than its group holds."""
    return (
        f"the {registry.kind} {name!r} is {found!r:.80}; an entry point of the group {registry.group!r} must give "
        f"{wanted}: mend it in the package that brings it"
    )


def make_judge(
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> Judge:
    """A judge of natural-language assertions.

    Args:
        name: An installed judge.
        model: The model behind it, if it is one that has a model, such as ``"llm"``: its name, or its settings.
        throttle: The limits that the models of a run share.

    Raises:
        UnknownNameError: If no such judge is installed.
        DataError: If it needs a model and none is given, or the other way round, or the settings do not fit, or there
            is no key for it.
        MissingExtraError: If it has a model and the extra ``llm`` is not installed.
    """
    judge: Judge = _part(JUDGES, name, model, throttle)
    return judge


def make_analyst(
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> Analyst:
    """What explains failures.

    Args:
        name: An installed analyst, such as ``"rules"``, which needs no model, or ``"llm"``.
        model: The model behind it, if it is one that has a model: its name, or its settings.
        throttle: The limits that the models of a run share.

    Raises:
        UnknownNameError: If no such analyst is installed.
        DataError: If a model is missing or not wanted, its settings do not fit, or there is no key for it.
        MissingExtraError: If the extra ``llm``, or ``curriculum`` for its clusters, is needed and not installed.

    Example:
        >>> analyst = make_analyst("llm", {"model": "qwen3", "base_url": "http://localhost:8000/v1"})
    """
    analyst: Analyst = _part(ANALYSTS, name, model, throttle)
    return analyst


def make_proposer(
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> Proposer:
    """What makes tasks that stress failure patterns; arguments and errors as for :func:`make_analyst`.

    Example:
        >>> make_proposer("template").tasks_per_world
        100
    """
    proposer: Proposer = _part(PROPOSERS, name, model, throttle)
    return proposer


def _part(
    registry: Registry, name: str, model: str | Mapping[str, Any] | ModelSettings | None, throttle: Throttle | None
) -> Any:
    """A judge, an analyst or a proposer, with its model if it has one."""
    factory = registry.load(name)
    if not callable(factory):
        raise DataError(_misfit(registry, name, factory, "a class or a function"))
    chat = chat_of(registry.kind, name, needs_model(factory), model, throttle)
    return factory() if chat is None else factory(model=chat)
