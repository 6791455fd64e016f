"""Worlds and tasks, shipped and fresh."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from toolgym import Task
from toolgym.database import Rows
from toolgym.generation import ArgumentRoles, Difficulty, Injector
from toolgym.worlds.identities import Entity
from toolgym_parcel import argument_roles

STREETS = ("Mill Lane", "High Street", "Station Road", "Park Avenue", "Church Hill")
SENDERS = ("Acme", "Bookbarn", "Citrus & Co", "Dovetail", "Everlast")
KINDS = ("forward", "hold", "accept")
INJECTORS = (
    Injector(
        "two_parcels",
        "wrong_record",
        "The recipient has two parcels, and one of them is meant.",
        "Forward the one from Acme.",
    ),
)


def draw(rng: np.random.Generator, taken: Collection[Entity] = (), people: int = 8) -> Rows:
    """A world in which everybody has two parcels."""
    parcels, lockers, notices = {}, {}, {}
    for number, street in enumerate(rng.permutation(STREETS), 1):
        lockers[f"L{number}"] = {"locker_id": f"L{number}", "street": str(street)}
    phones: list[str] = []
    while len(phones) < people:
        phone = str(rng.integers(10_000_000, 100_000_000))
        if ("phone", phone) not in taken and phone not in phones:
            phones.append(phone)
    for phone in phones:
        for sender in rng.permutation(SENDERS)[:2]:
            name = f"P{len(parcels) + 101}"
            locker = f"L{int(rng.integers(len(lockers))) + 1}"
            parcels[name] = {"parcel_id": name, "phone": phone, "sender": str(sender), "locker_id": locker}
    for number in range(1, 3):
        notices[f"N{number}"] = {"notice_id": f"N{number}", "text": f"Terms, part {number}"}
    return {"assistant": {"parcels": parcels, "lockers": lockers}, "user": {"notices": notices}}


def world_of(number: int) -> Rows:
    """The world of a split."""
    return draw(np.random.default_rng([7, number]))


def write(rows: Rows, world: str, rng: np.random.Generator, kind: str, task_id: str, person: int | None = None) -> Task:
    """A task of a kind, for a person of the world."""
    tables: Any = rows["assistant"]
    phones = list(dict.fromkeys(parcel["phone"] for parcel in tables["parcels"].values()))
    phone = phones[int(rng.integers(len(phones))) if person is None else person % len(phones)]
    meant, other = (one for one in tables["parcels"].values() if one["phone"] == phone)
    calls = [{"name": "find_parcels", "arguments": {"phone": phone}}]
    parcel = f"my parcel from {meant['sender']}"
    if kind == "forward":
        free = [locker for locker in tables["lockers"].values() if locker["locker_id"] != meant["locker_id"]]
        to = free[int(rng.integers(len(free)))]
        wish = f"Please forward {parcel} to the locker in {to['street']}."
        calls.append({"name": "list_lockers", "arguments": {}})
        where = {"parcel_id": meant["parcel_id"], "locker_id": to["locker_id"]}
        calls.append({"name": "forward_parcel", "arguments": where})
    else:
        wish = f"Please hold {parcel} for me." + (" And I want to accept the notice." if kind == "accept" else "")
        calls.append({"name": "hold_parcel", "arguments": {"parcel_id": meant["parcel_id"]}})
        if kind == "accept":
            calls.append({"name": "accept_notice", "arguments": {"notice_id": "N1"}, "requestor": "user"})
    return Task.model_validate(
        {
            "id": task_id,
            "user_scenario": {"instructions": f"{wish} Your phone number is {phone}. Agree to what you wanted."},
            "evaluation_criteria": {
                "actions": [{"action_id": str(number), **call} for number, call in enumerate(calls)],
                "reward_basis": ["DB"],
            },
            "world": world,
            "facts": {"phone": phone, "wish": wish, "kind": kind, "other": other["parcel_id"]},
            "provenance": {"generator": "toolgym_parcel.generator", "kind": kind},
        }
    )


def tasks_of(split: str, rows: Rows, world: str) -> list[Task]:
    """One task for each person of a split's world, of the kinds in turn."""
    rng = np.random.default_rng(0)
    return [write(rows, world, rng, KINDS[number % 3], f"{split}-{number}", number) for number in range(8)]


class ParcelGenerator:
    """Makes fresh tasks."""

    kinds: Sequence[str] = KINDS
    injectors: Sequence[Injector] = INJECTORS
    argument_roles: ArgumentRoles = argument_roles

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A fresh world."""
        return draw(rng, taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> "ParcelExplorer":
        """An explorer of a world."""
        return ParcelExplorer(rows, world, rng)


class ParcelExplorer:
    """Draws tasks over a world."""

    def __init__(self, rows: Rows, world: str, rng: np.random.Generator) -> None:
        self.rows, self.world, self.rng = rows, world, rng

    def draw(self, kind: str, task_id: str) -> Sequence[Task]:
        """A task of a kind."""
        return (write(self.rows, self.world, self.rng, kind, task_id),)

    def inject(self, injector: str, dose: Difficulty, task_id: str) -> Sequence[Task]:
        """A task that stresses a pattern."""
        (task,) = self.draw("forward", task_id)
        provenance = {"kind": injector, "pattern": "wrong_record", "difficulties": (injector,)}
        assert task.provenance is not None
        return (task.model_copy(update={"provenance": task.provenance.model_copy(update=provenance)}),)
