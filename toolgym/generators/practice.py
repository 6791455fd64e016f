"""Demonstrations to practise on: without an end and without certificates, as fast as they are played.

For training worlds only. What a certificate would show of a task is not known here but for one thing: that it can be
solved, since it was. A task may be a duplicate of another, be passed by doing nothing, or be failed by an agent that
does what is right in other words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count as numbers
from itertools import islice
from typing import Any

import numpy as np

from toolgym.certificates import MAX_REFUSALS
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError
from toolgym.generation import MAX_LEVEL
from toolgym.generators.demonstration import Demonstration
from toolgym.generators.demonstrations import Demonstrations, targets_in_turn, untrained_worlds
from toolgym.generators.demonstrator import Demonstrator
from toolgym.generators.template import TemplateProposer
from toolgym.proposal import Proposal, TaskRequest

PER_WORLD = 200
"""Demonstrations of one world."""
PRACTICE_TRIALS = 4
"""In how many trials of a task a recovery is looked for; where it has none, it is looked for in the next task."""
BARREN = 20
"""Tasks for each demonstration of a world, at most, before nothing more is hoped for."""


def stream_demonstrations(
    domain: Domain,
    *,
    seed: int = 0,
    recoveries: float = 0.2,
    patterns: Sequence[str | None] | None = None,
    wordings: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    start: int = 0,
) -> Iterator[Demonstration]:
    """Demonstrations without an end, one after the other as they are asked for; the same arguments give the same.

    Every task is played in a fresh world that shares no entity with the worlds in which nobody trains. Tasks come
    without a certificate; at most 15 % of them, at any point of a world, are refusals. The worlds are kept in the
    domain's store, as those of a curriculum are.

    Args:
        domain: The domain.
        seed: At least 0.
        recoveries: The share of them that should show a recovery, in [0, 1]. Where the novice shows none in
            :data:`PRACTICE_TRIALS` trials the oracle plays, and the next task is tried instead. In retail that gives
            0.31 of them where 0.5 is asked for, and 0.2 where 0.2 is.
        patterns: What the tasks stress, in turn; None for an untargeted task, so that ``(None,)`` takes the kinds of
            untargeted tasks in turn. By default every pattern for which the domain has a way, with an untargeted task
            after each.
        wordings: How the agents speak, in turn; by default each dialogue chooses.
        options: Further options of the domain's oracle and novice, such as ``{"figures": False}`` for those of retail:
            they then name no difference in price, which a small policy cannot work out.
        start: How many are passed over, at least 0; whole worlds of :data:`PER_WORLD` are passed over at no cost.

    Yields:
        Successes alone. What a novice said by mistake is named by :attr:`Demonstration.slips`.

    Raises:
        ValueError: If a number is out of range.
        DataError: If the domain has no task generator, or hardly any of its tasks are solved.
        UnknownNameError: If the domain has no way to stress a pattern, or no such wording.

    Example:
        >>> from itertools import islice
        >>> from toolgym import make_domain
        >>> two = list(islice(stream_demonstrations(make_domain("mock"), patterns=[None]), 2))
        >>> [one.trajectory.success for one in two], [one.task.certificate for one in two]
        ([True, True], [None, None])
    """
    if not 0 <= recoveries <= 1 or seed < 0 or start < 0:
        raise ValueError(
            f"recoveries must be in [0, 1], seed and start at least 0, got {recoveries}, {seed} and {start}"
        )
    chosen = targets_in_turn(domain, patterns)
    demonstrator = Demonstrator(domain, wordings=wordings, seed=seed, trials=PRACTICE_TRIALS, options=options)
    return _stream(domain, chosen, demonstrator, recoveries, start)


def practise(
    domain: Domain,
    count: int = 100,
    *,
    recoveries: float = 0.2,
    patterns: Sequence[str | None] | None = None,
    wordings: Sequence[str] = (),
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Demonstrations:
    """The first of :func:`stream_demonstrations`, with their figures.

    Args:
        domain: The domain.
        count: How many, at least 1.
        recoveries: As for the stream, as are the others.
        patterns: What the tasks stress, in turn.
        wordings: How the agents speak, in turn.
        seed: At least 0.
        progress: Called after each demonstration.

    Raises:
        ValueError: If a number is out of range.
        DataError: As for the stream.
        UnknownNameError: As for the stream.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    stream = stream_demonstrations(domain, seed=seed, recoveries=recoveries, patterns=patterns, wordings=wordings)
    made: list[Demonstration] = []
    for one in islice(stream, count):
        made.append(one)
        if progress is not None:
            progress()
    return Demonstrations(tuple(made), count, count, None, round(recoveries * count), {}, {})


