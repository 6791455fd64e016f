"""Whether the user strayed from its task: it named another value, played the assistant, or left before it was done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from toolgym.domain import Domain
from toolgym.failures.rules.arguments import Difference, texts
from toolgym.failures.rules.consent import Consent
from toolgym.failures.rules.evidence import told_records
from toolgym.language.agreement import names
from toolgym.language.consent import content, gives_up, says_no, says_yes
from toolgym.language.lapses import plays_the_assistant, refusals, says_done, says_it_will, says_value
from toolgym.language.text import sentences
from toolgym.messages import Message, is_stop
from toolgym.tasks import Task

_ID = re.compile(r"#?[A-Za-z]*(?:_?[A-Za-z]+)*_?\d{3,}")
_WORD = re.compile(r"[a-z]+")
_STEM = 5
_DIGITS = re.compile(r"\d{4}")
_RARE = 2
"""Tools that share a word of their names at most, if it is to tell them from the others."""
_SHORTEST = 3
"""Signs of a form by which a value is known in a text: "S" is a size, and the end of "that's"."""
_SMALL = 6
"""Fields of a record that has nothing but what tells it from its like."""
_TOLD = 0.25
"""The share of a wish's words that a user says at least, if it has told the wish."""


class Deviation:
    """What the user said beside what its task has it say.

    A deviation shows in the user's own words alone: a yes to what the assistant made up is none.

    Args:
        domain: The domain.
        task: The task; its scenario, and its facts, tell what the user may name.
        messages: The dialogue.
        consent: What was said.
    """

    def __init__(self, domain: Domain, task: Task, messages: Sequence[Message], consent: Consent) -> None:
        kit = domain.toolkits.get("assistant")
        self._tools = tuple(kit.tools) if kit is not None else ()
        self._messages = messages
        self._consent = consent
        self._scenario = str(task.user_scenario)
        self._gold = task.gold

    def named(self, difference: Difference, before: int) -> int | None:
        """The number of the user's message that named the wrong value of a call, and nothing the right one.

        Args:
            difference: What is wrong with the call.
            before: The number of the message with the call.
        """
        pairs = list(self._pairs(difference))
        for got, expected in pairs:
            mine, right = self._forms(got, expected), self._forms(expected, got)
            if not mine or any(_names(self._scenario, form) for form in mine):
                continue
            said = [(number, text) for number, text in self._user if number < before]
            if any(_names(text, form) for _, text in said for form in right):
                continue
            first = self._first_named(mine, before)
            if first is not None:
                return first
        return None

    def told(self, difference: Difference, before: int) -> bool:
        """Whether the user had named the right value of a call, as something else than the one that it has.

        Args:
            difference: What is wrong with the call.
            before: The number of the message with the call.
        """
        said = [text for number, text in self._user if number < before]
        return any(
            _names(text, form)
            for got, expected in self._pairs(difference)
            for form in self._forms(expected, got)
            for text in said
        )

    def asked(self, name: str, before: int) -> int | None:
        """The number of the user's message that asked for what a tool does, of which its task does not speak."""
        wanted = self.deed(name)
        if not wanted or any(action.name == name for action in self._gold) or self._speaks(self._scenario, wanted):
            return None
        for number, text in self._user:
            if number < before and self._speaks(text, wanted):
                heard = any(one.message < number and self._speaks(one.text, wanted) for one in self._consent.exchanges)
                return None if heard else number
        return None

    def acts_as_assistant(self) -> int | None:
        """The number of the message in which the user first spoke as the assistant would."""
        return next((number for number, text in self._user if plays_the_assistant(text)), None)

    def left(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The number of the message with which the user left although the assistant was about to make a call.

        It left with its yes, without an answer to a proposal of the call or to a question, or while it was told to
        wait; not where it gave up or said no.

        Args:
            name: The call's tool.
            arguments: The call's arguments.
        """
        last = self._consent.exchanges[-1] if self._consent.exchanges else None
        if last is None or not is_stop(last.answer) or says_done(last.text):
            return None
        if gives_up(last.answer) or says_no(_bare(last.answer)):
            return None
        proposed = last.requested and self._consent.named(last.text, name, arguments)
        if proposed and (says_yes(_bare(last.answer)) or content(last.answer)):
            return last.answered
        agreed = self._consent.promised(name, arguments)
        if agreed is not None and says_it_will(last.text) and content(last.answer):
            return last.answered
        return None

    def untold(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The number of the message with which the user was done, without a word of a wish that its task has."""
        last = self._consent.exchanges[-1] if self._consent.exchanges else None
        if last is None or not is_stop(last.answer) or gives_up(last.answer) or not content(last.answer):
            return None
        if any(refusals(one.text) for one in self._consent.exchanges):
            return None
        wished = [one for one in sentences(self._scenario) if self.speaks_of(one, name)]
        said = "\n".join(text for _, text in self._user)
        if not wished or self.speaks_of(said, name) or self._consent.named(said, name, arguments):
            return None
        words = {word[:_STEM] for one in wished for word in _WORD.findall(one.lower()) if len(word) >= _STEM}
        heard = {word[:_STEM] for word in _WORD.findall(said.lower())}
        return last.answered if len(words & heard) <= _TOLD * len(words) else None

    def deed(self, name: str) -> frozenset[str]:
        """The stems of the words by which a tool's name differs most from those of the others; none if all are common.

        Example:
            >>> from toolgym import make_domain
            >>> retail = make_domain("retail")
            >>> Deviation(retail, retail.tasks["dev"][0], (), None).deed("cancel_pending_order")
            frozenset({'cance'})
        """
        words = name.split("_")
        shared = {word: sum(word in other.split("_") for other in self._tools) for word in words}
        least = min(shared.values(), default=0)
        return frozenset(word[:_STEM] for word, number in shared.items() if number == least <= _RARE)

    def speaks_of(self, text: str, name: str) -> bool:
        """Whether a text speaks of what a tool does."""
        return self._speaks(text, self.deed(name))

    @cached_property
    def _user(self) -> Sequence[tuple[int, str]]:
        """What the user said: the number of each message, and its text."""
        return [(one.answered, one.answer) for one in self._consent.exchanges]

    def _first_named(self, forms: Sequence[str], before: int) -> int | None:
        """The user's first message that names a value, unless the assistant had named it first."""
        for exchange in self._consent.exchanges:
            if exchange.answered >= before or any(_names(exchange.text, form) for form in forms):
                return None
            if any(_names(exchange.answer, form) for form in forms):
                return exchange.answered
        return None

    @staticmethod
    def _speaks(text: str, stems: frozenset[str]) -> bool:
        return any(word[:_STEM] in stems for word in _WORD.findall(text.lower()))

    @staticmethod
    def _pairs(difference: Difference) -> Iterator[tuple[Any, Any]]:
        """What was given and what was meant, value by value."""
        got, expected = difference.got, difference.expected
        if isinstance(got, Mapping) and isinstance(expected, Mapping):
            yield from ((got.get(key), expected.get(key)) for key in expected)
        elif isinstance(expected, list | tuple):
            mine, right = texts(got), texts(expected)
            mine, right = (
                [one for one in some if one not in others] for some, others in ((mine, right), (right, mine))
            )
            yield from zip(mine, right, strict=False)
        else:
            yield got, expected

    def _forms(self, value: Any, other: Any) -> list[str]:
        """How a user may name a value: as it is, by the words in an id, or by what a result told of it.

        What tells nothing of the difference to the other value is left out.
        """
        found, others = self._all_forms(value), set(self._all_forms(other))
        return [form for form in found if form not in others and len(form) >= _SHORTEST]

    def _all_forms(self, value: Any) -> list[str]:
        if not isinstance(value, str) or not value.strip():
            return []
        if not _ID.fullmatch(value):
            return [value]
        words = " ".join(word for word in value.split("_") if word.isalpha())
        forms = [value, words] if words else [value]
        for message in self._messages:
            if message.role == "tool" and message.content and value in message.content:
                for record in told_records(message.content):
                    if any(one == value for one in record.values()):
                        forms += _told(record)
        return list(dict.fromkeys(forms))


def _told(record: Mapping[str, Any]) -> Iterator[str]:
    """What tells a thing from its like in a result: its options, its digits, and of a small record its names."""
    for one in record.values():
        if isinstance(one, dict) and one and all(isinstance(it, str) for it in one.values()):
            yield from one.values()
        elif isinstance(one, str) and (_DIGITS.fullmatch(one) or (len(record) <= _SMALL and one.isalpha())):
            yield one


def _names(text: str, form: str) -> bool:
    """Whether a text names a value in one of its forms."""
    return names(text, [form]) or (" " in form and says_value(text, form))


def _bare(answer: str) -> str:
    """An answer without the mark that ends the dialogue."""
    return re.sub(r"#{2,}\w+#{2,}", "", answer).strip() or "."
