"""A linear classifier of messages by their words, for what rules alone do not carry."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgym.language.layout import Line

Places: TypeAlias = NDArray[np.intp]
"""Where the words of a message stand in the table of weights, the parts of the message that they are in one after the
other."""

SIZE = 8192
"""Rows of the table of weights."""
_ALL, _QUESTION, _BIDDING, _START, _END, _LAST_QUESTION = range(6)
_FACTORS = np.array([[1], [0x9E3779B1], [0x85EBCA77], [0xC2B2AE3D], [0x27D4EB2F], [0x165667B1]], np.uint64)
"""What spreads the words of each part over the table."""
_STARTS = np.arange(len(_FACTORS), dtype=np.uint64)[:, None] * np.uint64(SIZE)
_BITS = 1 << np.arange(len(_FACTORS), dtype=np.uint8)[:, None]
_SHIFT, _ROWS = np.uint64(7), np.uint64(SIZE)
_PAIR = np.uint64(0x01000193)
_WORDS = np.uint64(0xFFFFFFFF)
_LINES = 100
_LETTERS = 600
"""What is read of a message: as many lines of its start and of its end, and so many characters of each."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[?#$]|\d+|____")
_BIDS = re.compile(
    r"\b(?:please|tell|let me know|need|confirm|reply|choose|select|pick|send|give|provide|share)\b", re.IGNORECASE
)
_BEGIN, _STOP = zlib.crc32(b"^"), zlib.crc32(b"$")


def places(lines: Sequence[Line]) -> Places:
    """Where the words and the pairs of words of a message stand in the table of weights, part after part.

    Args:
        lines: The sentences and lines of the message; of more than 200 the first and the last 100 are read.

    Returns:
        Places below 6 * 8192: those of the part with number p begin at p * 8192.
    """
    read = lines if len(lines) <= 2 * _LINES else [*lines[:_LINES], *lines[-_LINES:]]
    last_question = max((number for number, line in enumerate(read) if "?" in line.text), default=-1)
    words: list[int] = []
    parts: list[int] = []
    for number, line in enumerate(read):
        said = [_BEGIN, *map(_hashed, _WORD.findall(line.text[:_LETTERS].lower())), _STOP]
        words += said
        parts += [_parts(line, number, len(read), last_question)] * len(said)
    singles, of = np.array(words, np.uint64), np.array(parts, np.uint8)
    pairs = (singles[:-1] * _PAIR + singles[1:]) & _WORDS
    held = np.concatenate([singles, pairs])
    of = np.concatenate([of, of[:-1]])
    rows = (held * _FACTORS >> _SHIFT) % _ROWS + _STARTS
    found = np.zeros(len(_FACTORS) * SIZE, np.bool_)
    found[rows[(of & _BITS) > 0]] = True
    return np.flatnonzero(found)


def _parts(line: Line, number: int, count: int, last_question: int) -> int:
    """The parts of a message in which one of its lines stands, a bit for each."""
    asks = "?" in line.text
    bids = not asks and not line.listed and _BIDS.search(line.text) is not None
    held = 1 << _ALL | asks << _QUESTION | bids << _BIDDING
    return held | (number < 2) << _START | (number >= count - 2) << _END | (number == last_question) << _LAST_QUESTION


@lru_cache(maxsize=1 << 14)
def _hashed(word: str) -> int:
    """A word as a number; of a number only whether it is long, as that of an item or order is."""
    if word.isdigit():
        word = "0" if len(word) < 5 else "00"
    return zlib.crc32(word.encode())


def _weights_of(held: Places) -> NDArray[np.float32]:
    """How much each place weighs: the less, the more words the part has."""
    parts = held // SIZE
    counts = np.bincount(parts, minlength=len(_FACTORS))
    weights: NDArray[np.float32] = (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)[parts]
    return weights


class Classifier:
    """Weighs what a message may call for.

    Args:
        labels: What it may call for.
        weights: The table of weights, a column for each label.
        bias: What each label weighs whatever the message says.
    """

    def __init__(self, labels: Sequence[str], weights: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.labels = tuple(labels)
        self._weights = weights
        self._bias = bias

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """A classifier that :meth:`save` has written.

        Raises:
            OSError: If the file cannot be read.
        """
        with np.load(path, allow_pickle=False) as held:
            scale = held["scale"].astype(np.float32)
            return cls(held["labels"].tolist(), held["weights"].astype(np.float32) * scale, held["bias"])

    def save(self, path: Path) -> None:
        """Write it to a file, each weight as one of 255 steps."""
        scale = np.maximum(np.abs(self._weights).max(axis=0), 1e-9) / 127
        steps = np.rint(self._weights / scale).astype(np.int8)
        np.savez_compressed(
            path, labels=np.array(self.labels), weights=steps, scale=scale.astype(np.float32), bias=self._bias
        )

    def weigh(self, lines: Sequence[Line]) -> Mapping[str, float]:
        """The logarithm of how likely each label is; it is linear in the length of the message.

        Args:
            lines: The sentences and lines of the message.
        """
        held = places(lines)
        scores = self._bias + _weights_of(held) @ self._weights.take(held % SIZE, axis=0)
        scores -= scores.max()
        likely = scores - np.log(np.exp(scores).sum())
        return dict(zip(self.labels, likely.tolist(), strict=True))


def fit(
    messages: Sequence[Sequence[Line]], labels: Sequence[str], *, decay: float = 1e-4, rounds: int = 200
) -> Classifier:
    """A classifier fitted to labelled messages, the same for the same messages.

    Args:
        messages: The sentences and lines of each.
        labels: What each calls for.
        decay: How much large weights are held back, above 0.
        rounds: Steps of the descent.
    """
    names = sorted(set(labels))
    rows = np.zeros((len(messages), SIZE), np.float32)
    for row, message in zip(rows, messages, strict=True):
        held = places(message)
        np.add.at(row, held % SIZE, _weights_of(held))
    known = (rows > 0).sum(axis=0)
    rarity = (np.log((len(rows) + 1) / (known + 1)) * (known > 1)).astype(np.float32)
    rows *= rarity
    wanted = np.eye(len(names), dtype=np.float32)[[names.index(label) for label in labels]]
    table: NDArray[np.floating] = np.zeros((SIZE + 1, len(names)), np.float32)  # the last row is the bias
    first, second = np.zeros_like(table), np.zeros_like(table)
    for step in range(1, rounds + 1):
        scores = rows @ table[:-1] + table[-1]
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        error = likely / likely.sum(axis=1, keepdims=True) - wanted
        slope = np.vstack([rows.T @ error / len(rows) + decay * table[:-1], error.mean(axis=0)])
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope * slope
        table = table - 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return Classifier(names, (table[:-1] * rarity[:, None]).astype(np.float32), table[-1].astype(np.float32))
