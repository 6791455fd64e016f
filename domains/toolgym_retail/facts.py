"""What a customer of the shop knows and wants: the facts from which the scripted user plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolgym.errors import TaskError
from toolgym.tasks import Task

RequestKind: TypeAlias = Literal[
    "cancel", "modify_items", "modify_address", "modify_payment", "user_address", "return", "exchange", "question"
]
"""What a request asks for; all but a question are one write."""
Manner: TypeAlias = Literal["plain", "friendly", "terse", "chatty", "annoyed"]
"""How the customer speaks."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderRef(_Part):
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


class ItemRef(_Part):
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


class Method(_Part):
    """A payment method, as its owner speaks of it."""

    id: str
    source: Literal["credit_card", "gift_card", "paypal"]
    brand: str = ""
    last_four: str = ""


class Place(_Part):
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


class Request(_Part):
    """One thing that the customer wants."""

    kind: RequestKind
    order: OrderRef | None = None
    items: tuple[ItemRef, ...] = ()
    payment: Method | None = None
    reason: Literal["no longer needed", "ordered by mistake"] | None = None
    excuse: str = ""
    """The reason in the customer's own words."""
    address: Place | None = None
    question: str = ""
    """What it wants to be told, as a noun phrase, such as ``"how much I get back"``."""
    answer: str = ""
    """What answers the question: a figure or a word."""
    forbidden: str = ""
    """Why the policy does not allow it; the right answer is then to refuse, and the customer gives in."""
    first: Request | None = None
    """What it asked for before it changed its mind: it does so when that is proposed rightly."""
    otherwise: Request | None = None
    """What it takes instead when the assistant says that this cannot be had."""
    says_otherwise: bool = False
    """Whether it names that alternative with the request, before anybody says that it cannot be had."""


class Facts(_Part):
    """Everything that the scripted customer of one task knows."""

    first_name: str
    last_name: str
    zip: str
    email: str
    identifies_by: Literal["email", "name_zip"]
    """What it has at hand; asked for the other it says that it does not remember."""
    manner: Manner = "plain"
    detail: Literal["brief", "full"] = "brief"
    """Whether it names the particulars of a request when it brings it up, or only what it is about."""
    upfront: int = Field(default=1, ge=1)
    """How many of its requests it names in its first line, at least 1; the others follow one by one."""
    requests: tuple[Request, ...] = Field(min_length=1)
    methods: tuple[Method, ...] = ()
    """All its payment methods."""
    orders: dict[str, tuple[str, ...]] = {}
    """All its orders, each with the names of the products in it."""

    @classmethod
    def of(cls, task: Task) -> Facts:
        """The facts that a task carries.

        Raises:
            TaskError: If it carries none, or they are not such facts.
        """
        if task.facts is None:
            raise TaskError(
                f"task {task.id!r} has no facts for the scripted user to play from; choose another user, "
                "such as user='minimal' to replay gold calls"
            )
        return read_facts(task.facts, task.id)


def read_facts(facts: Mapping[str, Any], task_id: str) -> Facts:
    """Facts from a task's JSON.

    Raises:
        TaskError: If they do not fit.
    """
    try:
        return Facts.model_validate(facts)
    except ValidationError as error:
        raise TaskError(f"the facts of task {task_id!r} do not fit: {error}") from error


def stages(request: Request) -> Iterator[Request]:
    """The wishes that a request goes through: what was wanted first, the request itself, what it takes instead."""
    if request.first is not None:
        yield request.first
    yield request
    if request.otherwise is not None:
        yield from stages(request.otherwise)


def settled(request: Request) -> Request:
    """What a request comes to: the last alternative, since each before it cannot be had."""
    return request if request.otherwise is None else settled(request.otherwise)
