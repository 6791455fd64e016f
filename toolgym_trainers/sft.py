"""Supervised fine-tuning on demonstrations: the assistant's tokens alone are learned, and no slip among them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn import functional

from toolgym.errors import DataError
from toolgym_trainers.denormals import flushed
from toolgym_trainers.policies.transcript import Encoded


class SFTSettings(BaseModel):
    """How a policy learns from demonstrations.

    Args:
        demonstrations: How many are learned from in all, repeats counted, at least 1.
        batch: Of how many each step learns, at least 1.
        learning_rate: The highest, more than 0.
        optimizer: ``"adamw"``, or ``"muon"`` for the matrices of hidden layers and AdamW for all else: a model from
            scratch learns faster by it.
        muon_factor: How many times the learning rate Muon's is.
        warmup: Steps over which the rate rises, at least 0.
        hold: The share of all steps after which it falls in a line, in [0, 1].
        final_share: Share of the rate that is left at the end, in [0, 1].
        weight_decay: At least 0.
        longest: Tokens of a dialogue; who makes the demonstrations leaves longer ones out, and those that the policy
            cannot read.
        max_gradient_norm: Gradients of a larger norm are scaled down to it, more than 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    demonstrations: int = Field(default=2000, ge=1)
    batch: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=3e-4, gt=0)
    optimizer: Literal["adamw", "muon"] = "adamw"
    muon_factor: float = Field(default=4.0, gt=0)
    warmup: int = Field(default=8, ge=0)
    hold: float = Field(default=0.4, ge=0, le=1)
    final_share: float = Field(default=0.05, ge=0, le=1)
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = Field(default=0.0, ge=0)
    longest: int = Field(default=1800, ge=8)
    max_gradient_norm: float = Field(default=1.0, gt=0)

    @property
    def steps(self) -> int:
        """How many steps that makes."""
        return -(-self.demonstrations // self.batch)

    def rate(self, step: int) -> float:
        """The share of the learning rate at a step, from 0.

        Example:
            >>> settings = SFTSettings(demonstrations=40, batch=4, warmup=2, hold=0.5, final_share=0.0)
            >>> [round(settings.rate(step), 1) for step in range(10)]
            [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2]
        """
        rising = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        start = self.hold * self.steps
        falling = 1.0 if step <= start else (self.steps - step) / (self.steps - start)
        return rising * max(self.final_share, falling)


class SFTFigures(NamedTuple):
    """What a step came to.

    Args:
        step: Which, from 0.
        loss: Mean negative log-probability of the tokens that were to be learned, in nats.
        accuracy: Share of them that were the likeliest, in [0, 1].
        tokens: Tokens of the batch, all of them.
        learned: Those that were to be learned.
        seconds: CPU-seconds of the step.
    """

    step: int
    loss: float
    accuracy: float
    tokens: int
    learned: int
    seconds: float


class Optimizers:
    """One or two optimizers as one.

    Args:
        model: Whose weights they change.
        settings: The settings.

    Raises:
        DataError: If Muon is asked for, and this torch has none.
    """

    def __init__(self, model: torch.nn.Module, settings: SFTSettings) -> None:
        named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
        hidden = [weight for name, weight in named if weight.dim() == 2 and "embed" not in name and "head" not in name]
        chosen = {id(weight) for weight in hidden} if settings.optimizer == "muon" else set()
        rest = [weight for _, weight in named if id(weight) not in chosen]
        adam = torch.optim.AdamW(
            rest, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
        )
        self.all: list[torch.optim.Optimizer] = [adam]
        if settings.optimizer == "muon":
            if not hasattr(torch.optim, "Muon"):
                raise DataError(
                    f"torch {torch.__version__} has no Muon; choose optimizer='adamw', or torch 2.9 or later"
                )
            self.all.append(
                torch.optim.Muon(
                    hidden,
                    lr=settings.learning_rate * settings.muon_factor,
                    momentum=0.95,
                    weight_decay=settings.weight_decay,
                    adjust_lr_fn="match_rms_adamw",
                )
            )
        self._rates = [[group["lr"] for group in one.param_groups] for one in self.all]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all of them."""
        return [group for one in self.all for group in one.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """The state of all of them."""
        return {"all": [one.state_dict() for one in self.all], "param_groups": self.param_groups}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put all of them back to where a state says."""
        for one, own in zip(self.all, state["all"], strict=True):
            one.load_state_dict(own)

    def step(self, share: float) -> None:
        """Change the weights at a share of the learning rate, and forget the gradients."""
        for one, rates in zip(self.all, self._rates, strict=True):
            for group, rate in zip(one.param_groups, rates, strict=True):
                group["lr"] = rate * share
            one.step()
            one.zero_grad(set_to_none=True)


def fine_tune(
    model: torch.nn.Module,
    demonstrations: Iterable[Encoded],
    settings: SFTSettings,
    *,
    optimizers: Optimizers | None = None,
    start: int = 0,
    seen: Callable[[SFTFigures], None] | None = None,
) -> None:
    """Learn from demonstrations in the order in which they come.

    Args:
        model: A causal language model of Hugging Face, on any device.
        demonstrations: At least as many as the settings say, none of them longer than the policy can read.
        settings: The settings.
        optimizers: Those of a run that goes on; by default fresh ones.
        start: The step to begin with, for such a run: ``demonstrations`` begin with its first one.
        seen: Called with the figures of each step.

    Raises:
        DataError: If there are too few demonstrations.
        FloatingPointError: If a loss is not finite.
    """
    optimizers = optimizers or Optimizers(model, settings)
    source = iter(demonstrations)
    model.train()
    for step in range(start, settings.steps):
        begun = time.process_time()
        batch = list(islice(source, settings.batch))
        if not batch:
            raise DataError(f"the demonstrations ended at step {step} of {settings.steps}; give more, or ask for fewer")
        total = sum(sum(one.mask[1:]) for one in batch)
        loss, right = 0.0, 0
        with flushed():
            for part in _alike(batch):
                losses, correct = _losses(model, part)
                if not torch.isfinite(losses):
                    raise FloatingPointError(
                        f"the loss at step {step} is {float(losses.detach())}; lower the learning rate"
                    )
                (losses / max(1, total)).backward()
                loss += float(losses.detach())
                right += correct
            torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_gradient_norm)
            optimizers.step(settings.rate(step))
        if seen is not None:
            tokens = sum(len(one.tokens) for one in batch)
            share = (loss / max(1, total), right / max(1, total))
            seen(SFTFigures(step, *share, tokens, total, time.process_time() - begun))


