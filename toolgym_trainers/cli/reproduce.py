"""``toolgym reproduce``: the claims about training on one's own failures, put to the test from one settings file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgym.cli.output import AsJson, errors, print_json, remark, say
from toolgym.cli.plug_ins import Command
from toolgym_trainers.cli.options import need_torch

if TYPE_CHECKING:
    from toolgym_trainers.reproduce.reproduction import Reproduction
    from toolgym_trainers.reproduce.units import Tell, Told


def reproduce(
    settings: Annotated[
        str, typer.Argument(metavar="SETTINGS", help="A settings file, or the name of one that ships.")
    ] = "retail-tiny",
    out: Annotated[Path, typer.Option(help="The folder; one that is there goes on.")] = Path("reproduction"),
    arms: Annotated[str | None, typer.Option(metavar="A,B", help="Only these arms; default: all.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar="0,1", help="Only these seeds; default: all.")] = None,
    only_sets: Annotated[
        bool, typer.Option("--only-sets", help="Make and check the sets, and end: the set of all patterns comes first.")
    ] = False,
    only_evaluate: Annotated[bool, typer.Option("--only-evaluate", help="Train nothing.")] = False,
    only_table: Annotated[
        bool, typer.Option("--only-table", help="Play nothing: compute all figures from the runs that are there.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes at once, of one thread each; default: one for each core.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Hardly any steps and tasks: whether everything runs, in minutes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train all arms from the same checkpoints, measure them on the same tasks, and say which claims hold.

    Every arm trains on equally many episodes. Test is read only when the settings say that they are frozen; from then
    on they cannot be changed. What was broken off goes on with the same command.
    """
    need_torch("reproduce")
    from toolgym_trainers.reproduce.reproduction import Reproduction
    from toolgym_trainers.reproduce.settings import read_settings
    from toolgym_trainers.reproduce.table import write_table
    from toolgym_trainers.reproduce.workers import do_all

    asked = read_settings(settings)
    reproduction = Reproduction(asked.fast() if fast else asked, out)
    sets = reproduction.make_sets(lambda made, of: remark(f"set of all patterns: {made} of {of} tasks"))
    if only_sets:
        if as_json:
            print_json(sets)
        else:
            _print_sets(reproduction, sets)
        return
    units = reproduction.units(_names(arms), _numbers(seeds))
    try:
        if not only_table:
            count = min(jobs or os.cpu_count() or 1, max(1, len(units)))
            with _Watching() as tell:
                do_all(reproduction, units, tell, jobs=count, only_evaluate=only_evaluate)
    except KeyboardInterrupt:
        remark("broken off; the same command goes on")
        raise typer.Exit(130) from None
    table = write_table(reproduction)
    plots = _plots(table, out)
    if as_json:
        print_json(table)
    else:
        _print(table, out, plots, frozen=reproduction.settings.frozen)


def _names(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",")]


def _numbers(text: str | None) -> list[int]:
    from toolgym.errors import DataError

    found = _names(text)
    if strange := [one for one in found if not one.isdecimal()]:
        raise DataError(f"seeds are numbers separated by commas, such as 0,1, got {strange[0]!r}")
    return [int(one) for one in found]


def _plots(table: dict[str, Any], out: Path) -> list[Path]:
    """The plots; without what draws them it is said that there are none, as the figures are worth more."""
    from toolgym.errors import MissingExtraError
    from toolgym_trainers.reproduce.plots import draw

    try:
        return draw(table, out / "plots")
    except MissingExtraError as error:
        remark(f"no plots: {error}")
        return []


def _print_sets(reproduction: Reproduction, sets: dict[str, Any]) -> None:
    about = sets["patterns"]
    say(f"set of all patterns: {about['tasks']} tasks, seed {about['seed']}, digest {about['digest']}")
    for name, count in sets["entities"].items():
        say(f"  {name}: {count} entities, none of them in another set")
    say(f"written: {reproduction.folder / 'sets'}")


def _print(table: dict[str, Any], out: Path, plots: list[Path], *, frozen: bool) -> None:
    from rich.table import Table

    from toolgym.cli.output import console
    from toolgym_trainers.reproduce.pages import SHOWN, TITLES, bounds, figure

    for on, title in TITLES.items():
        rows = [row for row in table["rows"] if row["on"] == on]
        if not rows:
            continue
        shown = Table("arm", "T", "seeds", *SHOWN.values(), title=title)
        for row in rows:
            cells = [figure(name, None if row[name] is None else row[name]["mean"]) for name in SHOWN]
            shown.add_row(row["arm"], f"{row['temperature']:g}", str(len(row["seeds"])), *cells)
        console.print(shown)
    for claim in table["claims"]:
        one = claim["difference"]
        if one is not None:
            metric = claim["metric"]
            size = f"{figure(metric, one['mean'], signed=True)} {bounds(metric, one['crossed'], signed=True)}"
            say(f"{claim['verdict']}: {claim['text']} ({claim['first']} - {claim['second']}: {size})")
    if not frozen:
        say("measured on dev alone: list what was tried, and say frozen = true, to read test")
    say(f"written: {out / 'table.json'}, {out / 'table.md'}{f' and {len(plots)} plots' if plots else ''}")


class _Watching:
    """Shows how far the units are: live on a terminal, and a line for each part that is finished."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive)
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> Tell:
        self._progress.start()
        return self._tell

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _tell(self, told: Told) -> None:
        title = f"{told.unit.name}: {told.part}"
        if told.done is None:
            if title in self._bars:
                self._progress.remove_task(self._bars.pop(title))
            remark(f"{title} is done")
            return
        done, total = told.done
        if title not in self._bars:
            self._bars[title] = self._progress.add_task(title, total=total)
        self._progress.update(self._bars[title], completed=done)


REPRODUCE = Command(reproduce, panel="Train")
"""The command, as the entry point names it."""
