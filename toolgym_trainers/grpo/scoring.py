"""Log-probabilities of the tokens that a policy made, computed again from whole dialogues in padded batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from toolgym_trainers.record import RolloutRecord

T = TypeVar("T")


@dataclass(frozen=True)
class Scores:
    """What a model makes of the tokens that a policy made, those of one record behind those of another.

    Args:
        logprobs: Log-probability of each token at its record's temperature, of shape (tokens made,), float32.
        log_distribution: That of every token that could have stood there, of shape (tokens made, vocabulary), float32.
    """

    logprobs: torch.Tensor
    log_distribution: torch.Tensor


def batches(items: Sequence[T], length: Callable[[T], int], tokens_per_batch: int) -> Iterator[list[int]]:
    """The places of all items, longest first, in batches that hold no more tokens, padding included, than they may.

    Args:
        items: What to divide.
        length: The tokens of one of them.
        tokens_per_batch: Longest length times number of items, at most; an item that is longer goes alone.

    Example:
        >>> list(batches(["aaaa", "a", "aaa", "aa"], len, tokens_per_batch=8))
        [[0, 2], [3, 1]]
    """
    order = sorted(range(len(items)), key=lambda place: -length(items[place]))
    while order:
        size = max(1, tokens_per_batch // max(1, length(items[order[0]])))
        yield order[:size]
        order = order[size:]


def score(model: Any, records: Sequence[RolloutRecord], bf16: bool = False) -> Scores:
    """One pass of a model over whole dialogues, with logits only where the policy made a token.

    Args:
        model: A causal language model of Hugging Face, PEFT's around one included. Its mode (training or not) is left
            as it is; for the policy that played, dropout must be off.
        records: At least one; their temperatures may differ, and are more than 0.
        bf16: Whether it computes in bfloat16 (autocast) up to the logits.
    """
    device = next(model.parameters()).device
    parts = [(one, slice(start, end)) for one in records for start, end in one.sequences]
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(one.tokens[at]) for one, at in parts], batch_first=True)
    lengths = torch.tensor([at.stop - at.start for _, at in parts])
    attention_mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
    masks = [torch.tensor(one.mask[at]) for one, at in parts]
    rows, columns = torch.nn.utils.rnn.pad_sequence(masks, batch_first=True).nonzero(as_tuple=True)
    temperatures = torch.tensor([one.temperature for one, _ in parts])[rows].to(device)
    chosen = tokens[rows, columns].to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
        logits = _logits_at(
            model, tokens.to(device), attention_mask.to(device), rows.to(device), columns.to(device) - 1
        )
    log_distribution = torch.log_softmax(logits.float() / temperatures[:, None], dim=-1)
    return Scores(log_distribution.gather(1, chosen[:, None]).squeeze(1), log_distribution)


def logprobs_of(
    model: Any, records: Sequence[RolloutRecord], tokens_per_batch: int, bf16: bool = False
) -> list[torch.Tensor]:
    """The log-probabilities of the tokens that a policy made, at the temperature of sampling, without gradients.

    Args:
        model: As for :func:`score`. It computes as if not in training, and is given back as it was.
        records: The records, in any order.
        tokens_per_batch: Tokens, padding included, that go through the model at a time, at least 1.
        bf16: Whether it computes in bfloat16 up to the logits.

    Returns:
        For each record, a tensor of shape (tokens made,), on the model's device.
    """
    found: dict[int, torch.Tensor] = {}
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for places in batches(records, lambda record: record.padded, tokens_per_batch):
                scores = score(model, [records[place] for place in places], bf16)
                parts = scores.logprobs.split([records[place].made for place in places])
                found |= zip(places, parts, strict=True)
    finally:
        model.train(was_training)
    return [found[place] for place in range(len(records))]


def _logits_at(
    model: Any, tokens: torch.Tensor, attention_mask: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
) -> torch.Tensor:
    """The model's logits at some places only, of shape (places, vocabulary).

    The logits of all places would be most of the memory. What the model does before and behind its head is its own
    affair (soft caps, scales), so its forward is left whole, and its head is given the hidden states of the places.
    """
    head = model.get_output_embeddings()
    given: list[tuple[int, ...]] = []

    def only_there(_: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        given.append(tuple(inputs[0].shape[:2]))
        return (inputs[0][rows, columns].unsqueeze(0),)

    hook = None if head is None else head.register_forward_pre_hook(only_there)
    try:
        logits = model(input_ids=tokens, attention_mask=attention_mask, use_cache=False).logits
    finally:
        if hook is not None:
            hook.remove()
    if not given:  # a model that multiplies with its head's weights itself
        return logits[rows, columns]
    return logits.squeeze(0)
