"""The state of a training run on disk: a run that was killed goes on to the same weights.

A checkpoint is a folder ``step-00000012`` that holds ``model/``, an ordinary folder of Hugging Face (of an adapter for
PEFT's models), ``optimizer.pt`` and ``state.json`` with the step, the settings, the state of each generator, and
whatever else the run wants back. It is written beside, then renamed: there is all of it or none. On a CPU, with as many
threads, the weights are the same to the bit.

One process writes into a folder at a time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from pydantic import BaseModel

from toolgym.errors import DataError
from toolgym.files.strict_json import read_json
from toolgym_trainers.policies.lora import has_adapter

FORMAT = 1
"""The layout of a checkpoint."""

Generators: TypeAlias = Mapping[str, np.random.Generator | torch.Generator]
"""The generators from which a run draws, by name."""

_NAME = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Restored:
    """What a checkpoint says that is not put back in place.

    Args:
        step: Steps that were finished; the next one has this number.
        extra: What the run gave along.
    """

    step: int
    extra: Mapping[str, Any]


def save_checkpoint(
    root: Path,
    *,
    model: Any,
    optimizer: torch.optim.Optimizer,
    step: int,
    generators: Generators,
    settings: BaseModel,
    extra: Mapping[str, Any] | None = None,
    tokenizer: Any | None = None,
    keep: int = 2,
) -> Path:
    """Write the state of a run, then remove checkpoints of it that are older than the last few.

    Args:
        root: The folder of the run's checkpoints; made if it is not there.
        model: A model of Hugging Face, or PEFT's around one, of which only the adapter is written.
        optimizer: Its optimizer.
        step: Steps that are finished, at least 0.
        generators: Every generator from which the run draws, by name.
        settings: The settings of the run, of any model of pydantic's; one that loads must have the same.
        extra: Anything else as JSON-able data, such as the state of a curriculum.
        tokenizer: Written beside the weights, so that ``model/`` can be used on its own.
        keep: How many checkpoints there are afterwards, at most; at least 1.

    Returns:
        The folder of the checkpoint.

    Raises:
        DataError: If there is one of this step already, or ``extra`` is not JSON-able.
        ValueError: If ``step`` or ``keep`` is out of range.
    """
    if step < 0 or keep < 1:
        raise ValueError(f"step must be at least 0 and keep at least 1, got {step} and {keep}")
    place = root / f"step-{step:08d}"
    if place.exists():
        raise DataError(f"there is a checkpoint {str(place)!r} already: go on from it, or remove it")
    state = {
        "format": FORMAT,
        "step": step,
        "settings": _plain(settings),
        "generators": {name: _state(one) for name, one in generators.items()},
        "extra": dict(extra or {}),
    }
    try:
        text = json.dumps(state, allow_nan=False, default=_listed)
    except (TypeError, ValueError) as error:
        raise DataError(f"the state of the run cannot be written as JSON: {error}; see its extra") from error
    root.mkdir(parents=True, exist_ok=True)
    _remove(one for one in root.iterdir() if one.name.startswith((".new-", ".old-")))  # of a run that was killed
    beside = root / f".new-{place.name}"
    beside.mkdir()
    model.save_pretrained(beside / "model", **({"save_embedding_layers": False} if has_adapter(model) else {}))
    if tokenizer is not None:
        tokenizer.save_pretrained(beside / "model")
    torch.save(optimizer.state_dict(), beside / "optimizer.pt")
    (beside / "state.json").write_text(text, encoding="ascii")
    _flush(beside)
    beside.rename(place)
    _flush_folder(root)
    for old in _checkpoints(root)[:-keep]:
        old.rename(root / f".old-{old.name}")
    _remove(root.glob(".old-*"))
    return place


def latest_checkpoint(root: Path) -> Path | None:
    """The folder of the checkpoint with the most steps; None if there is none."""
    found = _checkpoints(root)
    return found[-1] if found else None


def load_checkpoint(
    folder: Path,
    *,
    model: Any,
    optimizer: torch.optim.Optimizer,
    generators: Generators,
    settings: BaseModel,
) -> Restored:
    """Put a run back to where a checkpoint left it: its weights, its optimizer and its generators.

    Args:
        folder: The folder of the checkpoint, see :func:`latest_checkpoint`.
        model: A model of the same shape and type, whose weights are replaced.
        optimizer: One over the same weights, whose state is replaced.
        generators: Generators of the same names and kinds, whose states are replaced.
        settings: The settings of the run that goes on.

    Returns:
        The step to go on with, and what was given along.

    Raises:
        DataError: If it is no checkpoint of such a run. The message names what differs, and nothing was replaced.
    """
    state = read_json(folder / "state.json")
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise DataError(f"{str(folder / 'state.json')!r} is no state of a training run of format {FORMAT}")
    _check_settings(folder, state["settings"], _plain(settings))
    saved = state["generators"]
    for name in sorted({*saved, *generators}):
        kinds = [one[name]["kind"] if name in one else "missing" for one in (saved, _states(generators))]
        if kinds[0] != kinds[1]:
            raise DataError(f"the generator {name!r} is {kinds[0]} in {str(folder)!r}, and {kinds[1]} in this run")
    weights = _weights(folder / "model", model)
    optimizer_state = torch.load(folder / "optimizer.pt", map_location="cpu", weights_only=True)
    sizes = [
        [len(group["params"]) for group in one["param_groups"]] for one in (optimizer_state, optimizer.state_dict())
    ]
    if sizes[0] != sizes[1]:
        raise DataError(f"the optimizer in {str(folder)!r} has groups of {sizes[0]} weights, this one of {sizes[1]}")
    with torch.no_grad():
        for name, weight in _trained(model).items():
            weight.copy_(weights[name])
    optimizer.load_state_dict(optimizer_state)
    for name, one in generators.items():
        if isinstance(one, np.random.Generator):
            one.bit_generator.state = saved[name]["state"]
        else:
            one.set_state(torch.tensor(list(bytes.fromhex(saved[name]["state"])), dtype=torch.uint8))
    return Restored(state["step"], state["extra"])


def _checkpoints(root: Path) -> list[Path]:
    """The folders of all checkpoints, the one with the fewest steps first."""
    found = {int(match[1]): one for one in root.glob("step-*") if (match := _NAME.fullmatch(one.name))}
    return [found[step] for step in sorted(found)]


def _plain(settings: BaseModel) -> dict[str, Any]:
    return {"kind": type(settings).__name__, **settings.model_dump(mode="json")}


def _check_settings(folder: Path, saved: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    strange = [
        f"{name} is {saved.get(name, 'missing')!r} there and {given.get(name, 'missing')!r} here"
        for name in dict.fromkeys((*saved, *given))
        if name not in saved or name not in given or saved[name] != given[name]
    ]
    if strange:
        raise DataError(
            f"{str(folder)!r} is of a run with other settings: {'; '.join(strange)}. Go on with those of the "
            f"checkpoint, or begin a new run in another folder"
        )


def _states(generators: Generators) -> dict[str, dict[str, Any]]:
    return {name: _state(one) for name, one in generators.items()}


def _state(generator: np.random.Generator | torch.Generator) -> dict[str, Any]:
    """What a generator is and where it is."""
    if isinstance(generator, np.random.Generator):
        state = generator.bit_generator.state
        return {"kind": f"numpy {state['bit_generator']}", "state": state}
    return {"kind": f"torch {generator.device.type}", "state": bytes(generator.get_state().tolist()).hex()}


def _listed(value: Any) -> Any:
    """An array in the state of one of numpy's generators, as a list."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON-able")


