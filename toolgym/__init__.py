"""toolgym: reinforcement learning environments for agents that use tools while talking to a person.

Importing it registers the Gymnasium ids and nothing heavier; everything else is imported when it is first used.
"""

from __future__ import annotations

import importlib
import typing

from toolgym.registration import (
    make_aec_env,
    make_agent,
    make_analyst,
    make_curriculum,
    make_domain,
    make_env,
    make_judge,
    make_proposer,
    make_user,
    make_vec_env,
    register_envs,
)

if typing.TYPE_CHECKING:
    from toolgym.curricula.refreshing import refresh
    from toolgym.curriculum import Budget, Curriculum
    from toolgym.domain import Agent, Domain
    from toolgym.envs.aec_env import ToolAECEnv
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.envs.vector_env import ToolVectorEnv
    from toolgym.episode.machine import Episode
    from toolgym.errors import ToolError
    from toolgym.evaluation import compare, pass_hat_k
    from toolgym.limits import Limits
    from toolgym.messages import Message, ToolCall
    from toolgym.registration.check_user import check_user
    from toolgym.registration.evaluate import evaluate
    from toolgym.rollouts import play
    from toolgym.runs import Run, read_trajectories
    from toolgym.tasks import Task
    from toolgym.tools import Effect, Toolkit, tool
    from toolgym.trajectory import Fault, Grade, Step, Trajectory

__version__ = "0.1.0"

_LAZY = {
    "Agent": "toolgym.domain",
    "Budget": "toolgym.curriculum",
    "Curriculum": "toolgym.curriculum",
    "Domain": "toolgym.domain",
    "Effect": "toolgym.tools",
    "Episode": "toolgym.episode.machine",
    "Fault": "toolgym.trajectory",
    "Grade": "toolgym.trajectory",
    "Limits": "toolgym.limits",
    "Message": "toolgym.messages",
    "Run": "toolgym.runs",
    "Step": "toolgym.trajectory",
    "Task": "toolgym.tasks",
    "ToolAECEnv": "toolgym.envs.aec_env",
    "ToolCall": "toolgym.messages",
    "ToolEnv": "toolgym.envs.tool_env",
    "ToolError": "toolgym.errors",
    "ToolVectorEnv": "toolgym.envs.vector_env",
    "Toolkit": "toolgym.tools",
    "Trajectory": "toolgym.trajectory",
    "check_user": "toolgym.registration.check_user",
    "compare": "toolgym.evaluation",
    "evaluate": "toolgym.registration.evaluate",
    "pass_hat_k": "toolgym.evaluation",
    "play": "toolgym.rollouts",
    "read_trajectories": "toolgym.runs",
    "refresh": "toolgym.curricula.refreshing",
    "tool": "toolgym.tools",
}

__all__ = [
    "Agent",
    "Budget",
    "Curriculum",
    "Domain",
    "Effect",
    "Episode",
    "Fault",
    "Grade",
    "Limits",
    "Message",
    "Run",
    "Step",
    "Task",
    "ToolAECEnv",
    "ToolCall",
    "ToolEnv",
    "ToolError",
    "ToolVectorEnv",
    "Toolkit",
    "Trajectory",
    "__version__",
    "check_user",
    "compare",
    "evaluate",
    "make_aec_env",
    "make_agent",
    "make_analyst",
    "make_curriculum",
    "make_domain",
    "make_env",
    "make_judge",
    "make_proposer",
    "make_user",
    "make_vec_env",
    "pass_hat_k",
    "play",
    "read_trajectories",
    "refresh",
    "tool",
]


def __getattr__(name: str) -> typing.Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolgym' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


register_envs()
