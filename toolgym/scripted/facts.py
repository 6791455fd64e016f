"""What a scripted user knows and wants: the part that is the same in every domain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolgym.errors import TaskError
from toolgym.tasks import Task

QUESTION = "question"
"""The kind of a request that wants to be told something; every other kind is a write."""
Manner: TypeAlias = Literal["plain", "friendly", "terse", "chatty", "annoyed"]
"""How the user speaks."""


class Part(BaseModel):
    """A part of a user's facts: frozen, and without fields that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(Part):
    """One thing that the user wants. A domain adds its own particulars in a subclass.

    pydantic lists the fields of a base class before those of a subclass. A domain whose stored facts have its own
    fields first puts them into a mixin that stands to the right: ``class Request(scripted.Request, Particulars)``.

    Example:
        >>> class Loan(Request):
        ...     title: str = ""
        >>> wish = Loan(kind="borrow", title="Middlemarch", first=Loan(kind="borrow", title="The Waves"))
        >>> [stage.title for stage in stages(wish)]
        ['The Waves', 'Middlemarch']
    """

    kind: str
    """What it asks for, in the domain's words; :data:`QUESTION` wants an answer and no write."""
    question: str = ""
    """What it wants to be told, as a noun phrase, such as ``"how much I get back"``."""
    answer: str = ""
    """What answers the question: a figure or a word."""
    forbidden: str = ""
    """Why the policy does not allow it; the right answer is then to refuse, and the user gives in."""
    first: Self | None = None
    """What it asked for before it changed its mind: it does so when that is proposed rightly."""
    otherwise: Self | None = None
    """What it takes instead when the assistant says that this cannot be had."""
    says_otherwise: bool = False
    """Whether it names that alternative with the request, before anybody says that it cannot be had."""


R = TypeVar("R", bound=Request)


class Facts(Part, Generic[R]):
    """Everything that the scripted user of one task knows. A domain adds who the user is in a subclass."""

    manner: Manner = "plain"
    detail: Literal["brief", "full"] = "brief"
    """Whether it names the particulars of a request when it brings it up, or only what it is about."""
    upfront: int = Field(default=1, ge=1)
    """How many of its requests it names in its first line, at least 1; the others follow one by one."""
    requests: tuple[R, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _questions_have_answers(self) -> Self:
        for wish in (stage for request in self.requests for stage in stages(request)):
            if wish.kind == QUESTION and not (wish.question and wish.answer):
                raise ValueError(
                    f"a request of the kind {QUESTION!r} has no {'answer' if wish.question else 'question'}; give "
                    "both, or whatever is said would settle it"
                )
        return self

    @classmethod
    def of(cls, task: Task) -> Self:
        """The facts that a task carries.

        Raises:
            TaskError: If it carries none, or they are not such facts.
        """
        if task.facts is None:
            raise TaskError(
                f"task {task.id!r} has no facts for the scripted user to play from; choose another user, "
                "such as user='minimal' to replay gold calls"
            )
        return cls.read(task.facts, task.id)

    @classmethod
    def read(cls, facts: Mapping[str, Any], task_id: str) -> Self:
        """Facts from a task's JSON.

        Raises:
            TaskError: If they do not fit.
        """
        try:
            return cls.model_validate(facts)
        except ValidationError as error:
            raise TaskError(f"the facts of task {task_id!r} do not fit: {error}") from error


def stages(request: R) -> Iterator[R]:
    """The wishes that a request goes through: what was wanted first, the request itself, what it takes instead."""
    if request.first is not None:
        yield request.first
    yield request
    if request.otherwise is not None:
        yield from stages(request.otherwise)


def settled(request: R) -> R:
    """What a request ends in: the last alternative, since none of those before it can be had."""
    return request if request.otherwise is None else settled(request.otherwise)


def question_text(request: Request) -> str:
    """What a question asks, in the second person.

    Example:
        >>> question_text(Request(kind="question", question="how much I paid for my mug"))
        'how much you paid for your mug'
    """
    return re.sub(r"\bI\b", "you", re.sub(r"\bmy\b", "your", request.question))
