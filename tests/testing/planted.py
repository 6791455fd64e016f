"""A package with all that a domain can have, with one mistake in it each."""

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


class _Unpatterned(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0]),)


object.__setattr__(_Unpatterned.injectors[0], "pattern", "wrong_parcel")  # which Injector itself would refuse


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


PLANTED: dict[str, tuple[Callable[[], Domain], str]] = {
    "an empty policy": (lambda: PARCEL.with_data(policy=" \n"), r"the policy is ' \\n'; give Domain\(policy="),
    "an empty greeting": (lambda: PARCEL.with_data(greeting=""), r"the greeting is ''; give Domain\(greeting="),
    "tools of a third side": (
        lambda: PARCEL.with_data(toolkits={**PARCEL.toolkits, "courier": RecipientTools}),
        r"Domain\(toolkits=\.\.\.\) has something for the side 'courier'; the sides are",
    ),
    "a tool on both sides": (
        lambda: PARCEL.with_data(toolkits={"assistant": ParcelTools, "user": ParcelTools}),
        "both sides have a tool 'hold_parcel'.*rename one of them",
    ),
    "a tool without a type": (lambda: with_tools(_Untyped), "no schema can be made of .*'street_of'.*annotate each"),
    "no tools": (lambda: with_tools(Toolkit), "the assistant has no tools; mark methods"),
    "entities of nothing": (
        lambda: PARCEL.with_data(entities=lambda rows: iter(())),
        r"finds nothing in the world .*yield who and what it holds",
    ),
    "an entity that is reserved": (
        lambda: PARCEL.with_data(reserved=lambda: _DIGESTS),
        "the split 'train' has the phone '.*which is reserved; draw",
    ),
    "an index that is another than the world's": (_stale, "index 'phone' of 'parcels' does not find.*build the world"),
    "a decoy that is the gold": (lambda: with_roles(decoys=_gold_decoy), "that is its gold call.*must be wrong"),
    "a decoy without arguments": (lambda: with_roles(decoys=_bare_decoy), "decoy whose arguments do not fit.*mend"),
    "a decoy of an unknown pattern": (lambda: with_roles(decoys=_odd_decoy), "decoy of the pattern 'odd'.*use one of"),
    "an injector that says nothing": (lambda: with_generator(_Silent), "'two_parcels' has no meaning; say it in"),
    "a generator that raises": (
        lambda: with_generator(_Raises),
        "kind 'forward' raised KeyError.*return nothing where",
    ),
    "generated tasks of other names": (lambda: with_generator(_Renamed), "with the id 'mine'.*must begin with"),
    "generated worlds that do not fit": (lambda: with_generator(_Unfit), "world cannot be built.*fit the domain's"),
    "a tool without docstring": (lambda: with_tools(_Undocumented), "'list_streets' has no docstring.*write one"),
    "an argument without description": (lambda: with_tools(_Undescribed), "'locker_id'.*'street_of'.*under 'Args:'"),
    "a write marked READ": (lambda: with_tools(_Stealthy), r"'hold_parcel' is marked READ.*mark it @tool\(Effect.WR"),
    "a write marked READ that no gold calls": (
        lambda: with_tools(_StealthyBesideTheGold),
        r"'look_at' is marked READ.*mark it @tool\(Effect.WRITE",
    ),
    "a read marked WRITE": (lambda: with_tools(_Idle), r"'list_lockers' is marked WRITE.*mark it @tool\(Effect.READ"),
    "a tool that raises KeyError": (lambda: with_tools(_KeyError), "'street_of'.*raised KeyError.*raise ToolError"),
    "a tool that is not the same twice": (lambda: with_tools(_Counting), "'ticket', called twice.*state alone"),
    "a gold call that fails": (lambda: with_gold(parcel_id="P1"), "'train-0'.*stage 'replay'.*'P1'.*correct the gold"),
    "a gold that changes nothing": (_nothing, "'train-0'.*stage 'substance'.*give it gold calls that change"),
    "a world with another digest": (
        lambda: with_world(toolgym_parcel.SPLITS["test"], "0" * 64),
        "the world 0000000000000000 is kept under this digest.*save it under its own",
    ),
    "a world that is not there": (
        lambda: PARCEL.with_data(worlds=WorldStore(PARCEL.schemas)),
        r"world of the split 'train' cannot be opened.*add it to Domain\(worlds=",
    ),
    "a record that is another when read again": (_unstable, "'L1' of 'lockers'.*Numbered.*leave alone"),
    "two splits with one entity": (_shared, "'train' and 'test' share 1 entities, such as the phone '.*names that no"),
    "two splits with one world": (
        lambda: with_tasks(test=PARCEL.tasks["train"]),
        "'train' and 'test' share the world.*worlds of its own",
    ),
    "an id of two tasks": (_same_id, r"the task id 'train-1' is that of 2 tasks \(train, test\).*give each its own"),
    "one task under two ids": (_twin, "'train-0' and 'train-99' are the same.*leave one out"),
    "an empty split": (lambda: with_tasks(test=[]), "the split 'test' has no tasks; write some"),
    "a scenario without what is needed": (
        lambda: PARCEL.with_data(needs=lambda task, database: ["the colour"]),
        "stage 'facts'.*'the colour'.*write into the scenario",
    ),
    "facts and no user": (lambda: PARCEL.with_data(users={}), r"carries facts and the domain has no user.*AgentSpec\("),
    "a user that never ends": (lambda: with_user(_Endless), "'scripted' does not end.*let its patience end"),
    "a first line that depends on the trial": (lambda: with_user(_Fickle), "first line of the user.*task alone"),
    "a user that invents": (lambda: with_user(_Inventive), "says 'w4711'.*say only what it knows"),
    "a user without an answer": (lambda: with_user(_Speechless), "fault .*no answer to a refusal.*must have an answer"),
    "an oracle that fails a kind": (
        lambda: with_agent("oracle", _NoForwarding),
        "oracle does not solve the task 'train-0'.*DB failed.*mend it",
    ),
    "an oracle that nobody told": (
        lambda: with_agent("oracle", _Clairvoyant),
        r"oracle calls '\w+_parcel' with parcel_id = 'P\d+'.*let it ask or look it up",
    ),
    "an oracle that hides what it is": (
        lambda: with_agent("oracle", Oracle, privileged=False),
        "'oracle' reads more of a task.*privileged=True",
    ),
    "an agent that raises": (
        lambda: with_agent("desk", _raising_agent, privileged=False),
        "agent 'desk' ends the task 'train-0' with KeyError.*must have an answer",
    ),
    "a novice with an unknown label": (lambda: with_agent("novice", _Mislabelling), "'asked_too_little'; known are"),
    "a novice with a label nowhere": (lambda: with_agent("novice", _Misplacing), "at message 999.*count what it had"),
    "a novice without a fault": (lambda: with_agent("novice", _injected), "made no fault in 16 episodes; let it err"),
    "a novice that dices": (lambda: with_agent("novice", _Dicing), "'novice'.*differ.*generator that is passed"),
    "roles of a tool that is not there": (
        lambda: with_roles(role=_role_of_a_renamed_tool),
        r"role\('forward_parcel', 'parcel_id'\) raised KeyError.*name the tools as the toolkit does",
    ),
    "a role that there is not": (lambda: with_roles(role=lambda tool, name: "thing"), "is 'thing'; .*must answer one"),
    "a transfer that is no tool": (lambda: with_roles(transfers=("hand_over",)), "names the tool 'hand_over'.*one of"),
    "a record that nobody owns": (
        lambda: with_roles(owner=lambda session, record: None),
        "'forward_parcel'.*has the role 'record'.*let it answer whose",
    ),
    "a variant of no kind": (
        lambda: with_roles(kind_of=lambda session, item: None),
        "locker_id = 'L.'.*has the role 'variant'.*let it answer of which",
    ),
    "a write that takes any id": (
        lambda: with_tools(_Credulous),
        "'forward_parcel' with locker_id = 'nothing of this name'.*role 'variant'; raise ToolError",
    ),
    "a later record that nobody owns": (
        lambda: with_roles(owner=lambda session, record: record if record[0] == "P" else None),
        "notice_id = 'N1' of the gold call 'accept_notice'.*let it answer whose",
    ),
    "an oracle that does not ask who it is": (
        lambda: with_agent("oracle", _Unasking),
        r"oracle calls 'find_parcels' with phone = '\d+'.*let it ask or look it up",
    ),
    "a decoy that is no tool": (lambda: with_roles(decoys=_untold_decoy), "a decoy that calls 'send_on'.*name one of"),
    "an injector of an unknown pattern": (
        lambda: with_generator(_Unpatterned),
        "'two_parcels' stresses the pattern 'wrong_parcel'; known are.*use one of them",
    ),
    "an injector that gives nothing": (lambda: with_generator(_Stingy), "'two_parcels' gave no task in 12 tries; let"),
    "an injector with another's provenance": (
        lambda: with_generator(_OtherPattern),
        "provenance says pattern 'wrong_record'; write 'wrong_variant'",
    ),
    "two injectors of one name": (lambda: with_generator(_Twice), "injector 'two_parcels' twice; give each a name"),
    "a generator that dices": (lambda: with_generator(_DicingGenerator), "kind 'forward' gives other tasks.*from `rng"),
    "worlds that dice": (lambda: with_generator(_DicingWorlds), "draws two different worlds.*from `rng`"),
    "worlds that take what is taken": (lambda: with_generator(_Grasping), "was among those taken; draw again"),
    "tasks of another world": (lambda: with_generator(_Elsewhere), "in the world '.*asked for one in"),
    "generated tasks that nobody solves": (lambda: with_generator(_Uncertain), "of 4 tasks that.*4 fail.*mend|write"),
}
