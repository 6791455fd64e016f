"""The member who comes to the desk: what it understands, how it judges a proposal, and what it says."""

import re
from pathlib import Path

import numpy as np

from toolgym import Domain, Task
from toolgym.language.cue import cue
from toolgym.language.topics import Topic, Topics
from toolgym.scripted.agreement import Agreement, Judgements
from toolgym.scripted.reader import RequestReader
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Phrases, Voice, ended
from toolgym_library.facts import QUESTION, Facts, Request
from toolgym_library.titles import editions_in, titles_in

_WHICH = "(?:which|what)"
TOPICS = Topics(
    (
        Topic(
            "ask_number",
            cue("card", "(?:member|membership) (?:number|id)", "who (?:you are|am i|i am)", "identify you"),
        ),
        Topic(
            "ask_edition",
            cue(f"{_WHICH} (?:edition|format|version|copy)", "hardback", "paperback", "audiobook"),
            choice=lambda text: len(editions_in(text)) > 1,
        ),
        Topic(
            "ask_book",
            cue(f"{_WHICH} (?:books?|titles?|loans?|one|of (?:them|your))", "title", "name of the book"),
            excludes=frozenset({"ask_edition"}),
        ),
    ),
    identity="ask_number",
    things="ask_book",
    acts=cue(
        "borrow", "lend", "issu", "renew", "extend", "prolong", "giv", "tak", "return", "reserv", "check",
        "put (?:you|a hold|a reservation)", "place a (?:hold|reservation)", "hold",
    ),
    done=cue(
        r"(?:i|we)(?: have|'ve)? (?:now |just )?"
        "(?:lent|issued|renewed|extended|prolonged|taken|returned|reserved|checked|put you|placed)",
        r"(?:is|are|has been|have been) (?:now |just )?"
        "(?:lent to you|issued|renewed|extended|prolonged|taken back|given back|returned|reserved"
        "|checked (?:in|out to you))",
        "you(?: have|'ve) (?:now )?borrowed",
    ),
    gone=cue(
        r"(?:is|are) (?:(?:currently|already|now|presently) )*"
        r"(?:lent(?: out)?|on loan|(?:checked )?out|borrowed|taken)\b(?! (?:back|to you))",
        r"(?:somebody|someone|another (?:member|reader))(?: else)? (?:already |currently )?(?:has|borrowed)\b",
    ),
)  # fmt: skip
DEEDS = {
    "borrow": re.compile(
        r"\bborrow|\blend|\blent (?:you|the|it|them)\b|\blent to you|\bissu(?:e|ed|ing)\b|\bcheck\w*\b[^.;]*?\bout\b",
        re.I,
    ),
    "give_back": re.compile(
        r"\b(?:giv|tak|took|gave|hand|bring)\w*\b[^.;]*?\bback\b|\breturn(?:ed|ing|s)?\b(?! date)"
        r"|\bcheck\w*\b[^.;]*?\bin\b",
        re.I,
    ),
    "renew": re.compile(r"\brenew|\bexten[ds]|\bprolong", re.I),
    "reserve": re.compile(
        r"\breserv(?:e|ing)\b|\breserved (?:the|it|for you)\b|\b(?:place|put)\w*\b[^.;]*?\bhold\b", re.I
    ),
}


def compare(text: str, wish: Request) -> Agreement:
    """Compare what the assistant says with a wish: what it names of the wish, and what in its place."""
    named = {
        "kind": {kind for kind, deed in DEEDS.items() if deed.search(text)},
        "title": set(titles_in(text)),
        "edition": editions_in(text),
    }
    wanted = {"kind": wish.kind, "title": wish.title, "edition": wish.edition}
    wrong = tuple(one for one, value in wanted.items() if value and named[one] and value not in named[one])
    return Agreement(wrong, frozenset(one for one, value in wanted.items() if value and value in named[one]))


PHRASES = Phrases.read(Path(__file__).parent / "phrases.toml")


class MemberReader(RequestReader[Request]):
    """The library's part of the member."""

    topics = TOPICS
    repeated = frozenset({"ask_book", "ask_edition"})
    judgements = Judgements(compare, {"title": 2, "edition": 1, "kind": 1}, DEEDS, reports=TOPICS.reports)

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def ask(self, wish: Request, voice: Voice, *, full: bool) -> str:
        """A request, with title and edition if it is told in full."""
        if wish.kind == QUESTION:
            return voice.question(wish)
        if not full:
            return ended(voice.bring_up(f"{wish.kind}_brief", title=wish.title))
        return ended(voice.bring_up(wish.kind, book=wish.book))

    def answer(self, topic: str, wish: Request, voice: Voice, asked: int) -> str:
        """What it is asked for; empty if it has nothing to say to that."""
        if topic == "ask_edition":
            return voice.say("edition", edition=wish.edition) if wish.edition else ""
        return voice.say("book", book=wish.book)

    def has(self, wish: Request, topic: str) -> bool:
        """Whether the request has what is asked for: it tells which of several is spoken of."""
        return bool(wish.edition) if topic == "ask_edition" else bool(wish.title)

    def correct(self, detail: str, wish: Request, voice: Voice) -> str | None:
        """Which topic's answer mends a detail that is wrong."""
        return {"title": "ask_book", "edition": "ask_edition"}.get(detail)

    def identity(self, text: str, voice: Voice) -> str:
        """The number of its library card."""
        return voice.say("number", number=self.facts.member_id)


def member(domain: Domain, task: Task, rng: np.random.Generator) -> ScriptedUser[Request]:
    """The member of a task."""
    found = Facts.of(task)
    opening = Voice(found.manner, np.random.default_rng(int(task.key, 16)), PHRASES)
    return ScriptedUser(found, MemberReader(found), opening, Voice(found.manner, rng, PHRASES))
