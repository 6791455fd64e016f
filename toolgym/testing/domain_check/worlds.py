"""The worlds and the tasks: whether they are what they say, and whether the splits are apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.entities import entities_of
from toolgym.certificates.funnel import certify
from toolgym.certificates.stages import STAGES
from toolgym.database import Database
from toolgym.errors import DataError
from toolgym.messages import AgentID
from toolgym.tasks import Task
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.mends import mend_of
from toolgym.testing.domain_check.references import check_references
from toolgym.testing.domain_check.subject import Subject, explained
from toolgym.worlds.identities import Entity

RECORDS = 20
"""How many records of each table are read again."""


def check_worlds(subject: Subject) -> Iterator[str]:
    """Every world is there, is what its digest says, and its records and indexes are as the schemas have them."""
    seen = set()
    for split in subject.domain.tasks.splits():
        for world in dict.fromkeys(task.world for task in subject.domain.tasks[split]):
            if world in seen:
                continue
            seen.add(world)
            try:
                database = subject.domain.worlds.get(world)
            except DataError as error:
                yield say.WORLD_MISSING.format(split=split, error=error)
                continue
            if (found := database.checksum()) != world:
                yield say.WORLD_DIGEST.format(world=world[:16], found=found[:16])
            for side in database.schemas:
                yield from _check_records(database, side)
            yield from check_references(database)


def _check_records(database: Database, side: AgentID) -> Iterator[str]:
    """The first wrong record, and the first wrong entry of an index, of each table."""
    for table in database.schemas[side].tables:
        stable, listed = True, True
        for key in list(database.keys(side, table.name))[:RECORDS]:
            record = database.record(side, table.name, key)
            if record is None:
                continue
            if stable and table.normalise(record) != record:
                stable = False
                yield say.RECORD_UNSTABLE.format(key=key, table=table.name, model=table.model.__name__)
            for index, function in table.indexes.items():
                values = function(record)
                if isinstance(values, str):
                    if listed:
                        yield say.INDEX_IS_TEXT.format(index=index, table=table.name, key=key, value=values)
                    listed = False
                    continue
                for value in values:
                    if listed and key not in database.find(side, table.name, index, value):
                        listed = False
                        yield say.INDEX_STALE.format(index=index, table=table.name, key=key, value=value)


def check_splits(subject: Subject) -> Iterator[str]:
    """No two splits share a world or an entity, and none holds what is reserved."""
    domain = subject.domain
    if not subject.ours:
        return
    worlds = {split: {task.world for task in domain.tasks[split]} for split in domain.tasks.splits()}
    for one, other in combinations(worlds, 2):
        for world in sorted(worlds[one] & worlds[other]):
            yield say.WORLD_SHARED.format(one=one, other=other, world=world[:16])
    if domain.entities is None:
        return
    held: dict[str, dict[bytes, Entity]] = {}
    for split, digests in worlds.items():
        held[split] = {}
        for world in sorted(digests):
            try:
                found = entities_of(domain, world)
            except DataError:  # check_worlds has told it
                continue
            if not found:
                yield say.NO_ENTITIES.format(world=world[:16])
            held[split].update(found)
    reserved = frozenset(domain.reserved() if domain.reserved is not None else ())
    for split, entities in held.items():
        if common := entities.keys() & reserved:
            kind, text = min(entities[digest] for digest in common)
            yield say.ENTITY_RESERVED.format(split=split, kind=kind, text=text)
    for one, other in combinations(held, 2):
        if worlds[one].isdisjoint(worlds[other]) and (common := held[one].keys() & held[other].keys()):
            kind, text = min(held[one][digest] for digest in common)
            yield say.ENTITY_SHARED.format(one=one, other=other, count=len(common), kind=kind, text=text)


def check_tasks(subject: Subject) -> Iterator[str]:
    """Ids and keys are unique, and each task of the sample passes the stages of a certificate."""
    domain = subject.domain
    if not domain.tasks.splits():
        yield say.NO_SPLITS
    places: dict[str, list[str]] = {}
    keys: dict[str, str] = {}
    for split in domain.tasks.splits():
        if not domain.tasks[split]:
            yield say.NO_TASKS.format(split=split)
        for task in domain.tasks[split] if subject.ours else ():
            places.setdefault(task.id, []).append(split)
            bare = task.model_copy(update={"id": "-"}).key
            if bare in keys and keys[bare] != task.id:
                yield say.TASK_TWICE.format(one=keys[bare], other=task.id)
            keys.setdefault(bare, task.id)
    for task_id, splits in places.items():
        if len(splits) > 1:
            found = ", ".join(dict.fromkeys(splits))
            yield say.TASK_ID_TWICE.format(task=task_id, count=len(splits), splits=found)
    yield from _check_gold_tools(subject)
    stages = [stage for stage in STAGES if stage.name not in ("oracle", "disjoint")]  # each is checked on its own
    seen = DuplicateIndex()
    checked = set()
    alike: dict[tuple[str, str, str], list[tuple[str, Task, str]]] = {}
    for split, task in subject.sample:
        if task.key in checked or task.key in subject.defective:
            continue
        checked.add(task.key)
        try:
            failed = certify(domain, [task], seen=seen, stages=stages).failed
        except Exception as error:
            if explained(error) not in subject.told:
                raise
            continue  # of a tool, which was told; the other tasks go on
        for failure in failed:
            subject.told.add(f"TaskError: {failure.reason}")
            if failure.stage in ("schema", "replay", "substance"):
                subject.defective.add(task.key)
            if (mend := mend_of(subject, failure)) is not None:
                kind = (failure.stage, mend, re.sub(r"'[^']*'|\d+", "", failure.reason))
                alike.setdefault(kind, []).append((split, task, failure.reason))
    for (stage, mend, _), ((split, task, why), *others) in alike.items():
        more = ""
        if others:
            looked_at, other = len(subject.sample), others[0][1].id
            more = say.TASK_FAILS_TOO.format(count=len(others), looked_at=looked_at, other=other)
        yield say.TASK_FAILS.format(task=task.id, split=split, stage=stage, why=why, mend=mend, more=more)


def _check_gold_tools(subject: Subject) -> Iterator[str]:
    """Gold calls name tools of the side that makes them."""
    told = set()
    for _, task in subject.sample if subject.domain.compat.strict_calls else ():
        for action in task.gold:
            kit = subject.domain.toolkits.get(action.requestor)
            tools = list(kit.tools) if kit is not None else []
            if action.name in tools:
                continue
            subject.defective.add(task.key)
            if (action.requestor, action.name) not in told:
                told.add((action.requestor, action.name))
                yield say.GOLD_OF_NO_TOOL.format(
                    tool=action.name, task=task.id, side=action.requestor, known=", ".join(tools) or "no tools"
                )