def _stream(
    domain: Domain, chosen: Sequence[str | None], demonstrator: Demonstrator, recoveries: float, start: int
) -> Iterator[Demonstration]:
    disjoint_from = untrained_worlds(domain)
    first, over = divmod(start, PER_WORLD)
    for number in numbers(first):
        rng = np.random.default_rng([demonstrator.seed, number])
        wanted = np.zeros(PER_WORLD, dtype=bool)
        wanted[rng.permutation(PER_WORLD)[: round(recoveries * PER_WORLD)]] = True
        before = number * PER_WORLD
        proposals = TemplateProposer(tasks_per_world=BARREN * PER_WORLD).proposals(
            domain,
            islice(_requests(chosen, demonstrator.seed, number), BARREN * PER_WORLD),
            rng,
            disjoint_from=disjoint_from,
            turns=_turns(chosen, before),
        )
        world = _World(domain, demonstrator, wanted.cumsum().tolist(), before)
        yield from islice(world.played(proposals), over if number == first else 0, None)
        if world.made < PER_WORLD:
            raise DataError(
                f"the oracle of {domain.name!r} solved {world.made} of {BARREN * PER_WORLD} tasks that were proposed "
                f"for {', '.join(str(name) for name in dict.fromkeys(chosen))}; choose other patterns, or mend its "
                "oracle"
            )


class _World:
    """The demonstrations of one world as they come about.

    Args:
        domain: The domain.
        demonstrator: Plays the tasks.
        due: By place, how many should have shown a recovery by then.
        before: How many demonstrations the worlds before it have.
    """

    def __init__(self, domain: Domain, demonstrator: Demonstrator, due: Sequence[int], before: int) -> None:
        self.domain = domain
        self.demonstrator = demonstrator
        self.due = due
        self.before = before
        self.made = 0
        self.recovered = 0
        self.refusals = 0

    def played(self, proposals: Iterator[Proposal]) -> Iterator[Demonstration]:
        """Those of some proposals, until there are enough; tasks that belong together come together, or not at all."""
        for proposal in proposals:
            found = self._played(proposal)
            self.made += len(found)
            self.recovered += sum(bool(one.recovered) for one in found)
            yield from found
            if self.made == PER_WORLD:
                return

    def _played(self, proposal: Proposal) -> list[Demonstration]:
        tasks = proposal.tasks
        found: list[Demonstration] = []
        if not 0 < len(tasks) <= PER_WORLD - self.made:
            return []
        try:
            refusals = sum(not set_up(self.domain, task).gold_writes for task in tasks)
        except TaskError:  # its gold calls cannot be made one after the other: nobody can solve it
            return []
        if refusals and (self.refusals + refusals) * 100 > MAX_REFUSALS * (self.made + len(tasks)):
            return []
        for place, task in enumerate(tasks, self.made):
            shown = self.recovered + sum(bool(one.recovered) for one in found)
            # a recovery that was not found where it should have been is looked for in what follows
            one = self.demonstrator.demonstrate(task, self.before + place, recovery=self.due[place] > shown)
            if one is None:
                return []
            found.append(one)
        self.refusals += refusals
        return found


def _requests(chosen: Sequence[str | None], seed: int, world: int) -> Iterator[TaskRequest]:
    """What is wanted of a world: the targets in turn, harder from round to round, going on from the world before."""
    for place, number in enumerate(numbers(world * PER_WORLD)):
        level = number // len(chosen) % (MAX_LEVEL + 1)
        yield TaskRequest(f"practice-{seed}-{world:04}-{place:04}", chosen[number % len(chosen)], level)


def _turns(chosen: Sequence[str | None], before: int) -> Counter[str | None]:
    """How often each target had its turn among the first requests."""
    rounds, rest = divmod(before, len(chosen))
    return Counter({name: rounds * times for name, times in Counter(chosen).items()}) + Counter(chosen[:rest])
