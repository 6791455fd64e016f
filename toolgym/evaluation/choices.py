"""The values that a tool allows for an argument, where its schema counts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.domain import Domain
from toolgym.messages import ToolCall


def choices(domain: Domain, tool: str, argument: str) -> list[Any]:
    """The values that a tool's schema allows for an argument; none if it allows any."""
    kit = domain.toolkits.get("assistant")
    found = kit.tools.get(tool) if kit is not None else None
    if found is None:
        return []
    parameters = found.schema["function"]["parameters"]
    schema = parameters.get("properties", {}).get(argument, {})
    if "$ref" in schema:
        schema = parameters.get("$defs", {}).get(schema["$ref"].rsplit("/", 1)[-1], {})
    return list(schema.get("enum", ()))


def choices_of(domain: Domain, call: ToolCall) -> Mapping[str, list[Any]]:
    """The values that are allowed for each argument of a call; of those without such a list, none."""
    found = {name: choices(domain, call.name, name) for name in call.arguments}
    return {name: values for name, values in found.items() if values}
