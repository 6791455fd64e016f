"""``toolgym view``: the dialogues of a run, and what came of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args, get_type_hints

import typer

from toolgym.cli.completion import run_names
from toolgym.cli.output import AsJson, console, print_json, rule, say
from toolgym.cli.pools import domain_played, settings_of
from toolgym.cli.runs import Runs, find_run, tools_of
from toolgym.cli.tables import TextTable, numeric, prose
from toolgym.trajectory import Check, Fault, Grade, Termination, Trajectory

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.regrading.changes import GradeChange
    from toolgym.tasks import Task

DomainOf: TypeAlias = "Callable[[str, str], Domain]"
"""The domain of a name, over the tasks that were played."""
FEW = 3
"""Without --limit, up to this many episodes are shown in full."""
_LONG = 200
"""Characters of a value that are shown."""
_RESULTS = {True: "success", False: "failure", None: "not judged"}
_LABELS = {"same": ("as gold", "green"), "missing": ("missing", "red"), "extra": ("extra", "red")}
_BAD = {"errors": "failed", "repeated": "repeated"}
_COLUMNS = (
    "episode",
    "task_id",
    "trial",
    "success",
    "fault_source",
    "termination",
    "messages",
    "calls",
    "errors",
    "repeated",
    "patterns",
    "started",
    "seconds",
    "line",
)


@dataclass(frozen=True)
class _Match:
    """An episode that was asked for: figures by the names in ``_COLUMNS``, and notes on its calls by their places."""

    figures: Mapping[str, Any]
    notes: Mapping[int, Mapping[int, str]]

    @property
    def result(self) -> str:
        source = self.figures["fault_source"]
        return f"void: {source}" if source is not None else _RESULTS[self.figures["success"]]


def view(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", autocompletion=run_names, help="A run: its folder, or its name in the folder of runs."
        ),
    ],
    task: Annotated[str | None, typer.Option(help="Only episodes of this task.")] = None,
    trial: Annotated[int | None, typer.Option(min=0, help="Only this trial.")] = None,
    episode: Annotated[str | None, typer.Option(help="Only this episode.")] = None,
    success: Annotated[
        bool | None, typer.Option("--success/--failure", help="Only successes, or only failures.")
    ] = None,
    void: Annotated[bool, typer.Option("--void", help="Only void episodes.")] = False,
    fault: Annotated[
        str | None, typer.Option(help="Only episodes void by this fault: user, judge, service or task.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Only episodes into which this failure pattern was injected.")
    ] = None,
    termination: Annotated[
        str | None, typer.Option(help="Only episodes that ended this way, such as user_stop.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show this many episodes in full.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Cut nothing, and show what a model thought.")] = False,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Show episodes of a run: the dialogue, the grade, and what was changed next to what the gold calls change.

    More than three matching episodes are listed, one per line; with --limit the first ones are shown in full.
    """
    from toolgym.errors import UnknownNameError
    from toolgym.patterns import current_name

    folder = find_run(run, runs)
    pattern = None if pattern is None else current_name(pattern)
    for kind, name, known in (
        ("failure pattern", pattern, [] if pattern is None else _patterns(folder)),
        ("termination", termination, list(get_args(Termination))),
        ("source of faults", fault, list(get_args(get_type_hints(Fault)["source"]))),
    ):
        if name is not None and name not in known:
            raise UnknownNameError(kind, name, known)
    filters = {
        "task_id = $task": task,
        "trial = $trial": trial,
        "episode = $episode": episode,
        "success = $success": success,
        "(fault_source IS NOT NULL) = $void": void or None,
        "fault_source = $fault": fault,
        "list_contains(patterns, $pattern)": pattern,
        "termination = $termination": termination,
    }
    found = _find(folder, {text: value for text, value in filters.items() if value is not None})
    count = len(found)
    shown = found[:limit] if limit is not None else found if count <= FEW else []
    rows, settings = _read(folder, shown), settings_of(folder)
    played = cache(partial(domain_played, settings=settings))
    if as_json:
        episodes: list[dict[str, Any]] = [dict(match.figures) for match in (shown or found)]
        for told, row in zip(episodes, rows, strict=False):
            told |= _whole(row, played)
        print_json({"run": str(folder), "matches": count, "episodes": episodes})
        return
    for match, row in zip(shown, rows, strict=True):
        _show(match, row, full, played)
    if not shown and found:
        _list(found)
    if not found:
        say("No episode matches.")
    elif len(shown) < count:
        say(f"{count} episodes match; --limit N shows the first N in full, --episode ID one of them.")


