"""A library's task generator: books, members and loans, with three injectors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

from toolgym.database import Rows, Schema, Table, WorldStore
from toolgym.domain import Domain
from toolgym.generation import Difficulty, Injector
from toolgym.generators import scenario
from toolgym.generators.doses import Method, dosed, many_errands, with_facts
from toolgym.generators.drafts import Caller, Draft, Goal, speech
from toolgym.generators.explorer import GoalExplorer
from toolgym.generators.recipes import Recipe, refuse, several, single
from toolgym.generators.sets import Draw, SplitPlan, write_sets
from toolgym.scripted.facts import Facts, Request, question_text
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym.worlds import Dice, Fresh
from toolgym.worlds.identities import Entity
from toolgym.worlds.people import People

# The domain


class Book(BaseModel):
    """A book, and who has it."""

    book_id: str
    title: str
    lent_to: str | None = None


class Member(BaseModel):
    """A member of the library."""

    member_id: str
    name: str


class LibraryTools(Toolkit):
    """The librarian's tools."""

    @tool(Effect.READ)
    def get_book(self, book_id: str) -> dict[str, Any]:
        """Look up a book.

        Args:
            book_id: The book.
        """
        book = self.db.get("books", book_id)
        if book is None:
            raise ToolError(f"There is no book {book_id!r}")
        return book

    @tool(Effect.WRITE)
    def lend_book(self, book_id: str, member_id: str) -> dict[str, Any]:
        """Lend a book that nobody has.

        Args:
            book_id: The book.
            member_id: Who takes it home.
        """
        if self.get_book(book_id)["lent_to"] is not None:
            raise ToolError(f"Book {book_id} is lent")
        book = self.db.edit("books", book_id)
        book["lent_to"] = member_id
        return book

    @tool(Effect.WRITE)
    def take_back(self, book_id: str) -> dict[str, Any]:
        """Take a book back that is lent.

        Args:
            book_id: The book.
        """
        if self.get_book(book_id)["lent_to"] is None:
            raise ToolError(f"Book {book_id} is not lent")
        book = self.db.edit("books", book_id)
        book["lent_to"] = None
        return book


SCHEMAS = {"assistant": Schema("LibraryDB", (Table("books", Book), Table("members", Member)))}

# Worlds

NOUNS = ("Harbor", "Orchard", "Lantern", "River", "Winter", "Garden", "Mirror", "Letter", "Island", "Clock")
ADJECTIVES = ("Silent", "Last", "Glass", "Hidden", "Long", "Burning")


def generate(rng: np.random.Generator, members: int = 30, *, taken: Collection[Entity] = ()) -> Rows:
    """Members who have some of the library's books; titles are easily confused."""
    dice, fresh = Dice(rng), Fresh(taken)
    people = People(dice)
    drawn = [people.draw() for _ in range(members)]
    names = {fresh.id(lambda: f"m{dice.digits(4)}", "member"): f"{one.first} {one.last}" for one in drawn}
    books: dict[str, Any] = {}
    for _ in range(5 * members):
        book_id = fresh.id(lambda: f"b{dice.digits(5)}", "book")
        lent_to = dice.pick(list(names)) if dice.chance(0.6) else None
        title = f"The {dice.pick(ADJECTIVES)} {dice.pick(NOUNS)}"
        books[book_id] = {"book_id": book_id, "title": title, "lent_to": lent_to}
    people_rows = {member_id: {"member_id": member_id, "name": name} for member_id, name in names.items()}
    return {"assistant": {"books": books, "members": people_rows}}


def entities(rows: Rows) -> Any:
    """Books and members, which two worlds must not share."""
    for table, kind in (("books", "book"), ("members", "member")):
        for key in rows["assistant"][table]:
            yield kind, key


# What members want


class Wish(Request):
    """One thing that a member wants."""

    book_id: str = ""
    title: str = ""


class MemberFacts(Facts[Wish]):
    """What a member knows and wants."""

    member_id: str


class Reader(Caller[Wish, MemberFacts]):
    """One member after another, and what each may want."""

    def __init__(self, rows: Rows, dice: Dice) -> None:
        super().__init__(rows["assistant"]["members"], dice)
        self.books = list(rows["assistant"]["books"].values())

    def borrow(self) -> Wish | None:
        """A book that nobody has."""
        return self._about("borrow", [book for book in self.books if book["lent_to"] is None])

    def give_back(self) -> Wish | None:
        """A book that the member has."""
        return self._about("give_back", self.own())

    def lent_out(self) -> Wish | None:
        """A book that somebody else has."""
        wish = self._about("borrow", [book for book in self.books if book["lent_to"] not in (None, self.user_id)])
        return None if wish is None else wish.model_copy(update={"forbidden": "Somebody else has the book."})

    def own(self) -> list[Any]:
        """What the member has at home."""
        return [book for book in self.books if book["lent_to"] == self.user_id]

    def _about(self, kind: str, books: Sequence[Any]) -> Wish | None:
        if not books:
            return None
        book = self.dice.pick(books)
        return Wish(kind=kind, book_id=book["book_id"], title=book["title"])

    def any_write(self) -> Wish | None:
        """To borrow or to give back."""
        return self.dice.pick((Reader.borrow, Reader.give_back))(self)

    def ask(self) -> Wish | None:
        """The title of a book at home."""
        books = self.own()
        if not books:
            return None
        book = self.dice.pick(books)
        return Wish(kind="question", question=f"what my book {book['book_id']} is called", answer=book["title"])

    def changes(self, request: Wish) -> set[str]:
        """The book; a question changes nothing."""
        return {request.book_id} - {""}

    def facts(self, draft: Draft[Wish], like: MemberFacts | None = None) -> MemberFacts:
        """Who the member is, and what it wants."""
        return MemberFacts(member_id=self.user_id, **speech(draft, like, self.dice))


