"""What a type checker accepts and refuses at the library's door."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CALLS = Path("tests/typing")
_ERROR = re.compile(r"^(?P<file>[^:\n]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$", re.MULTILINE)
_MARK = re.compile(r"# error: ([\w-]+)$")


def marked(path: Path) -> dict[tuple[str, int], str]:
    """The lines of a file that must be refused, with the code of the error."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    found = ((number, _MARK.search(line)) for number, line in enumerate(lines, 1))
    return {(path.name, number): mark[1] for number, mark in found if mark}


def refused(*paths: Path) -> dict[tuple[str, int], str]:
    """The lines that mypy refuses, with the codes of its errors."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert not done.stderr, done.stderr
    found = _ERROR.findall(done.stdout)
    assert len(found) == done.stdout.count(": error: "), done.stdout
    return {(Path(name).name, int(line)): code for name, line, code in found}


def test_mypy_refuses_each_bad_call_with_the_code_that_is_marked_and_no_good_one() -> None:
    good, bad = (sorted(ROOT.joinpath(CALLS).glob(f"*{kind}.py")) for kind in ("good", "bad"))
    expected = {place: code for path in bad for place, code in marked(path).items()}
    assert not any(marked(path) for path in good)
    assert len(expected) >= 30
    assert refused(*good, *bad) == expected