def _patterns(folder: Path) -> list[str]:
    """The failure patterns that a run's episodes may show: its domain's; toolgym's own if that is not installed."""
    from toolgym.errors import UnknownNameError
    from toolgym.patterns import KNOWN
    from toolgym.runs import read_trajectories

    first = next(read_trajectories(folder), None)
    try:
        if first is not None:
            return list(domain_played(first.domain, first.data, settings_of(folder)).failure_patterns)
    except UnknownNameError as error:
        if error.kind != "domain":
            raise
    return list(KNOWN)


def _find(folder: Path, filters: Mapping[str, Any]) -> list[_Match]:
    """The episodes that pass the filters, conditions with one ``$name`` each, in the order of the run.

    Raises:
        UnknownNameError: If the run has no such task or episode.
    """
    from toolgym.errors import UnknownNameError
    from toolgym.runs import open_tables

    values = {text.rsplit("$", 1)[1].rstrip(")"): value for text, value in filters.items()}
    with open_tables({folder.name: folder}, ["episodes", "calls"], tools=tools_of) as db:
        for name, column in (("task", "task_id"), ("episode", "episode")):
            if name in values:
                known = [row[0] for row in db.execute(f"SELECT DISTINCT {column} FROM episodes").fetchall()]
                if values[name] not in known:
                    raise UnknownNameError(name, values[name], known, f"Looked in the run {str(folder)!r}.")
        rows = db.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM episodes LEFT JOIN (SELECT episode, CASE WHEN "
            "count(repeated) = count(*) THEN count(*) FILTER (WHERE repeated) END AS repeated FROM calls "
            f"GROUP BY episode) USING (episode) WHERE {' AND '.join(filters) or 'true'} ORDER BY line",
            values,
        ).fetchall()
        notes: dict[str, dict[int, dict[int, str]]] = {}
        for name, position, number, note in db.execute(
            "SELECT episode, position, number, concat_ws(', ', CASE WHEN error THEN 'failed' END, "
            "CASE WHEN repeated THEN 'repeated' END) FROM calls WHERE error OR repeated"
        ).fetchall():
            notes.setdefault(name, {}).setdefault(position, {})[number] = note
    found = []
    for row in rows:
        figures = dict(zip(_COLUMNS, row, strict=True))
        figures["started"] = None if figures["started"] is None else figures["started"].isoformat()
        found.append(_Match(figures, notes.get(figures["episode"], {})))
    return found


def _read(folder: Path, matches: Sequence[_Match]) -> list[Trajectory]:
    """The trajectories of episodes, from their lines of the run.

    Raises:
        DataError: If the run was put in another order meanwhile.
    """
    from toolgym.errors import DataError
    from toolgym.runs.files import TRAJECTORIES, whole_lines

    wanted = {match.figures["line"]: match.figures["episode"] for match in matches}
    rows: list[Trajectory] = []
    path = folder / TRAJECTORIES
    for number, line in enumerate(whole_lines(path), 1):
        if len(rows) == len(wanted):
            break
        if number in wanted:
            try:
                row = Trajectory.from_json(line.decode("ascii"))
            except (DataError, UnicodeDecodeError) as error:
                raise DataError(f"{path}, line {number}: {error}") from error
            if row.episode_id != wanted[number]:
                raise DataError(f"the run {str(folder)!r} was put in order while it was read; try again")
            rows.append(row)
    return rows


def _list(matches: Sequence[_Match]) -> None:
    table = TextTable(
        "episode",
        "task",
        *numeric("trial"),
        "result",
        "ended by",
        *numeric("messages"),
        prose("calls"),
        prose("injected"),
    )
    for match in matches:
        figures = match.figures
        bad = [f"{figures[name]} {what}" for name, what in _BAD.items() if figures[name]]
        table.add(
            *(figures["episode"], figures["task_id"], str(figures["trial"]), match.result),
            *(figures["termination"] or "cut off", str(figures["messages"])),
            f"{figures['calls']} ({', '.join(bad)})" if bad else str(figures["calls"]),
            ", ".join(figures["patterns"]),
        )
    table.print()


