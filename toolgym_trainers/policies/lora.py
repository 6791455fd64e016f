"""LoRA: small matrices beside a model's own are trained in place of it, by peft."""

from __future__ import annotations

import warnings
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from toolgym.errors import MissingExtraError


class LoraSettings(BaseModel):
    """Which matrices are trained beside those of a model, and of which size.

    Args:
        rank: Of the matrices, at least 1.
        alpha: What they add is scaled by ``alpha / rank``; by default twice the rank, more than 0.
        layers: Names of the linear layers that get some, such as ``("q_proj", "v_proj")``, or ``"all-linear"``: all but
            the head.

    Source: Hu et al. 2021, "LoRA: low-rank adaptation of large language models" (arXiv 2106.09685), section 4.1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: int = Field(default=16, ge=1)
    alpha: float | None = Field(default=None, gt=0)
    layers: tuple[str, ...] | Literal["all-linear"] = "all-linear"


def add_adapter(model: Any, settings: LoraSettings, *, seed: int = 0) -> Any:
    """The model with matrices beside its own, which alone are trained; they change nothing yet.

    Args:
        model: A model of Hugging Face, which is changed.
        settings: The settings.
        seed: Of the matrices, at least 0.

    Raises:
        MissingExtraError: If peft is not installed.
        ValueError: If the model has no layers of these names.
    """
    import torch

    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtraError("LoRA", "train") from error
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha or 2 * settings.rank,
        target_modules=settings.layers if isinstance(settings.layers, str) else list(settings.layers),
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # peft draws from torch's own generator alone
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft 0.21 asks transformers 5 by a name that it gives up
            return get_peft_model(model, config)


def has_adapter(model: Any) -> bool:
    """Whether it is one of PEFT's models, of which the weights below the adapter never change."""
    return hasattr(model, "peft_config")


def base_of(model: Any) -> Any:
    """The model of Hugging Face that computes: the model itself, or what PEFT wrapped, with the adapter in it."""
    return model.get_base_model() if has_adapter(model) else model


def merged(model: Any) -> Any:
    """The model of Hugging Face with what an adapter adds put into its own weights; the adapter is gone.

    A model without an adapter is given back as it is.
    """
    return model.merge_and_unload() if has_adapter(model) else model
