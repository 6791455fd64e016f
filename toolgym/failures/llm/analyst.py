"""An analyst that is a language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from toolgym.concurrency.bridge import in_thread
from toolgym.concurrency.in_order import in_order
from toolgym.domain import Domain
from toolgym.errors import BudgetError, ContextError, DataError, ToolGymError
from toolgym.failures.llm.clusters import MIN_SIZE, Cluster, Clusterer, check_extra, clusters
from toolgym.failures.llm.prompt import describe_failure
from toolgym.failures.report import UNNAMED, FailureReport, Finding, blank
from toolgym.models.answers import AnswerError, ask, text_and_object, text_of
from toolgym.models.errors import RefusedError
from toolgym.patterns import Pattern, Side, current_name
from toolgym.prompts import own_text
from toolgym.tasks import Task
from toolgym.trajectory import NO_USAGE, Trajectory, Usage

if TYPE_CHECKING:
    from toolgym.models import ChatModel

DIALOGUE = 32_000
"""Characters that a dialogue is shortened to, about."""
SHORT_DIALOGUE = 8_000
"""The same for a dialogue that did not fit into the model's context."""
MAJORITY = 2 / 3
"""The share of a cluster that one pattern must have for those in it without one to count as of that pattern."""
ABOUT_ONE = (400, 422)
"""The statuses with which a service may refuse one dialogue alone."""

_KEYS = ("pattern", "message", "expected", "got")
_EXPLANATION = 1000
_PART = 400


