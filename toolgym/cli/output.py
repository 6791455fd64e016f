"""How commands print: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Data = Annotated[str, typer.Option(help="Whose tasks: toolgym, or tau2 (from TAU2_DATA_DIR).")]

console = Console(width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    typer.echo(json.dumps(value, indent=2))
