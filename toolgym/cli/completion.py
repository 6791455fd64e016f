"""Completion of commands, options and names by the shell."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.completion import get_completion_inspect_parameters, install_callback, show_callback

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

get_completion_inspect_parameters()  # has typer know how each shell asks


def _of_a_shell(act: Callable[..., Any]) -> Callable[..., None]:
    """What typer does for the current shell, done for the one that is named after the option, if one is."""

    def callback(context: typer.Context, parameter: typer.CallbackParam, wanted: bool) -> None:
        from toolgym.errors import DataError

        if not wanted:
            return
        words = iter(sys.argv)
        shell = next(words, None) if parameter.opts[0] in words else None
        if shell is not None and shell not in SHELLS:
            raise DataError(f"completion is there for {', '.join(SHELLS)}, got {shell!r}")
        try:
            act(context, parameter, shell or True)
        except typer.Exit as error:
            raise DataError(f"this shell is not known; name it: {parameter.opts[0]} bash") from error

    return callback


InstallCompletion = Annotated[
    bool,
    typer.Option(
        "--install-completion",
        callback=_of_a_shell(install_callback),
        is_eager=True,
        expose_value=False,
        help="Install completion for the current shell, or for the one named after it.",
    ),
]
ShowCompletion = Annotated[
    bool,
    typer.Option(
        "--show-completion",
        callback=_of_a_shell(show_callback),
        is_eager=True,
        expose_value=False,
        help="Print the completion script for the current shell, or for the one named after it.",
    ),
]


def habits() -> list[str]:
    """The names of the habits that a scripted user can have."""
    from toolgym.registration.habits import habit_names

    return habit_names()


def domains() -> list[str]:
    """The names of the installed domains."""
    from toolgym.registry import DOMAINS

    return DOMAINS.names()


def agents(context: typer.Context) -> list[str]:
    """The names of the installed agents, and of those of the domain that was named before."""
    from toolgym.registry import AGENTS, DOMAINS

    name = context.params.get("domain")
    own = DOMAINS.load(name).agents if name in DOMAINS.names() else {}
    return sorted({*AGENTS.names(), *own})


def users(context: typer.Context) -> list[str]:
    """The names of the installed users, and of those of the domain that was named before."""
    from toolgym.registry import DOMAINS, USERS

    name = context.params.get("domain")
    own = DOMAINS.load(name).users if name in DOMAINS.names() else {}
    return sorted({*USERS.names(), *own})


def run_names(context: typer.Context) -> list[str]:
    """The names of the runs in the folder of the runs."""
    from toolgym.runs.files import MANIFEST

    folder = Path(context.params.get("runs") or "runs")
    return sorted(found.parent.name for found in folder.glob(f"*/{MANIFEST}"))
