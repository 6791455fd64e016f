"""How a policy learns to speak and act at all: supervised fine-tuning on a stream of fresh demonstrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from toolgym.domain import Domain
from toolgym.generators.demonstration import Demonstration
from toolgym.generators.demonstrator import wordings_of
from toolgym.generators.practice import stream_demonstrations
from toolgym.views.aliases import Tagger
from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.tiny import TinySettings, make_tiny, vocabulary
from toolgym_trainers.policies.transcript import Encoded, encode
from toolgym_trainers.sft import Optimizers, SFTFigures, SFTSettings, fine_tune

OPTIONS: Mapping[str, Mapping[str, Any]] = {"retail": {"figures": False}}
"""Options of the speakers by domain: what a small policy cannot work out, they leave unsaid."""
VOCABULARY_SEED = 1_000_000
"""Added to the seed for the demonstrations from which the vocabulary is taken."""


class BootstrapSettings(BaseModel):
    """Which demonstrations a policy learns from.

    Args:
        sft: How it learns.
        recoveries: The share of demonstrations that show how one recovers from a slip, in [0, 1].
        wordings: How the assistants speak, in turn; a domain whose oracle has no choice speaks as it does.
        seed: Of demonstrations and weights, at least 0.
        save_every: Steps between checkpoints, at least 1.
        vocabulary: From how many demonstrations the words of a policy from scratch are taken, at least 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sft: SFTSettings = SFTSettings()
    recoveries: float = Field(default=0.2, ge=0, le=1)
    wordings: tuple[str, ...] = ("terse",)
    seed: int = Field(default=0, ge=0)
    save_every: int = Field(default=100, ge=1)
    vocabulary: int = Field(default=2500, ge=1)


def bootstrap(
    domain: Domain,
    policy: Policy,
    settings: BootstrapSettings,
    folder: Path,
    *,
    seen: Callable[[SFTFigures], None] | None = None,
) -> int:
    """Train a policy on fresh demonstrations; a run that was interrupted goes on where it was saved last.

    Args:
        domain: The domain.
        policy: The policy, which is changed.
        settings: The settings.
        folder: Where checkpoints are kept while it lasts, and where the finished policy goes.
        seen: Called with the figures of each step.

    Returns:
        How many demonstrations were too long to be learned from.

    Raises:
        DataError: If a checkpoint there is of other settings.
        FloatingPointError: If a loss is not finite.
    """
    optimizers = Optimizers(policy.model, settings.sft)
    checkpoints = folder / "checkpoints"
    source = _Source(domain, policy, settings)
    start = 0
    if (latest := latest_checkpoint(checkpoints)) is not None:
        restored = load_checkpoint(latest, model=policy.model, optimizer=optimizers, generators={}, settings=settings)
        start, source.taken, source.left_out = restored.step, restored.extra["taken"], restored.extra["left_out"]

    def finished(figures: SFTFigures) -> None:
        step = figures.step + 1
        if step % settings.save_every == 0 or step == settings.sft.steps:
            save_checkpoint(
                checkpoints,
                model=policy.model,
                optimizer=optimizers,
                step=step,
                generators={},
                settings=settings,
                extra={"taken": source.taken, "left_out": source.left_out},
            )
        if seen is not None:
            seen(figures)

    fine_tune(policy.model, source.encoded(), settings.sft, optimizers=optimizers, start=start, seen=finished)
    policy.save(folder)
    return source.left_out


class _Source:
    """The demonstrations of a run, and how many were taken."""

    def __init__(self, domain: Domain, policy: Policy, settings: BootstrapSettings) -> None:
        self.domain, self.policy, self.settings = domain, policy, settings
        self.taken = 0
        self.left_out = 0

    def encoded(self) -> Iterator[Encoded]:
        for one in stream(self.domain, self.settings, self.settings.seed, start=self.taken):
            self.taken += 1
            found = encode(self.policy, self.domain, one.tools, one.view, one.slips)
            if len(found.tokens) <= self.settings.sft.longest and any(found.mask):
                yield found
            else:
                self.left_out += 1


def stream(domain: Domain, settings: BootstrapSettings, seed: int, *, start: int = 0) -> Iterator[Demonstration]:
    """The demonstrations that settings name."""
    return stream_demonstrations(
        domain,
        seed=seed,
        recoveries=settings.recoveries,
        wordings=settings.wordings if wordings_of(domain) else (),
        options=OPTIONS.get(domain.name),
        start=start,
    )


def new_tiny(domain: Domain, settings: BootstrapSettings, size: TinySettings | None = None) -> Policy:
    """A policy from scratch whose words are those of a domain's demonstrations."""
    shown = islice(stream(domain, settings, settings.seed + VOCABULARY_SEED), settings.vocabulary)
    words = vocabulary(domain, (text for one in shown for text in _plain(domain, one)))
    return make_tiny(domain, words, size, seed=settings.seed)


def _plain(domain: Domain, demonstration: Demonstration) -> Iterator[str]:
    """What a demonstration says in words that name nothing."""
    tagger, renderer = Tagger(domain.rendering.kinds), domain.rendering.renderer()
    called: dict[str | None, str] = {}
    names: set[str] = set()
    calls = [call for message in demonstration.view for call in message.tool_calls]
    for call in calls:
        called[call.id] = call.name
        for argument, value in call.arguments.items():
            if isinstance(value, str):
                if tagger.letter_of(argument):
                    names.add(value)
                else:
                    yield value
    for message in demonstration.view:
        if message.role == "system":
            continue
        text = message.content or ""
        if message.role == "tool":
            text = renderer.render(called.get(message.tool_call_id, ""), text, error=message.error)
        for piece in tagger.split(text):
            if not piece.letter:
                yield " ".join(
                    word for word in piece.text.replace("\n", " \n ").split(" ") if word.strip(".,!?:;") not in names
                )
