"""Text actions by tau2's rule."""

from __future__ import annotations

import ast
import re
from typing import Any

from toolgym.actions.text import EMPTY, broken, read_call
from toolgym.messages import AgentID, Message, ToolCall, decode_json

_FUNCTIONAL = re.compile(r"^\w+\s*\(.*\)$", re.DOTALL)


def parse_tau2(text: str, side: AgentID) -> Message:
    """tau2's rule: a JSON call, then the functional form with keywords, then text."""
    try:
        value = decode_json(text)
    except (ValueError, RecursionError):
        value = None
    if type(value) is dict and type(value.get("name")) is str and type(value.get("arguments")) is dict:
        return Message(side, None, (read_call(value, text, 0, side),))
    if _FUNCTIONAL.match(text.strip()) and (call := _functional(text.strip(), side)):
        return Message(side, None, (call,))
    if not text.strip():
        return Message(side, None, (broken(text, EMPTY, 0, side),))
    return Message(side, text)


def _functional(text: str, side: AgentID) -> ToolCall | None:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        return None
    arguments: dict[str, Any] = {}
    for keyword in tree.keywords:
        if keyword.arg is None:
            return None
        try:
            arguments[keyword.arg] = ast.literal_eval(keyword.value)
        except (ValueError, TypeError):
            try:
                arguments[keyword.arg] = ast.unparse(keyword.value)
            except RecursionError:
                return None
        except RecursionError:
            return None
    return ToolCall(tree.func.id, arguments, "call_0", side)
