"""Runs commands in this process, one after the other, and prints how each ended as JSON: name, exit code, output.

Which ones is read from standard input: a JSON object of lists of arguments. The width is COLUMNS, as in any pipe.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from toolgym.cli import main
from toolgym.cli.figures import print_figures
from toolgym.testing import bench

TYPED = 'update_task_status(task_id="task_8", status="completed")\nIt is done.\n'
LONG = "an-agent-whose-name-says-what-it-does"
INTERVAL = {"mean": 1.0, "low": 0.97, "high": 1.0}


def figures() -> dict[str, Any]:
    """Figures of agents with long names, as ``toolgym eval`` has them where models took part."""
    usage = {"calls": 1_234_567, "input_tokens": 9_876_543_210, "output_tokens": 123_456_789, "cost_usd": 12_345.6789}
    return {
        name: {
            "pass_hat": {str(k): INTERVAL for k in range(1, 9)},
            "compliance": {
                **dict.fromkeys(("consent", "named", "identified"), INTERVAL),
                "writes": 12,
                "episodes": 9855,
            },
            "tasks": 1234,
            "trials": 8,
            "not_judged": 5,
            "not_counted": 2,
            "void": 17,
            "refused": False,
            "terminations": {"user_stop": 9700, "context_window_exceeded": 155},
            "faults": {"user": 17},
            "first_fault": f"user: {'no connection to the endpoint; ' * 9}",
            "db_match": 1.0,
            "usage": {"agent": usage, "user": usage},
            "episodes": 9872,
        }
        for name in ("oracle", LONG)
    }


def ended(arguments: list[str]) -> tuple[int, str]:
    """The exit code and what was printed on standard output."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    sys.stdin = io.StringIO(TYPED)
    with redirect_stdout(out), redirect_stderr(io.StringIO()) as told:
        if arguments == ["figures"]:
            title = "a title that is much longer than a narrow table · user scripted · 8 trials"
            print_figures(title, 8, figures(), "refuse")
            code = 0
        else:
            sys.argv = ["toolgym", *arguments]
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
    return code, out.buffer.getvalue().decode("utf-8") + ("" if code == 0 else told.getvalue())  # type: ignore[attr-defined]


def measured(domain: object) -> bench.BenchReport:
    """A report of ``toolgym bench``, without measuring."""
    cases = {"episode": bench.BenchCase(1_234_567.8, 1024), "episode_100x_world_lazy_cold": bench.BenchCase(1.2, 64)}
    return bench.BenchReport(bench.machine(), cases, {"episode_100x_world_lazy_cold / episode": 12_345.67})


if __name__ == "__main__":
    bench.measure = measured
    commands = json.load(sys.stdin)
    found = {name: ended(arguments) for name, arguments in commands.items()}
    sys.__stdout__.write(json.dumps(found))  # type: ignore[union-attr]
