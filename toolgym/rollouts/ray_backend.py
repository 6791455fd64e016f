"""The same rollouts on a Ray cluster: where a trial is played is all that differs."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any

from toolgym.concurrency.bridge import wait_for
from toolgym.domain import AgentFactory, Domain
from toolgym.errors import BudgetError, DataError, MissingExtraError, ServiceError
from toolgym.evaluation.grade import Judge
from toolgym.rollouts.evaluate import fill, judged_again, play_trial
from toolgym.rollouts.settings import Settings
from toolgym.runs import Run
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

if TYPE_CHECKING:
    from toolgym.models import Throttle


def check_ray() -> Any:
    """See that Ray is installed, and import it.

    Raises:
        MissingExtraError: If it is not.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise MissingExtraError("the backend 'ray'", "ray") from error


def evaluate_on_ray(
    run: Run,
    settings: Settings,
    domain: Domain,
    tasks: Sequence[Task],
    agent: AgentFactory,
    user: AgentFactory,
    *,
    throttle: Throttle,
    judge: Judge | None = None,
    workers: int | None = None,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """The same as :func:`~toolgym.rollouts.evaluate`, on the workers of a Ray cluster.

    Args:
        run: See there, as for all that is not explained here.
        settings: See there.
        domain: See there.
        tasks: See there.
        agent: See there; it must be picklable, as ``user`` and ``judge`` must be.
        user: See there.
        throttle: Has the budget, and is told what is spent of it.
        judge: See there.
        workers: How many, at least 1; by default one a core of the cluster.
        concurrency: Episodes played at once by all of them, at least 1.
        only: See there.
        progress: See there.

    Raises:
        MissingExtraError: If Ray is not installed.
        Exception: What ``evaluate`` raises.
    """
    before = run.cost_usd
    with RayBackend(
        settings,
        domain,
        agent,
        user,
        judge=judge,
        workers=workers,
        concurrency=concurrency,
        budget_usd=throttle.budget_usd,
        spent_usd=throttle.spent_usd,
    ) as cluster:
        try:
            player = judged_again(run, domain, judge, cluster)
            wait_for(fill(run, settings, tasks, player, concurrency=concurrency, only=only, progress=progress))
        finally:
            throttle.pay(run.cost_usd - before)


class RayBackend:
    """Plays trials on the workers of a Ray cluster; use it as a context manager, and as the player of ``fill``.

    A cluster that runs already is used (``RAY_ADDRESS``, or one of this process); else a local one is started, and
    ended at the end. Each worker is one core with an event loop of its own. Domain, tasks and agents are sent to the
    workers, which need toolgym, the plug-ins and the domain's files installed. A worker that dies is replaced, and
    what it was playing is played again.

    Args:
        settings: What is evaluated.
        domain: The domain.
        agent: Makes the assistant; it must be picklable, which names, classes and ``functools.partial`` are.
        user: Makes the user, likewise.
        judge: Judges natural-language assertions, likewise.
        workers: How many, at least 1; by default one a core of the cluster.
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
        settings: Settings,
        domain: Domain,
        agent: AgentFactory,
        user: AgentFactory,
        *,
        judge: Judge | None = None,
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
        self._actors = [worker.remote(settings, domain, agent, user, judge) for _ in range(self.workers)]
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

    def __init__(
        self, settings: Settings, domain: Domain, agent: AgentFactory, user: AgentFactory, judge: Judge | None
    ) -> None:
        self._settings = settings
        self._domain = domain
        self._agents = agent, user
        self._judge = judge

    async def play(self, task: Task, trial: int) -> str:
        played = await play_trial(self._settings, self._domain, task, trial, *self._agents, judge=self._judge)
        return played.to_json()
