"""Arithmetic for tools: Python's own operators, without ``eval`` and bounded in size."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from toolgym.errors import ToolError

MAX_LENGTH = 2_000
"""Longest expression, in characters."""
MAX_BITS = 20_000
"""Largest integer, in bits, that a power or a product may make; ``float`` itself ends at 1,024."""

_ALLOWED = "0123456789+-*/(). "
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


def calculate(expression: str) -> str:
    """Evaluate an arithmetic expression of digits, ``+ - * / ( ) .`` and blanks.

    Args:
        expression: At most 2,000 characters. ``**`` and ``//`` work as in Python.

    Returns:
        The value as a float rounded to 2 decimals, as text.

    Raises:
        ToolError: For another character, for an expression or an integer that is too large, and with Python's own
            text for what Python cannot parse or compute.

    Example:
        >>> calculate("2 * (3.5 + 1)")
        '9.0'
    """
    if not all(character in _ALLOWED for character in expression):
        raise ToolError("Invalid characters in expression")
    if not isinstance(expression, str):
        raise ToolError("eval() arg 1 must be a string, bytes or code object")
    if len(expression) > MAX_LENGTH:
        raise ToolError(f"The expression is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression.lstrip(" "), "<string>", "eval")
        return str(round(float(_value(tree.body)), 2))
    except (SyntaxError, ArithmeticError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise ToolError(str(error)) from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else +value
    if isinstance(node, ast.BinOp):
        return _chain(node)
    if isinstance(node, ast.Call):  # juxtaposition, as in 2(3): a number is not callable, and Python says so
        return _value(node.func)(*[_value(argument) for argument in node.args])
    if isinstance(node, ast.Tuple):
        return ()
    raise SyntaxError("invalid syntax (<string>, line 1)")


def _chain(node: ast.expr) -> Any:
    """A chain of operators, however long: 1+1+1 nests to the left, once for each."""
    pending = []
    while isinstance(node, ast.BinOp):
        pending.append((node.op, node.right))
        node = node.left
    left = _value(node)
    for op, operand in reversed(pending):
        right = _value(operand)
        if isinstance(left, int) and isinstance(right, int):
            _bound(op, left, right)
        left = _BINARY[type(op)](left, right)
    return left


def _bound(op: ast.operator, left: int, right: int) -> None:
    bits = 0
    if isinstance(op, ast.Pow) and right > 0:
        bits = left.bit_length() * right
    elif isinstance(op, ast.Mult):
        bits = left.bit_length() + right.bit_length()
    if bits > MAX_BITS and abs(left) > 1:
        raise OverflowError("int too large to convert to float")
