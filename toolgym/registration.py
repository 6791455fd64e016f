"""The composition root: names become built objects, and the environments get their Gymnasium ids."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from toolgym.errors import DataError
from toolgym.registry import AGENTS, CURRICULA, DOMAINS, USERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolgym.curriculum import Curriculum
    from toolgym.domain import AgentFactory, Domain
    from toolgym.envs.tool_env import ToolEnv
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
            gym.register(name, entry_point="toolgym.registration:make_env", kwargs={"domain": domain})


def make_env(
    domain: str | Domain,
    *,
    data: str = "toolgym",
    split: str = "train",
    user: str | AgentFactory | None = None,
    curriculum: str | Curriculum = "fixed",
    **settings: Any,
) -> ToolEnv:
    """Build an environment from names; what ``gym.make`` calls.

    Args:
        domain: A domain's name, or a Domain.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``.
        split: Which tasks.
        user: A user's name, or what makes one; by default the :func:`default_user` of the split.
        curriculum: A curriculum's name: the environment then owns it and updates it with every finished group. Or a
            curriculum of yours: the environment then only samples, and updating is up to you.
        settings: The other settings of :class:`~toolgym.envs.tool_env.ToolEnv`: reward, group_size, max_steps,
            max_errors, history, parsing, judge, debug, render_mode.

    Raises:
        UnknownNameError: If a name is not installed, or there is no such split.
        DataError: If the data is missing.

    Example:
        >>> make_env("mock", split="test").domain.name
        'mock'
    """
    from toolgym.envs.tool_env import ToolEnv

    made = make_domain(domain, data) if isinstance(domain, str) else domain
    owned = isinstance(curriculum, str)
    drawn_by = make_curriculum(curriculum, made, split) if isinstance(curriculum, str) else curriculum
    if user is None:
        user = default_user(made.tasks[split] if split in made.tasks.splits() else ())
    factory = make_user(user) if isinstance(user, str) else user
    name = user if isinstance(user, str) else getattr(getattr(user, "func", user), "__name__", type(user).__name__)
    return ToolEnv(made, drawn_by, factory, owns_curriculum=owned, split=split, user_name=name, **settings)


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


def make_curriculum(name: str, domain: Domain, split: str) -> Curriculum:
    """A curriculum over a split of a domain.

    Raises:
        UnknownNameError: If there is no such curriculum or split.
        DataError: If the domain has no tasks with this data.
    """
    make = CURRICULA.load(name)
    if not domain.tasks.splits():
        raise DataError(f"the domain {domain.name!r} has no embedded tasks yet; use data='tau2' and set TAU2_DATA_DIR")
    curriculum: Curriculum = make(domain, split)
    return curriculum


def make_user(name: str) -> AgentFactory:
    """The factory of a user simulator.

    Raises:
        UnknownNameError: If no such user is installed.
    """
    factory: AgentFactory = USERS.load(name)
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


def make_agent(name: str) -> AgentFactory:
    """The factory of an agent.

    Raises:
        UnknownNameError: If no such agent is installed.
    """
    factory: AgentFactory = AGENTS.load(name)
    return factory
