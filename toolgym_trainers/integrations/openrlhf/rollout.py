"""One episode as OpenRLHF plays it: text for it to append, what is paid, and figures for its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from toolgym.trajectory import Trajectory
from toolgym_trainers.policies.text_session import TextSession


@dataclass(frozen=True)
class Told:
    """What came of a message.

    Args:
        feedback: What stands behind it, up to where the next one begins; empty if the episode is over.
        reward: What was paid since the policy last spoke.
        success: 1 if the episode is over and was solved, else 0.
        over: Whether the episode is over.
        logs: Figures of the episode so far, the same names in each.
    """

    feedback: str
    reward: float
    success: float
    over: bool
    logs: Mapping[str, float] = field(default_factory=dict)


class Rollout:
    """One episode in which each message must have room.

    Args:
        session: The episode.
        turn_tokens: Tokens that one message may have.
    """

    def __init__(self, session: TextSession, turn_tokens: int) -> None:
        self.session = session
        self.codec = session.codec
        self.turn_tokens = turn_tokens
        self.prompt = ""
        """The first prompt."""
        self.turns = 0
        self.said = 0
        """Tokens that the policy made."""
        self._paid = 0.0

    @property
    def void(self) -> bool:
        """Whether something other than the policy failed."""
        return self.session.talk.episode.fault is not None

    @property
    def given_up(self) -> bool:
        """Whether it ended because the next message might not have had room."""
        return self.session.talk.episode.termination == "context_window_exceeded"

    def open(self) -> str:
        """Let the user open; the first prompt."""
        self.prompt = self.session.open().text
        return self.prompt

    def say(self, tokens: Sequence[int], *, before: int | None = None, most: int | None = None) -> Told:
        """Say a message, and hear what comes of it.

        Args:
            tokens: The message as it was sampled, the token that ends it included where the policy wrote it.
            before: How many tokens the dialogue had before it.
            most: How many it may have; None for any number.
        """
        self.turns += 1
        self.said += len(tokens)
        text = self.codec.format.decode(tokens)
        if tokens and tokens[-1] == self.codec.format.end:
            text += str(self.codec.tokenizer.convert_ids_to_tokens(self.codec.format.end))
        feedback = self.session.say(text, tokens=len(tokens)).text
        talk = self.session.talk
        if not talk.over and before is not None and most is not None:
            behind = len(self.codec.tokenizer(feedback, add_special_tokens=False)["input_ids"])
            if before + len(tokens) + behind + self.turn_tokens > most:
                talk.give_up("context_window_exceeded")
        return self._told(feedback)

    def trajectory(self, trial: int) -> Trajectory:
        """The episode as a run keeps it.

        Args:
            trial: Which trial of its group it is counted as, from 0.
        """
        return self.session.talk.trajectory(agent="openrlhf", trial=trial)

    def _told(self, feedback: str) -> Told:
        talk = self.session.talk
        total = sum(talk.episode.rewards["assistant"].values())
        paid, self._paid = total - self._paid, total
        success = float(talk.over and talk.success is True)
        return Told("" if talk.over else feedback, paid, success, talk.over, self._logs(success))

    def _logs(self, success: float) -> dict[str, float]:
        episode = self.session.talk.episode
        paid = episode.rewards["assistant"]
        return {
            **{f"reward_{term.name}": float(paid.get(term.name, 0.0)) for term in self.session.talk.parts.terms},
            "success": success,
            "turns": float(self.turns),
            "tokens_said": float(self.said),
            "repeats": float(episode.repeats["assistant"]),
            "errors": float(episode.errors),
            "given_up": float(self.given_up),
        }
