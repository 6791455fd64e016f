"""A policy: a causal language model, its tokenizer and what it sees, in one ordinary Hugging Face folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from toolgym.errors import DataError
from toolgym.views import View
from toolgym_trainers.policies.codec import Codec, load_codec
from toolgym_trainers.policies.lora import LoraSettings, add_adapter, merged
from toolgym_trainers.policies.shipped import folder_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass
class Policy:
    """What writes the assistant's messages.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer; see :class:`~toolgym_trainers.policies.codec.Codec`.
        view: What it sees.
        name: What records call it.

    Raises:
        DataError: If the chat template cannot be taken apart.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    view: View
    name: str = ""
    codec: Codec = field(init=False)

    def __post_init__(self) -> None:
        self.codec = Codec(self.tokenizer, self.view)

    @property
    def context(self) -> int:
        """Tokens that a dialogue may have."""
        return int(self.model.config.get_text_config().max_position_embeddings)

    def adapt(self, settings: LoraSettings, *, seed: int = 0) -> None:
        """Have matrices beside its own trained, and nothing else.

        Args:
            settings: The settings.
            seed: Of the matrices, at least 0.

        Raises:
            DataError: If the model has no layers of these names.
            MissingExtraError: If peft is not installed.
        """
        try:
            self.model = add_adapter(self.model, settings, seed=seed)
        except ValueError as error:
            names = sorted({name.rpartition(".")[2] for name, one in self.model.named_modules() if _is_linear(one)})
            raise DataError(f"lora: {str(error).splitlines()[0]}; its linear layers are {', '.join(names)}") from error

    def save(self, folder: Path) -> None:
        """Write it as an ordinary Hugging Face folder that says what it sees.

        What an adapter adds is put into the model's own weights first, and the policy has no adapter any more.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.model = merged(self.model)
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        self.view.save(folder)


def load_policy(
    source: str | Path,
    *,
    view: View | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | Literal["auto"] | None = None,
    trained: bool = False,
) -> Policy:
    """A policy from a folder, or from the hub by name.

    A model that was never trained here has no view of its own: it gets a compact one, and ChatML where its own chat
    template cannot be taken apart and it knows ChatML's signs.

    Args:
        source: The folder, a name such as ``"HuggingFaceTB/SmolLM2-135M-Instruct"``, or ``"tiny"``, which comes with
            the package.
        view: What it sees; by default what its folder says.
        device: Where it runs.
        dtype: Its numbers; by default 32 bits on a CPU, bfloat16 on a chip that has it; ``"auto"`` for those of its
            files.
        trained: Whether all of its weights are to be trained: by default they have 32 bits then, as small changes are
            lost in bfloat16.

    Raises:
        DataError: If there is no such model, or its chat template cannot be taken apart.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of reading and writing weights: whoever trains has one of its own
    source = folder_of(source)
    place = torch.device(device)
    if dtype is None:
        short = not trained and place.type == "cuda" and torch.cuda.is_bf16_supported()
        dtype = torch.bfloat16 if short else torch.float32
    try:
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
    except (OSError, ValueError) as error:
        raise DataError(
            f"no policy can be loaded from {str(source)!r}: {error}; give the folder of a Hugging Face model, or its "
            "name on the hub"
        ) from error
    codec = load_codec(source, view=view)
    return Policy(model.to(place), codec.tokenizer, codec.view, str(source))


def _is_linear(module: object) -> bool:
    from torch.nn import Linear

    return isinstance(module, Linear)
