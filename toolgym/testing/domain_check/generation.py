"""What a domain brings to the finding of failures and the making of tasks: argument roles, decoys, its generator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np

from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.funnel import certify
from toolgym.certificates.report import Failure
from toolgym.certificates.stages import STAGES
from toolgym.database import Database, Rows, Session, WorldStore
from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.episode.setup import TaskSetup, set_up
from toolgym.errors import ToolError, WorldError
from toolgym.generation import MAX_LEVEL, ArgumentRole, ArgumentRoles, Difficulty, Explorer, TaskGenerator
from toolgym.language.text import texts_in
from toolgym.messages import ToolCall
from toolgym.tasks import Action, Task
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.mends import mend_of
from toolgym.testing.domain_check.subject import Subject, explained

TRIES = 12
"""How often a task of each kind is asked for before the generator is said to give none."""
NOWHERE = "nothing of this name"
"""An id that no record has."""
WORLDS = 3
"""In how many worlds."""


def check_roles(subject: Subject) -> Iterator[str]:
    """The argument roles speak of the tools that there are, and know what the gold calls name."""
    domain = subject.domain
    if domain.generator is None:
        return
    roles = domain.generator.argument_roles
    names = [name for kit in domain.toolkits.values() for name in kit.tools]
    for transfer in roles.transfers:
        if transfer not in names:
            yield say.ROLE_OF_NO_TOOL.format(tool=transfer, known=", ".join(names))
    raised = False
    for kit in domain.toolkits.values():
        for tool in kit.tools.values():
            for argument in tool.schema["function"]["parameters"]["properties"] if tool.mutates else ():
                try:
                    role = roles.role(tool.name, argument)
                except Exception as error:
                    raised = True
                    yield say.ROLE_RAISES.format(tool=tool.name, argument=argument, error=explained(error))
                    continue
                if role not in get_args(ArgumentRole):
                    known = ", ".join(get_args(ArgumentRole))
                    yield say.ROLE_UNKNOWN.format(tool=tool.name, argument=argument, role=role, known=known)
    if raised:
        return
    told: set[tuple[str, str]] = set()
    for _, task in subject.sample:
        if task.key in subject.defective:
            continue
        for tool_name, argument, problem in (*_check_gold(domain, task, roles), *_check_decoys(subject, task, roles)):
            if (tool_name, argument) not in told:
                told.add((tool_name, argument))
                yield problem


def _check_gold(domain: Domain, task: Task, roles: ArgumentRoles) -> Iterator[tuple[str, str, str]]:
    """What its effective gold calls name is known, but for what the earlier ones made; what there is not is refused."""
    ready = set_up(domain, task)
    for number, action in enumerate(ready.gold_writes):
        yield from _check_refusal(ready, action, roles) if number == 0 and domain.compat.strict_calls else ()
        for argument, value in action.arguments.items():
            role = roles.role(action.name, argument)
            for text in texts_in(value):
                session = Session(ready.base, ready.start)
                about = {"argument": argument, "value": text, "tool": action.name, "task": task.id}
                if number and not _holds(ready.base, text):
                    continue
                if role == "record" and roles.owner(session, text) is None:
                    yield action.name, argument, say.RECORD_UNOWNED.format(**about)
                if role in ("item", "variant") and roles.kind_of(session, text) is None:
                    yield action.name, argument, say.KIND_UNKNOWN.format(**about, role=role)


def _check_refusal(ready: TaskSetup, action: Action, roles: ArgumentRoles) -> Iterator[tuple[str, str, str]]:
    """A write refuses an id that there is not, in the state that the gold calls before it do not touch."""
    for argument, value in action.arguments.items():
        role = roles.role(action.name, argument)
        if role == "value" or not isinstance(value, str):
            continue
        arguments = {**thaw(action.arguments), argument: NOWHERE}
        if ready.toolbox().call(ToolCall(action.name, arguments, "probe", action.requestor)).changed:
            told = say.TAKES_ANYTHING.format(tool=action.name, argument=argument, value=NOWHERE, role=role)
            yield action.name, f"{argument} refused", told


def _holds(base: Database, key: str) -> bool:
    return any(
        base.record(side, table.name, key) is not None
        for side, schema in base.schemas.items()
        for table in schema.tables
    )


def _check_decoys(subject: Subject, task: Task, roles: ArgumentRoles) -> Iterator[tuple[str, str, str]]:
    tools = subject.domain.toolkits["assistant"].tools
    for decoy in roles.decoys(task):
        if decoy.pattern not in subject.patterns:
            told = say.DECOY_PATTERN.format(task=task.id, pattern=decoy.pattern, known=subject.known_patterns)
            yield decoy.name, f"pattern {decoy.pattern}", told
        if decoy.name not in tools:
            told = say.DECOY_OF_NO_TOOL.format(task=task.id, tool=decoy.name, known=", ".join(tools))
            yield decoy.name, "", told
            continue
        if any(call.name == decoy.name and call.arguments == dict(decoy.arguments) for call in task.gold):
            yield decoy.name, "gold", say.DECOY_IS_GOLD.format(task=task.id, tool=decoy.name)
        try:
            tools[decoy.name].validate(decoy.arguments)
        except ToolError as error:
            yield decoy.name, "arguments", say.DECOY_DOES_NOT_FIT.format(task=task.id, error=error)


def check_generator(subject: Subject) -> Iterator[str]:
    """The generator's worlds and tasks: they fit, pass the certificates, and are the same with the same seed."""
    generator = subject.domain.generator
    if generator is None or not subject.ours:  # it makes tasks of ours, not of tau2's
        return
    for what, names in (("kind", generator.kinds), ("injector", [one.name for one in generator.injectors])):
        for name, count in Counter(names).items():
            if count > 1:
                yield say.NAME_TWICE.format(what=what, name=name)
    for injector in generator.injectors:
        for field, text in (("meaning", injector.meaning), ("example", injector.example)):
            if not text.strip():
                yield say.INJECTOR_UNTOLD.format(injector=injector.name, field=field)
    worlds = [generator.world(_rng(subject, number)) for number in range(WORLDS)]
    if worlds[0] != generator.world(_rng(subject, 0)):
        yield say.GENERATED_WORLD_VARIES
        return
    if all(rows == worlds[0] for rows in worlds):
        yield say.GENERATED_WORLD_SAME.format(count=WORLDS)
    try:
        bases = [Database.build(subject.domain.schemas, rows) for rows in worlds]
    except WorldError as error:
        yield say.GENERATED_WORLD_FAILS.format(error=error)
        return
    yield from _check_taken(subject, generator, worlds[0])
    store = WorldStore(subject.domain.schemas)
    places = [(rows, store.add(base)) for rows, base in zip(worlds, bases, strict=True)]
    over = subject.domain.with_data(worlds=store)
    patterns = {injector.name: injector.pattern for injector in generator.injectors}
    for kind in dict.fromkeys(generator.kinds):
        yield from _check_made(subject, over, generator, places, "kind", kind, None)
    for name, pattern in patterns.items():
        yield from _check_made(subject, over, generator, places, "injector", name, pattern)


