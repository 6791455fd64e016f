"""Write what the examples of the documentation print into their pages.

    python tests/refresh_docs.py                  # every page, slow commands too
    python tests/refresh_docs.py docs/runs.md …   # these alone

Read the difference before you commit it: an output that changed may be a fault that was found. What a person must cut
again, and examples that fail, are listed, and the exit code is then 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from doc_pages import PAGES, renewed, run_page


def refresh(page: Path) -> list[str]:
    """Refresh a page, and say what is left to do by hand."""
    text = page.read_text(encoding="utf-8")
    left: list[str] = []
    pieces: list[tuple[int, int, str]] = []
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for done in run_page(text, Path(folder), slow=True):
                output = done.example.output
                if done.problem is None:
                    continue
                if output is None or (done.code != 0) != done.example.block.marked("fails"):
                    left.append(done.problem)
                    continue
                try:
                    pieces.append((output.start, output.end, renewed(output, done.printed)))
                except ValueError as error:
                    left.append(f"line {output.line}: {error}; this was printed:\n{done.printed}")
        except Exception as error:
            left.append(f"an example raised {type(error).__name__}: {error}")
        finally:
            os.chdir(before)
    for start, end, body in reversed(pieces):
        text = text[:start] + body + text[end:]
    page.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{page}: {len(pieces)} outputs written, {len(left)} left to you\n")
    return left


def main() -> int:
    """Refresh the pages that are named, or all."""
    os.environ.setdefault("COLUMNS", "120")
    pages = [Path(name).resolve() for name in sys.argv[1:]] or PAGES
    left = [f"{page}, {problem}" for page in pages for problem in refresh(page)]
    sys.stdout.write("\n\n".join([*left, ""]))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
