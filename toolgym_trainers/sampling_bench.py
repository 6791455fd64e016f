"""What playing with a policy costs, against the bare forward passes of the same run.

    python -m toolgym_trainers.sampling_bench FOLDER

The passes of a run are recorded, their tokens and the rows of the cache with them, and made again without anything
else: no environment, no user, no view, no drawing of tokens. Both are measured in turns in one process, in CPU time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from statistics import median
from typing import Any, TypeAlias

import torch

from toolgym.domain import Domain
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym.registration import make_domain, make_user
from toolgym.rewards import build_reward
from toolgym.testing.bench import BenchCase, BenchReport, machine
from toolgym_trainers.policies.cache import Forward
from toolgym_trainers.policies.engine import Engine
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.sampler import Sampler
from toolgym_trainers.policies.session import Job

EPISODES, ROWS, REPEATS = 128, 64, 3
"""How many episodes are played, how many at once, and how often that is measured."""

Pass: TypeAlias = Callable[[Forward], Any]
"""Something that was done with the forward passes of a run."""


class RecordedForward(Forward):
    """Forward passes that are written down.

    Args:
        passes: Where they are written down.
        forward: Whose model and cache they use.
    """

    def __init__(self, passes: list[Pass], forward: Forward) -> None:
        self.__dict__.update(forward.__dict__)
        self.passes = passes
        for name in ("keep", "grow"):
            setattr(self.cache, name, self._recorded(name, getattr(self.cache, name)))

    def _recorded(self, name: str, change: Callable[[Any], None]) -> Callable[[Any], None]:
        def changed(value: Any) -> None:
            self.passes.append(lambda forward: getattr(forward.cache, name)(value))
            change(value)

        return changed

    def __call__(
        self, tokens: torch.Tensor, start: torch.Tensor, last: torch.Tensor | None, rows: torch.Tensor | None = None
    ) -> torch.Tensor:
        """See Forward."""
        self.passes.append(lambda forward: forward(tokens, start, last, rows))
        return super().__call__(tokens, start, last, rows)


class RecordedSampler(Sampler):
    """A sampler whose forward passes are written down, those of the last call of ``play`` alone."""

    passes: Sequence[Pass] = ()
    started_with: int = 0
    """Rows at the beginning."""

    def engine(self, rows: int) -> Engine:
        """See Sampler."""
        engine = super().engine(rows)
        passes: list[Pass] = []
        self.passes, self.started_with = passes, rows
        engine.forward = RecordedForward(passes, engine.forward)
        return engine


def measure_sampling(
    policy: Policy,
    parts: ConversationParts,
    jobs: Sequence[Job],
    *,
    rows: int = ROWS,
    temperature: float = 1.0,
    repeats: int = REPEATS,
) -> BenchReport:
    """Measure what episodes cost with a policy, and the forward passes of the same run alone.

    Args:
        policy: The policy.
        parts: What the conversations are made of.
        jobs: What is played, at least one.
        rows: Episodes at once, at least 1.
        temperature: Of sampling, at least 0.
        repeats: How often both are measured, at least 1.

    Returns:
        Cases in microseconds of CPU time an episode: ``episode`` all in all, ``forward`` the passes made again,
        ``world`` the environment, the user and the view, ``choosing`` the drawing of tokens. The ratio
        ``episode / forward`` is the median of the measurements', each within one run.

    Raises:
        ValueError: If a number is out of range.
    """
    if not jobs or repeats < 1:
        raise ValueError(f"jobs and repeats must be at least one, got {len(jobs)} and {repeats}")
    sampler = RecordedSampler(policy, parts, rows=rows, temperature=temperature)
    sampler.play(jobs[:rows])  # worlds and words are prepared once, however many episodes there are
    columns: dict[str, list[float]] = {"episode": [], "forward": [], "world": [], "choosing": []}
    ratios = []
    for repeat in range(repeats):
        before = (sampler.seconds, sampler.costs.choosing)
        start = time.process_time()
        played = sampler.play(jobs, seed=repeat)
        whole = time.process_time() - start
        bare = replay(policy, sampler.passes, sampler.started_with, sampler.context)
        spent = (whole, bare, sampler.seconds - before[0], sampler.costs.choosing - before[1])
        for column, seconds in zip(columns.values(), spent, strict=True):
            column.append(seconds / len(jobs) * 1e6)
        ratios.append(whole / bare)
    report = BenchReport(machine())
    for name, column in columns.items():
        report.cases[name] = BenchCase(median(column), len(jobs) * repeats)
    report.ratios["episode / forward"] = median(ratios)
    report.ratios["tokens an episode"] = sum(len(one.record.tokens) for one in played) / len(played)
    report.ratios["tokens per CPU-second"] = report.ratios["tokens an episode"] / median(columns["episode"]) * 1e6
    return report


def replay(policy: Policy, passes: Sequence[Pass], rows: int, context: int) -> float:
    """CPU-seconds of forward passes made again."""
    with Forward(policy.model, rows, context) as forward:
        start = time.process_time()
        for one in passes:
            one(forward)
        return time.process_time() - start


def measure_policy(domain: Domain, folder: str, *, episodes: int = EPISODES, rows: int = ROWS) -> BenchReport:
    """The same for the policy in a folder, on the domain's tasks for development, in training's limits.

    Args:
        domain: The domain.
        folder: The policy's folder.
        episodes: How many are played, at least 1.
        rows: How many at once, at least 1.

    Raises:
        DataError: If the domain has no tasks, or the folder holds no policy.
    """
    splits = [split for split in ("dev", "validation", "test", "train") if split in domain.tasks.splits()]
    if not splits:
        raise DataError(f"the domain {domain.name!r} has no tasks to play")
    tasks = domain.tasks[splits[0]]
    parts = ConversationParts(domain, make_user("scripted"), build_reward("raft"), limits=Limits.training())
    jobs = list(islice((Job(task, trial) for trial in range(episodes) for task in tasks), episodes))
    policy = load_policy(folder)
    return measure_sampling(policy, parts, jobs, rows=rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the policy's folder")
    parser.add_argument("--domain", default="retail")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--rows", type=int, default=ROWS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figures = measure_policy(make_domain(asked.domain), asked.folder, episodes=asked.episodes, rows=asked.rows)
    print(json.dumps(figures.as_dict(), indent=1))  # noqa: T201  # a program's output
