"""What the commands share: what must be installed, threads, and settings from a file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from toolgym.errors import DataError, MissingExtraError
from toolgym_trainers.policies.shipped import folder_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    _Model = TypeVar("_Model", bound=BaseModel)

NEEDED = ("torch", "transformers", "safetensors", "tokenizers", "peft")
SCRATCH = "scratch"
"""The name of a policy with random weights, which is no folder."""

Threads = Annotated[
    int | None,
    typer.Option(
        min=1, help="Threads of torch; default: 1 for a policy from scratch, which more do not help, else one per core."
    ),
]
Device = Annotated[
    str | None, typer.Option(help="Where the policy runs, such as cpu or cuda; default: cuda if there is a chip.")
]

SeenView = Annotated[
    Literal["compact", "native", "native-strip"] | None,
    typer.Option(
        help="What a model that was never trained here sees: short texts (compact, the default), or everything, in its "
        "own chat template, with its tools (native; native-strip without its earlier thoughts)."
    ),
]
Lora = Annotated[
    int | None,
    typer.Option(
        metavar="RANK",
        min=1,
        help="Train small matrices of this rank beside the model's own in place of the whole model (LoRA), which "
        "takes less memory.",
    ),
]


def need_torch(command: str) -> None:
    """See that what the commands are made with is installed.

    Args:
        command: The command, for the message.

    Raises:
        MissingExtraError: If something is not.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtraError(f"`toolgym {command}`", "train")


def chosen_device(device: str | None) -> str:
    """The device to run on.

    Raises:
        DataError: If torch has no such device.
    """
    import torch

    if device is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise DataError(f"--device {device!r} cannot be used: {str(error).splitlines()[0]}; try cpu") from error
    return device


def set_threads(threads: int | None, *, small: bool) -> int:
    """Have torch use so many threads; how many that are."""
    import torch

    number = threads or (1 if small else os.cpu_count() or 1)
    torch.set_num_threads(number)
    return number


def is_small(policy: str) -> bool:
    """Whether a policy is one from scratch, over words and slots."""
    view = Path(folder_of(policy)) / "toolgym_view.json"
    return policy == SCRATCH or (view.is_file() and json.loads(view.read_text(encoding="utf-8"))["name"] == "slots")


def check_policy(policy: str) -> None:
    """See that a policy's name is one, a folder that is there, or what a hub may know.

    Raises:
        DataError: If it can be none of them.
    """
    if policy == SCRATCH or Path(folder_of(policy)).is_dir():
        return
    if policy.startswith((".", "/", "~")) or policy.count("/") != 1:
        raise DataError(
            f"there is no policy {policy!r}: give tiny, scratch, a folder that is there, or a name on the hub such as "
            "HuggingFaceTB/SmolLM2-135M-Instruct"
        )


def from_file(path: Path) -> dict[str, Any]:
    """Settings from a file.

    Raises:
        DataError: If it is not there, or holds no settings.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(f"--settings {str(path)!r} cannot be read: {error}; give a file of TOML or JSON") from error
    if not isinstance(found, dict):
        raise DataError(f"--settings {str(path)!r} must hold an object of settings, got {found!r:.80}")
    return found


def merged(first: Mapping[str, Any], second: Mapping[str, Any], nested: tuple[str, ...] = ()) -> dict[str, Any]:
    """Settings in which those of the second win; of nested ones it may give some alone."""
    found = {**first, **second}
    for name in nested:
        if isinstance(first.get(name), Mapping) and isinstance(second.get(name), Mapping):
            found[name] = merged(first[name], second[name], ("sft",))
    return found


def checked(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    """Settings from their values.

    Raises:
        DataError: If one does not fit, or is not known; it names it, and what is wrong.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = []
        for one in error.errors():
            name = ".".join(map(str, one["loc"])) or "the settings"
            text = one["msg"].removeprefix("Value error, ")
            problems.append(f"{name}: {text[:1].lower()}{text[1:]}, got {one['input']!r:.60}")
        known = ", ".join(sorted(model.model_fields))
        raise DataError(f"the settings do not fit: {'; '.join(problems)}. There are: {known}") from error
