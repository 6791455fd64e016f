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
from stat import S_ISREG
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from toolgym.cli.completion import run_names
from toolgym.cli.figures import VoidTrials, compliance_lines, refusal
from toolgym.cli.output import AsJson, fact, print_json, say
from toolgym.cli.tables import Column, TextTable, numeric
from toolgym.display.render import printable

if TYPE_CHECKING:
    from toolgym.runs import Answer
    from toolgym.tools import Tool

app = typer.Typer(help="Look at runs, and query them.", no_args_is_help=True)
Runs = Annotated[Path, typer.Option("--runs", help="The folder of runs.")]

SHOWN = 1000
"""Rows of an answer that are printed as a table."""
LONG = 40
"""Longer values of an answer may be wrapped."""


@app.command("list")
def list_runs(runs: Runs = Path("runs"), as_json: AsJson = False) -> None:
    """List the runs of a folder: who played what, how much of it, how well, and at what cost."""
    from toolgym.errors import DataError, ToolGymError
    from toolgym.runs.summary import outline

    if not runs.is_dir():
        what = f"{str(runs)!r} is a file" if runs.exists() else f"there is no folder {str(runs)!r}"
        raise DataError(f"{what}; name the folder of runs with --runs")
    found: list[dict[str, Any]] = []
    for folder in sorted(runs_in(runs)):
        try:
            found.append({"run": folder.name, **outline(folder)})
        except (ToolGymError, OSError, MemoryError) as error:  # whatever is wrong in one run, the others are listed
            found.append({"run": folder.name, "problem": str(error) or type(error).__name__})
    if as_json:
        print_json({"runs": found})
        return
    names = ("run", "domain", "split", "agent", "user")
    table = TextTable(*names, *numeric("episodes", "void", "Pass^1", "cost"), "modified", title=str(runs))
    for run in found:
        if "problem" in run:
            table.add(run["run"], Text("broken", style="red"))
            continue
        rate = run["pass_hat_1"]
        table.add(
            *(run[name] for name in names),
            str(run["episodes"]),
            str(run["void"]),
            "n/a" if rate is None else f"{100 * rate:.1f}",
            amount(run["cost_usd"], "${:.2f}"),
            run["modified"][:16].replace("T", " "),
        )
    table.print()
    if not found:
        say(f"There is no run in {str(runs)!r}.")
    for run in found:
        if "problem" in run:
            say(f"{run['run']}: {run['problem']}", style="red")


