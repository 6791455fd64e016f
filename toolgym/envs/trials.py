"""The trials of one task after another, as an environment that plays one episode at a time has them."""

from __future__ import annotations

import numpy as np

from toolgym.curriculum import Curriculum
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class Trials:
    """Draws a task, gives it until its group is full, and hands the group to the curriculum, if it is owned.

    Args:
        curriculum: Draws the tasks.
        group_size: Trials of a task in a row, at least 1.
        owned: Whether the curriculum is updated here.
    """

    def __init__(self, curriculum: Curriculum, group_size: int, owned: bool) -> None:
        self.curriculum = curriculum
        self.group_size = group_size
        self.owned = owned
        self._group: list[Trajectory] = []
        self._task: Task | None = None

    def clear(self) -> None:
        """Forget the group that is under way: the next task is drawn."""
        self._group.clear()
        self._task = None

    def draw(self, rng: np.random.Generator) -> Task:
        """The curriculum's next task, or the last one while its group is not full."""
        if self._task is None or self.group_size == 1 or len(self._group) >= self.group_size:
            self._group.clear()
            self._task = self.curriculum.sample(rng)[0]
        return self._task

    def finish(self, trial: Trajectory) -> None:
        """Count a finished trial; a void one takes its place in the group, and the curriculum is not told of it."""
        self._group.append(trial)
        valid = tuple(one for one in self._group if one.fault is None)
        if valid and self.owned and len(self._group) >= self.group_size:
            self.curriculum.update(valid)
