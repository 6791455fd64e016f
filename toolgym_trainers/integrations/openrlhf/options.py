"""How a training is told to OpenRLHF: the options of the trainer, and the flags that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolgym_trainers.integrations.openrlhf.command import Value

OURS = frozenset(
    {
        "actor.model_name_or_path",
        "data.prompt_dataset",
        "data.input_key",
        "data.label_key",
        "data.apply_chat_template",
        "data.input_template",
        "data.max_len",
        "train.agent_func_path",
        "train.seed",
        "ckpt.output_dir",
        "ckpt.path",
        "ckpt.load_enable",
        "rollout.batch_size",
        "rollout.n_samples_per_prompt",
        "rollout.max_new_tokens",
        "rollout.temperature",
    }
)
"""Flags that follow from the settings of the training, and are not given beside them."""


class OpenRLHFOptions(BaseModel):
    """What OpenRLHF is told besides the settings of the training; ``trainer_options`` of those.

    Args:
        gpus: GPUs of a node, at least 1. Model, reference and engines share them all.
        nodes: Nodes, at least 1.
        tensor_parallel: GPUs of one vLLM engine, a divisor of all GPUs.
        max_len: Tokens of an episode, prompt and all messages, at least 2.
        learning_rate: Of AdamW, more than 0.
        kl: Weight of the divergence (k3) from the policy with which the round began, at least 0; 0 loads no reference.
        memory: The share of a GPU's memory that vLLM takes while it samples, in (0, 1).
        python: The interpreter that has OpenRLHF; None for this one.
        user_model: The model behind the user, where it has one.
        flags: Any other flags of ``openrlhf.cli.train_ppo_ray`` by name, which win over those that are usual here:
            ``true`` gives a flag alone, ``false`` leaves it out, a list gives several values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    gpus: int = Field(default=8, ge=1)
    nodes: int = Field(default=1, ge=1)
    tensor_parallel: int = Field(default=1, ge=1)
    max_len: int = Field(default=16_384, ge=2)
    learning_rate: float = Field(default=1e-6, gt=0)
    kl: float = Field(default=1e-3, ge=0)
    memory: float = Field(default=0.6, gt=0, lt=1)
    python: str | None = None
    user_model: str | Mapping[str, Any] | None = None
    flags: Mapping[str, str | int | float | bool | list[str | int | float]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> OpenRLHFOptions:
        if self.gpus * self.nodes % self.tensor_parallel:
            raise ValueError(
                f"tensor_parallel must divide the {self.gpus * self.nodes} GPUs, got {self.tensor_parallel}"
            )
        if own := sorted(OURS & set(self.flags)):
            raise ValueError(f"{', '.join(own)} follow from the settings of the training; leave them out of flags")
        return self


class Places(NamedTuple):
    """Where the files of one round are.

    Args:
        start: The policy with which it begins.
        prompts: The data set.
        agent: The file of the agent.
        out: Where the trained policy goes.
        checkpoints: Where OpenRLHF's own checkpoints are.
    """

    start: Path
    prompts: Path
    agent: Path
    out: Path
    checkpoints: Path


def flags_of(
    options: OpenRLHFOptions,
    places: Places,
    *,
    tasks: int,
    group_size: int,
    temperature: float,
    turn_tokens: int,
    seed: int,
    save_every: int,
    resumed: bool = False,
) -> dict[str, Value]:
    """The flags of ``openrlhf.cli.train_ppo_ray`` for GRPO of one round.

    Args:
        options: The options.
        places: Where everything is.
        tasks: Groups of a step.
        group_size: Trials of a group.
        temperature: Of sampling.
        turn_tokens: Tokens of one message.
        seed: Of OpenRLHF.
        save_every: Steps between checkpoints.
        resumed: Whether it goes on from its last checkpoint.
    """
    gpus = options.gpus * options.nodes
    usual: dict[str, Value] = {
        "actor.model_name_or_path": str(places.start),
        "data.prompt_dataset": str(places.prompts),
        "data.input_key": "prompt",
        "data.label_key": "label",
        "data.max_len": options.max_len,
        "train.agent_func_path": str(places.agent),
        "train.seed": seed,
        "ckpt.output_dir": str(places.out),
        "ckpt.path": str(places.checkpoints),
        "ckpt.save_steps": save_every,
        "ckpt.max_num": 1,
        "ckpt.load_enable": resumed,
        "rollout.batch_size": tasks,
        "rollout.n_samples_per_prompt": group_size,
        "rollout.max_new_tokens": turn_tokens,
        "rollout.temperature": temperature,
        "rollout.top_p": 1.0,
        "train.batch_size": tasks * group_size,
        "train.num_episodes": 1,
        "train.max_epochs": 1,
        "train.dynamic_batch_enable": True,
        "train.max_tokens_per_gpu": options.max_len,
        "algo.advantage.estimator": "group_norm",
        "algo.kl.init_coef": options.kl,
        "algo.kl.use_loss": options.kl > 0,
        "algo.kl.estimator": "k3" if options.kl > 0 else "k1",
        "algo.dynamic_filtering_enable": True,
        "algo.dynamic_filtering_range": [0.0, 1.0],
        "algo.advantage.is_correction_level": "token",
        "algo.advantage.is_correction_mode": "mask",
        "algo.advantage.is_correction_threshold": [0.5, 5.0],
        "actor.adam.lr": options.learning_rate,
        "actor.lr_scheduler": "constant_with_warmup",
        "actor.num_nodes": options.nodes,
        "actor.num_gpus_per_node": options.gpus,
        "actor.gradient_checkpointing_enable": True,
        "ref.num_nodes": options.nodes,
        "ref.num_gpus_per_node": options.gpus,
        "ref.offload": options.kl > 0,
        "train.colocate_all": True,
        "vllm.num_engines": gpus // options.tensor_parallel,
        "vllm.tensor_parallel_size": options.tensor_parallel,
        "vllm.gpu_memory_utilization": options.memory,
        "vllm.enable_prefix_caching": True,
        "vllm.enable_sleep": True,
        "ds.enable_sleep": True,
        "ds.zero_stage": 3,
        "ds.param_dtype": "bf16",
        "ds.packing_samples": True,
    }
    return {**usual, **options.flags}