@app.command("show")
def show_run(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", autocompletion=run_names, help="A run: its folder, or its name in the folder of runs."
        ),
    ],
    runs: Runs = Path("runs"),
    void: VoidTrials = "refuse",
    as_json: AsJson = False,
) -> None:
    """Show one run: its settings, how its episodes ended, Pass^k, what it used, what went wrong in it."""
    from toolgym.runs.summary import summarise

    folder = find_run(run, runs)
    found = {"run": str(folder), **summarise(folder, tools_of, void=void)}
    found["episodes"]["expected"] = _expected(found["settings"])
    found["compliance"] = _compliance(folder, found["settings"])
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command("query")
def query_runs(
    names: Annotated[
        list[str], typer.Argument(metavar="RUN...", autocompletion=run_names, help="Runs: their folders or names.")
    ],
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
    try:
        _print_answer(answer, as_json, as_csv)
    except RecursionError:
        raise DataError("a value of the answer is nested too deep to be printed; ask for it AS VARCHAR") from None


def _print_answer(answer: Answer, as_json: bool, as_csv: bool) -> None:
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
    """The runs of a folder; anything else in it is passed over.

    Raises:
        DataError: If the folder cannot be read.
    """
    from toolgym.errors import DataError

    try:
        yield from (inner for inner in (folder.iterdir() if folder.is_dir() else ()) if _may_be_run(inner))
    except OSError as error:
        raise DataError(f"the folder of runs {str(folder)!r} cannot be read: {error}") from error


def _may_be_run(folder: Path) -> bool:
    """Whether a folder has a manifest, or may not be entered: to read it then tells why."""
    from toolgym.runs.files import MANIFEST

    try:
        return S_ISREG((folder / MANIFEST).stat().st_mode)
    except PermissionError:
        return True
    except (OSError, ValueError):  # it is not there, or its name cannot be one
        return False


def find_run(name: str, runs: Path) -> Path:
    """A run's folder, by its path or its name.

    Raises:
        DataError: If it is the path of something that is not a run, or of nothing.
        UnknownNameError: If there is no run of this name.
    """
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.runs.files import MANIFEST

    path = Path(name)
    for folder in (path, runs / name):
        if _may_be_run(folder):
            return folder
    if path.is_file():
        raise DataError(
            f"{name!r} is a file, and a run is a folder; `toolgym regrade FILE --write NAME` makes a run of a results "
            "file of tau2"
        )
    if path.is_dir():
        raise DataError(f"{name!r} is a folder, but no run: there is no {MANIFEST} in it")
    if path.suffix in (".json", ".jsonl") or len(path.parts) > 1:
        raise DataError(f"no such file or folder: {name!r}; nor is there a run of that name in {str(runs)!r}")
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


def amount(total: Mapping[str, Any], form: str = "{:,}") -> str:
    """A sum over episodes as it is shown: n/a if no value is known, a lower bound if some are not."""
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
        if settings.get("tasks"):
            return sum(map(int, settings["tasks"].values()))
        return len(played.tasks[settings["split"]]) * int(settings["trials"])
    except (ToolGymError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _compliance(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """The compliance of a run's assistant; None if the domain is not installed."""
    from toolgym.errors import UnknownNameError
    from toolgym.evaluation import Compliance
    from toolgym.registration import make_domain
    from toolgym.runs import read_trajectories

    try:
        domain = make_domain(str(settings.get("domain", "")))
    except UnknownNameError:
        return None
    return Compliance.of(domain, read_trajectories(folder)).as_dict()


def _print(found: Mapping[str, Any]) -> None:
    say(found["run"], style="bold")
    chosen = found["settings"].get("tasks")
    fact("settings", _listed({**found["settings"], "tasks": f"{len(chosen)} chosen" if chosen else ""}))
    fact("versions", _listed(found["versions"]))
    for entry in found["continued"]:
        fact("continued", f"{entry['at']}, with other {', '.join(entry['changed'])}")
    fact("worlds", ", ".join(world[:12] for world in found["worlds"]) or "none")
    count = found["episodes"]
    expected = "" if count["expected"] is None else f" of {count['expected']}"
    parts = [f"{count[name]} {name.replace('_', ' ')}" for name in ("success", "failure", "not_judged", "void")]
    fact("episodes", f"{count['finished']}{expected}, {count['tasks']} tasks: {', '.join(parts)}")
    fact("ended by", _listed(found["terminations"]) or "nothing")
    for source, void in found["voids"].items():
        fact(f"void: {source}", str(void["episodes"]))
        for reason, number in void["reasons"].items():
            fact("", f"{number}: {reason}")
    for k, estimate in found["pass_hat"].items():
        mean, low, high = (100 * estimate[name] for name in ("mean", "low", "high"))
        fact(f"Pass^{k}", f"{mean:.1f} ({low:.0f}-{high:.0f})")
    if found["refused"]:
        fact("Pass^k", refusal(count["void"], count["finished"] + count["void"]))
    elif not found["pass_hat"]:
        fact("Pass^k", "n/a")
    for what, figure in compliance_lines(found["compliance"]):
        fact(what, figure)
    if found["tasks_not_counted"]:
        fact("left out", f"{found['tasks_not_counted']} tasks that have void episodes alone")
    each = {name: "n/a" if value is None else f"{value:.1f}" for name, value in found["mean"].items()}
    fact("mean", f"{each['messages']} messages, {each['steps']} steps, {each['calls']} calls per episode")
    calls = found["calls"]
    repeated = "n/a (the domain is not installed)" if calls["repeated"] is None else f"{calls['repeated']:,}"
    fact("calls", f"{calls['made']:,}: {calls['failed']:,} failed, {repeated} repeated")
    if found["injected"]:
        fact("injected", _listed(found["injected"]))
    took = found["time"]
    if took["started"] is not None and took["ended"] is not None:
        fact("time", f"{took['started']} to {took['ended']} UTC, {took['mean_seconds']:.3g} s per episode")
    table = TextTable("", *numeric("requests", "tokens read", "tokens generated", "cost"))
    cells = []
    for who, used in found["usage"].items():
        counts = [amount(used[name]) for name in ("requests", "input_tokens", "output_tokens")]
        cells.append([who, *counts, amount(used["cost_usd"], "${:,.4f}")])
        table.add(*cells[-1])
    table.print()
    if any("≥" in cell for row in cells for cell in row):
        say("≥: a sum over those episodes alone for which it is known.")
    if (replaced := found["replaced"])["episodes"]:
        spent = amount(replaced["cost_usd"], "${:,.4f}")
        fact("replaced", f"{replaced['episodes']} void episodes were played again; they cost {spent}")


def _listed(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in ("", {}, None))


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """As a table where that fits, else one column a line."""
    if not rows:
        say(f"No row. The columns are {', '.join(columns)}.")
        return
    shown = rows[:SHOWN]
    cells = [["NULL" if value is None else _cell(value) for value in row] for row in shown]
    headings = []
    for place, name in enumerate(columns):
        numbers = all(isinstance(row[place], int | float) or row[place] is None for row in shown)
        headings.append(Column(name, number=numbers, prose=any(len(row[place]) > LONG for row in cells)))
    table = TextTable(*headings, keys=0)
    for row in cells:
        table.add(*row)
    table.print()
    if len(rows) > SHOWN:
        say(f"… {len(rows):,} rows in all; --json and --csv print every one.")


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
    """A value of DuckDB as JSON has it; NaN and infinities become null."""
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
