"""The settings of GRPO, and the learning rate at each step."""

from __future__ import annotations

from math import cos, pi
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class GRPOSettings(BaseModel):
    """How a policy is updated from groups of rollouts. A step is one batch of rollouts and what is learned from it.

    Args:
        normalise: Whether advantages are divided by the deviation of their group (GRPO), or not (Dr. GRPO).
        credit: ``"episode"`` gives every token the advantage of its episode; ``"turn"`` gives those of a turn that of
            what was paid from then on.
        mask_truncated: Whether nothing is learned from episodes that a limit cut off. They count in their group.
        loss: ``"token"`` weighs all tokens of a mini-batch alike (DAPO); ``"sequence"`` weighs all episodes alike,
            and the tokens within one (GRPO).
        clip_low: By how much the ratio may fall below 1 before a token's gradient is cut, in (0, 1].
        clip_high: By how much it may rise above 1, at least 0; larger than ``clip_low`` in DAPO.
        kl: Weight of the divergence from the reference, at least 0.
        entropy: Weight of the bonus for entropy, at least 0.
        epochs: Passes over the rollouts of a step, at least 1.
        minibatches: Updates of the weights in a pass, at least 1; fewer if there are fewer episodes.
        tokens_per_batch: Tokens, padding included, that go through the model at a time, at least 1; gradients are
            accumulated over such batches: it changes memory and speed, not what is learned. An episode longer than that
            goes alone.
        max_gradient_norm: Gradients of a larger norm are scaled down to it, more than 0.
        learning_rate: The highest learning rate, more than 0.
        warmup_steps: Steps over which it rises to that, at least 0.
        decay: How it falls after the warm-up: not, in a line, or along a half cosine.
        steps: The step at which the decay ends, more than ``warmup_steps``; only used by it.
        final_share: Share of the learning rate that is left at the end of the decay, in [0, 1].
        betas: AdamW's decay rates, each in [0, 1).
        weight_decay: AdamW's weight decay, at least 0.
        bf16: Whether the model computes in bfloat16 (autocast). The weights keep their type, and everything after the
            logits is computed in float32.

    Example:
        >>> GRPOSettings(kl=0.0, loss="sequence").clip_high
        0.28
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    normalise: bool = True
    credit: Literal["episode", "turn"] = "episode"
    mask_truncated: bool = False
    loss: Literal["token", "sequence"] = "token"
    clip_low: float = Field(default=0.2, gt=0, le=1)
    clip_high: float = Field(default=0.28, ge=0)
    kl: float = Field(default=0.01, ge=0)
    entropy: float = Field(default=0.0, ge=0)
    epochs: int = Field(default=1, ge=1)
    minibatches: int = Field(default=2, ge=1)
    tokens_per_batch: int = Field(default=4096, ge=1)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    learning_rate: float = Field(default=1e-5, gt=0)
    warmup_steps: int = Field(default=0, ge=0)
    decay: Literal["none", "linear", "cosine"] = "none"
    steps: int = Field(default=100, ge=1)
    final_share: float = Field(default=0.0, ge=0, le=1)
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = Field(default=0.0, ge=0)
    bf16: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> GRPOSettings:
        if self.decay != "none" and self.steps <= self.warmup_steps:
            raise ValueError(f"steps must be more than warmup_steps, got {self.steps} and {self.warmup_steps}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must be in [0, 1), got {self.betas}")
        return self


def learning_rate(settings: GRPOSettings, step: int) -> float:
    """The learning rate of a step: a function of the step alone, so that a resumed run goes on where it was.

    Args:
        settings: The settings.
        step: Which step, from 0; the first of ``n`` steps of warm-up has ``1 / n`` of the rate, and not none of it.

    Example:
        >>> settings = GRPOSettings(learning_rate=1.0, warmup_steps=2, decay="linear", steps=6, final_share=0.2)
        >>> [round(learning_rate(settings, step), 2) for step in range(8)]
        [0.5, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2, 0.2]
    """
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    if settings.decay == "none":
        return settings.learning_rate
    done = min(1.0, (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps))
    left = 1 - done if settings.decay == "linear" else (1 + cos(pi * done)) / 2
    return settings.learning_rate * (settings.final_share + (1 - settings.final_share) * left)
