"""The mock domain's task generator: the smallest one, whose tasks carry no facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from toolgym.database import Rows
from toolgym.errors import refuse_unknown
from toolgym.generation import ArgumentRoles, Difficulty, Injector
from toolgym.tasks import Provenance, Task
from toolgym.worlds.identities import Entity
from toolgym_mock import argument_roles
from toolgym_mock.kinds import KINDS, Writer
from toolgym_mock.world import generate

INJECTORS: tuple[Injector, ...] = (
    Injector(
        "like_numbers",
        "wrong_record",
        "The number of the task begins the numbers of others.",
        "task_1 is finished. (There are task_10 to task_19.)",
    ),
    Injector(
        "word_for_word",
        "invalid_argument",
        "A description must be taken over word for word.",
        "Its description must read: Ask finance first.",
    ),
    Injector(
        "errands",
        "ended_early",
        "At least two things are asked for at once.",
        "task_4 and task_7 are finished. And I need a new task.",
    ),
    Injector(
        "owner_first",
        "fact_not_said",
        "A name is asked for before something is done.",
        "Who works on task_3? Then have it completed.",
    ),
)
"""Every injector."""
_PATTERNS = {injector.name: injector.pattern for injector in INJECTORS}


class MockTaskGenerator:
    """What mock makes tasks and worlds of: a :class:`toolgym.generation.TaskGenerator`."""

    kinds: Sequence[str] = KINDS
    injectors: Sequence[Injector] = INJECTORS
    argument_roles: ArgumentRoles = argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A fresh world; mock worlds have no entities that could be told apart."""
        return generate(rng, users=20, tasks=60)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> MockExplorer:
        """An explorer of a world."""
        return MockExplorer(Writer(rows, rng, world))


class MockExplorer:
    """Tasks over one world.

    Args:
        writer: Writes them.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._makers: Mapping[str, Callable[[Difficulty], Task | None]] = {
            "like_numbers": lambda dose: self._complete_like(dose.records),
            "word_for_word": lambda dose: writer.create_with_description(),
            "errands": lambda dose: writer.complete_several(1 + dose.steps),
            "owner_first": lambda dose: writer.tell_the_owner(),
        }

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        """A task of a kind that the world allows; empty if there is none."""
        return (_made(self._writer.write(kind, task_id), Provenance(generator="toolgym_mock.kinds", kind=kind)),)

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        """A task that stresses the injector's pattern; empty if the world allows none."""
        refuse_unknown("injector", [injector], self._makers)
        self._writer.task_id = task_id
        task = self._makers[injector](dose)
        if task is None:
            return ()
        provenance = Provenance(
            generator="toolgym_mock.workshop",
            kind=injector,
            difficulties=(injector,),
            pattern=_PATTERNS[injector],
        )
        return (_made(task, provenance),)

    def _complete_like(self, rivals: int) -> Task | None:
        """To complete a task whose number begins those of others."""
        work = self._writer.work
        fits = [
            task
            for name, task in work.items()
            if task["status"] == "pending" and sum(other.startswith(name) for other in work) > rivals
        ]
        return self._writer.complete(fits) if fits else None


def _made(task: Task, provenance: Provenance) -> Task:
    return task.model_copy(update={"provenance": provenance})
