"""Calls as Llama 3 and 4 write them: JSON objects with ``parameters``, or a list of Python calls.

::

    {"name": "get_order", "parameters": {"order_id": "#W1"}}; {"name": "get_user", "parameters": {}}
    [get_order(order_id="#W1"), get_user()]

Either may follow ``<|python_tag|>``, with something said before it.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from toolgym.messages import AgentID, ToolCall, read_arguments
from toolgym.models.json_text import DECODER, to_json

HOW = (
    'Write one JSON object {"name": "<tool>", "parameters": {…}}, several with ; between, or plain text without a call.'
)
TAG = "<|python_tag|>"
_ENDS = ("<|eom_id|>", "<|eot_id|>", "<|eot|>")
_PYTHONIC = re.compile(r"\[\s*[A-Za-z_][\w.]*\s*\(")
_JSON_LIST = re.compile(r"\[\s*\{")
_NAME, _PARAMETERS = re.compile(r'"name"\s*:'), re.compile(r'"(?:parameters|arguments)"\s*:')
_SPELLED = {"true": True, "false": False, "null": None}


def write(calls: Sequence[ToolCall]) -> str:
    """Write calls as JSON objects."""
    return "; ".join(to_json({"name": call.name, "parameters": dict(call.arguments)}) for call in calls)


def read(text: str, side: AgentID) -> tuple[str | None, tuple[ToolCall, ...]]:
    """Read the calls in a text, and what is said before them."""
    body = text.strip()
    for end in _ENDS:
        body = body.removesuffix(end).rstrip()
    said, tag, after = body.partition(TAG)
    if tag:
        said, body = said.strip(), after.strip()
    else:
        said = ""
    try:
        if _PYTHONIC.match(body):
            found = _pythonic(body)
        elif body.startswith("{") or _JSON_LIST.match(body):
            found = _objects(body)
        elif tag or ((named := _NAME.search(body)) and _PARAMETERS.search(body, named.end())):
            raise ValueError("This holds something like a tool call that does not stand alone.")
        else:
            return text, ()
    except ValueError as error:
        return None, (ToolCall("", {}, "call_0", side, f"{error} {HOW}", text),)
    calls = tuple(
        ToolCall(name, arguments, f"call_{position}", side) for position, (name, arguments) in enumerate(found)
    )
    return said or None, calls


def _objects(body: str) -> list[tuple[str, dict[str, Any]]]:
    """JSON objects with ``;`` between, or a JSON list of them."""
    values: list[Any] = []
    start = 0
    while start < len(body):
        try:
            value, end = DECODER.raw_decode(body, start)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ValueError(f"This looks like a tool call but is not JSON: {why}.") from None
        values += value if isinstance(value, list) else [value]
        rest = body[end:].lstrip()
        if rest and not rest.startswith(";"):
            raise ValueError(f"After a tool call stands what is none: {rest[:80]!r}.")
        start = len(body) - len(rest[1:].lstrip())
    return [_object(value) for value in values]


def _object(value: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        with suppress(TypeError, ValueError, RecursionError):  # what is no arguments is told below
            return value["name"], read_arguments(value.get("parameters", value.get("arguments")))
    raise ValueError("This looks like a tool call but has no text 'name' and object 'parameters'.")


def _pythonic(body: str) -> list[tuple[str, dict[str, Any]]]:
    """A Python list of calls with named arguments; nothing of it is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a model's text is no code of ours: its odd escapes are none to warn of
            listed = ast.parse(body, mode="eval").body
        assert isinstance(listed, ast.List)
        return [_python_call(node) for node in listed.elts]
    except (SyntaxError, AssertionError, RecursionError, MemoryError):
        raise ValueError("This looks like a list of tool calls but is not one in Python.") from None


def _python_call(node: ast.expr) -> tuple[str, dict[str, Any]]:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
        raise ValueError("In the list of tool calls stands what is no call.")
    name = ast.unparse(node.func)
    arguments: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise ValueError(f"The arguments of {name} must each have a name.")
        arguments[keyword.arg] = _value(keyword.value)
    if node.args:
        raise ValueError(f"The arguments of {name} must each have a name.")
    return name, arguments


def _value(node: ast.expr) -> Any:
    """A literal as JSON has it."""
    match node:
        case ast.Constant(value=None | bool() | int() | float() | str()):
            return node.value
        case ast.Name(id=name) if name in _SPELLED:
            return _SPELLED[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            names = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            if len(names) == len(keys):
                return {name: _value(value) for name, value in zip(names, values, strict=True)}
    raise ValueError("An argument is no value that JSON has.")
