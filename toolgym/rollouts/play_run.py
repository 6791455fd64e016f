"""Playing an evaluation: every task, several trials each, kept in a run."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

from toolgym.concurrency.bridge import wait_for
from toolgym.concurrency.parallel import in_parallel
from toolgym.episode.faults import in_grading, in_play, in_regrading, in_setup
from toolgym.errors import DataError, ServiceError
from toolgym.regrading.regrade import rejudge
from toolgym.rollouts.evaluation import Evaluation
from toolgym.rollouts.rollout import Rollout
from toolgym.runs import Run
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

Player: TypeAlias = Callable[[Task, int], Awaitable[Trajectory]]
"""Plays one trial of one task, here or elsewhere."""

VOIDS_IN_A_ROW = 20
"""Consecutive void episodes after which a run stops: something is wrong that more of them will not mend."""

_log = logging.getLogger("toolgym")


def play_run(
    run: Run,
    evaluation: Evaluation,
    *,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """Play what a run still lacks, and keep it.

    Void episodes are played again, except those for which only the judge failed: these are judged again. The run ends
    in the order of the tasks, and holds the same whatever is played at once.

    Args:
        run: Where the trajectories go; what it holds already is not played again.
        evaluation: Who plays what.
        concurrency: Episodes played at once, at least 1.
        only: Ids of the tasks of which something is played now; empty for all of them.
        progress: Called with each trajectory when it has been kept.

    Raises:
        BudgetError: If the money is spent; what is finished is kept.
        ServiceError: If :data:`VOIDS_IN_A_ROW` consecutive episodes are void.
        DataError: If the run cannot be written.
        Exception: What an assistant raises; what is finished is kept.
    """
    wait_for(play_run_async(run, evaluation, concurrency=concurrency, only=only, progress=progress))


async def play_run_async(
    run: Run,
    evaluation: Evaluation,
    *,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """Play what a run still lacks, in a coroutine; the same as :func:`play_run`."""

    async def play(task: Task, trial: int) -> Trajectory:
        return await play_trial(evaluation, task, trial, broken_off=run.discard)

    player = judged_again(run, evaluation, play)
    await fill(run, evaluation, player, concurrency=concurrency, only=only, progress=progress)


def judged_again(run: Run, evaluation: Evaluation, play: Player) -> Player:
    """A player that judges again what is void for its judge alone, and lets another player play everything else."""
    domain, judge = evaluation.domain, evaluation.judge

    async def judged(task: Task, trial: int) -> Trajectory:
        name = f"{task.key}-{trial}"
        kept = run.get(name) if judge is not None and run.void(name) == "judge" else None
        if kept is None or judge is None:
            return await play(task, trial)
        try:
            return await rejudge(domain, task, kept, judge)
        except Exception as error:
            outcome = in_regrading(error)
            if outcome.raised is not None:
                raise
            return replace(kept, fault=outcome.fault)

    return judged


async def fill(
    run: Run,
    evaluation: Evaluation,
    play: Player,
    *,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """Let a player play what a run lacks, as :func:`play_run` does.

    Raises:
        ServiceError: If :data:`VOIDS_IN_A_ROW` episodes one after the other are void, those apart that a defective
            task made so, or that were void before.
        DataError: If the run cannot be written, or holds episodes of other tasks.
        Exception: What the player raises; what is finished is kept.
    """
    tasks = evaluation.tasks
    jobs = [(task, trial) for task in tasks for trial in range(evaluation.trials_of(task))]
    order = [f"{task.key}-{trial}" for task, trial in jobs]
    if strange := run.episodes() - set(order):
        here = min(strange).rpartition("-")[0] in {task.key for task in tasks}
        why = "the settings ask for fewer trials" if here else "the tasks have changed since"
        raise DataError(
            f"the run {str(run.folder)!r} holds {len(strange)} episodes that are not of these tasks and trials, such "
            f"as {min(strange)}; {why}: {'ask for as many' if here else 'start a new run'}"
        )

    async def work(job: tuple[Task, int]) -> Trajectory:
        trajectory = await play(*job)
        run.append(trajectory)
        return trajectory

    wanted = jobs if not only else [(task, trial) for task, trial in jobs if task.id in only]
    lacking = [(task, trial) for task, trial in wanted if f"{task.key}-{trial}" not in run]
    known = {f"{task.key}-{trial}" for task, trial in lacking if run.void(f"{task.key}-{trial}")}
    voids = 0
    async with aclosing(in_parallel(lacking, work, concurrency)) as played:
        async for trajectory in played:
            if progress is not None:
                progress(trajectory)
            fault = trajectory.fault
            if fault is None:
                voids = 0
            elif fault.source != "task" and trajectory.episode_id not in known:
                voids += 1
            if fault is not None and voids >= VOIDS_IN_A_ROW:
                run.finish(order)
                raise ServiceError(
                    f"{voids} episodes in a row are void; the last: {fault.source}: {fault.reason}; the {len(run)} "
                    "finished episodes are kept: mend it, and continue with --resume"
                )
    run.finish(order)


async def play_trial(
    evaluation: Evaluation,
    task: Task,
    trial: int,
    *,
    broken_off: Callable[[Trajectory], None] | None = None,
) -> Trajectory:
    """One trial of one task as an evaluation plays it; a task that is defective gives a void trajectory.

    Args:
        evaluation: Who plays what.
        task: The task.
        trial: Which trial, from 0.
        broken_off: Called with what there is of an episode that is cancelled, or stopped for want of money, if it
            has cost any.

    Raises:
        BudgetError: If the money is spent.
        Exception: What an assistant raises.
    """
    domain, facts = evaluation.domain, evaluation.settings.facts(trial)
    try:
        rollout = Rollout(
            domain,
            task,
            evaluation.agent,
            evaluation.user,
            seed=evaluation.seed,
            trial=trial,
            limits=evaluation.limits,
            judge=evaluation.judge,
        )
    except Exception as error:
        outcome = in_setup(error)
        if outcome.raised is not None:
            raise
        facts |= {"fault": outcome.fault, "data": domain.compat.name}
        return Trajectory(domain.name, task.id, task.key, (), outcome.termination, None, **facts)
    episode = rollout.episode
    try:
        await rollout.finish_async()
    except BaseException as error:
        outcome = in_play(error, episode.fault)
        fault = outcome.fault
        if outcome.raised is not None or fault is None:
            costs = any(usage.cost_usd for usage in episode.usage.values())
            if fault is not None and broken_off is not None and costs:
                broken_off(replace(episode.trajectory(**facts), fault=fault, grade=None))
            raise
        _log.exception("task %r of %r is void: %s", task.id, domain.name, fault.reason)
    try:
        return episode.trajectory(**facts)
    except Exception as error:
        _log.exception("task %r of %r is void: it cannot be graded", task.id, domain.name)
        outcome = in_grading(error)
        episode.fault, episode.termination = outcome.fault, outcome.termination
        return episode.trajectory(**facts)
