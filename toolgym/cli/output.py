"""How commands print: tables and lines of text for people, one JSON object for programs."""

from __future__ import annotations

import codecs
import io
import json
import os
import shutil
import sys
from math import isfinite
from textwrap import fill
from typing import Annotated, Any, TextIO

import typer
from rich.text import Text
from typer import rich_utils

from toolgym.cli.completion import domains
from toolgym.display.render import printable
from toolgym.display.terminal import Terminal

DomainName = Annotated[
    str, typer.Argument(metavar="DOMAIN", autocompletion=domains, help="The domain, such as mock or retail.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
Data = Annotated[
    str, typer.Option(help="Whose tasks: toolgym's own, or tau2's from the folder that TAU2_DATA_DIR names.")
]

PIPED = 120
"""The width of what goes into a pipe or a file, unless COLUMNS says otherwise."""
ASCII = {"→": "->", "←": "<-", "·": "-", "…": "...", "≥": ">=", "µ": "u", "─": "-", "━": "-"}
"""What stands for characters that toolgym prints itself where the encoding of the output lacks them."""


def _width(stream: TextIO) -> int | None:
    """The width of a stream: that of COLUMNS, else of its terminal, which rich asks itself, else a fixed one."""
    if "COLUMNS" not in os.environ and stream.isatty():
        return None
    return shutil.get_terminal_size((PIPED, 25)).columns  # COLUMNS may be 0, as in some containers


rich_utils.MAX_WIDTH = _width(sys.stdout)  # of typer's help
console = Terminal(width=_width(sys.stdout))
errors = Terminal(width=_width(sys.stderr), stderr=True)
_wraps = sys.stdout.isatty() or "COLUMNS" in os.environ


def say(text: str, style: str = "") -> None:
    """A line of text of unknown origin on standard output.

    It is wrapped between words, on a terminal or where COLUMNS is set; a word such as a path is never broken.
    """
    console.print(Text(_filled(printable(text)), style=style), soft_wrap=True)


def fact(name: str, text: str, column: int = 12) -> None:
    """A line that begins with a name; what is said of it begins in a column, also where it is wrapped."""
    shown = Text(_filled(f"{name:<{column - 1}} {printable(text)}", " " * column))
    shown.stylize("bold", 0, column)
    console.print(shown, soft_wrap=True)


def rule(title: str, style: str = "rule.line") -> None:
    """A line across the output with a title in it, or below the title where it is too long."""
    text = Text(printable(title))
    if text.cell_len + 4 > console.width:
        say(title)
        text = Text()
    console.rule(text, style=style)


def remark(text: str, style: str = "") -> None:
    """A line on standard error, wrapped between words on a terminal alone."""
    text = printable(text)
    errors.print(Text(_wrapped(text, errors.width) if errors.is_terminal else text, style=style), soft_wrap=True)


def _filled(text: str, indent: str | None = None) -> str:
    return _wrapped(text, console.width, indent) if _wraps else text


def _wrapped(text: str, width: int, indent: str | None = None) -> str:
    """Lines wrapped between words; what is wrapped is indented as its line is, unless it is said otherwise."""
    wrapped = []
    for line in text.expandtabs().split("\n"):
        deeper = line[: len(line) - len(line.lstrip())] if indent is None else indent
        wrapped.append(fill(line, width, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False))
    return "\n".join(wrapped)


def told(error: typer.TyperException) -> str:
    """What a mistake in the command line is: with the value, what was meant perhaps, and where to read on."""
    text = error.format_message().strip().rstrip(".")
    if not text:
        return ""
    if possible := getattr(error, "possibilities", None):
        text = f"{error.message}. Did you mean {possible[0]}?"
    text = text.replace("Value error, ", "").replace(": Input should", ": it should")
    if (problems := getattr(error.__cause__, "errors", None)) and (given := repr(problems()[0]["input"])) not in text:
        text += f", got {given}"
    context = getattr(error, "ctx", None)
    return text if context is None else f"{text}{'' if text.endswith('?') else '.'} See: {context.command_path} --help"


def encode_anything() -> None:
    """Have standard output take every character: one that its encoding lacks is printed as ASCII, or as an escape."""
    codecs.register_error("toolgym", _as_ascii)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="toolgym")


def _as_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(ASCII.get(one) or one.encode("unicode_escape").decode("ascii") for one in lacking), error.end


def print_json(value: Any) -> None:
    """One JSON object on standard output.

    Raises:
        DataError: If it is nested too deep.
    """
    from toolgym.errors import DataError

    try:
        text = json.dumps(_finite(value), indent=2, allow_nan=False)
    except RecursionError:
        raise DataError("what is to be printed is nested too deep for JSON") from None
    typer.echo(text)


def _finite(value: Any) -> Any:
    """The value with null for NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
