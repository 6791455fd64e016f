"""Many rollouts at once, for training."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Unpack

from toolgym.concurrency.parallel import in_parallel
from toolgym.domain import AgentFactory, Domain
from toolgym.episode.machine import Episode
from toolgym.errors import refuse_unknown
from toolgym.rollouts.rollout import RUN_SETTINGS, RunSettings, play_async
from toolgym.tasks import Task


async def rollouts(
    domain: Domain,
    jobs: Iterable[tuple[Task, int]],
    agent: AgentFactory,
    user: AgentFactory,
    *,
    concurrency: int = 16,
    **settings: Unpack[RunSettings],
) -> AsyncGenerator[tuple[int, Episode]]:
    """Play many episodes at once, and yield each as it ends.

    An episode depends on the seed, its task and its trial, never on what is played at the same time or ends before it.

    Args:
        domain: The domain.
        jobs: Tasks with the trial of each; taken one by one, whenever there is room.
        agent: Makes the assistants.
        user: Makes the users.
        concurrency: Episodes played at once, at least 1.
        settings: Those of a :class:`~toolgym.rollouts.Rollout` but its trial: seed, limits, terms, judge.

    Yields:
        The number of a job in ``jobs``, from 0, and its finished episode; void ones too, with their fault.

    Raises:
        UnknownNameError: If there is no such setting.
        ValueError: If ``concurrency`` is below 1.
        TaskError: If a task cannot be set up.
        BudgetError: If there is no money left.
        Exception: What an assistant raises; the other episodes are cancelled.

    Example:
        >>> import asyncio
        >>> from toolgym import make_agent, make_domain, make_user
        >>> mock = make_domain("mock")
        >>> jobs = [(task, trial) for task in mock.tasks["test"][:3] for trial in range(2)]
        >>> async def main():
        ...     played = rollouts(mock, jobs, make_agent("oracle"), make_user("minimal"))
        ...     return [episode.grade.success async for number, episode in played]
        >>> asyncio.run(main())
        [True, True, True, True, True, True]
    """
    refuse_unknown("argument of rollouts", settings, ("concurrency", *RUN_SETTINGS))

    async def work(job: tuple[int, tuple[Task, int]]) -> tuple[int, Episode]:
        number, (task, trial) = job
        return number, await play_async(domain, task, agent, user, trial=trial, **settings)

    async with aclosing(in_parallel(enumerate(jobs), work, concurrency)) as results:
        async for result in results:
            yield result
