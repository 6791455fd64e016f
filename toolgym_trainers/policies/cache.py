"""Keys and values of many dialogues, each at a position of its own, in memory that is set aside once."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import torch
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import sdpa_mask

from toolgym.errors import DataError
from toolgym_trainers.denormals import flushed

ATTENTION = "toolgym_rows"
"""The name of the attention that reads such a cache."""
TOGETHER = 8
"""Rows whose attention is computed together while they write."""


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    parts: Sequence[tuple[int, int, int]] = (),
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of grouped queries without copies of the keys and values.

    Args:
        module: The layer.
        query: [rows, heads, new, size].
        key: [rows, key heads, seen, size].
        value: The same.
        attention_mask: [rows, 1, new, seen], 0 where a new token sees one and else minus infinity, or True and False;
            None: it sees those before it.
        scaling: By what products are scaled.
        dropout: Nothing is dropped: this is for sampling.
        parts: First row, the one behind the last, and how many tokens these have seen at most, for rows that are done
            together; by default all at once. What short dialogues have not seen is then not read.

    Returns:
        [rows, new, heads, size], and no weights.
    """
    rows, heads, new, size = query.shape
    groups = key.shape[1]
    mask = attention_mask
    if mask is None:
        seen = key.shape[2]
        mask = torch.ones(new, seen, dtype=torch.bool, device=query.device).tril(seen - new)[None, None]
    if heads != groups and new > 1:
        mask = mask.expand(rows, 1, new, key.shape[2]).repeat(1, 1, heads // groups, 1)
    grouped = query.reshape(rows, groups, heads // groups * new, size)
    found = torch.empty_like(grouped)
    for first, end, seen in parts or ((0, rows, key.shape[2]),):
        found[first:end] = functional.scaled_dot_product_attention(
            grouped[first:end],
            key[first:end, :, :seen],
            value[first:end, :, :seen],
            attn_mask=mask[first:end, :, :, :seen] if len(mask) == rows else mask[..., :seen],
            scale=scaling,
        )
    return found.reshape(rows, heads, new, size).transpose(1, 2), None


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)  # for passes over whole dialogues while a sampler is open


class RowCache:
    """Keys and values of rows; what is written comes from one forward pass at a time.

    Args:
        model: Whose keys and values it holds.
        rows: How many dialogues, at least 1.
        length: Tokens of the longest, at least 1.
    """

    def __init__(self, model: PreTrainedModel, rows: int, length: int) -> None:
        config = model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        shape = (rows, heads, length, size)
        self.length = length
        self.rows = rows
        self._keys = [
            torch.zeros(shape, dtype=model.dtype, device=model.device) for _ in range(config.num_hidden_layers)
        ]
        self._values = [torch.zeros_like(one) for one in self._keys]
        self._chosen: torch.Tensor | None = None
        self._positions = torch.zeros(0)
        self._seen = 0

    def aim(self, chosen: torch.Tensor | None, positions: torch.Tensor) -> None:
        """Where the next forward pass writes.

        Args:
            chosen: Numbers of the rows; None for all of them in order.
            positions: [rows, new], where each row's new tokens stand.
        """
        self._chosen, self._positions = chosen, positions
        self._seen = int(positions.max()) + 1

    def keep(self, rows: torch.Tensor) -> None:
        """Keep some rows, in this order, and no others."""
        self._keys = [one[rows] for one in self._keys]
        self._values = [one[rows] for one in self._values]
        self.rows = len(rows)

    def grow(self, rows: int) -> None:
        """Add empty rows until there are so many."""
        more = rows - self.rows
        self._keys = [torch.cat((one, one.new_zeros(more, *one.shape[1:]))) for one in self._keys]
        self._values = [torch.cat((one, one.new_zeros(more, *one.shape[1:]))) for one in self._values]
        self.rows = rows

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write a layer's new keys and values, [rows, heads, new, size]; all that the rows have seen comes back."""
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        count, _heads, new, _size = key_states.shape
        chosen = torch.arange(count, device=keys.device) if self._chosen is None else self._chosen
        place = (chosen[:, None].expand(count, new), slice(None), self._positions)
        keys[place] = key_states.transpose(1, 2)
        values[place] = value_states.transpose(1, 2)
        if self._chosen is None:
            return keys[:count, :, : self._seen], values[:count, :, : self._seen]
        return keys[chosen, :, : self._seen], values[chosen, :, : self._seen]

    def get_seq_length(self, *_: Any) -> int:
        """How many tokens the longest row of the pass has."""
        return self._seen


def _parts(start: torch.Tensor) -> list[tuple[int, int, int]]:
    """Rows that are next to each other, and how many tokens these have seen at most, the new one included."""
    lengths = start.tolist()
    return [
        (first, min(first + TOGETHER, len(lengths)), max(lengths[first : first + TOGETHER]) + 1)
        for first in range(0, len(lengths), TOGETHER)
    ]


_PROBE = (1, 2, 3, 1)
_CHECKED: WeakSet[PreTrainedModel] = WeakSet()
_UNFIT = (
    "{} cannot be sampled from in rows: what it says is not its decoder's output through its head, or it has another "
    "attention than that over keys and values; choose a model such as Llama or Qwen3"
)


def _plain(model: PreTrainedModel) -> torch.Tensor:
    """The logits behind some tokens as the model itself gives them, [vocabulary]."""
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=torch.tensor([_PROBE], device=model.device), use_cache=False).logits
    return logits[0, -1].float()


