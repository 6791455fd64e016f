"""What a trainer gets and gives: it takes a policy's folder and tasks, and leaves a better policy in another folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from toolgym.curriculum import Curriculum
from toolgym.domain import AgentFactory, Domain
from toolgym.registry import Registry
from toolgym_trainers.loop.settings import TrainSettings

if TYPE_CHECKING:
    from toolgym_trainers.policies.policy import Policy

TRAINERS = Registry("trainer", "toolgym.trainers")
"""The trainers that are installed."""


@dataclass(frozen=True)
class Round:
    """One round of a training, as a trainer gets it.

    Args:
        number: Which, from 1.
        settings: The settings of the training: steps, groups, reward, seed, and those of learning.
        domain: The domain.
        user: Who plays the customer.
        start: The folder of the policy with which the round begins, an ordinary Hugging Face folder.
        out: Where the trained policy goes, such a folder too; it is not there yet.
        folder: For what the trainer keeps of its own, such as checkpoints; a round that was interrupted finds it as
            it was left.
        curriculum: Gives tasks, is told of each group of trials, and says which are learned from.
        note: Keeps the figures of a step, JSON-able, with ``step`` from 0 among them.
        forget: Forgets those of a step and all after it: of a round that goes on from an earlier checkpoint.
        plays: Tells with which policy the curriculum tries new tasks, where it makes some during the round.
        restore: Puts the curriculum back to a state that it gave, and its folder with it.
    """

    number: int
    settings: TrainSettings
    domain: Domain
    user: AgentFactory
    start: Path
    out: Path
    folder: Path
    curriculum: Curriculum
    note: Callable[[dict[str, Any]], None]
    forget: Callable[[int], None]
    plays: Callable[[Policy], None]
    restore: Callable[[dict[str, Any]], None]


class Trainer(Protocol):
    """Trains a policy in one round; a package adds one under the entry point group ``toolgym.trainers``.

    What a killed round had done is found in ``round.folder``; a trainer that keeps nothing there begins it anew.
    """

    def train(self, round: Round) -> Mapping[str, Any]:  # noqa: A002  # what it is called everywhere here
        """Train, and write the policy to ``round.out``.

        Args:
            round: What it is given.

        Returns:
            What came of it, JSON-able: ``steps`` and ``episodes`` at least, the latter those that were played.
        """


@runtime_checkable
class Launcher(Protocol):
    """A trainer that runs a program of its own, which can be seen and checked before anything is done."""

    def usual(self, policy: str) -> Mapping[str, Any]:
        """Settings that this trainer takes where nothing is said.

        Args:
            policy: Who is trained.
        """

    def check(self, settings: TrainSettings, folder: Path) -> Sequence[Sequence[str]]:
        """The commands of the first round; nothing is written.

        Args:
            settings: The settings of the training.
            folder: Its folder.

        Raises:
            DataError: If a setting does not fit, or the program would refuse it.
        """
