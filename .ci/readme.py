"""Print what the README tells its reader to run, as one script: all but the tests and what needs a model's server."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from doc_pages import blocks  # noqa: E402

ELSEWHERE = ("[dev]", "http://localhost")


def main() -> None:
    """Write the script to standard output."""
    for block in blocks((ROOT / "README.md").read_text(encoding="utf-8")):
        lines = [line for line in block.body.splitlines() if not any(word in line for word in ELSEWHERE)]
        if block.lang == "console":
            print(*lines, sep="\n")
        elif block.lang == "python":
            print("python - <<'PYTHON'", *lines, "PYTHON", sep="\n")


if __name__ == "__main__":
    main()
