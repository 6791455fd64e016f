"""Whether a user says yes or no, whether it was asked for consent, and how it leaves; English alone.

The rule for a yes: a clause says so, and none takes it back. A refusal, a correction or second thoughts take it back
("not", "wait", "instead"), and so does a condition, an exception or a change that goes with the yes ("Yes, but the blue
one", "Sure, if you can keep the address", "Sounds good, just change the date", "Go ahead once my manager agrees"). Not
every "no" refuses: "No problem", "nothing to change" and "I understand that it can't be undone" take nothing back, nor
does a complaint that ends in a yes ("It's not ideal but yes, go ahead"). Words that just take note ("OK.", "Fine.") are
a yes only where the answer says nothing else: "Okay, take your time." is none. A question beside a yes does not take it
back ("Yes. Could you also look at my other order?") unless it wants something else; a question alone is neither yes nor
no, save "Could you go ahead?". In doubt it is no yes: a yes that is missed costs a question, one that is made up lets a
write pass as confirmed. What the yes is good for is for the caller to see: to a message that asks for nothing, "OK."
agrees to nothing (:func:`asks`). The words are in :mod:`toolgym.language.consent_cues`.

A request for a go-ahead is a question, or a bidding to say yes, about what is to be done; not for a choice, for what
only the user knows ("Please confirm your order number"), or for leave to have a look
(:mod:`toolgym.language.request_cues`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from toolgym.language import consent_asides as beside
from toolgym.language import consent_cues as says
from toolgym.language import request_cues as requests
from toolgym.language.alternatives import begun
from toolgym.language.clauses import Clause, clauses, regular, spoken_sentences
from toolgym.language.remembered import remembered
from toolgym.language.text import abridged, sentences
from toolgym.messages import STOP_MARKS

_MARKS = " .!?;,)~'"
_MORE = re.compile(
    r"\b(?:anything|something|any(?:where)?|what|any (?:other|further)\b.*|how) (?:else|more|further)\b|"
    r"\bany (?:other|further)\b|\bfurther matter\b|\bhow (?:can|may|could) i (?:help|assist)\b",
    re.IGNORECASE,
)
_AND_MORE = re.compile(r",? and (?:is|are) there (?:any|some)(?:thing)? (?:else|other|more|further)\b[^?]*\?")
_LOOK = re.compile(
    r"\b(?:(?:shall|should|may|can|could|let|want|like) (?:i|me|us)(?: to)?) (?:just |first |quickly |now |go and )*"
    r"(?:check|look|see|find|verify|search|review|pull|open|read)\b|"
    r"\b(?:shall|should|may|can|could|let|want|like) (?:i|me|us)(?: to)? (?:also |just |please )*"
    r"(?:note|take|write|jot)(?: down)? (?:a|an|your|the) (?:\w+ ){0,2}?(?:number|phone|e-?mail|contact|name)\b|"
    r"\b(?:e-?mail|send|text|show|give|read) you (?:\w+ ){0,4}?(?:polic(?:y|ies)|info(?:rmation)?|list|link|copy|guide|"
    r"options)\b|"
    r"\b(?:is|are) (?:this|that|these|it|the) (?:\w+ ){0,2}?(?:profile|account|person)(?: (?:a|b|\d))?"
    r"(?: (?:yours?|you|correct|right|the right one))*\W*\?|\b(?:is|are) (?:this|that|it) (?:yours?|you)\W*\?|"
    r"\b(?:is|are) (?:this|that|it|[\w#]*#\w+|(?:the|this|that) (?:order|item|one))\b[^?]*\b(?:you(?:'re| are| were)? "
    r"(?:contact|writ|call|ask|refer|talk|think)\w*|you mean|this is about)\b[^?]*\?|"
    r"\b(?:is|are) (?:this|that|your|the) (?:\w+ ){0,3}?(?:address|number|e-?mail)\b[^?]*\b(?:current|still|"
    r"up to date|valid)\b[^?]*\?",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(
    r"\b(?:never ?mind|forget (?:it|about it)|gives? up|leav(?:e|ing) it|another (?:time|day)|"
    r"tr(?:y|ying) (?:it )?again|"
    r"call back|come back|waste of|had enough|going nowhere|getting us anywhere|(?:is|are)n't (?:helping|working)|"
    r"going (?:around )?in circles|i'm out(?! of)\b|stop here|don't think this is working|missing each other)",
    re.IGNORECASE,
)


_CONTENT = re.compile(
    r"\b(?:thanks|thank you|thx|great|perfect|wonderful|appreciate|"
    r"(?:that|this)(?:'s| is| was| will be|'ll be) (?:all|it|everything)|all (?:set|done|good)|nothing (?:else|more)|"
    r"no(?:thing)? further|i'm (?:good|done)|we're (?:done|finished)|that (?:covers|does) (?:it|everything)|"
    r"have a (?:nice|good|great))\b",
    re.IGNORECASE,
)


@remembered(256)
def says_yes(text: str) -> bool:
    """Whether an answer is a clear yes: a clause says so, and none takes it back.

    Example:
        >>> says_yes("Yes, please go ahead. Could you also look at another order?"), says_yes("Why not!")
        (True, True)
        >>> says_yes("Yes, but not the blue one."), says_yes("My e-mail is ada@example.com.")
        (False, False)
        >>> says_yes("It's not ideal but yes, go ahed"), says_yes("Go ahead once my manager has approved it.")
        (True, False)
    """
    answering = _answering(abridged(text))
    spoken = " ".join(answering)
    short = says.IDIOM.sub("okay", spoken).strip(_MARKS)
    if "?" not in spoken and says.NOTED.fullmatch(short) and says.OKAY.search(short):
        return True
    answer = _Answer([part for number, one in enumerate(answering) for part in _parts(one, number)])
    return answer.agrees and not answer.taken_back


def _answering(text: str) -> list[str]:
    """The sentences of an answer without what the user would like afterwards."""
    kept: list[str] = []
    later = False
    for one in spoken_sentences(text):
        later = beside.LATER.match(one) is not None or (later and beside.MUSED.fullmatch(one) is not None)
        if not later:
            kept.append(one)
    return kept


def says_no(text: str) -> bool:
    """Whether an answer is a clear no: its first sentence refuses, or says yes to something else.

    Example:
        >>> says_no("No, that's not right. It is the blue one."), says_no("Which one would that be?")
        (True, False)
        >>> says_no("No problem, go ahead."), says_no("Yes, but the blue one.")
        (False, True)
    """
    first = next(iter(spoken_sentences(text)), "")
    return not first.endswith("?") and _Answer(_parts(first)).taken_back and not says_yes(text)


def acknowledges(text: str) -> bool:
    """Whether a user only takes note of what the assistant is going to do, and takes nothing back.

    Example:
        >>> acknowledges("No rush, I'll wait here."), acknowledges("Oh, stop, leave it as it is.")
        (True, False)
    """
    return beside.HALTS.search(regular(text)) is None


class _Answer:
    """An answer, clause by clause; the questions in it apart."""

    def __init__(self, parts: Sequence[Clause]) -> None:
        self.said = [part for part in parts if not part.question]
        self.asked = [part for part in parts if part.question]
        self.turn = self._turn()

    @cached_property
    def agrees(self) -> bool:
        """Whether a clause says yes, whatever else there is."""
        if self.turn is not None or any(says.FIRM.search(part.text) for part in self.said):
            return True
        praised = any(says.JUDGED.search(part.text) for part in self.said if not part.contrast)
        return praised and not any(says.RESTATES.search(part.text) for part in self.said)

    @cached_property
    def taken_back(self) -> bool:
        """Whether a clause refuses, or a yes is made to depend on something or to mean something else."""
        if any(says.WANTS_OTHER.search(part.text) for part in self.asked):
            return True
        start = self.turn or 0
        if any(
            says.REFUSES.search(part.text) and not self._remark(place, part)
            for place, part in enumerate(self.said[start:], start)
        ):
            return True
        agreed = self.turn is not None
        for place, part in enumerate(self.said):
            if place >= start:
                limited = says.LIMITS.search(part.text) is not None
                if limited and (agreed or self.agrees):
                    return True
                if part.contrast and agreed and place != self.turn:
                    return True
            agreed = agreed or _agrees_at_all(part.text)
        return False

    def _remark(self, place: int, part: Clause) -> bool:
        """Whether a denial tells something beside a yes: "It wasn't an easy move"."""
        if part.contrast or says.REMARK.match(part.text) is None or says.TOUCHES.search(part.text):
            return False
        if says.REFUSES.search(says.DENIAL.sub("~", part.text)):
            return False
        first, within = self._yeses
        return (first is not None and first < place) or bool(within - {part.sentence})

    @cached_property
    def _yeses(self) -> tuple[int | None, set[int]]:
        """Where the first clause that says yes stands, and the sentences with one."""
        places = [place for place, part in enumerate(self.said) if _affirms(part.text)]
        return (places[0] if places else None), {self.said[place].sentence for place in places}

    def _turn(self) -> int | None:
        """Where a complaint ends with a yes after all ("Not ideal, but go ahead"), if that is what it does."""
        for place in range(len(self.said) - 1, 0, -1):
            part = self.said[place]
            if part.contrast or part.text.startswith("so "):
                rest = [one.text for one in self.said[place:] if one.sentence == part.sentence]
                before = [one.text for one in self.said[:place]]
                if not any(map(says.FIRM.search, rest)):  # a mere okay, which has to be the last word
                    rest = [one.text for one in self.said[place:]]
                if not all(map(says.CLEAN.fullmatch, rest)) or not any(map(_agrees_at_all, rest)):
                    return None
                if any(map(_affirms, before)) or any(map(says.HARD.search, before)):
                    return None
                if any(says.LIMITS.search(one) and not says.WISHES.search(one) for one in before):
                    return None
                return place
        return None


def _affirms(text: str) -> bool:
    return says.FIRM.search(text) is not None or says.JUDGED.search(text) is not None


def _agrees_at_all(text: str) -> bool:
    return _affirms(text) or says.OKAY.match(text) is not None


def _parts(sentence: str, number: int = 0) -> list[Clause]:
    """The clauses of a sentence, without the refusals in it that refuse nothing."""
    if says.ASKED_TO.fullmatch(sentence.strip(_MARKS)):
        return [Clause("yes", number, question=False, contrast=False)]
    if says.ELLIPTIC.match(sentence.strip(_MARKS)):
        return [Clause("yes", number, question=False, contrast=False)]
    sentence = says.OFFER.sub("yes", sentence)
    for pattern, stands_for in (
        (beside.BESIDE, "~"),
        (says.SURE, "yes"),
        (says.IDIOM, "okay"),
        (says.HARMLESS, "~"),
        (says.COURTESY, ""),
        (says.CONCEDES, "~,"),
    ):
        sentence = pattern.sub(stands_for, sentence)
    found = clauses(sentence, number)
    asking = next((place for place, part in enumerate(found) if says.ASKING.match(part.text)), None)
    if not asking or not found[asking].text.startswith(("and ", "also ")):
        return found
    return [replace(part, question=False) for part in found[:asking]] + found[asking:]


def asks(text: str) -> bool:
    """Whether a message asks for consent, or at least for an answer other than what else there is to do.

    Example:
        >>> asks("I will cancel order #1. Shall I go ahead?"), asks("It is cancelled. Anything else?")
        (True, False)
    """
    return any("?" in one or _requests(one) for one in _of_deeds(text))


@remembered(256)
def asks_for_consent(text: str) -> bool:
    """Whether a message asks for a yes to something that it is going to do.

    Example:
        >>> asks_for_consent("I will cancel order #1. Are you sure?"), asks_for_consent("Please confirm your zip code.")
        (True, False)
    """
    return any(map(_requests, _of_deeds(text)))


def _requests(sentence: str) -> bool:
    """Whether a sentence asks for a yes, and not for a choice or for what only the user knows."""
    if requests.NO_REQUEST.search(sentence) or requests.OPEN.search(sentence):
        return False
    asking = requests.CONSENT.search(sentence)
    return asking is not None and not ("?" in sentence and requests.CHOICE.search(sentence))


def _of_deeds(text: str) -> list[str]:
    """The sentences of a message that do not just ask what else there is, or whether to have a look."""
    spoken = [begun(_AND_MORE.sub("?", one.lower())) for one in sentences(text)]
    kept = [not (_MORE.search(one) or _LOOK.search(one)) for one in spoken]
    return [
        one
        for place, one in enumerate(spoken)
        if kept[place] and not (place and not kept[place - 1] and says.ANSWER_FORM.fullmatch(one))
    ]


def gives_up(text: str) -> bool:
    """Whether a user leaves without having got what it wanted, by its own words."""
    return bool(_GIVES_UP.search(text.replace("\u2019", "'")))


def content(text: str) -> bool:
    """Whether a user's last words are those of somebody who has what it wanted, or who says nothing."""
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    return not text.strip() or _CONTENT.search(text.replace("\u2019", "'")) is not None
