"""The tools: what a model reads of them, and whether they do what they are marked with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolgym.database.records import thaw
from toolgym.messages import SIDES, AgentID, ToolCall
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.probes import PROBES, calls, copied, places
from toolgym.testing.domain_check.subject import Subject, explained
from toolgym.testing.domain_check.written import apart, written_wrong
from toolgym.tools import Tool, Toolbox


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
    beginnings = places(subject)
    if not domain.compat.strict_calls or not beginnings:  # as in tau2, whatever a tool raises is an answer there
        return
    for side, tool in _tools(subject):
        try:
            properties: Mapping[str, Any] = thaw(tool.schema["function"]["parameters"]["properties"])
        except Exception:  # check_tools has told it
            continue
        yield from _check_tool(subject, side, tool, calls(subject, side, tool, properties, beginnings))


def _check_tool(
    subject: Subject, side: AgentID, tool: Tool, tried: Iterable[tuple[Toolbox, dict[str, Any]]]
) -> Iterator[str]:
    """The first problem of a tool, by calls each of which is made twice in the same state."""
    succeeded = changed = 0
    for toolbox, arguments in tried:
        told = {"side": side, "tool": tool.name, "arguments": str(arguments)[:200]}
        call = ToolCall(tool.name, arguments, "probe", side)
        again = copied(toolbox)
        try:
            result, second = toolbox.call(call), again.call(call)
        except Exception as error:
            subject.told.add(explained(error))
            yield _raised(subject, tool, error, told)
            return
        if result.content != second.content:
            one, other = apart(result.content, second.content)
            yield say.TOOL_RANDOM.format(**told, one=one, other=other)
            return
        if (wrong := written_wrong(toolbox.session, again.session, told)) is not None:
            yield wrong
            return
        succeeded += not result.error
        changed += result.changed
    if tool.mutates and changed == 0 and succeeded >= PROBES // 2:
        yield say.WRITES_NOTHING.format(side=side, tool=tool.name, calls=succeeded)


def _raised(subject: Subject, tool: Tool, error: Exception, told: Mapping[str, str]) -> str:
    """What a tool raised, and what mends it."""
    if "but changed the state" in str(error):
        return say.WRITES_BY_STEALTH.format(**told, effect=tool.effect.name)
    tables = {schema.name: ", ".join(schema.by_name) for schema in subject.domain.schemas.values()}
    missing = re.fullmatch(r"'(\w+)' object has no attribute '(\w+)'", str(error))
    if isinstance(error, AttributeError) and missing is not None and missing[1] in tables:
        return say.TABLE_UNKNOWN.format(**told, table=missing[2], known=tables[missing[1]])
    if isinstance(error, TypeError) and "shared by all episodes" in str(error):
        return say.CHANGES_SHARED.format(**told)
    return say.TOOL_RAISES.format(**told, error=explained(error))


def _tools(subject: Subject) -> Iterator[tuple[AgentID, Tool]]:
    for side, kit in subject.domain.toolkits.items():
        for tool in kit.tools.values():
            yield side, tool
