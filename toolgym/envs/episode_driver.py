"""One episode with its user, as an environment plays it: what the assistant says, is told and is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import gymnasium as gym

from toolgym.actions import parse_action
from toolgym.display.render import transcript
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.deferred import Deferred, deferred
from toolgym.envs.settings import EnvSettings
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import note_participants, take_turn, take_turn_async, take_verdict, take_verdict_async
from toolgym.evaluation.grade import Judge
from toolgym.messages import SIDES, Message, to_chat
from toolgym.rewards import RewardTerm
from toolgym.tasks import Task
from toolgym.trajectory import Step, Termination, Trajectory

Observation: TypeAlias = tuple[dict[str, Any], ...]
EnvAction: TypeAlias = str | Mapping[str, Any] | Message


@dataclass(frozen=True)
class EpisodeParts:
    """What the episodes of an environment are made of.

    Args:
        domain: The domain, over the data to be played.
        make_user: Makes the user of each episode.
        terms: What an episode pays.
        judge: Judges natural-language assertions; without one they are not judged.
        split: Where the tasks are from, for the trajectories' records.
        user_name: Who the user is, for the same.
    """

    domain: Domain
    make_user: AgentFactory
    terms: tuple[RewardTerm, ...]
    judge: Judge | None = None
    split: str = ""
    user_name: str = ""


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


class EpisodeDriver:
    """An episode with its user; the assistant's messages come from the caller of the environment.

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

    def __init__(self, parts: EpisodeParts, settings: EnvSettings, task: Task, trial: int, seed: int) -> None:
        self.parts = parts
        self.settings = settings
        self.trial = trial
        self.seed = seed
        judged = parts.judge is not None
        self.episode = Episode(parts.domain, task, limits=settings.limits, terms=parts.terms, judged=judged)
        self.user = parts.make_user(parts.domain, task, rng_for(seed, task.key, trial, "user"))
        self._spoken = False
        self._shown = 0
        self._untold: list[Step] = []

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        return [found.schema for found in self.episode.tools("assistant")]

    @property
    def over_unheard(self) -> bool:
        """Whether it ended before the assistant could speak, so that no action of its can count."""
        return self.episode.turn is None and bool(self._untold)

    def read(self, action: EnvAction) -> Message:
        """An action as the assistant's message.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over.
            DataError: If it is not a message.
        """
        self._check_running()
        return parse_action(action, "assistant", self.settings.parsing)

    def say(self, message: Message) -> None:
        """Let the assistant say something or call tools; its calls are run."""
        before = self.episode.seen("assistant")
        self._untold.append(self.episode.advance(message))
        self._shown, self._spoken = before + 1, True

    def reply(self) -> None:
        """Let the user speak if it is its turn, and the judge if it is awaited.

        Raises:
            BudgetError: If there is no money left.
        """
        self._untold += take_turn(self.episode, "user", self.user)
        self._untold += take_verdict(self.episode, self.parts.judge)

    async def reply_deferred(self) -> None:
        """The same as :meth:`reply`, for :func:`~toolgym.concurrency.lockstep.run_together`."""
        self._untold += await take_turn_async(self.episode, "user", Deferred(self.user))
        if self.parts.judge is not None:
            self._untold += await take_verdict_async(self.episode, deferred(self.parts.judge))

    def give_up(self, termination: Termination) -> None:
        """Let the assistant give up; see :meth:`toolgym.episode.machine.Episode.give_up`.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over.
        """
        self._check_running()
        self._untold.append(self.episode.give_up(termination))

    def open(self) -> tuple[Observation, dict[str, Any]]:
        """What ``reset`` returns, when the user has opened."""
        info = {**self._facts({}), "tools": self.tools}
        if self.episode.turn is None:
            info |= ending(self.episode)
        return self._observe(), info

    def tell(self) -> StepResult:
        """What ``step`` returns of all that has happened since the last."""
        steps, self._untold = self._untold, []
        episode, last = self.episode, steps[-1]
        terms: dict[str, float] = {}
        if episode.fault is None:
            for taken in steps:
                for name, amount in taken.reward_terms.get("assistant", {}).items():
                    terms[name] = terms.get(name, 0.0) + amount
        info = self._facts(terms)
        if last.terminated or last.truncated:
            info |= ending(episode)
        observation = self._observe() if self._spoken else ()  # reset has shown it all
        return StepResult(observation, float(sum(terms.values())), last.terminated, last.truncated, info)

    def render(self) -> str:
        """The dialogue of both sides as text."""
        return transcript(self.episode.messages)

    def trajectory(self, **facts: Any) -> Trajectory:
        """The episode as a trajectory; ``facts`` override what the environment knows."""
        note_participants(self.episode, user=self.user)
        parts = self.parts
        known = {"user": parts.user_name, "trial": self.trial, "seed": self.seed, "split": parts.split}
        return self.episode.trajectory(**{**known, **facts})

    def _check_running(self) -> None:
        if self.episode.turn is None:
            raise gym.error.ResetNeeded(f"The episode is over ({self.episode.termination}); call reset().")

    def _observe(self) -> Observation:
        since, self._shown = 0 if self.settings.history else self._shown, self.episode.seen("assistant")
        return tuple([to_chat(message) for message in self.episode.view("assistant", since)])

    def _facts(self, terms: dict[str, float]) -> dict[str, Any]:
        facts: dict[str, Any] = {"task_key": self.episode.task.key, "reward_terms": terms}
        return {**facts, "task_id": self.episode.task.id} if self.settings.debug else facts


def ending(episode: Episode) -> dict[str, Any]:
    """What ``info`` says of the end of an episode."""
    info: dict[str, Any] = {"termination": episode.termination}
    info["usage"] = {side: tokens for side in SIDES if (tokens := episode.tokens(side)) is not None}
    if episode.fault is not None:
        info["fault"] = {"source": episode.fault.source, "reason": episode.fault.reason}
    elif episode.grade.success is not None:
        info["success"] = episode.grade.success
    return info
