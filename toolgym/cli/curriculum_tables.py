"""How ``toolgym curriculum`` prints what a refresh brought, and what a pool holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from toolgym.cli.failure_tables import percent
from toolgym.cli.output import console
from toolgym.cli.runs import plain


def print_pool(answer: Mapping[str, Any]) -> None:
    """What a pool holds.

    Args:
        answer: What ``toolgym curriculum show --json`` prints.
    """
    over = "" if answer["domain"] is None else f" over {answer['domain']}, {answer['data']} data"
    _say(f"{answer['folder']}: {answer['curriculum'] or 'tasks'}{over}")
    _say(
        f"{answer['tasks']} tasks in {answer['worlds']} worlds: {answer['made']} made, "
        f"{answer['tasks'] - answer['made']} of the split"
    )
    table = Table(title="tasks that were made, by what they stress")
    table.add_column("pattern")
    for heading in ("tasks", "trials", "solved"):
        table.add_column(heading, justify="right")
    for name, row in answer["patterns"].items():
        table.add_row(name, str(row["tasks"]), str(row["trials"]), str(row["solved"]))
    console.print(table)
    if answer["reports"]:
        table = Table(title="rounds")
        for heading in ("round", "failures", "proposed", "admitted", "hit-rate", "coverage", "drift", "pool"):
            table.add_column(heading, justify="right")
        for one in answer["reports"]:
            shares = [_share(one[name]) for name in ("hit_rate", "coverage")]
            counts = [str(one[name]) for name in ("round", "failures", "proposed", "admitted")]
            table.add_row(*counts, *shares, _number(one["drift"]), str(one["pool"]))
        console.print(table)


def print_report(answer: Mapping[str, Any], *, looked: bool) -> None:
    """What a refresh brought.

    Args:
        answer: What ``toolgym curriculum refresh --json`` prints.
        looked: Whether it looked at failures.
    """
    failures = f"{answer['failures']} failures analysed" if looked else "failures: not looked at"
    _say(f"round {answer['round']} of {answer['curriculum']}: {failures}", style="bold")
    table = Table(title=f"{answer['proposed']} proposed → {answer['admitted']} admitted")
    table.add_column("stage")
    for heading in ("passed", "failed"):
        table.add_column(heading, justify="right")
    table.add_column("commonest reasons", overflow="fold")
    table.add_row("proposed", str(answer["proposed"]), "", "")
    for name, tally in answer["stages"].items():
        reasons = "; ".join(answer["reasons"].get(name, ()))
        table.add_row(name, str(tally["passed"]), str(tally["failed"]), plain(reasons))
    console.print(table)
    table = Table(title="patterns")
    table.add_column("pattern", no_wrap=True)
    for heading in ("failures", "share", "proposed", "admitted", "pool", "Pass^1", "Pass^4", "hit-rate (95 %)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in answer["patterns"].items():
        rate = row.get("hit_rate")
        table.add_row(
            name or "none of them",
            *(_count(row.get("failures")), _share(row.get("share"))),
            *(_count(row.get(key)) for key in ("proposed", "admitted", "pool")),
            *(_share(row.get(key)) for key in ("pass_1", "pass_4")),
            percent({**rate, "mean": rate["share"]}) if rate is not None else "n/a",
        )
    console.print(table)
    for name, text in (
        ("validity", _share(answer["validity"])),
        ("hit-rate", _share(answer["hit_rate"])),
        ("coverage", _share(answer["coverage"])),
        ("zero-signal groups", _share(answer["zero_signal"])),
        ("drift", _number(answer["drift"])),
        ("solver", str(answer["solver"])),
        ("pool", f"{answer['pool']} tasks"),
    ):
        _say(f"{name:<20}{text}")
    for note in answer["notes"]:
        _say(note, style="yellow")
    _say(f"written: {answer['folder']}")


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "n/a" if value is None else str(value)


def _say(text: str, style: str = "") -> None:
    console.print(plain(text), style=style, soft_wrap=True)
