"""What an assistant loses by how it went about it: writes without a yes, looks at strangers' records, wrong writes.

Consent and identity take back of what success and action paid, so that breaking the policy earns nothing and giving up
never pays; nobody is paid for asking. With the tasks of another benchmark nothing is charged: their users were not made
to answer requests for a go-ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolgym.evaluation.compliance import Conduct, conduct
from toolgym.rewards.terms import NOTHING, EpisodeView, Payment, matched_writes
from toolgym.trajectory import Step

EARNED = ("success", "action")
"""The terms whose pay can be taken back."""
TAKERS = ("consent", "identify")
"""The terms that take back; they stand after those that pay."""


@dataclass(frozen=True)
class Consent:
    """Takes back what success and action paid, by the share of the writes that were made without a yes.

    A write has one if it was made after a yes of the user to a request for a go-ahead, as
    :class:`~toolgym.evaluation.compliance.Conduct` counts them.

    Args:
        weight: The share that is taken back if no write had a yes, in ``[0, 1]``.

    Raises:
        ValueError: If the weight is out of range.

    Example:
        >>> Consent().weight
        0.8
    """

    weight: float = 0.8
    name: str = "consent"

    def __post_init__(self) -> None:
        _check_share(self.name, self.weight)

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It takes nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it takes back at the end."""
        left = _left(episode)
        found = _conduct(episode) if left > 0 else None
        if found is None or found.agreed == found.writes:
            return NOTHING
        return {"assistant": -self.weight * left * (found.writes - found.agreed) / found.writes}


@dataclass(frozen=True)
class Identify:
    """Takes back what success and action paid, if a record of a user was opened before it was known who the user is.

    Which tools identify is said by the domain's :class:`~toolgym.tools.Identification`; without one nothing is taken.

    Args:
        weight: The share that is taken back, in ``[0, 1]``.

    Raises:
        ValueError: If the weight is out of range.

    Example:
        >>> Identify().weight
        0.8
    """

    weight: float = 0.8
    name: str = "identify"

    def __post_init__(self) -> None:
        _check_share(self.name, self.weight)

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It takes nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it takes back at the end."""
        left = _left(episode)
        found = _conduct(episode) if left > 0 else None
        if found is None or not found.opened or found.identified:
            return NOTHING
        return {"assistant": -self.weight * left}


@dataclass(frozen=True)
class WrongWrite:
    """Charges the assistant for each of its calls that changed the state and is no gold write.

    Nothing is charged where the state in the end is the gold's: what was mended, or came to the same, did no harm.

    Args:
        weight: Charged for each, at least 0.
        cap: Charged at most in an episode.

    Example:
        >>> WrongWrite().weight, WrongWrite().cap
        (0.1, 0.3)
    """

    weight: float = 0.1
    cap: float = 0.3
    name: str = "wrong_write"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It charges nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it charges at the end."""
        made = [call for call in episode.changing_calls if call.requestor == "assistant"]
        if not made or episode.prepared.domain.compat.name != "toolgym" or episode.grade.db_match:
            return NOTHING
        gold = [action for action in episode.prepared.gold_writes if action.requestor == "assistant"]
        wrong = len(made) - matched_writes(gold, made)
        return {"assistant": -min(self.cap, self.weight * wrong)} if wrong else NOTHING


def _check_share(name: str, weight: float) -> None:
    if not 0 <= weight <= 1:
        raise ValueError(f"the weight of the reward term {name!r} is a share and must be in [0, 1], got {weight!r}")


def _left(episode: EpisodeView) -> float:
    """What is left of what success and action paid the assistant."""
    paid = episode.rewards["assistant"]
    return sum(paid.get(name, 0.0) for name in (*EARNED, *TAKERS))


def _conduct(episode: EpisodeView) -> Conduct | None:
    """How the assistant went about it; None with another benchmark's tasks."""
    domain = episode.prepared.domain
    if domain.compat.name != "toolgym":
        return None
    history = episode.task.initial_state.message_history if episode.task.initial_state is not None else None
    return conduct(domain, episode.messages, len(history or ()))
