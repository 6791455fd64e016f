"""The composition root: names become built objects, and the environments get their Gymnasium ids."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import gymnasium as gym

from toolgym.errors import DataError
from toolgym.registry import AGENTS, CURRICULA, DOMAINS, USERS

if TYPE_CHECKING:
    from toolgym.curricula import Curriculum
    from toolgym.domain import AgentFactory, Domain

DATA = ("toolgym", "tau2")
"""Whose tasks a domain can be made with."""

_OWN_IDS = {"ToolMock-v0": "mock", "ToolRetail-v0": "retail"}
_MADE: dict[tuple[str, str, str | None], Domain] = {}
_LOCK = threading.Lock()


def register_envs() -> None:
    """Register our Gymnasium ids; ``import toolgym`` does it.

    An environment of somebody else's domain is made with ``ToolEnv("their-domain")``.
    """
    for name, domain in _OWN_IDS.items():
        if name not in gym.registry:
            gym.register(name, entry_point="toolgym.envs.tool_env:ToolEnv", kwargs={"domain": domain})


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
        raise DataError(
            f"the domain {domain.name!r} has no embedded tasks yet; use data='tau2' and set TAU2_DATA_DIR"
        )
    curriculum: Curriculum = make(domain.tasks[split])
    return curriculum


def make_user(name: str) -> AgentFactory:
    """The factory of a user simulator.

    Raises:
        UnknownNameError: If no such user is installed.
    """
    return _factory(USERS.load(name))


def make_agent(name: str) -> AgentFactory:
    """The factory of an agent.

    Raises:
        UnknownNameError: If no such agent is installed.
    """
    return _factory(AGENTS.load(name))


def _factory(loaded: Any) -> AgentFactory:
    made: AgentFactory = loaded
    return made
