"""``toolgym failures``: why the episodes of a run failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.completion import run_names
from toolgym.cli.failure_tables import UNNAMED, print_failures
from toolgym.cli.models import (
    AnalystModel,
    BaseUrl,
    BudgetUsd,
    EmbeddingsModel,
    ModelArgs,
    RequestsPerMinute,
    TokensPerMinute,
    check_model,
    model_settings,
)
from toolgym.cli.output import AsJson, errors, print_json
from toolgym.cli.pools import domain_played
from toolgym.cli.progress import Waiting
from toolgym.cli.runs import Runs, find_run

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.failures.llm.clusters import Cluster
    from toolgym.failures.report import Analyst, FailureReport
    from toolgym.failures.statistics.reading import RunFailures
    from toolgym.models import Throttle
    from toolgym.models.embeddings import Embeddings
    from toolgym.patterns import Pattern
    from toolgym.tasks import Task
    from toolgym.trajectory import Trajectory

CLUSTERED = 5000
"""Failures that are grouped unless it is said otherwise, at most: time and memory grow with the square of them."""
AT_ONCE = 64
"""Failures that an analyst without a model is given at once, so that one sees how far it is."""


@dataclass(frozen=True)
class Opened:
    """A run, or a results file.

    Args:
        name: Where it is.
        of: The domain's name.
        data: Whose tasks.
        domain: The domain; None if it is not installed.
        why: Why it is not here.
        rows: The trajectories.
        task: Finds the task of one.
        total: How many there are, about.
    """

    name: str
    of: str
    data: str
    domain: Domain | None
    why: str
    rows: Iterable[Trajectory]
    task: Callable[[Trajectory], Task]
    total: int


@dataclass(frozen=True)
class Explained:
    """What was played, and one report for each failure."""

    opened: Opened
    reading: RunFailures
    reports: Sequence[FailureReport]
    told: Sequence[FailureReport]
    """Those of failures that could be looked into."""


def failures(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RUN_OR_FILE",
            autocompletion=run_names,
            help="A run: its folder or its name; or a results file of tau2.",
        ),
    ],
    analyst: Annotated[
        str | None, typer.Option(help="Who explains failures; default: llm with --analyst-model, else rules.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="RUN_OR_FILE", help="A run over untargeted tasks, to compare with."),
    ] = None,
    clusters: Annotated[
        bool | None,
        typer.Option(
            "--clusters/--no-clusters",
            help="Group failures that are alike; default: if there are at most 5,000 and scikit-learn is installed.",
        ),
    ] = None,
    name_clusters: Annotated[
        bool, typer.Option("--name-clusters", help="Have the analyst's model name the groups; else their words do.")
    ] = False,
    examples: Annotated[int, typer.Option(min=0, help="Examples of each pattern.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Also write the reports to this file, one JSON object per line.")
    ] = None,
    runs: Runs = Path("runs"),
    analyst_model: AnalystModel = None,
    analyst_base_url: BaseUrl = None,
    analyst_args: ModelArgs = None,
    embeddings_model: EmbeddingsModel = None,
    embeddings_base_url: BaseUrl = None,
    embeddings_args: ModelArgs = None,
    rpm: RequestsPerMinute = None,
    tpm: TokensPerMinute = None,
    budget_usd: BudgetUsd = None,
    as_json: AsJson = False,
) -> None:
    """Explain why episodes failed: which patterns, in which tasks, with examples.

    Successes, void episodes and those that nobody judged are counted and left out. A failure whose domain or task is
    not known is counted as not explained.
    """
    from toolgym.concurrency.bridge import wait_for
    from toolgym.errors import DataError
    from toolgym.failures.llm.clusters import check_extra
    from toolgym.failures.llm.clusters import name_clusters as named_by
    from toolgym.failures.statistics.reading import against_untargeted, by_task
    from toolgym.models import ChatModel, Throttle
    from toolgym.models.before import ask_models
    from toolgym.models.embeddings import Embeddings
    from toolgym.registration import make_analyst
    from toolgym.registry import ANALYSTS
    from toolgym.runs.files import replace_whole

    _check_out(out)
    model = model_settings("analyst", analyst_model, analyst_base_url, analyst_args)
    name = analyst or ("llm" if model is not None else "rules")
    check_model(ANALYSTS, name, model)
    embeds = model_settings("embeddings", embeddings_model, embeddings_base_url, embeddings_args)
    if name_clusters and model is None:
        raise DataError("--name-clusters asks the analyst's model; name it with --analyst-model")
    if clusters is False and (name_clusters or embeds is not None):
        raise DataError("--no-clusters leaves nothing to name or to embed; leave it out, or the other option")
    if clusters or name_clusters or embeds is not None:
        clusters = True
        check_extra()  # before a model explains anything, and costs
    opened = _open(source, runs)
    beside = None if against is None else _open(against, runs)
    throttle = Throttle(rpm=rpm, tpm=tpm, budget_usd=budget_usd)
    explains = make_analyst(name, model, throttle=throttle)
    ask_models({"analyst": model}, throttle)
    at_once = AT_ONCE if model is None else None
    found = _explain(opened, explains, at_once, throttle)
    other = None if beside is None else _explain(beside, explains, at_once, throttle)
    patterns = _patterns(found, other)
    groups = _clusters(found.told, clusters, None if embeds is None else Embeddings(embeds, throttle))
    if groups and name_clusters and model is not None:
        groups = wait_for(named_by(ChatModel(model, throttle), groups))
    aimed = against_untargeted(found.told, other.told if other is not None else ())
    if out is not None:
        replace_whole(out, (report.to_json().encode() + b"\n" for report in found.reports))
    answer = {
        **_facts(found),
        "analyst": name,
        **_figures(found.told, patterns),
        "tasks": [asdict(one) for one in by_task(found.told, found.reading)],
        "examples": _examples(found, patterns, examples),
        "clusters": None if groups is None else [_cluster(group, found.told) for group in groups],
        "hit_rate": _hit_rate(found.told),
        "targets": aimed,
        "against": None if other is None else {**_facts(other), **_figures(other.told, patterns)},
        "usage": _usage(explains),
        "written": None if out is None else str(out),
    }
    if as_json:
        print_json(answer)
    else:
        print_failures(answer, found.told, patterns, groups)


def _check_out(out: Path | None) -> None:
    """See that reports can be written to a file, and that nothing is lost by it."""
    from toolgym.errors import DataError
    from toolgym.files.plain_files import check_no_links

    if out is None:
        return
    if out.is_dir() or not out.parent.is_dir():
        raise DataError(f"--out {str(out)!r} names no file in a folder that is there; make the folder, or name another")
    check_no_links(out)
    if not _replaceable(out):
        raise DataError(f"--out {str(out)!r} is there and holds something else than reports; name another file")


def _replaceable(out: Path) -> bool:
    """Whether nothing is lost if reports are written there: no file, an empty one, or one of reports."""
    from toolgym.errors import DataError
    from toolgym.failures.report import FailureReport

    if not out.exists():
        return True
    try:
        with out.open(encoding="utf-8") as file:
            first = file.readline()
        return not first or bool(FailureReport.from_json(first))
    except (DataError, UnicodeDecodeError):
        return False


def _open(source: str, runs: Path) -> Opened:
    """A run or a results file, opened.

    Raises:
        UnknownNameError: If there is no such run.
        DataError: If it holds no episode, or the pool that it played is not there.
    """
    return _open_file(Path(source)) if Path(source).is_file() else _open_run(source, runs)


def _open_run(name: str, runs: Path) -> Opened:
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.regrading.regrade import task_of
    from toolgym.runs import read_manifest, read_trajectories
    from toolgym.runs.files import TRAJECTORIES, whole_lines

    folder = find_run(name, runs)
    first = next(read_trajectories(folder), None)
    if first is None:
        raise DataError(f"the run {str(folder)!r} holds no episode")
    total = sum(1 for _ in whole_lines(folder / TRAJECTORIES))
    domain, why = None, ""
    try:
        domain = domain_played(first.domain, first.data, read_manifest(folder).get("settings"))
    except UnknownNameError as error:
        why = _not_here(first.domain, error)

    def task(row: Trajectory) -> Task:
        if domain is None:
            raise DataError(why)
        return task_of(domain, row)

    return Opened(str(folder), first.domain, first.data, domain, why, read_trajectories(folder), task, total)


def _open_file(path: Path) -> Opened:
    from toolgym.compat.tau2.results_in import read_gradable
    from toolgym.errors import DataError, UnknownNameError
    from toolgym.registration import make_domain

    results = read_gradable(path)
    domain, why = None, ""
    try:
        domain = make_domain(results.domain, "tau2")
        results = results.over(domain)
    except UnknownNameError as error:
        why = _not_here(results.domain, error)
        if results.gold_unknown:
            why += "".join(f"; gold unknown: task {name}: {reason}" for name, reason in results.gold_unknown.items())
        elif not any(task.gold for task in results.tasks):
            why += "; nor do its tasks in the file have gold calls"
    tasks = {task.key: task for task in results.tasks}
    rows = results.trajectories

    def task(row: Trajectory) -> Task:
        if row.task_id in results.gold_unknown:
            raise DataError(f"gold unknown: {results.gold_unknown[row.task_id]}")
        return tasks[row.task_key]

    return Opened(str(path), results.domain, "tau2", domain, why, rows, task, total=len(rows))


def _not_here(name: str, error: Exception) -> str:
    from toolgym.errors import UnknownNameError

    if not isinstance(error, UnknownNameError) or error.kind != "domain":
        raise error
    return f"the domain {name!r} is not installed, so the right calls are not known"


def _explain(opened: Opened, analyst: Analyst, at_once: int | None, throttle: Throttle) -> Explained:
    """Read and explain, and show how far it is."""
    from toolgym.concurrency.bridge import wait_for
    from toolgym.failures.statistics.reading import explain, explained, read_failures

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    waits = Waiting(throttle)
    with Progress(*columns, waits, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task("read", total=opened.total)
        reading = read_failures(opened.rows, opened.task, progress=lambda: progress.advance(bar))
        bar = progress.add_task("explain", total=len(reading.failures))
        reports = wait_for(
            explain(
                reading,
                opened.domain,
                analyst,
                why=opened.why,
                at_once=at_once,
                progress=lambda number: progress.advance(bar, number),
            )
        )
    return Explained(opened, reading, reports, explained(reports))


def _clusters(reports: Sequence[FailureReport], wanted: bool | None, embed: Embeddings | None) -> list[Cluster] | None:
    from toolgym.errors import MissingExtraError
    from toolgym.failures.llm.clusters import clusters

    if wanted is False or (wanted is None and len(reports) > CLUSTERED):
        return None
    try:
        return clusters(reports, embed=embed)
    except MissingExtraError:
        if wanted:
            raise
        return None


def _facts(found: Explained) -> dict[str, Any]:
    reading, told = found.reading, {report.episode_id for report in found.told}
    lost = Counter(report.note for report in found.reports if report.episode_id not in told)
    return {
        "source": found.opened.name,
        "domain": found.opened.of,
        "data": found.opened.data,
        "failures": len(reading.failures),
        "successes": reading.successes,
        "void": reading.void,
        "not_judged": reading.not_judged,
        "explained": len(found.told),
        "not_explained": dict(lost.most_common()),
        "nothing_found": sum(report.primary is None for report in found.told),
        "user_alone": sum(report.user_alone for report in found.told),
    }


def _patterns(*played: Explained | None) -> Mapping[str, Pattern]:
    """The patterns of the domains that were played; toolgym's own where none is installed."""
    from toolgym.patterns import PATTERNS

    found = dict(PATTERNS)
    for one in played:
        if one is not None and one.opened.domain is not None:
            found |= one.opened.domain.failure_patterns
    return found


