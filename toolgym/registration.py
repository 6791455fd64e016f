"""The composition root: names become built objects, and the environments get their Gymnasium ids."""

from __future__ import annotations

import inspect
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from toolgym.errors import DataError
from toolgym.registry import AGENTS, ANALYSTS, CURRICULA, DOMAINS, JUDGES, PROPOSERS, USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from toolgym.curriculum import Curriculum
    from toolgym.domain import AgentFactory, Domain
    from toolgym.envs.aec_env import ToolAECEnv
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.envs.vector_env import ToolVectorEnv
    from toolgym.evaluation.grade import Judge
    from toolgym.failures.report import Analyst
    from toolgym.generators.proposal import Proposer
    from toolgym.models import ModelSettings, Throttle
    from toolgym.prompts import Wording
    from toolgym.tasks import Task

DATA = ("toolgym", "tau2")
"""Whose tasks a domain can be made with."""

_OWN_IDS = {"ToolMock-v0": "mock", "ToolRetail-v0": "retail"}
_MADE: dict[tuple[str, str, str | None], Domain] = {}
_LOCK = threading.Lock()


def register_envs() -> None:
    """Register our Gymnasium ids; ``import toolgym`` does it.

    An environment of somebody else's domain is made with :func:`make_env`.
    """
    for name, domain in _OWN_IDS.items():
        if name not in gym.registry:
            gym.register(
                name,
                entry_point="toolgym.registration:make_env",
                vector_entry_point="toolgym.registration:make_vec_env",
                kwargs={"domain": domain},
            )


def make_env(
    domain: str | Domain,
    *,
    data: str = "toolgym",
    split: str = "train",
    user: str | AgentFactory | None = None,
    user_model: str | Mapping[str, Any] | None = None,
    curriculum: str | Curriculum = "fixed",
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    judge: str | Judge | None = None,
    judge_model: str | Mapping[str, Any] | None = None,
    **settings: Any,
) -> ToolEnv:
    """Build an environment from names; what ``gym.make`` calls.

    Args:
        domain: A domain's name, or a Domain.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``.
        split: Which tasks.
        user: A user's name, or what makes one; by default the :func:`default_user` of the split.
        user_model: The model behind a user that has one: its name, or the settings of
            :class:`~toolgym.models.ModelSettings` as a mapping.
        curriculum: A curriculum's name: the environment then owns it and updates it with every finished group. Or a
            curriculum of yours: the environment then only samples, and updating is up to you.
        curriculum_args: Options of a curriculum that is given by name; see :func:`make_curriculum`.
        pool: A folder that a refresh of this curriculum wrote: it goes on from there. In an environment's spec, which
            is JSON, it is text.
        judge: Judges natural-language assertions: a judge's name, or a judge; None leaves them unjudged.
        judge_model: The model behind a judge that has one.
        settings: The other settings of :class:`~toolgym.envs.tool_env.ToolEnv`: reward, group_size, max_steps,
            max_errors, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If a name is not installed, or there is no such split.
        DataError: If the data is missing, or a model is missing or does not fit.

    Example:
        >>> make_env("mock", split="test").domain.name
        'mock'
    """
    from toolgym.envs.tool_env import ToolEnv

    drawn = (curriculum, curriculum_args, pool)
    parts = _env_parts(domain, data, split, user, user_model, drawn, judge, judge_model)
    return ToolEnv(**parts, **settings)


def make_vec_env(
    domain: str | Domain,
    num_envs: int = 1,
    *,
    data: str = "toolgym",
    split: str = "train",
    user: str | AgentFactory | None = None,
    user_model: str | Mapping[str, Any] | None = None,
    curriculum: str | Curriculum = "fixed",
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    judge: str | Judge | None = None,
    judge_model: str | Mapping[str, Any] | None = None,
    **settings: Any,
) -> ToolVectorEnv:
    """Build a vector environment from names; what ``gym.make_vec`` calls.

    Args:
        domain: A domain's name, or a Domain.
        num_envs: How many episodes are stepped together, at least 1.
        data: As for :func:`make_env`, as are the next eight.
        split: Which tasks.
        user: A user's name, or what makes one.
        user_model: The model behind a user that has one.
        curriculum: A curriculum's name, or a curriculum of yours; one draws for all.
        curriculum_args: Options of a curriculum that is given by name.
        pool: A folder that a refresh of it wrote.
        judge: A judge's name, or a judge.
        judge_model: The model behind a judge that has one.
        settings: The other settings of :class:`~toolgym.envs.vector_env.ToolVectorEnv`: those of ``ToolEnv``, and
            autoreset_mode.

    Raises:
        UnknownNameError: If a name is not installed, or there is no such split.
        DataError: If the data is missing, or a model is missing or does not fit.

    Example:
        >>> make_vec_env("mock", 4, group_size=2)
        ToolVectorEnv(num_envs=4)
    """
    from toolgym.envs.vector_env import ToolVectorEnv

    drawn = (curriculum, curriculum_args, pool)
    parts = _env_parts(domain, data, split, user, user_model, drawn, judge, judge_model)
    return ToolVectorEnv(**parts, num_envs=num_envs, **settings)


