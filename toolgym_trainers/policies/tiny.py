"""A policy from scratch: a small Llama or Qwen3 over words and slots, in an ordinary Hugging Face folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from toolgym.domain import Domain
from toolgym.rendering import LOOKALIKE
from toolgym.views import View
from toolgym.views.spelling import LINE, SLOTS_OF_A_KIND, words_of
from toolgym_trainers.policies.induction import set_up_induction
from toolgym_trainers.policies.policy import Policy

PAD, UNKNOWN, END = "<pad>", "<unknown>", "<end>"
ROLE_SIGNS = ("<user>", "<assistant>", "<tool>")
TEMPLATE = (
    "{% for message in messages %}{{ '<' + message['role'] + '> ' + message['content'] + ' <end> ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant> ' }}{% endif %}"
)
LEAST = 5
"""How often a word must stand in the demonstrations to be in the vocabulary."""


class TinySettings(BaseModel):
    """The size of a policy from scratch.

    Args:
        architecture: ``"llama"`` or ``"qwen3"``.
        width: Of a token's vector; a multiple of the heads.
        layers: How many.
        heads: Of attention in each layer.
        key_heads: Of keys and values, a divisor of the heads.
        inner: Of the feed-forward layers.
        context: Tokens of a dialogue.
        rope_theta: The base of the rotations by which positions are told; a large one leaves many dimensions in which
            tokens can be compared over a whole dialogue.
        induction: Whether it begins with weights by which it can look things up, see
            :mod:`toolgym_trainers.policies.induction`; a Llama alone can.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Literal["llama", "qwen3"] = "llama"
    width: int = Field(default=128, ge=8)
    layers: int = Field(default=4, ge=1)
    heads: int = Field(default=4, ge=1)
    key_heads: int = Field(default=2, ge=1)
    inner: int = Field(default=256, ge=8)
    context: int = Field(default=1280, ge=64)
    rope_theta: float = Field(default=1e8, gt=1)
    induction: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> TinySettings:
        if self.width % self.heads or self.heads % self.key_heads:
            raise ValueError(
                f"width must be a multiple of heads, and heads of key_heads, got {self.width}, {self.heads} and "
                f"{self.key_heads}"
            )
        if self.induction and self.architecture != "llama":
            raise ValueError(f"induction needs the architecture 'llama', got {self.architecture!r}; choose one")
        return self


def vocabulary(domain: Domain, texts: Iterable[str], *, least: int = LEAST) -> frozenset[str]:
    """The words of a view of slots: those that stand often enough in the plain parts of what is shown.

    Args:
        domain: The domain; its tools' names are among the words.
        texts: Texts in which every name of a kind that can be told by its form is left out.
        least: How often a word must stand there, at least 1.
    """
    count: Counter[str] = Counter()
    for text in texts:
        count.update(words_of(text))
    tools = domain.toolkits["assistant"].tools
    return frozenset(
        {word for word, times in count.items() if times >= least} | set(tools) | {LINE, "/", "|", "-", ","}
    )


def tokenizer_of(domain: Domain, words: Iterable[str]) -> PreTrainedTokenizerFast:
    """The tokenizer of a policy over words and slots: every word and every slot is one token."""
    letters = [kind.letter for kind in domain.rendering.kinds] + [LOOKALIKE]
    if "N" not in letters:
        letters.append("N")
    slots = [f"<{letter}{number}>" for letter in sorted(letters) for number in range(1, SLOTS_OF_A_KIND + 1)]
    tokens = list(dict.fromkeys([PAD, UNKNOWN, END, *ROLE_SIGNS, *slots, *sorted(words)]))
    core = Tokenizer(models.WordLevel({token: place for place, token in enumerate(tokens)}, unk_token=UNKNOWN))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token=PAD, unk_token=UNKNOWN, eos_token=END, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_tiny(domain: Domain, words: frozenset[str], settings: TinySettings | None = None, *, seed: int = 0) -> Policy:
    """A policy with random weights.

    Args:
        domain: The domain whose words and slots it knows.
        words: The vocabulary, as :func:`vocabulary` gives it.
        settings: Its size.
        seed: Of the weights, at least 0.
    """
    settings = settings or TinySettings()
    tokenizer = tokenizer_of(domain, words)
    end = tokenizer.convert_tokens_to_ids(END)
    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": settings.width,
        "num_hidden_layers": settings.layers,
        "num_attention_heads": settings.heads,
        "num_key_value_heads": settings.key_heads,
        "head_dim": settings.width // settings.heads,
        "intermediate_size": settings.inner,
        "max_position_embeddings": settings.context,
        "tie_word_embeddings": True,
        "bos_token_id": None,
        "eos_token_id": end,
        "pad_token_id": tokenizer.convert_tokens_to_ids(PAD),
        "initializer_range": 0.02,
        "rope_parameters": {"rope_type": "default", "rope_theta": settings.rope_theta},
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # transformers draws from torch's own generator alone
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(settings.architecture, **shape))
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    weight.normal_(std=0.02 / (2 * settings.layers) ** 0.5)
    if settings.induction:
        set_up_induction(model, np.random.default_rng(seed))
    return Policy(model, tokenizer, View("slots", words), "tiny")
