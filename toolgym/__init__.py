"""toolgym: reinforcement learning environments for agents that use tools while talking to a person.

Importing it registers the Gymnasium ids and nothing heavier; everything else is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from toolgym.curricula.refreshing import refresh
    from toolgym.curriculum import Budget
    from toolgym.domain import Agent, Domain
    from toolgym.envs.aec_env import ToolAECEnv
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.envs.vector_env import ToolVectorEnv
    from toolgym.episode.machine import Episode
    from toolgym.limits import Limits
    from toolgym.messages import Message, ToolCall
    from toolgym.tasks import Task
    from toolgym.trajectory import Fault, Grade, Step, Trajectory

__version__ = "0.1.0"

_LAZY = {
    "Agent": "toolgym.domain",
    "Budget": "toolgym.curriculum",
    "Domain": "toolgym.domain",
    "Episode": "toolgym.episode.machine",
    "Fault": "toolgym.trajectory",
    "Grade": "toolgym.trajectory",
    "Limits": "toolgym.limits",
    "Message": "toolgym.messages",
    "Step": "toolgym.trajectory",
    "Task": "toolgym.tasks",
    "ToolAECEnv": "toolgym.envs.aec_env",
    "ToolCall": "toolgym.messages",
    "ToolEnv": "toolgym.envs.tool_env",
    "ToolVectorEnv": "toolgym.envs.vector_env",
    "Trajectory": "toolgym.trajectory",
    "refresh": "toolgym.curricula.refreshing",
}

__all__ = [
    "Agent",
    "Budget",
    "Domain",
    "Episode",
    "Fault",
    "Grade",
    "Limits",
    "Message",
    "Step",
    "Task",
    "ToolAECEnv",
    "ToolCall",
    "ToolEnv",
    "ToolVectorEnv",
    "Trajectory",
    "__version__",
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
    "refresh",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolgym' has no attribute {name!r}")


register_envs()
