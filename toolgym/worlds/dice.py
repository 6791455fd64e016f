"""Drawing from a random generator, in short words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """Short names for what is drawn.

    Args:
        rng: Where everything random comes from.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def chance(self, probability: float) -> bool:
        """Whether something of that probability happens."""
        return self._rng.random() < probability

    def between(self, low: float, high: float) -> float:
        """A number in ``[low, high)``."""
        return low + (high - low) * float(self._rng.random())

    def number(self, low: int, high: int) -> int:
        """A whole number; ``high`` is one of them."""
        return int(self._rng.integers(low, high + 1))

    def digits(self, length: int) -> str:
        """A number of that many digits, at least 1, as text; the first is not a zero.

        Raises:
            ValueError: If the length is less than 1.
        """
        if length < 1:
            raise ValueError(f"a number of {length} digits cannot be drawn; ask for at least 1")
        return str(self.number(10 ** (length - 1), 10**length - 1))

    def pick(self, values: Sequence[T]) -> T:
        """One of some values.

        Raises:
            ValueError: If there are none.
        """
        if not len(values):
            raise ValueError("there is nothing to pick from; give at least one value")
        return values[self.number(0, len(values) - 1)]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of some values, each as often as its weight says.

        Raises:
            ValueError: If a weight is negative, or none is positive.
        """
        if not weights or min(weights.values()) < 0 or not sum(weights.values()) > 0:
            raise ValueError(
                f"the weights {dict(weights)!r} give nothing to draw; none may be negative, one must be more"
            )
        point = self.between(0, sum(weights.values()))
        for value, weight in weights.items():
            point -= weight
            if point < 0:
                return value
        return next(reversed(list(weights)))  # what rounding left over

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in another order."""
        return [values[place] for place in self._rng.permutation(len(values)).tolist()]
