"""What tasks a round wants: how many for each pattern, how hard, and made from which failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from toolgym.domain import Domain
from toolgym.failures.report import FailureReport
from toolgym.generation import MAX_LEVEL, Shape, targets
from toolgym.proposal import TaskRequest

FLOOR = 0.05
"""The share of the tasks that every pattern gets that any failure shows."""
PARENTS = 3
"""How many failures a task is made from, at most."""
LEVEL = 1
"""How hard the first tasks of a pattern are."""
TRIALS = 4
"""Trials without which a level stays as it is."""
EASY, HARD = 0.8, 0.2
"""The shares of solved trials above and below which the next tasks are made harder and easier."""


def targetable(domain: Domain) -> tuple[str, ...]:
    """The patterns that tasks can be made for: those with injectors; without a generator all of the assistant's."""
    if domain.generator is not None:
        return tuple(targets(domain.generator))
    return tuple(name for name, pattern in domain.failure_patterns.items() if pattern.side == "assistant")


def apportion(total: int, shares: Mapping[str, float]) -> list[str]:
    """Which pattern each of some tasks is for: in proportion to shares, and every pattern some.

    Args:
        total: How many tasks, at least 0.
        shares: Any numbers above 0 by pattern; only their proportions count.

    Returns:
        The patterns, mixed, so that the first few of them are in proportion too. As long as there is one task for each
        pattern, each gets one at least, and about :data:`FLOOR` of all.

    Example:
        >>> apportion(5, {"wrong_record": 9, "repeated_call": 1})
        ['wrong_record', 'repeated_call', 'wrong_record', 'wrong_record', 'wrong_record']
    """
    if not shares:
        return []
    whole = sum(shares.values())
    floor = min(FLOOR, 1 / len(shares))
    aims = {name: floor + (1 - floor * len(shares)) * share / whole for name, share in shares.items()}
    chosen = sorted(aims, key=lambda name: -aims[name])[:total]
    counts = dict.fromkeys(aims, 0) | dict.fromkeys(chosen, 1)
    while len(chosen) < total:
        name = max(aims, key=lambda one: aims[one] * (len(chosen) + 1) - counts[one])
        chosen.append(name)
        counts[name] += 1
    return chosen


def next_level(level: int, trials: int, solved: int) -> int:
    """How hard the next tasks of a pattern are, by how the last ones were solved.

    Example:
        >>> next_level(1, 20, 18), next_level(1, 20, 10), next_level(1, 20, 2), next_level(1, 3, 3)
        (2, 1, 0, 1)
    """
    if trials < TRIALS:
        return level
    rate = solved / trials
    return min(max(level + (rate > EASY) - (rate < HARD), 0), MAX_LEVEL)


def targeted(
    ids: Sequence[str],
    shares: Mapping[str, float],
    levels: Mapping[str, int],
    reports: Sequence[FailureReport],
    round_number: int,
    rng: np.random.Generator,
    shapes: Mapping[str, Shape] | None = None,
) -> list[TaskRequest]:
    """Demands for tasks that stress patterns.

    Args:
        ids: The tasks' ids, one for each.
        shares: The patterns, and in what proportion they are wanted.
        levels: How hard, by pattern; :data:`LEVEL` where a pattern is not named.
        reports: The failures; each task gets up to :data:`PARENTS` of those that show its pattern.
        round_number: The round, from 0.
        rng: Chooses among the failures.
        shapes: The writes of tasks that failed, by task key: each task is wanted with those of one of its failures,
            so that the tools and lengths of what is made follow those of what fails. None: with any.
    """
    showing = {name: [report for report in reports if report.shows(name)] for name in shares}
    requests = []
    for task_id, name in zip(ids, apportion(len(ids), shares), strict=False):
        choice = showing[name]
        drawn = list(rng.choice(len(choice), size=min(PARENTS, len(choice)), replace=False)) if choice else []
        parents = tuple(choice[int(place)] for place in sorted(drawn))
        like = (shapes or {}).get(choice[int(drawn[0])].task_key) if drawn else None
        wanted = like if like is not None and like.writes else None
        requests.append(TaskRequest(task_id, name, levels.get(name, LEVEL), round_number, parents, wanted))
    return requests
