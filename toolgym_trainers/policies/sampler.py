"""Plays episodes with a policy, many at once, and keeps what a trainer needs of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from toolgym.episode import rng_for
from toolgym.episode.conversation import Conversation, ConversationParts, reply_all
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.policies.engine import Costs, Engine, Row
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.transcript import Transcript
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


@dataclass
class _Live:
    """One episode that is being played."""

    number: int
    job: Job
    talk: Conversation
    transcript: Transcript
    row: Row
    turns: list[Turn] = field(default_factory=list)
    before: float = 0.0
    """Paid before the policy's first message."""

    def count(self) -> None:
        """Add what was paid to the policy's last message."""
        paid = sum(step.reward() for step in self.talk.steps())
        if self.turns:
            self.turns[-1] = replace(self.turns[-1], reward=self.turns[-1].reward + paid)
        else:
            self.before += paid


class Sampler:
    """Plays episodes with a policy, many at once; rows join and leave as episodes begin and end.

    Each episode draws from a random stream of its own, that of its seed, task and trial: what it plays depends on the
    others only as far as sums of floating-point numbers in larger batches do.

    Args:
        policy: Who writes the assistant's messages.
        parts: What the conversations are made of.
        rows: Episodes at once, at least 1.
        temperature: Of sampling, at least 0; 0 takes the likeliest token.
        most: Tokens of one message, at least 1; one that has not ended by then is cut, and read as it is.
        context: Tokens of a dialogue, at most those of the policy; an episode that outgrows them is given up.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(
        self,
        policy: Policy,
        parts: ConversationParts,
        *,
        rows: int = 32,
        temperature: float = 1.0,
        most: int = 160,
        context: int | None = None,
    ) -> None:
        context = policy.context if context is None else context
        if min(rows, most) < 1 or not temperature >= 0 or not most < context <= policy.context:
            raise ValueError(
                f"rows and most must be at least 1, temperature at least 0 and context above most and at most "
                f"{policy.context}; got {rows}, {most}, {temperature} and {context}"
            )
        self.policy = policy
        self.parts = parts
        self.rows = rows
        self.temperature = temperature
        self.most = most
        self.context = context
        self.costs = Costs()
        self.seconds = 0.0
        """CPU-seconds of environments, users and views so far."""

    def play(self, jobs: Iterable[Job], *, seed: int = 0, done: Callable[[Played], None] | None = None) -> list[Played]:
        """Play episodes.

        Args:
            jobs: What is played.
            seed: The run's seed, at least 0.
            done: Called with each episode as it ends, in the order in which they end.

        Returns:
            The episodes, in the order of the jobs.
        """
        waiting = deque(enumerate(jobs))
        if not waiting:
            return []
        rows = min(self.rows, len(waiting))
        with self.engine(rows) as engine:
            return _Playing(self, engine, seed, waiting, done).run()

    def engine(self, rows: int) -> Engine:
        """What writes the messages of so many rows."""
        engine = Engine(self.policy, rows=rows, temperature=self.temperature, most=self.most, context=self.context)
        engine.costs = self.costs
        return engine


class _Playing:
    """One call of :meth:`Sampler.play`."""

    def __init__(
        self,
        sampler: Sampler,
        engine: Engine,
        seed: int,
        jobs: deque[tuple[int, Job]],
        done: Callable[[Played], None] | None,
    ) -> None:
        self.sampler = sampler
        self.engine = engine
        self.rows = engine.capacity
        self.seed = seed
        self.jobs = jobs
        self.done = done
        self.live: dict[int, _Live] = {}
        """By the number of the job."""
        self.found: dict[int, Played] = {}

    def run(self) -> list[Played]:
        self.begin()
        while self.live:
            rows = {id(row) for row in self.engine.step()}
            if not rows:
                continue
            start = time.process_time()
            finished = [one for one in self.live.values() if id(one.row) in rows]
            for one in finished:
                _say(one)
            self.sampler.seconds += time.process_time() - start
            self.hear(finished)
            self.begin()
        return [self.found[number] for number in sorted(self.found)]

    def begin(self) -> None:
        """Begin episodes in all free rows; some may be over before the policy has the turn."""
        while self.jobs and len(self.live) < self.rows:
            self.join(self.rows - len(self.live))
        if not self.jobs:
            self.engine.shrink()

    def join(self, count: int) -> None:
        """Begin up to so many episodes."""
        start = time.process_time()
        begun = []
        for _ in range(min(count, len(self.jobs))):
            number, job = self.jobs.popleft()
            talk = Conversation(self.sampler.parts, job.task, job.trial, self.seed)
            transcript = Transcript(self.sampler.policy, self.sampler.parts.domain, talk.tools)
            row = self.engine.join(rng_for(self.seed, job.task.key, job.trial, "assistant"))
            self.live[number] = _Live(number, job, talk, transcript, row)
            begun.append(self.live[number])
        self.sampler.seconds += time.process_time() - start
        self.hear(begun)

    def hear(self, episodes: Sequence[_Live]) -> None:
        """Let users answer, and give the rows what is new; those whose episode is over are ended."""
        start = time.process_time()
        reply_all([one.talk for one in episodes if not one.talk.over])
        for one in episodes:
            one.count()
            if not one.talk.over:
                new = one.transcript.observe(one.talk.news())
                if len(one.transcript.tokens) + self.sampler.most > self.sampler.context:
                    one.talk.give_up("context_window_exceeded")
                    one.count()
                else:
                    self.engine.feed(one.row, new, self.slots(one))
            if one.talk.over:
                self.end(one)
        self.sampler.seconds += time.process_time() - start

    def slots(self, one: _Live) -> list[int] | None:
        """The slots that an episode's policy may write: those that stand for something."""
        slots = self.sampler.policy.slots
        return [slots[alias] for alias in one.transcript.sight.aliases if alias in slots] if slots else None

    def end(self, one: _Live) -> None:
        """Keep an episode that is over, and free its row."""
        self.engine.leave(one.row)
        del self.live[one.number]
        played = _played(one, self.sampler)
        self.found[one.number] = played
        if self.done is not None:
            self.done(played)


