"""The ``@tool`` decorator, what a tool may do to the state, and the schema that a model sees."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from toolgym.database.records import freeze
from toolgym.errors import ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Effect(Enum):
    """What a tool is for; only a WRITE changes the state, unless the decorator says otherwise."""

    READ = "read"
    WRITE = "write"
    THINK = "think"
    GENERIC = "generic"


@dataclass(frozen=True)
class Mark:
    """What ``@tool`` notes on a method."""

    effect: Effect
    mutates: bool
    repeatable: bool


def tool(effect: Effect, *, mutates: bool | None = None, repeatable: bool = False) -> Callable[[_Function], _Function]:
    """Make a method of a :class:`~toolgym.tools.toolkit.Toolkit` a tool.

    Its name, annotations and Google docstring become the schema that a model sees.

    Args:
        effect: What the tool is for.
        mutates: Whether grading runs it again; by default a WRITE is, the others are not.
        repeatable: Whether calling it again without a change in between is no repeat, as for polling.
    """
    mark = Mark(effect, effect is Effect.WRITE if mutates is None else mutates, repeatable)

    def note(function: _Function) -> _Function:
        function.__dict__["__tool__"] = mark
        return function

    return note


class Tool:
    """One tool of a toolkit class, with its schema built once.

    Args:
        function: The undecorated method.
        mark: What the decorator noted.
    """

    def __init__(self, function: Callable[..., Any], mark: Mark) -> None:
        self.function = function
        self.name = function.__name__
        self.effect = mark.effect
        self.mutates = mark.mutates
        self.repeatable = mark.repeatable

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "parameters"}

    @cached_property
    def _documentation(self) -> tuple[str, Mapping[str, str]]:
        return _read_docstring(inspect.getdoc(self.function) or "")

    @property
    def description(self) -> str:
        """The docstring without its sections."""
        return self._documentation[0]

    @cached_property
    def parameters(self) -> type[BaseModel]:
        """A pydantic model of the arguments: strict, finite numbers, no unknown names."""
        from pydantic import ConfigDict, Field, create_model

        hints = typing.get_type_hints(self.function, include_extras=True)
        described = self._documentation[1]
        fields: dict[str, Any] = {}
        for name, parameter in list(inspect.signature(self.function).parameters.items())[1:]:
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[name] = (hints[name], Field(default, description=described.get(name)))
        config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
        return create_model("parameters", __config__=config, **fields)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The tool in OpenAI's function format: a frozen dict, since all environments share it."""
        parameters = self.parameters.model_json_schema()
        parameters.pop("additionalProperties", None)
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        frozen: dict[str, Any] = freeze({"type": "function", "function": function})
        return frozen

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments checked against the signature, defaults filled in; what JSON has as text or list becomes its type.

        Raises:
            ToolError: If they do not fit; the text names each argument, what is wrong and what was given.
        """
        from pydantic import ValidationError

        try:
            try:
                checked = self.parameters.model_validate(arguments, strict=True)
            except ValidationError as error:
                if not any(item["type"] in _WRITTEN for item in error.errors(include_url=False, include_context=False)):
                    raise
                checked = self.parameters.model_validate_json(_as_json(arguments, error), strict=True)
        except ValidationError as error:
            raise ToolError(f"Invalid arguments for {self.name}: {_explain(error)}") from None
        return {name: getattr(checked, name) for name in type(checked).model_fields}


_WRITTEN = frozenset(
    f"{name}_type"
    for name in ("date", "datetime", "time", "time_delta", "uuid", "decimal", "tuple", "set", "frozen_set")
) | {"is_instance_of"}
"""Errors of types that JSON has no form of its own for: a date is a text there, a tuple a list."""


def _as_json(arguments: Mapping[str, Any], error: Exception) -> str:
    try:
        return json.dumps(dict(arguments))
    except (TypeError, ValueError, RecursionError):  # no JSON: what was wrong with it is said already
        raise error from None


def _explain(error: Any) -> str:
    parts = []
    for item in error.errors(include_url=False, include_context=False):
        place = ".".join(str(part)[:60] for part in item["loc"])[:120] or "arguments"
        if item["type"] == "missing":
            parts.append(f"{place} is missing")
        elif item["type"] == "extra_forbidden":
            parts.append(f"{place} is not an argument of this tool")
        else:
            parts.append(f"{place}: {item['msg']} (got {_shown(item['input'])})")
    return "; ".join(parts[:8])


def _shown(value: Any) -> str:
    """A short repr, whatever the size or depth of the value."""
    if isinstance(value, str):
        return repr(value[:60]) + ("…" if len(value) > 60 else "")
    if isinstance(value, list | dict):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a very large integer"
    return repr(value)


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """A Google docstring as its description and what it says of each argument."""
    description: list[str] = []
    arguments: dict[str, str] = {}
    section, current = "", ""
    for line in text.splitlines():
        stripped = line.strip()
        if not line.startswith(" ") and stripped in ("Args:", "Returns:", "Raises:", "Example:", "Source:"):
            section = stripped
        elif not section:
            description.append(line)
        elif section == "Args:" and stripped:
            indent = len(line) - len(line.lstrip())
            name, colon, said = stripped.partition(":")
            if indent == 4 and colon and name.isidentifier():
                current = name
                arguments[current] = said.strip()
            elif current:
                arguments[current] += " " + stripped
    return "\n".join(description).strip(), arguments
