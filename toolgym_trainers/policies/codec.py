"""How a policy reads and writes: its tokenizer, its chat template, and what it sees. It needs no weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.views import View
from toolgym.views.spelling import SLOT
from toolgym.views.view import FILE
from toolgym_trainers.policies.chat_format import CHATML, ChatFormat
from toolgym_trainers.policies.native_format import NativeFormat
from toolgym_trainers.policies.shipped import folder_of
from toolgym_trainers.policies.transcript import NativeTranscript, Transcript, ViewTranscript

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SIGNS = frozenset(["<|im_start|>", "<|im_end|>"])


@dataclass
class Codec:
    """How a policy reads and writes.

    Args:
        tokenizer: Its tokenizer. With a view of texts its chat template writes each message by itself
            (:class:`~toolgym_trainers.policies.chat_format.ChatFormat`), with a native view also tools, calls
            and outputs (:class:`~toolgym_trainers.policies.native_format.NativeFormat`).
        view: What it sees.

    Raises:
        DataError: If the chat template cannot be taken apart.
    """

    tokenizer: PreTrainedTokenizerBase
    view: View
    format: ChatFormat | NativeFormat = field(init=False)

    def __post_init__(self) -> None:
        self.format = NativeFormat(self.tokenizer) if self.view.native else ChatFormat(self.tokenizer)

    @cached_property
    def slots(self) -> Mapping[str, int]:
        """The tokens that are slots, by their aliases; empty where the view has none."""
        if self.view.name != "slots":
            return {}
        vocabulary = self.tokenizer.get_vocab()
        return {token[1:-1]: number for token, number in vocabulary.items() if SLOT.fullmatch(token)}

    def allowed(self, transcript: Transcript) -> list[int] | None:
        """The slots that may be written in a dialogue: those that stand for something; None where there are none.

        Args:
            transcript: The dialogue.
        """
        slots = self.slots
        return [slots[alias] for alias in transcript.aliases if alias in slots] if slots else None

    def transcript(self, domain: Domain, tools: Sequence[Mapping[str, Any]]) -> Transcript:
        """A new dialogue in tokens.

        Args:
            domain: The domain.
            tools: The assistant's tools, in OpenAI's function format.

        Raises:
            DataError: If the view is one of slots that does not know the domain's tools.
        """
        if isinstance(self.format, NativeFormat):
            return NativeTranscript(self.format, domain, tools, strip=self.view.name == "native-strip")
        return ViewTranscript(self.format, self.view.open(domain, tools))


def load_codec(source: str | Path, *, view: View | None = None) -> Codec:
    """How the policy in a folder, or on the hub, reads and writes.

    A model that was never trained here has no view of its own: it gets a compact one. Where its own chat template
    cannot be taken apart and it knows ChatML's signs, it gets ChatML instead, with tools as Hermes models write them
    where the view is native.

    Args:
        source: The folder, a name such as ``"HuggingFaceTB/SmolLM2-135M-Instruct"``, or ``"tiny"``.
        view: What it sees; by default what its folder says.

    Raises:
        DataError: If there is no such tokenizer, or its chat template cannot be taken apart.
    """
    from transformers import AutoTokenizer

    source = folder_of(source)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise DataError(
            f"no tokenizer can be loaded from {str(source)!r}: {error}; give the folder of a Hugging Face model, or "
            "its name on the hub"
        ) from error
    if view is None:
        view = View.load(Path(source)) if (Path(source) / FILE).is_file() else View("compact")
    try:
        return Codec(tokenizer, view)
    except DataError:
        if _SIGNS - set(tokenizer.get_vocab()):
            raise
        tokenizer.chat_template = hermes() if view.native else CHATML
        return Codec(tokenizer, view)


def hermes() -> str:
    """A chat template for models that know ChatML: tools and calls as Hermes models write them, and thoughts stay."""
    file = files("toolgym_trainers.policies") / "templates" / "hermes.jinja"
    return file.read_text(encoding="utf-8").rstrip("\n")
