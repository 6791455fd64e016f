"""What an assistant's message asks of a user, by intent and not by exact phrase.

What it may ask *for* is the domain's (:class:`~toolgym.language.topics.Topics`). The other intents are the same
everywhere: ``ask_request`` (how to help), ``propose`` (a yes lets the assistant act), ``check`` (a yes settles a
detail), ``ask_all`` (is that all that belongs to it), ``ask_more`` (anything else), ``report``, ``refuse``,
``unavailable``, ``transfer``, ``inform``, ``wait`` and ``clarify``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from toolgym.language import question_cues as ask
from toolgym.language import statement_cues as tell
from toolgym.language.text import sentences
from toolgym.language.topics import Intent, Topics

ACTS: tuple[Intent, ...] = (
    "ask_request",
    "propose",
    "check",
    "ask_all",
    "ask_more",
    "report",
    "refuse",
    "unavailable",
    "transfer",
    "inform",
    "wait",
    "clarify",
)
"""The intents that are the same in every domain."""


@dataclass(frozen=True)
class Understood:
    """What a message calls for.

    Args:
        intent: What the customer must react to.
        asked: All details that it asks for, in the order of
            :attr:`~toolgym.language.topics.Topics.names`.
        reported: Whether it also says that something was done.
        declined: Whether it also says that something cannot be done.
        unavailable: Whether it also says that something is sold out.
    """

    intent: Intent
    asked: tuple[Intent, ...] = ()
    reported: bool = False
    declined: bool = False
    unavailable: bool = False


_Asked: TypeAlias = tuple[Intent, tuple[Intent, ...]]


def understand(text: str, topics: Topics) -> Understood:
    """What a message of the assistant calls for.

    Args:
        text: The message; markdown makes no difference.
        topics: What it may ask for.

    Example:
        >>> understand("Done, the lamp is on its way back to us. Is there anything else?", Topics(())).intent
        'ask_more'
    """
    parts = sentences(text)
    if not parts:
        return Understood("inform")
    distinct = list(dict.fromkeys(parts))
    sold_out = any(topics.says_gone(part) for part in distinct)
    reported = any(topics.reports(part) and "?" not in part for part in distinct)
    declined = not sold_out and any(declines(part) and not tell.AGAIN.search(part) for part in distinct)
    told = (reported, declined, sold_out)
    asked: list[_Asked] = []
    last_question = max((number for number, part in enumerate(parts) if "?" in part), default=-1)
    whole = _Whole(parts, topics)
    for number, part in enumerate(parts):
        found = whole.asks(number)
        if found and ("?" in part or number > last_question or ask.EXPLICIT.search(part)):
            asked.append(found)
    intents = [intent for intent, _ in asked]
    hands_over = any(tell.TRANSFER.search(part) and not tell.NO_TRANSFER.search(part) for part in distinct)
    if hands_over and not {"propose", "check"} & set(intents):
        return Understood("transfer", (), *told)
    details = tuple(slot for slot in topics.names if any(slot in slots for _, slots in asked))
    if intents:
        intent = _weightiest(intents, topics)
        if intent == "ask_more" and "propose" in intents and not reported:
            intent = "propose"
        if intent in ("check", topics.variants) and sold_out and not ask.EXPLICIT.search(whole.text):
            intent = "unavailable"
        return Understood(intent, details, *told)
    intent = _tells(parts, topics, *told)
    return Understood(intent, (intent,) if intent in topics.names else (), *told)


def declines(part: str) -> bool:
    """Whether a sentence says that something will not be done; not that something was not found, nor a caution."""
    return bool(tell.CANNOT.search(part)) and not tell.NOT_FOUND.search(part) and not tell.CAUTION.match(part)


def parted(text: str) -> tuple[str, str]:
    """What a message declines, and the rest of it."""
    parts = sentences(text)
    return "\n".join(filter(declines, parts)), "\n".join(part for part in parts if not declines(part))


def _tells(parts: list[str], topics: Topics, reported: bool, declined: bool, sold_out: bool) -> Intent:
    whole = " ".join(parts)
    if ask.NOT_UNDERSTOOD.search(whole):
        return "clarify"
    if sold_out:
        return "unavailable"
    if tell.WAIT.search(parts[-1]) and not tell.SORRY.search(whole):
        return "wait"
    lost = [part for part in parts if tell.NOT_FOUND.search(part)]
    if lost and not any(declines(part) for part in parts):
        points_to = topics.speaks_of_records
        record = topics.records and points_to is not None and points_to.search(lost[0])
        return topics.records if record else topics.identity or "clarify"
    cannot = [part for part in parts if declines(part)]
    if cannot and (not reported or any(topics.reports(part) for part in cannot) or tell.SORRY.search(whole)):
        return "refuse"
    if reported:
        return "report"
    return "wait" if tell.WAIT.search(whole) else "inform"


def _weightiest(intents: list[Intent], topics: Topics) -> Intent:
    """The last question counts; an offer of help, or a yes or no to what was asked for just before, does not."""
    for intent in ("clarify", "ask_more", "ask_all"):
        if intent in intents[-2:]:
            return intent
    for position in range(len(intents) - 1, -1, -1):
        intent = intents[position]
        if intent == "ask_request" and position:
            continue
        if intent == "check" and position and intents[position - 1] in topics.names:
            continue
        return intent
    return intents[-1]


def _asks(part: str, number: int, whole: _Whole) -> _Asked | None:
    """What one sentence asks for, and the details among it; None if it asks for nothing.

    Args:
        part: The sentence.
        number: How many stand before it.
        whole: The message.
    """
    question = "?" in part
    wh = bool(ask.WH.search(part))
    says = bool(ask.PLEASE_SAY.search(part))
    if not question:
        says = says and bool(ask.SAY_IT.search(part) or ask.IMPERATIVE.match(part))
    explicit = bool(ask.EXPLICIT.search(part))
    if tell.CLOSING.match(part) and not question and not explicit:
        return None
    if ask.NOT_UNDERSTOOD.search(part) and (question or says):
        return "clarify", ()
    if (
        ask.MORE.search(part)
        and (question or says)
        and not whole.topics.within_record(part)
        and not whole.offers_after(part)
    ):
        return "ask_more", ()
    if (
        question
        and not wh
        and ask.WHOLE.search(part)
        and whole.once
        and not re.match(r"am i|do you mean|did you", part, re.I)
        and (not explicit or ask.MORE.search(part))
    ):
        return "ask_all", ()
    if question and number and len(part.split(maxsplit=3)) <= 3 and ask.MORE.search(whole.parts[number - 1]):
        return "ask_more", ()
    if ask.OFFER.search(part) and not _topics(part, whole, 0) - {whole.topics.things}:
        return "ask_request", ()
    if question:
        for topic in whole.topics.table:
            if topic.choice is not None and topic.choice(part):
                return topic.name, (topic.name,)
    if ask.ALL_NAMED.search(part) and whole.once and (question or says or explicit):
        return "ask_all", ()
    if tell.WAIT.search(part) and not question and not explicit and not ask.GIVE_ME.search(part):
        return None
    if ask.GO_AHEAD.search(part) and (question or explicit) and not _wh_leads(part):
        if not question and not says and not ask.AWAITS.search(part):
            return None
        return _yes_or_no(part, whole), ()
    short = len(part.split(maxsplit=7)) <= 7
    brief = question and short and not re.match(r"(?:is|are|do|does|did|was|were|so)\b", part, re.IGNORECASE)
    if (question and (wh or says or brief)) or says:
        topics = _topics(part, whole, number if wh or says else 0)
        slots = tuple(slot for slot in whole.topics.names if slot in topics)
        if slots and not (brief and not wh and not says and ask.GO_AHEAD.search(part)):
            return slots[0], slots
        if wh and question:
            things = whole.topics.things
            return (things, (things,)) if things and whole.topics.speaks_of_acts(part) else None
    if question:
        return _yes_or_no(part, whole), ()
    return None


def _wh_leads(part: str) -> bool:
    """Whether a sentence with words of agreement asks for a detail all the same."""
    return bool(re.search(r"\b(?:which|what|where|why|how)\b", part, re.IGNORECASE)) and bool(
        re.search(
            r"(?:confirm|tell|specify|know|say|state|and|indicate|share|^|[,;:-]) ?(?:me |please |"
            r"for me |so )?(?:(?:at|by|for|from|in|on|to|with) )?(?:which|what|where|why|how)\b",
            part,
            re.IGNORECASE,
        )
    )


def _yes_or_no(part: str, whole: _Whole) -> Intent:
    """Whether a yes would let the assistant act, or only settle a detail."""
    if ask.CHECKING.search(part) and not (whole.acts and ask.GO_AHEAD.search(part)):
        return "check"
    if ask.EXPLICIT.search(part):
        return "propose"
    return "propose" if whole.acts else "check"


def _topics(part: str, whole: _Whole, before: int) -> set[Intent]:
    """What a question is about; when its own words do not say, what was spoken of just before.

    Args:
        part: The question.
        whole: The message.
        before: How many sentences before it are looked at for what it does not say.
    """
    topics = whole.topics
    found = topics.pointed_to(part)
    if ask.BARE_CHOICE.search(part) and found <= {topics.things, topics.records}:
        found = set()
    if not found and before:
        return whole.topics_before(before)
    return found or ({topics.things} if topics.things and ask.BARE_CHOICE.search(part) else set())


class _Whole:
    """A message as one sentence of it sees it: what stands in all of it, and in what comes before.

    Args:
        parts: Its sentences.
        topics: What it may ask for.
    """

    def __init__(self, parts: list[str], topics: Topics) -> None:
        self.parts = parts
        self.topics = topics
        self.text = " ".join(parts)
        self._read = 0
        self._records = False
        self._numbers: set[str] = set()
        self._topic: Intent | None = None
        self._asked: dict[tuple[str, str], _Asked | None] = {}

    def asks(self, number: int) -> _Asked | None:
        """What one of the sentences asks for; worked out once for one that comes again."""
        seen = self.parts[number], self.parts[number - 1] if number else ""
        if seen in self._asked:
            return self._asked[seen]
        read = self._read
        found = _asks(seen[0], number, self)
        if self._read == read:  # it did not depend on more than that
            self._asked[seen] = found
        return found

    @cached_property
    def acts(self) -> bool:
        """Whether it speaks of what an assistant does."""
        return self.topics.speaks_of_acts(self.text)

    @cached_property
    def once(self) -> bool:
        """Whether it speaks of something that is done once."""
        return ask.ONCE.search(self.text)

    @cached_property
    def _last_offer(self) -> int:
        return ask.OFFER.last(self.text)

    def offers_after(self, part: str) -> bool:
        """Whether help is offered after a sentence."""
        return self._last_offer >= self.text.find(part) + len(part)

    def topics_before(self, number: int) -> set[Intent]:
        """What is spoken of in the first sentences, the last of them first.

        Args:
            number: How many sentences are read, at least as many as before.
        """
        topics = self.topics
        several, names = topics.several_records, topics.names_record
        for part in self.parts[self._read : number]:
            self._records = self._records or (several is not None and several.search(part) is not None)
            self._numbers.update(names.findall(part) if names is not None else ())
            named = (one.name for one in topics.table if one.name != topics.records and one.cue.search(part))
            topic = next(named, None)
            if topic is not None and (topic != topics.things or self._topic is None):
                self._topic = topic
        self._read = number
        if self._records or len(self._numbers) > 1:
            return {topics.records}
        return set() if self._topic is None else {self._topic}
