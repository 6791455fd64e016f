"""Where commands print: a console through which nothing of a file, a model or a name can steer the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from toolgym.display.render import printable


class Terminal(Console):
    """A console that takes no markup, and prints what would steer the terminal as escapes.

    Colours and lines are the commands' own. Whatever is printed passes here, cells of tables and lines of progress too.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render something for the terminal, in segments."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
                continue
            style = segment.style
            if style is not None and style.link is not None:
                style = style.update_link(None)
            yield Segment(printable(segment.text), style)
