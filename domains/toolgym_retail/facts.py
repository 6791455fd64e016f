"""What a customer of the shop knows and wants: the facts from which the scripted user plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from toolgym.scripted import facts as core
from toolgym.scripted.facts import Manner, Part, settled, stages

__all__ = [
    "Facts",
    "ItemRef",
    "Manner",
    "Method",
    "OrderRef",
    "Place",
    "Request",
    "RequestKind",
    "names_another_order",
    "settled",
    "stages",
]

RequestKind: TypeAlias = Literal[
    "cancel", "modify_items", "modify_address", "modify_payment", "user_address", "return", "exchange", "question"
]
"""What a request asks for; all but a question are one write."""


class OrderRef(Part):
    """An order, and how the customer refers to it."""

    id: str
    known: bool = True
    """Whether the customer has the number; otherwise only the clue."""
    clue: str = ""
    """What it remembers instead, such as ``"the one with the vase in it"``."""
    signs: tuple[str, ...] = ()
    """Words that show that the assistant means the order of the clue; one of them is enough."""
    paid_by: tuple[str, ...] = ()
    """The payment methods that paid for it: the customer knows what "the original payment method" is."""


class ItemRef(Part):
    """One unit of an order, and for a change what it shall become."""

    item_id: str
    product: str
    options: dict[str, str]
    """Of the unit that the customer has."""
    tell_apart: tuple[str, ...] = ()
    """The options by which the customer tells it from its own near-identical ones."""
    new_item_id: str | None = None
    new_options: dict[str, str] | None = None
    wanted: tuple[str, ...] = ()
    """The options that the customer names when it says what it wants instead; the others stay."""
    axes: dict[str, tuple[str, ...]] = {}
    """Every value of every option of the product."""

    def becoming(self, variant: Mapping[str, Any]) -> ItemRef:
        """The same unit, which shall become a variant of its product."""
        options = dict(variant["options"])
        wanted = tuple(axis for axis, value in options.items() if self.options.get(axis) != value)
        return self.model_copy(update={"new_item_id": variant["item_id"], "new_options": options, "wanted": wanted})

    def as_unit(self, unit: Mapping[str, Any]) -> ItemRef:
        """Another unit in its place."""
        other = {"item_id": unit["item_id"], "product": unit["name"], "options": dict(unit["options"])}
        return self.model_copy(update=other)


class Method(Part):
    """A payment method, as its owner speaks of it."""

    id: str
    source: Literal["credit_card", "gift_card", "paypal"]
    brand: str = ""
    last_four: str = ""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Method:
        """The payment method of a record."""
        given = {field: record[field] for field in ("source", "brand", "last_four") if field in record}
        return cls(id=record["id"], **given)


class Place(Part):
    """A postal address, under the names of the tools' arguments."""

    address1: str
    address2: str
    city: str
    state: str
    country: str
    zip: str

    def __str__(self) -> str:
        street = f"{self.address1}, {self.address2}" if self.address2 else self.address1
        return f"{street}, {self.city}, {self.state} {self.zip}"


class _Particulars(Part):
    """The shop's own part of a request; it stands first in stored facts."""

    kind: str
    order: OrderRef | None = None
    items: tuple[ItemRef, ...] = ()
    payment: Method | None = None
    reason: Literal["no longer needed", "ordered by mistake"] | None = None
    excuse: str = ""
    """The reason in the customer's own words."""
    address: Place | None = None


class Request(core.Request, _Particulars):
    """One thing that the customer wants."""

    kind: RequestKind


def names_another_order(request: Request) -> bool:
    """Whether the customer named another order before it came to this request."""
    first = request.first
    return first is not None and first.order is not None and first.order != request.order


class _Person(Part):
    """Who the customer is; it stands first in stored facts."""

    first_name: str
    last_name: str
    zip: str
    email: str
    identifies_by: Literal["email", "name_zip"]
    """What it has at hand; asked for the other it says that it does not remember."""


class Facts(core.Facts[Request], _Person):
    """Everything that the scripted customer of one task knows."""

    methods: tuple[Method, ...] = ()
    """All its payment methods."""
    orders: dict[str, tuple[str, ...]] = {}
    """All its orders, each with the names of the products in it."""
