"""What there is to say of a run in a few figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolgym.errors import DataError
from toolgym.evaluation.metrics import MOST_VOID, PassHat, TooManyVoidError, Void, pass_hat_table
from toolgym.runs.files import TRAJECTORIES, VOIDED, read_lines, read_manifest
from toolgym.runs.tables import Tools, open_tables
from toolgym.trajectory import Fault, Grade, Trajectory

REASONS = 5
"""How many reasons of void episodes are listed for a source."""

_COUNTED = "(fault_source IS NULL AND (reward IS NOT NULL OR not_judged))"
_USED = ("requests", "input_tokens", "output_tokens", "cost_usd")
_ASKED = {
    "assistant": "messages > 0",
    "user": "messages > 0",
    "judge": " OR ".join(
        [
            *(f"judge_{name} IS NOT NULL" for name in _USED),
            "fault_source = 'judge'",
            "episode IN (SELECT episode FROM checks WHERE kind = 'nl_assertion' AND met IS NOT NULL)",
        ]
    ),
}
"""The episodes in which somebody took part, and may have used something."""


def outline(folder: Path) -> dict[str, Any]:
    """A run in one line.

    Args:
        folder: The run.

    Returns:
        ``domain``, ``split``, ``agent`` and ``user`` as its settings have them, the last two with their models;
        ``episodes`` that are finished, and ``void`` ones; ``pass_hat_1`` in [0, 1], or None where nothing counts or
        more than :data:`~toolgym.evaluation.metrics.MOST_VOID` of the episodes are void; ``cost_usd`` of all
        participants of whom any cost is known, as a sum in :func:`summarise`; ``modified``, in UTC.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    settings = _part(read_manifest(folder), "settings")
    with _tables(folder, ["episodes", "checks"]) as db:
        episodes = _episodes(db)
        (rate,) = db.execute(
            "SELECT avg(share) FROM (SELECT avg(coalesce(success, false)::INTEGER) AS share FROM episodes "
            f"WHERE {_COUNTED} GROUP BY task_key HAVING NOT bool_or(not_judged))"
        ).fetchone()
        costs = [used["cost_usd"] for used in _usage(db).values() if used["cost_usd"]["known"]]
    return {
        "domain": str(settings.get("domain", "")),
        "split": str(settings.get("split", "")),
        "agent": _player(settings, "agent"),
        "user": _player(settings, "user"),
        "episodes": episodes["finished"],
        "void": episodes["void"],
        "pass_hat_1": None if episodes["void"] > MOST_VOID * (episodes["finished"] + episodes["void"]) else rate,
        "cost_usd": {
            "sum": sum(cost["sum"] for cost in costs) if costs else None,
            "known": sum(cost["known"] for cost in costs),
            "of": sum(cost["of"] for cost in costs),
        },
        "modified": _modified(folder),
    }


def summarise(folder: Path, tools: Tools | None = None, *, void: Void = "refuse") -> dict[str, Any]:
    """A run in figures, as JSON-able data.

    A *sum* is an object of ``sum``, None if nothing is known, ``known``, the number of episodes of which it is known,
    and ``of``, the number of those that count.

    Args:
        folder: The run.
        tools: Tells what a domain's tools do; without it nobody knows which calls are repeated.
        void: What becomes of void episodes; see :func:`~toolgym.evaluation.pass_hat_table`. Where they are too many,
            ``refused`` is true, and ``pass_hat`` empty.

    Raises:
        DataError: If the folder is not a run, or a line is not a trajectory.
    """
    manifest = read_manifest(folder)
    wanted = ("episodes", "calls", "checks", "injected")
    with _tables(folder, wanted, tools) as db:
        table, refused = pass_hat_or_refused(_outcomes(db), void)
        return {
            "settings": _part(manifest, "settings"),
            "versions": _part(manifest, "versions"),
            "continued": _continued(manifest),
            "worlds": list(manifest.get("worlds", ())),
            "modified": _modified(folder),
            "episodes": _episodes(db),
            "pass_hat": {str(k): estimate._asdict() for k, estimate in table.by_k.items()},
            "tasks_counted": table.tasks,
            "refused": refused,
            "tasks_not_judged": table.not_judged,
            "tasks_not_counted": table.not_counted,
            "voids": _voids(db),
            "terminations": _counts(db, "coalesce(termination, 'cut off')", "episodes"),
            "mean": _row(
                db,
                "SELECT avg(messages) AS messages, avg(steps) AS steps, avg(calls) AS calls FROM episodes "
                "WHERE messages > 0",
            ),
            "calls": _row(
                db,
                "SELECT count(*) AS made, count(*) FILTER (WHERE error) AS failed, "
                "CASE WHEN count(repeated) = count(*) THEN count(*) FILTER (WHERE repeated) END AS repeated FROM calls",
            ),
            "injected": _counts(db, "pattern", "injected"),
            "usage": _usage(db),
            "replaced": _replaced(folder),
            "time": _row(
                db,
                "SELECT strftime(min(started), '%Y-%m-%dT%H:%M:%S') AS started, "
                "strftime(max(started + to_microseconds((seconds * 1000000)::BIGINT)), '%Y-%m-%dT%H:%M:%S') AS ended, "
                "avg(seconds) AS mean_seconds FROM episodes",
            ),
        }


