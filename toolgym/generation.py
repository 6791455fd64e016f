"""What a domain brings to the Controller and the Proposer: what can be confused in it, and how its tasks are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from toolgym.database import Rows, Session
from toolgym.patterns import current_name, in_order
from toolgym.tasks import Action, Task
from toolgym.worlds.identities import Entity

ArgumentRole: TypeAlias = Literal["record", "item", "variant", "value"]
"""What an argument of a write names: the record that is changed, something that it holds, what that becomes, or any
other value."""

MAX_LEVEL = 3
"""The hardest dose."""


@dataclass(frozen=True)
class Injector:
    """One way to make a task that stresses a failure pattern.

    Args:
        name: Unique in its domain; it stands in a task's ``provenance.kind``.
        pattern: The failure pattern that it stresses: a name among
            :attr:`~toolgym.domain.Domain.failure_patterns`, which the domain checks.
        meaning: What it does to a task, in a sentence.
        example: What the user may say then.
    """

    name: str
    pattern: str
    meaning: str
    example: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", current_name(self.pattern))


@dataclass(frozen=True)
class Difficulty:
    """How hard a task is made; a domain follows it as far as its world allows.

    Args:
        records: How many records the right one can be mistaken for, at least.
        steps: How many things are asked for in all, at least 1.
        hints: How much the user helps: 2 tells the particulars unasked, 1 when asked, 0 as little as possible.
    """

    records: int = 1
    steps: int = 1
    hints: int = 1

    @classmethod
    def of(cls, level: int) -> Difficulty:
        """The dose of a level from 0, easy, to :data:`MAX_LEVEL`.

        Raises:
            ValueError: If the level is out of range.

        Example:
            >>> Difficulty.of(0), Difficulty.of(3)
            (Difficulty(records=1, steps=1, hints=2), Difficulty(records=3, steps=3, hints=0))
        """
        if not 0 <= level <= MAX_LEVEL:
            raise ValueError(f"level must be in [0, {MAX_LEVEL}], got {level}")
        return (cls(1, 1, 2), cls(1, 1, 1), cls(2, 2, 1), cls(3, 3, 0))[level]

    def as_dict(self) -> dict[str, int]:
        """The dose as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True)
class DecoyCall:
    """A wrong call that a task makes tempting.

    Args:
        pattern: The failure pattern that making it shows.
        name: The tool.
        arguments: The arguments.
    """

    pattern: str
    name: str
    arguments: Mapping[str, Any]


class Explorer(Protocol):
    """Looks for feasible tasks in one world, by what its records and tools allow."""

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        """An untargeted task.

        Args:
            kind: One of the task generator's kinds.
            task_id: The task's id; others that belong to it, such as a refusal's twin, get one that begins with it.

        Returns:
            The task and what belongs to it; nothing if the world has none.
        """

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        """A task that stresses a pattern, with its provenance; otherwise as :meth:`draw`.

        Args:
            injector: The name of one of the task generator's injectors.
            dose: How hard.
            task_id: As for :meth:`draw`.
        """


class ArgumentRoles(Protocol):
    """The roles of arguments in a domain's calls, and so what can be confused; a module will do.

    An analyst asks it of a failure. A domain without one is read by the schemas of its tools alone.
    """

    @property
    def transfers(self) -> Collection[str]:
        """The tools that hand the user over to a person."""

    def role(self, tool: str, argument: str) -> ArgumentRole:
        """What an argument of a write names."""

    def items(self, session: Session, record: str) -> Mapping[str, str]:
        """What a record holds: the kind of thing by its id; empty if there is no such record.

        Args:
            session: The state.
            record: What an argument with the role ``"record"`` named.
        """

    def kind_of(self, session: Session, item: str) -> str | None:
        """Of which kind an item or a variant is, wherever it is; None if there is no such thing."""

    def owner(self, session: Session, record: str) -> str | None:
        """Whose record it is; None if there is no such record."""

    def decoys(self, task: Task) -> Sequence[DecoyCall]:
        """The wrong calls that a task makes likely, as far as the task says so; empty for a task in prose alone."""


class TaskGenerator(Protocol):
    """One domain's part in finding failures and making tasks; everything else is the same for all domains."""

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of untargeted tasks."""

    @property
    def injectors(self) -> Sequence[Injector]:
        """Its ways to stress a pattern."""

    @property
    def argument_roles(self) -> ArgumentRoles:
        """What can be confused in it."""

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A fresh world that shares no entity with reserved ones or those taken."""

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> Explorer:
        """An explorer of a world.

        Args:
            rows: The world.
            world: Its digest.
            rng: Everything random comes from it.
        """


def targets(generator: TaskGenerator) -> dict[str, tuple[Injector, ...]]:
    """The injectors of each pattern, in the order of the patterns; patterns without one are left out."""
    names = in_order(injector.pattern for injector in generator.injectors)
    return {name: tuple(one for one in generator.injectors if one.pattern == name) for name in names}


@dataclass(frozen=True)
class Shape:
    """Which writes a task's gold has: what it takes to solve it, whatever its pattern.

    Args:
        writes: The names of the tools, one for each write, in any order; kept sorted.

    Example:
        >>> Shape(("cancel", "refund", "refund")).distance(Shape(("refund", "reship")))
        3
    """

    writes: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "writes", tuple(sorted(self.writes)))

    @classmethod
    def of(cls, task: Task, tools: Collection[str]) -> Shape:
        """The shape of a task.

        Args:
            task: The task.
            tools: The names of the tools that write.
        """
        return cls(tuple(action.name for action in gold_of(task) if action.name in tools))

    def distance(self, other: Shape) -> int:
        """How many writes one has and the other has not, both ways."""
        mine, theirs = Counter(self.writes), Counter(other.writes)
        return (mine - theirs).total() + (theirs - mine).total()


def gold_of(task: Task, side: str = "assistant") -> tuple[Action, ...]:
    """The gold calls of one side."""
    return tuple(action for action in task.gold if action.requestor == side)
