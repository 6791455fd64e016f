"""How ``toolgym failures`` prints what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolgym.cli.output import fact, rule, say
from toolgym.cli.tables import Column, TextTable, bar, numeric, prose

if TYPE_CHECKING:
    from toolgym.evaluation.metrics import Estimate
    from toolgym.failures.llm.clusters import Cluster
    from toolgym.failures.report import FailureReport
    from toolgym.failures.statistics.reading import PatternFigures
    from toolgym.patterns import Pattern

TASKS_SHOWN = 10
"""How many tasks are printed."""
UNNAMED = "none of them"
"""What the pattern of a finding without one is called."""


def print_failures(
    answer: Mapping[str, Any],
    reports: Sequence[FailureReport],
    patterns: Mapping[str, Pattern],
    groups: Sequence[Cluster] | None,
) -> None:
    """Everything that was found.

    Args:
        answer: What ``toolgym failures --json`` prints.
        reports: Of the failures that could be looked into.
        patterns: The domain's patterns.
        groups: The clusters; None without.
    """
    say(f"{answer['source']}: {answer['domain']}, {answer['data']} data", style="bold")
    say(
        f"failures: {answer['failures']}, {answer['explained']} explained by {answer['analyst']}; left out: "
        f"successes {answer['successes']}, void {answer['void']}, not judged {answer['not_judged']}"
    )
    for why, number in answer["not_explained"].items():
        say(f"not explained: {number}: {why}", style="yellow")
    if answer["nothing_found"]:
        say(f"no cause found in: {answer['nothing_found']}", style="yellow")
    if answer["user_alone"]:
        say(f"failures that are the user's alone: {answer['user_alone']} of {answer['explained']}", style="yellow")
    if answer["explained"]:
        _print_patterns(reports, patterns)
        _print_tasks(answer["tasks"])
        _print_examples(answer["examples"])
    if groups:
        _print_clusters(groups)
    if answer["targets"]:
        _print_targets(answer, answer["against"] is not None)
    if answer["usage"] is not None:
        used = answer["usage"]
        cost = "n/a" if used["cost_usd"] is None else f"${used['cost_usd']:,.4f}"
        say(f"the analyst's model: {used['calls']} requests, cost {cost}")
    if answer["written"] is not None:
        say(f"written: {answer['written']}")


def _print_patterns(reports: Sequence[FailureReport], known: Mapping[str, Pattern]) -> None:
    from toolgym.failures.statistics.reading import by_family, by_pattern

    numbers = ("failures", "share (95 %)", "primary", "follows", "harmless")
    title = "patterns: a failure with several causes counts for each"
    table = TextTable("pattern, by family", *numeric(*numbers), Column("", spare=True), title=title)
    families, patterns = by_family(reports, known), by_pattern(reports, known)
    for family, sums in families.items():
        table.add(family, *_cells(sums), bar(_mean(sums.share), "blue"), style="bold")
        for name, figures in patterns.items():
            if name and known[name].family == family:
                table.add(f"  {name}", *_cells(figures), bar(_mean(figures.share), "cyan"))
    if (rest := patterns[""]).failures or rest.consequences or rest.harmless:
        table.add(UNNAMED, *_cells(rest), bar(_mean(rest.share), "blue"))
    table.print()


def _cells(figures: PatternFigures) -> list[str]:
    counts = (figures.primary, figures.consequences, figures.harmless)
    share = percent(figures.share._asdict() if figures.share is not None else None)
    return [str(figures.failures), share, *map(str, counts)]


def _mean(share: Estimate | None) -> float:
    return 0.0 if share is None else share.mean


def _print_tasks(tasks: Sequence[Mapping[str, Any]]) -> None:
    table = TextTable("task", *numeric("failed"), prose("patterns"), title="tasks that failed most")
    for one in tasks[:TASKS_SHOWN]:
        patterns = ", ".join(f"{name} {number}" for name, number in one["patterns"].items())
        table.add(one["task_id"], f"{one['failures']} of {one['trials']}", patterns)
    table.print()
    if len(tasks) > TASKS_SHOWN:
        say(f"… of {len(tasks)} tasks; --json lists them all.")


def _print_examples(examples: Sequence[Mapping[str, Any]]) -> None:
    for one in examples:
        rule(f"{one['pattern']} · {one['task_id']} · trial {one['trial']} · message {one['message']}")
        fact("expected", one["expected"], 10)
        fact("got", one["got"], 10)
        if one["explanation"]:
            say(one["explanation"])


def _print_clusters(groups: Sequence[Cluster]) -> None:
    table = TextTable(
        prose("cluster"), *numeric("failures"), prose("primary patterns"), title="failures that are alike"
    )
    for group in groups:
        patterns = ", ".join(f"{name or UNNAMED} {share:.0%}" for name, share in group.shares.items())
        table.add(group.name, str(group.size), patterns)
    table.print()


def _print_targets(answer: Mapping[str, Any], compared: bool) -> None:
    """How often failures on targeted tasks show their target."""
    numbers = ("failures", "hit-rate (95 %)", *(("untargeted (95 %)", "ratio") if compared else ()))
    table = TextTable("target", *numeric(*numbers), title="hit-rate: failures on targeted tasks that show their target")
    for name, row in answer["targets"].items():
        cells = [str(row["failures"]), percent({**row, "mean": row["share"]})]
        if compared:
            ratio = "n/a" if row["ratio"] is None else f"{row['ratio']:.1f}"
            cells += [percent(row["untargeted"]), ratio]
        table.add(name, *cells)
    if (whole := answer["hit_rate"]) is not None:
        table.add("all", str(whole["failures"]), percent({**whole, "mean": whole["share"]}), style="bold")
    table.print()


def percent(estimate: Mapping[str, Any] | None) -> str:
    """A share with its interval, in percent."""
    if estimate is None:
        return "n/a"
    return f"{100 * estimate['mean']:.1f} ({100 * estimate['low']:.0f}-{100 * estimate['high']:.0f})"
