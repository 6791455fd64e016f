"""Policies that are small enough for tests, and what they play in."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from toolgym import make_domain, make_user
from toolgym.episode.conversation import ConversationParts
from toolgym.limits import Limits
from toolgym.messages import Message, ToolCall
from toolgym.rewards import build_reward
from toolgym.views import View
from toolgym_trainers.bootstrap import BootstrapSettings, new_tiny
from toolgym_trainers.policies.chat_format import CHATML
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.tiny import TinySettings
from toolgym_trainers.sft import SFTSettings

SMALL = TinySettings(width=32, layers=2, heads=4, key_heads=2, inner=48, context=512, induction=False)
SETTINGS = BootstrapSettings(
    sft=SFTSettings(demonstrations=32, batch=4, learning_rate=3e-3, warmup=2, longest=500),
    wordings=(),
    save_every=2,
    vocabulary=20,
)


def tiny_policy(dtype: torch.dtype = torch.float32, **changes: Any) -> Policy:
    """A random policy from scratch that knows the words of the mock domain."""
    policy = new_tiny(make_domain("mock"), SETTINGS, SMALL.model_copy(update=changes))
    policy.model.to(dtype)
    return policy


def mock_parts(limits: Limits | None = None) -> ConversationParts:
    """Conversations of the mock domain with its scripted user."""
    return ConversationParts(
        make_domain("mock"), make_user("scripted"), build_reward("raft"), limits=limits or Limits.training()
    )


@cache
def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer of bytes, with ChatML's signs and its template."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    signs = ["<|im_start|>", "<|im_end|>"]
    core = Tokenizer(models.BPE({token: place for place, token in enumerate([*signs, *letters])}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=signs[1], additional_special_tokens=signs)
    tokenizer.chat_template = CHATML
    return tokenizer


def byte_policy(**changes: Any) -> Policy:
    """A random policy that reads and writes bytes, and sees the compact view."""
    from small_models import small_model

    tokenizer = byte_tokenizer()
    model = small_model(vocab_size=len(tokenizer), max_position_embeddings=2048, **changes)
    return Policy(model, tokenizer, View("compact"), "bytes")


def hears(*texts: str) -> list[Message]:
    """What users and tools say, in turn."""
    return [Message("tool" if number % 2 else "user", text) for number, text in enumerate(texts)]


def calls(name: str, **arguments: Any) -> Message:
    """A message that calls a tool."""
    return Message("assistant", None, (ToolCall(name, arguments, "call_0"),))
