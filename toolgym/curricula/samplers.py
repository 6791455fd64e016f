"""How tasks of a pool are weighted: each sampler is one formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from toolgym.curricula.pool import PRIOR, Prior
from toolgym.curricula.progress import Progress
from toolgym.curricula.validation import check_number

EVEN = 0.1
"""The share of the draws that is spread evenly over the patterns, so that none is ever forgotten."""


class Sampler(Protocol):
    """Weights the tasks of a pool."""

    def weights(self, progress: Progress, prior: Prior) -> Sequence[float] | np.ndarray:
        """How likely each task is drawn next, in proportion.

        Args:
            progress: The pool, and what has been learned of its tasks.
            prior: Successes and failures that a task is taken to have had before its first trial.

        Returns:
            A weight for each task of the pool, in its order: 0 for one that is not drawn, and above 0 for at least one.
        """


@dataclass(frozen=True)
class UniformOverMade:
    """All tasks that refreshes made, each with the same chance; before the first of them, those of the split."""

    def weights(self, progress: Progress, prior: Prior = PRIOR) -> Sequence[float]:
        """1 for each task that was made, 0 for the others; if none was, 1 for all."""
        made = [float(entry.round is not None) for entry in progress.pool]
        return made if any(made) else [1.0] * len(made)


@dataclass(frozen=True)
class ByLearnability:
    """Each task by p(1 - p), where p is how likely it is solved now.

    p is the mean of a Beta distribution (by default Beta(1, 1) before the first trial), in which a trial counts less
    the longer it is ago, as the policy changes. A task that is always or never solved is drawn ever less, but never
    quite vanishes.

    Source:
        Foster and Foerster, Learning to reason at the frontier of learnability, arXiv:2502.12272; Tzannetos et al.,
        Proximal curriculum for reinforcement learning agents, TMLR 2023.
    """

    def weights(self, progress: Progress, prior: Prior = PRIOR) -> Sequence[float]:
        """p(1 - p) of each task."""
        return [entry.learnability(prior) for entry in progress.pool]


@dataclass(frozen=True)
class ByPattern:
    """Tasks by the share of their patterns among the recent failures; without any pattern all alike."""

    def weights(self, progress: Progress, prior: Prior = PRIOR) -> Sequence[float] | np.ndarray:
        """The shares of the patterns of each task; see :func:`pattern_weights`."""
        if not any(entry.patterns for entry in progress.pool):
            return [1.0] * len(progress.pool)
        return pattern_weights(progress)


@dataclass(frozen=True)
class ByRound:
    """The targeted tasks of all rounds together, each with the same chance unless newer rounds are preferred.

    Some of the draws may stay with the tasks of the split, each with the same chance: a policy forgets what it is not
    asked for any more. Before a refresh has made any, tasks are drawn as :class:`ByPattern` draws them.

    Args:
        recency: How much newer rounds are preferred, at least 0: a task that is n rounds older than the newest has the
            weight (1 + n)^-recency. 0 draws all alike.
        base: The share of the draws that stays with the tasks of the split, in [0, 1].

    Raises:
        DataError: If one is not a number.
        ValueError: If one is out of range.
    """

    recency: float = 0.0
    base: float = 0.0

    def __post_init__(self) -> None:
        if check_number("recency", self.recency, "of at least 0") < 0:
            raise ValueError(f"recency must be a finite number of at least 0, got {self.recency}")
        _check_base(self.base)

    def weights(self, progress: Progress, prior: Prior = PRIOR) -> Sequence[float] | np.ndarray:
        """(1 + n)^-recency of each task that was made n rounds before the newest; the split's in the share of base."""
        rounds = [entry.round for entry in progress.pool]
        newest = max((one for one in rounds if one is not None), default=None)
        if newest is None or not any(entry.patterns for entry in progress.pool):
            return ByPattern().weights(progress, prior)
        made = np.array([0.0 if one is None else (1.0 + newest - one) ** -self.recency for one in rounds])
        kept = np.array([float(entry.of_split) for entry in progress.pool])
        return mixed(made, kept, self.base) if self.base else made


@dataclass(frozen=True)
class ByLearnablePattern:
    """Targeted tasks by the share of their pattern among the recent failures, times their learnability.

    A task that is mastered fades and never vanishes, and so does one that is never solved. Some of the draws stay with
    the tasks of the split, by learnability; as long as no task is targeted, all of them do.

    Args:
        base: The share of the draws that stays with the tasks of the split, in [0, 1]. No task gets more than a
            twentieth of all draws, so the share differs where one of both sides has few tasks.

    Raises:
        DataError: If it is not a number.
        ValueError: If it is out of range.
    """

    base: float = 0.25

    def __post_init__(self) -> None:
        _check_base(self.base)

    def weights(self, progress: Progress, prior: Prior = PRIOR) -> np.ndarray:
        """Share of the patterns times p(1 - p), and p(1 - p) of the split's tasks, in the proportion of ``base``."""
        learnable = np.array([entry.learnability(prior) for entry in progress.pool])
        aimed = pattern_weights(progress) * learnable
        kept = np.array([entry.of_split for entry in progress.pool]) * learnable
        return mixed(aimed, kept, self.base)


def mixed(aimed: np.ndarray, kept: np.ndarray, base: float) -> np.ndarray:
    """Two kinds of weights in a proportion; where one of both is 0 throughout, the other.

    Args:
        aimed: Weights of targeted tasks.
        kept: Weights of the split's.
        base: The share of the latter, in [0, 1].

    Example:
        >>> mixed(np.array([3.0, 1.0, 0.0]), np.array([0.0, 0.0, 9.0]), 0.2).round(6).tolist()
        [0.6, 0.2, 0.2]
    """
    weights: np.ndarray = aimed + kept
    if aimed.any() and kept.any():
        weights = (1 - base) * aimed / aimed.sum() + base * kept / kept.sum()
    return weights


def _check_base(base: float) -> None:
    if not 0 <= check_number("base", base, "in [0, 1]") <= 1:
        raise ValueError(f"base must be in [0, 1], got {base}")


def pattern_weights(progress: Progress) -> np.ndarray:
    """The share of each pattern among the recent failures, spread over the tasks that are there for it.

    They sum to 1, or are all 0 if no task is there for a pattern. A tenth is spread evenly over the patterns.
    """
    counts = Counter(name for entry in progress.pool for name in entry.patterns)
    shares = {name: progress.shares.get(name, 0.0) for name in counts}
    whole = sum(shares.values())
    each = {
        name: ((1 - EVEN) * (share / whole) + EVEN / len(counts) if whole else 1 / len(counts)) / counts[name]
        for name, share in shares.items()
    }
    return np.array([sum(each[name] for name in entry.patterns) for entry in progress.pool], dtype=np.float64)
