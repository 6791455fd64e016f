"""Episodes behind Gymnasium."""

from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.envs.tool_env import ToolEnv

__all__ = ["DialogueSpace", "MessageSpace", "ToolEnv"]
