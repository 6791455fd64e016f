"""toolgym: reinforcement learning environments for agents that use tools while talking to a person.

Importing it registers the Gymnasium ids and nothing heavier; everything else is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolgym.registration import make_agent, make_curriculum, make_domain, make_env, make_user, register_envs

if TYPE_CHECKING:
    from toolgym.domain import Agent, Domain
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.episode import Episode, Limits
    from toolgym.messages import Message, ToolCall
    from toolgym.tasks import Task
    from toolgym.trajectory import Fault, Grade, Step, Trajectory

__version__ = "0.1.0"

_LAZY = {
    "Agent": "toolgym.domain",
    "Domain": "toolgym.domain",
    "Episode": "toolgym.episode",
    "Fault": "toolgym.trajectory",
    "Grade": "toolgym.trajectory",
    "Limits": "toolgym.episode",
    "Message": "toolgym.messages",
    "Step": "toolgym.trajectory",
    "Task": "toolgym.tasks",
    "ToolCall": "toolgym.messages",
    "ToolEnv": "toolgym.envs.tool_env",
    "Trajectory": "toolgym.trajectory",
}

__all__ = [
    "Agent",
    "Domain",
    "Episode",
    "Fault",
    "Grade",
    "Limits",
    "Message",
    "Step",
    "Task",
    "ToolCall",
    "ToolEnv",
    "Trajectory",
    "__version__",
    "make_agent",
    "make_curriculum",
    "make_domain",
    "make_env",
    "make_user",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolgym' has no attribute {name!r}")


register_envs()
