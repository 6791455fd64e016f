"""Writes the messages of many dialogues at once: rows join, read, write and leave."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from toolgym_trainers.policies.cache import Forward
from toolgym_trainers.policies.lora import base_of
from toolgym_trainers.policies.policy import Policy

READ_TOGETHER = 0.2
"""The share of busy rows that must have something to read before they read it: reading keeps others from writing."""


@dataclass
class Costs:
    """Where time went and what for.

    Args:
        forward: CPU-seconds of forward passes.
        choosing: CPU-seconds of drawing tokens.
        read: Tokens that were read.
        made: Tokens that were written.
        passes: Forward passes.
    """

    forward: float = 0.0
    choosing: float = 0.0
    read: int = 0
    made: int = 0
    passes: int = 0


@dataclass
class Row:
    """One dialogue in the engine.

    Args:
        place: Its row.
        rng: Draws its tokens.
        allowed: Numbers of the slots that it may write; None where the policy has none.
        reading: What it has to read.
        tokens: The message that it is writing.
        logprobs: Their log-probabilities at temperature 1.
        sampled_logprobs: Those at the temperature of sampling.
        length: How many tokens it has read and written.
        busy: Whether it has something to read or write.
    """

    place: int
    rng: np.random.Generator
    allowed: Sequence[int] | None = None
    reading: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    sampled_logprobs: list[float] = field(default_factory=list)
    length: int = 0
    busy: bool = False


class Engine:
    """Rows of one policy over one cache of keys and values.

    Slots that stand for nothing in a dialogue are never written; log-probabilities are those of the policy as if they
    could be.

    Args:
        policy: Who writes.
        rows: Dialogues at once to begin with, at least 1; the cache grows when more join.
        temperature: Of sampling, at least 0; 0 takes the likeliest token.
        most: Tokens of one message, at least 1; one that has not ended by then is cut.
        context: Tokens of a dialogue.
    """

    def __init__(self, policy: Policy, *, rows: int, temperature: float, most: int, context: int) -> None:
        self.policy = policy
        self.temperature = temperature
        self.most = most
        self.forward = Forward(base_of(policy.model), rows, context)
        self.costs = Costs()
        self._rows: dict[int, Row] = {}
        self._free = list(range(rows))[::-1]
        size = policy.model.get_output_embeddings().weight.shape[0]
        self._logits = torch.zeros(rows, size)
        self._slots = torch.zeros(size, dtype=torch.bool)
        self._slots[list(policy.codec.slots.values())] = True
        self._banned = self._slots.repeat(rows, 1) if policy.codec.slots else None

    def __enter__(self) -> Engine:
        self.forward.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.forward.__exit__(*exception)

    @property
    def capacity(self) -> int:
        """Rows that there are."""
        return len(self._logits)

    @property
    def busy(self) -> bool:
        """Whether any row has something to read or write."""
        return any(row.busy for row in self._rows.values())

    def join(self, rng: np.random.Generator) -> Row:
        """A row for a new dialogue."""
        if not self._free:
            self._grow()
        row = Row(self._free.pop(), rng)
        self._rows[row.place] = row
        return row

    def leave(self, row: Row) -> None:
        """Free a row."""
        del self._rows[row.place]
        self._free.append(row.place)

    def feed(
        self, row: Row, tokens: Sequence[int], allowed: Sequence[int] | None = None, *, anew: bool = False
    ) -> None:
        """Give a row what is new to it, whereupon it is to write a message.

        Args:
            row: The row.
            tokens: What it has to read, at least one token.
            allowed: Numbers of the slots that it may write.
            anew: Whether this is all that it is to read, and what it has read before is forgotten.
        """
        if anew:
            row.length = 0
        row.reading = list(tokens)
        row.tokens, row.logprobs, row.sampled_logprobs = [], [], []
        row.busy = True
        if self._banned is not None:
            self._banned[row.place] = self._slots
            self._banned[row.place, list(allowed or ())] = False

    def step(self) -> list[Row]:
        """One forward pass: some rows read, or the others write a token; those that finished their message."""
        busy = [row for row in self._rows.values() if row.busy]
        reading = [row for row in busy if row.reading]
        writing = [row for row in busy if not row.reading]
        if reading and (len(reading) >= max(1.0, READ_TOGETHER * len(busy)) or not writing):
            self._read(reading)
            return []
        return self._write(writing) if writing else []

    def shrink(self) -> None:
        """Keep the rows in use and no others, once these are half of all."""
        rows = sorted(self._rows.values(), key=lambda row: row.place)
        if len(rows) > self.capacity // 2 or self.capacity <= 4 or not rows:
            return
        kept = torch.tensor([row.place for row in rows])
        self._choose_rows(kept)
        self._rows = {}
        for place, row in enumerate(rows):
            row.place = place
            self._rows[place] = row
        self._free = []

    def _choose_rows(self, kept: torch.Tensor) -> None:
        self.forward.cache.keep(kept.to(self.policy.model.device))
        self._logits = self._logits[kept]
        self._banned = None if self._banned is None else self._banned[kept]

    def _grow(self) -> None:
        count = self.capacity
        self._free = list(range(count, 2 * count))[::-1]
        self.forward.cache.grow(2 * count)
        self._logits = torch.cat((self._logits, torch.zeros_like(self._logits)))
        if self._banned is not None:
            self._banned = torch.cat((self._banned, self._slots.repeat(count, 1)))

    def _read(self, rows: Sequence[Row]) -> None:
        start = time.process_time()
        counts = torch.tensor([len(row.reading) for row in rows])
        tokens = torch.zeros(len(rows), int(counts.max()), dtype=torch.long)
        for line, row in zip(tokens, rows, strict=True):
            line[: len(row.reading)] = torch.tensor(row.reading)
        places = torch.tensor([row.place for row in rows])
        lengths = torch.tensor([row.length for row in rows])
        self._logits[places] = self.forward(tokens, lengths, counts - 1, places).cpu()
        for row in rows:
            row.length += len(row.reading)
            row.reading = []
        self.costs.read += int(counts.sum())
        self.costs.passes += 1
        self.costs.forward += time.process_time() - start

    def _write(self, rows: Sequence[Row]) -> list[Row]:
        start = time.process_time()
        places = torch.tensor([row.place for row in rows])
        chosen = self._choose(rows, places)
        middle = time.process_time()
        self.costs.choosing += middle - start
        lengths = torch.tensor([row.length for row in rows])
        if len(rows) * 2 > self.capacity:  # computing the rows that wait costs less than gathering the others
            tokens = torch.zeros(self.capacity, 1, dtype=torch.long)
            starts = torch.zeros(self.capacity, dtype=torch.long)
            for row in self._rows.values():
                starts[row.place] = row.length  # one that waits writes there what it will write over
            tokens[places, 0] = chosen
            self._logits[places] = self.forward(tokens, starts, None)[places.to(self.policy.model.device)].cpu()
        else:
            self._logits[places] = self.forward(chosen[:, None], lengths, None, places).cpu()
        finished = []
        for row in rows:
            row.length += 1
            if row.tokens[-1] == self.policy.codec.format.end or len(row.tokens) >= self.most:
                row.busy = False
                finished.append(row)
        self.costs.made += len(rows)
        self.costs.passes += 1
        self.costs.forward += time.process_time() - middle
        return finished

    def _choose(self, rows: Sequence[Row], places: torch.Tensor) -> torch.Tensor:
        """Draw the next token of each row, and note how likely it was."""
        logits = self._logits[places]
        plain = torch.log_softmax(logits, -1)
        scaled = plain if self.temperature in (0, 1) else torch.log_softmax(logits / self.temperature, -1)
        drawn = scaled if self._banned is None else scaled.masked_fill(self._banned[places], -torch.inf)
        if self.temperature == 0:
            chosen = drawn.argmax(-1)
        else:
            sums = drawn.double().exp().cumsum(-1)
            draws = torch.tensor([row.rng.random() for row in rows], dtype=torch.double)
            wanted = draws[:, None] * sums[:, -1:]
            chosen = torch.searchsorted(sums, wanted, right=True)[:, 0].clamp_(max=sums.shape[1] - 1)
        of_plain = plain.gather(1, chosen[:, None])[:, 0].tolist()
        of_scaled = scaled.gather(1, chosen[:, None])[:, 0].tolist()
        for row, token, one, other in zip(rows, chosen.tolist(), of_plain, of_scaled, strict=True):
            row.tokens.append(token)
            row.logprobs.append(one)
            row.sampled_logprobs.append(other)
        return chosen
