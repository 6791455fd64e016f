"""A package with all that a domain can have, and ways to put a mistake into it."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from toolgym.database import Database, Record, Rows, Schema, Table, WorldStore
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.generation import DecoyCall, Difficulty
from toolgym.messages import STOP, Message
from toolgym.patterns import Injection
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Effect, Toolkit, tool
from toolgym.worlds.identities import digest_of

PACKAGE = Path(__file__).parents[1] / "packages" / "parcel_domain"
sys.path.insert(0, str(PACKAGE))

import toolgym_parcel  # noqa: E402  # it is not installed where the tests run
from toolgym_parcel import DOMAIN as PARCEL  # noqa: E402
from toolgym_parcel import argument_roles  # noqa: E402
from toolgym_parcel.agents import Novice, Oracle, Recipient  # noqa: E402
from toolgym_parcel.generator import ParcelExplorer, ParcelGenerator, draw  # noqa: E402
from toolgym_parcel.records import entities  # noqa: E402
from toolgym_parcel.tools import ParcelTools, RecipientTools  # noqa: E402


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


class _Undocumented(ParcelTools):
    @tool(Effect.READ)
    def list_streets(self) -> list[str]:
        return [locker["street"] for locker in self.db.records("lockers")]


class _Untyped(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id) -> str:  # type: ignore[no-untyped-def]  # the mistake that is planted
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return str(self._get("lockers", locker_id)["street"])


class _Undescribed(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker."""
        return str(self._get("lockers", locker_id)["street"])


class _Stealthy(ParcelTools):
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


class _StealthyBesideTheGold(ParcelTools):
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


class _Credulous(ParcelTools):
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


class _Idle(ParcelTools):
    @tool(Effect.WRITE)
    def list_lockers(self) -> list[Record]:
        """List all lockers with their streets."""
        return list(self.db.records("lockers"))


class _KeyError(ParcelTools):
    @tool(Effect.READ)
    def street_of(self, locker_id: str) -> str:
        """The street of a locker.

        Args:
            locker_id: The locker.
        """
        return {"L1": "Mill Lane"}[locker_id]


_COUNTER = itertools.count()


class _Counting(ParcelTools):
    @tool(Effect.READ)
    def ticket(self) -> int:
        """Draw a ticket."""
        return next(_COUNTER)


class _Endless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", "And then?") if STOP in (answer.content or "") else answer


class _Fickle(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{self.yes()} {answer.content}") if self.answers == 1 else answer


class _Inventive(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        answer = super().respond(view)
        return Message("user", f"{answer.content} My order is #W4711.") if self.answers == 1 else answer


class _Speechless(Recipient):
    def respond(self, view: Sequence[Message]) -> Message:
        if "help you" in (view[-1].content or ""):
            raise RuntimeError("no answer to a refusal")
        return super().respond(view)


class _NoForwarding(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("forward" in call.name for call in step.tool_calls)]


class _Clairvoyant(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        self.steps = [step for step in self.steps if not any("find" in call.name for call in step.tool_calls)]


class _Unasking(Oracle):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, rng)
        del self.steps[0]


class _Mislabelling(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, pattern="asked_too_little") for label in self.injected]
        return step


class _Misplacing(Novice):
    def respond(self, view: Sequence[Message]) -> Message:
        step = super().respond(view)
        self.injected = [replace(label, message=999) for label in self.injected]
        return step


class _Dicing(Novice):
    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        super().__init__(domain, task, np.random.default_rng(next(_COUNTER)))


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


def _role_of_a_renamed_tool(tool_name: str, argument: str) -> str:
    roles = {("send_on", name): role for (_, name), role in argument_roles.ROLES.items()}
    return str(roles[tool_name, argument])


class _Explorer(ParcelExplorer):
    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        return ()


class _Stingy(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return _Explorer(rows, world, rng)


class _OtherPattern(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], pattern="wrong_variant"),)


class _Twice(ParcelGenerator):
    injectors = ParcelGenerator.injectors * 2


class _DicingGenerator(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, world, np.random.default_rng(next(_COUNTER)))


class _DicingWorlds(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(np.random.default_rng(next(_COUNTER)))


class _Grasping(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(rng)


class _Elsewhere(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, toolgym_parcel.DIGESTS["train"], rng)


class _Unsolvable(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        (task,) = super().draw(kind, task_id)
        return (task.model_copy(update={"facts": {**(task.facts or {}), "phone": "00000000"}}),)


class _OnceUnsolvable(_Unsolvable):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return (super() if task_id.endswith("-0") else super(_Unsolvable, self)).draw(kind, task_id)


class _OnceUncertain(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return _OnceUnsolvable(rows, world, rng)


class _Uncertain(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return _Unsolvable(rows, world, rng)


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


def _injected(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    novice = Novice(domain, task, rng)
    novice.injected = []
    return _Faultless(novice)


class _Faultless:
    def __init__(self, inner: Novice) -> None:
        self.inner = inner
        self.injected: list[Injection] = []

    def respond(self, view: Sequence[Message]) -> Message:
        return self.inner.respond(view)


def _untold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "send_on", {}),)


def _gold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", task.gold[-1].name, task.gold[-1].arguments),) if len(task.gold) < 4 else ()


def _bare_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "hold_parcel", {}),)


def _odd_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("odd", "hold_parcel", {"parcel_id": "P101"}),)


class _Silent(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], meaning=" "),)


class _RaisingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        raise KeyError(kind)


class _Raises(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return _RaisingExplorer(rows, world, rng)


class _RenamingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return super().draw(kind, "mine")


class _Renamed(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return _RenamingExplorer(rows, world, rng)


class _Unfit(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return {"assistant": {"shelves": {}}}


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


_DIGESTS = [digest_of(entity) for entity in entities(toolgym_parcel.SPLITS["train"])][:1]


def _raising_agent(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    class Raises:
        def respond(self, view: Sequence[Message]) -> Message:
            raise KeyError("phone")

    return Raises()
