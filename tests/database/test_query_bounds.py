"""A query over an episode stays within its memory and its time, whatever it asks for."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_world import build, changed

from toolgym.database import query
from toolgym.errors import QueryError

_BASE = build()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('x', 3000000000))",
        "SELECT sum(length(repeat('x', 3000000000))) FROM range(2048)",
        "SELECT length(lpad('x', 2000000000, 'y'))",
        "SELECT length(rpad('x', 2000000000, 'y'))",
        "SELECT string_agg(repeat('x', 1000), '') FROM range(100000000)",
        "SELECT list(range) FROM range(1000000000000)",
        "SELECT len(range(1000000000000))",
        "SELECT range FROM range(1000000000000)",
        "WITH RECURSIVE t(s) AS (SELECT 'xx' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t",
        "WITH RECURSIVE t(s) AS (SELECT 1 UNION ALL SELECT s + 1 FROM t) SELECT max(s) FROM t",
        "SELECT list_reduce(list_transform(range(40), lambda x: 'xx'), lambda a, b: a || a)",
    ],
)
def test_memory_and_time_are_bounded(sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MEMORY", 1 << 28)
    monkeypatch.setattr(query, "ANSWER", 1 << 24)
    monkeypatch.setattr(query, "SECONDS", 3.0)
    session = changed(_BASE)
    assert session.query("SELECT count(*) FROM items") == [(4,)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(QueryError, match=r"memory|more than|Lists larger|interrupt|bad allocation|Allocation"):
        session.query(sql)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes
    assert session.query("SELECT count(*) FROM items") == [(4,)]
    query._PROCESS.end()


def test_what_python_has_no_package_for_comes_out_in_utc() -> None:
    ((moment, several),) = changed(_BASE).query(
        "SELECT timestamptz '2020-01-01 00:00:00+02', [timestamptz '2020-01-01 00:00:00+00']"
    )
    assert moment.isoformat() == "2019-12-31T22:00:00+00:00"
    assert several[0].isoformat() == "2020-01-01T00:00:00+00:00"


def test_a_process_that_ends_is_replaced() -> None:
    session = changed(_BASE)
    assert session.query("SELECT count(*) FROM items") == [(4,)]
    query._PROCESS.end()
    assert session.query("SELECT count(*) FROM items") == [(4,)]


_ASKS = """
from small_world import build, changed
from toolgym.database import query
session = changed(build())
session.query("SELECT count(*) FROM items")
print(query._PROCESS.id, flush=True)
session.query("SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot tell there that its parent is gone")
def test_the_process_of_a_query_ends_when_the_program_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", _ASKS], stdout=subprocess.PIPE, env=environment, text=True) as program:
        assert program.stdout is not None
        number = int(program.stdout.readline())
        time.sleep(0.5)  # it runs the query by now
        assert _runs(number)
        program.kill()
    until = time.monotonic() + 10  # by itself the query would take 30
    while _runs(number) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _runs(number)


def _runs(number: int) -> bool:
    """Whether a process is there and not over, as one that nobody waited for is."""
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False).stdout
    return bool(told.strip()) and not told.strip().startswith("Z")
