"""How the command line meets a newcomer: help, completion, mistakes, and every kind of terminal and pipe."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path

import pytest
import typer
from command_line import Done

from toolgym.cli.app import app

Command = Callable[..., Done]
TOOLGYM = [sys.executable, "-m", "toolgym"]


def paths(command: typer.core.TyperGroup | object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and every group of them, by the words that name it."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from paths(inner, (*path, name))


COMMANDS = list(paths(typer.main.get_command(app)))


def started(*arguments: str, folder: Path, **variables: str | None) -> Done:
    """The command line in a process of its own, in a pipe, with some variables set, or unset by None."""
    told = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    done = subprocess.run([*TOOLGYM, *arguments], capture_output=True, cwd=folder, env=told, check=False)
    encoding = variables.get("PYTHONIOENCODING") or "utf-8"
    return Done(done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_takes_h_for_help(run: Command, path: tuple[str, ...]) -> None:
    short, long = run(*path, "-h"), run(*path, "--help")
    assert short == long
    assert short.code == 0
    assert "Usage: toolgym" in short.out


@pytest.mark.parametrize("path", [(), ("runs",), ("tasks",), ("curriculum",), ("tau2",)], ids=" ".join)
def test_a_group_without_a_command_prints_its_help(run: Command, path: tuple[str, ...]) -> None:
    done = run(*path)
    assert (done.code, done.out.strip(), done.err) == (2, run(*path, "--help").out.strip(), "")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("rnus",), ("No such command 'rnus'", "Did you mean 'runs'?", "toolgym --help")),
        (("tasks", "lst"), ("No such command 'lst'", "Did you mean 'list'?", "toolgym tasks --help")),
        (("eval", "mock", "--aget", "oracle"), ("No such option: --aget", "Did you mean --agent?", "eval --help")),
        (("eval", "mock", "--trials", "0"), ("'--trials'", "greater than or equal to 1", "got '0'", "eval --help")),
        (("eval", "mock", "--trials", "x"), ("'--trials'", "integer", "'x'")),
        (("eval", "mock", "--backend", "rey"), ("'--backend'", "'rey' is not one of 'local', 'ray'")),
        (("eval",), ("Missing argument 'DOMAIN'", "toolgym eval --help")),
        (("tasks", "synthesize", "mock"), ("Missing option '--out'", "toolgym tasks synthesize --help")),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else None,
)
def test_a_mistake_in_the_command_line_is_one_line_that_says_what_to_do(
    run: Command, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("toolgym: ")
    assert done.err.count("\n") == 1
    assert [part for part in parts if part not in done.err] == []


@pytest.mark.parametrize(("shell", "known"), [("bash", None), ("bash", "/bin/bash"), ("zsh", "/bin/bash")])
def test_the_completion_script_of_a_named_shell_is_printed(tmp_path: Path, shell: str, known: str | None) -> None:
    done = started("--show-completion", shell, folder=tmp_path, SHELL=known)
    assert (done.code, done.err) == (0, "")
    assert f"_TOOLGYM_COMPLETE=complete_{shell}" in done.out
    assert ("compdef" in done.out, "COMPREPLY" in done.out) == (shell == "zsh", shell == "bash")


def test_completion_is_installed_in_the_home_of_the_user(tmp_path: Path) -> None:
    done = started("--install-completion", "fish", folder=tmp_path, HOME=str(tmp_path))
    assert done.code == 0
    assert (tmp_path / ".config" / "fish" / "completions" / "toolgym.fish").is_file()


def test_another_shell_is_a_mistake_that_names_the_ones_that_are_known(run: Command) -> None:
    done = run("--show-completion", "tcsh")
    assert (done.code, "bash, zsh, fish" in done.err, "'tcsh'" in done.err) == (2, True, True)


@pytest.mark.parametrize(
    ("words", "found"), [("toolgym ru", "runs"), ("toolgym eval m", "mock"), ("toolgym eval mock --age", "--agent")]
)
def test_commands_options_and_domains_are_completed(tmp_path: Path, words: str, found: str) -> None:
    position = str(len(words.split()) - 1)
    asked = {"COMP_WORDS": words, "COMP_CWORD": position, "_TOOLGYM_COMPLETE": "complete_bash"}
    assert found in started(folder=tmp_path, **asked).out.split()


@pytest.mark.parametrize(("columns", "width"), [(None, 120), ("0", 120), ("80", 80), ("200", 200)])
def test_what_goes_into_a_pipe_is_as_wide_as_columns_says_else_120(
    tmp_path: Path, columns: str | None, width: int
) -> None:
    done = started("tasks", "show", "mock", "test-008", folder=tmp_path, COLUMNS=columns)
    assert done.code == 0
    assert {len(line) for line in done.out.splitlines() if line.startswith("──")} == {width}
    helped = started("eval", "--help", folder=tmp_path, COLUMNS=columns).out
    assert max(map(len, helped.splitlines())) == width


def test_a_line_of_text_is_not_wrapped_in_a_pipe_unless_columns_is_set(tmp_path: Path) -> None:
    whole = started("tasks", "check", "mock", "--split", "dev", folder=tmp_path, COLUMNS=None).out
    wrapped = started("tasks", "check", "mock", "--split", "dev", folder=tmp_path, COLUMNS="60").out
    told = "disjoint: not checked: the domain 'mock' does not say who and what its worlds hold"
    assert told in whole.splitlines()
    assert told not in wrapped.splitlines()
    assert told in " ".join(wrapped.split())


@pytest.mark.parametrize("columns", ["1", "20"])
def test_a_width_that_is_too_small_for_anything_ends_no_command(tmp_path: Path, columns: str) -> None:
    for arguments in (("tasks", "list", "mock", "--split", "dev"), ("tasks", "show", "mock", "test-008"), ("doctor",)):
        done = started(*arguments, folder=tmp_path, COLUMNS=columns, TAU2_DATA_DIR=None)
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("encoding", "arguments"),
    [
        ("ascii", ("tasks", "show", "mock", "test-008")),
        ("ascii", ("tasks", "list", "mock")),
        ("ascii", ("eval", "--help")),
        ("latin-1", ("tasks", "list", "mock")),
        ("cp1252", ("eval", "--help")),
    ],
)
def test_an_output_without_unicode_gets_characters_that_it_has(
    tmp_path: Path, encoding: str, arguments: tuple[str, ...]
) -> None:
    done = started(*arguments, folder=tmp_path, PYTHONIOENCODING=encoding)
    assert (done.code, done.err) == (0, "")
    assert "\\u" not in done.out


def test_json_is_the_same_at_any_width(tmp_path: Path) -> None:
    narrow, wide = (started("tasks", "list", "mock", "--json", folder=tmp_path, COLUMNS=text) for text in ("20", "300"))
    assert narrow == wide


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colours_gets_none_and_its_own_width(tmp_path: Path, variable: str, value: str) -> None:
    out = at_a_terminal("tasks", "list", "mock", "--split", "dev", folder=tmp_path, width=70, **{variable: value})
    assert 60 < max(map(len, shown(out))) <= 70
    assert "dev-001" in out
    assert not any(f"\x1b[{code}m" in out for code in range(30, 48))


def test_an_error_is_wrapped_between_words_at_a_terminal(tmp_path: Path) -> None:
    out = at_a_terminal("tasks", "show", "mock", "nope", folder=tmp_path, width=60)
    assert max(map(len, shown(out))) <= 60
    assert "Known: dev-001, dev-002," in " ".join(out.split())


def at_a_terminal(*arguments: str, folder: Path, width: int, **variables: str) -> str:
    """What the command line prints at a terminal of a width."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, width, 0, 0))
    told = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm", **variables}
    process = subprocess.Popen([*TOOLGYM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=told)
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's answer at the end
            break
        if not part:
            break
        parts.append(part)
    process.wait()
    os.close(ours)
    return b"".join(parts).decode().replace("\r", "")


def shown(text: str) -> list[str]:
    """The lines of a text without the codes of styles."""
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text.splitlines()]
