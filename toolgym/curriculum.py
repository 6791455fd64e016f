"""The protocol of a curriculum: which task comes next, and what a round of it brought."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from toolgym.errors import DataError, refuse_unknown
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class Budget:
    """How much one refresh may make.

    Args:
        tasks: Tasks proposed, at least 1.
        trials: Trials of each task by the solver, where there is one, at least 2.

    Raises:
        ValueError: If a number is out of range.
    """

    tasks: int = 200
    trials: int = 4

    def __post_init__(self) -> None:
        if self.tasks < 1 or self.trials < 2:
            raise ValueError(f"a budget needs at least 1 task and 2 trials, got {self.tasks} and {self.trials}")


@dataclass(frozen=True)
class RefreshReport:
    """What one refresh brought; :meth:`as_dict` is what ``toolgym curriculum refresh --json`` prints.

    Args:
        round: Which round it was, from 0.
        failures: How many failures were analysed.
        proposed: How many tasks were proposed; requests for which nothing could be made are in ``notes``.
        stages: ``{"passed": …, "failed": …}`` for each stage of the certificate, in order, from the raw proposals on.
        reasons: The commonest reasons of those that failed, by stage.
        validity: Share of the proposed tasks that passed all stages which need no policy, in [0, 1]; None if none was
            proposed.
        admitted: How many came into the pool.
        patterns: For each pattern: ``failures`` that show it, ``share`` of all, ``proposed``, ``admitted``, ``pool``,
            ``pass_1`` and ``pass_4`` on the pool's tasks that stress it (None where not measured), and ``hit_rate``
            (None, or share, low, high, failures).
        hit_rate: Share of the failures on targeted tasks that show their target pattern; None if there were none.
        coverage: Share of the failures whose primary pattern has tasks in the pool; None if there were no failures.
        zero_signal: Share of the groups, since the last refresh, in which all trials ended alike; None without groups.
        drift: Jensen-Shannon divergence, in bits, between the distributions of patterns of this round's failures and
            the last one's, in [0, 1]; None in the first.
        pool: How many tasks the pool holds now.
        solver: What the solver stage measured: ``"not measured"`` without one.
        notes: What could not be done, and why.
        shapes: What it takes to solve the tasks that failed, and those that came in: ``tools``, by tool its share of
            the gold writes, and ``writes`` and ``calls``, by number of gold writes and of all gold calls the share of
            the tasks; each an object of ``failures`` and ``admitted``. A task counts once for each of its failures.
    """

    round: int
    failures: int = 0
    proposed: int = 0
    stages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    validity: float | None = None
    admitted: int = 0
    patterns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hit_rate: float | None = None
    coverage: float | None = None
    zero_signal: float | None = None
    drift: float | None = None
    pool: int = 0
    solver: str = "not measured"
    notes: tuple[str, ...] = ()
    shapes: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON-able data."""
        return asdict(self)

    def line(self) -> str:
        """The report in a line, for a log.

        Example:
            >>> patterns = {"ended_early": {"admitted": 3}, "wrong_record": {"admitted": 0}}
            >>> RefreshReport(round=0, failures=7, proposed=4, admitted=3, patterns=patterns, pool=23).line()
            'refresh 0: failures 7, proposed 4, admitted 3 (ended_early 3), pool 23'
        """
        made = ", ".join(f"{name} {one['admitted']}" for name, one in self.patterns.items() if one["admitted"])
        return (
            f"refresh {self.round}: failures {self.failures}, proposed {self.proposed}, admitted {self.admitted}"
            f"{f' ({made})' if made else ''}, pool {self.pool}"
        )


@runtime_checkable
class Curriculum(Protocol):
    """Chooses tasks, and learns from how they went.

    One owner samples and updates it: the environment when it made the curriculum from a name, else the caller.
    """

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        """Draw ``k`` tasks, at least 1; the same generator state draws the same."""

    def update(self, group: Sequence[Trajectory]) -> None:
        """Learn from the trials of one task; an episode that was seen before changes nothing.

        An environment gives it those of a group that are not void, so they may be fewer than the group has.
        """

    def admit(self, group: Sequence[Trajectory]) -> bool:
        """Whether a trainer should learn from this group: not if it has no signal, and never if it is voided."""

    async def refresh(self, budget: Budget) -> RefreshReport:
        """Make new tasks from what was learned; for a trainer or the command line, see :func:`toolgym.refresh`.

        It takes seconds or more. No environment calls it; a curriculum that was told to may do so as it draws.
        """

    def state_dict(self) -> dict[str, Any]:
        """All of its state, as JSON-able data."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""

    def metrics(self) -> dict[str, float]:
        """Figures for a log."""


@dataclass(frozen=True)
class CurriculumSpec:
    """A curriculum as its package brings it under ``toolgym.curricula``: what makes it, and which options that takes.

    An entry point may also be the function alone. Which options it takes is then known only by trying, so that a
    misspelt one is refused without a guess at what was meant.

    Args:
        name: Its name, as in ``curriculum="sentinel"``.
        make: Makes it from a domain, the name of the split that it begins with, and options by keyword.
        options: The names of its options; None if they are not known. One that keeps its state in a folder has the
            option ``folder``.
        renamed: Options that were called otherwise before: by the old name, what it is called now.

    Example:
        >>> from toolgym.registry import CURRICULA
        >>> spec = CurriculumSpec.of(CURRICULA.load("raft"), "raft")
        >>> "recency" in spec.options, "refresh" in spec.options
        (True, False)
    """

    name: str
    make: Callable[..., Curriculum]
    options: Collection[str] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: CurriculumSpec | Callable[..., Curriculum], name: str) -> CurriculumSpec:
        """The spec of an entry point: itself if it is one, else one of a function whose options are not known.

        Args:
            found: A spec, a class or a function.
            name: The name of the entry point.
        """
        return found if isinstance(found, CurriculumSpec) else cls(name, found)

    def check(self, options: Collection[str]) -> None:
        """See that it takes options of these names, as far as that is known.

        Raises:
            UnknownNameError: If it has no such option; it says which was perhaps meant.
            DataError: If one was renamed.
        """
        for name in options:
            if name in self.renamed:
                raise DataError(
                    f"the option {name!r} of the curriculum {self.name!r} is now called {self.renamed[name]!r}"
                )
        if self.options is not None:
            refuse_unknown(f"option of the curriculum {self.name!r}", options, self.options)
