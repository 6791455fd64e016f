"""A proposer that mines nothing: untargeted tasks whose kinds are as frequent as in a split."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolgym.database import Rows
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.generation import ArgumentRoles, Explorer, Injector, TaskGenerator
from toolgym.generators.template import TemplateProposer, generator_of
from toolgym.proposal import Proposal, TaskRequest
from toolgym.worlds.identities import Entity


class LikeSplit:
    """Proposes untargeted tasks in new worlds, of the kinds of a split's tasks, in their order, again and again.

    With it, the curriculum ``general`` draws from the distribution of a test whose kinds are as frequent as the
    split's, without a look at any failure: what training on failures is to be compared with. Nothing of the split's
    tasks is used but the names of their kinds.

    Args:
        split: The split.
        tasks_per_world: Tasks proposed in one world before the next is built, at least 1.

    Raises:
        ValueError: If ``tasks_per_world`` is below 1.

    Example:
        >>> import asyncio
        >>> from toolgym import make_domain
        >>> retail = make_domain("retail")
        >>> async def main():
        ...     requests = [TaskRequest(f"new-{number}") for number in range(3)]
        ...     return [one async for one in LikeSplit().propose(retail, requests, np.random.default_rng(0))]
        >>> [one.tasks[0].provenance.kind for one in asyncio.run(main())]
        ['cancel', 'cancel_vague', 'change_of_mind']
    """

    def __init__(self, split: str = "dev", tasks_per_world: int = 100) -> None:
        self.split = split
        self._template = TemplateProposer(tasks_per_world)

    def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        """One proposal for each request, in order; the patterns that are asked for are not heeded.

        Args:
            domain: The domain.
            requests: What is wanted.
            rng: Everything random comes from it.
            disjoint_from: Digests of worlds with which the new ones must have no entity in common.

        Raises:
            DataError: If no task of the split says of which of the generator's kinds it is.
            UnknownNameError: If there is no such split.
        """
        generator = generator_of(domain)
        said = [task.provenance.kind for task in domain.tasks[self.split] if task.provenance is not None]
        kinds = tuple(kind for kind in said if kind in generator.kinds)
        if not kinds:
            raise DataError(
                f"no task of the split {self.split!r} says of which kind it is (provenance.kind, one of "
                f"{', '.join(generator.kinds)}); name another split"
            )
        alike = domain.with_data(generator=_OfKinds(generator, kinds))
        plain = [replace(request, pattern=None) for request in requests]
        return self._template.propose(alike, plain, rng, disjoint_from=disjoint_from)


@dataclass(frozen=True)
class _OfKinds:
    """A generator whose kinds are others, each as often as it is named.

    Args:
        generator: The generator.
        kinds: The kinds, in turn.
    """

    generator: TaskGenerator
    kinds: tuple[str, ...]

    @property
    def injectors(self) -> Sequence[Injector]:
        return self.generator.injectors

    @property
    def argument_roles(self) -> ArgumentRoles:
        return self.generator.argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        return self.generator.world(rng, taken=taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> Explorer:
        return self.generator.explore(rows, world, rng)
