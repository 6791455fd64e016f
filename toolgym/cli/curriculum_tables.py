"""How ``toolgym curriculum`` prints what a refresh brought, and what a pool holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.cli.failure_tables import percent
from toolgym.cli.output import fact, say
from toolgym.cli.tables import TextTable, numeric, prose


def print_pool(answer: Mapping[str, Any]) -> None:
    """What a pool holds.

    Args:
        answer: What ``toolgym curriculum show --json`` prints.
    """
    over = "" if answer["domain"] is None else f" over {answer['domain']}, {answer['data']} data"
    say(f"{answer['folder']}: {answer['curriculum'] or 'tasks'}{over}")
    say(
        f"{answer['tasks']} tasks in {answer['worlds']} worlds: {answer['made']} made, "
        f"{answer['tasks'] - answer['made']} of the split"
    )
    numbers: tuple[str, ...] = ("tasks", "trials", "solved")
    table = TextTable("pattern", *numeric(*numbers), title="tasks that were made, by what they stress")
    for name, row in answer["patterns"].items():
        table.add(name, str(row["tasks"]), str(row["trials"]), str(row["solved"]))
    table.print()
    if answer["reports"]:
        numbers = ("round", "failures", "proposed", "admitted", "hit-rate", "coverage", "drift", "pool")
        table = TextTable(*numeric(*numbers), title="rounds")
        for one in answer["reports"]:
            shares = [_share(one[name]) for name in ("hit_rate", "coverage")]
            counts = [str(one[name]) for name in ("round", "failures", "proposed", "admitted")]
            table.add(*counts, *shares, _number(one["drift"]), str(one["pool"]))
        table.print()


def print_report(answer: Mapping[str, Any], *, looked: bool) -> None:
    """What a refresh brought.

    Args:
        answer: What ``toolgym curriculum refresh --json`` prints.
        looked: Whether it looked at failures.
    """
    failures = f"{answer['failures']} failures analysed" if looked else "failures: not looked at"
    say(f"round {answer['round']} of {answer['curriculum']}: {failures}", style="bold")
    title = f"{answer['proposed']} proposed → {answer['admitted']} admitted"
    table = TextTable("stage", *numeric("passed", "failed"), prose("commonest reasons"), title=title)
    table.add("proposed", str(answer["proposed"]))
    for name, tally in answer["stages"].items():
        reasons = "; ".join(answer["reasons"].get(name, ()))
        table.add(name, str(tally["passed"]), str(tally["failed"]), reasons)
    table.print()
    numbers = ("failures", "share", "proposed", "admitted", "pool", "Pass^1", "Pass^4", "hit-rate (95 %)")
    table = TextTable("pattern", *numeric(*numbers), title="patterns")
    for name, row in answer["patterns"].items():
        rate = row.get("hit_rate")
        table.add(
            name or "none of them",
            *(_count(row.get("failures")), _share(row.get("share"))),
            *(_count(row.get(key)) for key in ("proposed", "admitted", "pool")),
            *(_share(row.get(key)) for key in ("pass_1", "pass_4")),
            percent({**rate, "mean": rate["share"]}) if rate is not None else "n/a",
        )
    table.print()
    for name, text in (
        ("validity", _share(answer["validity"])),
        ("hit-rate", _share(answer["hit_rate"])),
        ("coverage", _share(answer["coverage"])),
        ("zero-signal groups", _share(answer["zero_signal"])),
        ("drift", _number(answer["drift"])),
        ("solver", str(answer["solver"])),
        ("pool", f"{answer['pool']} tasks"),
    ):
        fact(name, text, 20)
    for note in answer["notes"]:
        say(note, style="yellow")
    say(f"written: {answer['folder']}")


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "n/a" if value is None else str(value)
