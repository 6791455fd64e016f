"""Wrappers of ``ToolEnv``, each of which can be made again from ``env.spec``."""

from toolgym.envs.wrappers.chat_template import ChatTemplate
from toolgym.envs.wrappers.chatml import chatml
from toolgym.envs.wrappers.record_run import RecordRun
from toolgym.envs.wrappers.reward_mix import RewardMix
from toolgym.envs.wrappers.token_limit import TokenLimit
from toolgym.envs.wrappers.tool_filter import ToolFilter

__all__ = ["ChatTemplate", "RecordRun", "RewardMix", "TokenLimit", "ToolFilter", "chatml"]
