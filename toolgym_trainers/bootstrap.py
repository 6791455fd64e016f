"""How a policy learns to speak and act at all: supervised fine-tuning on a stream of fresh demonstrations."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.files.strict_json import read_json
from toolgym.generators.demonstration import Demonstration
from toolgym.generators.demonstrator import wordings_of
from toolgym.generators.practice import stream_demonstrations
from toolgym.runs.files import replace_whole
from toolgym.views import View
from toolgym.views.aliases import Tagger
from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.clock import cpu_seconds
from toolgym_trainers.policies.lora import LoraSettings
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.tiny import TinySettings, make_tiny, vocabulary
from toolgym_trainers.policies.transcript import Encoded, encode
from toolgym_trainers.sft import Optimizers, SFTFigures, SFTSettings, fine_tune

SCRATCH = TinySettings()
"""The size of a policy from scratch by default."""
SFT_SCRATCH = SFTSettings.model_validate(
    {
        "demonstrations": 40_000,
        "batch": 16,
        "learning_rate": 2e-3,
        "optimizer": "muon",
        "warmup": 30,
        "longest": 1250,
        "hold": 0.4,
    }
)
"""How a policy from scratch learns by default."""
SFT_PRETRAINED = SFTSettings.model_validate(
    {"demonstrations": 4_000, "batch": 4, "learning_rate": 3e-4, "optimizer": "adamw"}
)
"""How a pretrained one does."""
ABOUT = "toolgym_sft.json"
"""The file in a policy's folder that says how it learned."""
LAST = 50
"""Over so many last steps loss and accuracy are told."""
VOCABULARY_SEED = 1_000_000
"""Added to the seed for the demonstrations from which the vocabulary is taken."""


