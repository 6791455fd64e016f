"""The Gymnasium environment: an assistant that serves a user through tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym

from toolgym.actions import Parsing
from toolgym.curriculum import Curriculum
from toolgym.display.render import write_message
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.episode_driver import EnvAction, EpisodeDriver, Observation, StepResult, check_settings
from toolgym.envs.options import chosen_task
from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.envs.trials import Trials
from toolgym.episode.machine import Episode
from toolgym.evaluation.grade import Judge
from toolgym.limits import Limits
from toolgym.rewards import RewardTerm, build_reward
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
        reward: A preset's name, weights by term, or terms.
        group_size: Trials of a task in a row before the next is drawn, at least 1.
        max_steps: Hops of messages before truncation.
        max_errors: Failed tool calls before truncation.
        max_characters: Characters that one message's text and its calls' arguments may have; a longer one is answered
            with an error.
        max_calls: Calls that one message may hold; likewise.
        history: Whether observations hold the whole dialogue.
        parsing: ``"toolgym"``, or ``"tau2"`` for tau2's rule of reading text actions.
        judge: Judges natural-language assertions.
        split: Where the tasks are from, for the trajectories' records.
        user_name: Likewise, who the user is.
        debug: Whether ``info`` names the task.
        render_mode: ``"ansi"`` or ``"human"``.

    Raises:
        UnknownNameError: If a reward's name is not installed.
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
        reward: str | Mapping[str, float] | Sequence[RewardTerm] = "raft",
        group_size: int = 1,
        max_steps: int = 200,
        max_errors: int = 10,
        max_characters: int = 100_000,
        max_calls: int = 64,
        history: bool = False,
        parsing: Parsing = "toolgym",
        judge: Judge | None = None,
        split: str = "",
        user_name: str = "",
        debug: bool = False,
        render_mode: str | None = None,
    ) -> None:
        check_settings(parsing, group_size, render_mode, self.metadata["render_modes"])
        self.domain = domain
        self.curriculum = curriculum
        self.make_user = user
        self.user_name = user_name
        self.split = split
        self.group_size = group_size
        self.limits = Limits(max_steps, max_errors, max_characters, max_calls)
        self.terms = build_reward(reward)
        self.history = history
        self.parsing: Parsing = parsing
        self.judge = judge
        self.debug = debug
        self.render_mode = render_mode
        self.action_space = MessageSpace()
        self.observation_space = DialogueSpace()
        self._conversation: EpisodeDriver | None = None
        self._group = Trials(curriculum, group_size, owns_curriculum)
        self._from_curriculum = False
        self._run_seed = 0
        self._trials: dict[str, int] = {}
        self._rendered = 0

    @property
    def episode(self) -> Episode | None:
        """The episode that is played, or was last; None before the first reset."""
        return None if self._conversation is None else self._conversation.episode

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        if self._conversation is not None:
            return self._conversation.tools
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
        if seed is not None or self._conversation is None:
            self._run_seed = int(self.np_random.integers(2**63))
            self._trials.clear()
            self._group.clear()
        chosen = chosen_task(self.domain, options or {})
        self._from_curriculum = chosen is None
        task = self._group.draw(self.np_random) if chosen is None else chosen
        trial = self._trials.get(task.key, 0)
        self._trials[task.key] = trial + 1
        self._conversation = EpisodeDriver(self, task, trial, self._run_seed)
        self._conversation.reply()
        self._rendered = 0
        self._show()
        return self._conversation.open()

    def step(self, action: EnvAction) -> StepResult:
        """Say something or call tools, and let the user answer.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            DataError: If a mapping is not a message in chat format.
        """
        conversation = self._started("step")
        if not conversation.over_unheard:
            conversation.say(conversation.read(action))
            conversation.reply()
        return self._tell(conversation)

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
        conversation = self._started("give_up")
        conversation.give_up(termination)
        return self._tell(conversation)

    def render(self) -> str | None:
        """The dialogue as text (``ansi``), or printed as it goes on (``human``)."""
        if self.render_mode is None:
            gym.logger.warn("render() was called, but the environment was made without a render_mode")
            return None
        if self.render_mode == "human":
            self._show()
            return None
        return self._conversation.render() if self._conversation is not None else ""

    def trajectory(self, **facts: Any) -> Trajectory:
        """The current episode as a trajectory; ``facts`` override what the environment knows.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        return self._started("trajectory").trajectory(**facts)

    def _started(self, method: str) -> EpisodeDriver:
        if self._conversation is None:
            raise gym.error.ResetNeeded(f"Call reset() before {method}().")
        return self._conversation

    def _tell(self, conversation: EpisodeDriver) -> StepResult:
        """What has happened since the last step; a finished group goes to the curriculum, if it is ours."""
        told = conversation.tell()
        if told.over and self._from_curriculum:
            self._group.finish(conversation.trajectory())
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
