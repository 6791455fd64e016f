"""One step of GRPO: what a policy learns from a batch of rollouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch

from toolgym.errors import DataError
from toolgym_trainers.denormals import flushed
from toolgym_trainers.groups import groups_of, has_signal
from toolgym_trainers.grpo.advantages import advantages_of
from toolgym_trainers.grpo.losses import clipped_objective, entropy, is_clipped, k3, token_weights
from toolgym_trainers.grpo.scoring import batches, logprobs_of, score
from toolgym_trainers.grpo.settings import GRPOSettings, learning_rate
from toolgym_trainers.record import RolloutRecord


@dataclass(frozen=True)
class UpdateFigures:
    """Figures of one step. Those of the loss are means over the updates of the weights, and None if there were none.

    Args:
        loss: ``policy_loss`` plus ``kl`` minus ``entropy``, the last two times their weights in the settings.
        policy_loss: The clipped objective, negated.
        kl: Divergence from the reference, in nats a token; None without a reference.
        entropy: Of the policy at its tokens, in nats.
        clip_share: Share of the tokens that had no gradient, weighed as in the loss.
        gradient_norm: Before it was clipped.
        logprob_gap: The largest difference between a recorded log-probability and the one computed here before the
            weights first changed. More than rounding means that the records are of another policy, or that the sampler
            and the trainer see different tokens.
        learning_rate: Of this step.
        groups: Groups of trials in the batch.
        live_groups: Those of them from which something was learned.
        episodes: Episodes from which something was learned.
        tokens: Tokens made by the policy in them.
        updates: How often the weights changed.
    """

    loss: float | None
    policy_loss: float | None
    kl: float | None
    entropy: float | None
    clip_share: float | None
    gradient_norm: float | None
    logprob_gap: float | None
    learning_rate: float
    groups: int
    live_groups: int
    episodes: int
    tokens: int
    updates: int


@dataclass(frozen=True)
class Sample:
    """One episode to learn from: tensors of shape (tokens made,), at the temperature of sampling.

    Args:
        record: The episode.
        advantages: The advantage of each token.
        old: Its log-probability under the policy that made it.
        reference: Its log-probability under the reference; None without one.
    """

    record: RolloutRecord
    advantages: torch.Tensor
    old: torch.Tensor
    reference: torch.Tensor | None


def make_optimizer(model: Any, settings: GRPOSettings) -> torch.optim.Optimizer:
    """AdamW over the weights that are trained: all of them, or those of an adapter."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    return torch.optim.AdamW(
        weights, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
    )


@flushed()
def update(
    model: Any,
    reference: Any | None,
    optimizer: torch.optim.Optimizer,
    records: Sequence[RolloutRecord],
    settings: GRPOSettings,
    step: int,
    generator: np.random.Generator,
    admit: Callable[[Sequence[RolloutRecord]], bool] = has_signal,
) -> UpdateFigures:
    """Improve a policy by what a batch of its rollouts shows.

    Each pass shuffles the episodes, divides them into mini-batches, and changes the weights once a mini-batch; the
    gradient of a mini-batch is accumulated over parts that fit into memory. Dropout is off throughout: with it the
    ratio of new to old would not be 1 where nothing has been learned.

    Args:
        model: The policy: a causal language model of Hugging Face, or PEFT's around one, on any device.
        reference: What it should stay close to: a frozen copy, or the model itself if it is one of PEFT's, whose
            adapter is then switched off. None measures no divergence.
        optimizer: Over the model's weights; its learning rate is set here.
        records: Rollouts of this policy, in any order, groups whole.
        settings: The settings.
        step: Which step of the run this is, from 0: the learning rate depends on it.
        generator: Shuffles the episodes.
        admit: Whether a group is learned from; it gets all of the group's records. A loop asks its curriculum.

    Returns:
        The figures; where no group is live, nothing changes.

    Raises:
        DataError: If something is to be learned from an episode played at temperature 0, or the settings weigh a
            divergence and there is no reference, or the reference is the model and has no adapter.
        FloatingPointError: If a gradient is not finite; the weights are then as before that update.

    Source: DeepSeekMath (Shao et al. 2024, arXiv 2402.03300), section 4.1 and algorithm 1; DAPO (Yu et al. 2025, arXiv
    2503.14476), section 3; see the functions of this package for each term.
    """
    rate = learning_rate(settings, step)
    for group in optimizer.param_groups:
        group["lr"] = rate
    samples = _samples(model, reference, records, settings, admit)
    figures: list[dict[str, float]] = []
    gap = 0.0
    was_training = model.training
    model.eval()
    try:
        for _ in range(settings.epochs if samples else 0):
            order = generator.permutation(len(samples))
            for places in np.array_split(order, min(settings.minibatches, len(samples))):
                found, largest = _accumulate(model, optimizer, [samples[place] for place in places], settings)
                gap = largest if not figures else gap
                figures.append({**found, "gradient_norm": _change(model, optimizer, settings, step)})
    finally:
        model.train(was_training)
    means = {name: float(np.mean([one[name] for one in figures])) for name in (figures[0] if figures else ())}
    return UpdateFigures(
        loss=means.get("loss"),
        policy_loss=means.get("policy_loss"),
        kl=means.get("kl"),
        entropy=means.get("entropy"),
        clip_share=means.get("clip_share"),
        gradient_norm=means.get("gradient_norm"),
        logprob_gap=gap if figures else None,
        learning_rate=rate,
        groups=len(groups_of(records)),
        live_groups=len({sample.record.group for sample in samples}),
        episodes=len(samples),
        tokens=sum(sample.record.made for sample in samples),
        updates=len(figures),
    )


