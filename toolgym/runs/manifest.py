"""What a manifest may hold: checked once, where it is read, so that nobody who uses it has to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

LONGEST_NAME = 255
"""Bytes of the name of a folder, at most."""
_TEXTS = ("domain", "data", "split", "agent", "user", "judge", "wording", "pool", "habits", "view")
_COUNTS = ("trials", "seed", "max_steps", "max_errors", "max_characters", "max_calls")


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Check that what a manifest holds is of the kinds that every run has; what is not there may be missing.

    Raises:
        ValueError: If something is of another kind; the message names it.
    """
    for name, kind, what in (
        ("settings", dict, "an object"),
        ("versions", dict, "an object"),
        ("worlds", list, "a list"),
    ):
        if name in manifest and not isinstance(manifest[name], kind):
            raise _odd(name, what, manifest[name])
    if not all(isinstance(world, str) for world in manifest.get("worlds", ())):
        raise _odd("worlds", "a list of texts", manifest["worlds"])
    _check_settings(manifest.get("settings", {}))


def _check_settings(settings: Mapping[str, Any]) -> None:
    for names, kind, what in ((_TEXTS, str, "a text"), (_COUNTS, int, "a whole number")):
        for name in names:
            value = settings.get(name)
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
                raise _odd(f"settings.{name}", what, value)
    pool = settings.get("pool") or ""
    if "\0" in pool or any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in PurePath(pool).parts):
        raise _odd("settings.pool", f"the path of a folder, its parts at most {LONGEST_NAME} bytes long", pool)
    tasks = settings.get("tasks", {})
    if not isinstance(tasks, dict) or not all(type(number) is int for number in tasks.values()):
        raise _odd("settings.tasks", "an object of whole numbers", tasks)
    models = settings.get("models", {})
    if not isinstance(models, dict) or not all(isinstance(model, dict) for model in models.values()):
        raise _odd("settings.models", "an object of objects", models)


def _odd(name: str, what: str, value: Any) -> ValueError:
    return ValueError(f"{name} must be {what}, got {value!r:.80}")
