"""The examples of a page of the documentation: what is run, what it printed, and what the page says it prints.

A ```python or ```console block is run. The ```text block right below it, if there is one, is what it prints; so is a
```json block below a command that prints JSON. Blocks of one page run in their order, in one folder, the Python blocks
with one set of names. Words behind the language of a fence say what is special:

- ``needs NAME`` in its title: run only where the variable NAME is set, or the module NAME is installed
- ``slow``: run only where CI is set; so mark what needs its results too
- ``manual``: makes an environment, or needs a person or a server; not run here, but ``.ci/run`` runs the README whole
- ``fails``: the command must end with an exit code that is not 0
- ``varies``, of an output: what is printed depends on the machine and is not compared

A ``…`` in an output stands for what was left out: alone on a line for lines, within one for a part of it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCE = re.compile(r"^```(?P<lang>[a-z]+)(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
CUT = "…"
LIKE = 0.5  # how alike the lines of an output must be, on average, for the old cuts to be made in the new one
FILL = re.compile(r"[ ─━│┃┏┓┗┛┡┩┳╇┴└┘]+")
BELOW = re.compile(r"```\n\s*```(text|json)[^\n]*\n")
NEEDS = re.compile(r"needs (?:the extra )?(\w+)")
TAU2 = "TAU2_DATA_DIR"
# What differs from run to run or machine to machine though nothing changed: times, dates, versions.
PASSING = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?|\b\d+(\.\d+)? (?=s\b)|\b\d{8}-\d{6}\b|\b\d+\.\d+\.\d+\b *")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    lang: str
    info: str
    body: str
    start: int
    end: int
    line: int

    def marked(self, word: str) -> bool:
        return word in self.info.split()

    @property
    def missing(self) -> str | None:
        """What the block needs and is not there."""
        needed = NEEDS.search(self.info)
        if needed is None:
            return None
        name = needed[1]
        there = os.environ.get(name) if name.isupper() else importlib.util.find_spec(name)
        return None if there else name


@dataclass(frozen=True)
class Example:
    """A block that is run, and the block below it that says what it prints."""

    block: Block
    output: Block | None


@dataclass(frozen=True)
class Ran:
    """An example, what it printed, and its exit code."""

    example: Example
    printed: str
    code: int

    @property
    def problem(self) -> str | None:
        """Why the page is not true, None if it is."""
        block, output = self.example.block, self.example.output
        if (self.code != 0) != block.marked("fails"):
            return f"line {block.line}: exit code {self.code}:\n{block.body}{self.printed}"
        if output is None or output.marked("varies") or agrees(output, self.printed):
            return None
        return f"line {output.line}: the page says\n{output.body}\nand this was printed\n{self.printed}"


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(
            m["lang"], m["info"].strip(), m["body"], m.start("body"), m.end("body"), text.count("\n", 0, m.start()) + 1
        )
        for m in FENCE.finditer(text)
    ]


def examples(text: str) -> list[Example]:
    """The blocks of a page that are run, each with the output right below it."""
    found = blocks(text)
    pairs = []
    for block, following in zip_longest(found, found[1:]):
        if block.lang in ("python", "console") and not block.marked("manual"):
            below = following is not None and BELOW.fullmatch(text[block.end : following.start])
            pairs.append(Example(block, following if below else None))
    return pairs


def run_page(text: str, folder: Path, *, slow: bool) -> Iterator[Ran]:
    """Run the examples of a page in a folder, which must be the working directory."""
    names: dict[str, object] = {"__name__": "__main__"}
    for example in examples(text):
        block = example.block
        if block.missing or (block.marked("slow") and not slow):
            continue
        with _tau2(needed=TAU2 in block.info):
            if block.lang == "console":
                done = _command(block.body, folder)
                yield Ran(example, done.stdout, done.returncode)
            else:
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    exec(compile("\n" * block.line + block.body, "example", "exec", dont_inherit=True), names)
                yield Ran(example, printed.getvalue(), 0)


@contextlib.contextmanager
def _tau2(*, needed: bool) -> Iterator[None]:
    """Hide tau2's data from what does not ask for it: `toolgym doctor` and others look whether it is there."""
    place = os.environ.pop(TAU2, None)
    if place is not None and needed:
        os.environ[TAU2] = place
    try:
        yield
    finally:
        if place is not None:
            os.environ[TAU2] = place


def _command(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A block of commands in a shell, as on a terminal of 120 columns; errors stand where they are printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTEST_"))}
    environment |= {
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TOOLGYM_HOME": str(folder / ".home"),
    }
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )


def agrees(output: Block, printed: str) -> bool:
    """Whether a page's output is what was printed, but for what was left out and what passes."""
    if output.lang == "json":
        wanted = re.escape(_compact(output.body)).replace("…", ".*?")
        return re.fullmatch(wanted, _compact(printed), re.DOTALL) is not None
    return re.fullmatch(_lines(output.body), _plain(printed)) is not None


def _plain(text: str) -> str:
    """Lines without blank ends, and without what passes."""
    return PASSING.sub("#", "".join(line.rstrip() + "\n" for line in text.strip("\n").splitlines()))


def _compact(text: str) -> str:
    """JSON without the spaces between its tokens, and without what passes."""
    tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"]+', text)
    return PASSING.sub("#", "".join(tokens))


def _lines(text: str) -> str:
    """An expression for the lines of an output, of which some are left out."""
    plain = _plain(text).splitlines(keepends=True)
    return "".join(r"(?:[^\n]*\n)*?" if line.strip() == CUT else _line(line) for line in plain)


def _line(line: str) -> str:
    return re.escape(line).replace("…", r"[^\n]*?")


def renewed(output: Block, printed: str) -> str:
    """The body of an output as it should be: what was printed, with the page's own cuts and passing values.

    Raises:
        ValueError: If a line of the page is like none that was printed, or it is JSON: a person must cut it again.
    """
    if output.lang == "json":
        raise ValueError("JSON is cut by hand")
    said = output.body.rstrip("\n").splitlines()
    got = [line.rstrip() for line in printed.strip("\n").splitlines()]
    if any(line.strip() == CUT for line in said):
        likest = iter(_likest([line for line in said if line.strip() != CUT], got))
        got = [line if line.strip() == CUT else next(likest) for line in said]
    still = [old if re.fullmatch(_lines(old), _plain(new)) else new for old, new in zip(said, got, strict=False)]
    body = "\n".join([*still, *got[len(still) :]]) + "\n"
    if not agrees(replace(output, body=body), printed):
        raise ValueError("the lines that the page leaves out are no longer where they were")
    return body


def _likest(said: list[str], got: list[str]) -> list[str]:
    """For each line of a page the line that was printed in its place, in order, by how alike they are."""
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (len(got) + 1)  # over the first lines that were printed
    for line in said:
        longer: list[tuple[float, tuple[int, ...]]] = [(-math.inf, ())]
        for place, other in enumerate(got):
            score, places = best[place]
            longer.append(max(longer[-1], (score + _likeness(line, other), (*places, place))))
        best = longer
    if best[-1][0] < LIKE * len(said):
        raise ValueError("the output has changed too much to be cut like before")
    return [got[place] for place in best[-1][1]]


def _likeness(line: str, other: str) -> float:
    """Between 0 and 1, whatever the width of columns and rules."""
    return SequenceMatcher(None, *(FILL.sub(" ", text).split() for text in (line, other))).ratio()


def links(text: str) -> list[str]:
    """The files that a page links to."""
    return re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