RECIPES: dict[str, Recipe[Reader, Wish]] = {
    "borrow": single(Reader.borrow),
    "give_back": single(Reader.give_back),
    "two": several(2),
    "refuse": refuse(Reader.lent_out),
}


def like_titles(reader: Reader, dose: Difficulty) -> Draft[Wish] | None:
    """To give back one of several books with the same last word."""
    wish = reader.give_back()
    if wish is None:
        return None
    rivals = [book for book in reader.own() if book["title"].split()[-1] == wish.title.split()[-1]]
    return dosed(reader, [wish], dose, "like titles") if len(rivals) > dose.records else None


INJECTORS: dict[Injector, Method[Reader, Wish]] = {
    Injector(
        "like_titles",
        "wrong_record",
        "The member has several books whose titles end alike, and one of them is meant.",
        "I want to return The Last Harbor. (I have The Glass Harbor too.)",
    ): like_titles,
    Injector(
        "many_books",
        "ended_early",
        "At least three things are asked for in the first message.",
        "Take these two back, and I want The Long Winter.",
    ): many_errands("many books at once"),
    Injector(
        "title_among_loans",
        "fact_not_said",
        "A question stands among things to be done.",
        "Take b10203 back, and tell me what b40506 is called.",
    ): with_facts(1, lambda dose: dose.steps, "a title among loans"),
}

# Tasks


def make_task(goal: Goal[MemberFacts], task_id: str, *, world: str) -> Task:
    """The task of a goal."""
    facts = goal.facts

    def wish(request: Wish) -> str:
        if request.kind == "question":
            return f"to be told {question_text(request)}"
        verb = "borrow" if request.kind == "borrow" else "give back"
        return f"to {verb} the book {request.book_id}, {request.title}"

    def call(request: Wish) -> dict[str, Any]:
        book = {"book_id": request.book_id}
        if request.kind == "borrow":
            return {"name": "lend_book", "arguments": {**book, "member_id": facts.member_id}}
        return {"name": "take_back", "arguments": book}

    task = scenario.make_task(
        goal,
        task_id,
        domain="library",
        world=world,
        generator="toolgym_library",
        calls=scenario.writes(facts, call),
        instructions={
            "reason_for_call": scenario.reason_for_call(facts, wish),
            "known_info": f"You are the member {facts.member_id}.",
            "unknown_info": "You do not know who has which book.",
            "task_instructions": scenario.task_instructions(facts, "book numbers"),
        },
    )
    return task.model_copy(update={"facts": None})  # kept once the domain has a scripted user that plays from them


class LibraryTaskGenerator:
    """Worlds of libraries, and the calls of their members."""

    kinds: Sequence[str] = tuple(RECIPES)
    injectors: Sequence[Injector] = tuple(INJECTORS)

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A library with 60 members."""
        return generate(rng, 60, taken=taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> GoalExplorer[Reader, MemberFacts]:
        """What the members of a library may want."""
        return GoalExplorer(
            Reader(rows, Dice(rng)),
            recipes=RECIPES,
            injectors=INJECTORS,
            twins={"refuse": lambda reader, refused: reader.borrow()},
            make_task=partial(make_task, world=world),
        )


DOMAIN = Domain(
    name="library",
    policy="You are a librarian. Lend a book only if nobody has it.",
    schemas=SCHEMAS,
    toolkits={"assistant": LibraryTools},
    worlds=WorldStore(SCHEMAS),
    tasks=TaskSet({}),
    entities=entities,
)

# The sets that ship


def explore(rows: Rows, world: str, rng: np.random.Generator) -> Draw:
    """What draws the tasks of a split."""
    return LibraryTaskGenerator().explore(rows, world, rng).draw_any


SPLITS = {
    name: SplitPlan(seed, tasks=12, world=lambda rng, taken: generate(rng, taken=taken))
    for name, seed in {"train": 1, "dev": 2}.items()
}
write = partial(write_sets, DOMAIN, SPLITS, kinds=tuple(RECIPES), explore=explore)
