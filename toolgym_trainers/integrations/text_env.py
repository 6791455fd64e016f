"""An environment whose assistant reads and writes text, for libraries that bring a model and its chat template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from toolgym.domain import Domain
from toolgym.envs import ToolEnv
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.registration import make_env
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym.views import Sight, View
from toolgym_trainers.policies.native_format import Instructions
from toolgym_trainers.policies.shipped import folder_of

ChatMessage: TypeAlias = dict[str, str]
"""A message as every chat template takes it: ``role`` and ``content``, both text."""

_SIGN = re.compile(r"<(?=\|)")
"""Where a sign of a chat template may begin, such as ``<|im_end|>``."""
_ENDS = re.compile(r"(?:<\|im_end\|>|<\|eot_id\|>|<\|endoftext\|>|</s>)\s*\Z")
"""What ends a message of the common models; some libraries leave it in the text."""


class TextStep(NamedTuple):
    """What came of a text of the assistant's.

    Args:
        messages: What it reads next; empty if the episode is over.
        reward: What was paid for it.
        terminated: Whether the user has ended the dialogue.
        truncated: Whether a limit or a fault has.
        info: As :class:`~toolgym.envs.tool_env.ToolEnv` gives it: ``success`` and ``fault`` are there at the end.
    """

    messages: list[ChatMessage]
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self.terminated or self.truncated


class TextEnv:
    """A :class:`~toolgym.envs.tool_env.ToolEnv` in text: messages with a role and a content, and nothing else.

    In the view ``"native"`` the first message is the system's: the domain's instructions, its tools, and how a call is
    written (``<tool_call>``, as Hermes and Qwen models do). What a tool returns comes back as a user's message in
    ``<tool_response>``, since not all templates know a role for it. The other views show what they always show.
    Template signs in what others say, such as ``<|im_end|>``, are made ordinary text.

    Args:
        domain: A domain's name, or a Domain.
        view: ``"native"``, ``"compact"``, a policy's folder, ``"tiny"``, or a View.
        on_end: Is given the trajectory of every episode that ends, void ones too.
        options: What :func:`toolgym.make_env` takes: split, user, reward, curriculum, pool, max_steps, …

    Raises:
        UnknownNameError: If there is no such domain, option or view.

    Example:
        >>> env = TextEnv("mock", split="test")
        >>> messages, info = env.reset(seed=0)
        >>> [message["role"] for message in messages]
        ['system', 'assistant', 'user']
        >>> step = env.step('<tool_call>{"name": "get_users", "arguments": {}}</tool_call>')
        >>> step.messages[0]["role"], step.messages[0]["content"][:15], step.over
        ('user', '<tool_response>', False)
    """

    def __init__(
        self,
        domain: str | Domain,
        *,
        view: str | Path | View = "native",
        on_end: Callable[[Trajectory], None] | None = None,
        **options: Any,
    ) -> None:
        self.env: ToolEnv = make_env(domain, **options)
        self.view = View.of(folder_of(view) if isinstance(view, str) else view)
        self._on_end = on_end
        self._sight: Sight | None = None
        self._begun = False
        self._seen = 0

    def reset(
        self, *, seed: int | None = None, task: Task | Mapping[str, Any] | str | None = None
    ) -> tuple[list[ChatMessage], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: As for ``ToolEnv.reset``: it gives the same episode as there.
            task: What is played: a Task, one as a mapping or as JSON text, or an id; by default the curriculum draws
                it.

        Returns:
            All that the assistant reads, and the info of ``ToolEnv.reset``. There are no messages if the episode is
            over already, as when the user fails at once: the next step says so, whatever it is given.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If the task does not validate.
        """
        _, info = self.env.reset(seed=seed, options=task_options(task))
        self._sight = None if self.view.name == "native" else self.view.open(self.env.domain, self.env.tools)
        self._begun = False
        self._seen = 0
        return self._news(), info

    def step(self, text: str) -> TextStep:
        """Say what the model wrote, and let the user answer.

        Args:
            text: The message; the sign that ends it may be there or not. What looks like a call and is none is
                answered with an error.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
        """
        text = _ENDS.sub("", text)
        message: Message | str = text
        if self._sight is not None:
            message = self._sight.read(text)
            self._sight.show(message)
        return self._told(*self.env.step(message))

    def give_up(self) -> TextStep:
        """End the episode because the caller takes no more turns; it is graded 0.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
        """
        return self._told(*self.env.give_up("max_steps"))

    def trajectory(self, agent: str = "policy") -> Trajectory:
        """The episode as a run keeps it.

        Args:
            agent: What records call the assistant.
        """
        return self.env.trajectory(agent=agent)

    def _told(self, _: Any, reward: float, terminated: bool, truncated: bool, info: dict[str, Any]) -> TextStep:
        over = terminated or truncated
        if over and self._on_end is not None:
            self._on_end(self.trajectory())
        return TextStep([] if over else self._news(), reward, terminated, truncated, info)

    def _news(self) -> list[ChatMessage]:
        """What the assistant has not read yet."""
        episode = self.env.episode
        if episode is None or episode.turn is None:
            return []
        view = episode.view("assistant", self._seen)
        self._seen = episode.seen("assistant") + 1  # the next is the assistant's own
        if self._sight is None:
            return self._native(view)
        shown = []
        for message in view:
            self._begun = self._begun or message.role not in ("system", "assistant")
            one = self._sight.show(message) if self._begun else None
            if one is not None:
                shown.append({"role": str(one.role), "content": one.text})
        return shown

    def _native(self, view: Sequence[Message]) -> list[ChatMessage]:
        chat: list[ChatMessage] = []
        answers = []
        for message in view:
            text = _SIGN.sub("< ", message.content or "")
            if message.role == "tool":
                answers.append(f"<tool_response>\n{text}\n</tool_response>")
            elif message.role == "system":
                chat.append({"role": "system", "content": self._instructions(str(message.content))})
            else:
                chat.append({"role": str(message.role), "content": text})
        return [{"role": "user", "content": "\n".join(answers)}, *chat] if answers else chat

    def _instructions(self, policy: str) -> str:
        told = Instructions.of(self.env.domain, self.env.tools, policy)
        tools = "\n".join(json.dumps(one, ensure_ascii=False) for one in told.tools)
        return f"{told.system}\n\n{_TOOLS_BEFORE}\n{tools}\n{_TOOLS_AFTER}"


