"""Which task each of many sub-environments plays next, and as which trial."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

REPLAYS = 3
"""How often a task is played again after a fault, before it is given up."""


class Schedule:
    """The tasks of sub-environments, in groups that play the same ones.

    Args:
        number: How many sub-environments there are, at least 1.
        group_size: How many in a row are a group; it divides their number.

    Example:
        >>> from toolgym import make_domain
        >>> left = iter(make_domain("mock").tasks["test"])
        >>> schedule = Schedule(4, group_size=2)
        >>> [schedule.next(place, lambda: next(left))[0].id for place in range(4)]
        ['test-001', 'test-001', 'test-002', 'test-002']
    """

    def __init__(self, number: int, group_size: int) -> None:
        self.group_size = group_size
        self.trials: dict[str, int] = {}
        """How many trials of each task have begun, by its key."""
        self._numbers = count()
        self._groups = [Group(group_size, self._numbers) for _ in range(number // group_size)]
        self._drawn = [False] * number
        self._replays = [0] * number

    def clear(self) -> None:
        """Forget what is being played: all groups begin a task. Trials are counted on."""
        self._groups = [Group(self.group_size, self._numbers) for _ in self._groups]
        self._replays = [0] * len(self._replays)

    def next(
        self, place: int, draw: Callable[[], Task], chosen: Task | None = None, void: Task | None = None
    ) -> tuple[Task, int]:
        """What a sub-environment plays next.

        Args:
            place: Which, from 0.
            draw: Gives the curriculum's next task.
            chosen: What it was told to play; no group counts it.
            void: What it played last, if a fault voided that: it is played again, :data:`REPLAYS` times at most.

        Returns:
            The task, and which trial of it this is, from 0.
        """
        if chosen is None and void is not None and self._replays[place] < REPLAYS:
            task = void
            self._replays[place] += 1
        else:
            group, player = divmod(place, self.group_size)
            task = self._groups[group].task(player, draw) if chosen is None else chosen
            self._drawn[place] = chosen is None
            self._replays[place] = 0
        trial = self.trials.get(task.key, 0)
        self.trials[task.key] = trial + 1
        return task, trial

    def group(self, place: int) -> int | None:
        """The number, from 0, of the group of trials to which the episode of a sub-environment belongs.

        All trials of the group have it, one that is played again after a fault too, and no other group ever does. None
        for a task that the sub-environment was told to play.

        Args:
            place: Which, from 0; its episode is not finished yet.
        """
        group, player = divmod(place, self.group_size)
        return self._groups[group].number(player) if self._drawn[place] else None

    def finish(self, place: int, trajectory: Trajectory | None, *, void: bool) -> Sequence[Trajectory]:
        """A sub-environment has ended its episode.

        Args:
            place: Which, from 0.
            trajectory: How it went, where the curriculum is to be told.
            void: Whether a fault ended it; then it tells nothing of the task.

        Returns:
            The trials of a group that is complete by this, in order; mostly none.
        """
        if not self._drawn[place] or (void and self._replays[place] < REPLAYS):
            return ()
        group, player = divmod(place, self.group_size)
        return self._groups[group].finish(player, None if void else trajectory)


@dataclass
class _Round:
    """One task of a group."""

    task: Task
    number: int
    left: int
    trials: dict[int, Trajectory] = field(default_factory=dict)


class Group:
    """Players of one sequence of tasks, each at its own pace.

    Args:
        size: How many they are, at least 1.
        numbers: Gives each of their tasks a number.
    """

    def __init__(self, size: int, numbers: Iterator[int]) -> None:
        self.size = size
        self._numbers = numbers
        self._rounds: deque[_Round] = deque()
        self._done = 0
        self._at = [0] * size

    def task(self, player: int, draw: Callable[[], Task]) -> Task:
        """What a player plays next; the same as before until it has finished that, unless it is alone.

        Args:
            player: Who, from 0.
            draw: Gives the next task; called if nobody has needed it before.
        """
        if self.size == 1:
            self._rounds.clear()
        ahead = self._at[player] - self._done
        if ahead == len(self._rounds):
            self._rounds.append(_Round(draw(), next(self._numbers), self.size))
        return self._rounds[ahead].task

    def number(self, player: int) -> int:
        """The number of the task that a player plays."""
        return self._rounds[self._at[player] - self._done].number

    def finish(self, player: int, trajectory: Trajectory | None) -> Sequence[Trajectory]:
        """A player is done with its task.

        Args:
            player: Who, from 0.
            trajectory: How it went; None if that says nothing of the task.

        Returns:
            The trials of the task in the players' order, if this was the last of them; else nothing.
        """
        current = self._rounds[self._at[player] - self._done]
        if trajectory is not None:
            current.trials[player] = trajectory
        self._at[player] += 1
        current.left -= 1
        if current.left:
            return ()
        self._rounds.popleft()
        self._done += 1
        return tuple(current.trials[one] for one in sorted(current.trials))
