"""Calls with which each tool is tried: those of the gold, and others made of what stands in the world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from toolgym.database import Database, Session
from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError, ToolError
from toolgym.messages import AgentID, ToolCall
from toolgym.tasks import Task
from toolgym.testing.domain_check.subject import Subject
from toolgym.tools import Tool, Toolbox

PROBES = 12
"""How many calls are tried of each tool."""


def places(subject: Subject) -> list[tuple[Database, Session]]:
    """The states in which tasks of the sample begin; those that cannot be set up are told of elsewhere."""
    found = []
    for _, task in subject.sample:
        try:
            session = begin(subject.domain, task).session
        except (DataError, TaskError):
            continue
        found.append((session.base, session))
    return found


def begin(domain: Domain, task: Task) -> Toolbox:
    """Both sides' tools in the state in which a task begins, whether its gold calls work or not.

    Raises:
        DataError: If its world cannot be found.
        TaskError: If it cannot be set up.
    """
    bare = task.evaluation_criteria and task.evaluation_criteria.model_copy(update={"actions": ()})
    return set_up(domain, task.model_copy(update={"evaluation_criteria": bare})).toolbox()


def copied(toolbox: Toolbox) -> Toolbox:
    """The same tools over the same state, of which a change leaves the other alone."""
    kits = {side: type(kit) for side, kit in toolbox.toolkits.items()}
    return Toolbox(toolbox.session.fork(), kits, toolbox.compat, toolbox.sync)


def calls(
    subject: Subject,
    side: AgentID,
    tool: Tool,
    properties: Mapping[str, Any],
    beginnings: Sequence[tuple[Database, Session]],
) -> Iterator[tuple[Toolbox, dict[str, Any]]]:
    """Gold calls of the tool, made where the calls before them left the state, and then probes."""
    domain = subject.domain
    found = 0
    for _, task in subject.sample:
        if found >= PROBES // 2 or not any(one.name == tool.name and one.requestor == side for one in task.gold):
            continue
        try:
            toolbox = begin(domain, task)
        except (DataError, TaskError):
            continue
        for action in task.gold:
            if action.name == tool.name and action.requestor == side:
                found += 1
                yield copied(toolbox), thaw(action.arguments)
                break
            try:
                toolbox.call(ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor))
            except Exception:  # of another tool, which is told of at its own turn
                break
    rng = np.random.default_rng(subject.seed)
    for number in range(PROBES - found):
        base, session = beginnings[number % len(beginnings)]
        arguments = {name: _value(rng, name, about, properties, base) for name, about in properties.items()}
        try:
            arguments = {name: value for name, value in arguments.items() if value is not None}
            tool.validate(arguments)
        except ToolError:
            continue
        yield Toolbox(session.fork(), domain.toolkits, domain.compat, domain.sync), arguments


def _value(
    rng: np.random.Generator, name: str, about: Mapping[str, Any], properties: Mapping[str, Any], base: Database
) -> Any:
    """A value for an argument: one of its schema's, one of the world's under the same name, or any of its type."""
    if "enum" in about:
        return about["enum"][int(rng.integers(len(about["enum"])))]
    if "const" in about:
        return about["const"]
    if "anyOf" in about:
        return _value(rng, name, about["anyOf"][0], properties, base)
    kind = about.get("type")
    if kind == "array":
        return [_value(rng, name.removesuffix("s"), about.get("items", {}), properties, base)]
    if kind == "string":
        known = _known(base, name)
        return known[int(rng.integers(len(known)))] if known and rng.random() < 0.8 else "nothing of this name"
    return {"integer": int(rng.integers(1, 9)), "number": 1.5, "boolean": bool(rng.integers(2)), "object": {}}.get(
        str(kind)
    )


def _known(base: Database, name: str) -> list[str]:
    """Texts that stand under a name in the first records of each table, and keys of the tables that have the name."""
    found: list[str] = []
    for side, schema in base.schemas.items():
        for table in schema.tables:
            for key in list(base.keys(side, table.name))[:20]:
                record = base.record(side, table.name, key)
                if record is not None and isinstance(record.get(name), str):
                    found.append(record[name])
    return sorted(set(found))
