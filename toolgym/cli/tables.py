"""Tables that fit the width they are given: a name, a number or an interval stands whole on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.table import Table as RichTable
from rich.text import Text

from toolgym.cli.output import console, rule, say
from toolgym.display.render import printable

TABLES = 3
"""How many tables the columns of one may be divided among."""
LONG_WORD = 40
"""Longer words in a column of prose may be broken."""
NARROW = 16
"""Prose is not wrapped to less than this."""
BAR = 20
"""The length of a full bar."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        heading: What stands above it.
        number: Its cells stand at the right.
        prose: Its cells may be wrapped between words; those of other columns are never broken.
        spare: It is left out where there is no room for it.
    """

    heading: str
    number: bool = False
    prose: bool = False
    spare: bool = False


def numeric(*headings: str) -> list[Column]:
    """Columns of numbers or intervals."""
    return [Column(heading, number=True) for heading in headings]


def prose(heading: str) -> Column:
    """A column of text that may be wrapped between words."""
    return Column(heading, prose=True)


def bar(share: float, style: str = "") -> Text:
    """A bar for a share, as a cell of a spare column."""
    if console.options.ascii_only:
        return Text("#" * round(BAR * share))
    full, eighths = divmod(round(8 * BAR * share), 8)
    return Text(f"{'█' * full}{' ▏▎▍▌▋▊▉'[eighths] if eighths else ''}".ljust(BAR), style=style)


class TextTable:
    """A table that is as wide as its cells, and folds where there is less room.

    Where it does not fit, headings and prose are wrapped; then spare columns and borders are left out; then the columns
    are divided among up to three tables, each of which begins with the key columns; and if that does not do either,
    every row becomes a block of lines, one for each column. A name, a number or an interval stands whole on one line,
    unless it alone is wider than the console.

    Args:
        *columns: The columns; a plain heading makes a column of names.
        title: What stands above the table.
        keys: How many of the first columns tell the rows apart; with 0 the rows are numbered.
    """

    def __init__(self, *columns: str | Column, title: str = "", keys: int = 1) -> None:
        self.columns = [Column(column) if isinstance(column, str) else column for column in columns]
        self.title = title
        self.keys = keys
        self.rows: list[tuple[list[Text], str]] = []

    def add(self, *cells: str | Text, style: str = "") -> None:
        """Add a row. A text is of unknown origin: markup in it means nothing. Cells missing at the end are empty."""
        row = [Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells]
        self.rows.append((row + [Text()] * (len(self.columns) - len(row)), style))

    def print(self) -> None:
        """Print it on standard output."""
        room = console.width
        every = range(len(self.columns))
        needed = [place for place in every if not self.columns[place].spare]
        sizes = {place: (self._least(place), self._natural(place)) for place in every}
        for places, bordered in ((every, True), (needed, True), (needed, False)):
            if (widths := _fitted([sizes[place] for place in places], room, bordered)) is not None:
                self._draw(dict(zip(places, widths, strict=True)), bordered, self.title)
                return
        groups = self._groups({place: sizes[place] for place in needed}, room)
        if self.keys and groups and len(groups) <= TABLES:
            for part, group in enumerate(groups):
                if part:
                    console.print()
                self._draw(group, False, "" if part else self.title)
        else:
            self._print_blocks(needed, room)

    def _natural(self, place: int) -> int:
        """The width of a column without any wrapping."""
        return max(cell_len(self.columns[place].heading), self._widest(place))

    def _least(self, place: int) -> int:
        """The least width of a column."""
        column = self.columns[place]
        heading = _longest_word(column.heading)
        widest = self._widest(place)
        if not column.prose:
            return max(heading, widest)
        word = max((_longest_word(row[place].plain) for row, _ in self.rows), default=0)
        return max(heading, min(word, LONG_WORD), min(widest, NARROW))

    def _widest(self, place: int) -> int:
        return max((cell_len(line) for row, _ in self.rows for line in row[place].plain.split("\n")), default=0)

    def _groups(self, sizes: Mapping[int, tuple[int, int]], room: int) -> list[dict[int, int]]:
        """The columns divided among tables, each as the widths of its columns; none if a column does not fit at all."""
        keys = list(sizes)[: self.keys]
        rest = list(sizes)[self.keys :]
        groups: list[dict[int, int]] = []
        while rest:
            for number in range(len(rest), 0, -1):
                places = keys + rest[:number]
                if (widths := _fitted([sizes[place] for place in places], room, False)) is not None:
                    groups.append(dict(zip(places, widths, strict=True)))
                    rest = rest[number:]
                    break
            else:
                return []
        return groups

    def _draw(self, widths: Mapping[int, int], bordered: bool, title: str) -> None:
        total = sum(widths.values()) + _gaps(len(widths), bordered)
        above = cell_len(title) <= total
        if not above:
            say(title)
        table = RichTable(
            title=Text(title) if title and above else None,
            box=box.HEAVY_HEAD if bordered else box.SIMPLE_HEAD,
            padding=(0, 1) if bordered else (0, 1, 0, 0),
            show_edge=bordered,
            pad_edge=bordered,
        )
        for place, width in widths.items():
            column = self.columns[place]
            justify: Literal["left", "right"] = "right" if column.number else "left"
            table.add_column(Text(column.heading), justify=justify, width=width, overflow="fold")
        for row, style in self.rows:
            table.add_row(*(row[place] for place in widths), style=style)
        console.print(table)

    def _print_blocks(self, places: Sequence[int], room: int) -> None:
        """Every row as a block of lines, one for each column."""
        if self.title:
            say(self.title)
        rest = places[self.keys :]
        names = max(cell_len(self.columns[place].heading) for place in rest)
        for number, (row, style) in enumerate(self.rows, 1):
            known = [f"{self.columns[place].heading} {row[place].plain.strip()}" for place in places[: self.keys]]
            rule(" · ".join(known) or f"row {number}")
            for place in rest:
                _print_fact(self.columns[place].heading, names, row[place], style, room)


def _print_fact(name: str, names: int, cell: Text, style: str, room: int) -> None:
    """One cell of a block, beside its heading, or below it where there is more room for a long word."""
    beside = room - names - 2
    word = min(_longest_word(cell.plain), room - 2)
    indent, width = (names + 2, beside) if beside >= max(word, NARROW) else (2, max(room - 2, NARROW))
    lines = [part for line in cell.plain.split("\n") for part in wrap(line, width, break_on_hyphens=False) or [""]]
    labels = [name] if indent > 2 else wrap(name, max(room, NARROW))
    if indent == 2:
        lines = [""] * len(labels) + lines
    for number, line in enumerate(lines):
        label = labels[number] if number < len(labels) else ""
        text = Text.assemble((f"{label:<{indent}}", "bold"), Text(line, style=cell.style), style=style)
        text.rstrip()
        console.print(text, soft_wrap=True)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _gaps(columns: int, bordered: bool) -> int:
    """What a table is wider than its cells."""
    return 3 * columns + 1 if bordered else 2 * (columns - 1)


def _fitted(sizes: Sequence[tuple[int, int]], room: int, bordered: bool) -> list[int] | None:
    """The widths of columns, each between its least and its natural one; None if they do not fit."""
    free = room - _gaps(len(sizes), bordered)
    widths = [min(natural, max(least, free)) for least, natural in sizes]
    if sum(least for least, _ in sizes) > free:
        return None
    while sum(widths) > free:
        place = max(range(len(sizes)), key=lambda place: (widths[place] > sizes[place][0], widths[place]))
        widths[place] -= 1
    return widths
