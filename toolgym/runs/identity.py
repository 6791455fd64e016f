"""What makes a run the run that it is, and what may change when it is continued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from toolgym.errors import DataError

Change: TypeAlias = tuple[Any, Any]
"""What a setting was, and what it is now; None where it is not set."""

_EXTENT = ("trials", "tasks")
"""How much is played: a run may be added to."""
_CONNECTION = ("base_url", "api_key_env", "stream", "timeout_s", "attempts", "price")
"""Of a model's settings: how it is reached, and what it costs."""
_SENT_BESIDE = ("extra_headers", "extra_query")
"""Of a model's arguments: what its server reads, and not the model."""


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Change]:
    """The settings that differ, by their dotted names, such as ``models.agent.base_url``.

    Args:
        before: The settings in a manifest.
        now: Those that are wanted, as JSON has them.
    """
    old, new = dict(_flat(before)), dict(_flat(now))
    paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    return {".".join(path): (old.get(path), new.get(path)) for path in paths}


def check_identity(folder: Path, before: Any, now: Mapping[str, Any]) -> None:
    """Check that a run may be continued with these settings.

    Who plays what is the run's identity: domain, data, split, seed, limits, words, agent, user and judge, the names of
    their models and all that these are sent. How a model is reached, what it costs, and how many trials of which tasks
    are played may change.

    Args:
        folder: The run.
        before: The settings in its manifest.
        now: Those that are wanted, as JSON has them.

    Raises:
        DataError: If another run is wanted, or the manifest has no settings.
    """
    if not isinstance(before, dict):
        raise DataError(f"the manifest of the run {str(folder)!r} has no settings; it cannot be continued")
    old, new = dict(_flat(before)), dict(_flat(now))
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path) and _is_identity(path):
            name = ".".join(path)
            was = f"{name}={old[path]!r}" if path in old else f"no {name}"
            wanted = repr(new[path]) if path in new else "without it"
            raise DataError(
                f"the run {str(folder)!r} was made with {was}, not {wanted}; continue it with the settings in its "
                "manifest, or start a new one"
            )


def check_extent(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Check that a run that is continued asks for no less than before: what it holds is never thrown away.

    Args:
        folder: The run.
        before: The settings in its manifest.
        now: Those that are wanted.

    Raises:
        DataError: If they ask for fewer trials of some task.
    """
    held, wanted = (tasks if isinstance(tasks := settings.get("tasks"), Mapping) else {} for settings in (before, now))
    for task in [*held, *wanted] or [None]:
        old = held.get(task, 0) if held else before.get("trials")
        new = wanted.get(task, 0) if wanted else now.get("trials")
        if isinstance(old, int) and isinstance(new, int) and new < old:
            of = "each task" if task is None else f"the task {task!r}"
            raise DataError(
                f"the run {str(folder)!r} has {old} trials of {of}, and {new} would throw some away; ask for {old} or "
                "more, or start a new run"
            )


def _is_identity(path: tuple[str, ...]) -> bool:
    if path[0] != "models":
        return path[0] not in _EXTENT
    _, _, field, *inner = (*path, "")
    return field not in _CONNECTION and not (field == "arguments" and inner[0] in _SENT_BESIDE)


def _flat(settings: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with the names that lead to it; the trials of tasks are one value."""
    for name, value in settings.items():
        path = (*above, str(name))
        if isinstance(value, Mapping) and path != ("tasks",):
            yield from _flat(value, path)
        else:
            yield path, value
