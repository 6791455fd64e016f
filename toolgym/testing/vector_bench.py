"""What stepping many episodes through the vector environment costs, against stepping the bare episodes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import thread_time_ns

import numpy as np

from toolgym.actions import parse_action
from toolgym.concurrency.gc_pause import fewer_collections
from toolgym.curricula import Fixed
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.envs.vector_env import ToolVectorEnv
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import take_turn
from toolgym.rewards import build_reward
from toolgym.tasks import Task
from toolgym.testing.bench import BenchCase, BenchReport, gold_texts, machine, playable
from toolgym.users.minimal import MinimalUser

SIZES = (1, 16, 256, 4096)
"""Numbers of sub-environments."""

STEPS, BATCHES = 4096, 8
"""How many steps are measured for each number of them, and in how many batches at least."""


def measure_vector(
    domain: Domain, sizes: Sequence[int] = SIZES, *, user: AgentFactory = MinimalUser, steps: int = STEPS
) -> BenchReport:
    """Measure the vector environment, and the same episodes with the same actions without an environment.

    Both are stepped in turns, a batch of all episodes at a time: the gold calls as text, one a step, then a closing
    text to which the user answers; an episode that has ended is followed by a new one in the next step.

    Args:
        domain: A domain with tasks that have gold calls.
        sizes: Numbers of sub-environments, each at least 1.
        user: Makes the users, which answer at once: yes to all, and the end to the closing text.
        steps: Steps of sub-environments measured for each number, at least 1.

    Returns:
        Cases in microseconds of CPU time a step of one sub-environment, and by number the ratio of the environment's
        to the bare episodes'.
    """
    report = BenchReport(machine())
    tasks = playable(domain)
    texts = {task.key: [*gold_texts(task), "It is done."] for task in tasks}
    for size in sizes:
        bare = _BareEpisodes(domain, tasks, size, user)
        envs = ToolVectorEnv(domain, Fixed(tasks), user, size)
        envs.reset(seed=_SEED)
        said = [0] * size
        times: list[tuple[float, float]] = []
        with fewer_collections():  # as the environment does, so that the bare episodes do not pay for them alone
            for _ in range(max(BATCHES, steps // size)):
                actions = []
                for place, episode in enumerate(envs.episodes):
                    assert episode.task is bare.episodes[place].task
                    script = texts[episode.task.key]
                    actions.append(script[min(said[place], len(script) - 1)])
                    said[place] = said[place] + 1 if episode.turn is not None else 0
                start = thread_time_ns()
                bare.step(actions)
                between = thread_time_ns()
                envs.step(actions)
                end = thread_time_ns()
                times.append(((between - start) / size / 1000, (end - between) / size / 1000))
        for kind, column in zip(("bare", "vector"), zip(*times, strict=True), strict=True):
            report.cases[f"{kind}_step_{size}"] = BenchCase(median(column), size * len(times))
        before, after = (report.cases[f"{kind}_step_{size}"].median_us for kind in ("bare", "vector"))
        report.ratios[f"vector / bare, {size}"] = after / before
    return report


_SEED = 0


class _BareEpisodes:
    """Episodes stepped together, of which nothing is shown, told or batched; drawn as the environment draws."""

    def __init__(self, domain: Domain, tasks: Sequence[Task], number: int, user: AgentFactory) -> None:
        self._domain = domain
        self._make_user = user
        self._curriculum = Fixed(tasks)
        self._terms = build_reward("raft")
        self._rng = np.random.default_rng(_SEED)
        self._run_seed = int(self._rng.integers(2**63))
        self.episodes: list[Episode] = []
        self._users: list[Agent] = []
        for place in range(number):
            self._begin(place)

    def step(self, actions: Sequence[str]) -> None:
        for place, action in enumerate(actions):
            episode = self.episodes[place]
            if episode.turn is None:
                self._begin(place)
                continue
            episode.advance(parse_action(action))
            take_turn(episode, "user", self._users[place])

    def _begin(self, place: int) -> None:
        task = self._curriculum.sample(self._rng)[0]
        episode = Episode(self._domain, task, terms=self._terms)
        user = self._make_user(self._domain, task, rng_for(self._run_seed, task.key, 0, "user"))
        take_turn(episode, "user", user)
        self.episodes[place : place + 1] = [episode]
        self._users[place : place + 1] = [user]
