"""The Gymnasium environment: an assistant that serves a user through tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym

from toolgym.curriculum import Curriculum
from toolgym.dialogue import take_turn
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.episode import Episode, Limits
from toolgym.errors import DataError
from toolgym.evaluation.grade import Judge
from toolgym.messages import Message, Parsing, parse_action, to_chat
from toolgym.render import transcript, write_message
from toolgym.rewards import RewardTerm, build_reward
from toolgym.streams import stream
from toolgym.tasks import Task
from toolgym.trajectory import Step, Trajectory

Observation = tuple[dict[str, Any], ...]
Action = str | Mapping[str, Any] | Message


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
        history: bool = False,
        parsing: Parsing = "toolgym",
        judge: Judge | None = None,
        split: str = "",
        user_name: str = "",
        debug: bool = False,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"render_mode must be None, 'ansi' or 'human', got {render_mode!r}")
        if parsing not in ("toolgym", "tau2"):
            raise ValueError(f"parsing must be 'toolgym' or 'tau2', got {parsing!r}")
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self.domain = domain
        self.curriculum = curriculum
        self.split = split
        self.group_size = group_size
        self.limits = Limits(max_steps, max_errors)
        self.terms = build_reward(reward)
        self.history = history
        self.parsing: Parsing = parsing
        self.judge = judge
        self.debug = debug
        self.render_mode = render_mode
        self.action_space = MessageSpace()
        self.observation_space = DialogueSpace()
        self._make_user = user
        self._user_name = user_name
        self._owns_curriculum = owns_curriculum
        self.episode: Episode | None = None
        self._user: Agent | None = None
        self._group: list[Trajectory] = []
        self._drawn: Task | None = None
        self._from_curriculum = False
        self._ended_at_reset: Step | None = None
        self._run_seed = 0
        self._trials: dict[str, int] = {}
        self._rendered = 0

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        if self.episode is not None:
            return [found.schema for found in self.episode.tools("assistant")]
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
        if seed is not None or self.episode is None:
            self._run_seed = int(self.np_random.integers(2**63))
            self._trials.clear()
            self._group.clear()
            self._drawn = None
        task = self._choose(options or {})
        trial = self._trials.get(task.key, 0)
        self._trials[task.key] = trial + 1
        self._trial = trial
        self.episode = Episode(self.domain, task, limits=self.limits, terms=self.terms, judge=self.judge)
        self._user = self._make_user(self.domain, task, stream(self._run_seed, task.key, trial, "user"))
        self._rendered = 0
        opening = take_turn(self.episode, "user", self._user)
        self._ended_at_reset = opening[-1] if opening and self.episode.turn is None else None
        info = {"task_key": task.key, "reward_terms": {}, "tools": self.tools}
        if self.debug:
            info["task_id"] = task.id
        if self.episode.turn is None:
            info |= self._ending(self.episode)
        if self.render_mode == "human":
            self._print()
        return tuple(to_chat(message) for message in self.episode.view("assistant")), info

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Say something or call tools, and let the user answer.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            DataError: If a mapping is not a message in chat format.
        """
        episode = self.episode
        if episode is None or self._user is None:
            raise gym.error.ResetNeeded("Call reset() before step().")
        if self._ended_at_reset is not None:  # over at the user's opening: there is only notice to be taken of it
            last, self._ended_at_reset = self._ended_at_reset, None
            self._finish(episode)
            paid = dict(last.reward_terms.get("assistant", {}))
            over: dict[str, Any] = {"task_key": episode.task.key, "reward_terms": paid, **self._ending(episode)}
            if self.debug:
                over["task_id"] = episode.task.id
            return (), float(sum(paid.values())), last.terminated, last.truncated, over
        if episode.turn is None:
            raise gym.error.ResetNeeded(f"The episode is over ({episode.termination}); call reset().")
        before = episode.seen("assistant")
        steps = [episode.advance(parse_action(action, "assistant", self.parsing))]
        if episode.turn == "user":
            steps += take_turn(episode, "user", self._user)
        terms: dict[str, float] = {}
        for taken in steps:
            for name, amount in taken.reward_terms.get("assistant", {}).items():
                terms[name] = terms.get(name, 0.0) + amount
        last = steps[-1]
        info: dict[str, Any] = {"task_key": episode.task.key, "reward_terms": terms}
        if self.debug:
            info["task_id"] = episode.task.id
        if last.terminated or last.truncated:
            info |= self._ending(episode)
            self._finish(episode)
        if self.render_mode == "human":
            self._print()
        seen = episode.view("assistant", 0 if self.history else before + 1)
        observation = tuple(to_chat(message) for message in seen)
        return observation, float(sum(terms.values())), last.terminated, last.truncated, info

    def render(self) -> str | None:
        """The dialogue as text (``ansi``), or printed as it goes on (``human``)."""
        if self.render_mode is None:
            gym.logger.warn("render() was called, but the environment was made without a render_mode")
            return None
        if self.render_mode == "human":
            self._print()
            return None
        return transcript(self.episode.messages) if self.episode is not None else ""

    def _choose(self, options: Mapping[str, Any]) -> Task:
        if unknown := set(options) - {"task", "task_id"}:
            raise DataError(f"unknown reset option {sorted(unknown)[0]!r}; allowed are 'task' and 'task_id'")
        if "task" in options:
            self._from_curriculum = False
            task = options["task"]
            if isinstance(task, Task):
                return task
            try:
                return Task.model_validate(task)
            except ValueError as error:
                raise DataError(f"options['task'] is not a task: {error}") from error
        if "task_id" in options:
            self._from_curriculum = False
            return self.domain.tasks.find(str(options["task_id"]))
        self._from_curriculum = True
        if self._drawn is None or self.group_size == 1 or len(self._group) >= self.group_size:
            self._group.clear()
            self._drawn = self.curriculum.sample(self.np_random)[0]
        return self._drawn

    def _ending(self, episode: Episode) -> dict[str, Any]:
        info: dict[str, Any] = {"termination": episode.termination}
        info["usage"] = {side: tokens for side in ("assistant", "user") if (tokens := episode.tokens(side)) is not None}
        if episode.fault is not None:
            info["fault"] = {"source": episode.fault.source, "reason": episode.fault.reason}
        elif episode.grade.success is not None:
            info["success"] = episode.grade.success
        return info

    def _finish(self, episode: Episode) -> None:
        """Hand a finished group to the curriculum, if it is ours."""
        if not self._from_curriculum:
            return
        self._group.append(self.trajectory())
        if len(self._group) >= self.group_size and self._owns_curriculum:
            self.curriculum.update(tuple(self._group))

    def trajectory(self, **facts: Any) -> Trajectory:
        """The current episode as a trajectory; ``facts`` override what the environment knows.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        if self.episode is None:
            raise gym.error.ResetNeeded("Call reset() before trajectory().")
        known = {"user": self._user_name, "trial": self._trial, "seed": self._run_seed, "split": self.split}
        return self.episode.trajectory(**{**known, **facts})

    def _print(self) -> None:
        from rich.console import Console

        if self.episode is None:
            return
        console = Console()
        for message in self.episode.messages[self._rendered :]:
            write_message(console, message)
        self._rendered = len(self.episode.messages)
