"""One episode with its user, as an environment shows it: observations, rewards and infos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import gymnasium as gym

from toolgym.display.render import transcript
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.settings import EnvSettings
from toolgym.episode.conversation import Action, Conversation, ConversationParts
from toolgym.episode.machine import Episode
from toolgym.evaluation.grade import Judge
from toolgym.messages import SIDES, Message, to_chat
from toolgym.rewards import build_reward
from toolgym.tasks import Task
from toolgym.trajectory import Step

Observation: TypeAlias = tuple[dict[str, Any], ...]
EnvAction: TypeAlias = Action


class StepResult(NamedTuple):
    """What an environment's step returns."""

    observation: Observation
    reward: float
    terminated: bool
    truncated: bool
    info: dict[str, Any]

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self.terminated or self.truncated


def parts_of(
    domain: Domain, user: AgentFactory, settings: EnvSettings, *, judge: Judge | None, split: str, user_name: str
) -> ConversationParts:
    """What the episodes of an environment are made of."""
    terms = build_reward(settings.reward)
    return ConversationParts(domain, user, terms, judge, settings.limits, settings.parsing, split, user_name)


class EpisodeDriver(Conversation):
    """A conversation whose assistant is the caller of an environment.

    Args:
        parts: What it is made of.
        settings: The settings of its environment.
        task: What is played.
        trial: Which trial of the task this is, from 0.
        seed: The run's seed, at least 0; with task and trial it gives the user its random stream.

    Raises:
        TaskError: If the task cannot be set up, or the user cannot play it.
        WorldError: If its world cannot be found.
    """

    def __init__(self, parts: ConversationParts, settings: EnvSettings, task: Task, trial: int, seed: int) -> None:
        super().__init__(parts, task, trial, seed)
        self.settings = settings
        self._spoken = False

    @property
    def over_unheard(self) -> bool:
        """Whether it ended before the assistant could speak, so that no action of its can count."""
        return self.over and bool(self._steps)

    def read(self, action: EnvAction) -> Message:
        """An action as the assistant's message.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over.
            DataError: If it is not a message.
        """
        self._check_running()
        return super().read(action)

    def advance(self, message: Message) -> None:
        """Let the assistant say something or call tools; its calls are run."""
        super().advance(message)
        self._spoken = True

    def open(self) -> tuple[Observation, dict[str, Any]]:
        """What ``reset`` returns, when the user has opened."""
        info = {**self._facts({}), "tools": self.tools}
        if self.over:
            info |= ending(self.episode)
        return self._observe(), info

    def tell(self) -> StepResult:
        """What ``step`` returns of all that has happened since the last."""
        steps = self.steps()
        episode, last = self.episode, steps[-1]
        terms = {} if episode.fault is not None else paid(steps)
        info = self._facts(terms)
        if last.terminated or last.truncated:
            info |= ending(episode)
        observation = self._observe() if self._spoken else ()  # reset has shown it all
        return StepResult(observation, float(sum(terms.values())), last.terminated, last.truncated, info)

    def render(self) -> str:
        """The dialogue of both sides as text."""
        return transcript(self.episode.messages)

    def _check_running(self) -> None:
        if self.over:
            raise gym.error.ResetNeeded(f"The episode is over ({self.episode.termination}); call reset().")

    def _observe(self) -> Observation:
        return tuple([to_chat(message) for message in self.news(whole=self.settings.history)])

    def _facts(self, terms: dict[str, float]) -> dict[str, Any]:
        facts: dict[str, Any] = {"task_key": self.task.key, "reward_terms": terms}
        return {**facts, "task_id": self.task.id} if self.settings.debug else facts


def paid(steps: Sequence[Step]) -> dict[str, float]:
    """What steps paid the assistant, by term."""
    terms: dict[str, float] = {}
    for taken in steps:
        for name, amount in taken.reward_terms.get("assistant", {}).items():
            terms[name] = terms.get(name, 0.0) + amount
    return terms


def ending(episode: Episode) -> dict[str, Any]:
    """What ``info`` says of the end of an episode."""
    info: dict[str, Any] = {"termination": episode.termination}
    info["usage"] = {side: tokens for side in SIDES if (tokens := episode.tokens(side)) is not None}
    if episode.fault is not None:
        info["fault"] = {"source": episode.fault.source, "reason": episode.fault.reason}
    elif episode.grade.success is not None:
        info["success"] = episode.grade.success
    return info
