"""``toolgym runs``: what was played, counted and queried."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from toolgym.cli.output import AsJson, console, print_json
from toolgym.render import printable

if TYPE_CHECKING:
    from toolgym.tools import Tool

app = typer.Typer(help="Look at runs, and ask them.", no_args_is_help=True)
Runs = Annotated[Path, typer.Option("--runs", help="Folder of the runs.")]

SHOWN = 1000
"""Rows of an answer that are printed as a table."""


@app.command("list")
def list_runs(runs: Runs = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs of a folder: who played what, how much of it, how well, and at what cost."""
    from toolgym.errors import DataError
    from toolgym.runs.summary import outline

    if not runs.is_dir():
        raise DataError(f"there is no folder {str(runs)!r}; name the folder of the runs with --runs")
    found: list[dict[str, Any]] = []
    for folder in sorted(runs_in(runs)):
        try:
            found.append({"run": folder.name, **outline(folder)})
        except DataError as error:
            found.append({"run": folder.name, "problem": str(error)})
    if as_json:
        print_json({"runs": found})
        return
    table = Table(title=plain(str(runs)))
    table.add_column("run", overflow="fold")  # whole: it is what the other commands are told
    for heading in ("domain", "split", "agent", "user"):
        table.add_column(heading)
    for heading in ("episodes", "void", "Pass^1", "cost"):
        table.add_column(heading, justify="right")
    table.add_column("modified")
    for run in found:
        if "problem" in run:
            table.add_row(plain(run["run"]), Text("broken", style="red"))
            continue
        rate = run["pass_hat_1"]
        table.add_row(
            *(plain(run[name]) for name in ("run", "domain", "split", "agent", "user")),
            str(run["episodes"]),
            str(run["void"]),
            "n/a" if rate is None else f"{100 * rate:.1f}",
            amount(run["cost_usd"], "${:.2f}"),
            run["modified"][:16].replace("T", " "),
        )
    console.print(table)
    if not found:
        console.print(plain(f"There is no run in {str(runs)!r}."))
    for run in found:
        if "problem" in run:
            console.print(plain(f"{run['run']}: {run['problem']}"), style="red", soft_wrap=True)


