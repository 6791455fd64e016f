"""Forward passes over rows at positions of their own give what a pass over each whole dialogue gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import AutoConfig, AutoModelForCausalLM

from toolgym.errors import DataError
from toolgym_trainers.policies.cache import ATTENTION, Forward

VOCABULARY = 31


def model_of(kind: str, heads: int, key_heads: int) -> Any:
    """A random model with two layers."""
    config = AutoConfig.for_model(
        kind,
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        head_dim=8,
        max_position_embeddings=64,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return AutoModelForCausalLM.from_config(config).eval()


KINDS = [("llama", 4, 2), ("llama", 4, 4), ("llama", 4, 1), ("qwen3", 4, 2), ("qwen3", 8, 2)]


class Rows:
    """Dialogues in rows of a cache, and what a plain pass says of them."""

    def __init__(self, model: Any, forward: Forward, count: int) -> None:
        self.model, self.forward = model, forward
        self.tokens: list[list[int]] = [[] for _ in range(count)]
        self.generator = torch.Generator().manual_seed(5)
        self.worst = 0.0

    def draw(self, count: int) -> list[int]:
        """Tokens at random."""
        return torch.randint(0, VOCABULARY, (count,), generator=self.generator).tolist()

    def read(self, places: Sequence[int], counts: Sequence[int]) -> None:
        """Some rows read pieces of different lengths."""
        start = torch.tensor([len(self.tokens[place]) for place in places])
        new = [self.draw(count) for count in counts]
        batch = torch.zeros(len(places), max(counts), dtype=torch.long)
        for line, one in zip(batch, new, strict=True):
            line[: len(one)] = torch.tensor(one)
        logits = self.forward(batch, start, torch.tensor(counts) - 1, torch.tensor(places))
        for place, one in zip(places, new, strict=True):
            self.tokens[place] += one
        self.compare(places, logits)

    def write(self, places: Sequence[int], *, gather: bool) -> None:
        """Some rows get a token each; without gathering all are computed, also those that wait."""
        new = self.draw(len(places))
        if gather:
            start = torch.tensor([len(self.tokens[place]) for place in places])
            logits = self.forward(torch.tensor(new)[:, None], start, None, torch.tensor(places))
        else:
            batch = torch.zeros(len(self.tokens), 1, dtype=torch.long)
            batch[list(places), 0] = torch.tensor(new)
            start = torch.tensor([len(one) for one in self.tokens])
            logits = self.forward(batch, start, None)[list(places)]
        for place, one in zip(places, new, strict=True):
            self.tokens[place].append(one)
        self.compare(places, logits)

    def compare(self, places: Sequence[int], logits: Any) -> None:
        """The largest difference to a plain pass over each whole dialogue."""
        for place, mine in zip(places, logits, strict=True):
            with torch.no_grad():
                plain = plain_logits(self.model, self.tokens[place])
            self.worst = max(self.worst, float((mine - plain).abs().max()))


def plain_logits(model: Any, tokens: Sequence[int]) -> Any:
    """The logits behind a dialogue, by transformers' own attention."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    found = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1]
    model.set_attn_implementation(before)
    return found


@pytest.mark.parametrize(("kind", "heads", "key_heads"), KINDS)
def test_rows_of_different_lengths_that_join_and_leave_see_what_a_plain_pass_sees(
    kind: str, heads: int, key_heads: int
) -> None:
    model = model_of(kind, heads, key_heads)
    with Forward(model, 3, 64) as forward:
        rows = Rows(model, forward, 3)
        rows.read([0, 2], [7, 3])
        rows.write([0, 2], gather=True)
        rows.read([1], [5])
        for _ in range(4):
            rows.write([0, 1, 2], gather=False)
        rows.write([1], gather=False)
        rows.read([2, 0], [1, 9])
        rows.tokens[1] = []  # it left, and another dialogue has its row
        rows.read([1, 2], [2, 6])
        rows.write([0, 1], gather=False)
        forward.cache.grow(5)
        rows.tokens += [[], []]
        rows.read([4, 0], [11, 2])
        rows.write([0, 1, 2, 4], gather=False)
        forward.cache.keep(torch.tensor([4, 1]))
        rows.tokens = [rows.tokens[4], rows.tokens[1]]
        rows.write([0, 1], gather=False)
        rows.write([1], gather=True)
        rows.read([0], [64 - len(rows.tokens[0])])
        assert len(rows.tokens[0]) == 64
    assert rows.worst < 1e-4


@pytest.mark.parametrize(("kind", "heads", "key_heads"), KINDS)
def test_a_pass_over_whole_dialogues_while_a_sampler_is_open_looks_back_only(
    kind: str, heads: int, key_heads: int
) -> None:
    model = model_of(kind, heads, key_heads)
    tokens = torch.tensor([[3, 4, 5, 6, 7], [8, 9, 1, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    with torch.no_grad():
        plain, masked = (model(input_ids=tokens, attention_mask=one).logits for one in (None, mask))
        with Forward(model, 1, 8):
            assert model.config._attn_implementation == ATTENTION
            assert torch.allclose(model(input_ids=tokens).logits, plain, atol=1e-5)
            body = model.get_decoder()(input_ids=tokens, use_cache=False).last_hidden_state
            assert torch.allclose(model.get_output_embeddings()(body), plain, atol=1e-5)
            seen = model(input_ids=tokens, attention_mask=mask).logits
            assert torch.allclose(seen[mask.bool()], masked[mask.bool()], atol=1e-5)


def test_the_model_is_afterwards_as_it_was() -> None:
    model = model_of("llama", 4, 2).train()
    before = model.config._attn_implementation
    with Forward(model, 1, 8):
        assert not model.training
    assert model.training
    assert model.config._attn_implementation == before


def test_what_stands_in_a_row_that_another_dialogue_had_is_not_seen() -> None:
    model = model_of("llama", 4, 2)
    with Forward(model, 1, 32) as forward:
        row = torch.tensor([0])
        forward(torch.arange(1, 20)[None], torch.tensor([0]), None, row)
        again = forward(torch.tensor([[4, 5]]), torch.tensor([0]), None, row)[0]
    assert torch.allclose(again, plain_logits(model, [4, 5]), atol=1e-4)


@pytest.mark.parametrize(("kind", "changes"), [("granite", {"logits_scaling": 8.0}), ("mamba", {})])
def test_a_model_that_says_something_else_than_its_decoder_and_head_is_refused(
    kind: str, changes: dict[str, Any]
) -> None:
    config = AutoConfig.for_model(
        kind, vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=2, **changes
    )
    for name in ("num_attention_heads", "num_key_value_heads"):
        if hasattr(config, name):
            setattr(config, name, 4)
    config.initializer_range = 0.3
    model = AutoModelForCausalLM.from_config(config).eval()
    before = model.config._attn_implementation
    with pytest.raises(DataError, match=r"cannot be sampled from in rows.*Llama or Qwen3"):
        Forward(model, 1, 8).__enter__()
    assert model.config._attn_implementation == before
