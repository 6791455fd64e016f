"""The policy and the tools: what a model reads of them, and whether they do what they are marked with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from toolgym.database import Database, Session
from toolgym.database.records import thaw
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError, ToolError
from toolgym.messages import SIDES, AgentID, ToolCall
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject, explained
from toolgym.tools import Tool, Toolbox

PROBES = 12
"""How many calls are tried of each tool."""


def check_policy(subject: Subject) -> Iterator[str]:
    """The policy and the greeting say something."""
    domain = subject.domain
    if not domain.policy.strip():
        yield say.POLICY_EMPTY.format(policy=domain.policy)
    if not domain.greeting.strip():
        yield say.GREETING_EMPTY.format(greeting=domain.greeting)


def check_tools(subject: Subject) -> Iterator[str]:
    """Every tool has a schema, a docstring, and descriptions of its arguments."""
    domain = subject.domain
    if "assistant" not in domain.toolkits or not domain.toolkits["assistant"].tools:
        yield say.NO_TOOLS
    names = Counter(name for kit in domain.toolkits.values() for name in kit.tools)
    for name, count in names.items():
        if count > 1:
            yield say.TOOL_ON_BOTH_SIDES.format(tool=name)
    for what, given in (("schemas", domain.schemas), ("toolkits", domain.toolkits)):
        for unknown in sorted(set(given) - set(SIDES)):
            yield say.SIDE_UNKNOWN.format(what=what, side=unknown)
    for side, tool in _tools(subject):
        try:
            schema = tool.schema
        except Exception as error:  # whatever an annotation makes pydantic raise
            yield say.TOOL_WITHOUT_SCHEMA.format(side=side, tool=tool.name, error=explained(error))
            continue
        if not tool.description.strip():
            yield say.TOOL_WITHOUT_DOCSTRING.format(side=side, tool=tool.name)
        for argument, told in schema["function"]["parameters"]["properties"].items():
            if not told.get("description", "").strip():
                yield say.ARGUMENT_WITHOUT_DESCRIPTION.format(side=side, tool=tool.name, argument=argument)


def check_effects(subject: Subject) -> Iterator[str]:
    """Every tool changes the state if and only if it is marked so, raises nothing else than ToolError, and is no dice.

    Each is called as the gold calls of the tasks do, and with arguments made of what stands under the same names in the
    world; each time in the state in which a task begins.
    """
    domain = subject.domain
    places = _places(subject)
    if not domain.compat.strict_calls or not places:  # as in tau2, whatever a tool raises is an answer there
        return
    for side, tool in _tools(subject):
        try:
            properties: Mapping[str, Any] = thaw(tool.schema["function"]["parameters"]["properties"])
        except Exception:  # check_tools has told it
            continue
        succeeded = changed = 0
        problem = None
        for toolbox, arguments in _calls(subject, side, tool, properties, places):
            call = ToolCall(tool.name, arguments, "probe", side)
            again = _copy(toolbox)
            try:
                result = toolbox.call(call)
                second = again.call(call)
            except Exception as error:
                told = {"side": side, "tool": tool.name, "arguments": _shown(arguments)}
                if "but changed the state" in str(error):
                    problem = say.WRITES_BY_STEALTH.format(**told, effect=tool.effect.name)
                else:
                    problem = say.TOOL_RAISES.format(**told, error=explained(error))
                break
            if result.content != second.content:
                problem = say.TOOL_RANDOM.format(
                    side=side,
                    tool=tool.name,
                    arguments=_shown(arguments),
                    one=result.content[:80],
                    other=second.content[:80],
                )
                break
            succeeded += not result.error
            changed += result.changed
        if problem is None and tool.mutates and changed == 0 and succeeded >= PROBES // 2:
            problem = say.WRITES_NOTHING.format(side=side, tool=tool.name, calls=succeeded)
        if problem is not None:
            yield problem


def _tools(subject: Subject) -> Iterator[tuple[AgentID, Tool]]:
    for side, kit in subject.domain.toolkits.items():
        for tool in kit.tools.values():
            yield side, tool


def _places(subject: Subject) -> list[tuple[Database, Session]]:
    """The states in which tasks of the sample begin; those that cannot be set up are told of elsewhere."""
    places = []
    for _, task in subject.sample:
        bare = task.evaluation_criteria and task.evaluation_criteria.model_copy(update={"actions": ()})
        try:
            ready = set_up(subject.domain, task.model_copy(update={"evaluation_criteria": bare}))
        except (DataError, TaskError):
            continue
        places.append((ready.base, Session(ready.base, ready.start)))
    return places


def _copy(toolbox: Toolbox) -> Toolbox:
    kits = {side: type(kit) for side, kit in toolbox.toolkits.items()}
    return Toolbox(toolbox.session.fork(), kits, toolbox.compat, toolbox.sync)


def _calls(
    subject: Subject,
    side: AgentID,
    tool: Tool,
    properties: Mapping[str, Any],
    places: Sequence[tuple[Database, Session]],
) -> Iterator[tuple[Toolbox, dict[str, Any]]]:
    """Gold calls of the tool, made where the calls before them left the state, and then probes."""
    domain = subject.domain
    found = 0
    for _, task in subject.sample:
        if found >= PROBES // 2 or not any(one.name == tool.name and one.requestor == side for one in task.gold):
            continue
        bare = task.evaluation_criteria and task.evaluation_criteria.model_copy(update={"actions": ()})
        try:
            toolbox = set_up(domain, task.model_copy(update={"evaluation_criteria": bare})).toolbox()
        except (DataError, TaskError):
            continue
        for action in task.gold:
            if action.name == tool.name and action.requestor == side:
                found += 1
                yield _copy(toolbox), thaw(action.arguments)
                break
            try:
                toolbox.call(ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor))
            except Exception:  # of another tool, which is told of at its own turn
                break
    rng = np.random.default_rng(subject.seed)
    for number in range(PROBES - found):
        base, session = places[number % len(places)]
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


def _shown(arguments: Mapping[str, Any]) -> str:
    return str(dict(arguments))[:200]
