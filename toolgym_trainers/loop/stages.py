"""The parts of a training, and what whoever watches it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["bootstrap", "reference", "measure", "mine", "refresh", "train"]


class Stage(NamedTuple):
    """One part of a training.

    Args:
        kind: What is done.
        round: In which round, from 1; 0 is before the first.
        temperature: At which temperature is measured.
    """

    kind: Kind
    round: int
    temperature: float | None = None

    @property
    def name(self) -> str:
        """Its name in files.

        Example:
            >>> Stage("measure", 1, 0.3).name
            'round-1-measure-t0.3'
        """
        heat = "" if self.temperature is None else f"-t{self.temperature:g}"
        return f"round-{self.round}-{self.kind}{heat}"


class Event(NamedTuple):
    """Something that whoever watches is told.

    Args:
        stage: During which part.
        figures: What came of it, JSON-able; of a step of learning its figures, of a part its result.
        done: How much of the part is done, and of how much; None where that is not known, and of a part's result.
    """

    stage: Stage
    figures: dict[str, Any]
    done: tuple[int, int] | None = None


Watch: TypeAlias = Callable[[Event], None]
