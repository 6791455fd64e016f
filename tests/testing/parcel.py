"""A package with all that a domain can have, and ways to change a part of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolgym.database import Database, Rows, WorldStore
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Toolkit

PACKAGE = Path(__file__).parents[1] / "packages" / "parcel_domain"
sys.path.insert(0, str(PACKAGE))

import toolgym_parcel  # noqa: E402  # it is not installed where the tests run
from toolgym_parcel import DOMAIN as PARCEL  # noqa: E402
from toolgym_parcel import argument_roles  # noqa: E402
from toolgym_parcel.generator import ParcelGenerator  # noqa: E402
from toolgym_parcel.tools import RecipientTools  # noqa: E402


def with_tools(assistant: type[Toolkit]) -> Domain:
    return PARCEL.with_data(toolkits={"assistant": assistant, "user": RecipientTools})


def with_tasks(**splits: Sequence[Task]) -> Domain:
    own = {split: list(PARCEL.tasks[split]) for split in PARCEL.tasks.splits()}
    return PARCEL.with_data(tasks=TaskSet({split: Given(tasks) for split, tasks in {**own, **splits}.items()}))


class Given:
    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks

    def __call__(self) -> Iterable[Task]:
        return self.tasks


def with_gold(**changes: Any) -> Domain:
    """The first training task, with the arguments of its last gold call changed."""
    first, *rest = PARCEL.tasks["train"]
    assert first.evaluation_criteria is not None
    *before, last = first.gold
    actions = (*before, last.model_copy(update={"arguments": {**last.arguments, **changes}}))
    criteria = first.evaluation_criteria.model_copy(update={"actions": actions})
    return with_tasks(train=[first.model_copy(update={"evaluation_criteria": criteria}), *rest])


def with_world(rows: Rows, digest: str | None = None) -> Domain:
    """The test split over another world; under its own digest unless another one is given."""
    database = Database.build(PARCEL.schemas, rows)
    if digest is not None:
        database.world = digest
    worlds = WorldStore(PARCEL.schemas)
    worlds.add(PARCEL.worlds.get(toolgym_parcel.DIGESTS["train"]))
    world = worlds.add(database)
    tasks = [task.model_copy(update={"world": world}) for task in PARCEL.tasks["test"]]
    return replace(with_tasks(test=tasks), worlds=worlds)


def with_user(make: Callable[..., Agent]) -> Domain:
    return PARCEL.with_data(users={"scripted": AgentSpec("scripted", make, privileged=True)})


def with_agent(name: str, make: Callable[..., Agent], privileged: bool = True) -> Domain:
    return PARCEL.with_data(agents={**PARCEL.agents, name: AgentSpec(name, make, privileged=privileged)})


def with_generator(kind: type[ParcelGenerator]) -> Domain:
    return PARCEL.with_data(generator=kind())


class _Roles:
    """The package's argument roles, with one of them another."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes

    def __getattr__(self, name: str) -> Any:
        return self.changes[name] if name in self.changes else getattr(argument_roles, name)


def with_roles(**changes: Any) -> Domain:
    class Changed(ParcelGenerator):
        pass

    Changed.argument_roles = _Roles(**changes)
    return with_generator(Changed)