def _show(match: _Match, row: Trajectory, full: bool, played: DomainOf) -> None:
    from toolgym.display.render import write_message

    figures = match.figures
    rule(f"{row.task_id} · trial {row.trial} · {match.result}")
    where = " · ".join(part for part in (row.domain, row.split, f"{row.data} data") if part)
    seconds = "" if figures["seconds"] is None else f", {figures['seconds']:.3g} s"
    say(
        f"episode {row.episode_id}: {where}, agent {row.agent or '?'}, user {row.user or '?'}, seed {row.seed}{seconds}"
    )
    for number, message in enumerate(row.messages):
        if full and message.reasoning is not None:
            say(f"    {message.role} thinks: {message.reasoning}", style="dim italic")
        write_message(console, message, whole=full, number=number, notes=match.notes.get(number))
        if number == row.history - 1:
            rule("so far it came with the task", style="dim")
    task, changes, reason = _look(row, played)
    rule(match.result, style="dim")
    say(f"It ended by {row.termination or 'being cut off'}.")
    if row.fault is not None:
        say(f"Void: {row.fault.source}: {row.fault.reason}", style="red")
    if row.grade is not None:
        _show_grade(row.grade, task)
    for side, terms in row.rewards.items():
        parts = ", ".join(f"{name} {paid:g}" for name, paid in terms.items())
        say(f"reward of the {side}: {sum(terms.values()):g} ({parts})")
    for injection in row.injected:
        after = "and put right" if injection.recovered else "and not put right"
        say(f"injected after {injection.message} messages that the assistant saw: {injection.pattern}, {after}")
    for who, used in row.usage.items():
        tokens = f"{_known(used.input_tokens)} tokens read, {_known(used.output_tokens)} generated"
        cost = "n/a" if used.cost_usd is None else f"${used.cost_usd:,.4f}"
        say(f"{who}: {_known(used.calls)} requests, {tokens}, cost {cost}")
    rule("what it changed, beside the gold", style="dim")
    if changes is None:
        say(f"Not known: {reason}")
    elif not changes:
        say("Neither it nor the gold changes anything.")
    for change in changes or ():
        _show_change(change, full)


def _look(row: Trajectory, played: DomainOf) -> tuple[Task | None, tuple[GradeChange, ...] | None, str]:
    """The task that was played, what was changed, and why that is not known."""
    from toolgym.errors import DataError, RegistryError
    from toolgym.regrading.changes import changes
    from toolgym.regrading.regrade import task_of

    task = None
    try:
        domain = played(row.domain, row.data)
        task = task_of(domain, row)
        if row.fault is not None and row.fault.source == "task":
            return task, None, "the task is at fault, and its calls cannot be run again"
        return task, changes(domain, task, row), ""
    except (DataError, RegistryError) as error:
        return task, None, str(error)


def _show_grade(grade: Grade, task: Task | None) -> None:
    for name, value in grade.components.items():
        say(f"{name}: {'not judged' if value is None else 'held' if value == 1.0 else 'did not hold'}")
    if grade.note:
        say(grade.note)
    gold = {action.action_id: action for action in task.gold} if task is not None else {}
    aside = "" if "ACTION" in grade.basis else " (does not count)"
    for check in grade.actions:
        if not check.met:
            action = gold.get(check.what)
            call = (
                check.what if action is None else f"{action.requestor}: {action.name}({json.dumps(action.arguments)})"
            )
            say(f"  gold call not made{aside}: {call}")
    said: tuple[tuple[str, Sequence[Check]], ...] = (
        ("does not hold", grade.env_assertions),
        ("was not said", grade.communicate),
        ("does not hold, says the judge", grade.nl_assertions),
    )
    for what, checks in said:
        for check in checks:
            if not check.met:
                note = f" ({check.note})" if check.note and check.met is False else ""
                say(f"  {what if check.met is False else 'not judged'}: {check.what}{note}", style="red")


def _show_change(change: GradeChange, full: bool) -> None:
    label, style = _LABELS.get(change.kind, ("different", "yellow"))
    field = f".{change.field}" if change.field else ""
    before, made, gold = (_value(text, full) for text in (change.before, change.made, change.gold))
    after = {"missing": gold, "different": f"{made}, gold: {gold}"}.get(change.kind, made)
    say(f"{label:<10}{change.side}.{change.table}[{change.key}]{field}: {before} → {after}", style=style)


def _value(text: str | None, full: bool) -> str:
    if text is None:
        return "(nothing)"
    shown = json.dumps(json.loads(text), ensure_ascii=False)
    return shown if full or len(shown) <= _LONG else f"{shown[: _LONG - 1]}…"


def _whole(row: Trajectory, played: DomainOf) -> dict[str, Any]:
    """An episode as data: its trajectory, and its changes next to those of the gold calls."""
    _, changes, reason = _look(row, played)
    told: dict[str, Any] = {"trajectory": json.loads(row.to_json())}
    if changes is None:
        return {**told, "changes": None, "changes_not_known": reason}
    told["changes"] = []
    for change in changes:
        values = {name: getattr(change, name) for name in ("before", "made", "gold")}
        place = {name: getattr(change, name) for name in ("kind", "side", "table", "key", "field")}
        there = {name: json.loads(text) for name, text in values.items() if text is not None}
        told["changes"].append(place | there)
    return told


def _known(number: int | None) -> str:
    return "n/a" if number is None else f"{number:,}"
