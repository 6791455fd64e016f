"""The index of a run: where the line of each episode stands in the file, and what all of them cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from toolgym.trajectory import Trajectory


class Line(NamedTuple):
    """Where the line of an episode stands in the file, and what is needed to know of it without reading it."""

    start: int
    """Its first byte."""
    end: int
    """The byte after its last."""
    void: str | None
    """The source of the fault that made the episode void; None if it is finished."""


class RunIndex:
    """Which episodes a run has, finished and void, where their lines stand, and what they cost.

    A later line of an episode takes the place of an earlier one. An episode that was judged again has its earlier usage
    in its new line too, and is counted once.
    """

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        """The line that counts, by episode id."""
        self.superseded: list[Line] = []
        """Lines of void episodes that later ones replaced."""
        self.size = 0
        """Bytes of the file up to the end of its last line."""
        self.finished = 0
        """Number of episodes that are not void."""
        self.cost_usd = 0.0
        """What all episodes cost, void and superseded ones included, as far as that is known."""
        self._unjudged: dict[str, Trajectory] = {}
        self._attempts: dict[str, int] = {}
        self._counted: set[tuple[str, int]] = set()

    def add(self, trajectory: Trajectory, start: int, end: int) -> None:
        """Add a line of the file.

        Args:
            trajectory: What the line holds.
            start: Its first byte.
            end: The byte after its last.
        """
        name = trajectory.episode_id
        before, unjudged = self.lines.get(name), self._unjudged.pop(name, None)
        if unjudged is not None and unjudged.messages == trajectory.messages:
            self.cost_usd -= unjudged.cost_usd  # judged again: what it used before is in the new line too
        elif before is not None:
            self.superseded.append(before)
        source = trajectory.fault.source if trajectory.fault is not None else None
        if source == "judge":
            self._unjudged[name] = trajectory
        if before is None or before.void is not None:
            self.finished += source is None
        elif source is not None:
            self.finished -= 1
        self.lines[name] = Line(start, end, source)
        self.size = end
        self.count(trajectory)

    def count(self, trajectory: Trajectory) -> None:
        """Count what an episode cost, once, wherever its line stands."""
        if trajectory.fault is not None:
            attempt = (trajectory.episode_id, trajectory.fault.attempt)
            if attempt in self._counted:
                return
            self._counted.add(attempt)
            self._attempts[trajectory.episode_id] = max(self._attempts.get(trajectory.episode_id, 0), attempt[1] + 1)
        self.cost_usd += trajectory.cost_usd

    def numbered(self, trajectory: Trajectory) -> Trajectory:
        """A void trajectory with the number of its attempt, so that no two lines of a run are the same."""
        attempt = self._attempts.get(trajectory.episode_id, 0)
        if trajectory.fault is None or not attempt:
            return trajectory
        return replace(trajectory, fault=replace(trajectory.fault, attempt=attempt))

    def in_order(self, order: Sequence[str]) -> dict[str, Line] | None:
        """Its lines in an order of episodes; None if the file has them so and nothing else.

        Args:
            order: Episode ids; those that are not in it come last, as they stand.
        """
        place = {name: number for number, name in enumerate(order)}
        names = sorted(self.lines, key=lambda name: (place.get(name, len(place)), self.lines[name].start))
        bounds = [0, *(bound for name in names for bound in self.lines[name][:2]), self.size]
        if not self.superseded and bounds[::2] == bounds[1::2]:
            return None
        return {name: self.lines[name] for name in names}

    def reorder(self, ordered: Mapping[str, Line]) -> None:
        """Note that the file now has these lines, in this order, and nothing else."""
        self.lines, self.superseded, self.size = {}, [], 0
        for name, line in ordered.items():
            self.lines[name] = Line(self.size, self.size + line.end - line.start, line.void)
            self.size = self.lines[name].end

    def clear(self) -> None:
        """Note that the file is empty; what its episodes cost stays counted."""
        self.lines, self.superseded, self._unjudged, self.size = {}, [], {}, 0
