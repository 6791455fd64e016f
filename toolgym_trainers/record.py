"""One finished episode as a trainer needs it: token in, token out.

A record keeps the very token ids that the policy read and wrote. A trainer never turns text into tokens again: another
cut of the same text into tokens would give the ratio of two different actions.

**Which log-probabilities.** A policy that samples at a temperature T is the distribution softmax(logits / T), and that
is what is improved. So the ratio of new to old policy needs both of its sides at the temperature of sampling, and so
do its divergence from a reference and its entropy. Both sides are of the *unmasked* policy: where a sampler ruled
tokens out (a grammar, ids that do not exist), the ratio to the masked policy would punish what was left for taking over
the probability of what was ruled out. ``Turn.logprobs`` are at temperature 1, comparable between runs and with what a
server reports; ``Turn.sampled_logprobs`` are at the temperature of sampling, and only there if that is another one.
``Turn.ratio_logprobs`` chooses.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from math import isclose, isfinite
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import ConfigDict, TypeAdapter, ValidationError

from toolgym.errors import DataError
from toolgym.files.strict_json import each_line, parse
from toolgym.trajectory import Termination

FORMAT = 1
"""The layout of a record's JSON line."""

LARGEST_FILE = 1 << 32
"""Bytes of a file of records, at most."""

Kind: TypeAlias = Literal["call", "speech", "malformed"]
"""What a message was read as: a tool call, words for the user, or neither."""

Status: TypeAlias = Literal["finished", "truncated", "void"]
"""Whether the dialogue came to its end, a limit cut it off, or something other than the policy failed."""

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Turn:
    """One message that the policy made: the tokens from ``start`` up to, not including, ``end``.

    Args:
        start: Where it begins in the record's tokens, at least 1: the first token has nothing to be predicted from.
        end: Where it ends, more than ``start``. The token that closes the message belongs to it if the policy made it.
        logprobs: Log-probability of each of its tokens under the unmasked policy at temperature 1, in nats.
        sampled_logprobs: The same at the temperature of sampling; None if that is 1 or 0.
        reward: What was paid at this step. What is paid later, when nobody spoke any more, belongs to the last turn.
        text: The message as it was generated, before anything was parsed.
        kind: What it was read as.

    Raises:
        DataError: If lengths do not agree or a number is not finite.

    Example:
        >>> turn = Turn(3, 5, logprobs=(-0.1, -0.7), sampled_logprobs=None, reward=1.0, text="Done.", kind="speech")
        >>> turn.ratio_logprobs
        (-0.1, -0.7)
    """

    __pydantic_config__ = _STRICT

    start: int
    end: int
    logprobs: tuple[float, ...]
    sampled_logprobs: tuple[float, ...] | None
    reward: float
    text: str
    kind: Kind

    def __post_init__(self) -> None:
        if not 1 <= self.start < self.end:
            raise DataError(f"start and end must be 1 <= start < end, got {self.start} and {self.end}")
        for name, values in (("logprobs", self.logprobs), ("sampled_logprobs", self.sampled_logprobs)):
            if values is None:
                continue
            if len(values) != self.end - self.start:
                raise DataError(f"{name} has {len(values)} values for the {self.end - self.start} tokens of the turn")
            for value in values:
                if not isfinite(value):
                    raise DataError(f"{name} holds {value}; a token that was sampled has a finite log-probability")
        if not isfinite(self.reward):
            raise DataError(f"reward must be finite, got {self.reward}")

    @property
    def ratio_logprobs(self) -> tuple[float, ...]:
        """Log-probabilities at the temperature of sampling: the lower side of the ratio of new to old policy."""
        return self.logprobs if self.sampled_logprobs is None else self.sampled_logprobs


