"""The figures of a reproduction as Markdown, for a terminal, a folder, and the page of the documentation.

``python -m toolgym_trainers.reproduce.pages TABLE.json PAGE.md`` writes the tables into a page, between its lines
``<!-- NAME -->`` and ``<!-- end NAME -->``; with ``--check`` it says whether they are there as they should be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolgym.errors import DataError
from toolgym_trainers.reproduce.settings import DEV, PATTERNS, TEST

TITLES = {TEST: "The test split", PATTERNS: "The set of all patterns", DEV: "The dev split"}
SHOWN = {"pass_1": "Pass^1", "pass_4": "Pass^4", "repeats": "repeats", "errors": "errors", "consent": "consent"}
SHARES = ("pass_1", "pass_4", "consent")


def figure(metric: str, value: float | None, *, signed: bool = False) -> str:
    """A figure as it is shown: shares in percent, the others an episode.

    Args:
        metric: What it is.
        value: It, or None.
        signed: Whether a plus is shown.

    Example:
        >>> figure("pass_1", 0.3125), figure("repeats", 0.3125, signed=True)
        ('31.2', '+0.31')
    """
    if value is None:
        return "n/a"
    number, digits = (100 * value, 1) if metric in SHARES else (value, 2)
    return f"{number:{'+' if signed else ''}.{digits}f}"


def bounds(metric: str, value: Sequence[float] | None, *, signed: bool = False) -> str:
    """An interval as it is shown.

    Args:
        metric: Of what.
        value: Its ends, or None.
        signed: Whether a plus is shown.
    """
    if value is None:
        return "n/a"
    low, high = (figure(metric, one, signed=signed) for one in value)
    return f"[{low}, {high}]"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def arms_table(table: Mapping[str, Any]) -> str:
    """Every arm's figures by set and temperature, with the crossed interval, and the spread over seeds of Pass^1."""
    parts = []
    for on, title in TITLES.items():
        for heat in sorted({row["temperature"] for row in table["rows"] if row["on"] == on}, reverse=True):
            rows = [row for row in table["rows"] if row["on"] == on and row["temperature"] == heat]
            lines = []
            for row in rows:
                cells = [f"`{row['arm']}`", str(len(row["seeds"]))]
                for metric in SHOWN:
                    one = row[metric]
                    text = figure(metric, None if one is None else one["mean"])
                    if metric.startswith("pass_"):
                        text += f" {bounds(metric, one['crossed'])}"
                    cells.append(text)
                cells.append(" ".join(figure("pass_1", one) for one in row["pass_1"]["by_seed"]))
                lines.append(cells)
            tasks = table["sets"]["tasks"][on]
            header = ["arm", "seeds", *SHOWN.values(), "Pass^1 by seed"]
            parts.append(f"{title}, {tasks} tasks, T = {heat:g}\n\n{_table(header, lines)}")
    return "\n\n".join(parts)


def differences_table(table: Mapping[str, Any]) -> str:
    """The differences between arms in Pass^1 and Pass^4, with all intervals."""
    rows = []
    for row in table["differences"]:
        for metric in ("pass_1", "pass_4"):
            one = row.get(metric)
            if one is None:
                continue
            rows.append(
                [
                    f"`{row['first']}` - `{row['second']}`",
                    row["on"],
                    f"{row['temperature']:g}",
                    SHOWN[metric],
                    figure(metric, one["mean"], signed=True),
                    *(bounds(metric, one[name], signed=True) for name in ("crossed", "bootstrap", "seeds")),
                ]
            )
    header = ["difference", "set", "T", "in", "mean", "crossed", "bootstrap", "over seeds"]
    return _table(header, rows) if rows else "No two arms are measured yet."


def claims_table(table: Mapping[str, Any]) -> str:
    """The claims with their verdicts."""
    rows = []
    for claim in table["claims"]:
        one, metric = claim["difference"], claim["metric"]
        where = f"{SHOWN[metric]}, {claim['on']}, T = {claim['temperature']:g}"
        rows.append(
            [
                claim["text"],
                f"`{claim['first']}` - `{claim['second']}`",
                where,
                "n/a" if one is None else figure(metric, one["mean"], signed=True),
                *(
                    "n/a" if one is None else bounds(metric, one[n], signed=True)
                    for n in ("crossed", "bootstrap", "seeds")
                ),
                "n/a" if claim["p_corrected"] is None else f"{claim['p_corrected']:.2g}",
                f"**{claim['verdict']}**",
            ]
        )
    header = ["claim", "arms", "in", "difference", "crossed", "bootstrap", "over seeds", "p (Holm)", "verdict"]
    return _table(header, rows)


