"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from toolgym import __version__
from toolgym.cli import (
    bench,
    curriculum,
    doctor,
    domain,
    evaluate,
    failures,
    play,
    regrade,
    runs,
    serve,
    tasks,
    tau2,
    users,
    view,
)
from toolgym.cli.completion import InstallCompletion, ShowCompletion
from toolgym.cli.plug_ins import Commands

app = typer.Typer(
    name="toolgym",
    cls=Commands,
    rich_markup_mode="markdown",
    help="Environments for agents that use tools while talking to a person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    install_completion: InstallCompletion = False,
    show_completion: ShowCompletion = False,
) -> None:
    pass


PLAYING, RUNS, TASKS, MACHINE = "Play and evaluate", "Look at what was played", "Tasks", "This machine"

app.command("eval", rich_help_panel=PLAYING)(evaluate.evaluate)
app.add_typer(users.app, name="users", rich_help_panel=PLAYING)
app.command("play", rich_help_panel=PLAYING)(play.play)
app.command("serve", rich_help_panel=PLAYING)(serve.serve)
app.add_typer(runs.app, name="runs", rich_help_panel=RUNS)
app.command("view", rich_help_panel=RUNS)(view.view)
app.command("regrade", rich_help_panel=RUNS)(regrade.regrade)
app.command("failures", rich_help_panel=RUNS)(failures.failures)
app.add_typer(tasks.app, name="tasks", rich_help_panel=TASKS)
app.add_typer(curriculum.app, name="curriculum", rich_help_panel=TASKS)
app.add_typer(domain.app, name="domain", rich_help_panel=TASKS)
app.add_typer(tau2.app, name="tau2", rich_help_panel=TASKS)
app.command("bench", rich_help_panel=MACHINE)(bench.bench)
app.command("doctor", rich_help_panel=MACHINE)(doctor.doctor)
