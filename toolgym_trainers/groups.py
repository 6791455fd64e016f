"""Groups of trials of one task, and whether one of them has anything to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from toolgym_trainers.record import RolloutRecord

SMALLEST_DIFFERENCE = 1e-6
"""Rewards that differ by no more are alike: sums of terms are rounded."""


def groups_of(records: Iterable[RolloutRecord]) -> Mapping[str, Sequence[RolloutRecord]]:
    """The records of each group, groups and records in the order in which they come, void ones among them."""
    found: dict[str, list[RolloutRecord]] = {}
    for record in records:
        found.setdefault(record.group, []).append(record)
    return found


def counted(group: Iterable[RolloutRecord]) -> Sequence[RolloutRecord]:
    """The records that are not void: nothing is learned or measured from an episode that failed for other reasons."""
    return [record for record in group if record.status != "void"]


def has_signal(group: Sequence[RolloutRecord]) -> bool:
    """Whether at least two trials that are not void were paid differently: else all advantages are zero.

    Source: DAPO (Yu et al. 2025, arXiv 2503.14476), section 3.2, dynamic sampling; there by correctness, which is the
    whole reward there. ``Curriculum.admit`` may ask for more.
    """
    rewards = [record.reward for record in counted(group)]
    return len(rewards) > 1 and max(rewards) - min(rewards) > SMALLEST_DIFFERENCE
