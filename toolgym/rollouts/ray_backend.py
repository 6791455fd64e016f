"""The same rollouts on a Ray cluster: where a trial is played is all that differs."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from toolgym.concurrency.bridge import wait_for
from toolgym.errors import BudgetError, DataError, MissingExtraError, ServiceError
from toolgym.rollouts.evaluation import Evaluation
from toolgym.rollouts.play_run import fill, judged_again, play_trial
from toolgym.runs import Run
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

if TYPE_CHECKING:
    from toolgym.models import Throttle


def check_ray() -> Any:
    """Check that Ray is installed, and import it.

    Raises:
        MissingExtraError: If it is not.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise MissingExtraError("the backend 'ray'", "ray") from error


def play_run_on_ray(
    run: Run,
    evaluation: Evaluation,
    *,
    throttle: Throttle,
    workers: int | None = None,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """Play what a run lacks on the workers of a Ray cluster; otherwise as :func:`~toolgym.rollouts.play_run`.

    Args:
        run: Where the trajectories go.
        evaluation: Who plays what; domain, agent, user and judge must be picklable.
        throttle: Has the budget, and is told what is spent of it.
        workers: How many, at least 1; by default one for each core of the cluster.
        concurrency: Episodes played at once by all of them, at least 1.
        only: Ids of the tasks of which something is played now; empty for all of them.
        progress: Called with each trajectory when it has been kept.

    Raises:
        MissingExtraError: If Ray is not installed.
        Exception: What ``play_run`` raises.
    """
    before = run.cost_usd
    with RayBackend(
        evaluation,
        workers=workers,
        concurrency=concurrency,
        budget_usd=throttle.budget_usd,
        spent_usd=throttle.spent_usd,
    ) as cluster:
        try:
            player = judged_again(run, evaluation, cluster)
            wait_for(fill(run, evaluation, player, concurrency=concurrency, only=only, progress=progress))
        finally:
            throttle.pay(run.cost_usd - before)


class RayBackend:
    """Plays trials on the workers of a Ray cluster; use it as a context manager, and as the player of ``fill``.

    A cluster that runs already is used (``RAY_ADDRESS``, or one of this process); else a local one is started, and
    ended at the end. Each worker is one core with an event loop of its own. Domain, tasks and agents are sent to the
    workers, which need toolgym, the plug-ins and the domain's files installed. A worker that dies is replaced, and
    what it was playing is played again.

    Args:
        evaluation: Who plays what; all of it must be picklable, which names, classes and ``functools.partial`` are.
        workers: How many, at least 1; by default one for each core of the cluster.
        concurrency: Episodes played at once by all of them, at least 1.
        budget_usd: What may be spent; looked at whenever a trial is to begin, so the trials under way then may spend
            more.
        spent_usd: What was spent before.

    Raises:
        MissingExtraError: If Ray is not installed.
        DataError: If ``workers`` is below 1.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        *,
        workers: int | None = None,
        concurrency: int = 16,
        budget_usd: float | None = None,
        spent_usd: float = 0.0,
    ) -> None:
        ray = check_ray()
        if workers is not None and workers < 1:
            raise DataError(f"workers must be at least 1, got {workers}")
        self._ray = ray
        self._started = not ray.is_initialized()
        if self._started:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.WARNING)
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self.budget_usd = budget_usd
        self._spent_usd = spent_usd
        worker = ray.remote(_Worker).options(
            num_cpus=1,
            max_concurrency=math.ceil(concurrency / self.workers),
            max_restarts=-1,
            max_task_retries=3,
        )
        self._actors = [worker.remote(evaluation) for _ in range(self.workers)]
        self._busy = [0] * self.workers

    async def __call__(self, task: Task, trial: int) -> Trajectory:
        """Play one trial on the worker that has least to do.

        Raises:
            BudgetError: If the budget is spent.
            ServiceError: If a worker cannot be started, or has died again and again.
            Exception: What an assistant raises.
        """
        if self.budget_usd is not None and self._spent_usd >= self.budget_usd:
            raise BudgetError(f"the budget of ${self.budget_usd:.2f} is spent (${self._spent_usd:.2f} so far)")
        place = self._busy.index(min(self._busy))
        self._busy[place] += 1
        try:
            trajectory = Trajectory.from_json(await self._actors[place].play.remote(task, trial))
        except self._ray.exceptions.RayActorError as error:
            raise ServiceError(
                f"a worker of the cluster cannot be started, or died again and again: {error}"
            ) from error
        finally:
            self._busy[place] -= 1
        self._spent_usd += trajectory.cost_usd
        return trajectory

    def close(self) -> None:
        """End the workers, and the cluster if it was started here."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors = []
        if self._started:
            self._ray.shutdown()
            self._started = False

    def __enter__(self) -> RayBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One core of the cluster."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def play(self, task: Task, trial: int) -> str:
        return (await play_trial(self._evaluation, task, trial)).to_json()
