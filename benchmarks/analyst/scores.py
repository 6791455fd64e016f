"""How well an analyst finds what is known to be there: precision, recall and F1 by pattern."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from toolgym.failures.report import UNNAMED
from toolgym.patterns import in_order

Labels: TypeAlias = Collection[str]
"""The patterns of one failure."""

NONE = "none"
"""In a confusion matrix, the row for false positives, and the column for false negatives."""


@dataclass(frozen=True)
class Score:
    """How well one pattern is found.

    Args:
        true_positives: Failures that have it and of which it was said, at least 0.
        false_negatives: Failures that have it and of which it was not said, at least 0.
        false_positives: Failures of which it was said and that do not have it, at least 0.
    """

    true_positives: int = 0
    false_negatives: int = 0
    false_positives: int = 0

    @property
    def precision(self) -> float:
        """The share of what was said that is so, in [0, 1]; 1 if nothing was said."""
        said = self.true_positives + self.false_positives
        return self.true_positives / said if said else 1.0

    @property
    def recall(self) -> float:
        """The share of what is so that was said, in [0, 1]; 1 if there is nothing."""
        there = self.true_positives + self.false_negatives
        return self.true_positives / there if there else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both, in [0, 1]; 1 if there is nothing and nothing was said.

        Example:
            >>> Score(true_positives=3, false_negatives=1, false_positives=1).f1
            0.75
        """
        both = 2 * self.true_positives + self.false_negatives + self.false_positives
        return 2 * self.true_positives / both if both else 1.0


@dataclass(frozen=True)
class Scores:
    """How well the patterns of many failures are found.

    Args:
        patterns: The score of each pattern that is there or was said, in the order of
            :func:`~toolgym.patterns.in_order`.
        confusion: How many failures, by what is there and by what was said; see :func:`scores`.
        failures: How many failures there are.
    """

    patterns: Mapping[str, Score]
    confusion: Mapping[tuple[str, str], int]
    failures: int

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the patterns, each counting the same, in [0, 1]; 1 if there are none."""
        return sum(score.f1 for score in self.patterns.values()) / len(self.patterns) if self.patterns else 1.0

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """The confusion matrix as rows of texts: a heading, then one row for what is there."""
        names = [*self.patterns, NONE]
        counts = {row: [self.confusion.get((row, column), 0) for column in names] for row in names}
        rows = [(row, *map(str, line)) for row, line in counts.items() if any(line)]
        return (("truth", *names), *rows)


def scores(pairs: Iterable[tuple[Labels, Labels]]) -> Scores:
    """Compare what is there with what was said of it.

    In the confusion matrix each pattern that is there and was said counts on the diagonal; of the rest, each that is
    there stands against each that was said instead, or against :data:`NONE`. What was said without a name is nothing.

    Args:
        pairs: For each failure the patterns that it has, and those that were said of it.

    Example:
        >>> found = scores([({"ended_early"}, {"ended_early"}), ({"wrong_variant"}, {"ended_early"})])
        >>> round(found.macro_f1, 3), found.confusion[("wrong_variant", "ended_early")]
        (0.333, 1)
    """
    true_positives: Counter[str] = Counter()
    false_negatives: Counter[str] = Counter()
    false_positives: Counter[str] = Counter()
    confusion: Counter[tuple[str, str]] = Counter()
    failures = 0
    for truth, said in pairs:
        failures += 1
        there, found = set(truth) - {UNNAMED}, set(said) - {UNNAMED}
        true_positives.update(there & found)
        false_negatives.update(there - found)
        false_positives.update(found - there)
        confusion.update((name, name) for name in there & found)
        rows, columns = there - found or {NONE}, found - there or {NONE}
        confusion.update((row, column) for row in rows for column in columns if (row, column) != (NONE, NONE))
    seen = true_positives.keys() | false_negatives.keys() | false_positives.keys()
    by_name = {
        name: Score(true_positives[name], false_negatives[name], false_positives[name]) for name in in_order(seen)
    }
    ordered = dict(sorted(confusion.items()))
    return Scores(by_name, ordered, failures)