def _say(one: _Live) -> None:
    """Say the message that a row has finished."""
    row = one.row
    message = one.transcript.add(row.tokens)
    start, end = one.transcript.made[-1]
    text = one.transcript.format.decode(row.tokens)
    logprobs = (tuple(row.logprobs), tuple(row.sampled_logprobs))
    one.turns.append(Turn(start, end, *logprobs, reward=0.0, text=text, kind=_kind(message)))
    one.talk.say(replace(message, tokens=len(row.tokens)))


def _kind(message: Message) -> Kind:
    if any(call.problem is not None for call in message.tool_calls):
        return "malformed"
    return "call" if message.tool_calls else "speech"


def _played(one: _Live, sampler: Sampler) -> Played:
    episode, turns = one.talk.episode, one.turns
    name = sampler.policy.name or "policy"
    if sampler.temperature in (0, 1):
        turns = [replace(turn, sampled_logprobs=None) for turn in turns]
    if turns:
        turns[0] = replace(turns[0], reward=turns[0].reward + one.before)
    terms = dict(episode.rewards["assistant"])
    fault = episode.fault
    finished = episode.termination in ("user_stop", "agent_stop")
    record = RolloutRecord(
        tokens=tuple(one.transcript.tokens),
        turns=tuple(turns),
        reward_terms=terms,
        reward=sum(terms.values()),
        success=one.talk.success,
        group=one.job.group or one.job.task.key,
        task_key=one.job.task.key,
        task_id=one.job.task.id,
        trial=one.job.trial,
        seed=one.talk.seed,
        status="void" if fault is not None else "finished" if finished else "truncated",
        termination=episode.termination,
        fault=None if fault is None else str(fault),
        policy=name,
        view=sampler.policy.view.name,
        temperature=sampler.temperature,
        repeats=episode.repeats["assistant"],
        errors=episode.errors,
    )
    return Played(record, one.talk.trajectory(agent=name))
