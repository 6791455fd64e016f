"""The retail domain's task generator: what can be confused in a shop, and how its tasks are made."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from toolgym.database import Rows
from toolgym.generation import ArgumentRoles, Difficulty, Injector
from toolgym.tasks import Task
from toolgym.worlds.identities import Entity
from toolgym_retail import argument_roles
from toolgym.worlds import Dice
from toolgym_retail.goals import RECIPES, Goal, GoalExplorer
from toolgym_retail.goals.injectors import INJECTORS
from toolgym_retail.goals.recipes import answers_move
from toolgym_retail.scenario import make_task
from toolgym_retail.world import generate

CUSTOMERS = 400
"""Customers of a world; fewer, and some situations are not to be found in it."""

DRAWS = 20
"""How often a goal is drawn before its kind is taken to have none."""


class RetailTaskGenerator:
    """See :class:`toolgym.generation.TaskGenerator`."""

    kinds: Sequence[str] = tuple(RECIPES)
    injectors: Sequence[Injector] = INJECTORS
    argument_roles: ArgumentRoles = argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """See TaskGenerator."""
        return generate(rng, CUSTOMERS, taken=taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> RetailExplorer:
        """See TaskGenerator."""
        return RetailExplorer(rows, world, rng)


class RetailExplorer:
    """Tasks over one world.

    Args:
        rows: The world.
        world: Its digest.
        rng: Everything random comes from it.
    """

    def __init__(self, rows: Rows, world: str, rng: np.random.Generator) -> None:
        self._rows = rows
        self._world = world
        self._goals = GoalExplorer(rows, Dice(rng))

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        """See Explorer; a refusal comes with its twin."""
        for _ in range(DRAWS):
            goal = self._goals.draw(kind)
            if goal is None:
                return ()
            twin = self._goals.twin(goal) if kind == "refuse" else None
            goals = [goal] if twin is None else [goal, twin]
            if (kind == "refuse") == (twin is not None) and not any(answers_move(one.facts.requests) for one in goals):
                ids = (task_id, f"{task_id}-twin")
                return tuple(self._task(one, name) for one, name in zip(goals, ids, strict=False))
        return ()

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        """See GoalExplorer."""
        goal = self._goals.inject(injector, dose)
        return () if goal is None else (self._task(goal, task_id, _PATTERNS[injector]),)

    def _task(self, goal: Goal, task_id: str, pattern: str | None = None) -> Task:
        task = make_task(goal, self._rows, self._world, task_id)
        provenance = task.provenance
        if pattern is None or provenance is None:
            return task
        return task.model_copy(update={"provenance": provenance.model_copy(update={"pattern": pattern})})


_PATTERNS = {injector.name: injector.pattern for injector in INJECTORS}
