"""Episodes behind Gymnasium."""

from toolgym.envs.settings import EnvOptions, EnvSettings
from toolgym.envs.spaces import DialogueSpace, MessageSpace, TextSpace
from toolgym.envs.tool_env import ToolEnv
from toolgym.envs.vector_env import ToolVectorEnv

__all__ = ["DialogueSpace", "EnvOptions", "EnvSettings", "MessageSpace", "TextSpace", "ToolEnv", "ToolVectorEnv"]
