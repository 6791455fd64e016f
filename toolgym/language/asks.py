"""What the sentences of an assistant's message ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from toolgym.language import aside_cues as aside
from toolgym.language import question_cues as cues
from toolgym.language import statement_cues as tell
from toolgym.language.consent import asks_for_consent
from toolgym.language.layout import Line
from toolgym.language.request_cues import NO_REQUEST
from toolgym.language.text import Sentence
from toolgym.language.topics import Intent, Topics


@dataclass(frozen=True)
class Ask:
    """What a sentence asks for.

    Args:
        intent: What the user must react to.
        slots: The details that it asks for.
        question: Whether it ends with a question mark.
        all_named: Whether it asks, among others, whether that is all.
        borrowed: Whether its details are those of what comes before, since it names none itself.
    """

    intent: Intent
    slots: tuple[Intent, ...] = ()
    question: bool = False
    all_named: bool = False
    borrowed: bool = False


class Whole:
    """A message as one sentence of it sees it: what stands in all of it, and in what comes before.

    Args:
        parts: Its sentences and lines.
        topics: What it may ask for.
    """

    def __init__(self, parts: Sequence[Line], topics: Topics) -> None:
        self.parts = parts
        self.texts = [part.text for part in parts]
        self.topics = topics
        self.text = Sentence.of(" ".join(self.texts))
        self._read = 0
        self._records = False
        self._numbers: set[str] = set()
        self._topic: Intent | None = None
        self._seen: dict[tuple[Line, str], Ask | None] = {}

    @cached_property
    def asked(self) -> list[Ask]:
        """What it asks for, in order; what is said by the way only if there is nothing else."""
        last_question = max((number for number, part in enumerate(self.texts) if "?" in part), default=-1)
        firm: list[Ask] = []
        loose: list[Ask] = []
        for number, part in enumerate(self.texts):
            found = self._asks(number)
            if found is None:
                continue
            if found.borrowed:
                found = next((one for one in reversed(firm) if one.slots and not one.borrowed), found)
            if _is_aside(self.parts[number]):
                loose.append(found)
            elif "?" in part or number > last_question or cues.EXPLICIT.search(part) or found.slots:
                firm.append(replace(found, question="?" in part))
        if any("?" in part for part in self.texts) and any(ask.question for ask in firm):
            firm = [ask for ask in firm if ask.question or _weighs(ask, self.topics)]
        return firm or [ask for ask in loose if ask.intent not in ("ask_more", "ask_request")]

    def _asks(self, number: int) -> Ask | None:
        """What one of the sentences asks for; worked out once for one that comes again."""
        seen = self.parts[number], self.texts[number - 1] if number else ""
        if seen in self._seen:
            return self._seen[seen]
        read = self._read
        found = _asks(self.parts[number], number, self)
        if self._read == read:  # it did not depend on more than that
            self._seen[seen] = found
        return found

    @cached_property
    def acts(self) -> bool:
        """Whether it speaks of what an assistant does."""
        return self.topics.speaks_of_acts(self.text)

    @cached_property
    def plans(self) -> bool:
        """Whether it says what the assistant is going to do."""
        return any(aside.PLANS.search(part) and self.topics.speaks_of_acts(part) for part in dict.fromkeys(self.texts))

    @cached_property
    def once(self) -> bool:
        """Whether it speaks of something that is done once."""
        return cues.ONCE.search(self.text)

    @cached_property
    def offers_more(self) -> bool:
        """Whether it says, without a question, that there may be more to help with."""
        return any(
            (tell.CLOSING.match(part) or aside.CONDITION.match(part)) and cues.MORE.search(part)
            for part in dict.fromkeys(self.texts)
        )

    @cached_property
    def shows_variants(self) -> bool:
        """Whether it lists what is to be had."""
        topics = self.topics
        if not topics.variants:
            return False
        other = set(topics.names) - {topics.variants, topics.things, topics.records}
        return any(
            tell.TO_BE_HAD.search(part) and not topics.pointed_to(part) & other for part in dict.fromkeys(self.texts)
        )

    @cached_property
    def says_gone(self) -> bool:
        """Whether it says, and not for a case that may not be, that something cannot be had."""
        said = dict.fromkeys(part.text for part in self.parts if not aside.CONDITION.match(part.text))
        return any(map(self.topics.says_gone, said))

    @cached_property
    def _last_offer(self) -> int:
        return cues.OFFER.last(self.text)

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
        for part in self.texts[self._read : number]:
            self._records = self._records or (several is not None and several.search(part) is not None)
            self._numbers.update(names.findall(part) if names is not None else ())
            named = (one.name for one in topics.table if one.name != topics.records and one.cue.search(part))
            topic = next(named, None)
            if topic is not None and (topic != topics.things or self._topic is None):
                self._topic = topic
        self._read = max(number, self._read)
        if self._records or len(self._numbers) > 1:
            return {topics.records}
        return set() if self._topic is None else {self._topic}


def _weighs(ask: Ask, topics: Topics) -> bool:
    """Whether something asked for without a question mark counts beside a question."""
    return ask.intent in ("propose", "ask_all", "clarify") or topics.identity in ask.slots or bool(ask.slots)


def _is_aside(part: Line) -> bool:
    """Whether a sentence is said by the way, or of what comes later."""
    text = part.text
    if "?" in text:
        return aside.CONDITION.match(text) and not asks_for_consent(text)
    if part.listed:
        return True
    if aside.CONDITION.match(text):
        return not asks_for_consent(text)
    if tell.CAUTION.match(text):
        return aside.LATER.search(text) or not (asks_for_consent(text) and aside.BIDDING.search(text))
    if aside.IN_CASE.search(text):
        return not asks_for_consent(text)
    return aside.LATER.search(text) and not aside.BIDS.search(text)


def _asks(here: Line, number: int, whole: Whole) -> Ask | None:
    """What one sentence asks for, and the details among it; None if it asks for nothing.

    Args:
        here: The sentence.
        number: How many stand before it.
        whole: The message.
    """
    part = here.text
    question = "?" in part
    wh = bool(cues.WH.search(part))
    says = bool(cues.PLEASE_SAY.search(part)) and not aside.TO_DO.search(part)
    if not question:
        says = says and bool(cues.SAY_IT.search(part) or cues.IMPERATIVE.match(part))
    explicit = bool(cues.EXPLICIT.search(part))
    if tell.CLOSING.match(part) and not question and not explicit:
        return None
    if cues.NOT_UNDERSTOOD.search(part) and (question or says) and not asks_for_consent(part):
        return Ask("clarify")
    if aside.HOW_ON.search(part) and (question or says):
        return Ask("ask_request")
    if aside.YES_OR_NO.search(part) and (question or says):
        return Ask("propose")
    if (question or says) and _asks_for_more(part, whole):
        if question and explicit and aside.AND_GO.search(part):
            return Ask("propose", all_named=True)
        return Ask("ask_more")
    everything = _asks_whether_all(here, number, whole, says=says, explicit=explicit)
    if everything is not None:
        return everything
    if question and aside.MISSED.search(part):
        return Ask("ask_all")
    named = whole.topics.names_record
    if question and named is not None and " or " in part and len(set(named.findall(part))) > 1:
        return Ask(whole.topics.records, (whole.topics.records,))
    chooses = " or " in part and whole.topics.speaks_of_acts(part)
    if cues.OFFER.search(part) and not chooses and not _topics(part, whole, 0) - {whole.topics.things}:
        return Ask("ask_request")
    said = f"{part} {here.items}" if here.items else part
    if question or says:
        for topic in whole.topics.table:
            if topic.choice is not None and topic.choice(said):
                return Ask(topic.name, (topic.name,))
    if question and whole.topics.things and aside.EITHER_OR.search(part):
        about = whole.topics.pointed_to(part) - {whole.topics.identity}
        slot = next((name for name in whole.topics.names if name in about), whole.topics.things)
        return Ask(slot, (slot,))
    if question and here.listed and aside.FIELD_CHOICE.match(part) and not whole.topics.pointed_to(part):
        return Ask(whole.topics.variants, (whole.topics.variants,)) if whole.topics.variants else Ask("check")
    if question and aside.OFFERS_TO_TELL.search(part) and not wh and not asks_for_consent(part):
        return Ask("check")
    if tell.WAIT.search(part) and not question and not explicit and not cues.GIVE_ME.search(part):
        return None
    if (
        cues.GO_AHEAD.search(part)
        and (question or explicit)
        and not _wh_leads(part)
        and not NO_REQUEST.search(part.lower())
    ):
        if not question and whole.topics.reports(part):
            return None
        consent = asks_for_consent(part)
        if not consent and (says or wh) and whole.topics.pointed_to(said):
            return _asks_for_detail(here, number, whole, wh=wh, says=says)
        if question or consent or says or cues.AWAITS.search(part):
            return Ask(_yes_or_no(part, whole))
    return _asks_for_detail(here, number, whole, wh=wh, says=says)


def _asks_for_more(part: str, whole: Whole) -> bool:
    """Whether "anything else" in a sentence means other matters, and not more of the same record."""
    if aside.HELP_MORE.search(part):
        return True
    return cues.MORE.search(part) and not whole.topics.within_record(part) and not whole.offers_after(part)


def _asks_whether_all(here: Line, number: int, whole: Whole, *, says: bool, explicit: bool) -> Ask | None:
    """The question whether that is all, with the go-ahead that may stand in the same sentence."""
    part = here.text
    question = "?" in part
    wh = bool(cues.WH.search(part))
    is_all = (
        question
        and not wh
        and cues.WHOLE.search(part)
        and whole.once
        and not re.match(r"am i|do you mean|did you", part, re.IGNORECASE)
        and (not explicit or cues.MORE.search(part))
    )
    named = (cues.ALL_NAMED.search(part) or aside.ALL_OF_IT.search(part)) and whole.once
    both = question and cues.ALL_NAMED.search(part) and aside.AND_GO.search(part)
    if is_all or both or (named and (question or says or explicit)):
        if (aside.AND_GO.search(part) and (explicit or asks_for_consent(part))) or _consents_first(part):
            return Ask("propose", all_named=True)
        return Ask("ask_all")
    short = question and number and len(part.split(maxsplit=3)) <= 3
    return Ask("ask_more") if short and cues.MORE.search(whole.texts[number - 1]) else None


def _consents_first(part: str) -> bool:
    """Whether a question asks for a go-ahead, and then whether that is all."""
    first, *rest = aside.AND_IS.split(part, maxsplit=1)
    return bool(rest) and asks_for_consent(f"{first}?")


def _asks_for_detail(here: Line, number: int, whole: Whole, *, wh: bool, says: bool) -> Ask | None:
    part, topics = here.text, whole.topics
    question = "?" in part
    short = len(part.split(maxsplit=7)) <= 7
    brief = question and short and not re.match(r"(?:is|are|do|does|did|was|were|so)\b", part, re.IGNORECASE)
    picks = bool(aside.PICK.search(part))
    if question and topics.variants and aside.ONE_OF.search(part) and (whole.says_gone or whole.shows_variants):
        return Ask(topics.variants, (topics.variants,))
    if (question and (wh or says or brief)) or says or picks:
        said = f"{part} {here.items}" if here.items else part
        own = topics.pointed_to(said) - {topics.things if cues.BARE_CHOICE.search(part) else ""}
        found = _topics(said, whole, number if wh or says or picks else 0)
        slots = tuple(slot for slot in topics.names if slot in found)
        if slots and not (brief and not wh and not says and cues.GO_AHEAD.search(part)):
            return Ask(slots[0], slots, borrowed=not own & found)
        if wh and question:
            things = topics.things
            return Ask(things, (things,)) if things and topics.speaks_of_acts(part) else None
    return Ask(_yes_or_no(part, whole)) if question else None


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


def _yes_or_no(part: str, whole: Whole) -> Intent:
    """Whether a yes would let the assistant act, or only settle a detail."""
    if cues.CHECKING.search(part) and not (whole.plans or (whole.acts and cues.GO_AHEAD.search(part))):
        return "check"
    if cues.EXPLICIT.search(part):
        return "propose"
    return "propose" if whole.acts else "check"


def _topics(part: str, whole: Whole, before: int) -> set[Intent]:
    """What a question is about; when its own words do not say, what was spoken of just before.

    Args:
        part: The question.
        whole: The message.
        before: How many sentences before it are looked at for what it does not say.
    """
    topics = whole.topics
    found = topics.pointed_to(part)
    if cues.BARE_CHOICE.search(part) and found <= {topics.things, topics.records}:
        found = set()
    if found <= {topics.things} and before and whole.shows_variants and not aside.ITEMS.search(part):
        return {topics.variants}
    if not found and before:
        return whole.topics_before(before)
    return found or ({topics.things} if topics.things and cues.BARE_CHOICE.search(part) else set())
