"""Many live episodes of one policy at once, a batch of rows over one cache of keys and values."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from toolgym.episode import rng_for
from toolgym.episode.conversation import Conversation, ConversationParts, reply_all
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.policies.cache import Forward
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.transcript import Transcript
from toolgym_trainers.record import Kind, RolloutRecord, Turn

WAITING = 0.2
"""The share of rows that have something to read before they all read it: each reading stops the others from writing."""


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
class Costs:
    """Where the time of sampling went, in seconds of this process's CPUs, and what came of it."""

    forward: float = 0.0
    episodes: float = 0.0
    choosing: float = 0.0
    read: int = 0
    made: int = 0
    passes: int = 0


@dataclass
class _Row:
    """One live episode in its row."""

    job: Job
    talk: Conversation
    transcript: Transcript
    rng: np.random.Generator
    turns: list[Turn] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    sampled: list[float] = field(default_factory=list)
    before: float = 0.0
    """Paid before the policy's first message."""


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
        found: dict[int, Played] = {}
        count = min(self.rows, len(waiting))
        with Forward(self.policy.model, count, self.context) as forward:
            _Batch(self, forward, seed, waiting, found, done).run()
        return [found[place] for place in sorted(found)]


class _Batch:
    """The rows of one call of :meth:`Sampler.play`."""

    def __init__(
        self,
        sampler: Sampler,
        forward: Forward,
        seed: int,
        jobs: deque[tuple[int, Job]],
        found: dict[int, Played],
        done: Callable[[Played], None] | None,
    ) -> None:
        self.sampler = sampler
        self.policy = sampler.policy
        self.forward = forward
        self.seed = seed
        self.jobs = jobs
        self.found = found
        self.done = done
        size = self.policy.model.config.get_text_config().vocab_size
        count = forward.cache.rows
        self.rows: list[_Row | None] = [None] * count
        self.places: list[int] = [0] * count
        self.logits = torch.zeros(count, size)
        self.lengths = torch.zeros(count, dtype=torch.long)
        self.slots = self.policy.slots
        self.banned = torch.zeros(count, size, dtype=torch.bool) if self.slots else None

    def run(self) -> None:
        self.fill(range(len(self.rows)))
        while any(row is not None for row in self.rows):
            self.shrink()
            live = [place for place, row in enumerate(self.rows) if row is not None]
            reading = [place for place in live if self.rows[place].waiting]  # type: ignore[union-attr]  # live ones only
            writing = [place for place in live if not self.rows[place].waiting]  # type: ignore[union-attr]  # likewise
            if reading and (len(reading) >= max(1, WAITING * len(live)) or not writing):
                self.read(reading)
            else:
                self.write(writing)

    def fill(self, places: Iterable[int]) -> None:
        """Begin episodes in free rows."""
        begun = []
        for place in places:
            if not self.jobs:
                break
            number, job = self.jobs.popleft()
            start = time.process_time()
            talk = Conversation(self.sampler.parts, job.task, job.trial, self.seed)
            transcript = Transcript(self.policy, self.sampler.parts.domain, talk.tools)
            rng = rng_for(self.seed, job.task.key, job.trial, "assistant")
            self.rows[place] = _Row(job, talk, transcript, rng)
            self.places[place] = number
            self.lengths[place] = 0
            begun.append(place)
            self.sampler.costs.episodes += time.process_time() - start
        self.hear(begun)

    def hear(self, places: Sequence[int]) -> None:
        """Let users answer, and give the rows what is new; those whose episode is over are ended."""
        start = time.process_time()
        rows = [(place, row) for place in places if (row := self.rows[place]) is not None]
        reply_all([row.talk for _, row in rows if not row.talk.over])
        ended = []
        for place, row in rows:
            paid = sum(step.reward() for step in row.talk.steps())
            if row.turns:
                last = row.turns[-1]
                row.turns[-1] = _paid(last, paid)
            else:
                row.before += paid
            if row.talk.over:
                ended.append(place)
                continue
            row.waiting = row.transcript.observe(row.talk.news())
            if len(row.transcript.tokens) + self.sampler.most > self.sampler.context:
                row.talk.give_up("context_window_exceeded")
                paid = sum(step.reward() for step in row.talk.steps())
                if row.turns:
                    row.turns[-1] = _paid(row.turns[-1], paid)
                ended.append(place)
                continue
            self.allow(place, row)
        self.sampler.costs.episodes += time.process_time() - start
        for place in ended:
            self.end(place)
        if ended:
            self.fill(ended)

    def allow(self, place: int, row: _Row) -> None:
        """Let a row write the slots that stand for something."""
        if self.banned is not None:
            self.banned[place, list(self.slots.values())] = True
            known = [self.slots[alias] for alias in row.transcript.sight.aliases if alias in self.slots]
            self.banned[place, known] = False

    def end(self, place: int) -> None:
        """Keep an episode that is over, and free its row."""
        row = self.rows[place]
        assert row is not None
        self.rows[place] = None
        played = _played(row, self.sampler)
        self.found[self.places[place]] = played
        if self.done is not None:
            self.done(played)

    def shrink(self) -> None:
        """Keep the rows that are alive, once they are half of all and nothing is left to begin."""
        live = [place for place, row in enumerate(self.rows) if row is not None]
        if self.jobs or len(live) > len(self.rows) // 2 or len(self.rows) <= 4:
            return
        kept = torch.tensor(live)
        self.forward.cache.keep(kept.to(self.policy.model.device))
        self.logits, self.lengths = self.logits[kept], self.lengths[kept]
        self.banned = None if self.banned is None else self.banned[kept]
        self.rows = [self.rows[place] for place in live]
        self.places = [self.places[place] for place in live]

    def read(self, places: Sequence[int]) -> None:
        """Feed rows what they have to read."""
        start = time.process_time()
        rows = [row for place in places if (row := self.rows[place]) is not None]
        counts = torch.tensor([len(row.waiting) for row in rows])
        tokens = torch.zeros(len(rows), int(counts.max()), dtype=torch.long)
        for line, row in zip(tokens, rows, strict=True):
            line[: len(row.waiting)] = torch.tensor(row.waiting)
        chosen = torch.tensor(places)
        self.logits[chosen] = self.forward(tokens, self.lengths[chosen], counts - 1, chosen).cpu()
        self.lengths[chosen] += counts
        for row in rows:
            row.waiting = []
        costs = self.sampler.costs
        costs.read += int(counts.sum())
        costs.passes += 1
        costs.forward += time.process_time() - start

    def write(self, places: Sequence[int]) -> None:
        """Let rows write a token each; those whose message is finished say it."""
        start = time.process_time()
        sampler = self.sampler
        chosen = self.choose(places)
        middle = time.process_time()
        sampler.costs.choosing += middle - start
        finished = []
        for place, token in zip(places, chosen, strict=True):
            row = self.rows[place]
            assert row is not None
            if token == self.policy.format.end or len(row.tokens) >= sampler.most:
                finished.append(place)
        if len(places) * 2 > len(self.rows):  # computing the rows that wait costs less than gathering the others
            tokens = torch.zeros(len(self.rows), 1, dtype=torch.long)
            at = torch.tensor(places)
            tokens[at, 0] = torch.tensor(chosen)
            logits = self.forward(tokens, self.lengths, None)[at.to(self.policy.model.device)].cpu()
        else:
            at = torch.tensor(places)
            logits = self.forward(torch.tensor(chosen)[:, None], self.lengths[at], None, at).cpu()
        self.logits[at] = logits
        self.lengths[at] += 1
        sampler.costs.made += len(places)
        sampler.costs.passes += 1
        sampler.costs.forward += time.process_time() - middle
        start = time.process_time()
        for place in finished:
            row = self.rows[place]
            assert row is not None
            _say(row)
        sampler.costs.episodes += time.process_time() - start
        self.hear(finished)

    def choose(self, places: Sequence[int]) -> list[int]:
        """Draw the next token of each row, and note how likely it was."""
        temperature = self.sampler.temperature
        at = torch.tensor(places)
        plain = torch.log_softmax(self.logits[at], -1)
        scaled = plain if temperature in (0, 1) else torch.log_softmax(self.logits[at] / temperature, -1)
        drawn = scaled if self.banned is None else scaled.masked_fill(self.banned[at], -torch.inf)
        if temperature == 0:
            chosen = drawn.argmax(-1)
        else:
            sums = drawn.double().exp().cumsum(-1)
            draws = [row.rng.random() for place in places if (row := self.rows[place]) is not None]
            wanted = torch.tensor(draws, dtype=torch.double)[:, None] * sums[:, -1:]
            chosen = torch.searchsorted(sums, wanted, right=True)[:, 0].clamp_(max=sums.shape[1] - 1)
        of_plain = plain.gather(1, chosen[:, None])[:, 0].tolist()
        of_scaled = scaled.gather(1, chosen[:, None])[:, 0].tolist()
        for place, token, one, other in zip(places, chosen.tolist(), of_plain, of_scaled, strict=True):
            row = self.rows[place]
            assert row is not None
            row.tokens.append(token)
            row.logprobs.append(one)
            row.sampled.append(other)
        return [int(token) for token in chosen]


