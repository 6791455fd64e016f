"""An index of the tasks that a check has seen, to find duplicates."""

from __future__ import annotations

import json
from typing import TypeAlias

from toolgym.episode.setup import TaskSetup
from toolgym.messages import canonical_arguments
from toolgym.tasks import Action, Instructions, Task

OVERLAP = 0.9
"""The share of common shingles from which two scenarios say the same."""
WORDS = 4
"""Words in a shingle."""

_Shingles: TypeAlias = frozenset[tuple[str, ...]]


class DuplicateIndex:
    """Tasks seen so far. One is a duplicate of another in the same world in either of two cases.

    - *The same*: both start in the same state, are graded by the same components, must say the same texts, and have
      the same graded calls, in any order. The graded calls are the gold's effective writes; all gold calls if there
      are none, or if ACTION is in the basis.
    - *Near*: both are graded by the same components and have graded calls of the same names, the same user asks (as
      far as the scenario says so apart, in ``known_info``), and the overlap of their scenarios, which is the Jaccard
      index of their shingles of 4 words, is at least 0.9.
    """

    def __init__(self) -> None:
        self._same: dict[str, str] = {}
        self._near: dict[str, list[tuple[_Shingles, str]]] = {}

    def add(self, ready: TaskSetup) -> str | None:
        """Take in a task, unless it is a duplicate.

        Args:
            ready: The task, prepared.

        Returns:
            Which task it is a duplicate of, and how; None if it was taken in.
        """
        task = ready.task
        criteria = task.evaluation_criteria
        basis = sorted(set(criteria.reward_basis)) if criteria is not None else []
        facts = sorted(criteria.communicate_info or ()) if criteria is not None else []
        calls = sorted(
            (action.requestor, action.name, canonical_arguments(action.arguments)) for action in _graded(ready)
        )
        state = task.initial_state.model_dump(mode="json") if task.initial_state is not None else None
        same = json.dumps([task.world, basis, state, facts, calls], sort_keys=True)
        if same in self._same:
            return f"the same start, calls, texts and grading as task {self._same[same]!r}"
        near = json.dumps([task.world, basis, [call[:2] for call in calls], _user(task)])
        shingles = _shingles(str(task.user_scenario))
        others = self._near.setdefault(near, [])
        for other, other_id in others:
            if (overlap := _overlap(shingles, other)) >= OVERLAP:
                return f"its scenario overlaps with that of task {other_id!r} by {overlap:.2f}; below {OVERLAP} is new"
        self._same[same] = task.id
        others.append((shingles, task.id))
        return None


def _graded(ready: TaskSetup) -> tuple[Action, ...]:
    criteria = ready.task.evaluation_criteria
    if not ready.gold_writes or (criteria is not None and "ACTION" in criteria.reward_basis):
        return ready.task.gold
    return ready.gold_writes


def _user(task: Task) -> str:
    """Who asks, where the scenario says it apart; else empty, and the scenario's words alone tell users apart."""
    instructions = task.user_scenario.instructions
    known = instructions.known_info if isinstance(instructions, Instructions) else None
    return " ".join((known or "").casefold().split())


def _shingles(text: str) -> _Shingles:
    words = text.casefold().split()
    return frozenset(tuple(words[start : start + WORDS]) for start in range(max(len(words) - WORDS + 1, 1)))


def _overlap(one: _Shingles, other: _Shingles) -> float:
    """The Jaccard index; 0.0 without counting where the sizes alone rule out ``OVERLAP``."""
    if min(len(one), len(other)) < OVERLAP * max(len(one), len(other)):
        return 0.0
    common = len(one & other)
    return common / (len(one) + len(other) - common)
