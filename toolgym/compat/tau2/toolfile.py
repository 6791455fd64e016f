"""tau2's tool files: what their tools tell a model, read from the source, which is never run.

A tool is a method marked with ``is_tool(...)``. Its Google docstring and its signature become the schema that tau2
gives to a model: the first line and the rest of the text as the description, each argument with its type and its text.
"""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import Field, create_model

from toolgym.prompts import ToolText

_MARK = "is_tool"
_ARGUMENTS = ("Args", "Arguments", "Params", "Parameters")
_SECTIONS = (*_ARGUMENTS, "Attributes", "Example", "Examples", "Except", "Exceptions", "Raises", "Returns", "Yields")
_TITLE = re.compile(rf"^({'|'.join(_SECTIONS)}):[ \t\r\f\v]*$", re.MULTILINE)
_WITH_TYPE = re.compile(r"\s*(.+?)\s*\(.*\S.*\)")
_PLAIN: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "Any": Any, "list": list, "dict": dict}
_PLAIN |= {"List": list, "Dict": dict}
_GENERIC: dict[str, Any] = {
    "list": list,
    "List": list,
    "dict": dict,
    "Dict": dict,
    "Optional": typing.Optional,
    "Union": typing.Union,
}


def read_tools(source: str) -> dict[str, ToolText]:
    """The tools of a file of Python, by name: those of its last class first, as a subclass follows what it extends.

    Args:
        source: The text of the file.

    Raises:
        SyntaxError: If it is not Python, or of a newer version than the one that runs.

    Example:
        >>> tools = read_tools('''
        ... class ShopTools:
        ...     @is_tool(ToolType.READ)
        ...     def find(self, name: str, limit: int = 3) -> list:
        ...         \"\"\"Find things.
        ...
        ...         Args:
        ...             name: What they are called.
        ...         \"\"\"
        ... ''')
        >>> tools["find"].description, tools["find"].parameters["properties"]["name"]
        ('Find things.', {'description': 'What they are called.', 'title': 'Name', 'type': 'string'})
    """
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    found: dict[str, ToolText] = {}
    for node in sorted(classes, key=lambda node: -node.lineno):
        own = {method.name: _read_tool(method) for method in _marked(node)}
        found |= {name: text for name, text in own.items() if name not in found}
    return found


def _marked(node: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in method.decorator_list]
            if any(_name(mark) == _MARK for mark in marks):
                yield method


def _read_tool(method: ast.FunctionDef | ast.AsyncFunctionDef) -> ToolText:
    description, described = read_docstring(ast.get_docstring(method) or "")
    fields: dict[str, Any] = {}
    unread: list[str] = []
    for argument, default in _arguments(method.args):
        name = argument.arg
        try:
            kind = _type(argument.annotation)
            value = ... if default is None else ast.literal_eval(default)
        except (ValueError, TypeError, SyntaxError):
            kind, value = Any, ... if default is None else None
            unread.append(name)
        fields[name] = (kind, Field(value, description=described.get(name)))
    parameters = create_model("parameters", **fields).model_json_schema()
    for name in unread:
        text = described.get(name)
        parameters["properties"][name] = {} if text is None else {"description": text}
    return ToolText(description, parameters, tuple(unread))


def _arguments(signature: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """The arguments after ``self``, each with its default."""
    positional = [*signature.posonlyargs, *signature.args]
    defaults = [*[None] * (len(positional) - len(signature.defaults)), *signature.defaults]
    yield from list(zip(positional, defaults, strict=True))[1:]
    yield from zip(signature.kwonlyargs, signature.kw_defaults, strict=True)


def _type(node: ast.expr | None) -> Any:
    """The type that an annotation stands for, if it is made of plain types alone.

    Raises:
        ValueError: If it is not.
    """
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _type(ast.parse(node.value.strip(), mode="eval").body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _GENERIC["Union"][_type(node.left), _type(node.right)]
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        name = _name(node.value)
        if name == "Literal":
            return typing.Literal[tuple(ast.literal_eval(part) for part in parts)]
        if name in _GENERIC:
            kinds = tuple(_type(part) for part in parts)
            return _GENERIC[name][kinds if len(kinds) > 1 else kinds[0]]
    elif node is not None and (name := _name(node)) in _PLAIN:
        return _PLAIN[name]
    raise ValueError(f"not made of plain types: {'' if node is None else ast.unparse(node)}")


def _name(node: ast.expr) -> str:
    """The last part of a dotted name; empty if the expression is no name."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    r"""A Google docstring as tau2 shows it: what is said before the sections, and what of each argument.

    The first line stands apart from the rest, also where the text has no empty line there; an argument's text keeps its
    line breaks.

    Args:
        text: The docstring, its indentation removed.

    Example:
        >>> read_docstring("Find a thing\nby its name.\n\nArgs:\n    name (str): The name,\n        in full.")
        ('Find a thing\n\nby its name.', {'name': 'The name,\nin full.'})
    """
    titles = list(_TITLE.finditer(text))
    starts = [title.start() for title in titles] + [len(text)]
    first, _, rest = text[: starts[0]].partition("\n")
    sections = {title[1]: text[title.end() : end] for title, end in zip(titles, starts[1:], strict=True)}
    arguments: dict[str, str] = {}
    for title, section in sections.items():
        if title in _ARGUMENTS:
            arguments |= _read_arguments(section.strip("\n"))
    return "\n\n".join(part for part in (first, rest.strip()) if part), arguments


def _read_arguments(section: str) -> Iterator[tuple[str, str]]:
    section = re.split(r"^(?=\S)", section, maxsplit=1, flags=re.MULTILINE)[0]  # what is not indented is outside
    indent = section[: len(section) - len(section.lstrip())]
    for part in re.split(rf"^{indent}(?=\S)", section, flags=re.MULTILINE)[1:]:
        before, _, said = part.strip("\n").partition(":")
        typed = _WITH_TYPE.match(before)
        line, _, more = said.removeprefix(" ").partition("\n")
        yield typed[1] if typed else before, "\n".join(filter(None, (line, inspect.cleandoc(more)))).strip("\n")
