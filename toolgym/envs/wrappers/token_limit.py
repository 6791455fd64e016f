"""A limit on what the assistant may generate in one episode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from toolgym.actions import parse_action
from toolgym.envs.episode_driver import EnvAction, Observation
from toolgym.envs.tool_env import tool_env
from toolgym.envs.wrappers.chatml import spoken
from toolgym.errors import DataError
from toolgym.messages import to_chat


class TokenLimit(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Truncates an episode in which the assistant has generated more tokens than it may.

    The action that goes over the limit still takes place. If the dialogue goes on after it, the episode ends there with
    the termination ``context_window_exceeded``, which is tau2's word for an assistant that ran out of tokens: it
    counts as a failure, and pays what its end pays. It is the environment's own end, of which groups and the wrappers
    outside know; a :class:`~toolgym.envs.wrappers.record_run.RecordRun` inside notes it at the next reset.

    Args:
        env: A ``ToolEnv``, wrapped or not.
        max_tokens: Tokens that the assistant may generate in an episode, at least 1.
        count: Counts the tokens of a text, such as ``lambda text: len(tokenizer.encode(text))``, for actions that do
            not say them, as a mapping does in ``"tokens"`` and a ``Message`` in ``tokens``. Of one that is not text,
            content and calls are counted as :func:`~toolgym.envs.wrappers.chatml.chatml` writes them. The length
            penalty and ``info["usage"]`` then know them too.

    Raises:
        ValueError: If ``max_tokens`` is below 1.
        TypeError: If the environment is not a ``ToolEnv``.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> env = TokenLimit(gym.make("ToolMock-v0"), 6, count=lambda text: len(text.split()))
        >>> observation, info = env.reset(seed=0)
        >>> env.step("Shall I go on?")[3], env.step("May I really go on?")[3]
        (False, True)
    """

    def __init__(
        self, env: gym.Env[Observation, Any], max_tokens: int, *, count: Callable[[str], int] | None = None
    ) -> None:
        if max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {max_tokens}")
        RecordConstructorArgs.__init__(self, _disable_deepcopy=True, max_tokens=max_tokens, count=count)
        gym.Wrapper.__init__(self, env)
        self.max_tokens = max_tokens
        self.count = count
        self._inner = tool_env(env)

    def step(self, action: EnvAction) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take one step; the episode is truncated once the tokens of all actions exceed the limit.

        Raises:
            DataError: If the action is not a message, or does not say its tokens; nothing has changed then.
        """
        if self._inner.episode is not None and self._inner.episode.turn is None:  # over already
            observation, reward, terminated, truncated, info = self.env.step(action)
            return observation, float(reward), terminated, truncated, info
        message = parse_action(action, "assistant", self._inner.settings.parsing)
        if message.tokens is None:
            if self.count is None:
                raise DataError(
                    f"the limit of {self.max_tokens} tokens needs to know those of each action: say them in its "
                    "'tokens', or give TokenLimit a count="
                )
            text = action if isinstance(action, str) else spoken(to_chat(message))
            message = replace(message, tokens=self.count(text))
        observation, reward, terminated, truncated, info = self.env.step(message)
        episode = self._inner.episode
        tokens = episode.tokens("assistant") if episode is not None else None
        if not (terminated or truncated) and tokens is not None and tokens > self.max_tokens:
            end = self._inner.give_up()
            terms = dict(info["reward_terms"])
            for name, amount in end.info["reward_terms"].items():
                terms[name] = terms.get(name, 0.0) + amount
            info = {**info, **end.info, "reward_terms": terms}
            reward, truncated = float(reward) + end.reward, True
        return observation, float(reward), terminated, truncated, info