class Forward:
    """Forward passes of a model over a cache of rows, for the time of a ``with`` statement.

    Args:
        model: A causal language model whose attention can be chosen; it is set to evaluation.
        rows: How many dialogues at once, at least 1.
        length: Tokens of the longest, at least 1.

    Raises:
        DataError: If the model has no attention; and when it is entered for the first time, if passes over rows do not
            give what the model itself says.
    """

    def __init__(self, model: PreTrainedModel, rows: int, length: int) -> None:
        if not hasattr(model.config.get_text_config(), "num_attention_heads"):
            raise DataError(f"{_UNFIT.format(type(model).__name__)}: it has no heads of attention")
        self.model = model
        self.cache = RowCache(model, rows, length)
        accepted = inspect.signature(model.forward).parameters
        self._name = "cache" if "cache" in accepted else "past_key_values"
        inner = inspect.signature(model.get_decoder().forward).parameters.values()
        takes_more = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in inner)
        self._in_parts = takes_more and model.device.type == "cpu"  # a chip reads memory fast, and starts work slowly

    def __enter__(self) -> Forward:
        self._training = self.model.training
        self._attention = self.model.config._attn_implementation
        self.model.eval()
        plain = None if self.model in _CHECKED else _plain(self.model)
        self.model.set_attn_implementation(ATTENTION)
        if plain is not None:
            self._check(plain)
        return self

    def _check(self, plain: torch.Tensor) -> None:
        """Whether passes over rows give what the model itself says."""
        row, own = torch.tensor([0]), self.cache
        self.cache = RowCache(self.model, 1, len(_PROBE))
        try:
            Forward.__call__(self, torch.tensor([_PROBE[:-1]]), row, None, row)
            found = Forward.__call__(self, torch.tensor([_PROBE[-1:]]), row + len(_PROBE) - 1, None, row)[0]
        except (AttributeError, IndexError, RuntimeError, TypeError) as error:
            self.__exit__()
            raise DataError(f"{_UNFIT.format(type(self.model).__name__)}: {error}") from error
        finally:
            self.cache = own
        if not torch.allclose(found, plain, atol=0.1 * float(plain.abs().max())):
            self.__exit__()
            far = float((found - plain).abs().max())
            raise DataError(f"{_UNFIT.format(type(self.model).__name__)}: logits differ by up to {far:.3g}")
        _CHECKED.add(self.model)

    def __exit__(self, *_: object) -> None:
        self.model.set_attn_implementation(self._attention)
        self.model.train(self._training)

    def __call__(
        self, tokens: torch.Tensor, start: torch.Tensor, last: torch.Tensor | None, rows: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Feed tokens; returns the logits behind one token a row, [rows, vocabulary], in 32 bits.

        Args:
            tokens: [rows, new]; what stands behind a row's last one may be anything.
            start: [rows], where each row's first token stands.
            last: [rows], which of the new tokens is each row's last one; None: the only one.
            rows: Numbers of the rows in the cache; None for all of them in order.
        """
        with torch.inference_mode(), flushed():
            device = self.model.device
            new = tokens.shape[1]
            positions = (start[:, None] + torch.arange(new, device=start.device)).clamp_(max=self.cache.length - 1)
            positions = positions.to(device)
            self.cache.aim(None if rows is None else rows.to(device), positions)
            seen = torch.arange(self.cache.get_seq_length(), device=device)
            unseen = (seen[None, None] > positions[:, :, None])[:, None]
            mask = torch.zeros(unseen.shape, dtype=self.model.dtype, device=device).masked_fill_(unseen, -torch.inf)
            body = self.model.get_decoder()
            out = body(
                input_ids=tokens.to(device),
                attention_mask=mask,
                position_ids=positions,
                use_cache=True,
                **{self._name: self.cache},
                **({"parts": _parts(start)} if self._in_parts and rows is None and new == 1 else {}),
            )
            hidden = out.last_hidden_state
            at = hidden[:, -1] if last is None else hidden[torch.arange(len(tokens), device=device), last.to(device)]
            head = self.model.get_output_embeddings()
            logits: torch.Tensor = head(at).float()
            return logits