def task_options(task: Task | Mapping[str, Any] | str | None) -> dict[str, Any]:
    """The options of ``ToolEnv.reset`` that name a task."""
    if not isinstance(task, str):
        return {"task": task}
    if not task.startswith("{"):
        return {"task_id": task}
    try:
        return {"task": json.loads(task)}
    except ValueError as error:
        raise DataError(
            f"a task that is given as JSON text cannot be read: {error}; it begins {task[:40]!r}"
        ) from error


def as_text(messages: Sequence[ChatMessage]) -> str:
    r"""Messages as one text, for libraries whose observations are text: who speaks is named where several do.

    Example:
        >>> as_text([{"role": "user", "content": "Hello!"}])
        'Hello!'
        >>> as_text([{"role": "system", "content": "Obey."}, {"role": "user", "content": "Hello!"}])
        'Obey.\n\nUser: Hello!'
    """
    if len(messages) < 2:
        return "".join(one["content"] for one in messages)
    told = [
        one["content"] if one["role"] == "system" else f"{one['role'].capitalize()}: {one['content']}"
        for one in messages
    ]
    return "\n\n".join(told)


_TOOLS_BEFORE = "# Tools\n\nYou can call the functions that are described here, each as one line of JSON:\n<tools>"
_TOOLS_AFTER = (
    "</tools>\n\nTo call one, write its name and arguments as JSON, like this; several calls may follow each other:\n"
    '<tool_call>\n{"name": "<name>", "arguments": {"<parameter>": "<value>"}}\n</tool_call>\n'
    "What they return comes back in <tool_response>. Any other text is said to the user."
)