def _trained(model: Any) -> dict[str, torch.Tensor]:
    """The weights that a checkpoint holds, by the names that they have in it."""
    if not has_adapter(model):
        return dict(model.state_dict())
    from peft import get_peft_model_state_dict

    return dict(get_peft_model_state_dict(model, save_embedding_layers=False))


def _weights(folder: Path, model: Any) -> Mapping[str, torch.Tensor]:
    """The weights in a folder, checked to be those of such a model."""
    if has_adapter(model):
        from peft import load_peft_weights

        found = dict(load_peft_weights(str(folder), device="cpu"))
    else:
        found = type(model).from_pretrained(folder, dtype=model.dtype, local_files_only=True).state_dict()
    shapes = [{name: tuple(one.shape) for name, one in some.items()} for some in (found, _trained(model))]
    for name in sorted({*shapes[0], *shapes[1]}):
        there, here = (one.get(name, "missing") for one in shapes)
        if there != here:
            raise DataError(
                f"{str(folder)!r} holds another model: the shape of {name} is {there} there, and {here} here"
            )
    return found


def _flush(folder: Path) -> None:
    """See that everything in a folder is on the disk."""
    for place in folder.rglob("*"):
        if place.is_file():
            with place.open("rb") as file:
                os.fsync(file.fileno())
    for place in (folder, *(one for one in folder.rglob("*") if one.is_dir())):
        _flush_folder(place)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folders: Iterable[Path]) -> None:
    for folder in list(folders):
        shutil.rmtree(folder)
