"""The settings that all environments share: what an episode pays, when it ends, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypedDict, get_args

from toolgym.actions import Parsing
from toolgym.errors import refuse_unknown
from toolgym.limits import Limits
from toolgym.rewards import RewardTerm


class EnvOptions(TypedDict, total=False):
    """The keyword arguments of an environment: the fields of :class:`EnvSettings`, and limits for four of them."""

    limits: Limits

    reward: str | Mapping[str, float] | Sequence[RewardTerm]
    group_size: int
    max_steps: int
    max_errors: int
    max_characters: int
    max_calls: int
    history: bool
    parsing: Parsing
    debug: bool
    render_mode: str | None


@dataclass(frozen=True)
class EnvSettings:
    """The settings of an environment; ``ToolEnv``, ``ToolVectorEnv`` and ``ToolAECEnv`` take them as keyword arguments.

    Args:
        reward: A preset's name, weights by term, or terms.
        group_size: Trials of a task before the next is drawn, at least 1: in a row, or for a vector environment in as
            many neighbouring sub-environments.
        max_steps: Messages and batches of results before truncation, at least 1.
        max_errors: Failed tool calls of both sides before truncation, at least 1.
        max_characters: Characters that one message's text and its calls' arguments may have, at least 1; a longer one
            is answered with an error.
        max_calls: Calls that one message may hold, at least 1; a message with more is answered with an error.
        history: Whether observations hold the whole dialogue.
        parsing: ``"toolgym"``, or ``"tau2"`` for tau2's rule of reading text actions.
        debug: Whether ``info`` names the task.
        render_mode: ``"ansi"``, ``"human"`` (not for a vector environment), or None.

    Raises:
        ValueError: If one is out of range.

    Example:
        >>> EnvSettings(group_size=4).limits.max_steps
        200
    """

    reward: str | Mapping[str, float] | Sequence[RewardTerm] = "raft"
    group_size: int = 1
    max_steps: int = Limits.max_steps
    max_errors: int = Limits.max_errors
    max_characters: int = Limits.max_characters
    max_calls: int = Limits.max_calls
    history: bool = False
    parsing: Parsing = "toolgym"
    debug: bool = False
    render_mode: str | None = None
    limits: Limits = field(init=False, repr=False, compare=False)
    """When an episode is cut off, and how much one message may hold."""

    def __post_init__(self) -> None:
        if self.parsing not in get_args(Parsing):
            raise ValueError(f"parsing must be {' or '.join(map(repr, get_args(Parsing)))}, got {self.parsing!r}")
        if self.group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {self.group_size}")
        limits = Limits(self.max_steps, self.max_errors, self.max_characters, self.max_calls)
        object.__setattr__(self, "limits", limits)

    @classmethod
    def read(cls, options: EnvOptions, render_modes: Sequence[str]) -> EnvSettings:
        """The settings that an environment was given as keyword arguments.

        Args:
            options: What was given; ``limits`` stands for ``max_steps``, ``max_errors``, ``max_characters`` and
                ``max_calls``, and a value of its own for one of these goes before it.
            render_modes: The modes in which the environment can render.

        Raises:
            UnknownNameError: If there is no such setting.
            ValueError: If one is out of range.
        """
        refuse_unknown("setting of an environment", options, ("limits", *SETTINGS))
        given: dict[str, Any] = dict(options)
        limits = given.pop("limits", None)
        if limits is not None and not isinstance(limits, Limits):
            raise ValueError(f"limits must be Limits, such as Limits.training(), got {limits!r:.80}")
        settings = cls(**{**(asdict(limits) if limits is not None else {}), **given})
        mode = settings.render_mode
        if mode is not None and mode not in render_modes:
            raise ValueError(f"render_mode must be None, {' or '.join(map(repr, render_modes))}, got {mode!r}")
        return settings


SETTINGS = tuple(one.name for one in fields(EnvSettings) if one.init)
"""The names of the settings."""
