"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from toolgym import __version__
from toolgym.cli import bench, curriculum, doctor, evaluate, failures, play, regrade, runs, tasks, tau2, view
from toolgym.cli.completion import InstallCompletion, ShowCompletion

app = typer.Typer(
    name="toolgym",
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


app.command("eval")(evaluate.evaluate)
app.command("play")(play.play)
app.add_typer(runs.app, name="runs")
app.command("view")(view.view)
app.command("regrade")(regrade.regrade)
app.command("failures")(failures.failures)
app.add_typer(curriculum.app, name="curriculum")
app.add_typer(tasks.app, name="tasks")
app.add_typer(tau2.app, name="tau2")
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
