"""Names become built objects: domains, curricula, users, agents, judges, analysts and proposers."""

from __future__ import annotations

import inspect
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from toolgym.errors import DataError
from toolgym.registry import AGENTS, ANALYSTS, CURRICULA, DOMAINS, JUDGES, PROPOSERS, USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from toolgym.curriculum import Curriculum
    from toolgym.domain import AgentFactory, Domain
    from toolgym.evaluation.grade import Judge
    from toolgym.failures.report import Analyst
    from toolgym.models import ModelSettings, Throttle
    from toolgym.prompts import Wording
    from toolgym.proposal import Proposer
    from toolgym.tasks import Task

DATA = ("toolgym", "tau2")
"""Whose tasks a domain can be made with."""

_MADE: dict[tuple[str, str, str | None], Domain] = {}
_LOCK = threading.Lock()


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
    name: str, domain: str | Domain, split: str, *, pool: str | Path | None = None, **options: Any
) -> Curriculum:
    """A curriculum over a split of a domain.

    Args:
        name: An installed curriculum.
        domain: A domain's name, or a Domain.
        split: The split that it begins with.
        pool: A folder that a refresh of this curriculum wrote: it goes on from there, and writes its next one there.
        options: Its own options, such as ``seed`` or ``folder``. An analyst or a proposer that is named and has a model
            gets it from ``analyst_model`` or ``proposer_model``: the model's name, or its settings.

    Raises:
        UnknownNameError: If there is no such curriculum, split or part.
        DataError: If the domain has no tasks with this data, an option is unknown or does not fit, or the folder holds
            no curriculum of this name over this domain.

    Example:
        >>> make_curriculum("raft", "mock", "train", recency=1.0).recency
        1.0
    """
    from toolgym.curricula.factory import curriculum_of

    if not isinstance(name, str):
        raise DataError(f"the curriculum must be a name, one of {', '.join(CURRICULA.names())}, got {name!r:.80}")
    make = CURRICULA.load(name)
    if isinstance(domain, str):
        domain = make_domain(domain)
    if not domain.tasks.splits():
        raise DataError(f"the domain {domain.name!r} has no embedded tasks yet; use data='tau2' and set TAU2_DATA_DIR")
    for part, make_part in (("analyst", make_analyst), ("proposer", make_proposer)):
        if (model := options.pop(f"{part}_model", None)) is not None:
            if not isinstance(options.get(part), str):
                raise DataError(f"{part}_model is for a part that is given by name, such as {part}='llm'")
            options[part] = make_part(options[part], model)
    return curriculum_of(make, name, domain, split, pool=pool, **options)


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
            raise DataError(f"the {role} {name!r} has no model, and one was given; leave it out")
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
