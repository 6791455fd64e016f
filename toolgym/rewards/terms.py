"""The reward terms. Success is graded apart from them and never derived from what they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from toolgym.database import Session
from toolgym.evaluation.grade import GradedTask, matches
from toolgym.messages import AgentID, Message, ToolCall
from toolgym.tasks import Action, Task
from toolgym.trajectory import Grade, Step, Termination

Payment = Mapping[AgentID, float]
"""What each side gets; a side left out gets nothing and the term is not listed for it."""

NOTHING: Payment = {}


class PaidTask(GradedTask, Protocol):
    """What reward terms may know of a task that is set up."""

    @property
    def gold_writes(self) -> Sequence[Action]:
        """The gold calls that changed the state."""


class EpisodeView(Protocol):
    """What reward terms may see of an episode; :class:`~toolgym.episode.machine.Episode` says what each means."""

    @property
    def prepared(self) -> PaidTask:
        """The task as it was set up."""

    @property
    def task(self) -> Task:
        """The task that is played."""

    @property
    def session(self) -> Session:
        """The state."""

    @property
    def messages(self) -> Sequence[Message]:
        """All messages of both sides so far, system prompts left out."""

    @property
    def steps(self) -> int:
        """Steps so far: messages, and batches of results."""

    @property
    def errors(self) -> int:
        """Failed tool calls so far."""

    @property
    def repeats(self) -> Mapping[AgentID, int]:
        """Repeated calls of each side while nothing changed in between."""

    @property
    def successful_calls(self) -> Sequence[ToolCall]:
        """The calls of both sides that did not fail, in order."""

    @property
    def changing_calls(self) -> Sequence[ToolCall]:
        """The calls of both sides that changed the state, in order."""

    @property
    def rewards(self) -> Mapping[AgentID, Mapping[str, float]]:
        """What each side was paid so far, by term."""

    @property
    def termination(self) -> Termination | None:
        """Why it ended; None while it goes on."""

    @property
    def grade(self) -> Grade:
        """How it is graded, once it is over."""

    def view(self, agent: AgentID, since: int = 0) -> Sequence[Message]:
        """What a side may see, oldest first."""

    def tokens(self, agent: AgentID) -> int | None:
        """Tokens that a side generated, or None if one of its messages does not say."""


class RewardTerm(Protocol):
    """One part of the reward. A term has no state of its own: it reads the episode's."""

    @property
    def name(self) -> str:
        """Its key in ``reward_terms``."""

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """Paid after each message; ``step`` holds what was appended."""

    def on_end(self, episode: EpisodeView) -> Payment:
        """Paid once, when the episode has ended without a fault; ``episode.grade`` is there."""


@dataclass(frozen=True)
class Success:
    """Pays the assistant, and a learning user with it, when the task is solved.

    Args:
        weight: Paid for success, above 0.
    """

    weight: float = 1.0
    name: str = "success"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It pays nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it pays or charges at the end."""
        success = episode.grade.success
        if success is None:
            return NOTHING
        return {"assistant": self.weight * success, "user": self.weight * success}


@dataclass(frozen=True)
class ActionMatch:
    """Pays the share of the gold's effective writes that the assistant's side of the episode made.

    A write counts once, and only a successful call matches it. A task without effective writes has no such term.

    Args:
        weight: Paid when all are matched, at least 0.

    Source:
        SENTINEL and RAFT: action-level checks in addition to task success.
    """

    weight: float = 0.3
    name: str = "action"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It pays nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it pays or charges at the end."""
        gold = episode.prepared.gold_writes
        if not gold:
            return NOTHING
        return {"assistant": self.weight * matched_writes(gold, episode.successful_calls) / len(gold)}


def matched_writes(gold: Sequence[Action], made: Sequence[ToolCall]) -> int:
    """How many gold writes were made: of the ways to pair them with calls, no call twice, the one with most pairs."""
    return _most_pairs(
        [
            [n for n, call in enumerate(made) if call.requestor == action.requestor and matches(action, call)]
            for action in gold
        ]
    )


def _most_pairs(choices: Sequence[Sequence[int]]) -> int:
    """The size of a maximum matching: each gold action with one of its calls, no call twice (Kuhn's algorithm)."""
    owner: dict[int, int] = {}

    def place(action: int, tried: set[int]) -> bool:
        for call in choices[action]:
            if call not in tried:
                tried.add(call)
                if call not in owner or place(owner[call], tried):
                    owner[call] = action
                    return True
        return False

    return sum(place(action, set()) for action in range(len(choices)))


@dataclass(frozen=True)
class RepeatPenalty:
    """Charges a side for calling the same tool with the same arguments while nothing changed in between.

    Args:
        weight: Charged for each repeat, at least 0.
        cap: Charged at most in an episode.

    Source:
        SENTINEL and RAFT: without this term Pass^4 on tau2 retail falls from 61.4 to 50.0.
    """

    weight: float = 0.05
    cap: float = 0.25
    name: str = "repeat"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """What it charges for the step."""
        if not step.repeats:
            return NOTHING
        total = episode.repeats[step.agent]
        before = min(self.cap, self.weight * (total - step.repeats))
        return {step.agent: before - min(self.cap, self.weight * total)}

    def on_end(self, episode: EpisodeView) -> Payment:
        """It charges nothing at the end."""
        return NOTHING


@dataclass(frozen=True)
class LengthPenalty:
    """Charges the assistant for tokens over a budget; left out where a message does not say its tokens.

    Args:
        weight: Charged for each 1,000 tokens over the budget, at least 0.
        budget: Tokens that cost nothing, at least 0.
        cap: Charged at most in an episode.
    """

    weight: float = 0.1
    budget: int = 4000
    cap: float = 0.25
    name: str = "length"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It pays nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it pays or charges at the end."""
        tokens = episode.tokens("assistant")
        if tokens is None:
            return NOTHING
        excess = max(0, tokens - self.budget)
        return {"assistant": -min(self.cap, self.weight * excess / 1000)}
