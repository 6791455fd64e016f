"""Checks of what a curriculum is given: parts by name or as objects, and numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from toolgym.errors import DataError
from toolgym.registry import Registry, needs_model


def part_of(registry: Registry, part: Any, method: str) -> Any:
    """A part that was named, built; one that was given as an object stays as it is.

    Args:
        registry: Where its kind is found.
        part: Its name, or the part.
        method: What it must have.

    Raises:
        UnknownNameError: If there is none of that name.
        DataError: If it needs a model, or lacks the method.
    """
    if not isinstance(part, str):
        return check_part(registry.kind, part, method, f"one of the names {', '.join(registry.names())}, or ")
    factory = registry.load(part)
    if needs_model(factory):
        raise DataError(
            f"the {registry.kind} {part!r} needs a model: name it with {registry.kind}_model=… in make_curriculum or "
            f"curriculum_args, or give the {registry.kind} itself"
        )
    return factory()


def check_part(name: str, part: Any, method: str, names: str = "") -> Any:
    """A part, as it is.

    Args:
        name: The parameter.
        part: What was given for it.
        method: What it must have.
        names: What else is allowed, for the message.

    Raises:
        DataError: If it lacks the method, or is a class.
    """
    if isinstance(part, type) or not callable(getattr(part, method, None)):
        raise DataError(f"{name} must be {names}an object with the method {method}(), got {part!r:.80}")
    return part


def check_number(name: str, value: Any, allowed: str) -> float:
    """A finite number, as it is.

    Args:
        name: The parameter.
        value: What was given for it.
        allowed: Which numbers are allowed, for the message.

    Raises:
        DataError: If it is not a finite number.

    Example:
        >>> check_number("base", 0.5, "in [0, 1]")
        0.5
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not math.isfinite(value):
        raise DataError(f"{name} must be a finite number {allowed}, got {value!r:.80}")
    return value  # type: ignore[no-any-return]  # isinstance above: mypy loses the union of numpy's numbers


def check_whole(name: str, value: Any, least: int) -> int:
    """A whole number, as an int.

    Args:
        name: The parameter.
        value: What was given for it.
        least: The least that is allowed.

    Raises:
        DataError: If it is not a whole number.
        ValueError: If it is below the least.

    Example:
        >>> check_whole("seed", 7, 0)
        7
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise DataError(f"{name} must be a whole number of at least {least}, got {value!r:.80}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)
