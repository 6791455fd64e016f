"""``toolgym tau2``: comparing with tau2-bench."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from toolgym.cli.output import AsJson, print_json, say
from toolgym.cli.tables import TextTable, numeric

app = typer.Typer(help="Compare with tau2-bench.", no_args_is_help=True)

KINDS = ("outputs", "errors", "digests", "rewards", "components")


@app.callback()
def _group() -> None:
    pass


@app.command("verify")
def verify_fixture(
    fixture: Annotated[Path, typer.Argument(metavar="FILE", help="A file of recorded answers of tau2.")],
    texts: Annotated[
        bool | None,
        typer.Option(
            "--texts/--no-texts",
            help="Compare the texts of results; default: not for *_types.json (the texts of Python and pydantic).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a fixture file through our episodes and compare every answer with tau2's; exit 1 if one differs.

    Needs TAU2_DATA_DIR. *normalised*: equal but for what depends on Python's or pydantic's version.
    """
    from toolgym.compat.tau2.verify import read_fixture, verify
    from toolgym.registration import make_domain

    recorded = read_fixture(fixture)
    compared = not fixture.stem.endswith("_types") if texts is None else texts
    report = verify(make_domain(recorded["domain"], "tau2"), recorded, texts=compared)
    if as_json:
        print_json(
            {
                "trajectories": report.trajectories,
                "calls": report.calls,
                **{kind: asdict(getattr(report, kind)) for kind in KINDS},
                "first_mismatches": report.first_mismatches,
            }
        )
    else:
        title = f"{fixture.name}: {report.trajectories} trajectories, {report.calls} calls"
        headings = ("matched", "normalised", "mismatched", "not checked")
        table = TextTable("", *numeric(*headings), title=title)
        for kind in KINDS:
            tally = getattr(report, kind)
            figures = (tally.matched, tally.normalised, tally.mismatched, tally.not_checked)
            table.add(kind, *(f"{figure:,}" for figure in figures))
        table.print()
        for mismatch in report.first_mismatches:
            say(str(mismatch), style="red")
    if report.mismatched:
        raise typer.Exit(1)


@app.command("import")
def import_wording(
    checkout: Annotated[Path, typer.Argument(metavar="PATH", help="Your checkout of tau2-bench.")],
    as_json: AsJson = False,
) -> None:
    """Take tau2's words from a checkout of tau2-bench: what user and assistant are told, and what the tools do.

    They are for tau2's tasks alone. Scores depend on these words, and they are tau2's, so they do not come with this
    package. They are kept in your data folder (TOOLGYM_HOME, else ~/.local/share/toolgym); models that play tau2's
    tasks are then told what they are told there. The files are read, nothing is run.
    """
    from toolgym.compat.tau2.checkout import read_checkout
    from toolgym.prompts import store

    found = read_checkout(checkout)
    stored = store(found.wording)
    if as_json:
        sources = [source._asdict() for source in found.sources]
        told = {"name": found.wording.name, "commit": found.wording.commit, "stored": str(stored)}
        left_out = {"left_out": dict(found.left_out), "own_instruction": found.own_instruction}
        print_json({**told, "sources": sources, **left_out})
        return
    for source in found.sources:
        say(f"{source.what}: {source.path}\n    sha256 {source.sha256}")
    reasons = dict(found.left_out)
    if found.own_instruction:
        reasons["the assistant's instruction"] = f"{found.own_instruction}; the assistant is told toolgym's own"
    for name, reason in reasons.items():
        say(f"left out: {name}: {reason}", style="red")
    say(f"Stored as {found.wording.name} in {stored}")
