"""The parts of a curriculum by name, and what options a kind of curriculum has."""

from __future__ import annotations

import inspect
from typing import Any

from toolgym.errors import DataError
from toolgym.registry import Registry


def built(registry: Registry, part: Any) -> Any:
    """A part that was named, built; one that was given as itself, or None, stays as it is.

    Args:
        registry: Where its kind is found.
        part: Its name, or the part.

    Raises:
        UnknownNameError: If there is none of that name.
        DataError: If it needs a model.
    """
    if not isinstance(part, str):
        return part
    factory = registry.load(part)
    if "model" in inspect.signature(factory).parameters:
        raise DataError(
            f"the {registry.kind} {part!r} needs a model: name it beside ({registry.kind}_model=…, with "
            f"make_curriculum or curriculum_args), or give the {registry.kind} itself"
        )
    return factory()


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