def _paid(turn: Turn, paid: float) -> Turn:
    """A turn with more reward."""
    return turn if paid == 0 else Turn(**{**turn.__dict__, "reward": turn.reward + paid})


def _say(row: _Row) -> None:
    """Say the message that a row has finished."""
    tokens = row.tokens
    message = row.transcript.add(tokens)
    start, end = row.transcript.made[-1]
    row.turns.append(
        Turn(
            start,
            end,
            tuple(row.logprobs),
            tuple(row.sampled),
            reward=0.0,
            text=row.transcript.format.decode(tokens),
            kind=_kind(message),
        )
    )
    row.tokens, row.logprobs, row.sampled = [], [], []
    row.talk.say(Message(message.role, message.content, message.tool_calls, tokens=len(tokens)))


def _kind(message: Message) -> Kind:
    if any(call.problem is not None for call in message.tool_calls):
        return "malformed"
    return "call" if message.tool_calls else "speech"


def _played(row: _Row, sampler: Sampler) -> Played:
    episode = row.talk.episode
    trajectory = row.talk.trajectory(agent=sampler.policy.name or "policy")
    plain = sampler.temperature in (0, 1)
    turns = [Turn(**{**turn.__dict__, "sampled_logprobs": None}) for turn in row.turns] if plain else row.turns
    if turns and row.before:
        turns[-1] = _paid(turns[-1], row.before)
    terms = dict(episode.rewards["assistant"])
    fault = episode.fault
    truncated = episode.termination not in ("user_stop", "agent_stop")
    record = RolloutRecord(
        tokens=tuple(row.transcript.tokens),
        turns=tuple(turns),
        reward_terms=terms,
        reward=sum(terms.values()),
        success=row.talk.success,
        group=row.job.group or row.job.task.key,
        task_key=row.job.task.key,
        task_id=row.job.task.id,
        trial=row.job.trial,
        seed=row.talk.seed,
        status="void" if fault is not None else "truncated" if truncated else "finished",
        termination=episode.termination,
        fault=None if fault is None else str(fault),
        policy=sampler.policy.name or "policy",
        view=sampler.policy.view.name,
        temperature=sampler.temperature,
        repeats=episode.repeats["assistant"],
        errors=episode.errors,
    )
    return Played(record, trajectory)
