"""What a reproduction does, in parts: an arm with a seed, and an evaluation of what it ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Unit(NamedTuple):
    """An arm with a seed: what one process does at a time.

    Args:
        arm: The arm.
        seed: The seed.
    """

    arm: str
    seed: int

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{self.arm} seed {self.seed}"


class Told(NamedTuple):
    """How far a unit is.

    Args:
        unit: Which.
        part: What it does, such as ``"round-1-train"``.
        done: How much of that is done, and of how much; None where the part is finished.
    """

    unit: Unit
    part: str
    done: tuple[int, int] | None


Tell: TypeAlias = Callable[[Told], None]


class Measured(NamedTuple):
    """One evaluation of one policy.

    Args:
        arm: The arm.
        seed: The seed.
        on: The set: dev, test or patterns.
        temperature: Of sampling.
    """

    arm: str
    seed: int
    on: str
    temperature: float

    @property
    def name(self) -> str:
        """The name of its run, without the agent's."""
        return f"{self.arm}-seed-{self.seed}-{self.on}-t{self.temperature:g}"
