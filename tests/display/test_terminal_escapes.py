"""What reaches a terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from toolgym.display.render import printable
from toolgym.display.terminal import Terminal

STEERING = [
    "\x1b[2J",
    "\x1b]8;;http://x\x07",
    "\x1b]52;c;aGk=\x07",
    "\x9b2J",
    "\x07",
    "\x08",
    "\r",
    "\x00",
    "\u202e",
    "\u2066",
    "\x85",
    *map(chr, range(0x200B, 0x2010)),
    *map(chr, range(0x2060, 0x206A)),
    "\u00ad",
    "\u115f",
    "\u1160",
    "\u3164",
    "\uffa0",
]


def printed(*things: object, **options: object) -> str:
    out = io.StringIO()
    terminal = Terminal(file=out, width=200, color_system=None)
    for thing in things:
        terminal.print(thing, **options)  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("mark", STEERING)
def test_nothing_that_is_printed_steers_the_terminal(mark: str) -> None:
    table = Table(f"a{mark}", title=mark)
    table.add_row(f"x{mark}y")
    table.add_row(Text(f"x{mark}y"))
    text = printed(f"a{mark}b", Text(f"a{mark}b"), table, [mark])
    for character in mark:
        if not character.isprintable() or not character.isascii():
            assert character not in text


def test_markup_and_links_in_a_text_are_text() -> None:
    assert "[link=http://x]a[/link] :smile:" in printed("[link=http://x]a[/link] :smile:")
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True, color_system="truecolor")
    terminal.print(Text("a", style="link http://x"))
    assert "\x1b]8" not in out.getvalue()


def test_a_line_of_progress_is_filtered_too() -> None:
    out = io.StringIO()
    with Progress(console=Terminal(file=out, width=100)) as progress:
        progress.add_task("a\x1b]0;x\x07", total=1)
    assert "\x07" not in out.getvalue()
    assert "\x1b" not in out.getvalue()


@given(st.text())
def test_a_printable_text_has_no_control_character_but_tab_and_newline(text: str) -> None:
    shown = printable(text)
    assert all(ord(character) >= 32 or character in "\t\n" for character in shown)
    assert printable(shown) == shown
