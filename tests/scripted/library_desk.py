"""A library as a whole domain: tools, tasks, its reader, an oracle in dialogue and a novice. No shop is spoken of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from library_reader import Facts, LibraryReader, Request
from pydantic import BaseModel

from toolgym.database import Database, Record, Schema, WorldStore
from toolgym.database import Table as DataTable
from toolgym.domain import AgentSpec, Domain
from toolgym.messages import ToolCall
from toolgym.scripted.novice import RATES, ScriptedNovice
from toolgym.scripted.oracle import ScriptedOracle, Talk
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Phrases, Voice
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Effect, ToolError, Toolkit, tool


class Book(BaseModel):
    """A book, and who has it."""

    book_id: str
    title: str
    author: str
    lent_to: str | None = None
    reference: bool = False


class Shelf(BaseModel):
    """A place on the reader's own shelf."""

    title: str


class DeskTools(Toolkit):
    """What the librarian can do."""

    @tool(Effect.READ)
    def find_book(self, title: str) -> Record:
        """Find a book by its title.

        Args:
            title: The title.
        """
        found = next((book for book in self.db.records("books") if book["title"] == title), None)
        if found is None:
            raise ToolError(f"There is no book {title!r}")
        return found

    @tool(Effect.WRITE)
    def lend_book(self, book_id: str, name: str) -> Record:
        """Lend a book.

        Args:
            book_id: The book.
            name: The reader.
        """
        if self.db.get("books", book_id) is None:
            raise ToolError(f"There is no book {book_id!r}")
        book = self.db.edit("books", book_id)
        book["lent_to"] = name
        return book

    @tool(Effect.WRITE)
    def take_back(self, book_id: str) -> Record:
        """Take a book back.

        Args:
            book_id: The book.
        """
        if self.db.get("books", book_id) is None:
            raise ToolError(f"There is no book {book_id!r}")
        book = self.db.edit("books", book_id)
        book["lent_to"] = None
        return book

    @tool(Effect.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand over to a colleague.

        Args:
            summary: Why.
        """
        return "Transfer successful"


class ReaderTools(Toolkit):
    """What the reader does itself."""

    @tool(Effect.WRITE)
    def put_on_shelf(self, title: str) -> Record:
        """Put a book on your own shelf.

        Args:
            title: The book.
        """
        return self.db.put("shelf", title, {"title": title})


class Oracle(ScriptedOracle[Request]):
    """Serves a reader in dialogue, and knows what is right."""

    facts: Facts

    def facts_of(self, task: Task) -> Facts:
        """What the reader knows and wants."""
        return Facts.of(task)

    def identify(self) -> Talk:
        """Ask for the reader's name."""
        while not self.said(self.facts.name):
            yield from self.say("Could you tell me your reader name?")

    def look_up(self, wish: Request) -> Talk:
        """Find the book."""
        if wish.title and wish.title not in self.records:
            while not self.said(wish.title):
                yield from self.say("Which book is it?")
            self.records[wish.title] = yield from self.call("find_book", title=wish.title)
        return True

    def unavailable(self, wish: Request) -> str:
        """That somebody else has the book."""
        gone = wish.kind == "borrow" and self.records[wish.title]["lent_to"] is not None
        return f"I am sorry, {wish.title} is not available at the moment." if gone else ""

    def details(self, wish: Request) -> Sequence[str]:
        """What it is about to do."""
        return [f"Lend you {wish.title}" if wish.kind == "borrow" else f"I will take {wish.title} back"]

    def deed(self, wish: Request) -> str:
        """What it has done."""
        return f"I have lent you {wish.title}." if wish.kind == "borrow" else f"I have taken back {wish.title}."

    def write(self, wish: Request) -> ToolCall:
        """The call that fulfils a wish."""
        given = {"book_id": self.records[wish.title]["book_id"]}
        if wish.kind == "borrow":
            return ToolCall("lend_book", {**given, "name": self.facts.name})
        return ToolCall("take_back", given)

    def user_part(self, wish: Request) -> str:
        """The reader carries its book home."""
        return f"put {wish.title} on your shelf" if wish.kind == "borrow" and wish.title in self.facts.shelf else ""

    def signs(self, request: Request) -> Sequence[str]:
        """The book, or the question."""
        return [request.title, request.question]

    def keep(self, record: Mapping[str, Any]) -> None:
        """Remember a book as a write left it."""
        self.records[record["title"]] = record


NEVER = frozenset(
    (
        *("wrong_variant", "item_from_another_record", "misattributed_item"),
        *("wrong_detail", "spent_on_part", "no_lookup", "wrong_figure"),
    )
)
"""What cannot go wrong at this desk: books have neither variants nor parts, and no figure is asked for."""


class Novice(ScriptedNovice[Request], Oracle):
    """The same with a beginner's faults."""

    usual_rates = {name: rate for name, rate in RATES.items() if name not in NEVER}

    @property
    def wrong_choices(self) -> Mapping[str, Callable[[Request], Request | None]]:
        """Another book that it has looked at, or the title for the number of the book."""
        return {"wrong_record": self._other_book, "invalid_argument": self._no_number}

    def look_around(self, wish: Request, pattern: str) -> Talk:
        """Look at other books than the one that is wanted."""
        for title in ("The Waves", "Middlemarch"):
            if title not in self.records:
                self.records[title] = yield from self.call("find_book", title=title)

    def _other_book(self, wish: Request) -> Request | None:
        title = self.pick([one for one in self.records if one != wish.title])
        return None if title is None else wish.model_copy(update={"title": title})

    def _no_number(self, wish: Request) -> Request:
        book = self.records[wish.title]
        self.records["that book"] = {**book, "book_id": book["title"]}
        return wish.model_copy(update={"title": "that book"})


def reader(domain: Domain, task: Task, rng: np.random.Generator) -> ScriptedUser[Request]:
    """The reader of a task."""
    facts = Facts.of(task)
    every = Phrases.read()
    asks = {"borrow": ["I'd like to borrow {title}"], "give_back": ["I want to give back {title}"]}
    phrases = Phrases(every.say, {**every.ask, **asks})
    voices = [Voice(facts.manner, rng, phrases) for rng in (np.random.default_rng(int(task.key, 16)), rng)]
    return ScriptedUser(facts, LibraryReader(facts), *voices)


SCHEMAS = {
    "assistant": Schema("LibraryDB", (DataTable("books", Book),)),
    "user": Schema("ReaderDB", (DataTable("shelf", Shelf),)),
}
_BOOKS = (
    Book(book_id="b1", title="The Tin Drum", author="Grass", lent_to="ada"),
    Book(book_id="b2", title="The Waves", author="Woolf"),
    Book(book_id="b3", title="Middlemarch", author="Eliot"),
    Book(book_id="b4", title="The Atlas", author="Mercator", reference=True),
)
WORLDS = WorldStore(SCHEMAS)
WORLD = WORLDS.add(
    Database.build(
        SCHEMAS,
        {"assistant": {"books": {book.book_id: book.model_dump() for book in _BOOKS}}, "user": {"shelf": {}}},
    )
)


def task(task_id: str, requests: Sequence[Request], calls: Sequence[Mapping[str, Any]], *said: str) -> Task:
    """A task of the reader bo: what it wants, the gold calls, and what it must be told."""
    shelf = tuple(call["arguments"]["title"] for call in calls if call["name"] == "put_on_shelf")
    facts = Facts(name="bo", requests=tuple(requests), upfront=1, detail="full", shelf=shelf)
    actions = [{"action_id": str(number), **call} for number, call in enumerate(calls)]
    return Task.model_validate(
        {
            "id": task_id,
            "user_scenario": {"instructions": "You are the reader bo. You want books."},
            "evaluation_criteria": {
                "actions": actions,
                "communicate_info": list(said),
                "reward_basis": ["DB", "COMMUNICATE"],
            },
            "world": WORLD,
            "facts": facts.model_dump(mode="json"),
        }
    )


def lend(book_id: str) -> dict[str, Any]:
    """The gold call that lends a book to bo."""
    return {"name": "lend_book", "arguments": {"book_id": book_id, "name": "bo"}}


WAVES = Request(kind="borrow", title="The Waves")
BACK = Request(kind="give_back", title="The Tin Drum")
AUTHOR = Request(kind="question", title="Middlemarch", question="who wrote Middlemarch", answer="Eliot")
ATLAS = Request(kind="borrow", title="The Atlas", forbidden="Reference books stay in the library.")
DRUM = Request(kind="borrow", title="The Tin Drum", otherwise=Request(kind="borrow", title="Middlemarch"))
ON_SHELF = {"name": "put_on_shelf", "arguments": {"title": "The Waves"}, "requestor": "user"}
RETURNED = {"name": "take_back", "arguments": {"book_id": "b1"}}
TASKS = (
    task("lend", [WAVES], [lend("b2")]),
    task("lend-and-shelve", [WAVES], [lend("b2"), ON_SHELF]),
    task("give-back", [BACK], [RETURNED]),
    task("ask", [AUTHOR], [], "Eliot"),
    task("ask-and-lend", [AUTHOR, WAVES], [lend("b2")], "Eliot"),
    task("refuse", [ATLAS], []),
    task("is-out", [DRUM], [lend("b3")]),
    task("several", [BACK, WAVES, AUTHOR], [RETURNED, lend("b2")], "Eliot"),
)
DOMAIN = Domain(
    name="library",
    policy="You are a librarian. Lend books; reference books stay. Say what you will do, and wait for a yes.",
    schemas=SCHEMAS,
    toolkits={"assistant": DeskTools, "user": ReaderTools},
    worlds=WORLDS,
    tasks=TaskSet({"test": lambda: list(TASKS)}),
    agents={
        "oracle": AgentSpec("oracle", Oracle, privileged=True, wordings=Oracle.wordings),
        "novice": AgentSpec("novice", Novice, privileged=True, wordings=Novice.wordings),
    },
    users={"scripted": AgentSpec("scripted", reader, privileged=True)},
)
