"""The curriculum over a pool of tasks: drawing from it, learning from trials, refreshing it, and its state."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from toolgym.curricula.folder import STATE, Saved, read_saved, write_round, writing
from toolgym.curricula.pool import PRIOR, Entry, Pool, Prior, capped
from toolgym.curricula.pool_view import PoolView
from toolgym.curricula.progress import Progress
from toolgym.curricula.refreshers import Refresher
from toolgym.curricula.refreshing import refresh
from toolgym.curricula.samplers import Sampler
from toolgym.curricula.validation import check_number, check_part, check_whole
from toolgym.curricula.worlds import save_worlds
from toolgym.curriculum import Budget, RefreshReport
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.failures.report import FailureReport
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

Signal: TypeAlias = Literal["success", "reward"]
"""What the trials of a group are compared by."""
SPLIT, UNTARGETED = "split", "untargeted"
"""Metric labels of tasks without a target pattern: those of the split, and those that were made."""
REFRESH_TASKS = 20
"""Tasks that an automatic refresh proposes by default."""


class PoolCurriculum:
    """Draws tasks from a pool, and learns from how they went; a sampler says which, a refresher makes new ones.

    ``general``, ``learnability``, ``raft`` and ``sentinel`` are such curricula; :mod:`toolgym.curricula.kinds` puts
    them together.

    A refresh comes when somebody calls for it, or by itself with ``refresh_every``: before the first draw after that
    many episodes. That draw, and so the environment's reset, then takes as long as the refresh does; a line on standard
    error says what came of it. If it fails, the draw fails, and the next one tries again.

    Args:
        name: What its states and folders call it, and the ids of new tasks begin with.
        domain: The domain, over the data to be played.
        tasks: The split that it begins with, or tasks, each once; their order is part of what a seed reproduces.
        sampler: Weights the tasks of the pool.
        refresher: Makes new ones.
        prior: Successes and failures that a task is taken to have had before its first trial, both above 0.
        seed: Seeds what refreshes make, together with the number of the round; at least 0.
        folder: Where each refresh writes its report, the worlds of its tasks and the state; None writes nothing.
        refresh_every: Refresh after this many episodes, at least 1; those that are void or not judged do not count.
            None: never.
        refresh_tasks: Tasks that such a refresh proposes, at least 1; by default 20.
        signal: What the trials of a group must differ in for a trainer to learn from it: ``"success"``, or
            ``"reward"``, all that the assistant was paid, by which a group without a success informs too. Where all
            fail and the advantage is divided by the deviation, such a group teaches to fail cheaply.
        restart: What a trainer should start each round from, for trainers to read: ``"sft"``, the policy as it was
            before the first round, or ``"last"``, what the last round left; None if the curriculum has no opinion.

    Raises:
        DataError: If there are no tasks, or an argument is of a wrong kind.
        UnknownNameError: If there is no such split.
        ValueError: If an argument is out of range.

    Example:
        >>> from toolgym import make_domain
        >>> from toolgym.curricula.refreshers import NoTasks
        >>> from toolgym.curricula.samplers import ByLearnability
        >>> mine = PoolCurriculum("mine", make_domain("mock"), "train", ByLearnability(), NoTasks())
        >>> mine.metrics()["pool"]
        20.0
    """

    def __init__(
        self,
        name: str,
        domain: Domain,
        tasks: str | Sequence[Task],
        sampler: Sampler,
        refresher: Refresher,
        *,
        prior: Prior = PRIOR,
        seed: int = 0,
        folder: str | Path | None = None,
        refresh_every: int | None = None,
        refresh_tasks: int | None = None,
        restart: str | None = None,
        signal: Signal = "success",
    ) -> None:
        if not isinstance(domain, Domain):
            raise DataError(f"domain must be a Domain, such as make_domain('mock') gives, got {domain!r:.80}")
        self.split = tasks if isinstance(tasks, str) else None
        """The split that it began with; None if it was given tasks."""
        begin = domain.tasks[tasks] if isinstance(tasks, str) else tasks
        if not begin:
            raise DataError("a curriculum needs at least one task; this split has none")
        self.name = name
        self.domain = domain
        self.tasks = tuple({task.key: task for task in begin}.values())
        self.sampler: Sampler = check_part("sampler", sampler, "weights")
        self.refresher: Refresher = check_part("refresher", refresher, "refresh")
        self.prior = _checked_prior(prior)
        self.seed = check_whole("seed", seed, 0)
        self.folder = None if folder is None else Path(folder)
        self.refresh_every = None if refresh_every is None else check_whole("refresh_every", refresh_every, 1)
        self.refresh_tasks = REFRESH_TASKS if refresh_tasks is None else check_whole("refresh_tasks", refresh_tasks, 1)
        if refresh_every is None and refresh_tasks is not None:
            raise DataError("refresh_tasks is for refreshes that come by themselves; give refresh_every too")
        self.restart = restart
        if signal not in get_args(Signal):
            raise ValueError(f"signal must be 'success' or 'reward', got {signal!r}")
        self.signal: Signal = signal
        self._progress = Progress(Pool(Entry(task, of_split=True) for task in self.tasks))
        self._entries: Sequence[Entry] = ()
        self._chances: np.ndarray | None = None
        self._ends = np.zeros(0)
        self._refreshing = False

    @property
    def keeps_failures(self) -> bool:
        """Whether a refresh needs the trajectories of failures."""
        return self.refresher.keeps_failures

    @property
    def round(self) -> int:
        """How many refreshes there were."""
        return self._progress.round

    @property
    def pool(self) -> Pool:
        """Its tasks, and what is known of each; to be read."""
        return self._progress.pool

    def probabilities(self) -> dict[str, float]:
        """With what chance each task is drawn next, by task key; tasks with none are left out."""
        return {entry.task.key: chance for entry, chance in self._drawn()}

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """Draw ``k`` tasks, at least 1; a refresh that is due comes first."""
        if self.refresh_every is not None and self.pool.trials >= self.refresh_every and not self._refreshing:
            started = time.perf_counter()
            report = refresh(self, Budget(tasks=self.refresh_tasks))
            sys.stderr.write(f"toolgym: {self.name}: {report.line()}, {time.perf_counter() - started:.1f} s\n")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        self._weigh()
        places = np.searchsorted(self._ends, rng.random(k) * self._ends[-1], side="right")
        return [self._entries[min(int(place), len(self._entries) - 1)].task for place in places]

    def update(self, group: Sequence[Trajectory]) -> None:
        """Learn from the trials of one task; void ones, and those that were seen before, change nothing.

        Raises:
            DataError: If the trials are not of one task.
        """
        if self._progress.learn(group, keep=self.keeps_failures):
            self._chances = None

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """Whether a trainer should learn from a group.

        Not if one of its trials is void or not judged, nor if all of several have the same signal. A single trial is
        learned from.

        Raises:
            DataError: If the signal is the reward, and the trials were paid nothing.
        """
        if not group or any(trajectory.success is None for trajectory in group):
            return False
        return len(group) == 1 or len({_signal(trajectory, self.signal) for trajectory in group}) > 1

    async def refresh(self, budget: Budget, tick: Callable[[], None] | None = None) -> RefreshReport:
        """Make new tasks from what was learned; if it fails, or is cancelled, the curriculum is as it was.

        Args:
            budget: How much it may make.
            tick: Called after each proposal, certified or not, for whoever shows the progress.

        Raises:
            DataError: If the folder holds another curriculum, or another state of this one, or cannot be written.
            RuntimeError: If a refresh is under way.
        """
        if self._refreshing:
            raise RuntimeError("a refresh of this curriculum is under way; wait until it has ended")
        self._refreshing = True
        try:
            self._check_folder()
            now = PoolView(self.name, self.domain, self.tasks, self._progress, self.seed)
            report, failures, after = await self.refresher.refresh(now, budget, tick)
            self._write(report, failures, after)
            self._progress, self._chances = after, None
            return report
        finally:
            self._refreshing = False

    def state_dict(self) -> dict[str, Any]:
        """All of its state, as JSON-able data; worlds that are files in its folder are only named."""
        return self._state_of(self._progress)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state: it brings all tasks; those that this one was made with are not kept.

        Raises:
            DataError: If it is not the state of such a curriculum, or of one that began with another split.
            WorldError: If a world is missing.
            RuntimeError: If a refresh is under way.
        """
        if self._refreshing:
            raise RuntimeError("a refresh of this curriculum is under way; load the state when it has ended")
        found = {name: state.get(name) for name in ("curriculum", "domain")}
        own = {"curriculum": self.name, "domain": self.domain.name}
        if found != own:
            raise DataError(
                f"this is the state of a curriculum {found['curriculum']!r} over {found['domain']!r}, not of "
                f"{own['curriculum']!r} over {own['domain']!r}"
            )
        progress = Progress.from_state(self.domain, state, self.folder)
        began = [entry.task for entry in progress.pool if entry.of_split]
        if began and not {task.key for task in began} & {task.key for task in self.tasks}:
            raise DataError(self._began_elsewhere(began))
        self._progress, self._chances = progress, None

    def _began_elsewhere(self, began: Sequence[Task]) -> str:
        """What is told of a state that began with other tasks."""
        keys = {task.key for task in began}
        for split in self.domain.tasks.splits():
            if keys <= {task.key for task in self.domain.tasks[split]}:
                return f"this is the state of a curriculum that began with the split {split!r}: name that split"
        return (
            f"this is the state of a curriculum that began with other tasks, such as {began[0].id!r}, and none of "
            f"this one's, such as {self.tasks[0].id!r}; name the split that it began with"
        )

    def metrics(self) -> dict[str, float]:
        """Figures for a log.

        ``pool`` (tasks), ``made`` (those that refreshes made), ``round``, ``failures`` (that wait to be analysed), and,
        over the tasks as they are drawn now, ``rate`` (the mean of their rates), ``learnability`` (the mean of
        4p(1 - p), in [0, 1]) and ``share/…`` by pattern (a task that is there for several counts in part for each),
        with ``share/split`` and ``share/untargeted`` for those of the split and those made that are there for none.
        ``zero_signal`` only where there were groups since the last refresh.
        """
        progress = self._progress
        found = {
            "pool": float(len(progress.pool)),
            "made": float(sum(entry.round is not None for entry in progress.pool)),
            "round": float(progress.round),
            "failures": float(len(progress.failures)),
        }
        drawn = self._drawn()
        found["rate"] = math.fsum(chance * entry.rate(self.prior) for entry, chance in drawn)
        found["learnability"] = math.fsum(chance * 4 * entry.learnability(self.prior) for entry, chance in drawn)
        shares: dict[str, list[float]] = {}
        for entry, chance in drawn:
            for pattern in entry.patterns or (SPLIT if entry.of_split else UNTARGETED,):
                shares.setdefault(pattern, []).append(chance / max(len(entry.patterns), 1))
        found |= {f"share/{pattern}": math.fsum(parts) for pattern, parts in shares.items()}
        if (zero := progress.zero_signal()) is not None:
            found["zero_signal"] = zero
        return found

    def _weigh(self) -> np.ndarray:
        """The chance of each task; and where each ends on the line from 0 to 1, from which a draw takes a point."""
        if self._chances is None:
            self._entries = tuple(self._progress.pool)
            weights = self.sampler.weights(self._progress, self.prior)
            if len(weights) != len(self._entries):
                raise DataError(
                    f"the sampler {type(self.sampler).__name__} gave {len(weights)} weights for {len(self._entries)} "
                    "tasks; give one for each entry of progress.pool, in order"
                )
            self._chances = capped(weights)
            self._ends = np.cumsum(self._chances)
        return self._chances

    def _drawn(self) -> list[tuple[Entry, float]]:
        """The tasks that may be drawn, each with its chance."""
        chances = self._weigh()
        pairs = zip(self._entries, chances, strict=True)
        return [(entry, float(chance)) for entry, chance in pairs if chance > 0]

    def _state_of(self, progress: Progress) -> dict[str, Any]:
        kind = {"curriculum": self.name, "domain": self.domain.name}
        return {**kind, **progress.state_dict(self.domain, self.folder)}

    def _check_folder(self) -> None:
        """That what the folder holds is this curriculum as it is before the refresh."""
        if self.folder is None or not (self.folder / STATE).exists():
            return
        saved = read_saved(self.folder)
        held = (saved.curriculum, saved.domain, saved.data, saved.state.get("round"))
        own = (self.name, self.domain.name, self.domain.compat.name, self.round)
        if held != own:
            raise DataError(
                f"{str(self.folder)!r} holds the curriculum {held[0]!r} over {held[1]!r} ({held[2]}) after {held[3]} "
                f"refreshes, and this is {own[0]!r} over {own[1]!r} ({own[2]}) after {own[3]}; go on from that one "
                "(pool=…), or name another folder"
            )

    def _write(self, report: RefreshReport, failures: Sequence[FailureReport], after: Progress) -> None:
        if self.folder is None:
            return
        with writing(self.folder):
            self._check_folder()  # another process may have gone on from it meanwhile
            save_worlds(self.domain, after.pool.worlds(), self.folder)
            saved = Saved(self.name, self.domain.name, self.domain.compat.name, self._state_of(after))
            write_round(self.folder, report, failures, saved)


def _checked_prior(prior: Prior) -> Prior:
    """A prior as it is used."""
    if not isinstance(prior, tuple | list) or len(prior) != 2:
        raise DataError(f"prior must be two finite numbers above 0, such as (1, 1), got {prior!r:.80}")
    if any(check_number("prior", count, "above 0, twice") <= 0 for count in prior):
        raise ValueError(f"prior must be two finite numbers above 0, got {prior!r}")
    return float(prior[0]), float(prior[1])


def _signal(trajectory: Trajectory, signal: Signal) -> float | None:
    """What a trial is compared by with the others of its group."""
    if signal == "success":
        return trajectory.success
    paid = trajectory.rewards.get("assistant")
    if not paid:
        raise DataError(
            f"the trial {trajectory.trial} of {trajectory.task_id!r} was paid nothing, and signal='reward' compares "
            "what trials were paid; play them with a reward, or take signal='success'"
        )
    return round(math.fsum(paid.values()), 9)  # the same payments in another order differ by less
