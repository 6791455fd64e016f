"""Another reward for an existing environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from toolgym.envs.episode_driver import Observation
from toolgym.envs.tool_env import tool_env
from toolgym.rewards import RewardTerm, build_reward


class RewardMix(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Replaces what an environment pays, from the next reset on.

    It sets the environment itself, so it does not matter where among other wrappers it stands, and the one that was put
    on last holds. Success is graded as before.

    Args:
        env: A ``ToolEnv``, wrapped or not.
        reward: A preset's name, weights by term, or terms.

    Raises:
        UnknownNameError: If there is no such preset or term.
        ValueError: If a weight is out of range.
        TypeError: If the environment is not a ``ToolEnv``.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> env = RewardMix(gym.make("ToolMock-v0"), {"success": 2.0, "repeat": 0.5})
        >>> observation, info = env.reset(seed=0)
        >>> look = '{"name": "get_users", "arguments": {}}'
        >>> env.step(look)[1], env.step(look)[1]
        (0.0, -0.25)
    """

    def __init__(
        self, env: gym.Env[Observation, Any], reward: str | Mapping[str, float] | Sequence[RewardTerm]
    ) -> None:
        RecordConstructorArgs.__init__(self, reward=reward)
        gym.Wrapper.__init__(self, env)
        inner = tool_env(env)
        inner.parts = replace(inner.parts, terms=build_reward(reward))
