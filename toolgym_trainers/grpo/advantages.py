"""How much better than the others of its group each episode, or each turn of it, went."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from toolgym_trainers.groups import counted, groups_of, has_signal
from toolgym_trainers.grpo.settings import GRPOSettings
from toolgym_trainers.record import RolloutRecord

EPSILON = 1e-6
"""Added to a deviation before something is divided by it."""


def group_advantages(rewards: torch.Tensor, normalise: bool) -> torch.Tensor:
    """Rewards relative to the mean of their group.

    Args:
        rewards: The rewards of one group, of shape (trials,).
        normalise: Whether they are also divided by the group's deviation, that of the group itself (1/n, not 1/(n-1)).

    Returns:
        The advantages, of shape (trials,).

    Source: DeepSeekMath (Shao et al. 2024, arXiv 2402.03300), section 4.1.2, outcome supervision; without the division
    Dr. GRPO (Liu et al. 2025, arXiv 2503.20783), section 3.2, which shows that it favours tasks that are nearly always
    or nearly never solved.

    Example:
        >>> group_advantages(torch.tensor([1.0, 0.0, 0.0, 0.0]), normalise=False)
        tensor([ 0.7500, -0.2500, -0.2500, -0.2500])
    """
    advantages = rewards - rewards.mean()
    return advantages / (rewards.std(correction=0) + EPSILON) if normalise else advantages


def turn_advantages(rewards: Sequence[torch.Tensor], normalise: bool) -> list[torch.Tensor]:
    """Rewards to go of each turn, relative to the mean reward of the group's episodes.

    What was paid before a turn is not its doing. The baseline is one number a group, so that it does not depend on what
    was done; where all is paid at the end, these are the advantages of :func:`group_advantages`.

    Args:
        rewards: For each trial of one group, what its turns were paid, of shape (turns,).
        normalise: Whether they are also divided by the deviation of the episodes' rewards.

    Returns:
        For each trial, the advantages of its turns, of shape (turns,).

    Source: Schulman et al. 2016, "High-dimensional continuous control using generalized advantage estimation" (arXiv
    1506.02438), section 2, the third of the choices for the weight of an action; the group's mean as its baseline as in
    DeepSeekMath, section 4.1.2.

    Example:
        >>> turn_advantages([torch.tensor([-0.5, 1.0]), torch.tensor([0.0])], normalise=False)
        [tensor([0.2500, 0.7500]), tensor([-0.2500])]
    """
    totals = torch.stack([one.sum() for one in rewards])
    scale = totals.std(correction=0) + EPSILON if normalise else 1.0
    return [(one.flip(0).cumsum(0).flip(0) - totals.mean()) / scale for one in rewards]


def advantages_of(
    records: Sequence[RolloutRecord],
    settings: GRPOSettings,
    admit: Callable[[Sequence[RolloutRecord]], bool] = has_signal,
) -> list[tuple[RolloutRecord, torch.Tensor]]:
    """The records to learn from, each with the advantage of every token that its policy made.

    Left out are groups that are not admitted; void episodes and those in which the policy said nothing, which do not
    count in the mean of their group either; and, if the settings say so, those that a limit cut off, which do count.

    Args:
        records: The records of a step, in any order.
        settings: The settings; ``normalise``, ``credit`` and ``mask_truncated`` are used.
        admit: Whether a group is learned from; it gets all of the group's records.

    Returns:
        Pairs of a record and its advantages, of shape (tokens made,), float32.
    """
    found = []
    for group in groups_of(records).values():
        kept = [record for record in counted(group) if record.turns]
        if not kept or not admit(group):
            continue
        if settings.credit == "episode":
            of_episodes = group_advantages(torch.tensor([record.reward for record in kept]), settings.normalise)
            by_turn = [one.expand(len(record.turns)) for one, record in zip(of_episodes, kept, strict=True)]
        else:
            paid = [torch.tensor([turn.reward for turn in record.turns]) for record in kept]
            by_turn = turn_advantages(paid, settings.normalise)
        for record, one in zip(kept, by_turn, strict=True):
            if not (settings.mask_truncated and record.status == "truncated"):
                lengths = torch.tensor([turn.end - turn.start for turn in record.turns])
                found.append((record, one.repeat_interleave(lengths)))
    return found
