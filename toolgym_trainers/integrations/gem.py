"""GEM: episodes as an environment of GEM, in text (written for and tested with gem-llm 0.1.0).

See docs/use-with/gem.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolgym.domain import Domain
from toolgym.errors import EpisodeError, MissingExtraError
from toolgym.trajectory import Trajectory
from toolgym.views import View
from toolgym_trainers.integrations.text_env import TextEnv, as_text

try:
    from gem.core import Env
    from gem.envs import registration
except ImportError as error:
    raise MissingExtraError("GEM", "gem") from error

NAME = "toolgym:Retail-v0"
"""The id under which :func:`register` makes retail known."""
ENTRY_POINT = f"{__name__}:GemEnv"


class GemEnv(Env):  # type: ignore[misc]  # gem-llm has no types
    """An assistant that serves a user, with text as observation and as action.

    The first observation is the whole prompt (instructions, tools, greeting, the user's opening), later ones are what
    came since. GEM's wrappers concatenate them, as text or as a chat of ``user`` and ``assistant``.

    ``info`` is that of :class:`~toolgym.envs.tool_env.ToolEnv` and has two keys more: ``void``, whether a fault voids
    the episode (it is neither success nor failure: leave it out, or set the loss mask of its turns to False), and after
    ``reset`` ``last``, the info that the episode before ended with. GEM's vector environments reset within the last
    step, and ``last`` is where its success is then found.

    No global generator is seeded, unlike in GEM's own environments.

    Args:
        domain: A domain's name, or a Domain.
        seed: Seeds the first reset that is given none; ``gem.make_vec`` gives each sub-environment its own.
        max_turns: Messages of the assistant before the episode is ended and graded 0, at least 1; None for no limit but
            ``max_steps``.
        view: What the assistant sees; see :class:`~toolgym_trainers.integrations.text_env.TextEnv`.
        on_end: Is given the trajectory of every episode that ends.
        options: What :func:`toolgym.make_env` takes. A curriculum by name is owned, and fed, by each environment.

    Raises:
        UnknownNameError: If there is no such domain, option or view.
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        domain: str | Domain = "retail",
        *,
        seed: int | None = None,
        max_turns: int | None = None,
        view: str | Path | View = "native",
        on_end: Callable[[Trajectory], None] | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if max_turns is not None and max_turns < 1:
            raise ValueError(f"max_turns must be at least 1 or None, got {max_turns}")
        self._given = {"domain": domain, "max_turns": max_turns, "view": view, "on_end": on_end, **options}
        self._text_env = TextEnv(domain, view=view, on_end=on_end, **options)
        self._max_turns = max_turns
        self._seed = seed
        self._used = seed
        self._turns = 0
        self._played: str | None = None
        self._last: dict[str, Any] = {}

    def reset(self, seed: int | None = None, *, task: Any = None) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seeds the draw of tasks and the user; None goes on with the next task.
            task: What is played: a Task, one as a mapping or as JSON text, or an id; by default what is drawn.

        Returns:
            The first prompt, and info.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If the task does not validate.
        """
        if seed is None:
            seed, self._seed = self._seed, None
        else:
            self._seed = None
        self._used = seed
        messages, info = self._text_env.reset(seed=seed, task=task)
        self._turns = 0
        last, self._last = self._last, {}
        return as_text(messages), {**info, "void": "fault" in info, "last": last}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Say what the model wrote, and let the user answer.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
        """
        self._turns += 1
        told = self._text_env.step(action)
        reward = told.reward
        if not told.over and self._max_turns is not None and self._turns >= self._max_turns:
            terms = told.info["reward_terms"]
            told = self._text_env.give_up()
            reward += told.reward
            for name, paid in terms.items():
                told.info["reward_terms"][name] = told.info["reward_terms"].get(name, 0.0) + paid
        info = {**told.info, "void": "fault" in told.info}
        if told.over:
            self._last = info
        return as_text(told.messages), reward, told.terminated, told.truncated, info

    def spawn(self, same_state: bool = False, **kwargs: Any) -> GemEnv:
        """Another environment with the same options.

        Args:
            same_state: Whether it stands at the beginning of the same episode, as GEM's groups want it: it is then
                reset already, to the same task and user.
            kwargs: Options that it has otherwise.

        Raises:
            EpisodeError: If the same state is asked for in the middle of an episode, or of one that was reset without a
                seed.
        """
        child = GemEnv(**{**self._given, **kwargs})
        if same_state:
            episode = self._text_env.env.episode
            if episode is None or self._turns or self._used is None:
                raise EpisodeError(
                    f"the state {self._turns} turns after reset(seed={self._used}) cannot be given to another "
                    "environment; spawn it right after reset with a seed, or with same_state=False"
                )
            child.reset(self._used, task=episode.task)
        return child


def register(name: str = NAME, **options: Any) -> None:
    """Make an environment known to ``gem.make`` and ``gem.make_vec``.

    Args:
        name: Its id.
        options: Those of :class:`GemEnv`; what ``gem.make`` is given goes before them.

    Raises:
        ValueError: If there is such an id.
    """
    registration.register(name, entry_point=ENTRY_POINT, **options)
