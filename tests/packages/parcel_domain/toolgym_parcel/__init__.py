"""Parcels in lockers: the smallest domain with all that a domain can have, user tools and a generator among it."""

from functools import partial

from toolgym import Domain
from toolgym.database import Database, WorldStore
from toolgym.domain import AgentSpec
from toolgym.tasks import TaskSet
from toolgym_parcel.agents import Desk, Novice, Oracle, Recipient
from toolgym_parcel.generator import ParcelGenerator, tasks_of, world_of
from toolgym_parcel.records import SCHEMAS, entities
from toolgym_parcel.tools import ParcelTools, RecipientTools

POLICY = """\
You serve people whose parcels wait in lockers. You may hold a parcel, or forward it to another locker. Ask for the
phone number first, say what you are about to do, and act only after a clear yes. A notice is accepted by the recipient,
on their own phone: ask them to do so where they want it.
"""
WORLDS = WorldStore(SCHEMAS)
SPLITS = {split: world_of(number) for number, split in enumerate(("train", "test"))}
DIGESTS = {split: WORLDS.add(Database.build(SCHEMAS, rows)) for split, rows in SPLITS.items()}

DOMAIN = Domain(
    name="parcel",
    policy=POLICY,
    schemas=SCHEMAS,
    toolkits={"assistant": ParcelTools, "user": RecipientTools},
    worlds=WORLDS,
    tasks=TaskSet({split: partial(tasks_of, split, SPLITS[split], DIGESTS[split]) for split in SPLITS}),
    agents={
        "oracle": AgentSpec("oracle", Oracle, privileged=True),
        "novice": AgentSpec("novice", Novice, privileged=True),
        "desk": AgentSpec("desk", Desk),
    },
    users={"scripted": AgentSpec("scripted", Recipient, privileged=True)},
    needs=lambda task, database: [str((task.facts or {})["phone"])],
    entities=entities,
    generator=ParcelGenerator(),
)

__all__ = ["DOMAIN"]
