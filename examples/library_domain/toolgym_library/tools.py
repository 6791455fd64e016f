"""What the assistant can do.

The tools refuse what makes no sense, such as to lend a book that is out. What only the policy forbids they let pass.
"""

from datetime import date, timedelta

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym_library.records import Loan, loan_id

TODAY = date(2026, 3, 2)
LOAN = timedelta(weeks=4)
RENEWAL = timedelta(weeks=2)


class LibraryTools(Toolkit):
    """The desk's tools."""

    @tool(Effect.READ)
    def get_member(self, member_id: str) -> Record:
        """Look up a member, with all loans: when they are due, and whether they were renewed or the book is reserved.

        Args:
            member_id: The number of the library card, such as "m12345678".
        """
        member = self._get("members", member_id)
        return {**member, "loans": [self._loan(key) for key in self.db.find("loans", "member", member_id)]}

    @tool(Effect.READ)
    def find_books(self, title: str) -> list[Record]:
        """Find the editions of a title: where they stand, and until when they are lent.

        Args:
            title: The whole title; upper or lower case does not matter.
        """
        found = self.db.find("books", "title", title.strip().lower())
        if not found:
            raise ToolError(f"There is no book {title!r}")
        return [self._book(key) for key in found]

    @tool(Effect.READ)
    def find_titles_by_author(self, author: str) -> list[str]:
        """List the titles of an author.

        Args:
            author: First and last name; upper or lower case does not matter.
        """
        found = self.db.find("books", "author", author.strip().lower())
        if not found:
            raise ToolError(f"There is no book by {author!r}")
        return sorted({self._get("books", key)["title"] for key in found})

    @tool(Effect.WRITE)
    def borrow_book(self, member_id: str, book_id: str) -> Record:
        """Lend a book to a member for four weeks.

        Args:
            member_id: Who takes it home.
            book_id: The book, such as "b123456789".
        """
        self._get("members", member_id)
        self._get("books", book_id)
        key = loan_id(book_id)
        if self.db.get("loans", key) is not None:
            raise ToolError(f"Book {book_id} is lent until {self._get('loans', key)['due']}")
        due = (TODAY + LOAN).isoformat()
        self.db.put("loans", key, Loan(loan_id=key, book_id=book_id, member_id=member_id, due=due).model_dump())
        return self._loan(key)

    @tool(Effect.WRITE)
    def give_back_book(self, loan_id: str) -> Record:
        """Take back a book: its loan ends.

        Args:
            loan_id: The loan, such as "l123456789".
        """
        self._get("loans", loan_id)
        ended = {**self._loan(loan_id), "given_back": True}
        self.db.delete("loans", loan_id)
        return ended

    @tool(Effect.WRITE)
    def renew_loan(self, loan_id: str) -> Record:
        """Renew a loan: it is due two weeks later.

        Args:
            loan_id: The loan, such as "l123456789".
        """
        self._get("loans", loan_id)
        loan = self.db.edit("loans", loan_id)
        loan["due"] = (date.fromisoformat(loan["due"]) + RENEWAL).isoformat()
        loan["renewed"] = True
        return self._loan(loan_id)

    @tool(Effect.WRITE)
    def reserve_book(self, member_id: str, book_id: str) -> Record:
        """Reserve a book that is lent to somebody else.

        Args:
            member_id: For whom it is kept when it comes back.
            book_id: The book, such as "b123456789".
        """
        self._get("members", member_id)
        reserved_by = self._get("books", book_id)["reserved_by"]
        loan = self.db.get("loans", loan_id(book_id))
        if loan is None:
            raise ToolError(f"Book {book_id} is in: it can be borrowed")
        if loan["member_id"] == member_id:
            raise ToolError(f"Book {book_id} is lent to {member_id} already")
        if reserved_by is not None:
            raise ToolError(f"Book {book_id} is reserved already")
        self.db.edit("books", book_id)["reserved_by"] = member_id
        return self._book(book_id)

    @tool(Effect.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand over to a colleague, only if the request is beyond the tools.

        Args:
            summary: What the member wants.
        """
        return "Transfer successful"

    def _get(self, table: str, key: str) -> Record:
        record = self.db.get(table, key)
        if record is None:
            raise ToolError(f"There is no {key!r} in {table}")
        return record

    def _loan(self, key: str) -> Record:
        """A loan as the desk sees it, with the book."""
        loan = self._get("loans", key)
        book = self._get("books", loan["book_id"])
        about = {"title": book["title"], "edition": book["edition"], "reserved": book["reserved_by"] is not None}
        return {name: value for name, value in loan.items() if name != "member_id"} | about

    def _book(self, key: str) -> Record:
        """A book as the desk sees it: not who has it, but until when."""
        book = self._get("books", key)
        loan = self.db.get("loans", loan_id(key))
        out = {"lent_until": None if loan is None else loan["due"], "reserved": book["reserved_by"] is not None}
        return {name: value for name, value in book.items() if name != "reserved_by"} | out
