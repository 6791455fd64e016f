"""How commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from math import isfinite
from typing import Annotated, Any

import typer

from toolgym.terminal import Terminal

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Data = Annotated[str, typer.Option(help="Whose tasks: toolgym, or tau2 (from TAU2_DATA_DIR).")]

console = Terminal(width=None if sys.stdout.isatty() else 120)
errors = Terminal(stderr=True)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    typer.echo(json.dumps(_finite(value), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    """The value with null for what is no number: JSON has no NaN."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
