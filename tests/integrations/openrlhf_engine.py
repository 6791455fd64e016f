"""An engine for OpenRLHF's executor on a CPU: it answers as vLLM does, with the model of one of our policies."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from toolgym_trainers.policies.policy import Policy


@dataclass
class SamplingParams:
    """What OpenRLHF's executor reads and writes of vLLM's class of that name."""

    max_tokens: int | None = 160
    logprobs: int | None = 1
    temperature: float = 1.0


class TinyEngine:
    """Samples token by token.

    Args:
        policy: Whose model.
        seed: Of all that is sampled.
        shows_end: Whether the text holds the sign that ended the message; vLLM's does not.
    """

    def __init__(self, policy: Policy, seed: int = 0, *, shows_end: bool = False) -> None:
        self.policy = policy
        self.shows_end = shows_end
        self.calls: list[tuple[int, int]] = []
        """The length of each prompt, and how many tokens were asked for."""
        self._generator = torch.Generator().manual_seed(seed)

    async def generate(self, tokens: list[int], params: SamplingParams, multi_modal_data: Any = None) -> Any:
        """One message."""
        await asyncio.sleep(0)
        params = deepcopy(params)
        assert params.max_tokens is not None
        self.calls.append((len(tokens), params.max_tokens))
        made, logprobs = self._sample(tokens, params.max_tokens)
        ended = made[-1] == self.policy.codec.format.end
        shown = made[:-1] if ended and not self.shows_end else made
        output = SimpleNamespace(
            token_ids=made,
            text=self.policy.tokenizer.decode(shown, skip_special_tokens=False),
            logprobs=[{token: SimpleNamespace(logprob=one)} for token, one in zip(made, logprobs, strict=True)],
            finish_reason="stop" if ended else "length",
        )
        return SimpleNamespace(outputs=[output])

    @torch.no_grad()
    def _sample(self, tokens: list[int], most: int) -> tuple[list[int], list[float]]:
        made: list[int] = []
        logprobs: list[float] = []
        new, past = tokens, None
        for _ in range(most):
            found = self.policy.model(torch.tensor([new]), past_key_values=past, use_cache=True)
            past = found.past_key_values
            known = torch.log_softmax(found.logits[0, -1], -1)
            token = int(torch.multinomial(known.exp(), 1, generator=self._generator))
            made.append(token)
            logprobs.append(float(known[token]))
            if token == self.policy.codec.format.end:
                break
            new = [token]
        return made, logprobs


class WrittenEngine(TinyEngine):
    """Gives what a test has written, in order, and samples nothing."""

    def __init__(self, policy: Policy, written: list[list[int]]) -> None:
        super().__init__(policy)
        self._written = list(written)

    def _sample(self, tokens: list[int], most: int) -> tuple[list[int], list[float]]:
        made = self._written.pop(0)[:most]
        return made, [-1.0] * len(made)