class LLMAnalyst:
    """Explains failures with a model: what went wrong in its own words, where, and which pattern it is of.

    Each failure is one request; an answer that cannot be read is asked for once more, and the report of one that cannot
    be read either says so in its note, and has no findings. A dialogue that does not fit into the model's context is
    asked about once more in a shorter form. Where that is too long too, where the service refuses one dialogue, and
    where the budget is spent, the note says that; what was explained before, and paid for, is kept.

    A failure of which the model names no pattern is taken for one of the pattern that most of its cluster have, if
    these are at least two thirds of a cluster of at least three, and the note says so.

    Args:
        model: The model; one serves all failures.
        concurrency: Failures that it is asked about at once, at least 1.
        clusters: Groups what was explained, in a thread of its own, where the model named no pattern; None for
            :func:`~toolgym.failures.llm.clusters.clusters`, and ``lambda reports: ()`` for no groups.

    Attributes:
        usage: What all requests for explanations used so far, those that failed included.

    Raises:
        ValueError: If concurrency is below 1.
        MissingExtraError: If ``clusters`` is None and the extra ``curriculum`` is not installed.

    Source:
        Error-driven curricula for tool use explain failures in free words and cluster the explanations; the patterns
        are those of the domain.
    """

    needs_model = True

    def __init__(self, model: ChatModel, *, concurrency: int = 8, clusters: Clusterer | None = None) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, got {concurrency}")
        if clusters is None:
            check_extra()
        self._model = model
        self._concurrency = concurrency
        self._clusters = clusters
        self.usage: Usage = NO_USAGE

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        """One report for each failure, in order.

        Args:
            domain: Their domain, whose policy the model reads.
            failures: Failed trajectories, none that succeeded or is void, each with its task if that is known.

        Raises:
            DataError: If a trajectory is no failure.
            ServiceError: If the model fails; RefusedError, if the service refuses every dialogue.
            ContextError: If no dialogue fits into its context, not even in a short form.
            BudgetError: If there is no money for any.
        """
        for _, trajectory in failures:
            if trajectory.success is not False:
                what = (
                    "is void" if trajectory.fault is not None else "succeeded" if trajectory.success else "has no grade"
                )
                raise DataError(
                    f"the episode {trajectory.episode_id!r} of task {trajectory.task_id!r} {what}; an analyst explains "
                    "failures alone"
                )
        spent: list[BudgetError] = []
        asking = in_order(_each(failures), partial(self._explained, domain, spent), self._concurrency)
        found = [one async for one in asking]
        reports, errors = [report for report, _ in found], [error for _, error in found if error is not None]
        if errors and len(errors) == len(reports):
            raise errors[0]
        if all(report.pattern != UNNAMED for report in reports):
            return reports
        return settled(reports, await in_thread(self._clusters or clusters, reports))

    async def _explained(
        self, domain: Domain, spent: list[BudgetError], failure: tuple[Task | None, Trajectory]
    ) -> tuple[FailureReport, ToolGymError | None]:
        """The report of one failure; and the error, if it is why nothing is explained.

        Once the budget is spent, or cannot be kept, nothing more is asked.
        """
        task, trajectory = failure
        try:
            if spent:
                raise spent[0]
            try:
                finding, explanation = await self._asked(domain, failure, DIALOGUE)
            except ContextError:
                finding, explanation = await self._asked(domain, failure, SHORT_DIALOGUE)
        except AnswerError as error:
            return blank(task, trajectory, note=f"not explained: {error}"), None
        except (BudgetError, ContextError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.status not in ABOUT_ONE:
                raise
            if isinstance(error, BudgetError):
                spent.append(error)
            return blank(task, trajectory, note=f"not explained: {error}"), error
        return blank(task, trajectory, findings=(finding,), primary=0, explanation=explanation), None

    async def _asked(
        self, domain: Domain, failure: tuple[Task | None, Trajectory], characters: int
    ) -> tuple[Finding, str]:
        task, trajectory = failure
        chat = [
            {"role": "system", "content": _instructions(domain)},
            {"role": "user", "content": describe_failure(task, trajectory, characters)},
        ]
        talk = self._model.start(seed=0)  # each request has a seed of its own
        try:
            return await ask(
                talk, chat, partial(_read, patterns=domain.failure_patterns, messages=len(trajectory.messages))
            )
        finally:
            self.usage += talk.usage


def settled(reports: Sequence[FailureReport], groups: Sequence[Cluster]) -> list[FailureReport]:
    """Reports without a pattern get that of their cluster, where it is clear.

    Args:
        reports: The reports.
        groups: Their clusters; noise counts for nothing.

    Returns:
        The reports, in order. Those that got a pattern say so in their note.
    """
    found = list(reports)
    for cluster in groups:
        pattern, share = max(cluster.shares.items(), key=lambda item: item[1], default=(UNNAMED, 0.0))
        if cluster.noise or cluster.size < MIN_SIZE or pattern == UNNAMED or share < MAJORITY - 1e-9:
            continue
        for place in cluster.members:
            report = found[place]
            if report.primary is not None and report.pattern == UNNAMED:
                note = (
                    f"the model named no pattern; {round(share * cluster.size)} of the {cluster.size} failures of the "
                    f"cluster {cluster.name!r} are of {pattern!r}"
                )
                findings = list(report.findings)
                side = _side_of(pattern, reports)
                findings[report.primary] = replace(findings[report.primary], pattern=pattern, side=side)
                notes = "; ".join(part for part in (report.note, note) if part)
                found[place] = replace(report, findings=tuple(findings), note=notes)
    return found


def _side_of(pattern: str, reports: Sequence[FailureReport]) -> Side:
    """Whose fault a pattern is that some reports show."""
    return next(one.side for report in reports for one in report.findings if one.pattern == pattern)


async def _each(failures: Sequence[tuple[Task | None, Trajectory]]) -> AsyncGenerator[tuple[Task | None, Trajectory]]:
    for failure in failures:
        yield failure


def _instructions(domain: Domain) -> str:
    patterns = "\n".join(f"{pattern.name}: {pattern.meaning}" for pattern in domain.failure_patterns.values())
    return f"{own_text('analyst')}\n\n<patterns>\n{patterns}\n</patterns>\n<policy>\n{domain.policy}\n</policy>"


def _read(answer: str, patterns: Mapping[str, Pattern], messages: int) -> tuple[Finding, str]:
    """The finding and the explanation in an answer.

    Raises:
        AnswerError: If it is not of the form that was asked for.
    """
    explanation, found = text_and_object(answer, _KEYS)
    if not explanation:
        raise AnswerError("there is no explanation before the JSON object")
    if len(explanation) > _EXPLANATION:
        raise AnswerError(f"the explanation must have at most {_EXPLANATION} characters, got {len(explanation)}")
    pattern, message = found["pattern"], found["message"]
    pattern = current_name(pattern) if isinstance(pattern, str) else pattern
    if pattern is not None and (not isinstance(pattern, str) or pattern not in patterns):
        raise AnswerError(f"'pattern' must be null or one of {', '.join(patterns)}, got {str(pattern)[:40]!r}")
    if type(message) is not int or not 0 <= message < messages:
        raise AnswerError(f"'message' must be the number of a message, 0 to {messages - 1}, got {str(message)[:40]!r}")
    side = "assistant" if pattern is None else patterns[pattern].side
    finding = Finding(pattern or UNNAMED, message, _part(found, "expected"), _part(found, "got"), side=side)
    return finding, " ".join(explanation.split())


def _part(found: dict[str, Any], name: str) -> str:
    return text_of(found, name, _PART)
