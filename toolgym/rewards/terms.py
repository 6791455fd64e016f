"""The reward terms. Success is graded apart from them and never derived from what they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toolgym.evaluation.grade import matches
from toolgym.messages import AgentID
from toolgym.trajectory import Step

if TYPE_CHECKING:
    from toolgym.episode.machine import Episode

Payment = Mapping[AgentID, float]
"""What each side gets; a side left out gets nothing and the term is not listed for it."""

NOTHING: Payment = {}


class RewardTerm(Protocol):
    """One part of the reward. A term has no state of its own: it reads the episode's."""

    @property
    def name(self) -> str:
        """Its key in ``reward_terms``."""

    def on_step(self, episode: Episode, step: Step) -> Payment:
        """Paid after each message; ``step`` holds what was appended."""

    def on_end(self, episode: Episode) -> Payment:
        """Paid once, when the episode has ended without a fault; ``episode.grade`` is there."""


@dataclass(frozen=True)
class Success:
    """Pays the assistant, and a learning user with it, when the task is solved.

    Args:
        weight: Paid for success, above 0.
    """

    weight: float = 1.0
    name: str = "success"

    def on_step(self, episode: Episode, step: Step) -> Payment:
        """See RewardTerm."""
        return NOTHING

    def on_end(self, episode: Episode) -> Payment:
        """See RewardTerm."""
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
        SENTINEL and RAFT: action-level checks beside task success.
    """

    weight: float = 0.3
    name: str = "action"

    def on_step(self, episode: Episode, step: Step) -> Payment:
        """See RewardTerm."""
        return NOTHING

    def on_end(self, episode: Episode) -> Payment:
        """See RewardTerm."""
        gold = episode.prepared.gold_writes
        if not gold:
            return NOTHING
        made = episode.successful_calls
        choices = [
            [n for n, call in enumerate(made) if call.requestor == action.requestor and matches(action, call)]
            for action in gold
        ]
        return {"assistant": self.weight * _most_pairs(choices) / len(gold)}


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

    def on_step(self, episode: Episode, step: Step) -> Payment:
        """See RewardTerm."""
        if not step.repeats:
            return NOTHING
        total = episode.repeats[step.agent]
        before = min(self.cap, self.weight * (total - step.repeats))
        return {step.agent: before - min(self.cap, self.weight * total)}

    def on_end(self, episode: Episode) -> Payment:
        """See RewardTerm."""
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

    def on_step(self, episode: Episode, step: Step) -> Payment:
        """See RewardTerm."""
        return NOTHING

    def on_end(self, episode: Episode) -> Payment:
        """See RewardTerm."""
        tokens = episode.tokens("assistant")
        if tokens is None:
            return NOTHING
        excess = max(0, tokens - self.budget)
        return {"assistant": -min(self.cap, self.weight * excess / 1000)}
