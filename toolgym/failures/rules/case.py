"""One failed trajectory next to its task's gold, with the findings so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.evaluation.argument_roles import argument_roles_of
from toolgym.evaluation.grade import grade
from toolgym.failures.report import UNNAMED, UNTOLD, FailureReport, Finding, blank
from toolgym.failures.rules.consent import Consent
from toolgym.failures.rules.deviation import Deviation
from toolgym.failures.rules.events import Event, play_again
from toolgym.failures.rules.evidence import call_text
from toolgym.failures.rules.instructions import UserInstructions
from toolgym.failures.rules.matching import Matched, Matcher
from toolgym.generation import DecoyCall
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

STATE = frozenset({"DB", "ENV_ASSERTION", "ACTION"})
"""Components of a grade that depend on what was called."""


@dataclass
class OpenFinding:
    """A finding while the others are still looked for.

    Args:
        pattern: As in a Finding.
        message: As in a Finding.
        expected: As in a Finding.
        got: As in a Finding.
        harm: As in a Finding.
        because: The finding that it is a consequence of.
        place: The place of the call that it is about; None if it is about none.
        times: How often a call was repeated.
    """

    pattern: str
    message: int
    expected: str
    got: str
    harm: bool = True
    because: OpenFinding | None = None
    place: int | None = None
    times: int = 1


class Case:
    """One failed trajectory.

    Args:
        domain: The domain.
        task: The task that was played.
        trajectory: What was recorded: a failure.

    Raises:
        TaskError: If the task cannot be set up.
        DataError: If calls and results of the trajectory do not pair.
    """

    def __init__(self, domain: Domain, task: Task, trajectory: Trajectory) -> None:
        self.domain = domain
        self.task = task
        self.trajectory = trajectory
        self.messages = trajectory.messages
        self.prepared = set_up(domain, task)
        self.argument_roles = argument_roles_of(domain)
        self.has_generator = domain.generator is not None
        self.played = play_again(self.prepared, trajectory)
        self.matcher = Matcher(domain, self.prepared, self.argument_roles)
        criteria = task.evaluation_criteria
        self.basis = frozenset(criteria.reward_basis) if criteria is not None else frozenset()
        self.gold_known = criteria is not None and criteria.actions is not None
        self.grade = grade(self.prepared, self.played.session, self.messages, "user_stop")
        """What was reached, whatever the episode ended by."""
        self.decoys = tuple(self.argument_roles.decoys(task))
        self.mine = tuple(event for event in self.played.events if event.call.requestor == "assistant")
        self.consent = Consent(self.messages, self.mine, self.matcher)
        self.instructions = UserInstructions(domain, task, self.consent)
        self.deviation = Deviation(domain, task, self.messages, self.consent)
        self.patterns = domain.failure_patterns
        self.drafts: list[OpenFinding] = []
        self.blamed: dict[int, OpenFinding] = {}
        """Missing gold write -> the finding about the call that was made or tried in its place."""
        self.instead: dict[str, OpenFinding] = {}
        """Record that was meant -> the finding about a call on another one."""

    @cached_property
    def tempting(self) -> Mapping[int, DecoyCall]:
        """The decoy that a call is, by the call's place."""
        found: dict[int, DecoyCall] = {}
        for event in self.mine:
            if event.writes:
                for one in self.decoys:
                    if self.matcher.alike(event, one.name, one.arguments) and not self._slipped(event, one.pattern):
                        found[event.place] = one
                        break
        return found

    def _slipped(self, event: Event, pattern: str) -> bool:
        """Whether a call was made by mistake, in the place of a gold write of the same tool that was spoken of."""
        consent, call = self.consent, event.call
        if pattern == "no_confirmation":
            return self.matcher.like(event) is not None and consent.agreed(event) != "no"
        return any(
            not consent.named(text, call.name, call.arguments)
            and any(
                gold.name == call.name and consent.named(text, gold.name, gold.arguments)
                for gold in self.prepared.gold_writes
            )
            for text in (consent.before(event), consent.said_before(event))
        )

    @cached_property
    def matched(self) -> Matched:
        """The writes beside the gold's."""
        writes = [event for event in self.played.events if event.writes]
        return self.matcher.match(writes, [event for event in writes if event.place in self.tempting])

    @property
    def missing(self) -> tuple[int, ...]:
        """The gold writes for which no write was made, as far as they count."""
        return self.matched.missing if self.gold_known and self.basis & STATE else ()

    @property
    def last_words(self) -> int:
        """The number of the assistant's last message."""
        return self._last_of("assistant")

    @property
    def user_last_words(self) -> int:
        """The number of the user's last message."""
        return self._last_of("user")

    def _last_of(self, role: str) -> int:
        return max((number for number, message in enumerate(self.messages) if message.role == role), default=0)

    def record(self, event: Event) -> str | None:
        """The record that a call names."""
        return self.matcher.record(event.call.name, event.call.arguments)

    def lasts(self, event: Event) -> bool:
        """Whether what a write changed is in the end not as the gold leaves it."""
        if not self.basis & STATE:
            return False
        now, right = self.played.session.diff(), self.prepared.gold_diff
        return any(now.get(key, "") != right.get(key, "") for key in event.touched)

    # Findings

    def add(self, pattern: str, message: int, expected: str, got: str, **more: Any) -> OpenFinding:
        """Put a finding on the list."""
        draft = OpenFinding(pattern, message, expected, got, **more)
        self.drafts.append(draft)
        return draft

    def add_call(self, event: Event, pattern: str, expected: str, *, harm: bool) -> OpenFinding:
        """Put a finding about a call on the list."""
        got = call_text(event.call.name, event.call.arguments)
        return self.add(pattern, event.message, expected, got, harm=harm, place=event.place)

    def of(self, place: int | None) -> list[OpenFinding]:
        """The findings about a call."""
        return [draft for draft in self.drafts if draft.place == place and draft.pattern != "repeated_call"]

    def first_cause(self) -> OpenFinding | None:
        """The first of the causes that were found so far."""
        causes = [draft for draft in self.drafts if draft.harm and draft.because is None]
        return min(causes, key=lambda draft: draft.message, default=None)

    def report(self) -> FailureReport:
        """The findings in the order in which they happened; equal places keep the order in which they were found."""
        ordered = sorted(self.drafts, key=lambda draft: draft.message)
        places = {id(draft): place for place, draft in enumerate(ordered)}
        findings = tuple(
            Finding(
                draft.pattern,
                draft.message,
                draft.expected,
                draft.got,
                draft.harm,
                None if draft.because is None else places[id(draft.because)],
                self.patterns[draft.pattern].side if draft.pattern != UNNAMED else "assistant",
            )
            for draft in ordered
        )
        primary = next((place for place, one in enumerate(findings) if one.harm and one.because is None), None)
        note = "; ".join(self._notes(primary is not None))
        return blank(self.task, self.trajectory, findings=findings, primary=primary, note=note)

    def _notes(self, explained: bool) -> Iterator[str]:
        if self.played.differ:
            numbers = ", ".join(map(str, self.played.differ[:5]))
            yield f"run again, the calls of the messages {numbers} answer something else than was recorded"
        if self.played.unanswered:
            yield f"calls without a result were left out: {self.played.unanswered}"
        if not self.has_generator:
            yield "the domain has no task generator: items, variants and what is forbidden could not be told"
        if not self.gold_known:
            yield "the task has no gold calls: what was called could not be judged"
        if not explained:
            unmet = [name for name, value in self.grade.components.items() if value != 1.0]
            why = f"{', '.join(unmet)} not met" if unmet else f"it ended by {self.trajectory.termination}"
            yield f"{UNTOLD} ({why})"
