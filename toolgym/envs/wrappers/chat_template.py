"""Observations as the text that a model reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from toolgym.envs.episode_driver import Observation
from toolgym.envs.spaces import TextSpace
from toolgym.envs.tool_env import tool_env
from toolgym.envs.wrappers.chatml import chatml
from toolgym.messages import Message, to_chat


class ChatTemplate(gym.ObservationWrapper[str, Any, Observation], RecordConstructorArgs):
    r"""Makes every observation the whole dialogue as the assistant sees it, rendered as one text, tools included.

    Put it outside a :class:`~toolgym.envs.wrappers.tool_filter.ToolFilter`, so that it renders the tools that are left.
    Through the shared memory of an ``AsyncVectorEnv`` passes at most 1 MiB of it.

    Args:
        env: A ``ToolEnv``, wrapped or not; its ``history`` does not matter.
        template: What renders: an object with ``apply_chat_template``, such as a Hugging Face tokenizer, or a callable
            that takes the same arguments without ``tokenize``. By default
            :func:`~toolgym.envs.wrappers.chatml.chatml`, which needs no tokenizer.
        options: Further keyword arguments for the template, such as ``enable_thinking=False``.

    Raises:
        TypeError: If the environment is not a ``ToolEnv``, or the template cannot render.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> env = ChatTemplate(gym.make("ToolMock-v0", split="test"))
        >>> text, info = env.reset(options={"task_id": "test-001"})
        >>> text.startswith("<|im_start|>system"), text.endswith("<|im_start|>assistant\n")
        (True, True)
        >>> text, *_ = env.step('<tool_call>{"name": "get_users", "arguments": {}}</tool_call>')
        >>> text.splitlines()[-2:]
        ['</tool_response><|im_end|>', '<|im_start|>assistant']
    """

    def __init__(self, env: gym.Env[Observation, Any], template: Any = None, **options: Any) -> None:
        RecordConstructorArgs.__init__(self, _disable_deepcopy=True, template=template, **options)
        gym.ObservationWrapper.__init__(self, env)
        self._inner = tool_env(env)
        self._options = options
        if template is None:
            template = chatml
        if hasattr(template, "apply_chat_template"):
            self._render, self._options = template.apply_chat_template, {"tokenize": False, **options}
        elif callable(template):
            self._render = template
        else:
            raise TypeError(f"a template is callable or has apply_chat_template; {type(template).__name__} is neither")
        self.observation_space = TextSpace()

    def observation(self, observation: Observation) -> str:
        """The dialogue as text; what is new in it is there too."""
        episode = self._inner.episode
        assert episode is not None  # it has been reset
        chat = [_for_template(message) for message in episode.view("assistant")]
        tools = self.env.get_wrapper_attr("tools")
        ours = episode.turn == "assistant"
        return str(self._render(chat, tools=tools or None, add_generation_prompt=ours, **self._options))


def _for_template(message: Message) -> Mapping[str, Any]:
    """A message as chat templates take it: content is text, and arguments are mappings."""
    chat = to_chat(message)
    chat["content"] = chat["content"] or ""
    for call in chat.get("tool_calls", ()):
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return chat
