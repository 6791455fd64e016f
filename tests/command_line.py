"""How a command ended."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def told(done: Done) -> str:
    """The one line in which a command told of a mistake."""
    assert (done.code, done.out) == (2, ""), done
    (line,) = done.err.strip("\n").split("\n")
    assert line.startswith("toolgym: ")
    return line