class BootstrapSettings(BaseModel):
    """Which demonstrations a policy learns from.

    Args:
        sft: How it learns.
        recoveries: The share of demonstrations that show how one recovers from a slip, in [0, 1].
        wordings: How the assistants speak, in turn; a domain whose oracle has no choice speaks as it does.
        seed: Of demonstrations and weights, at least 0.
        lora: Which small matrices are trained in place of the whole model; None trains all of it.
        save_every: Steps between checkpoints, at least 1.
        vocabulary: From how many demonstrations the words of a policy from scratch are taken, at least 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sft: SFTSettings = SFTSettings()
    recoveries: float = Field(default=0.2, ge=0, le=1)
    wordings: tuple[str, ...] = ("terse",)
    seed: int = Field(default=0, ge=0)
    lora: LoraSettings | None = None
    save_every: int = Field(default=100, ge=1)
    vocabulary: int = Field(default=2500, ge=1)


def learn(
    domain: Domain,
    source: str,
    settings: BootstrapSettings,
    folder: Path,
    *,
    size: TinySettings | None = None,
    view: str | None = None,
    device: str = "cpu",
    seen: Callable[[SFTFigures], None] | None = None,
) -> dict[str, Any]:
    """Make a policy that has learned from demonstrations, in a folder that says how: what ``toolgym sft`` does.

    Args:
        domain: The domain.
        source: ``"scratch"`` for random weights, else ``"tiny"``, a folder or hub name.
        settings: The settings.
        folder: Where it goes; one that holds the same, begun or finished, is gone on with.
        size: The size of a policy from scratch; by default :data:`SCRATCH`.
        view: What a model that was never trained here sees, ``"compact"`` or ``"native"``; by default the former.
        device: Where it learns, as torch calls it.
        seen: Called with the figures of each step.

    Returns:
        JSON-able: ``demonstrations``, ``too_long`` (how many were left out), ``steps``, ``tokens``, ``loss`` and
        ``accuracy`` (over the last 50 steps) and ``cpu_seconds``, those of earlier processes included.

    Raises:
        DataError: If the folder holds something else, or what began with other settings.
        FloatingPointError: If a loss is not finite.
    """
    path = folder / ABOUT
    own = {
        "domain": domain.name,
        "policy": source,
        "size": None if source != "scratch" else (size or SCRATCH).model_dump(mode="json"),
        "settings": settings.model_dump(mode="json"),
        **({} if view is None else {"view": view}),
    }
    about = read_json(path) if path.exists() else {**own, "result": None}
    if not isinstance(about, dict) or (changed := sorted(name for name in own if about.get(name) != own[name])):
        raise DataError(
            f"{str(folder)!r} holds a policy that learned otherwise ({', '.join(changed)} differ, see {ABOUT}); give "
            "the same to go on with it, or name another folder"
        )
    if not path.exists() and folder.exists() and any(folder.iterdir()):
        raise DataError(f"{str(folder)!r} is not empty, and no policy that `toolgym sft` began; name another folder")
    if about["result"] is not None:
        return dict(about["result"])
    if source == "scratch" and view is not None:
        raise DataError(f"a policy from scratch sees slots; leave the view {view!r} out")
    if source == "scratch" and settings.lora is not None:
        raise DataError("lora adds to a model that knows something; leave it out for a policy from scratch")
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, about)
    if source == "scratch":
        policy = new_tiny(domain, settings, size)
    else:
        policy = load_policy(source, view=None if view is None else View(view), trained=True)
    policy.model.to(device)
    found = _bootstrap(domain, policy, settings, folder, seen)
    result = {
        "demonstrations": settings.sft.demonstrations,
        "too_long": found.too_long,
        "steps": settings.sft.steps,
        "tokens": found.tokens,
        "loss": _mean([loss for loss, _ in found.recent]),
        "accuracy": _mean([accuracy for _, accuracy in found.recent]),
        "cpu_seconds": round(found.cpu_seconds, 1),
    }
    _write(path, {**own, "result": result})
    return result


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
    return _bootstrap(domain, policy, settings, folder, seen).too_long


class _Learned(NamedTuple):
    """What a bootstrap came to, earlier processes included."""

    too_long: int
    tokens: int
    cpu_seconds: float
    recent: Sequence[Sequence[float]]
    """Loss and accuracy of the last steps."""


def _bootstrap(
    domain: Domain,
    policy: Policy,
    settings: BootstrapSettings,
    folder: Path,
    seen: Callable[[SFTFigures], None] | None,
) -> _Learned:
    begun = cpu_seconds()
    if settings.lora is not None:
        policy.adapt(settings.lora, seed=settings.seed)
    optimizers = Optimizers(policy.model, settings.sft)
    checkpoints = folder / "checkpoints"
    source = _Source(domain, policy, settings)
    start, tokens, before = 0, 0, 0.0
    recent: deque[Sequence[float]] = deque(maxlen=LAST)
    if (latest := latest_checkpoint(checkpoints)) is not None:
        restored = load_checkpoint(latest, model=policy.model, optimizer=optimizers, generators={}, settings=settings)
        start, source.taken, source.left_out = restored.step, restored.extra["taken"], restored.extra["left_out"]
        tokens, before = restored.extra.get("tokens", 0), restored.extra.get("cpu_seconds", 0.0)
        recent.extend(restored.extra.get("recent", ()))

    def finished(figures: SFTFigures) -> None:
        nonlocal tokens
        step = figures.step + 1
        tokens += figures.tokens
        recent.append((figures.loss, figures.accuracy))
        if step % settings.save_every == 0 or step == settings.sft.steps:
            save_checkpoint(
                checkpoints,
                model=policy.model,
                optimizer=optimizers,
                step=step,
                generators={},
                settings=settings,
                extra={
                    "taken": source.taken,
                    "left_out": source.left_out,
                    "tokens": tokens,
                    "cpu_seconds": before + cpu_seconds() - begun,
                    "recent": list(recent),
                },
            )
        if seen is not None:
            seen(figures)

    fine_tune(policy.model, source.encoded(), settings.sft, optimizers=optimizers, start=start, seen=finished)
    policy.save(folder)
    return _Learned(source.left_out, tokens, before + cpu_seconds() - begun, tuple(recent))


class _Source:
    """The demonstrations of a run, and how many were taken."""

    def __init__(self, domain: Domain, policy: Policy, settings: BootstrapSettings) -> None:
        self.domain, self.policy, self.settings = domain, policy, settings
        self.taken = 0
        self.left_out = 0

    def encoded(self) -> Iterator[Encoded]:
        longest = min(self.settings.sft.longest, self.policy.context)
        for one in stream(self.domain, self.settings, self.settings.seed, start=self.taken):
            self.taken += 1
            found = encode(self.policy.codec, self.domain, one.tools, one.view, one.slips)
            if len(found.tokens) <= longest and any(found.mask):
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
        options=domain.rendering.speakers,
        start=start,
    )


def new_tiny(domain: Domain, settings: BootstrapSettings, size: TinySettings | None = None) -> Policy:
    """A policy from scratch whose words are those of a domain's demonstrations.

    Args:
        domain: The domain.
        settings: Which demonstrations; they seed the weights too.
        size: Its size; by default :data:`SCRATCH`.
    """
    shown = islice(stream(domain, settings, settings.seed + VOCABULARY_SEED), settings.vocabulary)
    words = vocabulary(domain, (text for one in shown for text in _plain(domain, one)))
    return make_tiny(domain, words, size or SCRATCH, seed=settings.seed)


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


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    replace_whole(path, f"{json.dumps(content, indent=1)}\n".encode())
