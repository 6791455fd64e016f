"""The tables: members, books, loans."""

from typing import Any

from pydantic import BaseModel

from toolgym.database import Schema, Table
from toolgym.messages import AgentID

LIMIT = 3
"""How many books a member may have at once."""


class Person(BaseModel):
    """A member of the library."""

    card: str
    name: str


class Book(BaseModel):
    """A book; there is one copy of each."""

    book_id: str
    title: str
    author: str


class Loan(BaseModel):
    """A book that is out. Days are counted from today."""

    book_id: str
    card: str
    days_left: int
    renewed: bool = False


def by_title(book: dict[str, Any]) -> list[str]:
    """Books are found by their title, in lower case."""
    return [book["title"].lower()]


def by_card(loan: dict[str, Any]) -> list[str]:
    """Loans are found by the member's card."""
    return [loan["card"]]


SCHEMAS: dict[AgentID, Schema] = {
    "assistant": Schema(
        "LibraryDB",
        (
            Table("members", Person),
            Table("books", Book, indexes={"title": by_title}),
            Table("loans", Loan, indexes={"card": by_card}),
        ),
    )
}
