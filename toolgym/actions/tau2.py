"""Text actions by tau2's rule.

The text is stripped; an empty one is an error. Then, in this order:

1. JSON that is one call: ``name`` is a text, ``arguments`` an object, ``id`` a text if it is there, ``requestor``
   ``"assistant"`` or ``"user"`` if it is there. Other keys are passed over.
2. One line that is a word, optional blanks, and parentheses to the very end. What is between the first parenthesis and
   the last one is read as the arguments of a Python call, of which only those with a name count.
3. Anything else is said to the other side, as it was. So is the second form where a value cannot be read.

What follows from it:

=================================================  ======================================================
A value in the functional form                     becomes
=================================================  ======================================================
text, number, ``None``, ``True``, ``False``        itself; numbers may have signs
a bare name, such as ``abc``, ``true``, ``nan``    its text, inside lists and dicts too
a list, a tuple, a dict                            a list, a list, an object; keys become text, as JSON has
                                                   them
an f-string, a set, a sum, ``not``, a comparison,  the whole action is text
a call, an attribute, an index, a comprehension
bytes, ``...``, complex and infinite numbers,      a call that is refused: no JSON holds such arguments
``**`` arguments, keys of other types, more than
100 levels; in JSON also NaN
=================================================  ======================================================

A name that is given twice has its last value. Arguments without a name are left out, whatever they are. After
``f(x=1)(y=2)`` the last parentheses count. Python reads the inside, so a comment in it is one.

Source:
    tau2-bench 1.0.1, observed.
"""

from __future__ import annotations

import ast
import json
import re
import threading
import warnings
from typing import Any

from toolgym.actions.text import EMPTY, broken
from toolgym.messages import SIDES, AgentID, Message, ToolCall, canonical_arguments, decode_json

_FUNCTIONAL = re.compile(r"(\w+)\s*\((.*)\)")
_QUIET = threading.Lock()
_SIGNS: dict[type[ast.unaryop], int] = {ast.UAdd: 1, ast.USub: -1}


def parse_tau2(text: str, side: AgentID) -> Message:
    """Read a text action by tau2's rule.

    Args:
        text: What the agent wrote.
        side: Who acts. A call is by that side unless its JSON says otherwise.
    """
    body = text.strip()
    if not body:
        return Message(side, None, (broken(text, EMPTY, 0, side),))
    call = _json_call(body, side) if body[0] == "{" else _functional(body, side)
    return Message(side, text) if call is None else Message(side, None, (call,))


def _json_call(body: str, side: AgentID) -> ToolCall | None:
    from pydantic_core import from_json  # what reads tau2's JSON: its depth, its numbers, its NaN

    try:
        value = from_json(body)
    except (ValueError, TypeError):  # TypeError: there is a lone surrogate in it
        return None
    name, arguments = value.get("name"), value.get("arguments")
    identity, requestor = value.get("id", ""), value.get("requestor", side)
    if type(name) is not str or type(arguments) is not dict or type(identity) is not str or requestor not in SIDES:
        return None
    return _call(name, arguments, identity or "call_0", requestor, body)


def _functional(body: str, side: AgentID) -> ToolCall | None:
    found = _FUNCTIONAL.fullmatch(body) if "\n" not in body else None
    if found is None:
        return None
    name, inside = found.groups()
    try:
        with _QUIET, warnings.catch_warnings():  # of an odd escape, say; the text is no program of ours
            warnings.simplefilter("ignore")
            tree = ast.parse(f"_({inside})", mode="eval").body
        if not isinstance(tree, ast.Call):
            return None
        arguments = {keyword.arg: _value(keyword.value) for keyword in tree.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    return _call(name, arguments, "call_0", side, body)


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return name
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            return _SIGNS[type(op)] * _number(_value(operand))
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return {_key(key): _value(value) for key, value in zip(keys, values, strict=True)}
    raise ValueError("the rule reads no such value")


def _number(value: Any) -> Any:
    if isinstance(value, int | float | complex):
        return value
    raise ValueError("only numbers have signs")


def _key(node: ast.expr | None) -> Any:
    if node is None:
        raise ValueError("{**more} has no key")
    return _value(node)


def _call(name: str, arguments: dict[Any, Any], identity: str, side: AgentID, raw: str) -> ToolCall:
    """The call, refused if its arguments are no JSON."""
    try:
        if None in arguments:
            raise TypeError("** adds arguments without a name")
        plain = decode_json(json.dumps(arguments, allow_nan=False))
        canonical_arguments(plain)  # refuses what is nested too deeply
        return ToolCall(name, plain, identity, side)
    except (TypeError, ValueError, RecursionError) as error:
        return ToolCall(name, {}, identity, side, f"The arguments are not JSON: {error}.", raw)