@dataclass(frozen=True)
class RolloutRecord:
    """One finished episode of a policy.

    Args:
        tokens: All token ids of the dialogue, as the policy saw and made them, each at least 0.
        turns: The policy's messages, in order; they do not overlap.
        reward_terms: What the assistant was paid over the episode, by term.
        reward: Their sum, which is also that of the turns' rewards if there are turns.
        success: Whether the task was solved; None if nobody judged it or the episode is void.
        group: Which group of trials of one task it belongs to.
        task_key: The task's content hash.
        task_id: The task's id in its domain.
        trial: Which repetition of the task, from 0.
        seed: The seed of its randomness, at least 0.
        status: Whether it ended, was cut off, or is void.
        termination: Why it ended, in toolgym's words; None if it was cut off by the sampler.
        fault: What failed; set if and only if the episode is void.
        policy: Name or digest of the policy.
        view: Name of what the policy saw of the dialogue.
        temperature: The temperature of sampling, at least 0; 0 always takes the likeliest token.
        repeats: Calls that only repeated an earlier one, nothing having changed in between, at least 0.
        errors: Calls that a tool refused, at least 0.
        starts: Where the tokens are read from: 0, and each place at which the dialogue began anew without what the
            policy had thought before. No turn reaches over one of them.

    Raises:
        DataError: If its parts do not agree, or a number is out of range.

    Example:
        >>> turn = Turn(2, 4, (-0.1, -0.7), None, reward=1.0, text="Done.", kind="speech")
        >>> record = RolloutRecord(
        ...     tokens=(5, 6, 7, 8, 9), turns=(turn,), reward_terms={"success": 1.0}, reward=1.0, success=True,
        ...     group="0/3", task_key="abc", task_id="create_1", trial=0, seed=7, status="finished",
        ...     termination="user_stop", fault=None, policy="tiny", view="plain", temperature=1.0, repeats=0, errors=0,
        ... )
        >>> record.mask
        (False, False, True, True, False)
        >>> RolloutRecord.from_json(record.to_json()) == record
        True
    """

    __pydantic_config__ = _STRICT

    tokens: tuple[int, ...]
    turns: tuple[Turn, ...]
    reward_terms: Mapping[str, float]
    reward: float
    success: bool | None
    group: str
    task_key: str
    task_id: str
    trial: int
    seed: int
    status: Status
    termination: Termination | None
    fault: str | None
    policy: str
    view: str
    temperature: float
    repeats: int
    errors: int
    starts: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        if self.tokens and min(self.tokens) < 0:
            raise DataError(f"tokens must be at least 0, got {min(self.tokens)}")
        before = 0
        for turn in self.turns:
            if not before <= turn.start < turn.end <= len(self.tokens):
                raise DataError(
                    f"turns must follow each other within the {len(self.tokens)} tokens; one from {turn.start} to "
                    f"{turn.end} comes after {before}"
                )
            if (turn.sampled_logprobs is None) != (self.temperature in (0, 1)):
                raise DataError(
                    f"sampled_logprobs must be set if and only if temperature is neither 1 nor 0; it is "
                    f"{self.temperature}"
                )
            before = turn.end
        if self.starts[:1] != (0,) or any(not a < b < len(self.tokens) for a, b in pairwise(self.starts)):
            raise DataError(f"starts must be 0 and then rise within the {len(self.tokens)} tokens, got {self.starts}")
        for turn in self.turns:
            if any(turn.start <= start < turn.end for start in self.starts):
                raise DataError(
                    f"the turn from {turn.start} to {turn.end} reaches over one of the starts {self.starts}"
                )
        for name in ("trial", "seed", "temperature", "repeats", "errors"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise DataError(f"{name} must be finite and at least 0, got {value}")
        self._check_rewards()
        if (self.fault is not None) != (self.status == "void"):
            raise DataError(
                f"fault must be set if and only if status is 'void'; they are {self.fault!r} and {self.status!r}"
            )
        if self.success is not None and self.status == "void":
            raise DataError(f"success must be None in a void episode, got {self.success}")

    def _check_rewards(self) -> None:
        sums = {"reward_terms": sum(self.reward_terms.values())}
        if self.turns:
            sums["turns"] = sum(turn.reward for turn in self.turns)
        for name, total in sums.items():
            if not isclose(total, self.reward, rel_tol=1e-6, abs_tol=1e-6):  # never true of NaN
                raise DataError(f"{name} sum to {total}, but reward is {self.reward}")
        if not isfinite(self.reward):
            raise DataError(f"reward must be finite, got {self.reward}")

    @property
    def mask(self) -> tuple[bool, ...]:
        """For each token, whether the policy made it."""
        made = [False] * len(self.tokens)
        for turn in self.turns:
            made[turn.start : turn.end] = [True] * (turn.end - turn.start)
        return tuple(made)

    @property
    def sequences(self) -> tuple[tuple[int, int], ...]:
        """The ranges of tokens that are read as one, half open."""
        return tuple(pairwise((*self.starts, len(self.tokens))))

    @property
    def padded(self) -> int:
        """Tokens of its sequences where all of them are as long as the longest."""
        return len(self.starts) * max(end - start for start, end in self.sequences)

    @property
    def made(self) -> int:
        """How many tokens the policy made."""
        return sum(turn.end - turn.start for turn in self.turns)

    def to_json(self) -> str:
        """The record as one line of ASCII JSON."""
        return json.dumps({"format": FORMAT, **asdict(self), "reward_terms": dict(self.reward_terms)}, allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> RolloutRecord:
        """Read what :meth:`to_json` wrote; the result is equal to what was written.

        Raises:
            DataError: If the line is not such a record; the message names the field.
        """
        try:
            data = parse(line)
        except ValueError as error:
            raise DataError(f"this is no JSON: {error}") from error
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise DataError(f"this is no record of a rollout of format {FORMAT}")
        try:
            return _adapter().validate_json(json.dumps(data))
        except ValidationError as error:
            raise DataError(_said(error)) from error


@cache
def _adapter() -> TypeAdapter[RolloutRecord]:
    return TypeAdapter(RolloutRecord)


def _said(error: ValidationError) -> str:
    """The first thing that is wrong, with its field, the value, and how many others are."""
    first, *others = error.errors(include_url=False)
    field = ".".join(str(part) for part in first["loc"]) or "the record"
    message = first["msg"].removeprefix("Value error, ")
    given: Any = first["input"]
    shown = "" if isinstance(given, dict) else f", got {given!r:.80}"
    return f"{field}: {message}{shown}{f' ({len(others)} more are wrong)' if others else ''}"


def write_records(path: Path, records: Iterable[RolloutRecord]) -> None:
    """Write records as JSON lines into a new file.

    Raises:
        FileExistsError: If there is something already.
    """
    with path.open("x", encoding="ascii") as file:
        file.writelines(record.to_json() + "\n" for record in records)


def read_records(path: Path) -> Sequence[RolloutRecord]:
    """Read a file of JSON lines, one record each.

    Raises:
        DataError: If a line is no record; the message names file, line and field.
    """
    return each_line(path, RolloutRecord.from_json, limit=LARGEST_FILE)
