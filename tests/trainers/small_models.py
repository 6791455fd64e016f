"""A random language model that is small enough for tests, and what it plays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from rollout_records import RECORD
from transformers import LlamaConfig, LlamaForCausalLM

from toolgym_trainers.record import RolloutRecord, Turn

VOCABULARY = 16


def small_model(seed: int = 0, **changes: Any) -> LlamaForCausalLM:
    """A random Llama with two layers; the caller's random state stays as it was."""
    shape = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 2,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(LlamaConfig(**{**shape, **changes})).eval()


def near(model: Any, seed: int, share: float = 0.03) -> LlamaForCausalLM:
    """A model whose weights are those of another, and a share of random ones."""
    found = small_model(seed, initializer_range=model.config.initializer_range)
    with torch.no_grad():
        for mine, theirs in zip(found.parameters(), model.parameters(), strict=True):
            mine.mul_(share).add_(theirs, alpha=1 - share)
    return found


def plain_logprobs(model: Any, tokens: Sequence[int], temperature: float) -> torch.Tensor:
    """Log-probability of each token but the first, of shape (tokens - 1,): one dialogue, all logits, no padding."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([tokens])).logits[0, :-1].float() / temperature
    return torch.log_softmax(logits, -1)[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])]


def recorded(
    model: Any, tokens: Sequence[int], spans: Sequence[tuple[int, int, float]], **changes: Any
) -> RolloutRecord:
    """A record of a dialogue, with log-probabilities from a model; a span is start, end and reward of a turn."""
    temperature = changes.get("temperature", 1.0)
    plain, sampled = plain_logprobs(model, tokens, 1.0), plain_logprobs(model, tokens, temperature or 1.0)
    turns = tuple(
        Turn(
            start,
            end,
            tuple(plain[start - 1 : end - 1].tolist()),
            None if temperature in (0, 1) else tuple(sampled[start - 1 : end - 1].tolist()),
            reward,
            "…",
            "call",
        )
        for start, end, reward in spans
    )
    total = sum(turn.reward for turn in turns)
    given = {"reward": total, "reward_terms": {"sum": total}, "success": total > 0}
    return replace(RECORD, tokens=tuple(tokens), turns=turns, **{**given, **changes})


def dialogues(model: Any, groups: int = 3, trials: int = 4, seed: int = 0, **changes: Any) -> list[RolloutRecord]:
    """Records of random dialogues of several turns and lengths, in groups, with rewards in every turn."""
    generator = np.random.default_rng(seed)
    found = []
    for group in range(groups):
        for trial in range(trials):
            spans, end = [], 0
            for _ in range(int(generator.integers(1, 4))):
                start = end + int(generator.integers(1, 5))
                end = start + int(generator.integers(1, 6))
                spans.append((start, end, float(generator.normal())))
            tokens = generator.integers(0, VOCABULARY, end + int(generator.integers(0, 4))).tolist()
            found.append(recorded(model, tokens, spans, group=str(group), trial=trial, **changes))
    return found


def play_bandit(
    model: Any, reward: Callable[[int], float], generator: torch.Generator, groups: int = 4, trials: int = 16
) -> list[RolloutRecord]:
    """Trials of a game of one move: after the tokens 3 and 4, any token, which pays at once."""
    with torch.no_grad():
        chances = torch.softmax(model(input_ids=torch.tensor([[3, 4]])).logits[0, -1].float(), -1)
    moves = torch.multinomial(chances, groups * trials, replacement=True, generator=generator).tolist()
    made = {move: recorded(model, [3, 4, move], [(2, 3, 0.0)]) for move in set(moves)}
    found = []
    for number, move in enumerate(moves):
        paid = reward(move)
        turns = (replace(made[move].turns[0], reward=paid),)
        given = {"reward": paid, "reward_terms": {"sum": paid}, "success": paid > 0, "trial": number % trials}
        found.append(replace(made[move], turns=turns, group=str(number // trials), **given))
    return found


def chance(model: Any, move: int) -> float:
    """The probability of a move in that game."""
    return float(plain_logprobs(model, [3, 4, move], 1.0)[-1].exp())
