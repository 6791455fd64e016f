"""What a batch of rollouts came to, in figures for a log: success, signal, rewards by term, what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from toolgym.evaluation import pass_hat_k
from toolgym_trainers.groups import counted, groups_of, has_signal
from toolgym_trainers.record import RolloutRecord


def pass_at_k(successes: int, trials: int, k: int) -> float:
    """The chance that at least one of ``k`` trials succeeds, from ``trials`` of which some did, without bias.

    :func:`toolgym.evaluation.pass_hat_k` is the chance that all of them do.

    Args:
        successes: How many succeeded, from 0 to ``trials``.
        trials: How many there were, at least ``k``.
        k: How many are drawn, at least 1.

    Returns:
        A share in [0, 1].

    Raises:
        ValueError: If a number is out of range.

    Source: Chen et al. 2021, "Evaluating large language models trained on code" (arXiv 2107.03374), section 2.1,
    equation 1.

    Example:
        >>> pass_at_k(successes=1, trials=4, k=2)
        0.5
    """
    if not (0 <= successes <= trials and 1 <= k <= trials):
        raise ValueError(
            f"pass@k needs 0 <= successes <= trials and 1 <= k <= trials, got {successes} successes, {trials} trials "
            f"and k = {k}"
        )
    return 1 - comb(trials - successes, k) / comb(trials, k)


@dataclass(frozen=True)
class RolloutFigures:
    """Figures of a batch of rollouts. Void episodes are counted, and left out of everything else.

    A mean or share of nothing is None. Groups are counted if they have an episode that is not void; those with one
    that nobody judged are left out of what asks for success.

    Args:
        episodes: How many there were, void ones among them.
        void: How many of them were void.
        groups: How many groups of trials.
        live: Share of the groups that were admitted to be learned from.
        all_failed: Share of the groups in which no trial succeeded.
        all_solved: Share of the groups in which every trial succeeded.
        success: Mean over groups of the share of trials that succeeded.
        pass_at: For k = 1, 2, 4, …: the mean over groups of at least k trials of the chance that one of k succeeds.
        pass_hat: The same for the chance that all of k succeed, Pass^k.
        reward: Mean reward.
        reward_terms: Mean of each term; an episode that was not paid it counts as 0.
        truncated: Share of the episodes that a limit cut off.
        malformed: Share of the messages that could not be read.
        turns: Messages of the policy an episode.
        tokens: Tokens that the policy made, an episode.
        repeats: Repeated calls an episode.
        errors: Calls that a tool refused, an episode.
    """

    episodes: int
    void: int
    groups: int
    live: float | None
    all_failed: float | None
    all_solved: float | None
    success: float | None
    pass_at: Mapping[int, float]
    pass_hat: Mapping[int, float]
    reward: float | None
    reward_terms: Mapping[str, float]
    truncated: float | None
    malformed: float | None
    turns: float | None
    tokens: float | None
    repeats: float | None
    errors: float | None

    @classmethod
    def of(
        cls,
        records: Sequence[RolloutRecord],
        admit: Callable[[Sequence[RolloutRecord]], bool] = has_signal,
    ) -> RolloutFigures:
        """The figures of some records.

        Args:
            records: The records, in any order; those of one group have the same ``group``.
            admit: Whether a group is learned from; it gets all of the group's records. A loop asks its curriculum.
        """
        kept = counted(records)
        groups = [group for group in groups_of(records).values() if counted(group)]
        judged = [(sum(record.success is True for record in one), len(one)) for one in _judged(groups)]
        ks = [1 << power for power in range(max((n for _, n in judged), default=0).bit_length())]
        names = sorted({name for record in kept for name in record.reward_terms})
        turns = [turn for record in kept for turn in record.turns]
        return cls(
            episodes=len(records),
            void=len(records) - len(kept),
            groups=len(groups),
            live=_mean([admit(group) for group in groups]),
            all_failed=_mean([won == 0 for won, _ in judged]),
            all_solved=_mean([won == n for won, n in judged]),
            success=_mean([won / n for won, n in judged]),
            pass_at=_by_k(pass_at_k, judged, ks),
            pass_hat=_by_k(pass_hat_k, judged, ks),
            reward=_mean([record.reward for record in kept]),
            reward_terms={
                name: sum(record.reward_terms.get(name, 0.0) for record in kept) / len(kept) for name in names
            },
            truncated=_mean([record.status == "truncated" for record in kept]),
            malformed=_mean([turn.kind == "malformed" for turn in turns]),
            turns=_mean([len(record.turns) for record in kept]),
            tokens=_mean([record.made for record in kept]),
            repeats=_mean([record.repeats for record in kept]),
            errors=_mean([record.errors for record in kept]),
        )


def _judged(groups: Sequence[Sequence[RolloutRecord]]) -> list[Sequence[RolloutRecord]]:
    """The groups, without void episodes, in which all others were judged."""
    return [one for one in map(counted, groups) if all(record.success is not None for record in one)]


def _by_k(
    estimate: Callable[[int, int, int], float], judged: Sequence[tuple[int, int]], ks: Sequence[int]
) -> dict[int, float]:
    """The mean over the groups of at least k trials, for each k."""
    found = {k: [estimate(won, n, k) for won, n in judged if n >= k] for k in ks}
    return {k: sum(values) / len(values) for k, values in found.items()}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
