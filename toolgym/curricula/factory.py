"""A curriculum from its spec: with options, or continuing what a refresh wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolgym.curricula.folder import LOCK, ROUNDS, STATE, TASKS, check_there, naming, read_saved
from toolgym.curricula.worlds import WORLDS
from toolgym.curriculum import Curriculum, CurriculumSpec
from toolgym.domain import Domain
from toolgym.errors import DataError

BEGUN = {LOCK, ROUNDS, WORLDS}
"""What a folder may hold before its first state: the traces of a process that ended while it wrote its first round."""


def curriculum_of(
    spec: CurriculumSpec, domain: Domain, split: str, *, pool: str | Path | None = None, **options: Any
) -> Curriculum:
    """Build a curriculum.

    Args:
        spec: Which one.
        domain: The domain.
        split: The split that it begins with.
        pool: A folder that a refresh wrote: it continues from there, and writes its next refresh there if it has an
            option ``folder``.
        options: Its other options.

    Raises:
        UnknownNameError: If there is no such split, or it has no such option.
        DataError: If an option was renamed or does not fit, or the folder holds another curriculum, or one over another
            domain.
    """
    if pool is None:
        return _made(spec, domain, split, options)
    saved = read_saved(pool)
    held, asked = (saved.curriculum, saved.domain, saved.data), (spec.name, domain.name, domain.compat.name)
    if held != asked:
        raise DataError(
            f"{str(pool)!r} holds the curriculum {held[0]!r} over {held[1]!r} (data={held[2]!r}), and {asked[0]!r} "
            f"over {asked[1]!r} (data={asked[2]!r}) was asked for"
        )
    if "folder" in options or (spec.options is not None and "folder" not in spec.options):
        curriculum = _made(spec, domain, split, options)
    else:
        try:
            curriculum = _made(spec, domain, split, {**options, "folder": pool})
        except _RefusedArgumentsError:  # a function whose options are not known, and that keeps nothing in a folder
            curriculum = _made(spec, domain, split, options)
    with naming(pool):
        curriculum.load_state_dict(saved.state)
    return curriculum


def begin_or_continue(
    spec: CurriculumSpec, domain: Domain, split: str, folder: Path, options: dict[str, Any]
) -> Curriculum:
    """The curriculum in a folder, or a new one that will be kept there.

    Args:
        spec: Which curriculum.
        domain: The domain.
        split: The split that it begins with.
        folder: Its folder: one that a refresh of it wrote, or an empty one, or one that is not there yet.
        options: Its other options.

    Raises:
        UnknownNameError: If there is no such split, or it has no such option.
        DataError: If it keeps nothing in a folder, or the folder holds another curriculum or something else.
    """
    if spec.options is not None and "folder" not in spec.options:
        raise DataError(f"the curriculum {spec.name!r} keeps no pool; choose another, such as sentinel")
    if folder.name in (STATE, TASKS):
        check_there(folder)
    if (folder / STATE).exists():
        return curriculum_of(spec, domain, split, pool=folder, **options)
    if folder.exists() and (not folder.is_dir() or any(path.name not in BEGUN for path in folder.iterdir())):
        raise DataError(f"{str(folder)!r} is not the pool of a curriculum, and not empty; name another folder")
    return curriculum_of(spec, domain, split, folder=folder, **options)


class _RefusedArgumentsError(DataError):
    """A function did not take the arguments that it was called with."""


def _made(spec: CurriculumSpec, domain: Domain, split: str, options: dict[str, Any]) -> Curriculum:
    spec.check(options)
    try:
        return spec.make(domain, split, **options)
    except TypeError as error:
        trace = error.__traceback__
        if trace is not None and trace.tb_next is None:  # it was not even entered: the arguments do not fit
            raise _RefusedArgumentsError(
                f"the curriculum {spec.name!r} does not take these options: {error}"
            ) from error
        raise