def _samples(
    model: Any,
    reference: Any | None,
    records: Sequence[RolloutRecord],
    settings: GRPOSettings,
    admit: Callable[[Sequence[RolloutRecord]], bool],
) -> list[Sample]:
    """The episodes to learn from, on the model's device."""
    own_adapter = reference is not None and reference is model
    if settings.kl > 0 and reference is None:
        raise DataError(f"kl is {settings.kl}, but there is no reference: pass a frozen copy of the model, or kl=0")
    if own_adapter and not hasattr(model, "disable_adapter"):
        raise DataError(
            "the reference is the model itself, which has no adapter to switch off: pass a frozen copy of it"
        )
    learned = advantages_of(records, settings, admit)
    for record, _ in learned:
        if record.temperature == 0:
            raise DataError(
                f"trial {record.trial} of {record.task_id!r} was played at temperature 0, where the policy has no "
                f"probabilities to be changed: sample at a temperature above 0 to train"
            )
    device = next(model.parameters()).device
    kept = [record for record, _ in learned]
    references: Sequence[torch.Tensor | None] = [None] * len(kept)
    if reference is not None:
        with model.disable_adapter() if own_adapter else nullcontext():
            references = logprobs_of(reference, kept, settings.tokens_per_batch, settings.bf16)
    return [
        Sample(
            record=record,
            advantages=advantages.to(device),
            old=torch.tensor([one for turn in record.turns for one in turn.ratio_logprobs], device=device),
            reference=None if theirs is None else theirs.to(device),
        )
        for (record, advantages), theirs in zip(learned, references, strict=True)
    ]


def _accumulate(
    model: Any, optimizer: torch.optim.Optimizer, samples: Sequence[Sample], settings: GRPOSettings
) -> tuple[dict[str, float], float]:
    """The gradient of the loss over one mini-batch, and its figures; and the largest log-ratio.

    The weights of the tokens are those within the mini-batch, so that the gradients of its parts add up to its own.
    """
    optimizer.zero_grad(set_to_none=True)
    weights = token_weights([sample.record.made for sample in samples], settings.loss)
    sums: dict[str, float] = {}
    largest = 0.0
    for places in batches(samples, lambda sample: sample.record.padded, settings.tokens_per_batch):
        part = [samples[place] for place in places]
        terms, log_ratio = _terms(model, part, settings)
        by_token = torch.cat([torch.full_like(samples[place].old, weights[place]) for place in places])
        means = {name: (by_token * term).sum() for name, term in terms.items()}
        means["loss"].backward()
        for name, value in means.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        largest = max(largest, float(log_ratio.abs().max()))
    return sums, largest


def _terms(
    model: Any, samples: Sequence[Sample], settings: GRPOSettings
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The loss and its parts at each token, and the logarithm of the ratio."""
    scores = score(model, [sample.record for sample in samples], settings.bf16)
    advantages = torch.cat([sample.advantages for sample in samples])
    log_ratio = scores.logprobs - torch.cat([sample.old for sample in samples])
    ratio = log_ratio.exp()
    bounds = settings.clip_low, settings.clip_high
    policy_loss = -clipped_objective(ratio, advantages, *bounds)
    with torch.set_grad_enabled(settings.entropy > 0):
        entropies = entropy(scores.log_distribution)
    loss = policy_loss - settings.entropy * entropies
    terms = {
        "policy_loss": policy_loss,
        "entropy": entropies,
        "clip_share": is_clipped(ratio.detach(), advantages, *bounds).float(),
    }
    references = [sample.reference for sample in samples if sample.reference is not None]
    if references:
        terms["kl"] = k3(scores.logprobs, torch.cat(references))
        loss = loss + settings.kl * terms["kl"]
    return {**terms, "loss": loss}, log_ratio.detach()


def _change(model: Any, optimizer: torch.optim.Optimizer, settings: GRPOSettings, step: int) -> float:
    """Clip the gradient and change the weights; the gradient's norm before."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    norm = float(torch.nn.utils.clip_grad_norm_(weights, settings.max_gradient_norm))
    if not isfinite(norm):
        optimizer.zero_grad(set_to_none=True)
        raise FloatingPointError(
            f"the gradient of step {step} has the norm {norm}: go back to the last checkpoint, with a lower learning "
            f"rate than {settings.learning_rate}{' or without bf16' if settings.bf16 else ''}"
        )
    optimizer.step()
    return norm
