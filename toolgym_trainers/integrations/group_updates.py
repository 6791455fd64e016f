"""Tells a curriculum of episodes that somebody else's library plays, one by one and in any order."""

from __future__ import annotations

import threading

from toolgym.curriculum import Curriculum
from toolgym.trajectory import Trajectory


class GroupUpdates:
    """Gathers the trials of each task, and gives a full group of them to a curriculum.

    Give it as ``on_end`` of an environment. Several threads may call it at once; a void trial takes its place in the
    group, and the curriculum is not told of it, as with the environments' own groups.

    Args:
        curriculum: Whoever samples from it meanwhile, in another thread, should do so under :attr:`lock`.
        group_size: Trials of a task in a group, at least 1.

    Raises:
        ValueError: If the size is out of range.

    Example:
        >>> from toolgym import make_curriculum
        >>> updates = GroupUpdates(make_curriculum("fixed", "mock", "train"), group_size=4)
        >>> updates.waiting
        0
    """

    def __init__(self, curriculum: Curriculum, group_size: int = 1) -> None:
        if group_size < 1:
            raise ValueError(f"group_size must be at least 1, got {group_size}")
        self.curriculum = curriculum
        self.group_size = group_size
        self.lock = threading.Lock()
        self._groups: dict[str, list[Trajectory]] = {}

    @property
    def waiting(self) -> int:
        """How many trials are in groups that are not full."""
        return sum(map(len, self._groups.values()))

    def __call__(self, trajectory: Trajectory) -> None:
        """Take a finished trial."""
        with self.lock:
            group = self._groups.setdefault(trajectory.task_key, [])
            group.append(trajectory)
            if len(group) < self.group_size:
                return
            valid = tuple(one for one in self._groups.pop(trajectory.task_key) if one.fault is None)
            if valid:
                self.curriculum.update(valid)
