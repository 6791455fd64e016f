"""The page on the command line names every command and every option, and none that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from toolgym.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
OPTION = re.compile(r"--[a-z][a-z0-9-]*")


def commands(command: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every command by its words, with its options."""
    if not hasattr(command, "list_commands"):
        yield path, {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        return
    for name in command.list_commands(None):  # those that installed packages bring are among them
        yield from commands(command.get_command(None, name), f"{path} {name}".strip())


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_line_in_the_table_and_a_section(command: str) -> None:
    assert f"| `toolgym {command}" in PAGE
    assert command in SECTIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_named_in_its_section(command: str) -> None:
    options = {name for name in COMMANDS[command] if name.startswith("--")}
    assert sorted(options - set(OPTION.findall(SECTIONS[command]))) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_tables_of_a_section_name_no_option_that_the_command_lacks(command: str) -> None:
    first = [line.split("|")[1] for line in SECTIONS[command].splitlines() if line.startswith("| `--")]
    named = {option for cell in first for option in OPTION.findall(cell)}
    assert sorted(named - COMMANDS[command]) == []


def test_nothing_in_a_table_is_escaped_within_code() -> None:
    assert re.findall(r"`[^`\n]*\\\|[^`\n]*`", PAGE) == []