@app.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="A run: its folder, or its name in the folder of the runs.")],
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Show one run: its settings, how its episodes ended, Pass^k, what it used, what went wrong in it."""
    from toolgym.runs.summary import summarise

    folder = find_run(run, runs)
    found = {"run": str(folder), **summarise(folder, tools_of)}
    found["episodes"]["expected"] = _expected(found["settings"])
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command("query")
def query_runs(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs: folders, or names.")],
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT, such as 'select * from episodes limit 5'.")],
    runs: Runs = Path("runs"),
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="How long it may take, reading included.")] = 300,
    memory: Annotated[int, typer.Option(min=256, help="Megabytes it may use; an answer, a quarter.")] = 4096,
    as_json: AsJson = False,
) -> None:
    """Ask runs by SQL: DuckDB over the tables episodes, messages, calls, rewards, checks and injected.

    A query cannot change anything, and reads nothing but these tables. One that fails lists their columns. Moments with
    a time zone are in UTC.
    """
    from toolgym.errors import DataError
    from toolgym.runs import query

    if as_csv and as_json:
        raise DataError("--csv and --json exclude each other")
    folders = [find_run(name, runs) for name in names]
    short = {folder.name: folder for folder in folders}
    labelled = short if len(short) == len(folders) else {str(folder): folder for folder in folders}
    answer = query(labelled, sql, tools=tools_of, seconds=seconds, memory=memory << 20)
    if as_json:
        headings = _different(answer.columns)
        rows = [dict(zip(headings, map(_json_value, row), strict=True)) for row in answer.rows]
        print_json({"columns": headings, "rows": rows})
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        shown = _for_terminal if sys.stdout.isatty() else _exactly
        writer.writerow(map(shown, answer.columns))
        writer.writerows(map(shown, row) for row in answer.rows)
    else:
        _print_rows(answer.columns, answer.rows)


def runs_in(folder: Path) -> Iterator[Path]:
    """The runs of a folder; what is no run is passed over."""
    from toolgym.runs.files import MANIFEST

    if folder.is_dir():
        yield from (inner for inner in folder.iterdir() if (inner / MANIFEST).is_file())


def find_run(name: str, runs: Path) -> Path:
    """A run's folder, by its path or its name.

    Raises:
        UnknownNameError: If there is no such run.
    """
    from toolgym.errors import UnknownNameError
    from toolgym.runs.files import MANIFEST

    for folder in (Path(name), runs / name):
        if (folder / MANIFEST).is_file():
            return folder
    known = [folder.name for folder in runs_in(runs)]
    raise UnknownNameError("run", name, known, f"Looked in {str(runs)!r}; name another folder with --runs.")


def tools_of(domain: str) -> Mapping[str, Tool]:
    """The tools of a domain by name, none if it is not installed."""
    from toolgym.errors import UnknownNameError
    from toolgym.messages import SIDES
    from toolgym.registration import make_domain

    try:
        kits = make_domain(domain).toolkits
    except UnknownNameError:
        return {}
    return {name: tool for side in reversed(SIDES) if side in kits for name, tool in kits[side].tools.items()}


def plain(text: str) -> Text:
    """A text of unknown origin for a terminal, without markup."""
    return Text(printable(text))


def amount(total: Mapping[str, Any], form: str = "{:,}") -> str:
    """A sum over episodes as it is shown: n/a if none is known, at least so much if some are not."""
    if not total["known"]:
        return "n/a"
    text = form.format(total["sum"])
    return text if total["known"] == total["of"] else f"≥ {text} ({total['known']} of {total['of']})"


def _expected(settings: Mapping[str, Any]) -> int | None:
    """How many episodes the settings ask for; None where the tasks are not there."""
    from toolgym.cli.pools import domain_played
    from toolgym.errors import ToolGymError

    try:
        played = domain_played(settings["domain"], settings["data"], settings)
        return len(played.tasks[settings["split"]]) * int(settings["trials"])
    except (ToolGymError, KeyError, TypeError, ValueError):
        return None


def _print(found: Mapping[str, Any]) -> None:
    console.print(plain(found["run"]), style="bold")
    _fact("settings", _listed(found["settings"]))
    _fact("versions", _listed(found["versions"]))
    _fact("worlds", ", ".join(world[:12] for world in found["worlds"]) or "none")
    count = found["episodes"]
    expected = "" if count["expected"] is None else f" of {count['expected']}"
    parts = [f"{count[name]} {name.replace('_', ' ')}" for name in ("success", "failure", "not_judged", "void")]
    _fact("episodes", f"{count['finished']}{expected}, {count['tasks']} tasks: {', '.join(parts)}")
    _fact("ended by", _listed(found["terminations"]) or "nothing")
    for source, void in found["voids"].items():
        _fact(f"void: {source}", str(void["episodes"]))
        for reason, number in void["reasons"].items():
            _fact("", f"{number}: {reason}")
    for k, estimate in found["pass_hat"].items():
        mean, low, high = (100 * estimate[name] for name in ("mean", "low", "high"))
        _fact(f"Pass^{k}", f"{mean:.1f} ({low:.0f}-{high:.0f})")
    if not found["pass_hat"]:
        _fact("Pass^k", "n/a")
    each = {name: "n/a" if value is None else f"{value:.1f}" for name, value in found["mean"].items()}
    _fact("mean", f"{each['messages']} messages, {each['steps']} steps, {each['calls']} calls an episode")
    calls = found["calls"]
    repeated = "n/a (the domain is not installed)" if calls["repeated"] is None else f"{calls['repeated']:,}"
    _fact("calls", f"{calls['made']:,}: {calls['failed']:,} failed, {repeated} repeated")
    if found["injected"]:
        _fact("injected", _listed(found["injected"]))
    took = found["time"]
    if took["started"] is not None and took["ended"] is not None:
        _fact("time", f"{took['started']} to {took['ended']} UTC, {took['mean_seconds']:.3g} s an episode")
    table = Table()
    for heading in ("", "requests", "tokens read", "tokens generated", "cost"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    cells = []
    for who, used in found["usage"].items():
        counts = [amount(used[name]) for name in ("requests", "input_tokens", "output_tokens")]
        cells.append([who, *counts, amount(used["cost_usd"], "${:,.4f}")])
        table.add_row(*cells[-1])
    console.print(table)
    if any("≥" in cell for row in cells for cell in row):
        console.print("≥: known for so many of the episodes alone.")
    if (replaced := found["replaced"])["episodes"]:
        spent = amount(replaced["cost_usd"], "${:,.4f}")
        _fact("replaced", f"{replaced['episodes']} void episodes were played again; they cost {spent}")


def _fact(name: str, text: str) -> None:
    console.print(Text.assemble((f"{name:<12}", "bold"), plain(text)), soft_wrap=True)


def _listed(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in ("", {}, None))


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """As a table where that fits, else one column a line."""
    cells = [["NULL" if value is None else _cell(value) for value in row] for row in rows[:SHOWN]]
    widths = [
        min(40, max(len(part) for part in (name, *(row[place] for row in cells)))) for place, name in enumerate(columns)
    ]
    if sum(widths) + 3 * len(widths) + 1 <= console.width:
        table = Table()
        for place, name in enumerate(columns):
            numbers = all(isinstance(row[place], int | float) or row[place] is None for row in rows[:SHOWN])
            table.add_column(plain(name), justify="right" if numbers else "left", overflow="fold")
        for row in cells:
            table.add_row(*map(plain, row))
        console.print(table)
    else:
        longest = max(map(len, columns))
        for number, row in enumerate(cells, 1):
            console.rule(f"row {number}")
            for name, cell in zip(columns, row, strict=True):
                console.print(plain(f"{name:<{longest}}  {cell}"))
    if len(rows) > SHOWN:
        console.print(f"… {len(rows):,} rows in all; --json and --csv print every one.")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    value = _json_value(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _for_terminal(value: Any) -> Any:
    value = _exactly(value)
    return printable(value) if isinstance(value, str) else value


def _exactly(value: Any) -> Any:
    if isinstance(value, Decimal | float):
        return value
    value = _json_value(value)
    return value if value is None or isinstance(value, str | float) else json.dumps(value, ensure_ascii=False)


def _json_value(value: Any) -> Any:
    """A value of DuckDB as JSON has it; what is no number is null."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        return {str(_json_value(key)): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    return float(value) if isinstance(value, Decimal) else str(value)


def _different(names: Sequence[str]) -> list[str]:
    """Names made different, as keys of an object must be."""
    taken: list[str] = []
    for name in names:
        number, fresh = 0, name
        while fresh in taken:
            number, fresh = number + 1, f"{name}_{number + 1}"
        taken.append(fresh)
    return taken
