"""An oracle that serves members in dialogue, and a novice that does so with faults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolgym import Task, ToolCall
from toolgym.scripted.novice import RATES, ScriptedNovice
from toolgym.scripted.oracle import ScriptedOracle, Talk
from toolgym_library.facts import QUESTION, Facts, Request, every


def call(wish: Request, member_id: str) -> dict[str, Any]:
    """The call that fulfils a wish."""
    match wish.kind:
        case "borrow" | "reserve":
            return {"name": f"{wish.kind}_book", "arguments": {"member_id": member_id, "book_id": wish.book_id}}
        case "renew":
            return {"name": "renew_loan", "arguments": {"loan_id": wish.loan_id}}
        case _:
            return {"name": "give_back_book", "arguments": {"loan_id": wish.loan_id}}


class Oracle(ScriptedOracle[Request]):
    """Serves a member in dialogue, and knows what is right."""

    facts: Facts
    loans: dict[str, Mapping[str, Any]]
    books: dict[str, Mapping[str, Any]]

    def facts_of(self, task: Task) -> Facts:
        """What the member knows and wants."""
        self.loans, self.books = {}, {}
        return Facts.of(task)

    def identify(self) -> Talk:
        """Ask for the number of the library card, and look the member up."""
        while not self.said(self.facts.member_id):
            yield from self.say("Could you tell me the number of your library card?")
        found = yield from self.call("get_member", member_id=self.facts.member_id)
        self.loans = {loan["loan_id"]: loan for loan in found["loans"]}

    def look_up(self, wish: Request) -> Talk:
        """Ask which book it is, find it, and see whether the rules allow the wish."""
        if wish.kind != QUESTION and not self.said_lately(wish.title):
            yield from self.say("Which book is it, and in which edition?")
        if wish.book_id not in self.books and not wish.loan_id:
            found = yield from self.call("find_books", title=wish.title)
            self.books |= {book["book_id"]: book for book in found}
        return not wish.forbidden

    def ask_details(self, wish: Request) -> Talk:
        """Ask for the edition."""
        if wish.kind != QUESTION and not self.said_lately(wish.edition):
            yield from self.say("Which edition would you like?" if wish.book_id else "Which edition is it?")

    def unavailable(self, wish: Request) -> str:
        """That somebody else has the book, if it is to be borrowed."""
        until = self.books[wish.book_id]["lent_until"] if wish.kind == "borrow" else None
        return f"I'm sorry, {wish.book} is not available: it is lent until {until}." if until else ""

    def details(self, wish: Request) -> Sequence[str]:
        """What it is about to do."""
        return [
            {
                "borrow": f"Lend you {wish.book} for four weeks",
                "give_back": f"Take {wish.book} back",
                "renew": f"Renew {wish.book} by two weeks",
                "reserve": f"Reserve {wish.book} for you",
            }[wish.kind]
        ]

    def deed(self, wish: Request) -> str:
        """What it has done."""
        return {
            "borrow": f"I have lent you {wish.book}.",
            "give_back": f"I have taken {wish.book} back.",
            "renew": f"I have renewed {wish.book}.",
            "reserve": f"I have reserved {wish.book} for you.",
        }[wish.kind]

    def write(self, wish: Request) -> ToolCall:
        """The call that fulfils a wish."""
        return ToolCall(**call(wish, self.facts.member_id))

    def signs(self, request: Request) -> Sequence[str]:
        """The question or the title; what is to be done only if nothing else is to be done likewise."""
        kinds = [one.kind for one in self.facts.requests]
        words = {"give_back": ("back", "returning"), "renew": ("renew", "longer")}.get(request.kind, ())
        told = (request.question, request.title, *(words if kinds.count(request.kind) == 1 else ()))
        return [text for text in told if text]

    def keep(self, record: Mapping[str, Any]) -> None:
        """Remember a loan or a book as a write left it."""
        if record.get("given_back"):
            self.loans.pop(record["loan_id"], None)
        elif "loan_id" in record:
            self.loans[record["loan_id"]] = dict(record)
        else:
            self.books[record["book_id"]] = dict(record)


NEVER = {"item_from_another_record", "misattributed_item", "user_not_told"}


class Novice(ScriptedNovice[Request], Oracle):
    """The same with a beginner's faults."""

    usual_rates = {pattern: rate for pattern, rate in RATES.items() if pattern not in NEVER}

    @property
    def wrong_choices(self) -> Mapping[str, Callable[[Request], Request | None]]:
        """Another edition of the title, another of the member's loans, or a number without its letter."""
        return {
            "wrong_variant": self._other_edition,
            "wrong_record": self._other_loan,
            "invalid_argument": self._bare_number,
        }

    @property
    def _wanted(self) -> set[str]:
        """What is wanted at some time: to take that would be no mistake, or not for long."""
        return {one.book_id for request in self.facts.requests for one in every(request)}

    def _other_edition(self, wish: Request) -> Request | None:
        """One for which the tool would do the same."""
        if wish.loan_id or not wish.title:
            return None
        fits = [
            book
            for key, book in self.books.items()
            if key != wish.book_id
            and book["title"] == wish.title
            and (book["lent_until"] is None) == (wish.kind == "borrow")
            and not book["reserved"]
            and key not in self._wanted
            and f"l{key[1:]}" not in self.loans
        ]
        found = self.pick(fits)
        names = ("book_id", "edition")
        return None if found is None else wish.model_copy(update={name: found[name] for name in names})

    def _other_loan(self, wish: Request) -> Request | None:
        """One that could be renewed or given back as well, rather one that is called alike."""
        if not wish.loan_id:
            return None
        others = [
            loan
            for loan in self.loans.values()
            if loan["book_id"] not in {wish.book_id, *self._wanted}
            and (wish.kind == "give_back" or not (loan["renewed"] or loan["reserved"]))
        ]
        alike = [loan for loan in others if loan["title"].split()[1] == wish.title.split()[1]]
        found = self.pick(alike or others)
        names = ("loan_id", "book_id", "title", "edition")
        return None if found is None else wish.model_copy(update={name: found[name] for name in names})

    def _bare_number(self, wish: Request) -> Request | None:
        names = ("loan_id",) if wish.loan_id else ("book_id",)
        return wish.model_copy(update={name: getattr(wish, name)[1:] for name in names})
