"""The tables: members, books and loans."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel

from toolgym.database import Schema, Table

Edition = Literal["hardback", "paperback", "large-print edition", "audiobook"]
EDITIONS: tuple[Edition, ...] = get_args(Edition)


class Member(BaseModel):
    """Somebody with a library card."""

    member_id: str
    name: str


class Book(BaseModel):
    """A copy; the library has one of each edition of a title."""

    book_id: str
    title: str
    author: str
    edition: Edition
    shelf: str
    reference: bool = False
    """Whether it is for reading in the library only."""
    reserved_by: str | None = None


class Loan(BaseModel):
    """A book that is out. It is deleted when the book comes back."""

    loan_id: str
    """The number of the book with an l for the b, since a book is lent to one member at a time."""
    book_id: str
    member_id: str
    due: str
    renewed: bool = False


def loan_id(book_id: str) -> str:
    """The number of the loan of a book."""
    return f"l{book_id.removeprefix('b')}"


def _title(book: dict[str, Any]) -> list[str]:
    return [book["title"].lower()]


def _author(book: dict[str, Any]) -> list[str]:
    return [book["author"].lower()]


def _member(loan: dict[str, Any]) -> list[str]:
    return [loan["member_id"]]


SCHEMAS: Mapping[Literal["assistant", "user"], Schema] = {
    "assistant": Schema(
        "LibraryDB",
        (
            Table("members", Member),
            Table("books", Book, indexes={"title": _title, "author": _author}),
            Table("loans", Loan, indexes={"member": _member}),
        ),
    )
}