@contextmanager
def _tables(folder: Path, names: Iterable[str], tools: Tools | None = None) -> Iterator[Any]:
    """Tables of one run.

    Raises:
        DataError: If they cannot be filled, or what they hold cannot be counted.
    """
    import duckdb

    try:
        with open_tables({folder.name: folder}, names, tools=tools) as db:
            yield db
    except duckdb.Error as error:
        raise DataError(f"the run {str(folder)!r} cannot be counted: {error}") from error


def _row(db: Any, sql: str) -> dict[str, Any]:
    """The one row of an answer, by its columns."""
    cursor = db.execute(sql)
    return dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))


def _counts(db: Any, what: str, table: str, where: str = "true", values: Sequence[Any] = ()) -> dict[str, int]:
    """How often each value occurs, the most frequent first."""
    rows = db.execute(
        f"SELECT {what} AS value, count(*) AS number FROM {table} WHERE {where} "
        "GROUP BY ALL ORDER BY number DESC, value",
        list(values),
    )
    return dict(rows.fetchall())


def _episodes(db: Any) -> dict[str, int]:
    return _row(
        db,
        f"SELECT count(*) FILTER (WHERE {_COUNTED}) AS finished, "
        f"count(*) FILTER (WHERE {_COUNTED} AND success) AS success, "
        f"count(*) FILTER (WHERE {_COUNTED} AND NOT success) AS failure, "
        f"count(*) FILTER (WHERE {_COUNTED} AND success IS NULL) AS not_judged, "
        f"count(*) FILTER (WHERE NOT {_COUNTED}) AS void, count(DISTINCT task_key) AS tasks FROM episodes",
    )


def _voids(db: Any) -> dict[str, dict[str, Any]]:
    """How many episodes each source made void, and the most frequent reasons."""
    found = {}
    for source, number in _counts(db, "fault_source", "episodes", "fault_source IS NOT NULL").items():
        reasons = _counts(db, "fault_reason", "episodes", "fault_source = ?", [source])
        found[source] = {"episodes": number, "reasons": dict(list(reasons.items())[:REASONS])}
    return found


def _outcomes(db: Any) -> list[Trajectory]:
    """The episodes without what was said in them: all that Pass^k needs."""
    rows = db.execute(
        "SELECT domain, task_id, task_key, reward, success, CASE WHEN not_judged THEN components END, fault_source, "
        "reward IS NOT NULL OR not_judged FROM episodes"
    ).fetchall()
    grades: dict[tuple[Any, ...], Grade] = {}
    outcomes = []
    for domain, identity, key, reward, success, components, source, graded in rows:
        grade = None
        if graded:
            grade = Grade(reward, success, components=components) if components else grades.get((reward, success))
            if grade is None:
                grade = grades[reward, success] = Grade(reward, success)
        fault = None if source is None else Fault(source, "")
        outcomes.append(Trajectory(domain, identity, key, (), None, grade, fault=fault))
    return outcomes


def pass_hat_or_refused(trajectories: Sequence[Trajectory], void: Void) -> tuple[PassHat, bool]:
    """Pass^k, and whether it is refused because too many trials are void: there are counts alone then.

    Args:
        trajectories: The episodes of a run; tasks may have different numbers of them.
        void: What becomes of void trials.
    """
    try:
        return pass_hat_table(trajectories, allow_unequal=True, void=void), False
    except TooManyVoidError:
        return replace(pass_hat_table(trajectories, allow_unequal=True, void="exclude"), by_k={}), True


def _usage(db: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Sums by participant; a judge who was never asked is left out."""
    found = {}
    for who, asked in _ASKED.items():
        columns = ", ".join(f"sum({who}_{name}), count({who}_{name})" for name in _USED)
        of, *figures = db.execute(f"SELECT count(*), {columns} FROM episodes WHERE {asked}").fetchone()
        if of or who != "judge":
            found[who] = {
                name: {"sum": figures[2 * place], "known": figures[2 * place + 1], "of": of}
                for place, name in enumerate(_USED)
            }
    return found


def _replaced(folder: Path) -> dict[str, Any]:
    """The void episodes that others took the place of, and what they cost."""
    path = folder / VOIDED
    usages = [trajectory.usage.values() for trajectory, *_ in read_lines(path)] if path.is_file() else []
    costs = [[used.cost_usd for used in usage if used.cost_usd is not None] for usage in usages]
    known = [sum(cost) for cost in costs if cost]
    return {
        "episodes": len(usages),
        "cost_usd": {"sum": sum(known) if known else None, "known": len(known), "of": len(usages)},
    }


def _part(manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = manifest.get(name)
    return part if isinstance(part, dict) else {}


def _continued(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """When the run was continued with other settings, and with which."""
    entries = manifest.get("continued", [])
    whole = isinstance(entries, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("at"), str) and isinstance(entry.get("changed"), dict)
        for entry in entries
    )
    if not whole:
        raise DataError(
            f"the manifest's 'continued' must be a list of objects with 'at' and 'changed': {entries!s:.200}"
        )
    return list(entries)


def _player(settings: Mapping[str, Any], side: str) -> str:
    """Who plays a side, with the model behind it."""
    models = settings.get("models")
    model = models.get(side) if isinstance(models, dict) else None
    name = str(settings.get(side, ""))
    return f"{name} ({model['model']})" if isinstance(model, dict) and model.get("model") else name


def _modified(folder: Path) -> str:
    """When its last episode was kept, in UTC."""
    path = folder / TRAJECTORIES
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
