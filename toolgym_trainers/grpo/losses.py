"""The objective of GRPO, term by term, as functions over the tokens that the policy made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch


def clipped_objective(ratio: torch.Tensor, advantages: torch.Tensor, clip_low: float, clip_high: float) -> torch.Tensor:
    """What is gained at each token, no more being counted once the policy has moved far enough.

    Args:
        ratio: New over old probability of each token, at the temperature of sampling.
        advantages: The advantage of each token, of the same shape.
        clip_low: The ratio counts as no less than ``1 - clip_low`` where that helps.
        clip_high: The ratio counts as no more than ``1 + clip_high`` where that helps.

    Returns:
        The gain of each token, to be made larger.

    Source: Schulman et al. 2017, "Proximal policy optimization algorithms" (arXiv 1707.06347), section 3, equation 7;
    two bounds instead of one: DAPO (Yu et al. 2025, arXiv 2503.14476), section 3.1, Clip-Higher.

    Example:
        >>> clipped_objective(torch.tensor([1.5, 1.5, 0.5]), torch.tensor([1.0, -1.0, -1.0]), 0.2, 0.28)
        tensor([ 1.2800, -1.5000, -0.8000])
    """
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    return torch.minimum(ratio * advantages, clipped * advantages)


def is_clipped(ratio: torch.Tensor, advantages: torch.Tensor, clip_low: float, clip_high: float) -> torch.Tensor:
    """Whether a token has no gradient as its ratio is beyond the bound on the side to which its advantage pulls.

    Example:
        >>> is_clipped(torch.tensor([1.5, 1.5, 0.5]), torch.tensor([1.0, -1.0, -1.0]), 0.2, 0.28)
        tensor([ True, False,  True])
    """
    return torch.where(advantages > 0, ratio > 1 + clip_high, (ratio < 1 - clip_low) & (advantages < 0))


def k3(logprobs: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """An estimate, from the one token that was drawn, of the divergence KL(policy || reference): never negative.

    Args:
        logprobs: Log-probability of each token under the policy.
        reference: The same under the reference.

    Returns:
        The estimate at each token, in nats; 0 where both agree. Its mean is the divergence as far as the tokens are
        drawn from the policy.

    Source: Schulman 2020, "Approximating KL divergence" (joschu.net/blog/kl-approx.html), the estimator k3;
    DeepSeekMath (Shao et al. 2024, arXiv 2402.03300), section 4.1.1, equation 4.

    Example:
        >>> k3(torch.tensor([-1.0, -1.0]), torch.tensor([-1.0, -2.0]))
        tensor([0.0000, 0.3679])
    """
    difference = reference - logprobs
    return difference.exp() - difference - 1


def entropy(log_distribution: torch.Tensor) -> torch.Tensor:
    """The entropy of each distribution over the last axis, in nats.

    Args:
        log_distribution: Log-probabilities of all tokens, of shape (…, vocabulary).

    Example:
        >>> entropy(torch.log_softmax(torch.zeros(4), -1))
        tensor(1.3863)
    """
    return -(log_distribution.exp() * log_distribution).sum(-1)


def token_weights(lengths: Sequence[int], loss: Literal["token", "sequence"]) -> list[float]:
    """By how much each token of each episode counts in a mini-batch, so that the weights of all tokens sum to 1.

    With weights that are known beforehand, a mini-batch can go through the model in parts of any size.

    Args:
        lengths: How many tokens the policy made in each episode, each at least 1.
        loss: ``"token"``: all tokens alike; ``"sequence"``: all episodes alike, and the tokens within one.

    Source: ``"token"``: DAPO (Yu et al. 2025, arXiv 2503.14476), section 3.3, token-level policy gradient loss;
    ``"sequence"``: DeepSeekMath, section 4.1.1, equation 3.

    Example:
        >>> token_weights([1, 3], "token"), token_weights([1, 2], "sequence")
        ([0.25, 0.25], [0.5, 0.25])
    """
    if loss == "token":
        return [1 / sum(lengths)] * len(lengths)
    return [1 / (len(lengths) * length) for length in lengths]