def _figures(reports: Sequence[FailureReport], patterns: Mapping[str, Pattern]) -> dict[str, Any]:
    from toolgym.failures.statistics.reading import by_family, by_pattern

    return {
        "families": {name: figures.as_dict() for name, figures in by_family(reports, patterns).items()},
        "patterns": {
            name or UNNAMED: {**_kind(patterns.get(name)), **figures.as_dict()}
            for name, figures in by_pattern(reports, patterns).items()
        },
    }


def _kind(pattern: Pattern | None) -> dict[str, Any]:
    """A pattern's family and side; what fits none is told as the assistant's."""
    return {"family": "", "side": "assistant"} if pattern is None else {"family": pattern.family, "side": pattern.side}


def _examples(found: Explained, patterns: Mapping[str, Pattern], number: int) -> list[dict[str, Any]]:
    """The first failures of each pattern, of different tasks where there are any."""
    from toolgym.failures import report as reports

    trials = {row.episode_id: row.trial for _, row in found.reading.failures}
    shown = []
    for pattern in (*patterns, reports.UNNAMED):
        showing = [one for one in found.told if any(finding.pattern == pattern for finding in one.causes)]
        first = {one.task_key: one for one in reversed(showing)}
        several = [*reversed(first.values()), *(one for one in showing if first[one.task_key] is not one)]
        for one in several[:number]:
            finding = next(finding for finding in one.causes if finding.pattern == pattern)
            shown.append(
                {
                    "pattern": pattern or UNNAMED,
                    "side": finding.side,
                    "episode": one.episode_id,
                    "task_id": one.task_id,
                    "trial": trials[one.episode_id],
                    "message": finding.message,
                    "expected": finding.expected,
                    "got": finding.got,
                    "explanation": one.explanation,
                }
            )
    return shown


def _cluster(cluster: Cluster, reports: Sequence[FailureReport]) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "size": cluster.size,
        "noise": cluster.noise,
        "words": list(cluster.words),
        "examples": list(cluster.examples),
        "patterns": {name or UNNAMED: share for name, share in cluster.shares.items()},
        "episodes": [reports[place].episode_id for place in cluster.members],
    }


def _hit_rate(reports: Sequence[FailureReport]) -> dict[str, Any] | None:
    from toolgym.failures.statistics.distribution import hit_rate

    rate = hit_rate(reports)
    return None if rate is None else rate._asdict()


def _usage(analyst: Analyst) -> dict[str, Any] | None:
    """What the model behind the analyst used, if it has one that says so."""
    usage = getattr(analyst, "usage", None)
    return None if usage is None else asdict(usage)
