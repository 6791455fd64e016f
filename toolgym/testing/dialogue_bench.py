"""What a dialogue of the oracle and the scripted user costs, against its episode alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from statistics import mean, median
from time import thread_time_ns

import numpy as np

from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.rewards import build_reward
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.testing.bench import BenchCase, BenchReport, machine

TRIALS = 2
"""How often each task is measured."""


@dataclass
class _Timed:
    """Makes an agent whose answers are timed."""

    inner: AgentFactory
    times: list[float] = field(default_factory=list)
    """Microseconds of each answer."""

    def __call__(self, domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        return _TimedAgent(self.inner(domain, task, rng), self.times)


@dataclass
class _TimedAgent:
    inner: Agent
    times: list[float]

    def respond(self, view: Sequence[Message]) -> Message:
        start = thread_time_ns()
        answer = self.inner.respond(view)
        self.times.append((thread_time_ns() - start) / 1000)
        assert isinstance(answer, Message)  # neither the oracle nor the scripted user is waited for
        return answer


def measure_dialogues(domain: Domain, *, trials: int = TRIALS) -> BenchReport:
    """Measure dialogues of the oracle and the scripted user, and the same episodes without these two.

    Each test task that carries facts is played in ``trials`` ways to say it, after a first one that is not measured:
    what does not change from one dialogue to the next, such as the task's set-up, is not a dialogue's cost. The same
    messages are then given to an episode that nobody plays: its tool calls, its grade and its reward remain.

    Args:
        domain: A domain with an agent ``oracle``, a user ``scripted`` and test tasks that carry facts.
        trials: How often each task is measured, at least 1.

    Returns:
        Cases in microseconds of CPU time: ``dialogue`` and ``replayed`` for each episode, ``user_reply`` and
        ``oracle_turn`` for each message of the user and of the oracle. ``dialogue / replayed`` is the ratio of all
        dialogues to all episodes alone; ``replies a dialogue`` is how often the user speaks.

    Raises:
        DataError: If the domain has no such agent, user or tasks.

    Example:
        >>> from toolgym.registration import make_domain
        >>> sorted(measure_dialogues(make_domain("retail"), trials=1).cases)
        ['dialogue', 'oracle_turn', 'replayed', 'user_reply']
    """
    tasks = _talking(domain)
    user, oracle = _Timed(domain.users["scripted"]), _Timed(domain.agents["oracle"])
    terms = build_reward("raft")
    for task in tasks:
        play(domain, task, oracle, user, terms=terms)
    user.times.clear()
    oracle.times.clear()
    dialogues, replayed = [], []
    for trial, task in product(range(1, trials + 1), tasks):
        start = thread_time_ns()
        episode = play(domain, task, oracle, user, trial=trial, terms=terms)
        _ = episode.grade
        between = thread_time_ns()
        again = Episode(domain, task, terms=terms)
        for message in episode.messages[len(again.messages) :]:
            if message.role != "tool":
                again.advance(message)
        assert again.grade.success == episode.grade.success
        end = thread_time_ns()
        dialogues.append((between - start) / 1000)
        replayed.append((end - between) / 1000)
    columns = {"dialogue": dialogues, "user_reply": user.times, "oracle_turn": oracle.times, "replayed": replayed}
    return BenchReport(
        machine(),
        {name: BenchCase(median(times), len(times)) for name, times in columns.items()},
        {
            "dialogue / replayed": mean(dialogues) / mean(replayed),
            "replies a dialogue": len(user.times) / len(dialogues),
        },
    )


def _talking(domain: Domain) -> list[Task]:
    """The test tasks that the oracle and the scripted user can play."""
    lacks = [f"agent {name!r}" for name in ("oracle",) if name not in domain.agents]
    lacks += [f"user {name!r}" for name in ("scripted",) if name not in domain.users]
    split = domain.tasks["test"] if "test" in domain.tasks.splits() else ()
    tasks = [task for task in split if task.facts is not None]
    lacks += [] if tasks else ["test tasks that carry facts"]
    if lacks:
        raise DataError(
            f"the domain {domain.name!r} has no {' and no '.join(lacks)} over {domain.compat.name} data; dialogues are "
            "measured with those of a domain such as 'retail' over toolgym data"
        )
    return tasks
