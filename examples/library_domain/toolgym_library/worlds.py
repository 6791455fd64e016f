"""The worlds, each from the seed of its split. No two share a member or a book."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from toolgym.database import Database, Rows, WorldStore
from toolgym.worlds.identities import Entity
from toolgym_library.records import SCHEMAS

SPLITS = ("train", "dev", "test")
FIRST = ("Ada", "Bo", "Chen", "Dilek", "Elif", "Femi", "Gil", "Hana", "Ivo", "June", "Kai", "Lea")
LAST = {"train": ("Abel", "Brook", "Cole"), "dev": ("Dunn", "Engel", "Frost"), "test": ("Gray", "Hill", "Irving")}
SUBJECTS = ("Lighthouse", "Orchard", "Harbour", "Clockmaker", "Glacier", "Violin", "Atlas", "Beekeeper")
KINDS = {
    "train": ("The Last {}", "A History of the {}", "The {} at Night"),
    "dev": ("The Lost {}", "Letters to the {}", "The {} in Winter"),
    "test": ("The Silent {}", "Notes on the {}", "The {} by the Sea"),
}


def rows_of(split: str, members: int = 12) -> Rows:
    """A world as plain data: by side, table and key. Every member has two books, and eight books wait on the shelf."""
    rng = np.random.default_rng(SPLITS.index(split))
    names = [f"{first} {last}" for first in FIRST for last in LAST[split]]
    titles = [kind.format(subject) for subject in SUBJECTS for kind in KINDS[split]]
    titles += [f"{title}, Volume Two" for title in titles]
    people, books, loans = {}, {}, {}
    for number, place in enumerate(rng.permutation(len(names))[:members]):
        card = f"L{1000 * (SPLITS.index(split) + 1) + 7 * number}"
        people[card] = {"card": card, "name": names[int(place)]}
    for number, place in enumerate(rng.permutation(len(titles))[: 2 * members + 8]):
        book_id = f"{split[0]}{number + 1:03d}"
        title = titles[int(place)]
        books[book_id] = {"book_id": book_id, "title": title, "author": names[int(rng.integers(len(names)))]}
    for card, book_id in zip([card for card in people for _ in range(2)], books, strict=False):
        loans[book_id] = {"book_id": book_id, "card": card, "days_left": int(rng.integers(1, 21)), "renewed": False}
    return {"assistant": {"members": people, "books": books, "loans": loans}}


def entities(rows: Rows) -> Iterator[Entity]:
    """Who and what a world holds; `toolgym tasks check` compares the worlds of the splits by it."""
    tables: Any = rows["assistant"]
    for member in tables["members"].values():
        yield "member", member["name"]
        yield "card", member["card"]
    for book in tables["books"].values():
        yield "title", book["title"]


ROWS = {split: rows_of(split) for split in SPLITS}
WORLDS = WorldStore(SCHEMAS)
DIGESTS = {split: WORLDS.add(Database.build(SCHEMAS, rows)) for split, rows in ROWS.items()}
"""A world is named by the digest of its content, and a task names the world in which it plays."""