def _rng(subject: Subject, number: int) -> np.random.Generator:
    return np.random.default_rng([subject.seed, number])


def _check_taken(subject: Subject, generator: TaskGenerator, rows: Rows) -> Iterator[str]:
    """A world drawn with the same seed has nothing of what is taken."""
    if subject.domain.entities is None:
        return
    taken = set(subject.domain.entities(rows))
    common = taken & set(subject.domain.entities(generator.world(_rng(subject, 0), taken=taken)))
    if common:
        kind, text = min(common)
        yield say.GENERATED_WORLD_SHARES.format(kind=kind, text=text)


def _check_made(
    subject: Subject,
    domain: Domain,
    generator: TaskGenerator,
    places: Sequence[tuple[Rows, str]],
    what: str,
    name: str,
    pattern: str | None,
) -> Iterator[str]:
    """The tasks of one kind or injector."""

    def asked(explorer: Explorer, number: int) -> Sequence[Task]:
        wanted = f"{name}-{number}"
        if pattern is None:
            return explorer.draw(name, wanted)
        return explorer.inject(name, Difficulty.of(number % (MAX_LEVEL + 1)), wanted)

    def drawn() -> list[tuple[int, str, tuple[Task, ...]]]:
        made: list[tuple[int, str, tuple[Task, ...]]] = []
        for place, (rows, world) in enumerate(places):
            explorer = generator.explore(rows, world, _rng(subject, place))
            made += [(number, world, tuple(asked(explorer, number))) for number in range(TRIES // len(places))]
        return made

    told: dict[str, Any] = {"what": what, "name": name}
    try:
        made, again = drawn(), drawn()
    except Exception as error:
        yield say.GENERATOR_RAISES.format(**told, error=explained(error))
        return
    if _keys(made) != _keys(again):
        yield say.GENERATOR_VARIES.format(**told)
        return
    given = [one for one in made if one[2]]
    if not given:
        yield say.GIVES_NOTHING.format(**told, tries=len(made))
        return
    if (tries := _alike(made)) is not None:
        yield say.GENERATED_SAME.format(**told, tries=tries)
    stages = [stage for stage in STAGES if stage.name != "disjoint"]  # what is taken is checked of the worlds
    checked = 0
    failures: list[Failure] = []
    for number, world, tasks in _few(given, subject.tasks):
        for task in tasks:
            if task.world != world:
                yield say.GENERATED_ELSEWHERE.format(**told, task=task.id, found=task.world[:16], world=world[:16])
                return
            if not task.id.startswith(f"{name}-{number}"):
                yield say.GENERATED_UNNAMED.format(**told, task=task.id, wanted=f"{name}-{number}")
                return
        for problem in _check_provenance(tasks[0], name, pattern):
            yield problem
            return
        checked += 1
        report = certify(domain, tasks, stages=stages, seen=DuplicateIndex(), forms=0)  # `users check` has the forms
        failures += report.failed[:1]
    mend = mend_of(subject, failures[0]) if failures else None
    if mend is not None:
        yield say.GENERATED_FAILS.format(
            **told,
            failed=len(failures),
            checked=checked,
            stage=failures[0].stage,
            why=failures[0].reason,
            mend=mend,
        )


def _keys(made: Sequence[tuple[int, str, Sequence[Task]]]) -> list[list[str]]:
    return [[task.key for task in tasks] for _, _, tasks in made]


def _alike(made: Sequence[tuple[int, str, Sequence[Task]]]) -> int | None:
    """How often one and the same was given in each world; None if something else was given in any."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for _, world, tasks in made:
        found.setdefault(world, []).append(tuple(task.model_copy(update={"id": "-"}).key for task in tasks))
    same = all(len(set(given)) == 1 and given[0] for given in found.values())
    return len(made) // len(found) if same and len(found) > 1 else None


def _few(given: Sequence[Any], count: int) -> Sequence[Any]:
    step = max(1, len(given) // count)
    return given[::step][:count]


def _check_provenance(task: Task, name: str, pattern: str | None) -> Iterator[str]:
    found = task.provenance
    if pattern is None:
        if found is not None and found.kind != name:
            yield say.KIND_MISNAMED.format(name=name, found=found.kind)
        return
    for field, value, wanted in (
        ("kind", found.kind if found is not None else None, name),
        ("pattern", found.pattern if found is not None else None, pattern),
    ):
        if value != wanted:
            yield say.PROVENANCE_WRONG.format(injector=name, field=field, found=value, wanted=wanted)
