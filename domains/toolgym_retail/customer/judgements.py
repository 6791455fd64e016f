"""The shop's judgements: whether what an assistant says contradicts a detail of what a customer wants.

Each answers whether its detail is contradicted, and notes in :attr:`WishText.shown` what the message states.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import get_args

from toolgym.language import addresses
from toolgym.language.parts import Part
from toolgym.language.text import sentences
from toolgym.language.words import places_of, words_of
from toolgym.scripted.agreement import BORDER, Agreement, Judgements, judge
from toolgym_retail.customer.judge_items import wrong_items
from toolgym_retail.customer.judge_kind import wrong_kind
from toolgym_retail.customer.judge_order import wrong_order
from toolgym_retail.customer.payments import wrong_payment
from toolgym_retail.customer.variants import wrong_options
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import Facts, Request, RequestKind

_REASONS = {
    "no longer needed": re.compile(
        r"\bno longer (?:need|want|requir)|\bnot need|\bn't need|\bunneeded|\bnot (?:be )?(?:needed|required)|"
        r"\bchanged? (?:your|of) mind",
        re.I,
    ),
    "ordered by mistake": re.compile(r"\bmistake|\baccident|\berror\b|\bwrongly ordered|\bin error", re.I),
}

# What was done, when it is reported.
_DEEDS = {
    "cancel": re.compile(r"\bcancell?(?:ed|ation)", re.I),
    "return": re.compile(r"\breturn", re.I),
    "change": re.compile(r"\bexchang|\bswap|\breplac|\btrad|\bmodif|\bchang|\bswitch|\bupdat|\bmoved", re.I),
}

# "Reason: found it cheaper": what stands there must be the one reason or the other.
_STATED_REASON = re.compile(
    r"\breason\b(?: is| being| given)?:? [\"']?((?!you\b|for\b|and\b|that\b|as\b|" r"why\b)[a-z][^.;()\n\"']{4,60})",
    re.I,
)

_LEAD = 60
"""Characters after the word reason within which the reason itself stands."""
_FILLERS = frozenset(("how", "much", "money", "is", "on", "my", "the", "of", "order", "what", "i", "paid", "for", "in"))
# Figures that answer no question about a price or a balance.
_OTHER_AMOUNT = re.compile(r"\b(?:refund|difference|back|credited|charged)", re.I)
_AMOUNT = re.compile(r"\d+\.\d\d")
_AN_AMOUNT = re.compile(r"(?<![\w.])\d+\.\d\d(?!\d)")

# Where what a proposal says of one request may end and the next begin.
_PIECE = re.compile(
    rf"{BORDER}|, and (?=(?:then|also|second|the|i|return|cancel|for)\b)|"
    r" and (?=(?:return|cancel|exchange|second|also|about)\b)|, then "
)

_WEIGHTS = {
    "order": 4,
    "number": 4,
    "clue": 3,
    "items": 2,
    "address": 3,
    "profile": 2,
    "options": 2,
    "kind": 2,
    "reason": 2,
    "payment": 1,
}
"""How surely a stated detail tells that a request is meant."""


def answers(text: str, request: Request) -> bool:
    """Whether a text tells something that may answer a question: the answer itself, or another figure in its place."""
    answer = request.answer
    if not answer:
        return False
    if re.search(rf"(?<![\w.]){re.escape(answer)}(?!\w|\.\d)", text.replace(",", "")):
        return True
    subject = [word for word in words_of(request.question) if word.isalpha() and word not in _FILLERS]
    if not _AMOUNT.fullmatch(answer):
        return False
    figures = [
        words_of(sentence)
        for sentence in dict.fromkeys(sentences(text))
        if "?" not in sentence and _AN_AMOUNT.search(sentence) and not _OTHER_AMOUNT.search(sentence)
    ]
    return any(places_of(word, words) for words in figures for word in subject)


def _wrong_reason(reading: WishText) -> bool:
    """Whether the other of the two reasons for a cancellation is given."""
    reason = reading.request.reason
    if reading.request.kind != "cancel":
        return False
    if reason is None:  # its reason is another one, which the policy does not accept
        return any(pattern.search(reading.body) for pattern in _REASONS.values())
    stated = _STATED_REASON.search(reading.body)
    if stated and not _REASONS[reason].search(reading.body[stated.start() : stated.end() + _LEAD].split("\n")[0]):
        return True
    given = {name for name, pattern in _REASONS.items() if pattern.search(reading.body)}
    if reason in given:
        reading.shown.add("reason")
    return bool(given) and reason not in given


def _wrong_address(reading: WishText) -> bool:
    """Whether another address is given than the one wanted."""
    address = reading.request.address
    if address is None:
        return False
    if addresses.names_street(reading.words, address):
        reading.shown.add("address")
    given = reading.only("do", "new")
    fields = [_field(part) for part in given.parts]
    return addresses.contradicts(given.body, given.words, address, known_zips={reading.facts.zip}, fields=fields)


def _field(part: Part) -> tuple[str, str]:
    """The label of a part and what stands after it, or after its last arrow."""
    label, mark, value = part.text.partition(":" if part.label and ":" in part.text else "->")
    return (part.label or label, value.rpartition("->")[2]) if mark else ("", "")


_JUDGEMENTS: dict[str, Callable[[WishText], bool]] = {
    "kind": wrong_kind,
    "order": wrong_order,
    "items": wrong_items,
    "options": wrong_options,
    "payment": wrong_payment,
    "reason": _wrong_reason,
    "address": _wrong_address,
}
"""The judgement of each detail; the first that is wrong is the one that the customer corrects."""


def compare(text: str, request: Request, facts: Facts) -> Agreement:
    """Compare what the assistant says with one wish of the customer.

    Args:
        text: The message, or a part of it.
        request: The wish.
        facts: Everything that the customer knows.
    """
    reading = WishText.of(text, request, facts)
    return judge(reading, reading.shown, _JUDGEMENTS, reading.doubtful)


def _deed_of(request: Request) -> str:
    return request.kind if request.kind in ("cancel", "return") else "change"


def judgements(facts: Facts) -> Judgements[Request]:
    """How a customer who knows these facts judges what it hears."""
    return Judgements(
        partial(_compared, facts),
        weights=_WEIGHTS,
        deeds=_DEEDS,
        deed_of=_deed_of,
        record=frozenset({"order", "number", "clue"}),
        vague=frozenset(get_args(RequestKind)) - {"cancel", "return"},  # words of changing may mean anything
        pieces=_PIECE,
        answers=answers,
    )


def _compared(facts: Facts, text: str, request: Request) -> Agreement:
    return compare(text, request, facts)
