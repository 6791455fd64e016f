"""What an assistant of a domain may ask a user for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from toolgym.language import statement_cues as tell
from toolgym.language.classifier import Classifier
from toolgym.language.cue import Cue
from toolgym.language.deeds import tells_deed

Intent: TypeAlias = str
"""What a message calls for: one of :data:`toolgym.language.speech_acts.ACTS`, or the name of a topic asked for."""


@dataclass(frozen=True)
class Topic:
    """A detail that an assistant may ask for.

    Args:
        name: Its name, such as ``"ask_payment"``; it is the intent of a message that asks for it.
        cue: What in a question points to it.
        excludes: Topics that a question which points to this one is not about.
        choice: Whether a question offers a choice of it ("to the card, or to PayPal?"), by its words.
    """

    name: Intent
    cue: Cue
    excludes: frozenset[Intent] = frozenset()
    choice: Callable[[str], bool] | None = None


def _nothing(part: str) -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Topics:
    """Everything that an assistant of a domain may ask for.

    Args:
        table: The topics, in the order in which a sentence is searched for them.
        order: Their names in the order in which they are answered; that of ``table`` if it is empty.
        identity: The topic of who the user is.
        things: The topic of "which one?"; empty if the domain has none.
        variants: The topic of what kind of thing; a question for it after "sold out" offers something else.
        records: The topic of which record; empty if the domain has none.
        names_record: Finds the identifiers of records in a text; two of them make "which one?" a matter of records.
        speaks_of_records: Finds a mention of a record, as in "that order".
        several_records: Finds a mention of several, as in "your orders".
        within_record: Whether "anything else" in a sentence means more of the same record.
        acts: What an assistant of the domain does, beyond the acts that are known everywhere.
        done: How it says that it has done so.
        planned: How it says that it is yet to do so, whatever else stands in the sentence.
        gone: How it says that something cannot be had, beyond what is known everywhere ("sold out", "not available");
            such a sentence reports nothing.
        settle: What is left of the topics that a sentence points to, when its words are looked at as a whole.
        needs_identity: Whether the sentences of a message speak of who the user is as something yet to be told; asked
            of messages to a user who has not told it.
        learned: Gives a classifier of what messages call for; it has a say beside the rules.

    Example:
        >>> from toolgym.language.cue import cue
        >>> from toolgym.language.speech_acts import understand
        >>> topics = Topics((Topic("ask_book", cue("book", "title")), Topic("ask_name", cue("your name"))))
        >>> understand("Which book would you like to borrow?", topics).intent
        'ask_book'
    """

    table: tuple[Topic, ...]
    order: tuple[Intent, ...] = ()
    identity: Intent = ""
    things: Intent = ""
    variants: Intent = ""
    records: Intent = ""
    names_record: re.Pattern[str] | None = None
    speaks_of_records: re.Pattern[str] | None = None
    several_records: re.Pattern[str] | None = None
    within_record: Callable[[str], bool] = _nothing
    acts: Cue | None = None
    done: Cue | None = None
    planned: Cue | None = None
    gone: Cue | None = None
    settle: Callable[[str, set[Intent]], set[Intent]] | None = None
    needs_identity: Callable[[Sequence[str]], bool] | None = None
    learned: Callable[[], Classifier] | None = None

    @cached_property
    def names(self) -> tuple[Intent, ...]:
        """The names of all topics, in the order in which they are answered."""
        return self.order or tuple(topic.name for topic in self.table)

    def reports(self, part: str) -> bool:
        """Whether a sentence says that something was done."""
        if any(cue is not None and cue.search(part) for cue in (self.planned, self.gone)):
            return False
        return tells_deed(part, self.done)

    def says_gone(self, part: str) -> bool:
        """Whether a sentence says that something cannot be had."""
        return tell.SOLD_OUT.search(part) or (self.gone is not None and self.gone.search(part))

    def speaks_of_acts(self, part: str) -> bool:
        """Whether a text speaks of what an assistant does."""
        return tell.ACT.search(part) or (self.acts is not None and self.acts.search(part))

    def pointed_to(self, part: str) -> set[Intent]:
        """The topics that a sentence is about."""
        found = {topic.name for topic in self.table if topic.cue.search(part)}
        for topic in self.table:
            if topic.name in found:
                found -= topic.excludes
        return found if self.settle is None else self.settle(part, found)
