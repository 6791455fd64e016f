"""The tables: parcels and lockers, and the notices on the recipient's phone."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

from toolgym.database import Rows, Schema, Table
from toolgym.messages import AgentID
from toolgym.worlds.identities import Entity


class Parcel(BaseModel):
    """A parcel that waits in a locker."""

    parcel_id: str
    phone: str
    sender: str
    locker_id: str
    status: Literal["waiting", "held"] = "waiting"


class Locker(BaseModel):
    """A locker, named by its street."""

    locker_id: str
    street: str


class Notice(BaseModel):
    """A notice on the recipient's phone."""

    notice_id: str
    text: str
    accepted: bool = False


def by_phone(parcel: dict[str, Any]) -> list[str]:
    """Parcels are found by the recipient's phone."""
    return [parcel["phone"]]


SCHEMAS: dict[AgentID, Schema] = {
    "assistant": Schema("ParcelDB", (Table("parcels", Parcel, indexes={"phone": by_phone}), Table("lockers", Locker))),
    "user": Schema("PhoneDB", (Table("notices", Notice),)),
}


def entities(rows: Rows) -> Iterator[Entity]:
    """Whose parcels a world holds."""
    for parcel in rows["assistant"]["parcels"].values():
        yield "phone", parcel["phone"]
