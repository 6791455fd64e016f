"""Playing with a policy in a training: samplers, runs that are kept, and what they came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from toolgym.concurrency.bridge import wait_for
from toolgym.domain import AgentFactory, Domain
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import ServiceError
from toolgym.evaluation.metrics import MOST_VOID
from toolgym.failures.report import ask, counted
from toolgym.failures.rules.analyst import RulesAnalyst
from toolgym.limits import Limits
from toolgym.registration.evaluate import evaluate
from toolgym.rewards import RewardTerm, build_reward
from toolgym.runs import read_trajectories
from toolgym.runs.results import Results
from toolgym.runs.summary import summarise
from toolgym.trajectory import Trajectory
from toolgym_trainers.loop.settings import TrainSettings
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.sampler import Sampler


def reward_of(settings: TrainSettings) -> tuple[RewardTerm, ...]:
    """How a training pays its episodes.

    Args:
        settings: The settings.

    Raises:
        UnknownNameError: If there is no such preset or term.
    """
    return build_reward(settings.reward if isinstance(settings.reward, str) else dict(settings.reward))


def sampler_of(domain: Domain, user: AgentFactory, settings: TrainSettings, policy: Policy) -> Sampler:
    """What plays a training's episodes, paid as its settings say.

    Args:
        domain: The domain.
        user: Who plays the customer.
        settings: The settings.
        policy: Who is trained.
    """
    parts = ConversationParts(
        domain,
        user,
        reward_of(settings),
        limits=Limits.training(),
        split=settings.split,
        user_name="scripted",
    )
    return Sampler(policy, parts, rows=settings.rows, temperature=settings.temperature, most=settings.turn_tokens)


def play_kept(
    domain: Domain,
    agent: AgentFactory | str,
    user: AgentFactory | str,
    *,
    runs: Path,
    name: str,
    split: str,
    count: int | None,
    trials: int,
    seed: int,
    rows: int,
    tick: Callable[[int, int], None],
    limits: Limits | None = None,
) -> dict[str, Any]:
    """Play a split and keep the run; one that was broken off is gone on with.

    Args:
        domain: The domain.
        agent: Who speaks for the assistant.
        user: Who plays the customer.
        runs: The folder of the runs.
        name: The run's name, to which that of the agent is added.
        split: The split.
        count: How many of its tasks, from the first; None for all.
        trials: Of each task.
        seed: The run's.
        rows: Episodes at once.
        tick: Told how many episodes are played, and of how many.
        limits: When an episode is cut off.

    Returns:
        The figures, as :func:`figures_of` gives them.

    Raises:
        ServiceError: If more than 5 % of the episodes are void.
    """
    tasks = [task.id for task in domain.tasks[split][:count]]
    total = len(tasks) * trials
    folder = runs / f"{name}-{agent if isinstance(agent, str) else getattr(agent, 'name', 'agent')}"
    there = folder.exists()
    done = sum(1 for _ in read_trajectories(folder)) if there else 0
    tick(done, total)

    def told(_: Trajectory) -> None:
        nonlocal done
        done += 1
        tick(done, total)

    results = evaluate(
        domain,
        agent=agent,
        user=user,
        split=split,
        tasks=tasks,
        trials=trials,
        seed=seed,
        limits=limits or Limits.training(),
        runs=runs,
        name=name,
        resume=there,
        concurrency=rows,
        progress=told,
    )
    return figures_of(results, domain)


def figures_of(results: Results, domain: Domain) -> dict[str, Any]:
    """What a run came to: Pass^k with intervals, conduct, repeated and failed calls, ends, and patterns of failures.

    Args:
        results: The run's results.
        domain: The domain.

    Raises:
        ServiceError: If so many episodes are void that there are no figures.
    """
    tools = domain.toolkits["assistant"].tools
    whole = summarise(results.run, lambda name: tools if name == domain.name else {})
    if whole["refused"]:
        first = next(row.fault for row in results.trajectories if row.fault is not None)
        raise ServiceError(
            f"{whole['episodes']['void']} of {len(results.trajectories)} episodes of {str(results.run)!r} are void, "
            f"and at most {MOST_VOID:.0%} may be; the first: {first}"
        )
    conduct = results.compliance
    tasks = {task.key: task for split in domain.tasks.splits() for task in domain.tasks[split]}
    failed = [row for row in results.trajectories if row.success is False]
    reports = wait_for(ask(RulesAnalyst(), domain, [(tasks.get(row.task_key), row) for row in failed]))
    return {
        "run": str(results.run),
        "pass_hat": whole["pass_hat"],
        "tasks": whole["tasks_counted"],
        "episodes": whole["episodes"]["finished"],
        "void": whole["episodes"]["void"],
        "calls": whole["calls"],
        "terminations": whole["terminations"],
        "consent": None if conduct is None or conduct.consent is None else conduct.consent.mean,
        "identified": None if conduct is None or conduct.identified is None else conduct.identified.mean,
        "failures": len(failed),
        "patterns": dict(counted(reports, "assistant")),
    }


def groups_of_run(run: Path) -> Iterator[Sequence[Trajectory]]:
    """The trajectories of a run, a group for each task."""
    groups: dict[str, list[Trajectory]] = {}
    for row in read_trajectories(run):
        groups.setdefault(row.task_key, []).append(row)
    yield from groups.values()
