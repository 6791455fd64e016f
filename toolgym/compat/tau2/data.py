"""tau2's data folder: tasks, splits, databases and policies of a domain."""

from __future__ import annotations

import json
import os
import tomllib
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from toolgym.compat.tau2.rules import TAU2
from toolgym.database import Database, WorldStore
from toolgym.domain import Domain
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.messages import AgentID
from toolgym.tasks import Task, TaskSet

GREETING = "Hi! How can I help you today?"
"""The assistant's first line in tau2; a fact of the format, since what was said counts in grading."""

_FILES: dict[AgentID, str] = {"assistant": "db", "user": "user_db"}


def data_dir(path: str | Path | None = None) -> Path:
    """The folder that holds ``tau2/domains``: the one given, or what ``TAU2_DATA_DIR`` names.

    Raises:
        DataError: If neither is set, or the folder has no ``tau2/domains``.
    """
    chosen = path or os.environ.get("TAU2_DATA_DIR")
    if not chosen:
        raise DataError("tau2's data is needed: set TAU2_DATA_DIR to the data folder of a tau2-bench checkout")
    folder = Path(chosen)
    if not (folder / "tau2" / "domains").is_dir():
        raise DataError(
            f"{str(folder)!r} has no folder tau2/domains; TAU2_DATA_DIR must be the data folder of tau2-bench"
        )
    return folder


def domain_folder(name: str, path: str | Path | None = None) -> Path:
    """A domain's part of tau2's data.

    Raises:
        DataError: If the folder is missing.
        UnknownNameError: If it has no such domain.
    """
    root = data_dir(path) / "tau2" / "domains"
    if not (root / name).is_dir():
        known = [entry.name for entry in root.iterdir() if entry.is_dir()]
        raise UnknownNameError("tau2 domain", name, known, f"Looked in {str(root)!r}.")
    return root / name


def load_domain(domain: Domain, path: str | Path | None = None) -> Domain:
    """A domain over tau2's own data, by tau2's rules.

    Args:
        domain: The domain as its package provides it.
        path: tau2's data folder; by default what ``TAU2_DATA_DIR`` names.

    Raises:
        DataError: If the folder is missing, or what is in it is broken.
        UnknownNameError: If it has no such domain.
    """
    folder = domain_folder(domain.name, path)
    rows = {side: _read_database(folder, _FILES[side]) for side in domain.schemas}
    worlds = WorldStore(domain.schemas)
    world = worlds.add(Database.build(domain.schemas, rows))
    return domain.with_data(
        policy=_read_policy(domain, folder),
        worlds=worlds,
        tasks=TaskSet(task_files(folder, world).splits),
        greeting=GREETING,
        compat=replace(TAU2, read_policy=domain.compat.read_policy),
    )


def read_task(data: Any, world: str) -> Task:
    """One task as tau2's JSON has it; keys that tau2 itself would ignore are ignored.

    Raises:
        TaskError: If it is not such a task.
    """
    try:
        return _known_fields(Task, data).model_copy(update={"world": world, "flavour": TAU2.name})
    except ValidationError as error:
        identity = data.get("id") if isinstance(data, dict) else None
        raise TaskError(f"tau2 task {identity!r:.80}: {_problems(error)}") from error


def _problems(error: ValidationError) -> str:
    """What does not fit, on one line: each field with what is wrong, the first few of them."""
    found = error.errors(include_url=False)
    told = [f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in found[:_TOLD]]
    return " ".join("; ".join(told).split()) + (f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else "")


@dataclass(frozen=True)
class TaskFiles:
    """The lists of tasks in a domain's folder.

    Args:
        splits: How each split is read, in the order in which they are listed.
        passed_over: Files that are named as lists of tasks are and hold none, or nothing that was to be had, and why.
    """

    splits: Mapping[str, Callable[[], Sequence[Task]]]
    passed_over: Mapping[str, str]


