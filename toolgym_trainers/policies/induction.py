"""Weights to begin with by which a small Llama can look up what stood behind the same token before.

A model from scratch finds out late, or never, that the thing it wants stands right behind what it is known by: it first
learns which slots are common, and gets stuck there (measured: docs/reproduction.md). Two layers of attention suffice to
look it up, an *induction head*: one head takes along the token before, a second one finds the place where the token
before was the present one, and copies what stands there. These weights set both up, roughly; training does the rest,
and may undo it. The model is an ordinary Llama before and after.

Source: Olsson et al. 2022, "In-context learning and induction heads" (arXiv 2209.11895), "Argument 1" for what such
heads do; Su et al. 2021, RoFormer (arXiv 2104.09864), section 3.2, for the rotations by which a head can look at a
fixed distance. That weights are set so before training is our own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

SPREAD = 0.02
"""The deviation of an embedding's entries."""
CONSTANT = 0.2
"""The entry that all embeddings share: what a head reads that looks at a distance alone."""
BEFORE = 40.0
"""The logit of attention with which a head looks at the token before."""
SAME = 12.0
"""The logit of attention for the same token."""
REACH = 1000.0
"""Tokens over which a rotation must stay below one radian for its two dimensions to compare what tokens are."""


def set_up_induction(model: Any, rng: np.random.Generator) -> None:
    """Set the weights of a model's embeddings, and of heads of its first two layers.

    For each group of key heads, one head of the first layer writes a projection of the token before into dimensions
    that embeddings leave free, and one head of the second layer matches the present token with these.

    Args:
        model: A Llama with tied embeddings, at least two layers, and room beside the dimensions of its key heads.
        rng: Draws the projections.

    Raises:
        ValueError: If the model has too few layers or dimensions.
    """
    config = model.config
    width, heads, groups, size = (
        config.hidden_size,
        config.num_attention_heads,
        config.num_key_value_heads,
        config.head_dim,
    )
    free = groups * size
    if config.num_hidden_layers < 2 or width - 1 - free < size:
        raise ValueError(
            f"induction needs 2 layers and a width of {1 + free + size} or more, one for the constant and the size of "
            f"all key heads and one more, got {config.num_hidden_layers} layers and a width of {width}; choose fewer "
            "key heads, or more heads"
        )
    own = torch.arange(1 + free, width)
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table[:, 0] = CONSTANT
        table[:, 1 : 1 + free] = 0
        table[:, own] = _drawn(rng, len(table), len(own)) * SPREAD
        projections = [_drawn(rng, size, len(own)) / len(own) ** 0.5 for _ in range(groups)]
        power = (len(own) * SPREAD**2 + CONSTANT**2) / width
        _look_before(model, projections, power**0.5, own, heads // groups, size)
        power += free * SPREAD**2 / width
        _match(model, projections, power**0.5, own, heads // groups, size, rng)


def _drawn(rng: np.random.Generator, *shape: int) -> torch.Tensor:
    return torch.tensor(rng.standard_normal(shape), dtype=torch.float32)


def _look_before(
    model: Any, projections: list[torch.Tensor], scale: float, own: torch.Tensor, share: int, size: int
) -> None:
    """In the first layer: heads that take along the token before."""
    layer = model.model.layers[0].self_attn
    turns = model.model.rotary_emb.inv_freq
    # keys stand still, and queries are turned back by one position: they meet at the token before
    key = torch.cat((torch.ones(size // 2), torch.zeros(size // 2)))
    query = torch.cat((torch.cos(turns), -torch.sin(turns)))
    strength = (BEFORE * size**0.5 / (size / 2)) ** 0.5 * scale / CONSTANT
    for group, projection in enumerate(projections):
        rows, head = slice(group * size, (group + 1) * size), group * share * size
        asking = slice(head, head + size)
        layer.k_proj.weight[rows] = 0
        layer.k_proj.weight[rows, 0] = key * strength
        layer.q_proj.weight[asking] = 0
        layer.q_proj.weight[asking, 0] = query * strength
        layer.v_proj.weight[rows] = 0
        layer.v_proj.weight[rows, own[0] : own[-1] + 1] = projection * scale / SPREAD
        layer.o_proj.weight[:, asking] = 0
        layer.o_proj.weight[1 + group * size : 1 + (group + 1) * size, asking] = torch.eye(size) * SPREAD


def _match(
    model: Any,
    projections: list[torch.Tensor],
    scale: float,
    own: torch.Tensor,
    share: int,
    size: int,
    rng: np.random.Generator,
) -> None:
    """In the second layer: heads that find where the token before was the present one, and copy what stands there."""
    layer = model.model.layers[1].self_attn
    slow = [place for place, turn in enumerate(model.model.rotary_emb.inv_freq) if float(turn) * REACH < 1]
    used = [*slow, *(place + size // 2 for place in slow)]  # those that distance hardly turns
    strength = (SAME * size**0.5 / max(1, len(used))) ** 0.5 * scale / SPREAD
    for group, projection in enumerate(projections):
        rows, head = slice(group * size, (group + 1) * size), group * share * size
        asking = slice(head, head + size)
        layer.k_proj.weight[rows] *= 0.1
        layer.q_proj.weight[asking] *= 0.1
        for place in used:
            layer.k_proj.weight[group * size + place] = 0
            layer.k_proj.weight[group * size + place, 1 + group * size + place] = strength
            layer.q_proj.weight[head + place] = 0
            layer.q_proj.weight[head + place, own] = projection[place] * strength
        copied = torch.linalg.qr(_drawn(rng, len(own), len(own)))[0][:size]
        layer.v_proj.weight[rows] = 0
        layer.v_proj.weight[rows, own[0] : own[-1] + 1] = copied * (scale / SPREAD) * (len(own) / size) ** 0.5
        layer.o_proj.weight[:, asking] = 0
        layer.o_proj.weight[own[0] : own[-1] + 1, asking] = copied.T * SPREAD
