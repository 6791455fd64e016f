"""NeMo Gym: a resources server whose sessions are episodes, for its ``gymnasium_agent``.

Written against NeMo Gym's documented ``GymnasiumServer`` (its repository, November 2026) and tested against a stand-in
of that interface: NeMo Gym is not on PyPI, needs Python 3.13.14, and was not run. See docs/use-with/nemo-gym.md.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from pydantic import Field

from toolgym_trainers.integrations.text_env import TextEnv, as_text

try:
    from nemo_gym.base_resources_server import BaseResourcesServerConfig
    from resources_servers.gymnasium import GymnasiumServer
except ImportError as error:
    raise ImportError(
        "NeMo Gym is not installed, and PyPI does not have it: install it from https://github.com/NVIDIA-NeMo/Gym, and "
        "run from its root"
    ) from error


class ToolgymServerConfig(BaseResourcesServerConfig):  # type: ignore[misc]  # NeMo Gym's types are not read here
    """What is served: a domain, and the options of :class:`~toolgym_trainers.integrations.text_env.TextEnv`."""

    domain: str = "retail"
    options: dict[str, Any] = Field(default_factory=dict)


class ToolgymServer(GymnasiumServer):  # type: ignore[misc]  # as above
    """An episode a session.

    A row names the task beside ``responses_create_params``: ``task`` (an id, or a task as JSON) and ``seed``. The first
    observation is the whole prompt, with instructions and tools. The model may write calls as text, or as function
    calls that its server has parsed.

    ``info`` is that of :class:`~toolgym.envs.tool_env.ToolEnv` and ``void``: True where a fault voids the episode,
    which ends with the reward 0; it is neither success nor failure, and should be left out of what is trained on.
    """

    config: ToolgymServerConfig

    async def reset(self, metadata: dict[str, Any], session_id: str | None = None) -> tuple[str | None, dict[str, Any]]:
        """Start a session's episode.

        Args:
            metadata: The row's other fields.
            session_id: The session.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If the task does not validate.
        """
        env = TextEnv(self.config.domain, **self.config.options)
        seed = metadata.get("seed")
        messages, info = await asyncio.to_thread(
            env.reset, seed=None if seed is None else int(seed), task=metadata.get("task")
        )
        self.session_state[session_id] = env
        return as_text(messages), _plain(info)

    async def step(
        self, action: Any, metadata: dict[str, Any], session_id: str | None = None
    ) -> tuple[str | None, float, bool, bool, dict[str, Any]]:
        """Say what the model wrote, and let the user answer.

        Args:
            action: The model's response.
            metadata: The row's other fields; not used.
            session_id: The session.

        Raises:
            RuntimeError: If the session has no episode.
        """
        env = self.session_state.get(session_id)
        if env is None:
            raise RuntimeError(f"the session {session_id!r} has no episode; /reset comes before /step")
        told = await asyncio.to_thread(env.step, written(action))
        text = as_text(told.messages) if told.messages else None
        return text, told.reward, told.terminated, told.truncated, _plain(told.info)


def written(response: Any) -> str:
    """What a model wrote, as text: the words of its messages, and its function calls as ``<tool_call>``.

    Args:
        response: With ``output``, a list of messages, function calls, and thoughts, which are left out.
    """
    parts = []
    for item in response.output:
        if item.type == "message":
            content = item.content
            parts += (
                [content] if isinstance(content, str) else [one.text for one in content if one.type == "output_text"]
            )
        elif item.type == "function_call":
            # As text, so that arguments that are no JSON are answered as any such call.
            parts.append(
                f'<tool_call>\n{{"name": {json.dumps(item.name)}, "arguments": {item.arguments}}}\n</tool_call>'
            )
    return "\n".join(part for part in parts if part)


def _plain(info: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in info.items() if name != "tools"}, "void": "fault" in info}
