"""Any table fits any width, and cuts no name, number or interval."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from toolgym.cli import output, tables
from toolgym.cli.tables import Column, TextTable, bar, numeric, prose

WORD = st.text("abcdefghijklmnopqrstuvwxyz_-#.0123456789", min_size=1, max_size=40)
TEXT = st.lists(WORD, max_size=12).map(" ".join)
INTERVAL = st.tuples(*(st.floats(0, 100) for _ in range(3))).map(lambda one: "{:.1f} ({:.0f}-{:.0f})".format(*one))
CELLS = {"name": WORD, "number": INTERVAL, "prose": TEXT, "spare": WORD}


def printed(table: TextTable, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of a table in a width."""
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)
    monkeypatch.setattr(tables, "console", console)
    monkeypatch.setattr(output, "console", console)
    monkeypatch.setattr(output, "_wraps", True)
    table.print()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@given(data=st.data(), width=st.integers(60, 200), keys=st.integers(0, 2), rows=st.integers(1, 5))
def test_every_name_and_interval_stands_whole_and_no_line_is_too_wide(
    data: st.DataObject, width: int, keys: int, rows: int
) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=keys + 1, max_size=9))
    kinds[: keys + 1] = ["name"] * (keys + 1)
    columns = [Column(data.draw(TEXT), kind == "number", kind == "prose", kind == "spare") for kind in kinds]
    table = TextTable(*columns, keys=keys)
    cells = [[data.draw(CELLS[kind]) for kind in kinds] for _ in range(rows)]
    for row in cells:
        table.add(*row)
    with pytest.MonkeyPatch.context() as monkeypatch:
        lines = printed(table, width, monkeypatch)
    assert max(map(len, lines)) <= width
    for row in cells:
        for kind, cell in zip(kinds, row, strict=True):
            if kind == "prose":  # its words may stand on several lines, and one of a table's is at most 40 wide
                assert all(any(word in line for line in lines) for word in cell.split())
            elif kind != "spare":
                assert any(cell in line for line in lines)


def test_a_table_folds_in_four_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    table = TextTable("agent", *numeric("one", "two", "three"), prose("why"), Column("", spare=True), title="a title")
    table.add("a-name-of-twenty-four-xx", "100.0 (97-100)", "1", "2", "some words that may be wrapped", bar(0.5))
    wide, wrapped, bare, divided, blocks = (printed(table, width, monkeypatch) for width in (140, 92, 74, 55, 30))
    assert "██████████" in wide[-2]
    assert (wrapped[1][0], "█" in "".join(wrapped)) == ("┏", False)
    assert ("─" in bare[2], "│" in "".join(bare)) == (True, False)
    assert (divided[0].strip(), divided.count("")) == ("a title", 1)
    assert sum("a-name-of-twenty-four-xx" in line for line in divided) == 2
    assert [line.split()[0] for line in blocks if not line.startswith(" ")][-4:] == ["one", "two", "three", "why"]
