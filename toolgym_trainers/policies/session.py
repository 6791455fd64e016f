"""One episode of a policy, for whoever samples its messages: token in, token out, and a record at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from toolgym.episode.conversation import Conversation, ConversationParts
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.policies.codec import Codec
from toolgym_trainers.record import Kind, RolloutRecord, Turn


class Job(NamedTuple):
    """One episode to be played.

    Args:
        task: What is played.
        trial: Which trial of the task, from 0.
        group: Which group of trials it belongs to; by default all trials of the task.
    """

    task: Task
    trial: int = 0
    group: str = ""


class Played(NamedTuple):
    """One episode that was played: as a trainer needs it, and as a run keeps it."""

    record: RolloutRecord
    trajectory: Trajectory


class Session:
    """One episode of a policy whose messages the caller samples.

    Let the user speak (``session.talk.reply()``, or :func:`~toolgym.episode.conversation.reply_all` for many), read
    what is new to the policy with :meth:`hear`, and give what it wrote to :meth:`say`; again until :attr:`over`.

    Args:
        codec: How the policy reads and writes.
        parts: What the conversation is made of.
        job: What is played.
        seed: The run's seed, at least 0.
        most: Tokens that a message may have, at least 1: an episode in which the next might not fit is given up.
        context: Tokens that a dialogue may have.
        temperature: Of sampling, at least 0.
        name: What records call the policy.

    Raises:
        TaskError: If the task cannot be set up, or the user cannot play it.
    """

    def __init__(
        self,
        codec: Codec,
        parts: ConversationParts,
        job: Job,
        *,
        seed: int = 0,
        most: int,
        context: int,
        temperature: float = 1.0,
        name: str = "policy",
    ) -> None:
        self.codec = codec
        self.job = job
        self.talk = Conversation(parts, job.task, job.trial, seed)
        self.transcript = codec.transcript(parts.domain, self.talk.tools)
        self.turns: list[Turn] = []
        self._most = most
        self._context = context
        self._temperature = temperature
        self._name = name
        self._before = 0.0
        """Paid before the policy's first message."""

    @property
    def over(self) -> bool:
        """Whether the policy has nothing more to say."""
        return self.talk.over

    @property
    def allowed(self) -> list[int] | None:
        """The slots that the policy may write: those that stand for something; None where it has none."""
        return self.codec.allowed(self.transcript)

    def hear(self) -> list[int]:
        """What is new to the policy, up to where its next message begins; nothing if the episode is over."""
        self._count()
        if not self.over:
            new = self.transcript.observe(self.talk.news())
            if self.transcript.length + self._most <= self._context:
                return new
            self.talk.give_up("context_window_exceeded")
            self._count()
        return []

    def say(self, tokens: Sequence[int], logprobs: Sequence[float], sampled: Sequence[float] | None = None) -> Message:
        """Say a message as it was sampled.

        Args:
            tokens: Its tokens, at least one, the one that ends it included where the policy wrote it.
            logprobs: Their log-probabilities at temperature 1, in nats.
            sampled: Those at the temperature of sampling; not needed if that is 1 or 0.

        Returns:
            What it was read as.

        Raises:
            EpisodeError: If the episode is over.
            DataError: If there are not as many log-probabilities as tokens.
        """
        message = self.transcript.add(tokens)
        start, end = self.transcript.made[-1]
        text = self.codec.format.decode(tokens)
        known = None if self._temperature in (0, 1) else tuple(sampled if sampled is not None else ())
        self.turns.append(Turn(start, end, tuple(logprobs), known, reward=0.0, text=text, kind=kind_of(message)))
        self.talk.say(replace(message, tokens=len(tokens)))
        return message

    def played(self) -> Played:
        """The episode that is over, as a trainer needs it and as a run keeps it."""
        return Played(self.record(), self.talk.trajectory(agent=self._name))

    def record(self) -> RolloutRecord:
        """The episode that is over, as a trainer needs it."""
        episode, turns = self.talk.episode, list(self.turns)
        if turns:
            turns[0] = replace(turns[0], reward=turns[0].reward + self._before)
        terms = dict(episode.rewards["assistant"])
        fault = episode.fault
        finished = episode.termination in ("user_stop", "agent_stop")
        return RolloutRecord(
            tokens=tuple(self.transcript.tokens),
            turns=tuple(turns),
            starts=tuple(self.transcript.starts),
            reward_terms=terms,
            reward=sum(terms.values()),
            success=self.talk.success,
            group=self.job.group or self.job.task.key,
            task_key=self.job.task.key,
            task_id=self.job.task.id,
            trial=self.job.trial,
            seed=self.talk.seed,
            status="void" if fault is not None else "finished" if finished else "truncated",
            termination=episode.termination,
            fault=None if fault is None else str(fault),
            policy=self._name,
            view=self.codec.view.name,
            temperature=self._temperature,
            repeats=episode.repeats["assistant"],
            errors=episode.errors,
        )

    def _count(self) -> None:
        """Add what was paid to the policy's last message."""
        paid = sum(step.reward() for step in self.talk.steps())
        if self.turns:
            self.turns[-1] = replace(self.turns[-1], reward=self.turns[-1].reward + paid)
        else:
            self._before += paid


def kind_of(message: Message) -> Kind:
    """What a message of a policy was read as."""
    if any(call.problem is not None for call in message.tool_calls):
        return "malformed"
    return "call" if message.tool_calls else "speech"
