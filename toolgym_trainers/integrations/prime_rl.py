"""prime-rl: a curriculum as its task sampler and its admission gate.

prime-rl is not on PyPI. These two were written against its documented interface of August 2026
(``prime_rl.orchestrator.curriculum``: ``TaskSampler`` with ``__next__`` and ``observe``, ``AdmissionGate`` with
``admit``, both with ``state_dict``, ``load_state_dict`` and ``metrics``) and tested against a stand-in of it, over
episodes that verifiers 0.4.0 really played. prime-rl itself was not run. See docs/use-with/prime-rl.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolgym.curriculum import Curriculum
from toolgym.trajectory import Trajectory
from toolgym_trainers.integrations.verifiers import STORED, ToolgymTask, task_row


class CurriculumSampler:
    """Draws prime-rl's next task from a curriculum, and tells it of each finalised group.

    Args:
        curriculum: What draws and learns.
        seed: Seeds the draws and the users, at least 0.
    """

    def __init__(self, curriculum: Curriculum, seed: int = 0) -> None:
        self.curriculum = curriculum
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._trials: dict[str, int] = {}

    def __iter__(self) -> CurriculumSampler:
        """Itself: the tasks have no end."""
        return self

    def __next__(self) -> ToolgymTask:
        """The next task."""
        return task_row(self.curriculum.sample(self._rng)[0], self._seed)

    def observe(self, group: Sequence[Any]) -> None:
        """Learn from a finalised group; episodes with an error and void ones change nothing.

        Args:
            group: Episodes of verifiers, as :class:`~toolgym_trainers.integrations.verifiers.ToolgymEnv` played them.
        """
        numbered = []
        for trajectory in played(group):
            trial = self._trials.get(trajectory.task_key, 0)
            self._trials[trajectory.task_key] = trial + 1
            numbered.append(replace(trajectory, trial=trial))
        if numbered:
            self.curriculum.update(numbered)

    def state_dict(self) -> dict[str, Any]:
        """All of the state, as JSON-able data."""
        state = self.curriculum.state_dict()
        return {"curriculum": state, "rng": self._rng.bit_generator.state, "trials": dict(self._trials)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.curriculum.load_state_dict(state_dict["curriculum"])
        self._rng.bit_generator.state = state_dict["rng"]
        self._trials = dict(state_dict["trials"])

    def metrics(self) -> dict[str, float]:
        """The curriculum's figures for a log."""
        return self.curriculum.metrics()


class CurriculumGate:
    """Asks a curriculum whether a finalised group is worth training on.

    Args:
        curriculum: The one that the sampler draws from; its state is kept there.
    """

    def __init__(self, curriculum: Curriculum) -> None:
        self.curriculum = curriculum

    def admit(self, group: Sequence[Any]) -> bool:
        """Whether a finalised group should enter the training batch: never if all of it is void.

        Args:
            group: Episodes of verifiers.
        """
        valid = played(group)
        return bool(valid) and bool(self.curriculum.admit(valid))

    def state_dict(self) -> dict[str, Any]:
        """Nothing: the sampler keeps the state."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore nothing."""

    def metrics(self) -> dict[str, float]:
        """No figures of its own."""
        return {}


def to_prime_rl(curriculum: Curriculum, *, seed: int = 0) -> tuple[CurriculumSampler, CurriculumGate]:
    """A curriculum as prime-rl's task sampler and admission gate.

    Args:
        curriculum: What draws and learns.
        seed: Seeds the draws and the users, at least 0.
    """
    return CurriculumSampler(curriculum, seed), CurriculumGate(curriculum)


def played(group: Sequence[Any]) -> list[Trajectory]:
    """The trajectories of a group that count: those of episodes that are ok, from the traces in which they are kept.

    Args:
        group: Episodes of verifiers.
    """
    kept = [trace.info[STORED] for episode in group if episode.ok for trace in episode.traces if STORED in trace.info]
    return [found for found in map(Trajectory.from_json, kept) if found.fault is None]
