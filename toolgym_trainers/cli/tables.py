"""What a training came to, in tables; what is claimed of it follows the intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolgym.cli.output import fact, say
from toolgym.cli.tables import TextTable, numeric

KS = ("1", "2", "3", "4")


def print_training(report: Mapping[str, Any]) -> None:
    """A training as tables: the policy before and after each round beside the references, and what failed.

    Args:
        report: What :func:`toolgym_trainers.loop.report.training_report` gives.
    """
    measured = report["measured"]
    if not measured:
        say("Nothing is measured yet.")
        return
    _print_figures(report, measured)
    _print_patterns(measured)
    for line in comparison_lines(report["comparisons"]):
        say(line)
    for one in report["rounds"]:
        done = []
        if one["mined_episodes"]:
            done.append(f"{one['mined_failures']:,} failures in {one['mined_episodes']:,} episodes")
        if one["proposed"]:
            tried = f", after {one['solver_episodes']:,} trials" if one["solver_episodes"] else ""
            done.append(f"{one['admitted']:,} of {one['proposed']:,} proposed tasks admitted{tried}")
        done.append(f"{one['steps']:,} steps over {one['episodes']:,} episodes")
        say(f"Round {one['round']}: {'; '.join(done)}.")
        for note in one["notes"]:
            say(f"  {note}")
    parts = report["cpu_seconds"]
    kinds: dict[str, float] = {}
    for name, seconds in parts.items():
        kind = name.split("-")[2]
        kinds[kind] = kinds.get(kind, 0.0) + seconds
    spent = ", ".join(f"{kind} {seconds:,.0f}" for kind, seconds in kinds.items())
    fact("CPU-seconds", f"{sum(parts.values()):,.0f} ({spent})", 13)
    fact("written", report["folder"], 13)
    if report["policies"]:
        fact("policy", f"{report['policies'][-1]}: an agent for `toolgym eval --agent`", 13)


def _print_figures(report: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> None:
    rows = [*report["references"].items(), *((_label(one, measured), one) for one in measured)]
    ks = [k for k in KS if any(k in one["pass_hat"] for _, one in rows)]
    title = f"{report['curriculum']}: {rows[-1][1]['tasks']} tasks of {report['split']}"
    headings = [*(f"Pass^{k} (95 %)" for k in ks), "consent", "repeats", "failed calls", "episodes"]
    table = TextTable("who", *numeric(*headings), title=title)
    for name, one in rows:
        calls, episodes = one["calls"], one["episodes"]
        consent, repeated = one["consent"], calls["repeated"]
        table.add(
            name,
            *(_percent(one["pass_hat"].get(k)) for k in ks),
            "n/a" if consent is None else f"{100 * consent:.1f}",
            "n/a" if repeated is None or not episodes else f"{repeated / episodes:.2f}",
            "n/a" if not episodes else f"{calls['failed'] / episodes:.2f}",
            f"{episodes:,}",
        )
    table.print()
    say("Consent: per cent of the writes after a yes. Repeats and failed calls: an episode.")


def _print_patterns(measured: Sequence[Mapping[str, Any]]) -> None:
    """Which share of the episodes fails by which pattern, before and after."""
    names = list(dict.fromkeys(name for one in measured for name in one["patterns"]))
    if not names:
        return
    table = TextTable("pattern", *numeric(*(_label(one, measured) for one in measured)), title="Failures by pattern")
    for name in names:
        table.add(name, *(str(one["patterns"].get(name, 0)) for one in measured))
    table.add("failures", *(str(one["failures"]) for one in measured), style="bold")
    table.print()


def comparison_lines(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is to be said of each difference; one whose interval includes 0 is within noise.

    Args:
        comparisons: Those of a report.

    Example:
        >>> one = {"round": 1, "temperature": 1.0, "k": 1, "difference": 0.1, "low": 0.02, "high": 0.18, "tasks": 110}
        >>> comparison_lines([{**one, "within_noise": False}])[0]
        'Round 1 against before, T = 1, Pass^1: +10.0 points [+2.0, +18.0]: better.'
        >>> comparison_lines([{**one, "low": -0.02, "within_noise": True}])[0]
        'Round 1 against before, T = 1, Pass^1: +10.0 points [-2.0, +18.0]: within noise.'
    """
    lines = []
    for one in comparisons:
        numbers = [f"{100 * one[name]:+.1f}" for name in ("difference", "low", "high")]
        verdict = "within noise" if one["within_noise"] else "better" if one["difference"] > 0 else "worse"
        lines.append(
            f"Round {one['round']} against before, T = {one['temperature']:g}, Pass^{one['k']}: {numbers[0]} points "
            f"[{numbers[1]}, {numbers[2]}]: {verdict}."
        )
    if lines:
        lines.append(
            f"Differences are paired by task over {comparisons[0]['tasks']} tasks, with 95 % intervals over tasks; "
            "how much another training seed would change is not in them."
        )
    return lines


def _label(one: Mapping[str, Any], measured: Sequence[Mapping[str, Any]]) -> str:
    name = "before" if one["round"] == 0 else f"after round {one['round']}"
    several = len({each["temperature"] for each in measured}) > 1
    return f"{name}, T = {one['temperature']:g}" if several else name


def _percent(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "n/a"
    return f"{100 * estimate['mean']:.1f} ({100 * estimate['low']:.0f}-{100 * estimate['high']:.0f})"
