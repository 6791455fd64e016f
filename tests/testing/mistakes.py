"""A package with all that a domain can have, and ways to put a mistake into it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolgym.database import Database, Rows, Schema, Table, WorldStore
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Toolbox, Toolkit
from toolgym.worlds.identities import digest_of

PACKAGE = Path(__file__).parents[1] / "packages" / "parcel_domain"
sys.path.insert(0, str(PACKAGE))

import toolgym_parcel  # noqa: E402  # it is not installed where the tests run
from toolgym_parcel import DOMAIN as PARCEL  # noqa: E402
from toolgym_parcel.generator import ParcelGenerator  # noqa: E402
from toolgym_parcel.records import entities  # noqa: E402
from toolgym_parcel.tools import RecipientTools  # noqa: E402


def with_tools(assistant: type[Toolkit]) -> Domain:
    return PARCEL.with_data(toolkits={"assistant": assistant, "user": RecipientTools})


def with_tasks(**splits: Sequence[Task]) -> Domain:
    own = {split: list(PARCEL.tasks[split]) for split in PARCEL.tasks.splits()}
    return PARCEL.with_data(tasks=TaskSet({split: _Given(tasks) for split, tasks in {**own, **splits}.items()}))


class _Given:
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


def _twin() -> Domain:
    first = PARCEL.tasks["train"][0]
    return with_tasks(train=[*PARCEL.tasks["train"], first.model_copy(update={"id": "train-99"})])


def _same_id() -> Domain:
    first, *rest = PARCEL.tasks["test"]
    return with_tasks(test=[first.model_copy(update={"id": "train-1"}), *rest])


def _nothing() -> Domain:
    first, *rest = PARCEL.tasks["train"]
    assert first.evaluation_criteria is not None
    criteria = first.evaluation_criteria.model_copy(update={"actions": first.gold[:1]})
    return with_tasks(train=[first.model_copy(update={"evaluation_criteria": criteria}), *rest])


def _unstable() -> Domain:
    from pydantic import field_validator
    from toolgym_parcel.records import Locker

    class Numbered(Locker):
        @field_validator("street")
        @classmethod
        def again(cls, street: str) -> str:
            return f"{street}!"

    own = PARCEL.schemas["assistant"]
    tables = tuple(Table("lockers", Numbered) if one.name == "lockers" else one for one in own.tables)
    schemas: Any = {**PARCEL.schemas, "assistant": Schema(own.name, tables)}
    worlds = WorldStore(schemas)
    found = {split: worlds.add(Database.build(schemas, rows)) for split, rows in toolgym_parcel.SPLITS.items()}
    tasks = {
        split: _Given([task.model_copy(update={"world": found[split]}) for task in PARCEL.tasks[split]])
        for split in found
    }
    return PARCEL.with_data(schemas=schemas, worlds=worlds, tasks=TaskSet(tasks))


def _shared() -> Domain:
    rows: Any = json.loads(json.dumps(toolgym_parcel.SPLITS["test"]))
    parcels = rows["assistant"]["parcels"]
    other: Any = toolgym_parcel.SPLITS["train"]["assistant"]["parcels"]
    parcels["P999"] = {**next(iter(other.values())), "parcel_id": "P999"}
    return with_world(rows)


def _stale() -> Domain:
    """The index is changed, and the worlds still have the old one."""
    own = PARCEL.schemas["assistant"]
    parcels = replace(own.by_name["parcels"], indexes={"phone": lambda parcel: [parcel["phone"][:4]]})
    tables = (parcels, *own.tables[1:])
    worlds = WorldStore(PARCEL.schemas)
    changed: Any = {**PARCEL.schemas, "assistant": Schema(own.name, tables)}
    for rows in toolgym_parcel.SPLITS.values():
        database = Database.build(PARCEL.schemas, rows)
        database.schemas = changed
        worlds.add(database)
    return PARCEL.with_data(schemas=changed, worlds=worlds)


def spelt_index() -> Domain:
    """An index that gives a text where a list of texts is asked for."""
    own = PARCEL.schemas["assistant"]
    parcels = replace(own.by_name["parcels"], indexes={"phone": lambda parcel: parcel["phone"]})
    schemas: Any = {**PARCEL.schemas, "assistant": Schema(own.name, (parcels, *own.tables[1:]))}
    worlds = WorldStore(schemas)
    for rows in toolgym_parcel.SPLITS.values():
        worlds.add(Database.build(schemas, rows))
    return PARCEL.with_data(schemas=schemas, worlds=worlds)


_DIGESTS = [digest_of(entity) for entity in entities(toolgym_parcel.SPLITS["train"])][:1]


def add_notice(toolbox: Toolbox) -> None:
    """Tell each held parcel on the recipient's phone, each time anew."""
    phone = toolbox.toolkits["user"].db
    for parcel in list(toolbox.toolkits["assistant"].db.records("parcels")):
        if parcel["status"] == "held":
            key = f"N{phone.count('notices') + 1}"
            phone.put("notices", key, {"notice_id": key, "text": f"{parcel['parcel_id']} is held", "accepted": False})


def with_changed(table: str, key: str, **changes: str) -> Domain:
    """The test split over a world with one record changed."""
    rows: Any = json.loads(json.dumps(toolgym_parcel.SPLITS["test"]))
    rows["assistant"][table][key] |= changes
    return with_world(rows)


def untold_tasks() -> list[Task]:
    """The training tasks, whose scenarios do not tell the phone number."""
    found = []
    for task in PARCEL.tasks["train"]:
        scenario = task.user_scenario.model_copy(update={"instructions": str((task.facts or {})["wish"])})
        found.append(task.model_copy(update={"user_scenario": scenario}))
    return found


def wishless_tasks() -> list[Task]:
    """The training tasks, of which the second one's facts lack the wish."""
    first, second, *rest = PARCEL.tasks["train"]
    facts = {name: value for name, value in (second.facts or {}).items() if name != "wish"}
    return [first, second.model_copy(update={"facts": facts}), *rest]
