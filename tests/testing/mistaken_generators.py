"""Generators, argument roles and decoys with a mistake each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mistakes import toolgym_parcel, with_generator
from toolgym_parcel import argument_roles
from toolgym_parcel.generator import ParcelExplorer, ParcelGenerator, draw

from toolgym.database import Rows
from toolgym.domain import Domain
from toolgym.generation import DecoyCall, Difficulty
from toolgym.tasks import Task

_COUNTER = itertools.count()


class Roles:
    """The package's argument roles, with one of them another."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes

    def __getattr__(self, name: str) -> Any:
        return self.changes[name] if name in self.changes else getattr(argument_roles, name)


def with_roles(**changes: Any) -> Domain:
    class Changed(ParcelGenerator):
        pass

    Changed.argument_roles = Roles(**changes)
    return with_generator(Changed)


def role_of_a_renamed_tool(tool_name: str, argument: str) -> str:
    roles = {("send_on", name): role for (_, name), role in argument_roles.ROLES.items()}
    return str(roles[tool_name, argument])


class Explorer(ParcelExplorer):
    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        return ()


class Stingy(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return Explorer(rows, world, rng)


class OtherPattern(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], pattern="wrong_variant"),)


class Twice(ParcelGenerator):
    injectors = ParcelGenerator.injectors * 2


class DicingGenerator(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, world, np.random.default_rng(next(_COUNTER)))


class DicingWorlds(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(np.random.default_rng(next(_COUNTER)))


class Grasping(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(rng)


class Elsewhere(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return ParcelExplorer(rows, toolgym_parcel.DIGESTS["train"], rng)


class Unsolvable(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        (task,) = super().draw(kind, task_id)
        return (task.model_copy(update={"facts": {**(task.facts or {}), "phone": "00000000"}}),)


class OnceUnsolvable(Unsolvable):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return (super() if task_id.endswith("-0") else super(Unsolvable, self)).draw(kind, task_id)


class OnceUncertain(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return OnceUnsolvable(rows, world, rng)


class Uncertain(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return Unsolvable(rows, world, rng)


def untold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "send_on", {}),)


def gold_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", task.gold[-1].name, task.gold[-1].arguments),) if len(task.gold) < 4 else ()


def bare_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("wrong_record", "hold_parcel", {}),)


def odd_decoy(task: Task) -> Sequence[DecoyCall]:
    return (DecoyCall("odd", "hold_parcel", {"parcel_id": "P101"}),)


class Silent(ParcelGenerator):
    injectors = (replace(ParcelGenerator.injectors[0], meaning=" "),)


class RaisingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        raise KeyError(kind)


class Raises(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return RaisingExplorer(rows, world, rng)


class RenamingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        return super().draw(kind, "mine")


class Renamed(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return RenamingExplorer(rows, world, rng)


class Unfit(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return {"assistant": {"shelves": {}}}


class OneWorld(ParcelGenerator):
    def world(self, rng: np.random.Generator, *, taken: Any = ()) -> Rows:
        return draw(np.random.default_rng(0))


class SameExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        self.rng = np.random.default_rng(0)
        return super().draw(kind, task_id)


class OneTask(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return SameExplorer(rows, world, rng)


class MisnamingExplorer(ParcelExplorer):
    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        (task,) = super().draw(kind, task_id)
        assert task.provenance is not None
        return (task.model_copy(update={"provenance": task.provenance.model_copy(update={"kind": "parcel"})}),)


class OtherKind(ParcelGenerator):
    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> ParcelExplorer:
        return MisnamingExplorer(rows, world, rng)
