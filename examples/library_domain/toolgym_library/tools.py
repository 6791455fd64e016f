"""What the librarian can do. A tool that cannot do what it is asked raises ToolError, and the model reads why."""

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym_library.records import LIMIT


class LibraryTools(Toolkit):
    """The librarian's tools."""

    @tool(Effect.READ)
    def find_book(self, title: str) -> Record:
        """Find a book by its whole title; says whether it is out.

        Args:
            title: The title; upper or lower case does not matter.
        """
        found = self.db.find("books", "title", title.lower())
        if not found:
            raise ToolError(f"There is no book {title!r}")
        return {**self._get("books", found[0]), "out": self.db.get("loans", found[0]) is not None}

    @tool(Effect.READ)
    def get_loans(self, card: str) -> list[Record]:
        """List what a member has borrowed, with the titles.

        Args:
            card: The number of the library card, such as "L1007".
        """
        self._get("members", card)
        loans = [self._get("loans", found) for found in self.db.find("loans", "card", card)]
        return [{**loan, "title": self._get("books", loan["book_id"])["title"]} for loan in loans]

    @tool(Effect.WRITE)
    def lend_book(self, book_id: str, card: str) -> Record:
        """Lend a book to a member.

        Args:
            book_id: The book.
            card: The member's card.
        """
        self._get("books", book_id)
        self._get("members", card)
        if self.db.get("loans", book_id) is not None:
            raise ToolError(f"Book {book_id} is out")
        if len(self.db.find("loans", "card", card)) >= LIMIT:
            raise ToolError(f"Card {card} has {LIMIT} books already")
        return self.db.put("loans", book_id, {"book_id": book_id, "card": card, "days_left": 21, "renewed": False})

    @tool(Effect.WRITE)
    def return_book(self, book_id: str) -> bool:
        """Take a book back. True if it came back in time.

        Args:
            book_id: The book.
        """
        in_time: bool = self._get("loans", book_id)["days_left"] >= 0
        self.db.delete("loans", book_id)
        return in_time

    @tool(Effect.WRITE)
    def renew_loan(self, book_id: str) -> int:
        """Renew a loan by fourteen days, once. Returns how many days are left then.

        Args:
            book_id: The book.
        """
        if self._get("loans", book_id)["renewed"]:
            raise ToolError(f"The loan of {book_id} was renewed already")
        loan = self.db.edit("loans", book_id)  # a copy to change; what get() returns is frozen
        loan["days_left"] += 14
        loan["renewed"] = True
        return int(loan["days_left"])

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
