"""What the arguments of the writes name."""

from collections.abc import Mapping, Sequence

from toolgym.database import Session
from toolgym.generation import ArgumentRole, DecoyCall
from toolgym.tasks import Task

transfers = ("transfer_to_human_agents",)
ROLES: dict[tuple[str, str], ArgumentRole] = {
    ("forward_parcel", "parcel_id"): "record",
    ("forward_parcel", "locker_id"): "variant",
    ("hold_parcel", "parcel_id"): "record",
    ("accept_notice", "notice_id"): "record",
}


def role(tool: str, argument: str) -> ArgumentRole:
    """What an argument names."""
    return ROLES[tool, argument]


def items(session: Session, record: str) -> Mapping[str, str]:
    """A parcel is in a locker."""
    parcel = session.get("assistant", "parcels", record)
    return {parcel["locker_id"]: "locker"} if parcel is not None else {}


def kind_of(session: Session, item: str) -> str | None:
    """Lockers are all of one kind."""
    return "locker" if session.get("assistant", "lockers", item) is not None else None


def owner(session: Session, record: str) -> str | None:
    """Whose parcel it is; notices are the user's."""
    parcel = session.get("assistant", "parcels", record)
    if parcel is not None:
        return str(parcel["phone"])
    return "user" if session.get("user", "notices", record) is not None else None


def decoys(task: Task) -> Sequence[DecoyCall]:
    """To forward the recipient's other parcel."""
    facts = task.facts or {}
    if facts.get("kind") != "forward":
        return ()
    gold = next(call for call in task.gold if call.name == "forward_parcel")
    wrong = {**gold.arguments, "parcel_id": facts["other"]}
    return (DecoyCall("wrong_record", "forward_parcel", wrong),)
