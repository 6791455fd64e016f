"""Inspect: episodes as samples, played by a solver, and a curriculum as the source of samples.

Written for and tested with inspect_ai 0.3.285. See docs/use-with/inspect.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolgym.curriculum import Curriculum
from toolgym.domain import Domain
from toolgym.errors import MissingExtraError, ServiceError
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.integrations.text_env import ChatMessage, TextEnv

try:
    from inspect_ai import SampleSource
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
    from inspect_ai.scorer import Score, mean, scorer, stderr
    from inspect_ai.solver import solver
except ImportError as error:
    raise MissingExtraError("Inspect", "inspect") from error

STORED = "toolgym_trajectory"
"""Under which key of a sample's store its trajectory is kept, as JSON."""
_SPEAKERS = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


def samples_of(tasks: Iterable[Task], *, seed: int = 0, trials: int = 1) -> list[Sample]:
    """Samples of tasks, for a dataset: what :func:`play_episode` plays.

    Args:
        tasks: What is played.
        seed: Seeds the users, at least 0.
        trials: Samples of each task, at least 1; Inspect's ``epochs`` does the same.
    """
    return [_sample(task, f"{task.id}/{trial}", seed, trial=trial) for task in tasks for trial in range(trials)]


@solver  # type: ignore[untyped-decorator]  # Inspect's types are not read here
def play_episode(domain: str | Domain = "retail", **options: Any) -> Any:
    """A solver that plays the sample's task: the model is the assistant, and writes calls as text.

    An episode that a fault voids raises, so that the sample has an error: it is neither success nor failure, and
    Inspect's ``fail_on_error`` and ``retry_on_error`` say what becomes of it.

    Args:
        domain: A domain's name, or a Domain.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`.

    Raises:
        UnknownNameError: If there is no such domain, option or view.
    """

    async def solve(state: Any, generate: Any) -> Any:
        env = TextEnv(domain, **options)
        task, seed = state.metadata["task"], int(state.metadata["seed"])
        messages, _ = await asyncio.to_thread(env.reset, seed=seed, task=task)
        state.messages = _chat(messages)
        while True:
            if messages:
                state = await generate(state, tool_calls="none")
            told = await asyncio.to_thread(env.step, state.output.completion if messages else "")
            if told.over:
                break
            messages = told.messages
            state.messages += _chat(messages)
        state.store.set(STORED, env.trajectory(agent=str(state.model)).to_json())
        if "fault" in told.info:
            fault = told.info["fault"]
            raise ServiceError(f"the episode is void, for the {fault['source']}: {fault['reason']}")
        return state

    return solve


@scorer(metrics={"success": [mean(), stderr()], "reward": [mean(), stderr()]})  # type: ignore[untyped-decorator]  # as above
def grade_episode() -> Any:
    """A scorer of what :func:`play_episode` played: ``success`` (0 or 1) and ``reward``, the sum of its terms.

    A sample that a limit of Inspect's ended has no grade of its own: both are 0.
    """

    async def score(state: Any, target: Any) -> Score:
        kept = state.store.get(STORED)
        if kept is None:
            return Score(value={"success": 0.0, "reward": 0.0}, explanation="ended before the dialogue was over")
        trajectory = Trajectory.from_json(kept)
        terms = dict(trajectory.rewards.get("assistant", {}))
        value = {"success": float(bool(trajectory.success)), "reward": sum(terms.values())}
        return Score(value=value, explanation=str(trajectory.termination), metadata={"reward_terms": terms})

    return score


class CurriculumSource(SampleSource):  # type: ignore[misc]  # Inspect's types are not read here
    """Draws the tasks of a running evaluation from a curriculum, round by round, and tells it how they went.

    A round is so many groups of trials. The curriculum hears of a group when its last sample is complete, whatever
    became of it: void trials, and those that a limit or an error of Inspect's ended, are left out.

    Args:
        curriculum: What draws and learns.
        rounds: How many rounds, at least 1.
        groups: Tasks of a round, at least 1.
        group_size: Trials of a task in a group, at least 1.
        seed: Seeds the draws and the users, at least 0.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(
        self, curriculum: Curriculum, *, rounds: int, groups: int = 1, group_size: int = 1, seed: int = 0
    ) -> None:
        for name, number in (("rounds", rounds), ("groups", groups), ("group_size", group_size)):
            if number < 1:
                raise ValueError(f"{name} must be at least 1, got {number}")
        self.curriculum = curriculum
        self._left = rounds
        self._round = 0
        self._groups = groups
        self._size = group_size
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._trials: dict[str, int] = {}
        self._open: dict[str, list[Trajectory | None]] = {}

    def initial_samples(self) -> list[Sample]:
        """The first round."""
        return self._draw()

    async def next_samples(self) -> list[Sample] | None:
        """The next round, or None when all have been played."""
        return self._draw() if self._left else None

    async def sample_complete(self, sample: Any) -> None:
        """Take a sample that Inspect has logged."""
        kept = sample.store.get(STORED)
        trial = int(sample.metadata["trial"])
        self._count(
            sample.metadata["group"], None if kept is None else replace(Trajectory.from_json(kept), trial=trial)
        )

    async def sample_abandoned(self, sample: Any, epoch: int) -> None:
        """Take a sample that never ran: its group goes on without it."""
        self._count(sample.metadata["group"], None)

    def _draw(self) -> list[Sample]:
        self._left -= 1
        self._round += 1
        drawn = []
        for place, task in enumerate(self.curriculum.sample(self._rng, self._groups)):
            group = f"{self._round}/{place}"
            self._open[group] = []
            first = self._trials.get(task.key, 0)
            self._trials[task.key] = first + self._size
            drawn += [
                _sample(task, f"{group}/{task.id}/{trial}", self._seed, trial=trial, group=group)
                for trial in range(first, first + self._size)
            ]
        return drawn

    def _count(self, group: str, trajectory: Trajectory | None) -> None:
        done = self._open[group]
        done.append(trajectory)
        if len(done) == self._size:
            valid = tuple(one for one in self._open.pop(group) if one is not None and one.fault is None)
            if valid:
                self.curriculum.update(valid)


def to_inspect(
    curriculum: Curriculum, *, rounds: int, groups: int = 1, group_size: int = 1, seed: int = 0
) -> CurriculumSource:
    """A curriculum as the ``dataset`` of an Inspect task; see :class:`CurriculumSource`.

    Args:
        curriculum: What draws and learns.
        rounds: How many rounds, at least 1.
        groups: Tasks of a round, at least 1.
        group_size: Trials of a task in a group, at least 1.
        seed: Seeds the draws and the users, at least 0.

    Raises:
        ValueError: If a number is out of range.
    """
    return CurriculumSource(curriculum, rounds=rounds, groups=groups, group_size=group_size, seed=seed)


def _sample(task: Task, name: str, seed: int, **facts: Any) -> Sample:
    """A sample; its metadata is kept in the log, and never shown to the model."""
    told = {"task": task.model_dump(mode="json"), "task_key": task.key, "seed": seed, **facts}
    return Sample(input=task.id, id=name, metadata=told)


def _chat(messages: Sequence[ChatMessage]) -> list[Any]:
    return [_SPEAKERS[one["role"]](content=one["content"]) for one in messages]
