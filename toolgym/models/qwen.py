"""Calls as Qwen 3 Coder writes them: tags for the function and for each parameter, values as plain text.

::

    <tool_call>
    <function=get_order>
    <parameter=order_id>
    #W1
    </parameter>
    </function>
    </tool_call>
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from toolgym.messages import AgentID, ToolCall
from toolgym.models.json_text import DECODER, to_json

HOW = (
    "Write <tool_call><function=NAME><parameter=NAME>VALUE</parameter></function></tool_call>, with one <parameter> "
    "for each argument, or plain text without a tool call."
)
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_FUNCTION = re.compile(r"\s*<function=([^<>\n]+)>(.*)</function>\s*", re.DOTALL)
_PARAMETER = re.compile(r"\s*<parameter=([^<>\n]+)>(.*?)</parameter>", re.DOTALL)
_TAG = r"(?=/?(?:tool_call|function|parameter|think)[=>])"
_ESCAPE = re.compile(rf"(?:<|&(?:amp;)*lt;){_TAG}")
_UNESCAPE = re.compile(rf"&((?:amp;)*)lt;{_TAG}")
_PYTHON = {"True": True, "False": False, "None": None}
_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def write(calls: Sequence[ToolCall]) -> str:
    """Write calls; a tag of the format inside a text is escaped as HTML does it."""
    return "\n".join(
        f"{_OPEN}\n<function={call.name}>\n"
        + "".join(f"<parameter={name}>\n{_written(value)}\n</parameter>\n" for name, value in call.arguments.items())
        + f"</function>\n{_CLOSE}"
        for call in calls
    )


def read(text: str, tools: Sequence[Mapping[str, Any]], side: AgentID) -> tuple[str | None, tuple[ToolCall, ...]]:
    """Read the calls in a text, and what else it says.

    A value is text where the tool's schema allows text or does not say, else JSON; ``True``, ``False`` and ``None`` are
    read too, as the family's own template writes them. What is not JSON either stays text, which the tool then refuses.
    """
    said, *blocks = text.split(_OPEN)
    if not blocks:
        return text, ()
    calls: list[ToolCall] = []
    for position, block in enumerate(blocks):
        inside, closed, after = block.partition(_CLOSE)
        try:
            if not closed:
                raise ValueError("A <tool_call> is not closed.")
            name, arguments = _read_call(inside, tools)
        except ValueError as error:
            return None, (ToolCall("", {}, "call_0", side, f"{error} {HOW}", text),)
        calls.append(ToolCall(name, arguments, f"call_{position}", side))
        said += after
    return said.strip() or None, tuple(calls)


def _written(value: Any) -> str:
    text = value if isinstance(value, str) else to_json(value)
    return _ESCAPE.sub(lambda found: "&lt;" if found[0] == "<" else f"&amp;{found[0][1:]}", text)


def _read_call(inside: str, tools: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    function = _FUNCTION.fullmatch(inside)
    if function is None:
        raise ValueError("What stands in <tool_call> is not one whole <function=…>…</function>.")
    name, body = function[1].strip(), function[2]
    schema = _schema_of(name, tools)
    arguments: dict[str, Any] = {}
    end = 0
    while found := _PARAMETER.match(body, end):
        end = found.end()
        argument, value = found[1].strip(), found[2]
        if "<parameter=" in value:
            raise ValueError(f"The parameter {argument} is not closed.")
        if argument in arguments:
            raise ValueError(f"The parameter {argument} is given twice.")
        value = value.removeprefix("\n").removesuffix("\n")
        value = _UNESCAPE.sub(lambda found: f"&{found[1][4:]}lt;" if found[1] else "<", value)
        described = _mapping(schema.get("properties")).get(argument)
        arguments[argument] = _typed(value, _kinds(described, schema))
    if body[end:].strip():
        raise ValueError(f"In <function={name}> stands what is no whole <parameter=…>…</parameter>.")
    return name, arguments


def _schema_of(name: str, tools: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for tool in tools:
        function = _mapping(tool.get("function"))
        if function.get("name") == name:
            return _mapping(function.get("parameters"))
    return {}


def _kinds(schema: object, whole: Mapping[str, Any]) -> set[str]:
    """The JSON types that a schema allows; none if it does not say."""
    described = _mapping(schema)
    if isinstance(described.get("$ref"), str):
        return _kinds(_mapping(whole.get("$defs")).get(described["$ref"].rpartition("/")[2]), whole)
    kinds: set[str] = set()
    if named := described.get("type"):
        kinds |= {named} if isinstance(named, str) else set(named)
    elif "const" in described or "enum" in described:
        values = described.get("enum", [described.get("const")])
        kinds |= {_KINDS.get(type(value), "null") for value in values}
    for name in ("anyOf", "oneOf", "allOf"):
        for option in described.get(name, ()):
            kinds |= _kinds(option, whole)
    return kinds


def _typed(text: str, kinds: set[str]) -> Any:
    if not kinds or "string" in kinds:
        return None if "null" in kinds and text.strip() == "null" else text
    try:
        return DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return _PYTHON.get(text.strip(), text)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
