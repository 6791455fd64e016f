"""How ``toolgym failures`` prints what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.bar import Bar
from rich.table import Table

from toolgym.cli.output import console
from toolgym.cli.runs import plain

if TYPE_CHECKING:
    from toolgym.evaluation.metrics import Estimate
    from toolgym.failures.clusters import Cluster
    from toolgym.failures.reading import PatternFigures
    from toolgym.failures.report import FailureReport

TASKS_SHOWN = 10
"""How many tasks are printed."""
UNNAMED = "none of them"
"""What the pattern of a finding without one is called."""


def print_failures(
    answer: Mapping[str, Any], reports: Sequence[FailureReport], groups: Sequence[Cluster] | None
) -> None:
    """Everything that was found.

    Args:
        answer: What ``toolgym failures --json`` prints.
        reports: Of the failures that could be looked into.
        groups: The clusters; None without.
    """
    console.print(plain(f"{answer['source']}: {answer['domain']}, {answer['data']} data"), style="bold", soft_wrap=True)
    _say(
        f"failures: {answer['failures']}, {answer['explained']} explained by {answer['analyst']}; left out: "
        f"successes {answer['successes']}, void {answer['void']}, not judged {answer['not_judged']}"
    )
    for why, number in answer["not_explained"].items():
        _say(f"not explained: {number}: {why}", style="yellow")
    if answer["nothing_found"]:
        _say(f"no cause found in: {answer['nothing_found']}", style="yellow")
    if answer["explained"]:
        _print_patterns(reports)
        _print_tasks(answer["tasks"])
        _print_examples(answer["examples"])
    if groups:
        _print_clusters(groups)
    if answer["targets"]:
        _print_targets(answer, answer["against"] is not None)
    if answer["usage"] is not None:
        used = answer["usage"]
        cost = "n/a" if used["cost_usd"] is None else f"${used['cost_usd']:,.4f}"
        _say(f"the analyst's model: {used['calls']} requests, cost {cost}")
    if answer["written"] is not None:
        _say(f"written: {answer['written']}")


def _print_patterns(reports: Sequence[FailureReport]) -> None:
    from toolgym.failures.reading import by_family, by_pattern
    from toolgym.patterns import PATTERNS

    table = Table(title="patterns: a failure with several causes counts for each")
    table.add_column("pattern, by family", no_wrap=True)
    for heading in ("failures", "share (95 %)", "primary", "follows", "harmless"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", width=20)
    families, patterns = by_family(reports), by_pattern(reports)
    for family, sums in families.items():
        table.add_row(family, *_cells(sums), Bar(1.0, 0.0, _mean(sums.share), color="blue"), style="bold")
        for name, figures in patterns.items():
            if name and PATTERNS[name].family == family:
                table.add_row(f"  {name}", *_cells(figures), Bar(1.0, 0.0, _mean(figures.share), color="cyan"))
    if (rest := patterns[""]).failures or rest.consequences or rest.harmless:
        table.add_row(UNNAMED, *_cells(rest), Bar(1.0, 0.0, _mean(rest.share), color="blue"))
    console.print(table)


def _cells(figures: PatternFigures) -> list[str]:
    counts = (figures.primary, figures.consequences, figures.harmless)
    share = percent(figures.share._asdict() if figures.share is not None else None)
    return [str(figures.failures), share, *map(str, counts)]


def _mean(share: Estimate | None) -> float:
    return 0.0 if share is None else share.mean


def _print_tasks(tasks: Sequence[Mapping[str, Any]]) -> None:
    table = Table(title="tasks that failed most")
    table.add_column("task", overflow="fold")
    table.add_column("failed", justify="right", no_wrap=True)
    table.add_column("patterns")
    for one in tasks[:TASKS_SHOWN]:
        patterns = ", ".join(f"{name} {number}" for name, number in one["patterns"].items())
        table.add_row(plain(one["task_id"]), f"{one['failures']} of {one['trials']}", patterns)
    console.print(table)
    if len(tasks) > TASKS_SHOWN:
        _say(f"… of {len(tasks)} tasks; --json lists them all.")


def _print_examples(examples: Sequence[Mapping[str, Any]]) -> None:
    for one in examples:
        console.rule(plain(f"{one['pattern']} · {one['task_id']} · trial {one['trial']} · message {one['message']}"))
        _say(f"expected  {one['expected']}")
        _say(f"got       {one['got']}")
        if one["explanation"]:
            _say(one["explanation"])


def _print_clusters(groups: Sequence[Cluster]) -> None:
    table = Table(title="failures that are alike")
    table.add_column("cluster", overflow="fold")
    table.add_column("failures", justify="right")
    table.add_column("primary patterns")
    for group in groups:
        patterns = ", ".join(f"{name or UNNAMED} {share:.0%}" for name, share in group.shares.items())
        table.add_row(plain(group.name), str(group.size), patterns)
    console.print(table)


def _print_targets(answer: Mapping[str, Any], compared: bool) -> None:
    """How often failures on targeted tasks show their target."""
    table = Table(title="hit-rate: failures on targeted tasks that show their target")
    table.add_column("target", no_wrap=True)
    for heading in ("failures", "hit-rate (95 %)", *(("untargeted (95 %)", "ratio") if compared else ())):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, row in answer["targets"].items():
        cells = [str(row["failures"]), percent({**row, "mean": row["share"]})]
        if compared:
            ratio = "n/a" if row["ratio"] is None else f"{row['ratio']:.1f}"
            cells += [percent(row["untargeted"]), ratio]
        table.add_row(name, *cells)
    if (whole := answer["hit_rate"]) is not None:
        table.add_row("all", str(whole["failures"]), percent({**whole, "mean": whole["share"]}), style="bold")
    console.print(table)


def percent(estimate: Mapping[str, Any] | None) -> str:
    """A share with its interval, in percent."""
    if estimate is None:
        return "n/a"
    return f"{100 * estimate['mean']:.1f} ({100 * estimate['low']:.0f}-{100 * estimate['high']:.0f})"


def _say(text: str, style: str = "") -> None:
    console.print(plain(text), style=style, soft_wrap=True)
