"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from toolgym import __version__
from toolgym.cli import bench, curriculum, doctor, domain, evaluate, failures, play, regrade, runs, tasks, tau2, view

app = typer.Typer(
    name="toolgym",
    help="Environments for agents that use tools while talking to a person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
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
app.add_typer(domain.app, name="domain")
app.add_typer(tau2.app, name="tau2")
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
