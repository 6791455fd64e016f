"""Plots of a reproduction, as SVG; the same table draws the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgym.errors import MissingExtraError
from toolgym_trainers.reproduce.pages import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = {"svg.hashsalt": "toolgym", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
MOST_PATTERNS = 8
"""Patterns that have a colour of their own; the rest are shown together."""


def draw(table: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the arms with their intervals, Pass^k by arm, the learning curves, and the drift of the patterns.

    Args:
        table: The figures, as :func:`~toolgym_trainers.reproduce.table.write_table` gives them.
        folder: Where; it is made.

    Returns:
        What was drawn: of each set ``arms-SET.svg`` and ``pass_hat-SET.svg``, and ``curves.svg`` and ``patterns.svg``
        where there is something to draw.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plots of a reproduction", "plots") from error
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[Path] = []
    with mpl.rc_context({**STYLE, "axes.spines.right": False}):
        there = [on for on in TITLES if any(row["on"] == on for row in table["rows"])]
        drawn += [_saved(_arms(table, on, Figure), folder / f"arms-{on}.svg") for on in there]
        drawn += [_saved(_pass_hat(table, on, Figure), folder / f"pass_hat-{on}.svg") for on in there]
        if any(points for arm in table["curves"].values() for points in arm.values()):
            drawn.append(_saved(_curves(table, Figure), folder / "curves.svg"))
        if table["patterns"]:
            drawn.append(_saved(_patterns(table, Figure), folder / "patterns.svg"))
    return drawn


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return path


def _arms(table: Mapping[str, Any], on: str, make: type[Figure]) -> Figure:
    """Pass^1 and Pass^4 of each arm with the crossed interval, and each training as a small mark."""
    heats = sorted({row["temperature"] for row in table["rows"] if row["on"] == on}, reverse=True)
    figure = make(figsize=(4.2 * len(heats) + 1.5, 0.32 * len(table["arms"]) + 1.2))
    first: Axes | None = None
    for place, heat in enumerate(heats, 1):
        axes = figure.add_subplot(1, len(heats), place, sharey=first)
        first = first or axes
        rows = [row for row in table["rows"] if row["on"] == on and row["temperature"] == heat]
        for metric, color, shift in (("pass_1", "C0", -0.15), ("pass_4", "C1", 0.15)):
            for row in rows:
                one, height = row[metric], list(table["arms"]).index(row["arm"]) + shift
                axes.plot([100 * end for end in one["crossed"]], [height] * 2, color=color, linewidth=1)
                axes.plot([100 * one["mean"]], [height], "o", color=color, markersize=5)
                seeds = [100 * mean for mean in one["by_seed"]]
                axes.plot(seeds, [height] * len(seeds), "|", color=color, markersize=7)
        axes.set(title=f"{TITLES[on]}, T = {heat:g}", xlabel="Pass^1 (blue) and Pass^4 (orange), %")
        axes.grid(axis="x", linewidth=0.3)
    if first is not None:
        first.set_yticks(range(len(table["arms"])), list(table["arms"]))
        first.invert_yaxis()
        for axes in figure.axes[1:]:
            axes.tick_params(labelleft=False)
    return figure


def _pass_hat(table: Mapping[str, Any], on: str, make: type[Figure]) -> Figure:
    """Pass^k by arm, a plot for each temperature."""
    heats = sorted({row["temperature"] for row in table["rows"] if row["on"] == on}, reverse=True)
    figure = make(figsize=(5.2 * len(heats), 4))
    for place, heat in enumerate(heats, 1):
        axes = figure.add_subplot(1, len(heats), place)
        for row in (row for row in table["rows"] if row["on"] == on and row["temperature"] == heat):
            ks = [int(k) for k in row["pass_hat"]]
            values = [100 * row["pass_hat"][str(k)] for k in ks]
            axes.plot(ks, values, label=row["arm"], **_line(table, row["arm"]))
        axes.set(title=f"{TITLES[on]}, T = {heat:g}", xlabel="k", ylabel="Pass^k, %")
    _legend(figure.axes[-1])
    return figure


def _curves(table: Mapping[str, Any], make: type[Figure]) -> Figure:
    """Learning curves on the same tasks of dev: the mean over seeds, and each seed thin."""
    figure = make(figsize=(7, 4))
    axes = figure.add_subplot()
    for arm, seeds in table["curves"].items():
        line = _line(table, arm)
        for points in seeds.values():
            axes.plot(*_columns(points), color=line["color"], linewidth=0.5, alpha=0.4)
        whole = [points for points in seeds.values() if points]
        if whole:
            shortest = min(map(len, whole))
            mean = [
                (whole[0][step][0], sum(points[step][1] for points in whole) / len(whole)) for step in range(shortest)
            ]
            axes.plot(*_columns(mean), label=arm, **line)
    axes.set(xlabel="training episodes", ylabel="Pass^1 on fixed tasks of dev, %")
    _legend(axes)
    return figure


def _columns(points: Sequence[Sequence[float]]) -> tuple[list[float], list[float]]:
    return [point[0] for point in points], [100 * point[1] for point in points]


def _patterns(table: Mapping[str, Any], make: type[Figure]) -> Figure:
    """The shares of the patterns among each round's failures, the mean over seeds, a plot for each arm."""
    arms = table["patterns"]
    total: dict[str, float] = {}
    for seeds in arms.values():
        for rounds in seeds.values():
            for one in rounds:
                for name, share in one["shares"].items():
                    total[name] = total.get(name, 0.0) + share
    named = sorted(total, key=lambda name: -total[name])[:MOST_PATTERNS]
    figure = make(figsize=(max(7, 1.5 * len(arms)), 4))
    first: Axes | None = None
    for place, (arm, seeds) in enumerate(arms.items(), 1):
        axes = figure.add_subplot(1, len(arms), place, sharey=first)
        first = first or axes
        rounds = sorted({one["round"] for seed in seeds.values() for one in seed})
        bottom = [0.0] * len(rounds)
        for number, name in enumerate([*named, "others"] if len(total) > len(named) else named):
            shares = []
            for number_of_round in rounds:
                found = [one["shares"] for seed in seeds.values() for one in seed if one["round"] == number_of_round]
                shares.append(100 * sum(_share(one, name, named) for one in found) / len(found))
            axes.bar([str(one) for one in rounds], shares, bottom=bottom, label=name, color=_color(number))
            bottom = [low + share for low, share in zip(bottom, shares, strict=True)]
        axes.set_title(arm, fontsize=8)
        axes.set_xlabel("round")
    if first is not None:
        first.set_ylabel("share of the failures, %")
    _legend(figure.axes[-1])
    return figure


def _share(shares: Mapping[str, float], name: str, named: Sequence[str]) -> float:
    if name == "others":
        return sum(share for other, share in shares.items() if other not in named)
    return float(shares.get(name, 0.0))


def _color(number: int) -> str:
    return f"C{number % 10}"


def _line(table: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """How an arm is drawn, in every plot alike."""
    number = list(table["arms"]).index(arm)
    return {
        "color": _color(number),
        "linestyle": ("-", "--")[number // 10 % 2],
        "marker": "osv^D"[number % 5],
        "markersize": 3,
    }


def _legend(axes: Axes) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
