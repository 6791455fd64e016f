"""A curriculum from its entry point: with options, or going on from what a refresh wrote."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolgym.curricula.folder import naming, read_saved
from toolgym.curriculum import Curriculum
from toolgym.domain import Domain
from toolgym.errors import DataError


def curriculum_of(
    make: Callable[..., Curriculum],
    name: str,
    domain: Domain,
    split: str,
    *,
    pool: str | Path | None = None,
    **options: Any,
) -> Curriculum:
    """Build a curriculum.

    Args:
        make: Its entry point.
        name: Its name.
        domain: The domain.
        split: The split that it begins with.
        pool: A folder that a refresh wrote: it goes on from there, and writes its next refresh there if it has an
            option ``folder``.
        options: Its other options.

    Raises:
        UnknownNameError: If there is no such split.
        DataError: If it has no such option, or the folder holds another curriculum, or one over another domain.
    """
    parameters = inspect.signature(make).parameters.values()
    anything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if pool is None:
        return _made(make, name, domain, split, options)
    saved = read_saved(pool)
    held, asked = (saved.curriculum, saved.domain, saved.data), (name, domain.name, domain.data)
    if held != asked:
        raise DataError(
            f"{str(pool)!r} holds the curriculum {held[0]!r} over {held[1]!r} (data={held[2]!r}), and {asked[0]!r} "
            f"over {asked[1]!r} (data={asked[2]!r}) was asked for"
        )
    if "folder" not in options and (anything or any(parameter.name == "folder" for parameter in parameters)):
        options["folder"] = pool
    curriculum = _made(make, name, domain, split, options)
    with naming(pool):
        curriculum.load_state_dict(saved.state)
    return curriculum


def _made(
    make: Callable[..., Curriculum], name: str, domain: Domain, split: str, options: dict[str, Any]
) -> Curriculum:
    parameters = inspect.signature(make).parameters
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters.values()):
        known = list(parameters)[2:]
        if unknown := [option for option in options if option not in known]:
            told = f"it has {', '.join(known)}" if known else "it has none"
            raise DataError(f"the curriculum {name!r} has no option {unknown[0]!r}; {told}")
    try:
        inspect.signature(make).bind(domain, split, **options)
    except TypeError as error:
        raise DataError(f"the curriculum {name!r} does not take these options: {error}") from error
    return make(domain, split, **options)
