"""Plays episodes with a policy, many at once, and keeps what a trainer needs of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from toolgym.episode import rng_for
from toolgym.episode.conversation import ConversationParts, reply_all
from toolgym_trainers.policies.engine import Costs, Engine, Row
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.session import Job, Played, Session


@dataclass
class _Live:
    """One episode that is being played, and the row that writes for it."""

    number: int
    session: Session
    row: Row


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

    def session(self, job: Job, seed: int) -> Session:
        """A new episode.

        Args:
            job: What is played.
            seed: The run's seed, at least 0.
        """
        return Session(
            self.policy.codec,
            self.parts,
            job,
            seed=seed,
            most=self.most,
            context=self.context,
            temperature=self.temperature,
            name=self.policy.name or "policy",
        )

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
                row = one.row
                one.session.say(row.tokens, row.logprobs, row.sampled_logprobs)
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
            session = self.sampler.session(job, self.seed)
            row = self.engine.join(rng_for(self.seed, job.task.key, job.trial, "assistant"))
            self.live[number] = _Live(number, session, row)
            begun.append(self.live[number])
        self.sampler.seconds += time.process_time() - start
        self.hear(begun)

    def hear(self, episodes: Sequence[_Live]) -> None:
        """Let users answer, and give the rows what is new; those whose episode is over are ended."""
        start = time.process_time()
        reply_all([one.session.talk for one in episodes if not one.session.over])
        for one in episodes:
            if new := one.session.hear():
                self.engine.feed(one.row, new, one.session.allowed, anew=one.session.transcript.anew)
            else:
                self.end(one)
        self.sampler.seconds += time.process_time() - start

    def end(self, one: _Live) -> None:
        """Keep an episode that is over, and free its row."""
        self.engine.leave(one.row)
        del self.live[one.number]
        played = one.session.played()
        self.found[one.number] = played
        if self.done is not None:
            self.done(played)