def episodes_table(table: Mapping[str, Any]) -> str:
    """What the arms played while they were trained: equal in training, and all in all."""
    rows = []
    for arm, about in table["arms"].items():
        spent = list(about.get("by_seed", {}).values())
        if not spent:
            continue
        names = ("training", "mining", "solver", "total")
        means = [f"{sum(one[name] for one in spent) / len(spent):,.0f}" for name in names]
        admitted = ", ".join(f"{sum(one)}" for one in (each["admitted"] for each in spent))
        cpu = sum(one["cpu_seconds"] for one in spent) / len(spent)
        rows.append([f"`{arm}`", about["text"], *means, admitted, f"{cpu:,.0f}"])
    if not rows:
        return "Nothing is trained yet."
    header = ["arm", "what it is", "training", "mining", "solver", "total", "tasks admitted, by seed", "CPU s"]
    return _table(header, rows)


def conditions(table: Mapping[str, Any]) -> str:
    """What the figures were made with, in a few lines."""
    read = table["read"]
    start = "one checkpoint, which all seeds share: how checkpoints differ is in no interval"
    if not table["shared_start"]:
        start = "a checkpoint of its own for each seed"
    compared = table["comparisons"]
    lines = [
        f"- toolgym {table['toolgym']}, settings `{table['settings']['digest']}`, seeds "
        f"{', '.join(map(str, table['seeds']))}; {start}.",
        f"- Test was {'not read' if read is None else 'first read at ' + read['at']}.",
        f"- Set of all patterns: `{table['sets']['patterns']['digest']}`, seed {table['sets']['patterns']['seed']}.",
        f"- {compared['claims']} claims, for whose number p is corrected; the {compared['differences']} other rows of "
        "differences, five figures each, are not, and are there to be looked at.",
        "- Tried on dev before: " + ("; ".join(table["settings"]["tried"]) or "nothing is listed") + ".",
    ]
    return "\n".join(lines)


PARTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "conditions": ("Conditions", conditions),
    "claims": ("Claims", claims_table),
    "arms": ("Arms", arms_table),
    "episodes": ("Episodes", episodes_table),
    "differences": ("Differences", differences_table),
}
"""The parts of a page by name: title, and what writes it."""


def page_of(table: Mapping[str, Any]) -> str:
    """All tables, as one page."""
    return "\n\n".join(f"## {title}\n\n{write(table)}" for title, write in PARTS.values()) + "\n"


def filled(page: str, table: Mapping[str, Any]) -> str:
    r"""A page with its marked places filled.

    Args:
        page: Its text.
        table: The figures.

    Raises:
        DataError: If it marks no place.

    Example:
        >>> filled("<!-- episodes -->\nold\n<!-- end episodes -->", {"arms": {}}).splitlines()[2]
        'Nothing is trained yet.'
    """
    found = 0
    for name, (_, write) in PARTS.items():
        marked = re.compile(rf"<!-- {name} -->\n.*?<!-- end {name} -->", re.DOTALL)
        if marked.search(page):
            before, after = f"<!-- {name} -->", f"<!-- end {name} -->"
            text = f"{before}\n\n{write(table)}\n\n{after}"
            page = marked.sub(text.replace("\\", r"\\"), page)
            found += 1
    if not found:
        raise DataError(f"the page marks no place for tables: <!-- NAME --> … <!-- end NAME -->, of {', '.join(PARTS)}")
    return page


def main(arguments: Sequence[str]) -> int:
    """Write the tables into a page, or with ``--check`` say whether they are there."""
    from toolgym_trainers.reproduce.table import read_table

    check = "--check" in arguments
    source, target = (Path(one) for one in arguments if one != "--check")
    before = target.read_text(encoding="utf-8")
    after = filled(before, read_table(source))
    if check:
        return int(before != after)
    target.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
