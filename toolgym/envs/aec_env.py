"""The PettingZoo environment: an assistant and a user who take turns, both played by the caller."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, Unpack, get_args

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from pettingzoo.utils.env import AECEnv

from toolgym.actions import parse_action
from toolgym.curriculum import Curriculum
from toolgym.display.render import transcript, write_message
from toolgym.domain import Domain
from toolgym.envs.episode_driver import EnvAction, ending
from toolgym.envs.options import chosen_task
from toolgym.envs.settings import EnvOptions, EnvSettings
from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.envs.trials import Trials
from toolgym.episode.machine import Episode
from toolgym.messages import SIDES, AgentID, to_chat
from toolgym.rewards import build_reward
from toolgym.trajectory import Fault, Step, Termination, Trajectory

AECObservation: TypeAlias = dict[str, tuple[dict[str, Any], ...]]
Source: TypeAlias = Literal["user", "judge", "service", "task"]

_OF_API_TEST = "options"
"""An option that means nothing: PettingZoo's api_test passes it, to see that reset takes options."""


class ToolAECEnv(AECEnv):  # type: ignore[misc]  # PettingZoo says nothing of its types
    """An assistant and a user talk and call tools, one message at a time; both can learn.

    There is no user simulator: whoever drives the environment plays both agents, ``"assistant"`` and ``"user"``. Each
    has its own tools, sees what its side may see, and is paid for its own part.

    **Turns.** ``agent_selection`` is the side that speaks next. Tool calls keep the turn, text passes it on. The
    dialogue opens with the assistant's greeting, which the domain brings, so the user acts first (unless the task
    comes with a history that ends otherwise).

    **Action.** As in :class:`~toolgym.envs.tool_env.ToolEnv`: text for the other side, a tool call as JSON text, or a
    message in OpenAI chat format. It is read as the acting side's, whatever role it names. The user ends the dialogue
    by text that holds ``###STOP###`` (or another of :data:`~toolgym.messages.STOP_MARKS`).

    **Observation.** ``{"messages": …}``: messages in OpenAI chat format, oldest first. Before its first action an
    agent sees all that its side sees, its system prompt first; then what came since its own last action: the results
    of its calls, or what the other side has said since (nothing, while that has not spoken). All with
    ``history=True``. To observe changes nothing.

    **Reward.** By agent; since its own last action, ``last()`` gives the sum of ``info["reward_terms"]``. Success is
    graded apart and never derived from it. ``reward="two_sided"`` adds the terms of a user that learns.

    **Ending.** For both agents at once: terminated when the user ends the dialogue, truncated by a limit or a fault.
    As in every PettingZoo environment, each of them then takes one step with None.

    **Info.** By agent, as in ``ToolEnv``: always ``task_key`` and ``reward_terms``; until its first action ``tools``
    (OpenAI schemas of its side); at the end ``termination``, ``usage``, ``success`` (left out where it is not known)
    and ``fault`` (if the episode is void: mask it). With ``debug=True`` also ``task_id``.

    It cannot be turned into a parallel environment, since the sides never act at the same time.

    Args:
        domain: The domain, over the data to be played.
        curriculum: Draws the tasks.
        owns_curriculum: Whether the environment updates the curriculum with every finished group; otherwise it only
            samples, and updating is up to the caller.
        split: Where the tasks are from, for the trajectories' records.
        options: The settings of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size, max_steps, max_errors,
            max_characters, max_calls, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If there is no such setting, or a reward's name is not installed.
        ValueError: If an argument is out of range.

    Example:
        >>> from toolgym import make_curriculum, make_domain
        >>> mock = make_domain("mock")
        >>> env = ToolAECEnv(mock, make_curriculum("fixed", mock, "test"))
        >>> env.reset(seed=0)
        >>> LOOK = '{"name": "get_users", "arguments": {}}'
        >>> said = {"user": ["Who is there?", "Bye. ###STOP###"], "assistant": [LOOK, "Two people."]}
        >>> for agent in env.agent_iter():
        ...     observation, reward, terminated, truncated, info = env.last()
        ...     print(agent, [message["role"] for message in observation["messages"]], terminated)
        ...     env.step(None if terminated or truncated else said[agent].pop(0))
        user ['system', 'assistant'] False
        assistant ['system', 'assistant', 'user'] False
        assistant ['tool'] False
        user ['assistant'] False
        assistant ['user'] True
        user [] True
    """

    metadata = {
        "name": "tool_aec_v0",
        "render_modes": ["ansi", "human"],
        "render_fps": 4,
        "is_parallelizable": False,
    }
    possible_agents: list[AgentID] = list(SIDES)

    def __init__(
        self,
        domain: Domain,
        curriculum: Curriculum,
        *,
        owns_curriculum: bool = False,
        split: str = "",
        **options: Unpack[EnvOptions],
    ) -> None:
        super().__init__()
        self.settings = EnvSettings.read(options, ("ansi", "human"))
        self.render_mode = self.settings.render_mode
        self.domain = domain
        self.curriculum = curriculum
        self.split = split
        self.terms = build_reward(self.settings.reward)
        self.observation_spaces = {side: gym.spaces.Dict({"messages": DialogueSpace()}) for side in SIDES}
        self.action_spaces = {side: MessageSpace() for side in SIDES}
        self.episode: Episode | None = None
        self.agents: list[AgentID] = list(self.possible_agents)
        self.agent_selection: AgentID = "user"
        self.rewards: dict[AgentID, float] = {}
        self.terminations: dict[AgentID, bool] = {}
        self.truncations: dict[AgentID, bool] = {}
        self.infos: dict[AgentID, dict[str, Any]] = {}
        self._cumulative_rewards: dict[AgentID, float] = {}
        self._shown: dict[AgentID, int] = {}
        self._rng: np.random.Generator | None = None
        self._group = Trials(curriculum, self.settings.group_size, owns_curriculum)
        self._from_curriculum = False
        self._run_seed = 0
        self._trial = 0
        self._trials: dict[str, int] = {}
        self._rendered = 0

    def observation_space(self, agent: AgentID) -> gym.spaces.Dict:
        """The space of what an agent observes; the same object every time."""
        return self.observation_spaces[agent]

    def action_space(self, agent: AgentID) -> MessageSpace:
        """The space of an agent's actions; the same object every time."""
        return self.action_spaces[agent]

    def tools(self, agent: AgentID) -> list[dict[str, Any]]:
        """A side's tools in the episode in OpenAI's function format, frozen.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        return [found.schema for found in self._started("tools").tools(agent)]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start an episode.

        Args:
            seed: Seeds the draw of tasks; the same seed gives the same tasks, and the same as ``ToolEnv``.
            options: ``{"task_id": …}`` or ``{"task": Task or mapping}`` plays that task; the curriculum is not asked.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If an option is unknown or the task does not validate.
        """
        if seed is not None or self._rng is None:
            self._rng, _ = seeding.np_random(seed)
            self._run_seed = int(self._rng.integers(2**63))
            self._trials.clear()
            self._group.clear()
        named = {name: value for name, value in (options or {}).items() if name != _OF_API_TEST}
        chosen = chosen_task(self.domain, named)
        task = self._group.draw(self._rng) if chosen is None else chosen
        episode = Episode(self.domain, task, limits=self.settings.limits, terms=self.terms)
        assert episode.turn is not None  # it has only begun
        self.episode = episode
        self._from_curriculum = chosen is None
        self._trial = self._trials.get(task.key, 0)
        self._trials[task.key] = self._trial + 1
        self.agents = list(self.possible_agents)
        self.agent_selection = episode.turn
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = {side: {**self._facts(episode), "tools": self.tools(side)} for side in self.agents}
        self._shown = dict.fromkeys(self.agents, 0)
        self._rendered = 0
        if self.render_mode == "human":
            self._print()

    def observe(self, agent: AgentID) -> AECObservation:
        """What an agent has not been shown before its own last action; nothing changes by it.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        episode = self._started("observe")
        seen = episode.view(agent, 0 if self.settings.history else self._shown[agent])
        return {"messages": tuple(to_chat(message) for message in seen)}

    def step(self, action: EnvAction | None) -> None:
        """Let the selected agent say something or call tools.

        Args:
            action: The message; None exactly for an agent whose episode has ended.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the last step of an episode.
            DataError: If the action is not a message; nothing has changed then.
            ValueError: If it is not None, and the agent's episode has ended.
        """
        episode, agent = self._started("step"), self.agent_selection
        if self.terminations.get(agent) or self.truncations.get(agent):
            self._was_dead_step(action)
            return
        self._check_running(episode)
        message = parse_action(action, agent, self.settings.parsing)  # type: ignore[arg-type]  # it refuses None
        before = episode.seen(agent)
        self._tell(episode, episode.advance(message), shown=before + 1)  # it stands first in what it brings about

    def fault(self, source: Source, reason: str) -> None:
        """Void the episode, in place of a step, because what produces the selected agent's messages failed.

        Both agents are truncated, are paid nothing more, and find ``fault`` in their info.

        Args:
            source: Who failed: ``"user"`` for the user's model, ``"service"`` for what serves a model of either side,
                ``"judge"`` or ``"task"``. A bad message of the assistant is not a fault: step with it.
            reason: What happened.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            ValueError: If there is no such source.
        """
        episode = self._started("fault")
        if source not in get_args(Source):
            allowed = ", ".join(map(repr, get_args(Source)))
            raise ValueError(f"the source of a fault must be one of {allowed}, got {source!r}")
        self._check_running(episode)
        self._tell(episode, episode.fail(Fault(source, reason)), shown=episode.seen(self.agent_selection))

    def give_up(self, termination: Termination = "context_window_exceeded") -> None:
        """End the episode because the selected agent cannot go on, as when its model's context is full.

        It is graded 0, for both: where the user is a simulator and does not learn, call :meth:`fault` instead.

        Args:
            termination: Why; not a stop.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, and after the end of an episode.
            ValueError: If the termination is a stop.
        """
        episode = self._started("give_up")
        self._check_running(episode)
        self._tell(episode, episode.give_up(termination), shown=episode.seen(self.agent_selection))

    def render(self) -> str | None:
        """The dialogue of both sides as text (``ansi``), or printed as it goes on (``human``)."""
        if self.render_mode is None:
            gym.logger.warn("render() was called, but the environment was made without a render_mode")
            return None
        if self.render_mode == "human":
            self._print()
            return None
        return transcript(self.episode.messages) if self.episode is not None else ""

    def close(self) -> None:
        """Nothing is held open; PettingZoo wants the method."""

    def trajectory(self, **facts: Any) -> Trajectory:
        """The current episode as a trajectory; ``facts`` (agent, user, …) override what the environment knows.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        known = {"trial": self._trial, "seed": self._run_seed, "split": self.split}
        return self._started("trajectory").trajectory(**{**known, **facts})

    def _started(self, method: str) -> Episode:
        if self.episode is None:
            raise gym.error.ResetNeeded(f"Call reset() before {method}().")
        return self.episode

    def _check_running(self, episode: Episode) -> None:
        if episode.turn is None:
            raise gym.error.ResetNeeded(f"The episode is over ({episode.termination}); call reset().")

    def _tell(self, episode: Episode, taken: Step, shown: int) -> None:
        """Write down for both agents what the selected one brought about, and select who is next.

        Args:
            episode: The episode.
            taken: What was brought about.
            shown: How many of the messages that its side sees by now the agent need not be shown again.
        """
        agent = self.agent_selection
        self._shown[agent] = shown
        self._cumulative_rewards[agent] = 0.0
        self.infos[agent] = self._facts(episode)
        over = taken.terminated or taken.truncated
        end = ending(episode) if over else {}
        for side in self.agents:
            paid = taken.reward_terms.get(side, {})
            self.rewards[side] = float(sum(paid.values()))
            self.terminations[side], self.truncations[side] = taken.terminated, taken.truncated
            terms = dict(self.infos[side]["reward_terms"])
            for name, amount in paid.items():
                terms[name] = terms.get(name, 0.0) + amount
            self.infos[side] = {**self.infos[side], "reward_terms": terms, **end}
        self._accumulate_rewards()
        self.agent_selection = episode.turn or self._deads_step_first()
        if over and self._from_curriculum:
            self._group.finish(self.trajectory())
        if self.render_mode == "human":
            self._print()

    def _facts(self, episode: Episode) -> dict[str, Any]:
        facts: dict[str, Any] = {"task_key": episode.task.key, "reward_terms": {}}
        return {**facts, "task_id": episode.task.id} if self.settings.debug else facts

    def _print(self) -> None:
        from toolgym.display.terminal import Terminal

        if self.episode is None:
            return
        console = Terminal()
        for message in self.episode.messages[self._rendered :]:
            write_message(console, message)
        self._rendered = len(self.episode.messages)
