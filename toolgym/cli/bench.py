"""``toolgym bench``: what an episode costs."""

from __future__ import annotations

import typer
from rich.table import Table

from toolgym.cli.output import AsJson, Data, console, errors, print_json


def bench(
    domain: str = typer.Argument("retail", help="The domain."),
    data: Data = "tau2",
    as_json: AsJson = False,
) -> None:
    """Measure what episodes cost on one core, against a baseline in the same run.

    The baseline does for one episode what tau2 does: it loads and validates the whole database three times and hashes
    it twice. All times are medians of CPU time.
    """
    from toolgym.registration import make_domain
    from toolgym.testing.bench import measure

    with errors.status("measuring"):
        report = measure(make_domain(domain, data))
    if as_json:
        print_json(report.as_dict())
        return
    table = Table(title=report.machine)
    for heading in ("case", "median µs", "n"):
        table.add_column(heading, justify="right" if heading != "case" else "left")
    for name, case in report.cases.items():
        table.add_row(name, f"{case.median_us:,.1f}", str(case.n))
    console.print(table)
    ratios = Table()
    ratios.add_column("ratio")
    ratios.add_column("value", justify="right")
    for name, value in report.ratios.items():
        ratios.add_row(name, f"{value:,.2f}")
    console.print(ratios)
