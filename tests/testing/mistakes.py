"""Parts of a domain with a mistake in them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from parcel import PARCEL, Given, toolgym_parcel, with_tasks, with_world
from toolgym_parcel import argument_roles
from toolgym_parcel.agents import Novice, Oracle, Recipient
from toolgym_parcel.generator import ParcelExplorer, ParcelGenerator, draw
from toolgym_parcel.records import entities
from toolgym_parcel.tools import ParcelTools

from toolgym.database import Database, Record, Rows, Schema, Table, WorldStore
from toolgym.domain import Agent, Domain
from toolgym.generation import DecoyCall, Difficulty
from toolgym.messages import STOP, Message
from toolgym.patterns import Injection
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Effect, tool
from toolgym.worlds.identities import digest_of


class Undocumented(ParcelTools):
    @tool(Effect.READ)
    def list_streets(self) -> list[str]:
        return [locker["street"] for locker in self.db.records("lockers")]


class Untyped(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id) -> str:  # type: ignore[no-untyped-def]  # the mistake that is planted
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return str(self._get("lockers", locker_id)["street"])


class Undescribed(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker."""
        return str(self._get("lockers", locker_id)["street"])


class Stealthy(ParcelTools):
    @tool(Effect.READ)
    def hold_parcel(self, parcel_id: str) -> Record:
        """Hold a parcel for another week.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class StealthyBesideTheGold(ParcelTools):
    @tool(Effect.READ)
    def look_at(self, parcel_id: str) -> Record:
        """Look at a parcel, which no gold call does.

        Args:
            parcel_id: The parcel.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["status"] = "held"
        return parcel


class Credulous(ParcelTools):
    @tool(Effect.WRITE)
    def forward_parcel(self, parcel_id: str, locker_id: str) -> Record:
        """Forward a parcel to another locker.

        Args:
            parcel_id: The parcel.
            locker_id: The locker to which it goes.
        """
        self._get("parcels", parcel_id)
        parcel = self.db.edit("parcels", parcel_id)
        parcel["locker_id"] = locker_id
        return parcel


class Idle(ParcelTools):
    @tool(Effect.WRITE)
    def list_lockers(self) -> list[Record]:
        """List all lockers with their streets."""
        return list(self.db.records("lockers"))


class RaisesKeyError(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return {"L1": "Mill Lane"}[locker_id]


COUNTER = itertools.count()


class Counting(ParcelTools):
    @tool(Effect.READ)
    def ticket(self) -> int:
        """Draw a ticket."""
        return next(COUNTER)


class Endless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", "And then?") if STOP in (answer.content or "") else answer


class Fickle(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{self.yes()} {answer.content}") if self.answers == 1 else answer


class Inventive(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{answer.content} My order is #W4711.") if self.answers == 1 else answer


class Speechless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        if "help you" in (view[-1].content or ""):
            raise RuntimeError("no answer to a refusal")
        return super().respond(view)


class NoForwarding(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("forward" in call.name for call in step.tool_calls)]


class Clairvoyant(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("find" in call.name for call in step.tool_calls)]


class Unasking(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        del self.steps[0]


class Mislabelling(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, pattern="asked_too_little") for label in self.injected]
        return step


class Misplacing(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, message=999) for label in self.injected]
        return step


class Dicing(Novice):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, np.random.default_rng(next(COUNTER)))


def role_of_a_renamed_tool(tool_name: str, argument: str) -> str:
    roles = {("send_on", name): role for (_, name), role in argument_roles.ROLES.items()}
    return str(roles[tool_name, argument])


class EmptyExplorer(ParcelExplorer):
    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        return ()


class Stingy(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return EmptyExplorer(rows, world, rng)


class OtherPattern(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], pattern="wrong_variant"),)


class Twice(ParcelGenerator):
    injectors = ParcelGenerator.injectors * 2


class DicingGenerator(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, world, np.random.default_rng(next(COUNTER)))


class DicingWorlds(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(np.random.default_rng(next(COUNTER)))


class Grasping(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(rng)


class Elsewhere(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, toolgym_parcel.DIGESTS["train"], rng)


class Unsolvable(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        (task,) = super().draw(kind, task_id)
        return (task.model_copy(update={"facts": {**(task.facts or {}), "phone": "00000000"}}),)


class Uncertain(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return Unsolvable(rows, world, rng)


def twin() -> Domain:
    first = PARCEL.tasks["train"][0]
    return with_tasks(train=[*PARCEL.tasks["train"], first.model_copy(update={"id": "train-99"})])


def same_id() -> Domain:
    first, *rest = PARCEL.tasks["test"]
    return with_tasks(test=[first.model_copy(update={"id": "train-1"}), *rest])


def nothing() -> Domain:
    first, *rest = PARCEL.tasks["train"]
    assert first.evaluation_criteria is not None
    criteria = first.evaluation_criteria.model_copy(update={"actions": first.gold[:1]})
    return with_tasks(train=[first.model_copy(update={"evaluation_criteria": criteria}), *rest])


def unstable() -> Domain:
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
        split: Given([task.model_copy(update={"world": found[split]}) for task in PARCEL.tasks[split]])
        for split in found
    }
    return PARCEL.with_data(schemas=schemas, worlds=worlds, tasks=TaskSet(tasks))


def shared() -> Domain:
    rows: Any = json.loads(json.dumps(toolgym_parcel.SPLITS["test"]))
    parcels = rows["assistant"]["parcels"]
    other: Any = toolgym_parcel.SPLITS["train"]["assistant"]["parcels"]
    parcels["P999"] = {**next(iter(other.values())), "parcel_id": "P999"}
    return with_world(rows)


def injected(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    novice = Novice(domain, task, rng)
    novice.injected = []
    return Faultless(novice)


class Faultless:
    def __init__(self, inner: Novice) -> None:
        self.inner = inner
        self.injected: list[Injection] = []

    def respond(self, view: Sequence[Message]) -> Message:
        return self.inner.respond(view)


def untold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "send_on", {}),)


def gold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", task.gold[-1].name, task.gold[-1].arguments),) if len(task.gold) < 4 else ()


def bare_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "hold_parcel", {}),)


def odd_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("odd", "hold_parcel", {"parcel_id": "P101"}),)


class Silent(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], meaning=" "),)


class RaisingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        raise KeyError(kind)


class Raises(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return RaisingExplorer(rows, world, rng)


class RenamingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return super().draw(kind, "mine")


class Renamed(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return RenamingExplorer(rows, world, rng)


class Unfit(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return {"assistant": {"shelves": {}}}


def stale() -> Domain:
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


DIGESTS = [digest_of(entity) for entity in entities(toolgym_parcel.SPLITS["train"])][:1]


def raising_agent(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    class Raises:
        def respond(self, view: Sequence[Message]) -> Message:
            raise KeyError("phone")

    return Raises()
