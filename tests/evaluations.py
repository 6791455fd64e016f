"""Evaluations from the settings that a test wants in its run, and any agents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.evaluation.grade import Judge
from toolgym.rollouts import Evaluation, Settings, play_run
from toolgym.runs import Run
from toolgym.tasks import Task, TaskSet
from toolgym.trajectory import Trajectory


def evaluation(
    settings: Settings,
    domain: Domain,
    tasks: Sequence[Task],
    agent: AgentFactory,
    user: AgentFactory,
    *,
    judge: Judge | None = None,
) -> Evaluation:
    """Who plays these tasks as these settings call it."""
    return Evaluation(
        domain.with_data(tasks=TaskSet({settings.split: lambda: tuple(tasks)})),
        settings.split,
        replace(AgentSpec.of(agent), name=settings.agent),
        replace(AgentSpec.of(user), name=settings.user),
        judge=judge,
        judge_name=settings.judge,
        trials=settings.trials,
        seed=settings.seed,
        limits=settings.limits,
        chosen=settings.tasks,
        wording=settings.wording,
        models=settings.models,
    )


def evaluate(
    run: Run,
    settings: Settings,
    domain: Domain,
    tasks: Sequence[Task],
    agent: AgentFactory,
    user: AgentFactory,
    *,
    judge: Judge | None = None,
    concurrency: int = 16,
    only: Collection[str] = (),
    progress: Callable[[Trajectory], None] | None = None,
) -> None:
    """Play what a run lacks."""
    asked = evaluation(settings, domain, tasks, agent, user, judge=judge)
    play_run(run, asked, concurrency=concurrency, only=only, progress=progress)
