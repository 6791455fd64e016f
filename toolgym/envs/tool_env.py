"""The Gymnasium environment: an assistant that serves a user through tools."""

from __future__ import annotations

from typing import Any, Unpack

import gymnasium as gym

from toolgym.curriculum import Curriculum
from toolgym.display.render import write_message
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.episode_driver import EnvAction, EpisodeDriver, Observation, StepResult, parts_of
from toolgym.envs.options import chosen_task
from toolgym.envs.settings import EnvOptions, EnvSettings
from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.envs.trials import Trials
from toolgym.episode.machine import Episode
from toolgym.evaluation.grade import Judge
from toolgym.trajectory import Termination, Trajectory


class ToolEnv(gym.Env[Observation, Any]):
    """An assistant talks to a user and calls tools; the reward comes from what the database says afterwards.

    **Action.** Text for the user, a tool call as JSON text ``{"name": …, "arguments": {…}}``, or a message in OpenAI
    chat format (with several calls, if you like). Text that looks like a call but does not parse is answered with
    an error and never said to the user.

    **Observation.** A tuple of messages in OpenAI chat format: after ``reset`` all that the assistant sees (policy,
    greeting, the user's opening), after ``step`` what came since your action, or all with ``history=True``.

    **Reward.** The sum of ``info["reward_terms"]``. Success is graded apart and never derived from it.

    **Ending.** ``terminated`` when the user ends the dialogue, ``truncated`` by a limit or a fault.

    **Info.** Always ``task_key`` and ``reward_terms``; after ``reset`` also ``tools`` (OpenAI schemas); at the end
    ``termination``, ``usage`` (tokens by side, where known), ``success`` (left out where it is not known: void, or a
    judge is needed) and ``fault`` (source and reason, if the episode is void: mask it, it is neither success nor
    failure). With ``debug=True`` also ``task_id``.

    ``gym.make("ToolRetail-v0", …)`` and :func:`toolgym.make_env` build it from names.

    Args:
        domain: The domain, over the data to be played.
        curriculum: Draws the tasks.
        user: Makes the user of each episode.
        owns_curriculum: Whether the environment updates the curriculum with every finished group; otherwise it only
            samples, and updating is up to the caller.
        judge: Judges natural-language assertions.
        split: Where the tasks are from, for the trajectories' records.
        user_name: Who the user is, for the same.
        options: The settings of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size, max_steps, max_errors,
            max_characters, max_calls, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If there is no such setting, or a reward's name is not installed.
        ValueError: If an argument is out of range.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> env = gym.make("ToolMock-v0")
        >>> observation, info = env.reset(seed=0)
        >>> observation[-1]["role"]
        'user'
        >>> observation, reward, terminated, truncated, info = env.step('{"name": "get_users", "arguments": {}}')
        >>> observation[-1]["role"]
        'tool'
    """

    metadata = {"render_modes": ["ansi", "human"], "render_fps": 4}

    def __init__(
        self,
        domain: Domain,
        curriculum: Curriculum,
        user: AgentFactory,
        *,
        owns_curriculum: bool = False,
        judge: Judge | None = None,
        split: str = "",
        user_name: str = "",
        **options: Unpack[EnvOptions],
    ) -> None:
        self.settings = EnvSettings.read(options, self.metadata["render_modes"])
        self.render_mode = self.settings.render_mode
        self.parts = parts_of(domain, user, self.settings, judge=judge, split=split, user_name=user_name)
        self.domain = domain
        self.curriculum = curriculum
        self.split = split
        self.action_space = MessageSpace()
        self.observation_space = DialogueSpace()
        self._driver: EpisodeDriver | None = None
        self._group = Trials(curriculum, self.settings.group_size, owns_curriculum)
        self._from_curriculum = False
        self._run_seed = 0
        self._trials: dict[str, int] = {}
        self._rendered = 0

    @property
    def episode(self) -> Episode | None:
        """The episode that is played, or was last; None before the first reset."""
        return None if self._driver is None else self._driver.episode

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        if self._driver is not None:
            return self._driver.tools
        return [found.schema for found in self.domain.toolkits["assistant"].tools.values()]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seeds the draw of tasks and the user; the same seed gives the same episodes.
            options: ``{"task_id": …}`` or ``{"task": Task or mapping}`` plays that task; the curriculum is not asked.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If an option is unknown or the task does not validate.
        """
        super().reset(seed=seed)
        if seed is not None or self._driver is None:
            self._run_seed = int(self.np_random.integers(2**63))
            self._trials.clear()
            self._group.clear()
        chosen = chosen_task(self.domain, options or {})
        self._from_curriculum = chosen is None
        task = self._group.draw(self.np_random) if chosen is None else chosen
        trial = self._trials.get(task.key, 0)
        self._trials[task.key] = trial + 1
        self._driver = EpisodeDriver(self.parts, self.settings, task, trial, self._run_seed)
        self._driver.reply()
        self._rendered = 0
        self._show()
        return self._driver.open()

    def step(self, action: EnvAction) -> StepResult:
        """Say something or call tools, and let the user answer.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            DataError: If a mapping is not a message in chat format.
        """
        driver = self._started("step")
        if not driver.over_unheard:
            driver.say(action)
            driver.reply()
        return self._tell(driver)

    def give_up(self, termination: Termination = "context_window_exceeded") -> StepResult:
        """End the episode because the assistant cannot go on, as when its model's context is full; it is graded 0.

        Args:
            termination: Why; not a stop.

        Returns:
            What ``step`` would return: no messages (with ``history=True`` all), the rest of the reward, the end.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            ValueError: If the termination is a stop.
        """
        driver = self._started("give_up")
        driver.give_up(termination)
        return self._tell(driver)

    def render(self) -> str | None:
        """The dialogue as text (``ansi``), or printed as it goes on (``human``)."""
        if self.render_mode is None:
            gym.logger.warn("render() was called, but the environment was made without a render_mode")
            return None
        if self.render_mode == "human":
            self._show()
            return None
        return self._driver.render() if self._driver is not None else ""

    def trajectory(self, **facts: Any) -> Trajectory:
        """The current episode as a trajectory; ``facts`` override what the environment knows.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        return self._started("trajectory").trajectory(**facts)

    def _started(self, method: str) -> EpisodeDriver:
        if self._driver is None:
            raise gym.error.ResetNeeded(f"Call reset() before {method}().")
        return self._driver

    def _tell(self, driver: EpisodeDriver) -> StepResult:
        """What has happened since the last step; a finished group goes to the curriculum, if it is ours."""
        told = driver.tell()
        if told.over and self._from_curriculum:
            self._group.finish(driver.trajectory())
        self._show()
        return told

    def _show(self) -> None:
        """Print what is new, where that is wanted."""
        if self.render_mode != "human" or self.episode is None:
            return
        from toolgym.display.terminal import Terminal

        console = Terminal()
        for message in self.episode.messages[self._rendered :]:
            write_message(console, message)
        self._rendered = len(self.episode.messages)


def tool_env(env: gym.Env[Any, Any]) -> ToolEnv:
    """The ``ToolEnv`` under wrappers.

    Raises:
        TypeError: If there is another environment under them.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> type(tool_env(gym.make("ToolMock-v0"))).__name__
        'ToolEnv'
    """
    inner = env.unwrapped
    if not isinstance(inner, ToolEnv):
        raise TypeError(f"this needs a ToolEnv, as gym.make or make_env gives it; got {type(inner).__name__}")
    return inner
