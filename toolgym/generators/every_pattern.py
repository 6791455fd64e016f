"""A proposer that mines nothing: tasks for all patterns alike, at chosen levels, whatever failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.generation import MAX_LEVEL, targets
from toolgym.generators.template import TemplateProposer, generator_of
from toolgym.proposal import Proposal, TaskRequest

LEVELS = (1, 2, 3)
"""How hard its tasks are, in turn."""


class EveryPattern:
    """Proposes tasks for every pattern in turn, and for each pattern at every level in turn, whatever is asked for.

    With it, the curriculum ``general`` draws from the distribution of a set that was made alike, without a look at any
    failure: what training on failures is to be compared with, where such a set is the test.

    Args:
        levels: How hard the tasks are, each from 0 to :data:`~toolgym.generation.MAX_LEVEL`, at least one.
        tasks_per_world: Tasks proposed in one world before the next is built, at least 1.

    Raises:
        DataError: If there is no level, or one is out of range.
        ValueError: If ``tasks_per_world`` is below 1.

    Example:
        >>> import asyncio
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> async def main():
        ...     requests = [TaskRequest(f"new-{number}") for number in range(2)]
        ...     proposals = EveryPattern().propose(mock, requests, np.random.default_rng(0))
        ...     return [proposal.tasks[0].provenance.pattern async for proposal in proposals]
        >>> asyncio.run(main())
        ['invalid_argument', 'wrong_record']
    """

    def __init__(self, levels: Sequence[int] = LEVELS, tasks_per_world: int = 100) -> None:
        if not levels or not all(0 <= level <= MAX_LEVEL for level in levels):
            raise DataError(f"levels must be one or more numbers from 0 to {MAX_LEVEL}, got {list(levels)}")
        self.levels = tuple(levels)
        self._template = TemplateProposer(tasks_per_world)

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        """One proposal for each request, in order; of a request, its id and its round alone are heeded.

        Args:
            domain: The domain.
            requests: What is wanted.
            rng: Everything random comes from it.
            disjoint_from: Digests of worlds with which the new ones must have no entity in common.
        """
        aimed = list(self._aimed(domain, requests))
        made = self._template.proposals(domain, aimed, rng, disjoint_from=disjoint_from)
        for request, proposal in zip(requests, made, strict=True):
            yield replace(proposal, request=request)
            await asyncio.sleep(0)  # whoever shares the loop gets a turn

    def _aimed(self, domain: Domain, requests: Sequence[TaskRequest]) -> Iterator[TaskRequest]:
        patterns = tuple(targets(generator_of(domain)))
        for number, request in enumerate(requests):
            turn, place = divmod(number, len(patterns))
            yield replace(request, pattern=patterns[place], level=self.levels[turn % len(self.levels)], parents=())
