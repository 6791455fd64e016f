"""Drawing what no other world holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from toolgym.worlds.identities import Entity, digest_of

T = TypeVar("T")


class Fresh:
    """Draws things again until neither this world nor another holds one of their entities.

    Args:
        taken: Entities of other worlds.
        reserved: Digests of entities that no world may hold, as a domain's ``reserved`` gives them.

    Example:
        >>> from toolgym.worlds import Dice, Fresh
        >>> import numpy as np
        >>> dice, fresh = Dice(np.random.default_rng(0)), Fresh(taken=[("book", "1"), ("book", "2")])
        >>> fresh.id(lambda: str(dice.number(1, 3)), "book")
        '3'
    """

    def __init__(self, taken: Collection[Entity] = (), reserved: Collection[bytes] = ()) -> None:
        self._used = set(taken)
        self._reserved = reserved

    def __call__(self, draw: Callable[[], T], entities: Callable[[T], Iterable[Entity]]) -> T:
        """Something of which no entity is taken; its entities are taken from then on.

        Args:
            draw: Draws a candidate. It must be able to give another one, or this never ends.
            entities: The entities of a candidate.
        """
        while True:
            value = draw()
            found = list(entities(value))
            if not any(entity in self._used or digest_of(entity) in self._reserved for entity in found):
                self._used.update(found)
                return value

    def id(self, draw: Callable[[], str], *kinds: str) -> str:
        """An id that is not taken.

        Args:
            draw: Draws a candidate.
            kinds: Every kind of entity among which the id must be alone.
        """
        return self(draw, lambda text: [(kind, text) for kind in kinds])
