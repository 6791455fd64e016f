"""One rollout: an episode with the agents that play it, to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import note_participants, take_turn, take_turn_async, take_verdict, take_verdict_async
from toolgym.errors import DataError, refuse_unknown
from toolgym.evaluation.grade import Judge
from toolgym.limits import Limits
from toolgym.rewards import RewardTerm
from toolgym.tasks import Task


class RunSettings(TypedDict, total=False):
    """The settings that the episodes of one run share, as keyword arguments; :class:`Rollout` says what each means."""

    seed: int
    limits: Limits | None
    terms: Sequence[RewardTerm]
    judge: Judge | None


class RolloutSettings(RunSettings, total=False):
    """The settings of one rollout, as keyword arguments."""

    trial: int


RUN_SETTINGS = ("seed", "limits", "terms", "judge")
"""The names of the settings that the episodes of one run share."""


class Rollout:
    """An episode about to be played.

    Args:
        domain: The domain.
        task: The task.
        agent: Makes the assistant.
        user: Makes the user.
        settings: ``seed``: the run's, at least 0, by default 0. ``trial``: which repetition of the task this is, from
            0. ``limits``: when it is cut off. ``terms``: what it pays, by default nothing. ``judge``: judges
            natural-language assertions; without one they are not judged.

    Raises:
        UnknownNameError: If there is no such setting.
        DataError: If ``agent`` or ``user`` is neither a spec, a class nor a function.
        TaskError: If the task cannot be set up, or a side cannot play it.
        WorldError: If its world cannot be found.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> mock = make_domain("mock")
        >>> rollout = Rollout(mock, mock.tasks["test"][0], make_agent("oracle"), make_user("minimal"))
        >>> rollout.finish().grade.success
        True
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        agent: AgentFactory,
        user: AgentFactory,
        **settings: Unpack[RolloutSettings],
    ) -> None:
        if not isinstance(domain, Domain) or not isinstance(task, Task):
            raise DataError(
                f"an episode is played in a Domain, with a Task of it, not {domain!r:.60} and {task!r:.60}; "
                "toolgym.make_domain(name) makes a domain, and its tasks.find(task_id) a task"
            )
        refuse_unknown("setting of a rollout", settings, (*RUN_SETTINGS, "trial"))
        seed, trial, judge = settings.get("seed", 0), settings.get("trial", 0), settings.get("judge")
        limits, terms = settings.get("limits"), settings.get("terms", ())
        self.episode = Episode(domain, task, limits=limits, terms=terms, judged=judge is not None)
        self.assistant = AgentSpec.of(agent)(domain, task, rng_for(seed, task.key, trial, "assistant"))
        self.user = AgentSpec.of(user)(domain, task, rng_for(seed, task.key, trial, "user"))
        self.judge = judge

    def finish(self) -> Episode:
        """Play it to its end; awaitable answers are waited for."""
        episode = self.episode
        try:
            while episode.turn is not None:
                take_turn(episode, "assistant", self.assistant)
                take_turn(episode, "user", self.user)
            take_verdict(episode, self.judge)
        finally:
            note_participants(episode, assistant=self.assistant, user=self.user)
        return episode

    async def finish_async(self) -> Episode:
        """Play it to its end in a coroutine; the same agents give the same episode as :meth:`finish`."""
        episode = self.episode
        try:
            while episode.turn is not None:
                await take_turn_async(episode, "assistant", self.assistant)
                await take_turn_async(episode, "user", self.user)
            await take_verdict_async(episode, self.judge)
        finally:
            note_participants(episode, assistant=self.assistant, user=self.user)
        return episode


def play(
    domain: Domain, task: Task, agent: AgentFactory, user: AgentFactory, **settings: Unpack[RolloutSettings]
) -> Episode:
    """Play one episode to its end.

    Args:
        domain: The domain.
        task: The task.
        agent: Makes the assistant.
        user: Makes the user.
        settings: The settings of a :class:`Rollout`: seed, trial, limits, terms, judge.

    Returns:
        The finished episode.

    Raises:
        UnknownNameError: If there is no such setting.
        DataError: If ``agent`` or ``user`` is neither a spec, a class nor a function.
        TaskError: If the task cannot be set up, or a side cannot play it.
        WorldError: If its world cannot be found.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> mock = make_domain("mock")
        >>> play(mock, mock.tasks["test"][0], make_agent("oracle"), make_user("minimal")).grade.success
        True
    """
    return Rollout(domain, task, agent, user, **settings).finish()


async def play_async(
    domain: Domain, task: Task, agent: AgentFactory, user: AgentFactory, **settings: Unpack[RolloutSettings]
) -> Episode:
    """Play one episode to its end in a coroutine; the same arguments as for :func:`play` give the same episode."""
    return await Rollout(domain, task, agent, user, **settings).finish_async()
