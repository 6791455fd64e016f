"""An assistant with fewer tools."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from toolgym.actions import parse_action
from toolgym.envs.episode_driver import EnvAction, Observation
from toolgym.envs.tool_env import tool_env
from toolgym.errors import UnknownNameError
from toolgym.messages import ToolCall, canonical_arguments


class ToolFilter(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Offers the assistant some of its tools.

    ``tools`` and ``info["tools"]`` list those alone. A call of another one is answered as that of a tool which does not
    exist: with an error that lists those which do. It is never executed, also not when the trajectory is replayed.
    Several filters narrow each other down. The policy may still speak of what is not offered.

    Args:
        env: A ``ToolEnv``, wrapped or not.
        allow: The tools that are offered; either this or ``deny`` is given.
        deny: The tools that are not.

    Raises:
        UnknownNameError: If a name is not among the tools that the environment offers.
        ValueError: If not exactly one of ``allow`` and ``deny`` is given.
        TypeError: If the environment is no ``ToolEnv``.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> env = ToolFilter(gym.make("ToolMock-v0"), deny=["create_task"])
        >>> observation, info = env.reset(seed=0)
        >>> [tool["function"]["name"] for tool in info["tools"]]
        ['get_users', 'update_task_status', 'transfer_to_human_agents']
        >>> env.step('{"name": "create_task", "arguments": {"user_id": "user_1", "title": "Rest"}}')[0][0]["content"]
        "Error: Tool 'create_task' not found. Your tools: get_users, update_task_status, transfer_to_human_agents."
    """

    def __init__(
        self,
        env: gym.Env[Observation, Any],
        *,
        allow: Collection[str] | None = None,
        deny: Collection[str] | None = None,
    ) -> None:
        if (allow is None) is (deny is None):
            raise ValueError("ToolFilter takes either allow= or deny=, the names of tools")
        self._inner = tool_env(env)
        offered = [tool["function"]["name"] for tool in env.get_wrapper_attr("tools")]
        for name in [*(allow or ()), *(deny or ())]:
            if name not in offered:
                raise UnknownNameError("tool", name, offered)
        RecordConstructorArgs.__init__(
            self, allow=None if allow is None else sorted(allow), deny=None if deny is None else sorted(deny)
        )
        gym.Wrapper.__init__(self, env)
        self._names = [name for name in offered if (name in allow if allow is not None else name not in (deny or ()))]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools that are offered, in OpenAI's function format, frozen."""
        return [tool for tool in self.env.get_wrapper_attr("tools") if tool["function"]["name"] in self._names]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """See ``ToolEnv``."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, "tools": self.tools}

    def step(self, action: EnvAction) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        """See ``ToolEnv``."""
        episode = self._inner.episode
        if episode is not None and episode.turn is None:  # over already: there is only notice to be taken of it
            return self.env.step(action)
        message = parse_action(action, "assistant", self._inner.settings.parsing)
        if all(call.name in self._names for call in message.tool_calls):
            return self.env.step(action)
        return self.env.step(replace(message, tool_calls=tuple(map(self._checked, message.tool_calls))))

    def _checked(self, call: ToolCall) -> ToolCall:
        """The call, or one that will not be executed and is answered as that of an unknown tool is."""
        if call.problem is not None or call.name in self._names:
            return call
        problem = f"Tool '{call.name[:100]}' not found."
        if self._inner.domain.compat.strict_calls:
            problem += f" Your tools: {', '.join(self._names) or 'none'}."
        return replace(call, arguments={}, problem=problem, raw=_written(call.arguments))


def _written(arguments: Mapping[str, Any]) -> str:
    try:
        return canonical_arguments(arguments)
    except (TypeError, ValueError, RecursionError):
        return ""  # what is no JSON can be kept nowhere
