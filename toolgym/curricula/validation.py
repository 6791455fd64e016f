"""The parts of a curriculum by name, and what options a kind of curriculum has."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from toolgym.errors import DataError
from toolgym.registry import Registry, needs_model


def built(registry: Registry, part: Any, method: str) -> Any:
    """A part that was named, built; one that was given as itself, or None, stays as it is.

    Args:
        registry: Where its kind is found.
        part: Its name, or the part.
        method: What it must have.

    Raises:
        UnknownNameError: If there is none of that name.
        DataError: If it needs a model, or lacks the method.
    """
    if not isinstance(part, str):
        return checked(registry.kind, part, method, f"one of the names {', '.join(registry.names())}, or ")
    factory = registry.load(part)
    if needs_model(factory):
        raise DataError(
            f"the {registry.kind} {part!r} needs a model: name it beside ({registry.kind}_model=…, with "
            f"make_curriculum or curriculum_args), or give the {registry.kind} itself"
        )
    return factory()


def checked(name: str, part: Any, method: str, names: str = "") -> Any:
    """A part, or None, as it is.

    Args:
        name: The parameter.
        part: What was given for it.
        method: What it must have.
        names: What else is allowed, for the message.

    Raises:
        DataError: If it lacks the method, or is a class.
    """
    if part is not None and (isinstance(part, type) or not callable(getattr(part, method, None))):
        raise DataError(f"{name} must be {names}an object with the method {method}(), got {part!r:.80}")
    return part


def number(name: str, value: Any, allowed: str) -> float:
    """A finite number, as it is.

    Raises:
        DataError: If it is none.

    Example:
        >>> number("base", 0.5, "in [0, 1]")
        0.5
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not math.isfinite(value):
        raise DataError(f"{name} must be a finite number {allowed}, got {value!r:.80}")
    return value  # type: ignore[no-any-return]  # told above


def whole(name: str, value: Any, least: int) -> int:
    """A whole number, as it is.

    Raises:
        DataError: If it is none.
        ValueError: If it is below the least that is allowed.

    Example:
        >>> whole("seed", 7, 0)
        7
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise DataError(f"{name} must be a whole number of at least {least}, got {value!r:.80}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def options_of(curriculum: type) -> list[str]:
    """The arguments of a kind of curriculum beside its domain and its tasks.

    Example:
        >>> from toolgym.curricula import Learnability
        >>> options_of(Learnability)
        ['prior', 'seed', 'folder']
    """
    found: dict[str, None] = {}
    for one in curriculum.__mro__:
        if "__init__" in vars(one) and one is not object:
            parameters = inspect.signature(vars(one)["__init__"]).parameters.values()
            found |= {parameter.name: None for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
                break
    return list(found)
