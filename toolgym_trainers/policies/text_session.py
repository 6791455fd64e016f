"""One episode of a policy in text, for libraries that turn text into tokens themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from toolgym.episode.conversation import Conversation, ConversationParts
from toolgym.errors import DataError
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.policies.codec import Codec


@dataclass(frozen=True)
class Heard:
    """What came of a message of the policy.

    Args:
        text: What stands behind the message, from its end to where the next one begins; empty if the episode is over.
        reward: What was paid since the policy last spoke.
        terms: The same by term.
        over: Whether the episode is over.
    """

    text: str
    reward: float
    terms: Mapping[str, float]
    over: bool


class TextSession:
    """One episode of a policy whose messages the caller samples, in the text that a library is to turn into tokens.

    The library appends each text to what it has, and turns it into tokens by itself (``add_special_tokens=False``):
    nothing of the dialogue is ever written again.

    Args:
        codec: How the policy reads and writes.
        parts: What the conversation is made of.
        task: What is played.
        trial: Which trial of the task, from 0.
        seed: The run's seed, at least 0.

    Raises:
        DataError: If the policy forgets its thoughts: the dialogue would not only grow.
        TaskError: If the task cannot be set up, or the user cannot play it.
    """

    def __init__(self, codec: Codec, parts: ConversationParts, task: Task, trial: int = 0, *, seed: int = 0) -> None:
        if codec.view.name == "native-strip":
            raise DataError(
                "a dialogue in text only grows, and the view 'native-strip' takes thoughts out; use 'native'"
            )
        self.codec = codec
        self.talk = Conversation(parts, task, trial, seed)
        self.transcript = codec.transcript(parts.domain, self.talk.tools)

    def open(self) -> Heard:
        """Let the user open; the text is the first prompt."""
        return self._hear()

    def say(self, text: str, *, tokens: int | None = None) -> Heard:
        """Say a message as it was sampled, and hear what comes of it.

        Args:
            text: The message, the sign that ends it included where the policy wrote it.
            tokens: How many tokens it has, for what is paid by length; None counts them.

        Raises:
            EpisodeError: If the episode is over.
        """
        if tokens is None:
            tokens = len(self.codec.tokenizer(text, add_special_tokens=False)["input_ids"])
        self.talk.say(replace(self.transcript.add_text(text), tokens=tokens))
        return self._hear()

    def trajectory(self, agent: str) -> Trajectory:
        """The episode as a run keeps it."""
        return self.talk.trajectory(agent=agent)

    def _hear(self) -> Heard:
        self.talk.reply()
        terms: dict[str, float] = {}
        for step in self.talk.steps():
            for name, paid in step.reward_terms.get("assistant", {}).items():
                terms[name] = terms.get(name, 0.0) + paid
        text = "" if self.talk.over else self.transcript.observe_text(self.talk.news())
        return Heard(text, sum(terms.values()), terms, self.talk.over)
