"""``toolgym failures``: why the episodes of a run failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.completion import run_names
from toolgym.cli.failure_answer import ExplainedFailures, answer_of, patterns_of
from toolgym.cli.failure_clusters import Clustering
from toolgym.cli.failure_source import EpisodeSource, open_source
from toolgym.cli.failure_tables import print_failures
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
from toolgym.cli.progress import Waiting
from toolgym.cli.runs import Runs

if TYPE_CHECKING:
    from toolgym.failures.report import Analyst
    from toolgym.models import Throttle

BATCH_SIZE = 64
"""Failures that an analyst without a model is given per call, so that the progress bar moves."""


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
    from toolgym.models import Throttle
    from toolgym.models.before import ask_models
    from toolgym.registration import make_analyst
    from toolgym.registry import ANALYSTS
    from toolgym.runs.files import replace_whole

    _check_out(out)
    model = model_settings("analyst", analyst_model, analyst_base_url, analyst_args)
    name = analyst or ("llm" if model is not None else "rules")
    check_model(ANALYSTS, name, model)
    embeds = model_settings("embeddings", embeddings_model, embeddings_base_url, embeddings_args)
    clustering = Clustering(clusters, name_clusters, model, embeds)
    clustering.check()
    opened = open_source(source, runs)
    untargeted = None if against is None else open_source(against, runs)
    throttle = Throttle(rpm=rpm, tpm=tpm, budget_usd=budget_usd)
    explains = make_analyst(name, model, throttle=throttle)
    ask_models({"analyst": model}, throttle)
    batch_size = BATCH_SIZE if model is None else None
    found = _explain(opened, explains, batch_size, throttle)
    other = None if untargeted is None else _explain(untargeted, explains, batch_size, throttle)
    patterns = patterns_of(found, other)
    groups = clustering.of(found.explained, throttle)
    answer = answer_of(
        found, other, patterns=patterns, clusters=groups, analyst=explains, analyst_name=name, examples=examples
    )
    if out is not None:
        replace_whole(out, (report.to_json().encode() + b"\n" for report in found.reports))
    answer["written"] = None if out is None else str(out)
    if as_json:
        print_json(answer)
    else:
        print_failures(answer, found.explained, patterns, groups)


def _check_out(out: Path | None) -> None:
    """Check that reports can be written to a file, and that nothing is lost by it."""
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


def _explain(source: EpisodeSource, analyst: Analyst, batch_size: int | None, throttle: Throttle) -> ExplainedFailures:
    """Read a source and explain its failures, with progress bars on a terminal."""
    from toolgym.concurrency.bridge import wait_for
    from toolgym.failures.statistics.reading import explain, explained, read_failures

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    waits = Waiting(throttle)
    with Progress(*columns, waits, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task("read", total=source.total)
        episodes = read_failures(source.trajectories, source.task_of, progress=lambda: progress.advance(bar))
        bar = progress.add_task("explain", total=len(episodes.failures))
        reports = wait_for(
            explain(
                episodes,
                source.domain,
                analyst,
                why=source.missing,
                batch_size=batch_size,
                progress=lambda number: progress.advance(bar, number),
            )
        )
    return ExplainedFailures(source, episodes, reports, explained(reports))
