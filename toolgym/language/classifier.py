"""A linear classifier of messages by their words, for what rules alone do not carry."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgym.language.layout import Line

Places: TypeAlias = tuple[Sequence[int], ...]
"""Where the words of a message stand in the table of weights, by the part of the message that they are in."""

SIZE = 8192
"""Rows of the table of weights."""
_VIEWS = {"all": 1, "question": 0x9E3779B1, "bidding": 0x85EBCA77, "start": 0xC2B2AE3D, "end": 0x27D4EB2F}
_VIEWS |= {"last question": 0x165667B1}
_LINES = 100
_LETTERS = 600
"""What is read of a message: as many lines of its start and of its end, and so many characters of each."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[?#$]|\d+|____")
_BIDS = re.compile(
    r"\b(?:please|tell|let me know|need|confirm|reply|choose|select|pick|send|give|provide|share)\b", re.IGNORECASE
)


def places(lines: Sequence[Line]) -> Places:
    """Where the words and the pairs of words of a message stand in the table of weights.

    Args:
        lines: The sentences and lines of the message; of more than 200 the first and the last 100 are read.
    """
    read = lines if len(lines) <= 2 * _LINES else [*lines[:_LINES], *lines[-_LINES:]]
    found: dict[str, set[int]] = {view: set() for view in _VIEWS}
    last_question = max((number for number, line in enumerate(read) if "?" in line.text), default=-1)
    for number, line in enumerate(read):
        views = ["all"]
        if "?" in line.text:
            views.append("question")
        elif not line.listed and _BIDS.search(line.text):
            views.append("bidding")
        if number < 2:
            views.append("start")
        if number >= len(read) - 2:
            views.append("end")
        if number == last_question:
            views.append("last question")
        hashes = _hashes(line.text[:_LETTERS])
        for view in views:
            factor = _VIEWS[view]
            found[view].update((one * factor >> 7) % SIZE for one in hashes)
    return tuple(sorted(held) for held in found.values())


def _hashes(text: str) -> list[int]:
    words = ["^", *(_plain(word) for word in _WORD.findall(text.lower())), "$"]
    return [zlib.crc32(word.encode()) for word in words] + [
        zlib.crc32(f"{word} {after}".encode()) for word, after in pairwise(words)
    ]


def _plain(word: str) -> str:
    """A word; of a number only whether it is long, as that of an item or order is."""
    if not word.isdigit():
        return word
    return "0" if len(word) < 5 else "00"


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
        scores = self._bias.copy()
        for held in places(lines):
            if held:
                scores += self._weights[held].sum(axis=0) / np.sqrt(len(held))
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
        for words in places(message):
            if words:
                row[list(words)] += 1 / np.sqrt(len(words))
    known = (rows > 0).sum(axis=0)
    rarity = (np.log((len(rows) + 1) / (known + 1)) * (known > 1)).astype(np.float32)
    rows *= rarity
    wanted = np.eye(len(names), dtype=np.float32)[[names.index(label) for label in labels]]
    held: NDArray[np.floating] = np.zeros((SIZE + 1, len(names)), np.float32)  # the last row is the bias
    first, second = np.zeros_like(held), np.zeros_like(held)
    for step in range(1, rounds + 1):
        scores = rows @ held[:-1] + held[-1]
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        error = likely / likely.sum(axis=1, keepdims=True) - wanted
        slope = np.vstack([rows.T @ error / len(rows) + decay * held[:-1], error.mean(axis=0)])
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope * slope
        held = held - 0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return Classifier(names, (held[:-1] * rarity[:, None]).astype(np.float32), held[-1].astype(np.float32))