def task_files(folder: Path, world: str = "") -> TaskFiles:
    """What a domain's folder holds of tasks: ``tasks.json``, and whatever else is named ``tasks*.json``.

    tau2 keeps other things under such names too. The list itself is read when a split of it is asked for, and must be
    one then; the others are read now, and what is no list of tasks is passed over.

    Raises:
        DataError: If there is no list of tasks, or ``tasks.json`` has a file of splits that is not one.
    """
    splits: dict[str, Callable[[], Sequence[Task]]] = {}
    passed_over: dict[str, str] = {}
    main, *others = [folder / "tasks.json", *sorted(set(folder.glob("tasks*.json")) - {folder / "tasks.json"})]
    if main.is_file():
        splits |= _splits(_Tasks(main, world), "base")
    for file in others:
        tasks = _Tasks(file, world)
        try:
            tasks.all()
            found = _splits(tasks, file.stem.removeprefix("tasks_"))
        except (DataError, TaskError) as error:
            passed_over[file.name] = str(error)
            continue
        taken = [name for name in found if name in splits]
        if taken:
            passed_over[file.name] = f"an earlier file has the splits {', '.join(taken)}"
        splits |= {name: read for name, read in found.items() if name not in taken}
    if not splits:
        reasons = "".join(f"; {name} was passed over: {why}" for name, why in passed_over.items())
        raise DataError(f"{str(folder)!r} holds no tasks{reasons}")
    return TaskFiles(splits, passed_over)


def _splits(tasks: _Tasks, otherwise: str) -> dict[str, Callable[[], Sequence[Task]]]:
    """The splits of one list; ``otherwise``, the whole list if no file names any."""
    listed = tasks.file.with_name(f"split_{tasks.file.name}")
    if not listed.is_file():
        return {otherwise: tasks.all}
    return {name: partial(tasks.only, frozenset(ids)) for name, ids in _split_ids(listed).items()}


def _split_ids(file: Path) -> dict[str, list[str]]:
    try:
        return TypeAdapter(dict[str, list[str]]).validate_python(_read_json(file))
    except ValidationError as error:
        raise DataError(f"{str(file)!r} must map names of splits to lists of task ids: {_problems(error)}") from error


_JSON_NAMES = {dict: "an object", str: "a text", int: "a number", float: "a number", bool: "a boolean"}
_JSON_NAMES |= {type(None): "null"}
_TOLD = 3


class _Tasks:
    """The tasks of one file, read once."""

    def __init__(self, file: Path, world: str) -> None:
        self.file = file
        self.world = world
        self._read: list[Task] | None = None

    def all(self) -> list[Task]:
        if self._read is None:
            items = _read_json(self.file)
            if not isinstance(items, list):
                raise DataError(f"{str(self.file)!r} must hold a list of tasks, got {_JSON_NAMES[type(items)]}")
            self._read = [read_task(item, self.world) for item in items]
        return self._read

    def only(self, ids: frozenset[str]) -> list[Task]:
        """Those with these ids, in the file's order. Ids that the file does not hold are passed over, as in tau2."""
        return [task for task in self.all() if task.id in ids]


def _read_database(folder: Path, stem: str) -> Any:
    for suffix in ("json", "toml"):
        file = folder / f"{stem}.{suffix}"
        if file.is_file():
            return _read_json(file) if suffix == "json" else _read_toml(file)
    raise DataError(f"{str(folder)!r} has neither {stem}.json nor {stem}.toml")


def _read_toml(file: Path) -> Any:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{str(file)!r} is not TOML: {error}") from error


def _read_policy(domain: Domain, folder: Path) -> str:
    try:
        return domain.compat.read_policy(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the policy of tau2's {domain.name!r} cannot be read: {error}") from error


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{str(file)!r} cannot be read: {error}") from error
    except RecursionError as error:
        raise DataError(f"{str(file)!r} is nested too deeply") from error
    except ValueError as error:
        raise DataError(f"{str(file)!r} is not JSON: {error}") from error


def _known_fields(model: type[Task], data: Any) -> Task:
    """Validate with unknown keys dropped at every level, which the models themselves forbid."""
    return model.model_validate(_drop_unknown(model, data))


def _drop_unknown(annotation: Any, data: Any) -> Any:

    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(data, dict):
        return {
            name: _drop_unknown(annotation.model_fields[name].annotation, value)
            for name, value in data.items()
            if name in annotation.model_fields
        }
    inner = [kind for kind in typing.get_args(annotation) if kind is not type(None) and kind is not ...]
    if isinstance(data, list):
        return [_drop_unknown(inner[0], item) if inner else item for item in data]
    if isinstance(data, dict):
        for kind in inner:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                return _drop_unknown(kind, data)
    return data
