"""What the tests of the PettingZoo environment share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from toolgym.curricula import Fixed
from toolgym.domain import Domain
from toolgym.envs.aec_env import ToolAECEnv
from toolgym.messages import STOP
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

READ = '{"name": "get_users", "arguments": {}}'
LOOK = '{"name": "check_notifications", "arguments": {}}'
BYE = f"Bye. {STOP}"


def plain(domain: Domain, split: str) -> list[Task]:
    """The tasks of a split that the user opens: those without a history."""
    return [task for task in domain.tasks[split] if task.initial_state is None]


def make(domain: Domain, **settings: Any) -> ToolAECEnv:
    """An environment over the plain tasks of the first split."""
    split = domain.tasks.splits()[0]
    return ToolAECEnv(domain, Fixed(plain(domain, split)), split=split, **settings)


def play(env: ToolAECEnv, *actions: Any, **reset: Any) -> ToolAECEnv:
    """The environment after a reset and some actions."""
    env.reset(**reset)
    for action in actions:
        env.step(action)
    return env


def line(trajectory: Trajectory) -> str:
    """The trajectory as it is stored, without its timestamps."""
    return replace(trajectory, started=None, seconds=None).to_json()
