"""A librarian by rules, without a model: it acts on what it hears and what the tools return."""

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from toolgym import Domain, Message, Task, ToolCall
from toolgym_library.facts import Request
from toolgym_library.oracle import call
from toolgym_library.titles import editions_in, titles_in
from toolgym_library.worlds import LIMIT

KINDS = {
    "due": re.compile(r"\bwhen\b.*\bdue\b", re.I),
    "shelf": re.compile(r"\bshel(?:f|ves)\b|\bwhere\b.*\b(?:is|stands?|find)\b", re.I),
    "renew": re.compile(r"\brenew|\bextend|\blonger\b", re.I),
    "reserve": re.compile(r"\breserve\b|\bput me down\b", re.I),
    "give_back": re.compile(r"\bback\b|\breturn", re.I),
    "borrow": re.compile(r"\bborrow|\blend\b|\bhome\b|\bcame for\b", re.I),
}
SAID = {
    "borrow": ("lend you {} for four weeks", "lent you {}"),
    "give_back": ("take {} back", "taken {} back"),
    "renew": ("renew {} by two weeks", "renewed {}"),
    "reserve": ("reserve {} for you", "reserved {} for you"),
}
YES = re.compile(
    r"\b(?:yes|yep|yeah|sure|okay|ok|correct|right|exactly|perfect|confirmed|absolutely|please do|go (?:right )?ahead"
    r"|go for it|do (?:it|that))\b",
    re.I,
)
NO = re.compile(r"\b(?:no|not|isn't|wrong|wait|hold on|hang on|instead|rather|before)\b", re.I)

Talk = Generator[Message, Message, Any]
"""What the librarian does next; it is sent what comes back."""


def wishes_in(text: str) -> list[Request]:
    """What a member asks for: a wish for each sentence that has one."""
    found = []
    for sentence in re.split(r"(?<=[.?!])\s+", text):
        kind = next((kind for kind, pattern in KINDS.items() if pattern.search(sentence)), None)
        if kind is not None:
            found.append(named(Request(kind=kind), sentence))
    return found


def named(wish: Request, text: str) -> Request:
    """A wish with the title and the edition that a text names."""
    titles, editions = titles_in(text), sorted(editions_in(text))
    told = {"title": titles[0]} if titles else {}
    return wish.model_copy(update=told | ({"edition": editions[0]} if editions else {}))


class Librarian:
    """Serves one member: asks, looks up, proposes, and acts after a yes."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.todo: list[Request] = []
        self.report = ""
        """What is done and not yet said."""
        self.calls = 0
        self.talk = self._serve()
        next(self.talk)

    def respond(self, view: Sequence[Message]) -> Message:
        """The next message."""
        return self.talk.send(view[-1])

    def _serve(self) -> Talk:
        text = (yield Message("assistant", "")).content or ""
        self.todo = wishes_in(text)
        while (card := re.search(r"\bm\d{8}\b", text, re.I)) is None:
            text = yield from self._say("May I have the number of your library card?")
        self.member_id = card[0].lower()
        while True:
            while self.todo:
                yield from self._fulfil(self.todo.pop(0))
            self.todo = wishes_in((yield from self._say("Is there anything else I can do for you?")))

    def _fulfil(self, wish: Request) -> Talk:
        """Find the book, and do what is wanted if the rules allow it."""
        if not wish.title:
            wish = named(wish, (yield from self._say("Which book is it, and in which edition?")))
        member = yield from self._call("get_member", member_id=self.member_id)
        found = member["loans"]
        if wish.kind in ("borrow", "reserve", "shelf"):
            found = yield from self._call("find_books", title=wish.title)
        books = [one for one in found or () if one["title"] == wish.title]
        if len(books) > 1 and not wish.edition:
            wish = named(wish, (yield from self._say("Which edition is it?")))
        book = next((one for one in books if one["edition"] == wish.edition), books[0] if len(books) == 1 else None)
        if book is None:
            yield from self._refuse("I cannot find that book.")
            return
        wish = wish.model_copy(update={name: book[name] for name in ("book_id", "loan_id", "edition") if name in book})
        if wish.kind in ("due", "shelf"):
            fact = f"is due on {book['due']}" if wish.kind == "due" else f"is on the shelf {book['shelf']}"
            self._note((yield from self._say(f"T{wish.book[1:]} {fact}.")))
        elif wish.kind == "borrow" and book["lent_until"]:
            until = f"it is lent until {book['lent_until']}"
            self._note((yield from self._say(f"I'm sorry, {wish.book} is not available: {until}.")))
        elif why := forbidden(wish, book, len(member["loans"])):
            yield from self._refuse(why)
        else:
            yield from self._act(wish)

    def _act(self, wish: Request) -> Talk:
        """Propose, and act after a yes; else take up what is said instead."""
        propose, report = SAID[wish.kind]
        text = yield from self._say(f"I will {propose.format(wish.book)}. Do you want me to do that?")
        same = {(wish.kind, title, edition) for title in (wish.title, "") for edition in (wish.edition, "")}
        other = [one for one in wishes_in(text) if (one.kind, one.title, one.edition) not in same]
        if other or NO.search(text) or not YES.search(text):
            self.todo = [*(other or [named(wish, text)]), *self.todo]
            return
        action = call(wish, self.member_id)
        if (yield from self._call(action["name"], **action["arguments"])) is not None:
            self.report = f"I have {report.format(wish.book)}. "

    def _refuse(self, why: str) -> Talk:
        """Say why not, and once more to whoever insists."""
        text = yield from self._say(f"I'm sorry, I can't do that. {why}")
        if not wishes_in(text):
            text = yield from self._say(f"I'm afraid I cannot make an exception. {why}")
        self._note(text)

    def _note(self, text: str) -> None:
        """Take up what is asked for in passing, unless it is to be done anyway."""
        self.todo += [wish for wish in wishes_in(text) if wish.kind not in {one.kind for one in self.todo}]

    def _say(self, text: str) -> Generator[Message, Message, str]:
        said, self.report = self.report + text, ""
        return (yield Message("assistant", said)).content or ""

    def _call(self, name: str, **arguments: Any) -> Talk:
        """What a tool returns; None if it refuses."""
        self.calls += 1
        reply = yield Message("assistant", None, (ToolCall(name, arguments, id=f"call_{self.calls}"),))
        return None if reply.error else json.loads(reply.content or "null")


def forbidden(wish: Request, book: Mapping[str, Any], loans: int) -> str:
    """Why the rules do not allow it; empty if they do."""
    if wish.kind == "borrow" and book["reference"]:
        return "It is a reference book, and those stay in the library."
    if wish.kind == "borrow" and loans >= LIMIT:
        return f"Nobody may have more than {LIMIT} books at once."
    if wish.kind == "renew" and book["renewed"]:
        return "A loan can be renewed only once."
    if wish.kind in ("renew", "reserve") and book["reserved"]:
        return "Somebody else is waiting for the book."
    if wish.kind == "reserve" and not book["lent_until"]:
        return "The book is in, so it can be borrowed."
    return ""