def _alike(batch: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    """A batch in parts of dialogues that are nearly as long, so that little is padded."""
    part: list[Encoded] = []
    for one in sorted(batch, key=lambda one: len(one.tokens)):
        if part and len(one.tokens) > 1.25 * len(part[0].tokens):
            yield part
            part = []
        part.append(one)
    yield part


def _losses(model: torch.nn.Module, part: Sequence[Encoded]) -> tuple[torch.Tensor, int]:
    """The sum of the losses of a part, and how many tokens would have been right."""
    device = next(model.parameters()).device
    longest = max(len(one.tokens) for one in part)
    tokens = torch.zeros(len(part), longest, dtype=torch.long)
    mask = torch.zeros(len(part), longest, dtype=torch.bool)
    for line, marks, one in zip(tokens, mask, part, strict=True):
        line[: len(one.tokens)] = torch.tensor(one.tokens)
        marks[: len(one.tokens)] = torch.tensor(one.mask)
    tokens, learned = tokens.to(device), mask[:, 1:].to(device)
    # what stands behind the end of a dialogue is padding that no token of it attends to: nothing need be masked
    hidden = model.get_decoder()(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state
    logits = model.get_output_embeddings()(hidden[learned]).float()
    wanted = tokens[:, 1:][learned]
    correct = int((logits.argmax(-1) == wanted).sum())
    return functional.cross_entropy(logits, wanted, reduction="sum"), correct


def shuffled(demonstrations: Sequence[Encoded], rng: np.random.Generator) -> Iterator[Encoded]:
    """Demonstrations without end: all of them in a new order each time."""
    while demonstrations:
        for place in rng.permutation(len(demonstrations)):
            yield demonstrations[int(place)]
