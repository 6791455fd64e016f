"""The proposer that needs no model: a fresh world, goals found by running tools, and injected difficulties."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import TypeVar

import numpy as np

from toolgym.certificates.entities import entities_of
from toolgym.database import Database
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.generation import MAX_LEVEL, Difficulty, Explorer, Injector, Shape, TaskGenerator, targets
from toolgym.proposal import Proposal, TaskRequest
from toolgym.tasks import Provenance, Task
from toolgym.worlds.identities import Entity

_T = TypeVar("_T")

CANDIDATES = 24
"""Tasks of which the one is taken whose writes are nearest to those that are asked for."""
MOST_STEPS = Difficulty.of(MAX_LEVEL).steps
"""How many errands a task has at most."""


class TemplateProposer:
    """Makes tasks with a domain's task generator, in fresh worlds.

    Every pattern's injectors are used in turn, and so are the kinds of untargeted tasks. An injector for which a world
    has nothing is followed by the pattern's next one. A request that asks for writes (``like``) gets as many errands,
    and of some tasks the one whose writes are nearest.

    Args:
        tasks_per_world: Tasks proposed in one world before the next is built, at least 1.

    Raises:
        ValueError: If that is below 1.

    Example:
        >>> import asyncio
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> async def main():
        ...     proposer = TemplateProposer()
        ...     requests = [TaskRequest("new-1", "ended_early")]
        ...     return [proposal async for proposal in proposer.propose(mock, requests, np.random.default_rng(0))]
        >>> asyncio.run(main())[0].tasks[0].provenance.pattern
        'ended_early'
    """

    def __init__(self, tasks_per_world: int = 100) -> None:
        if tasks_per_world < 1:
            raise ValueError(f"tasks_per_world must be at least 1, got {tasks_per_world}")
        self.tasks_per_world = tasks_per_world

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        """One proposal for each request, in order, each the first task that the world allows for it.

        Args:
            domain: The domain.
            requests: What is wanted.
            rng: Everything random comes from it.
            disjoint_from: Digests of worlds with which the new ones must have no entity in common.
        """
        for proposal in self.proposals(domain, requests, rng, disjoint_from=disjoint_from):
            yield proposal
            await asyncio.sleep(0)  # whoever shares the loop gets a turn

    def proposals(
        self,
        domain: Domain,
        requests: Iterable[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
        turns: Mapping[str | None, int] | None = None,
    ) -> Iterator[Proposal]:
        """The same without an event loop, for any number of requests; each is made when it is asked for.

        Args:
            domain: The domain.
            requests: What is wanted, without an end if need be.
            rng: Everything random comes from it.
            disjoint_from: Digests of worlds with which the new ones must have no entity in common.
            turns: How many tasks of a pattern, or None for untargeted ones, there were before: its injectors, or the
                kinds, go on from there.
        """
        generator = generator_of(domain)
        order = _Turns(generator, turns or {})
        taken = _entities(domain, disjoint_from)
        writes = domain.writes()
        explorer: Explorer | None = None
        left = 0
        for request in requests:
            if explorer is None or left == 0:
                explorer, left = _explorer(domain, generator, rng, taken), self.tasks_per_world
            left -= 1
            yield _proposal(request, order, explorer, writes)


def generator_of(domain: Domain) -> TaskGenerator:
    """The generator of a domain.

    Raises:
        DataError: If it has none, or its tools are not toolgym's: tasks are made for these alone.
    """
    if not domain.compat.generated:
        raise DataError(
            f"tasks are made for the tools of the flavour 'toolgym', and {domain.name!r} over {domain.compat.name} "
            f"data has {domain.compat.name!r} tools; use data='toolgym', or go without a proposer"
        )
    if domain.generator is None:
        raise DataError(
            f"the domain {domain.name!r} has no task generator, so no tasks can be made for it; give its Domain a "
            "`generator` (toolgym.generation.TaskGenerator)"
        )
    return domain.generator


def _entities(domain: Domain, worlds: Collection[str]) -> set[Entity]:
    """What worlds hold, where the domain says who and what that is."""
    if domain.entities is None:
        return set()
    return {entity for world in worlds for entity in entities_of(domain, world).values()}


def _explorer(
    domain: Domain, generator: TaskGenerator, rng: np.random.Generator, taken: Collection[Entity]
) -> Explorer:
    rows = generator.world(rng, taken=taken)
    world = domain.worlds.add(Database.build(domain.schemas, rows))
    return generator.explore(rows, world, rng)


def _proposal(request: TaskRequest, turns: _Turns, explorer: Explorer, writes: Collection[str]) -> Proposal:
    """The first thing that the world allows among the ways to meet a request."""
    if request.pattern is None:
        for kind in turns.kinds():
            if tasks := explorer.draw(kind, request.task_id):
                return Proposal(request, tuple(_marked(task, request) for task in tasks))
        return Proposal(request, (), "the world has no task of any kind")
    injectors = turns.injectors(request.pattern)
    if not injectors:
        return Proposal(request, (), f"no injector stresses the pattern {request.pattern!r}")
    for level in range(request.level, -1, -1):  # the hardest that the world allows
        if tasks := _nearest(request, injectors, Difficulty.of(level), explorer, writes):
            return Proposal(request, tuple(_marked(task, request) for task in tasks))
    names = ", ".join(injector.name for injector in injectors)
    return Proposal(request, (), f"the world has nothing for {names} up to level {request.level}")


def _nearest(
    request: TaskRequest, injectors: Sequence[Injector], dose: Difficulty, explorer: Explorer, writes: Collection[str]
) -> Sequence[Task]:
    """The first task of an injector; where writes are asked for, the one of some whose own are nearest to them."""
    like = request.like
    if like is None:
        made = (explorer.inject(one.name, dose, request.task_id) for one in injectors)
        return next((tasks for tasks in made if tasks), ())
    most = min(max(len(like.writes), 1), MOST_STEPS)
    best: Sequence[Task] = ()
    least = (0, 0)
    for steps in range(most, max(most - 2, 0), -1):  # some injectors bring an errand of their own
        for injector in islice(cycle(injectors), CANDIDATES):
            if tasks := explorer.inject(injector.name, replace(dose, steps=steps), request.task_id):
                shape = Shape.of(tasks[0], writes)
                distance = abs(len(shape.writes) - len(like.writes)), like.distance(shape)  # its length first
                if not best or distance < least:
                    best, least = tasks, distance
                if distance == (0, 0):
                    return best
        if best and least[0] == 0:
            break
    return best


def _marked(task: Task, request: TaskRequest) -> Task:
    """The task with what is known of it beyond its domain: the round and the failures that it was made from."""
    provenance = task.provenance or Provenance(generator="")
    parents = tuple(report.episode_id for report in request.parents)
    update = {"round": request.round, "parents": parents}
    return task.model_copy(update={"provenance": provenance.model_copy(update=update)})


class _Turns:
    """Whose turn it is among injectors and kinds."""

    def __init__(self, generator: TaskGenerator, before: Mapping[str | None, int]) -> None:
        self._kinds = tuple(generator.kinds)
        self._injectors = targets(generator)
        self._next = dict(before)

    def kinds(self) -> Sequence[str]:
        """All kinds, the one whose turn it is first."""
        return _turned(self._kinds, self._turn(None))

    def injectors(self, pattern: str) -> Sequence[Injector]:
        """The pattern's injectors, the one whose turn it is first."""
        return _turned(self._injectors.get(pattern, ()), self._turn(pattern))

    def _turn(self, name: str | None) -> int:
        turn = self._next.get(name, 0)
        self._next[name] = turn + 1
        return turn


def _turned(values: Sequence[_T], turn: int) -> Sequence[_T]:
    place = turn % len(values) if values else 0
    return [*values[place:], *values[:place]]
