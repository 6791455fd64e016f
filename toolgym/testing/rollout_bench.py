"""The overhead of many concurrent rollouts over the waiting and the episodes themselves."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np

from toolgym.agents.oracle import GoldPlayer
from toolgym.concurrency.bridge import wait_for
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message
from toolgym.rollouts import play, rollouts
from toolgym.tasks import Task
from toolgym.testing.bench import BenchCase, BenchReport, machine, playable
from toolgym.users.minimal import MinimalUser

DELAY = 0.05
"""How long the user takes to answer, in seconds."""


@dataclass(frozen=True)
class Patient:
    """Makes users that take their time, as one behind a network does.

    Args:
        inner: Makes the users that answer.
        delay: Seconds before each answer, at least 0.
    """

    inner: AgentFactory
    delay: float = DELAY

    def __call__(self, domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        """Make the agent of one episode."""
        return _Patient(self.inner(domain, task, rng), self.delay)


class _Patient:
    def __init__(self, inner: Agent, delay: float) -> None:
        self.inner = inner
        self.delay = delay

    async def respond(self, view: Sequence[Message]) -> Message:
        await asyncio.sleep(self.delay)
        answer = self.inner.respond(view)
        return answer if isinstance(answer, Message) else await answer


def measure_rollouts(domain: Domain, *, concurrency: int = 4096, delay: float = DELAY) -> BenchReport:
    """Measure rollouts with a user that takes its time, against the same waiting and the same episodes apart.

    Two kinds of episodes: the gold calls with a user that only agrees, in which the runner's share is as large as it
    can be, and, where the tasks carry facts, the oracle in dialogue with the scripted customer.

    Args:
        domain: A domain with tasks that have gold calls.
        concurrency: Episodes played at once, at least 1.
        delay: Seconds that the user takes for each answer.

    Returns:
        Cases in microseconds an episode. The ratio ``(waiting + bare) / rollouts`` is the throughput of the runner
        against that of an asyncio loop whose episodes are empty, plus the CPU time of the bare episodes: at best about
        1, where nothing else wants the core. The same in CPU time holds on a busy machine too. ``kb an episode`` is
        memory at its peak with 1,024 episodes alive (or all, if they are fewer), and ``memory at 4x episodes`` that
        peak with four times as many played, over it.
    """
    gc.collect()
    gc.freeze()  # what was alive before is nobody's cost here
    try:
        return _measured(domain, concurrency, delay)
    finally:
        gc.unfreeze()


def _measured(domain: Domain, concurrency: int, delay: float) -> BenchReport:
    report = BenchReport(machine())
    kinds: dict[str, tuple[Sequence[Task], AgentFactory, AgentFactory, int]] = {
        "gold": (playable(domain), GoldPlayer, MinimalUser, max(2 * concurrency, 4096))
    }
    talking = [task for task in playable(domain) if task.facts is not None]
    if talking and "oracle" in domain.agents and "scripted" in domain.users:
        kinds["dialogue"] = (talking, domain.agents["oracle"], domain.users["scripted"], min(concurrency, 512))
    for kind, (tasks, agent, user, number) in kinds.items():
        jobs = [(tasks[place % len(tasks)], place // len(tasks)) for place in range(number)]
        turns = [_user_turns(play(domain, task, agent, user)) for task in tasks]
        waits = [turns[place % len(tasks)] for place in range(number)]
        start = process_time()
        for task, trial in jobs:
            play(domain, task, agent, user, trial=trial)
        bare = process_time() - start
        played = rollouts(domain, jobs, agent, Patient(user, delay), concurrency=concurrency)
        waiting, waiting_cpu = _took(_wait_only(waits, delay, concurrency))
        ours, ours_cpu = _took(_finished(played))
        for name, seconds in (("bare", bare), ("waiting", waiting), ("rollouts", ours), ("rollouts_cpu", ours_cpu)):
            report.cases[f"{kind}_{name}"] = BenchCase(seconds / number * 1e6, number)
        report.ratios[f"{kind}: (waiting + bare) / rollouts"] = (waiting + bare) / ours
        report.ratios[f"{kind}: the same in CPU time"] = (waiting_cpu + bare) / ours_cpu
    tasks, agent, user, _ = kinds["gold"]
    small, large = (_peak(domain, tasks, agent, user, times, min(concurrency, 1024)) for times in (1, 4))
    report.ratios["memory at 4x episodes"] = large / small
    report.ratios["kb an episode"] = small / min(concurrency, 1024) / 1024
    return report


def _took(work: Awaitable[None]) -> tuple[float, float]:
    """Seconds of wall time and of CPU time."""
    wall, cpu = perf_counter(), process_time()
    wait_for(work)
    return perf_counter() - wall, process_time() - cpu


def _user_turns(episode: Episode) -> int:
    return sum(message.role == "user" for message in episode.messages)


async def _wait_only(waits: Sequence[int], delay: float, concurrency: int) -> None:
    """An asyncio loop whose episodes are empty: only the user's time passes."""
    left = iter(waits)

    async def worker() -> None:
        for turns in left:
            for _ in range(turns):
                await asyncio.sleep(delay)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def _finished(played: AsyncGenerator[tuple[int, Episode]]) -> None:
    async with aclosing(played) as episodes:
        async for _, episode in episodes:
            assert episode.grade.db_match


def _peak(
    domain: Domain, tasks: Sequence[Task], agent: AgentFactory, user: AgentFactory, times: int, live: int
) -> float:
    """Bytes at the peak of ``times * live`` rollouts, ``live`` at once."""
    jobs = ((tasks[place % len(tasks)], place // len(tasks)) for place in range(times * live))
    patient = Patient(user, 0.01)
    gc.collect()
    tracemalloc.start()
    try:
        wait_for(_finished(rollouts(domain, jobs, agent, patient, concurrency=live)))
        return float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
