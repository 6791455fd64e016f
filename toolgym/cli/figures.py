"""The figures of an evaluation: Pass^k, what does not count, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from toolgym.cli.output import console

if TYPE_CHECKING:
    from toolgym.trajectory import Trajectory

_ROLES = {"assistant": "agent", "user": "user", "judge": "judge"}


def figures(rows: Sequence[Trajectory], trials: int, folder: Path) -> dict[str, Any]:
    """What ``toolgym eval --json`` says of one agent."""
    from toolgym.evaluation import pass_hat_table

    table = pass_hat_table(rows, allow_unequal=True)
    matched = [row.grade.db_match for row in rows if row.grade is not None and row.grade.db_match is not None]
    faults = [row.fault for row in rows if row.fault is not None]
    return {
        "pass_hat": {str(k): estimate._asdict() for k, estimate in table.by_k.items()},
        "tasks": table.tasks,
        "trials": trials,
        "not_judged": table.not_judged,
        "void": table.void,
        "faults": dict(Counter(fault.source for fault in faults)),
        "first_fault": f"{faults[0].source}: {faults[0].reason}" if faults else None,
        "db_match": sum(map(bool, matched)) / len(matched) if matched else None,
        "usage": used(rows),
        "run": str(folder),
    }


def used(rows: Sequence[Trajectory]) -> dict[str, dict[str, float | None]]:
    """What each participant that has a model used over all episodes; None where it is not known of every one."""
    from toolgym.trajectory import NO_USAGE

    sums = {}
    for side, role in _ROLES.items():
        uses = [row.usage[side] for row in rows if side in row.usage]  # type: ignore[index]  # names of participants
        if any(usage.calls is not None for usage in uses):
            total = sum(uses, NO_USAGE)
            sums[role] = {
                "calls": total.calls,
                "input_tokens": total.input_tokens,
                "output_tokens": total.output_tokens,
                "cost_usd": total.cost_usd,
            }
    return sums


def print_figures(title: str, trials: int, answers: dict[str, Any]) -> None:
    """The figures of all agents as tables, and what is to be said of those that do not count."""
    table = Table(title=title)
    table.add_column("agent", no_wrap=True)
    for k in range(1, trials + 1):
        table.add_column(f"Pass^{k} (95 %)", justify="right", no_wrap=True)
    for heading in ("tasks", "not judged", "void", "DB match"):
        table.add_column(heading, justify="right")
    for chosen, answer in answers.items():
        cells = [
            _percent(answer["pass_hat"][str(k)]) if str(k) in answer["pass_hat"] else "n/a"
            for k in range(1, trials + 1)
        ]
        match = answer["db_match"]
        table.add_row(
            chosen,
            *cells,
            str(answer["tasks"]),
            str(answer["not_judged"]),
            str(answer["void"]),
            "n/a" if match is None else f"{100 * match:.1f}",
        )
    console.print(table)
    _print_usage(answers)
    if any(answer["not_judged"] for answer in answers.values()):
        console.print("Tasks that need a judge are not judged without one: they count neither way.")
    for chosen, answer in answers.items():
        if answer["void"]:
            sources = ", ".join(f"{number} by the {source}" for source, number in answer["faults"].items())
            console.print(
                f"{chosen}: {answer['void']} episodes are void ({sources}) and count neither way; --resume plays them "
                f"again. The first: {answer['first_fault'][:400]}",
                markup=False,
                soft_wrap=True,
            )


def _print_usage(answers: dict[str, Any]) -> None:
    """Tokens and money of each model; n/a is what nobody knows, and is never taken for nothing."""
    table = Table()
    for heading in ("agent", "model of the", "requests", "tokens read", "tokens generated", "US dollars"):
        table.add_column(heading, justify="left" if "agent" in heading or "model" in heading else "right")
    for chosen, answer in answers.items():
        for role, usage in answer["usage"].items():
            counts = [usage[name] for name in ("calls", "input_tokens", "output_tokens")]
            cost = usage["cost_usd"]
            table.add_row(
                chosen,
                role,
                *("n/a" if count is None else f"{count:,}" for count in counts),
                "n/a" if cost is None else f"{cost:,.4f}",
            )
    if table.row_count:
        console.print(table)


def _percent(estimate: dict[str, float]) -> str:
    low, high = 100 * estimate["low"], 100 * estimate["high"]
    return f"{100 * estimate['mean']:.1f} ({low:.0f}-{high:.0f})"
