"""A reader of a library: borrows, gives back, asks, and puts books on its own shelf. A second kind of scripted user."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from toolgym.language.cue import cue
from toolgym.language.topics import Topic, Topics
from toolgym.messages import Message, ToolCall
from toolgym.scripted import facts
from toolgym.scripted.agreement import Agreement, Judgements
from toolgym.scripted.reader import Moment, RequestReader
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Phrases, Voice, ended

TITLES = ("The Tin Drum", "The Waves", "Middlemarch", "The Atlas")


class Request(facts.Request):
    """A wish for a book."""

    title: str = ""


class Facts(facts.Facts[Request]):
    """What a reader knows."""

    name: str
    shelf: tuple[str, ...] = ()
    """Books that it puts on its shelf itself once they are lent to it."""


TOPICS = Topics(
    (
        Topic("ask_name", cue("reader name", "your name", "who you are")),
        Topic("ask_title", cue("which (?:book|title)", "what (?:book|title)", "titles?\\b")),
    ),
    identity="ask_name",
    things="ask_title",
    acts=cue("lend", "borrow", "take back"),
    done=cue(r"(?:i|we)(?: have|'ve)? (?:lent|taken)", r"(?:is|are) (?:now )?lent"),
)
DEEDS = {"borrow": re.compile(r"\blen[dt]|\bborrow", re.I), "give_back": re.compile(r"\bback\b|\breturn", re.I)}


def compare(text: str, wish: Request) -> Agreement:
    """Compare a text with a wish: what is done, and with which book."""
    books = {title for title in TITLES if title.lower() in text.lower()}
    kinds = {kind for kind, deed in DEEDS.items() if deed.search(text)}
    found = {"kind": (kinds, wish.kind), "title": (books, wish.title)}
    wrong = tuple(detail for detail, (named, wanted) in found.items() if named and wanted not in named)
    return Agreement(wrong, frozenset(detail for detail, (named, wanted) in found.items() if wanted in named))


class LibraryReader(RequestReader[Request]):
    """The library's part of the scripted user."""

    topics = TOPICS
    repeated = frozenset({"ask_title"})
    judgements = Judgements(compare, {"title": 4, "kind": 1}, DEEDS, reports=TOPICS.reports)

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._left = list(facts.shelf)

    def ask(self, wish: Request, voice: Voice, *, full: bool) -> str:
        """A request with its title."""
        if wish.kind == facts.QUESTION:
            return voice.question(wish)
        return ended(voice.bring_up(wish.kind, title=wish.title))

    def answer(self, topic: str, wish: Request, voice: Voice, asked: int) -> str:
        """The title; there is nothing else to be asked for."""
        return f"It is {wish.title}."

    def correct(self, detail: str, wish: Request, voice: Voice) -> str | None:
        """The right title."""
        return "ask_title" if detail == "title" else None

    def identity(self, text: str, voice: Voice) -> str:
        """Its name."""
        return f"My reader name is {self.facts.name}."

    def act(self, now: Moment[Request]) -> ToolCall | None:
        """Put a book on the shelf once it is lent."""
        lent = {one.wish.title for one in now.requests if one.closed and one.wish.kind == "borrow"}
        title = next((title for title in self._left if title in lent), None)
        if title is None:
            return None
        self._left.remove(title)
        return ToolCall("put_on_shelf", {"title": title})

    def tell(self, now: Moment[Request]) -> str:
        """What happened on the shelf."""
        return "The shelf is full." if any(result.error for result in now.results) else ""


def reader(folder: Path, facts: Facts, how: LibraryReader | None = None) -> ScriptedUser[Request]:
    """A reader who says what it says in one way."""
    file = folder / "phrases.toml"
    file.write_text('[ask]\nborrow = ["I\'d like to borrow {title}"]\ngive_back = ["I want to give back {title}"]\n')
    phrases = Phrases.read(file)
    voices = [Voice(facts.manner, np.random.default_rng(seed), phrases) for seed in (1, 2)]
    return ScriptedUser(facts, how or LibraryReader(facts), *voices)


class Talk:
    """A dialogue with a reader, whose own calls are answered at once."""

    def __init__(self, user: ScriptedUser[Any]) -> None:
        self.user = user
        self.view = [Message("system", ""), Message("assistant", "Hello! What can I do for you?")]
        self.calls: list[ToolCall] = []
        self.opening = self.hear()

    def hear(self) -> str:
        """What the reader says next, its calls made."""
        while True:
            message = self.user.respond(tuple(self.view))
            self.view.append(message)
            if not message.tool_calls:
                return message.content or ""
            self.calls += message.tool_calls
            self.view.append(Message("tool", "done", tool_call_id=message.tool_calls[0].id, requestor="user"))

    def say(self, text: str) -> str:
        """What the reader answers."""
        self.view.append(Message("assistant", text))
        return self.hear()
