"""A policy: a causal language model, its tokenizer and what it sees, in one ordinary Hugging Face folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolgym.errors import DataError
from toolgym.views import View
from toolgym.views.spelling import SLOT
from toolgym.views.view import FILE
from toolgym_trainers.policies.chat_format import CHATML, ChatFormat

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass
class Policy:
    """What writes the assistant's messages.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer, whose chat template writes each message by itself; see
            :class:`~toolgym_trainers.policies.chat_format.ChatFormat`.
        view: What it sees.
        name: What records call it.

    Raises:
        DataError: If the chat template cannot be taken apart.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    view: View
    name: str = ""
    format: ChatFormat = field(init=False)

    def __post_init__(self) -> None:
        self.format = ChatFormat(self.tokenizer)

    @property
    def context(self) -> int:
        """Tokens that a dialogue may have."""
        return int(self.model.config.get_text_config().max_position_embeddings)

    @cached_property
    def slots(self) -> Mapping[str, int]:
        """The tokens that are slots, by their aliases; empty where the view has none."""
        if self.view.name != "slots":
            return {}
        vocabulary = self.tokenizer.get_vocab()
        return {token[1:-1]: number for token, number in vocabulary.items() if SLOT.fullmatch(token)}

    def save(self, folder: Path) -> None:
        """Write it as an ordinary Hugging Face folder that says what it sees."""
        folder.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        self.view.save(folder)


def load_policy(
    source: str | Path,
    *,
    view: View | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    adapter: Sequence[str] | None = None,
    rank: int = 16,
) -> Policy:
    """A policy from a folder, or from the hub by name.

    A model that was never trained here has no view of its own: it gets a compact one, and ChatML where its own chat
    template cannot be taken apart and it knows ChatML's signs.

    Args:
        source: The folder, or a name such as ``"HuggingFaceTB/SmolLM2-135M-Instruct"``.
        view: What it sees; by default what its folder says.
        device: Where it runs.
        dtype: Its numbers; by default 32 bits on a CPU, bfloat16 on a chip that has it.
        adapter: Names of linear layers to be trained by LoRA (peft) instead of the whole model, such as
            ``("q_proj", "v_proj")``.
        rank: The rank of those adapters, at least 1.

    Raises:
        DataError: If there is no such model, or its chat template cannot be taken apart.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of reading and writing weights: whoever trains has one of its own
    place = torch.device(device)
    if dtype is None:
        brain = place.type == "cuda" and torch.cuda.is_bf16_supported()
        dtype = torch.bfloat16 if brain else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
    except (OSError, ValueError) as error:
        raise DataError(
            f"no policy can be loaded from {str(source)!r}: {error}; give the folder of a Hugging Face model, or its "
            "name on the hub"
        ) from error
    folder = Path(source)
    if view is None:
        view = View.load(folder) if (folder / FILE).is_file() else View("compact")
    try:
        ChatFormat(tokenizer)
    except DataError:
        if {"<|im_start|>", "<|im_end|>"} - set(tokenizer.get_vocab()):
            raise
        tokenizer.chat_template = CHATML
    if adapter is not None:
        model = _adapted(model, adapter, rank)
    return Policy(model.to(place), tokenizer, view, str(source))


def _adapted(model: PreTrainedModel, adapter: Sequence[str], rank: int) -> PreTrainedModel:
    """A model whose adapters alone are trained."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ImportError("adapters need peft: pip install 'toolgym[train]'") from error
    settings = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(adapter), task_type="CAUSAL_LM")
    return get_peft_model(model, settings)
