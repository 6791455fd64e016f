"""Worlds from a seed: members, the books of the library, and who has which."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from toolgym.database import Rows
from toolgym.worlds import Dice, Fresh
from toolgym.worlds.identities import Entity
from toolgym.worlds.people import People
from toolgym_library.records import EDITIONS, loan_id
from toolgym_library.titles import FIRST, SECOND
from toolgym_library.tools import TODAY

LIMIT = 8
"""How many books a member may have at once."""
SOME = 4
"""How many a member has at most who has not reached the limit."""


def generate(rng: np.random.Generator, members: int, taken: Collection[Entity] = ()) -> Rows:
    """A library with five titles for each member, in two to four editions, and some reference books.

    One member in eight has as many books as the rules allow; the others have up to four, and rather such as can be
    mistaken for each other: another edition of the same title, or a title that begins alike.
    """
    dice, fresh = Dice(rng), Fresh(taken)
    people = People(dice)
    books = _books(dice, fresh, people, min(5 * members, len(FIRST) * len(SECOND)))
    free = {key for key, book in books.items() if not book["reference"]}
    tables: dict[str, dict[str, Any]] = {"members": {}, "books": books, "loans": {}}
    for _ in range(members):
        person = people.draw()
        member_id = fresh.id(lambda: f"m{dice.digits(8)}", "member")
        tables["members"][member_id] = {"member_id": member_id, "name": f"{person.first} {person.last}"}
        loans = LIMIT if dice.weighted({"full": 0.125, "some": 0.875}) == "full" else dice.number(2, SOME)
        for book_id in _chosen(dice, books, free, loans):
            free.remove(book_id)
            tables["loans"][loan_id(book_id)] = {
                "loan_id": loan_id(book_id),
                "book_id": book_id,
                "member_id": member_id,
                "due": (TODAY + timedelta(days=dice.number(1, 27))).isoformat(),
                "renewed": dice.weighted({"once": 0.3, "not": 0.7}) == "once",
            }
    for loan in tables["loans"].values():
        if dice.weighted({"reserved": 0.25, "not": 0.75}) == "reserved":
            others = [key for key in tables["members"] if key != loan["member_id"]]
            books[loan["book_id"]]["reserved_by"] = dice.pick(others)
    return {"assistant": tables}


def entities(rows: Rows) -> Iterator[Entity]:
    """Members and books."""
    for table, kind in (("members", "member"), ("books", "book")):
        for key in rows["assistant"][table]:
            yield kind, key


def _books(dice: Dice, fresh: Fresh, people: People, titles: int) -> dict[str, Any]:
    books: dict[str, Any] = {}
    for title in dice.shuffled([f"The {first} {second}" for first in FIRST for second in SECOND])[:titles]:
        writer = people.draw()
        reference = dice.weighted({"reference": 0.12, "lending": 0.88}) == "reference"
        for edition in dice.shuffled(EDITIONS)[: 1 if reference else dice.number(2, 4)]:
            book_id = fresh.id(lambda: f"b{dice.digits(9)}", "book")
            books[book_id] = {
                "book_id": book_id,
                "title": title,
                "author": f"{writer.first} {writer.last}",
                "edition": edition,
                "shelf": f"{dice.pick('ABCDEFGHJK')} {dice.number(11, 99)}",
                "reference": reference,
                "reserved_by": None,
            }
    return books


def _chosen(dice: Dice, books: dict[str, Any], free: set[str], count: int) -> list[str]:
    """Books that one member takes, some of them alike."""
    chosen: list[str] = []
    while len(chosen) < count:
        rest = [key for key in books if key in free and key not in chosen]
        like = [key for key in rest if any(_alike(books[key], books[one]) for one in chosen)]
        chosen.append(dice.pick(like if like and dice.weighted({"alike": 0.5, "any": 0.5}) == "alike" else rest))
    return chosen


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["title"].split()[1] == other["title"].split()[1])