def make_aec_env(
    domain: str | Domain,
    *,
    data: str = "toolgym",
    split: str = "train",
    curriculum: str | Curriculum = "fixed",
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    **settings: Any,
) -> ToolAECEnv:
    """Build the PettingZoo environment, in which the caller plays both sides, from names.

    Args:
        domain: A domain's name, or a Domain.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``.
        split: Which tasks.
        curriculum: A curriculum's name: the environment then owns and updates it. Or a curriculum of yours: the
            environment then only samples.
        curriculum_args: Options of a curriculum that is given by name.
        pool: A folder that a refresh of it wrote.
        settings: The other settings of :class:`~toolgym.envs.aec_env.ToolAECEnv`: reward, group_size, max_steps,
            max_errors, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If a name is not installed, or there is no such split.
        DataError: If the data is missing.

    Example:
        >>> make_aec_env("mock", split="test").possible_agents
        ['assistant', 'user']
    """
    from toolgym.envs.aec_env import ToolAECEnv

    made = make_domain(domain, data) if isinstance(domain, str) else domain
    drawn_by = _drawn_by(made, split, curriculum, curriculum_args, pool)
    return ToolAECEnv(made, drawn_by, owns_curriculum=isinstance(curriculum, str), split=split, **settings)


def _env_parts(
    domain: str | Domain,
    data: str,
    split: str,
    user: str | AgentFactory | None,
    user_model: str | Mapping[str, Any] | None,
    drawn: tuple[str | Curriculum, Mapping[str, Any] | None, str | Path | None],
    judge: str | Judge | None,
    judge_model: str | Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What the environments with a user simulator are made of, built from names."""
    made = make_domain(domain, data) if isinstance(domain, str) else domain
    if user is None:
        user = default_user(made.tasks[split] if split in made.tasks.splits() else ())
    if user_model is not None and not isinstance(user, str):
        raise DataError("user_model is for a user that is given by name; yours brings its own")
    if judge_model is not None and not isinstance(judge, str):
        raise DataError("judge_model is for a judge that is given by name, such as judge='llm'")
    return {
        "domain": made,
        "curriculum": _drawn_by(made, split, *drawn),
        "owns_curriculum": isinstance(drawn[0], str),
        "user": make_user(user, user_model) if isinstance(user, str) else user,
        "user_name": user if isinstance(user, str) else _name_of(user),
        "judge": make_judge(judge, judge_model) if isinstance(judge, str) else judge,
        "split": split,
    }


def _name_of(factory: AgentFactory) -> str:
    return getattr(getattr(factory, "func", factory), "__name__", type(factory).__name__)


def make_domain(name: str, data: str = "toolgym") -> Domain:
    """The domain of this name over its embedded data or tau2's; built once a process and data folder.

    Args:
        name: An installed domain.
        data: ``"toolgym"``, or ``"tau2"`` for the folder that ``TAU2_DATA_DIR`` names.

    Raises:
        UnknownNameError: If no such domain is installed.
        DataError: If ``data`` is neither, or tau2's data is missing.
    """
    if data not in DATA:
        raise DataError(f"data must be one of {', '.join(DATA)}, got {data!r}")
    place = os.environ.get("TAU2_DATA_DIR") if data == "tau2" else None
    key = (name, data, place)
    with _LOCK:
        if key not in _MADE:
            domain: Domain = DOMAINS.load(name)
            if data == "tau2":
                from toolgym.compat.tau2.data import load_domain

                domain = load_domain(domain)
            _MADE[key] = domain
        return _MADE[key]


def make_curriculum(
    name: str, domain: Domain, split: str, *, pool: str | Path | None = None, **options: Any
) -> Curriculum:
    """A curriculum over a split of a domain.

    Args:
        name: An installed curriculum.
        domain: The domain.
        split: The split that it begins with.
        pool: A folder that a refresh of this curriculum wrote: it goes on from there, and its next refresh writes there.
        options: Its own options, such as ``seed`` or ``folder``. An analyst or a proposer that is named and has a model
            gets it from ``analyst_model`` or ``proposer_model``: the model's name, or its settings.

    Raises:
        UnknownNameError: If there is no such curriculum, split or part.
        DataError: If the domain has no tasks with this data, an option is unknown or does not fit, or the folder holds
            no curriculum of this name over this domain.

    Example:
        >>> make_curriculum("raft", make_domain("mock"), "train", recency=1.0).recency
        1.0
    """
    from toolgym.curricula.making import curriculum_of

    make = CURRICULA.load(name)
    if not domain.tasks.splits():
        raise DataError(f"the domain {domain.name!r} has no embedded tasks yet; use data='tau2' and set TAU2_DATA_DIR")
    for part, make_part in (("analyst", make_analyst), ("proposer", make_proposer)):
        if (model := options.pop(f"{part}_model", None)) is not None:
            if not isinstance(options.get(part), str):
                raise DataError(f"{part}_model is for a part that is given by name, such as {part}='llm'")
            options[part] = make_part(options[part], model)
    return curriculum_of(make, name, domain, split, pool=pool, **options)


def _drawn_by(
    domain: Domain, split: str, curriculum: str | Curriculum, args: Mapping[str, Any] | None, pool: str | Path | None
) -> Curriculum:
    """The curriculum of an environment."""
    if isinstance(curriculum, str):
        return make_curriculum(curriculum, domain, split, pool=pool, **(args or {}))
    if args or pool is not None:
        raise DataError("curriculum_args and pool are for a curriculum that is given by name; yours is built already")
    return curriculum


def make_user(
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> AgentFactory:
    """The factory of a user simulator.

    Args:
        name: An installed user.
        model: The model behind it, if it is one that has a model, such as ``"llm"``: its name, or its settings.
        throttle: The limits that the models of a run share.

    Raises:
        UnknownNameError: If no such user is installed.
        DataError: If it needs a model and none is given, or the other way round, or the settings do not fit, or there
            is no key for it.
        MissingExtraError: If it has a model and the extra ``llm`` is not installed.
    """
    factory: AgentFactory = _with_model("user", name, USERS.load(name), model, throttle)
    return factory


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
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> AgentFactory:
    """The factory of an agent.

    Args:
        name: An installed agent.
        model: The model behind it, if it is one that has a model, such as ``"llm"``: its name, or its settings.
        throttle: The limits that the models of a run share.

    Raises:
        UnknownNameError: If no such agent is installed.
        DataError: If it needs a model and none is given, or the other way round, or the settings do not fit, or there
            is no key for it.
        MissingExtraError: If it has a model and the extra ``llm`` is not installed.

    Example:
        >>> agent = make_agent("llm", {"model": "qwen3", "base_url": "http://localhost:8000/v1"})
    """
    factory: AgentFactory = _with_model("agent", name, AGENTS.load(name), model, throttle)
    return factory


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
    judge: Judge = _with_model("judge", name, JUDGES.load(name), model, throttle)()
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
    analyst: Analyst = _with_model("analyst", name, ANALYSTS.load(name), model, throttle)()
    return analyst


def make_proposer(
    name: str, model: str | Mapping[str, Any] | ModelSettings | None = None, *, throttle: Throttle | None = None
) -> Proposer:
    """What makes tasks that stress failure patterns; arguments and errors as for :func:`make_analyst`.

    Example:
        >>> make_proposer("template").tasks_a_world
        100
    """
    proposer: Proposer = _with_model("proposer", name, PROPOSERS.load(name), model, throttle)()
    return proposer


def needs_model(factory: Callable[..., Any]) -> bool:
    """Whether what makes an agent, a user, a judge, an analyst or a proposer takes a model."""
    return "model" in inspect.signature(factory).parameters


def _with_model(
    role: str,
    name: str,
    factory: Callable[..., Any],
    model: str | Mapping[str, Any] | ModelSettings | None,
    throttle: Throttle | None,
) -> Any:
    """The factory with its model bound, if it takes one."""
    if not needs_model(factory):
        if model is not None:
            raise DataError(f"the {role} {name!r} has no model, and one was given: {str(model)[:80]}")
        return factory
    if model is None:
        raise DataError(f"the {role} {name!r} needs a model: give model=…, or --{role}-model on the command line")
    from pydantic import ValidationError

    from toolgym.models import ChatModel, ModelSettings

    if not isinstance(model, ModelSettings):
        try:
            model = ModelSettings.model_validate({"model": model} if isinstance(model, str) else dict(model))
        except ValidationError as error:
            raise DataError(f"the settings of the {role}'s model do not fit: {error}") from error
    chat = ChatModel(model, throttle)
    chat.check()
    return partial(factory, model=chat)


def with_wording(factory: AgentFactory, wording: Wording) -> AgentFactory:
    """The factory with the words that its model reads bound, if it takes any.

    Without it they are looked up wherever an agent is made, which on another machine may find others.
    """
    made: Any = factory
    return partial(made, wording=wording) if "wording" in inspect.signature(factory).parameters else factory
