"""The retail domain's task generator: what can be confused in a shop, and how its tasks are made."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from toolgym.database import Rows
from toolgym.generation import ArgumentRoles, Injector
from toolgym.generators.explorer import GoalExplorer
from toolgym.worlds import Dice
from toolgym.worlds.identities import Entity
from toolgym_retail import argument_roles
from toolgym_retail.facts import Facts
from toolgym_retail.goals import RECIPES, Shopper, acts_instead
from toolgym_retail.goals.injectors import INJECTORS
from toolgym_retail.scenario import make_task
from toolgym_retail.world import generate

CUSTOMERS = 400
"""Customers of a world; fewer, and some situations are not to be found in it."""


class RetailTaskGenerator:
    """Worlds of shops, and the calls of their customers."""

    kinds: Sequence[str] = tuple(RECIPES)
    injectors: Sequence[Injector] = tuple(INJECTORS)
    argument_roles: ArgumentRoles = argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A shop with 400 customers."""
        return generate(rng, CUSTOMERS, taken=taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> GoalExplorer[Shopper, Facts]:
        """What the customers of a shop may want."""
        return GoalExplorer(
            Shopper(rows, Dice(rng)),
            recipes=RECIPES,
            injectors=INJECTORS,
            twins={"refuse": acts_instead, "refuse_reason": acts_instead},
            make_task=lambda goal, task_id: make_task(goal, rows, world, task_id),
        )
