"""Which episodes have been counted, so that none is counted twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from toolgym.trajectory import Trajectory


class Episodes:
    """The episodes that have been counted: those of one run and task as ranges of trials.

    An episode is told by its id, which is the task and the trial, and by the seed of its run: two runs have episodes
    of one id.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> from toolgym.rollouts import play
        >>> mock = make_domain("mock")
        >>> trial = play(mock, mock.tasks["test"][0], make_agent("no-op"), make_user("minimal")).trajectory()
        >>> counted = Episodes()
        >>> counted.add(trial), counted.add(trial)
        (True, False)
    """

    def __init__(self) -> None:
        self._ranges: dict[str, dict[int | None, list[list[int]]]] = {}

    def add(self, trajectory: Trajectory) -> bool:
        """Count an episode; False if it was counted before."""
        trial = trajectory.trial
        ranges = self._ranges.setdefault(trajectory.task_key, {}).setdefault(trajectory.seed, [])
        place = bisect_right(ranges, trial, key=lambda one: one[0])
        before = ranges[place - 1] if place else None
        after = ranges[place] if place < len(ranges) else None
        if before is not None and trial <= before[1]:
            return False
        if before is not None and before[1] == trial - 1:
            before[1] = trial
            if after is not None and after[0] == trial + 1:
                before[1] = after[1]
                del ranges[place]
        elif after is not None and after[0] == trial + 1:
            after[0] = trial
        else:
            ranges.insert(place, [trial, trial])
        return True

    def __len__(self) -> int:
        every = (ranges for runs in self._ranges.values() for ranges in runs.values())
        return sum(last - first + 1 for ranges in every for first, last in ranges)

    def copy(self) -> Episodes:
        """The same episodes, to be counted on apart from these."""
        return Episodes.from_state(self.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """By task key: the seed of each run and its ranges of trials, both ends included."""
        return {
            key: [[seed, [list(one) for one in ranges]] for seed, ranges in runs.items()]
            for key, runs in self._ranges.items()
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Episodes:
        """Read what :meth:`state_dict` gave."""
        found = cls()
        found._ranges = {
            key: {seed: [[int(first), int(last)] for first, last in ranges] for seed, ranges in runs}
            for key, runs in state.items()
        }
        return found
