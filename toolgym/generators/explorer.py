"""Draws goals: which user of a world calls, what it wants, and how it speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic

from toolgym.errors import refuse_unknown
from toolgym.generation import Difficulty, Injector
from toolgym.generators.doses import DraftMaker
from toolgym.generators.drafts import Draft, F, Goal
from toolgym.generators.recipes import C, Recipe
from toolgym.scripted.facts import QUESTION
from toolgym.tasks import Task

DRAWS = 20
"""How often a goal is drawn before its kind is taken to have none."""


class GoalExplorer(Generic[C, F]):
    """Looks for feasible goals in one world and makes tasks of them: an :class:`~toolgym.generation.Explorer`.

    Args:
        caller: The users of the world, and what each may want.
        recipes: The kinds of untargeted calls by name.
        injectors: Every injector with what it does.
        twins: By kind whose right answer is to refuse: what the same user might have asked for and got instead.
        make_task: Makes the task of a goal and an id.

    Raises:
        UnknownNameError: If a twin is of no recipe.
    """

    def __init__(
        self,
        caller: C,
        *,
        recipes: Mapping[str, Recipe[C, Any]],
        injectors: Mapping[Injector, DraftMaker[C, Any]],
        twins: Mapping[str, Callable[[C, Any], Any]],
        make_task: Callable[[Goal[F], str], Task],
    ) -> None:
        refuse_unknown("recipe with a twin", twins, recipes)
        self._caller = caller
        self._recipes = recipes
        self._injectors = {injector.name: (injector, method) for injector, method in injectors.items()}
        self._twins = twins
        self._make_task = make_task

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        """A task of a kind, a refusal with its twin; it depends on kind and id alone, not on what was drawn before."""
        for _ in range(DRAWS):
            goals = self.goals(kind)
            if not goals:
                return ()
            if len(goals) == (2 if kind in self._twins else 1):
                return self._tasks(goals, task_id)
        return ()

    def draw_any(self, kind: str, task_id: str) -> Sequence[Task]:
        """As :meth:`draw`, but a refusal may come without its twin: the caller drops what is not whole."""
        return self._tasks(self.goals(kind), task_id)

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        """A task made hard in the injector's way; empty if the world allows none."""
        refuse_unknown("injector", [injector], self._injectors)
        what, method = self._injectors[injector]
        goal = self._search(injector, lambda caller: method(caller, dose), 1500)
        if goal is None:
            return ()
        task = self._make_task(goal, task_id)
        if task.provenance is None:
            return (task,)
        return (task.model_copy(update={"provenance": task.provenance.model_copy(update={"pattern": what.pattern})}),)

    def goals(self, kind: str) -> Sequence[Goal[F]]:
        """A goal of a recipe, with its twin if it has one; nothing if the world has none.

        Args:
            kind: The recipe's name.

        Raises:
            UnknownNameError: If no recipe has that name.
        """
        refuse_unknown("kind of call", [kind], self._recipes)
        goal = self._search(kind, self._recipes[kind], 400)
        if goal is None:
            return ()
        twin = self._twin(goal, self._twins[kind]) if kind in self._twins else None
        return (goal,) if twin is None else (goal, twin)

    def _search(self, kind: str, recipe: Recipe[C, Any], attempts: int) -> Goal[F] | None:
        """What the first of some users has for whom there is anything; none whose own writes change what it asks."""
        ids = list(self._caller.users)
        for _ in range(attempts if ids else 0):
            self._caller.become(self._caller.dice.pick(ids))
            draft = recipe(self._caller)
            if draft is not None and not self._caller.answers_move(draft.requests):
                return self._goal(kind, draft)
        return None

    def _twin(self, goal: Goal[F], acts_instead: Callable[[C, Any], Any]) -> Goal[F] | None:
        """For a goal whose right answer is to refuse, a near one of the same user whose right answer is to act."""
        refused, *rest = goal.facts.requests
        self._caller.become(goal.user_id)
        for _ in range(200):
            request = acts_instead(self._caller, refused)
            if request is not None:
                requests = [request, *(other for other in rest if other.kind == QUESTION)]
                if self._caller.answers_move(requests):
                    continue
                draft = Draft(requests, ["twin of a refusal"], goal.facts.upfront)
                return self._goal("act_" + goal.kind.removeprefix("refuse_"), draft, goal.facts)
        return None

    def _goal(self, kind: str, draft: Draft[Any], like: F | None = None) -> Goal[F]:
        return Goal(kind, self._caller.facts(draft, like), self._caller.user_id, tuple(draft.difficulties))

    def _tasks(self, goals: Sequence[Goal[F]], task_id: str) -> tuple[Task, ...]:
        return tuple(
            self._make_task(goal, name) for goal, name in zip(goals, (task_id, f"{task_id}-twin"), strict=False)
        )
