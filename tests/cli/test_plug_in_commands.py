"""Commands that another package brings: they are found, shown, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Done, told
from installed import install

CODE = '''
import typer

from toolgym.cli.plug_ins import Command


def greet(name: str = typer.Option("you", help="Whom.")) -> None:
    """Greet somebody."""
    typer.echo(f"good day, {name}")


inner = typer.Typer(help="Things with bells.")


@inner.command("ring")
def ring() -> None:
    """Ring a bell."""
    typer.echo("ding")


@inner.command("stop")
def stop() -> None:
    """Stop it."""


GREET = Command(greet, panel="Courtesy")
BELL = Command(inner)
NOTHING = greet
'''


def toolgym(folder: Path, *arguments: str) -> Done:
    """The command line, with a package in the folder installed."""
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "100"}
    command = [sys.executable, "-m", "toolgym", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return Done(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def courteous(tmp_path: Path) -> Path:
    """A folder with a package that brings two commands."""
    install(tmp_path, "courtesy", "[toolgym.commands]\ngreet = courtesy:GREET\nbell = courtesy:BELL\n", courtesy=CODE)
    return tmp_path


def test_a_command_of_another_package_runs_with_its_options(courteous: Path) -> None:
    assert toolgym(courteous, "greet", "--name", "Ada") == Done(0, "good day, Ada\n", "")
    assert toolgym(courteous, "bell", "ring") == Done(0, "ding\n", "")


def test_the_help_shows_it_under_its_heading(courteous: Path) -> None:
    shown = toolgym(courteous, "--help").out
    assert shown.index("Courtesy") < shown.index("greet") < shown.index("Greet somebody.")
    assert "Things with bells." in shown
    assert "--name" in toolgym(courteous, "greet", "-h").out


def test_a_misspelt_name_of_it_is_told_with_what_was_meant(courteous: Path) -> None:
    assert "greet" in told(toolgym(courteous, "gret"))


def test_a_command_that_toolgym_has_itself_stays_toolgyms_and_the_help_says_who_brings_another(tmp_path: Path) -> None:
    install(tmp_path, "courtesy", "[toolgym.commands]\ndoctor = courtesy:GREET\n", courtesy=CODE)
    assert "Check the installation" in toolgym(tmp_path, "doctor", "--help").out
    assert "'doctor', which toolgym has itself" in toolgym(tmp_path, "--help").err


def test_what_is_no_command_is_told_with_its_name(tmp_path: Path) -> None:
    install(tmp_path, "courtesy", "[toolgym.commands]\ngreet = courtesy:NOTHING\n", courtesy=CODE)
    assert "the entry point 'greet' of 'toolgym.commands' must be a toolgym.cli.plug_ins.Command" in told(
        toolgym(tmp_path, "greet")
    )


def test_the_version_is_told_without_looking_for_other_packages(tmp_path: Path) -> None:
    install(tmp_path, "courtesy", "[toolgym.commands]\ngreet = courtesy:GREET\n", courtesy="raise RuntimeError")
    assert toolgym(tmp_path, "--version").code == 0
    assert toolgym(tmp_path, "doctor", "--help").code == 0
