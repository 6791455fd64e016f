"""Runs as tables of DuckDB, with a row per episode, message, call, payment, check or injected fault.

DuckDB reads the lines itself, in parts of whole ones, and only those tables are filled that are asked for. What is read
is a copy of a part: a run may be written meanwhile, its last line may be cut off, and a text may hold half a surrogate
pair, which JSON can and DuckDB cannot; that half becomes a question mark.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from toolgym.database.worldfile import lock
from toolgym.errors import DataError
from toolgym.runs.files import LATEST, LONGEST, TIMINGS, TRAJECTORIES, read_manifest, read_timing, whole_lines
from toolgym.runs.table_definitions import LINE, TABLES
from toolgym.tools import Tool
from toolgym.trajectory import FORMAT, Trajectory

PART = 1 << 25
"""Bytes of a file that are read at once, to the end of a line."""

Tools = Callable[[str], Mapping[str, Tool]]
"""The tools of a domain by name; empty if it is not installed."""

ToolFacts = Callable[[str], list[tuple[str, str, bool, bool]]]
"""Of each tool of a domain: its name, its effect, whether it changes the state, whether it may be repeated."""

DEEP = 200
"""Levels of nesting from which Python checks a line: no trajectory has as many."""
_DIGITS = bytes(48 if 48 <= code < 58 else 32 for code in range(256))
_BRACKETS = bytes(91 if code in b"[{" else 93 if code in b"]}" else 32 for code in range(256))
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
_ODD_TIMINGS = (
    f"SELECT count(*) FROM timings WHERE NOT (started BETWEEN 0 AND {LATEST}) OR NOT (seconds BETWEEN 0 AND {LONGEST})"
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@contextmanager
def open_tables(runs: Mapping[str, Path], names: Iterable[str], *, tools: Tools | None = None) -> Iterator[Any]:
    """Open tables over runs, in a DuckDB that can reach no file and keeps its settings.

    An episode of which there are several lines counts with the last one, as everywhere.

    Args:
        runs: Folders of runs by the names that the tables give them.
        names: The tables that are wanted, from :data:`~toolgym.runs.table_definitions.TABLES`.
        tools: Tells what a domain's tools do; without it nobody knows the effect of a call, or whether it is repeated.

    Yields:
        A DuckDB connection, closed afterwards.

    Raises:
        DataError: If a folder is not a run, or a line is not a trajectory.
    """
    import duckdb

    with ExitStack() as stack:
        place = stack.enter_context(TemporaryDirectory(prefix="toolgym-"))
        connection = stack.enter_context(duckdb.connect(":memory:", config={"temp_directory": place}))
        fill_tables(connection, runs, names, Path(place), None if tools is None else facts_of(tools))
        yield connection


def fill_tables(
    connection: Any, runs: Mapping[str, Path], names: Iterable[str], place: Path, tool_facts: ToolFacts | None
) -> None:
    """Fill tables over runs; afterwards the connection can reach no file, and keeps its settings.

    Args:
        connection: A DuckDB in memory.
        runs: Folders of runs by the names that the tables give them.
        names: The tables that are wanted, from :data:`~toolgym.runs.table_definitions.TABLES`.
        place: A folder for temporary files.
        tool_facts: Says what a domain's tools do.

    Raises:
        DataError: If a folder is not a run, or a line is not a trajectory.
    """
    import duckdb

    wanted = dict.fromkeys(names)
    _make_empty(connection, wanted)
    for name, folder in runs.items():
        read_manifest(folder)
        if not wanted:
            continue
        _read_timings(connection, folder / TIMINGS, place / "part")
        for before, lines, part in _parts(folder / TRAJECTORIES, place / "part"):
            _read_part(connection, name, folder / TRAJECTORIES, before, lines, part)
            _know_tools(connection, tool_facts)
            try:
                for table in wanted:
                    connection.execute(f"INSERT INTO {table} SELECT * FROM ({TABLES[table]})")
            except duckdb.Error as error:
                where = f"{folder / TRAJECTORIES}, line {_culprit(connection, wanted)}"
                raise DataError(f"{where}: it cannot be put into tables: {error}") from error
            connection.execute("INSERT INTO seen SELECT run, episode, line FROM raw")
    _keep_last_lines(connection, wanted)
    lock(connection)


def facts_of(tools: Tools) -> ToolFacts:
    """What is asked of tools, as plain data."""
    return lambda domain: [
        (name, tool.effect.value, tool.mutates, tool.repeatable) for name, tool in tools(domain).items()
    ]


def columns() -> dict[str, list[str]]:
    """The columns of every table.

    Example:
        >>> columns()["rewards"]
        ['run', 'episode', 'side', 'term', 'amount']
    """
    with open_tables({}, TABLES) as connection:
        return {
            name: [row[0] for row in connection.execute(f"SELECT column_name FROM (DESCRIBE {name})").fetchall()]
            for name in TABLES
        }


def _make_empty(connection: Any, wanted: Iterable[str]) -> None:
    fields = ", ".join(f'"{name}" {kind}' for name, kind in LINE.items())
    connection.execute(f"CREATE TEMP TABLE raw (run VARCHAR, episode VARCHAR, line BIGINT, {fields})")
    connection.execute("CREATE TEMP TABLE seen (run VARCHAR, episode VARCHAR, line BIGINT)")
    connection.execute("CREATE TEMP TABLE timings (episode VARCHAR, started DOUBLE, seconds DOUBLE)")
    connection.execute(
        "CREATE TEMP TABLE tools (domain VARCHAR, name VARCHAR, effect VARCHAR, mutates BOOLEAN, repeatable BOOLEAN)"
    )
    for table in wanted:
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM ({TABLES[table]}) LIMIT 0")


def _parts(path: Path, part: Path) -> Iterator[tuple[int, list[bytes], Path]]:
    """The whole lines of a file, some at a time: how many came before them, they themselves, a file that holds them."""
    before, size = 0, 0
    lines: list[bytes] = []
    for line in whole_lines(path):
        lines.append(line)
        size += len(line)
        if size >= PART:
            _copy(lines, part)
            yield before, lines, part
            before, size, lines = before + len(lines), 0, []
    if lines:
        _copy(lines, part)
        yield before, lines, part


def _copy(lines: list[bytes], part: Path) -> None:
    part.write_bytes(b"".join(map(_readable, lines)))


def _readable(line: bytes) -> bytes:
    """A line as DuckDB can read it: surrogates that are no pair are replaced."""
    if _SURROGATE.search(line) is None:
        return line
    try:
        return json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    except ValueError:
        return line


def _read_part(connection: Any, run: str, path: Path, before: int, lines: list[bytes], part: Path) -> None:
    """Fill ``raw`` from some lines.

    Raises:
        DataError: If one is not a trajectory.
    """
    import duckdb

    try:
        # made anew, not emptied: DuckDB keeps the memory of deleted rows
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE raw AS SELECT $run AS run, task_key || '-' || coalesce(trial, 0) AS episode, "
            "row_number() OVER () + $before AS line, * "
            f"FROM {_from_json(LINE)}",
            {"run": run, "before": before, **_source(part, lines)},
        )
        read = connection.execute(
            "SELECT count(*) FROM raw WHERE format = ? AND domain IS NOT NULL AND episode IS NOT NULL "
            "AND messages IS NOT NULL",
            [FORMAT],
        ).fetchone()[0]
        reason = "it cannot be read"
    except duckdb.Error as error:
        read, reason = -1, str(error)
    if read == len(lines) and not _doubtful(lines):
        return
    for number, line in enumerate(lines, before + 1):
        try:
            Trajectory.from_json(line.decode("ascii"))
        except (DataError, UnicodeDecodeError) as error:
            raise DataError(f"{path}, line {number}: {str(error).strip()}") from error
    if read == len(lines):
        return
    raise DataError(f"{path}, lines {before + 1} to {before + len(lines)}: {reason}")


def _culprit(connection: Any, wanted: Iterable[str]) -> int:
    """A line among those in ``raw`` of which one of the tables cannot be filled; the range that holds it is halved."""
    import duckdb

    first, last = connection.execute("SELECT min(line), max(line) FROM raw").fetchone()
    connection.execute("ALTER TABLE raw RENAME TO read")
    while first < last:
        middle = (first + last) // 2
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE raw AS SELECT * FROM read WHERE line BETWEEN {first} AND {middle}"
        )
        try:
            for table in wanted:
                connection.execute(f"CREATE OR REPLACE TEMP TABLE filled AS SELECT * FROM ({TABLES[table]})")
            first = middle + 1
        except duckdb.Error:
            last = middle
    return int(first)


def _doubtful(lines: list[bytes]) -> bool:
    """Whether a line may hold what DuckDB reads and a trajectory does not: Python then has a look at each.

    That is text beyond ASCII, NaN and infinities, and numbers and nesting that Python does not read.
    """
    text = b"".join(lines)
    if not text.isascii() or b"NaN" in text or b"Infinity" in text:
        return True
    return b"0" * 4300 in text.translate(_DIGITS) or b"[" * DEEP in text.translate(_BRACKETS, _NO_BRACKETS)


def _read_timings(connection: Any, path: Path, part: Path) -> None:
    """Fill ``timings`` with the last timing of each episode of a run."""
    import duckdb

    connection.execute("TRUNCATE timings")
    if not os.path.lexists(path):
        return
    kinds = {"episode": "VARCHAR", "started": "DOUBLE", "seconds": "DOUBLE"}
    for before, lines, copy in _parts(path, part):
        try:
            connection.execute(f"INSERT INTO timings SELECT * FROM {_from_json(kinds)}", _source(copy, lines))
            odd = connection.execute(_ODD_TIMINGS).fetchone()[0]
            reason = "one is out of range"
        except duckdb.Error as error:
            odd, reason = 1, str(error)
        if odd:
            for number, line in enumerate(lines, before + 1):
                read_timing(line, path, number)
            raise DataError(
                f"{path}, lines {before + 1} to {before + len(lines)}: not timings ({reason}); the file may be deleted"
            )
    connection.execute("DELETE FROM timings WHERE rowid NOT IN (SELECT max(rowid) FROM timings GROUP BY episode)")


def _from_json(kinds: Mapping[str, str]) -> str:
    """SQL that reads what :func:`_source` names."""
    fields = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    return f"read_json($path, format = 'newline_delimited', columns = {{{fields}}}, maximum_object_size = $size)"


def _source(part: Path, lines: list[bytes]) -> dict[str, Any]:
    # DuckDB takes memory for several lines of the size that the longest may have
    return {"path": str(part), "size": max(map(len, lines)) + 1}


def _know_tools(connection: Any, tool_facts: ToolFacts | None) -> None:
    """Note what the tools of domains do that came up for the first time."""
    if tool_facts is None:
        return
    fresh = connection.execute("SELECT DISTINCT domain FROM raw WHERE domain NOT IN (SELECT domain FROM tools)")
    for (domain,) in fresh.fetchall():
        for row in tool_facts(domain):
            connection.execute("INSERT INTO tools VALUES (?, ?, ?, ?, ?)", [domain, *row])


def _keep_last_lines(connection: Any, wanted: Iterable[str]) -> None:
    """Delete the rows of lines that later ones replaced."""
    gone = "SELECT run, line FROM seen QUALIFY row_number() OVER (PARTITION BY run, episode ORDER BY line DESC) > 1"
    connection.execute(f"CREATE TEMP TABLE gone AS {gone}")
    replaced = connection.execute("SELECT count(*) FROM gone").fetchone()[0]
    for table in wanted:
        if replaced:
            connection.execute(f"DELETE FROM {table} WHERE (run, line) IN (SELECT run, line FROM gone)")
        if table != "episodes":
            connection.execute(f"ALTER TABLE {table} DROP COLUMN line")
    for table in ("raw", "seen", "timings", "tools", "gone"):
        connection.execute(f"DROP TABLE {table}")
