"""The shop's judgements: whether what an assistant says contradicts a detail of what a customer wants.

Each answers whether its detail is contradicted, and notes in :attr:`WishText.shown` what the message states.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import get_args

from toolgym.language.text import sentences
from toolgym.language.words import places_of, words_of
from toolgym.scripted.agreement import BORDER, Agreement, Judgements, judge
from toolgym_retail.customer.addresses import wrong_address
from toolgym_retail.customer.judge_items import wrong_items
from toolgym_retail.customer.payments import wrong_payment
from toolgym_retail.customer.variants import wrong_options
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import Facts, Request, RequestKind

# What is done. The words of exchanging are kept apart from those of changing anything at all: a return may be worded
# as a change to an order, but not as an exchange.
_CANCEL = re.compile(r"\bcancel|\bcall(?:ing)? off\b|\bcall \w+ off\b", re.I)
_RETURN = re.compile(
    # "returned to your card" speaks of the money.
    r"\breturn(?!(?:ed|s)? to (?:your|the) (?:card|visa|paypal|gift|original))|"
    # "send the lamp back" is a return; "back to you", "back there" and "back on" are not.
    r"\b(?:send(?:ing)?|sent|goe?s?|going|tak(?:e|ing))\b[^.]{0,40}\bback\b"
    r"(?! to (?:your|the (?:card|visa|original|account)|you\b)| there| on )",
    re.I,
)
_EXCHANGE = re.compile(r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|modif|chang|switch|convert)", re.I)
_CHANGE = re.compile(
    r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|modif|chang|switch|updat|convert|adjust|edit|mov(?:e|ing)\b|redirect|"
    r"ship|set\b|put\b|bill|charg|pa(?:y|id)\b|becom|make\b|use\b|send\b|deliver|go(?:es)? to\b)|->",
    re.I,
)
_ACTIONS = {"cancel": _CANCEL, "return": _RETURN, "exchange": _EXCHANGE, "change": _CHANGE}
_SWAP = re.compile(r"\bexchang|\bswap|\breplac|\btrad(?:e|ing)\b", re.I)
# An exchange may be told as "return the old one and trade it for ...".
_TRADE = re.compile(r"\bexchang|\bswap|\breplac|\btrad", re.I)
# Money that goes back is no item that goes back: "the refund will be sent back to your card".
_MONEY_BACK = re.compile(
    r"\b(?:money|refund|amount|funds|cash|balance|difference|credit|sum|price|payment|\$ ?[\d.,]+)\b"
    r"[^.;\n]{0,60}?\b(?:back|returned)\b[^.;\n]*",
    re.I,
)
# "It cannot be cancelled afterwards" warns, and cancels nothing.
_NO_CANCEL = re.compile(r"\b(?:not|never|cannot|can't|neither|nor|or)\b[^.]{0,40}cancel", re.I)
# "Rather than cancelling it I would put it on hold", or only a part of it is cancelled.
_NOT_ALL_CANCELLED = re.compile(
    r"\b(?:rather than|instead of|without|not) cancel|\bpartial|\bcancel\w* (?:only|just)\b|"
    r"\bput (?:it|the order|this) on hold|\btak(?:e|ing) [^.;]{0,60}\bout\b|\bremov(?:e|ing)\b|\bship\w* as planned|"
    r"\bstill ships?\b|\bthe rest (?:stays|ships|is)",
    re.I,
)
_A_REFUND = re.compile(r"\brefund", re.I)
# Another deed beside the one wanted: "... and change your default address to ...".
_MOVES_ADDRESS = re.compile(
    r"\b(?:chang|updat|set|switch|mov)\w* (?:(?:your|the|its|also) )*(?:\w+ "
    r"){0,2}address(?:es)?\b[^.;\n]{0,20}\bto\b",
    re.I,
)
# "Your default address and all pending orders": more than the profile.
_ORDERS_TOO = re.compile(
    r"\b(?:and|plus|also|as well as) (?:for |of |on )?(?:all )?(?:your |the )?(?:\w+ )?(?:pending |open )orders?\b|"
    r"\balso (?:ship|send|change|redirect|cancel|return)\b",
    re.I,
)
# "I take it back for a refund", where it is to be exchanged.
_REFUNDED = re.compile(r"\bfor a (?:full )?refund|\brefund (?:it|them|that|you for)\b", re.I)
_PROFILE = re.compile(
    r"\b(?:profile|default|account|primary|home)\b[^.;]{0,30}\baddress|"
    r"\baddress (?:on|in|of) (?:your|the) (?:profile|account)|\baddress book",
    re.I,
)
# "Your profile address stays as it is", "without touching your default address".
_PROFILE_SPARED = re.compile(
    r"(?:profile|default|account|primary|home)[^.;]{0,40}"
    r"(?:stay|remain|not|n't|unchanged|same|untouched|keep|as (?:it )?is|alone)|"
    r"(?:not|n't|without|leav\w+|keep\w*|no change)[^.;]{0,45}(?:profile|default|account|primary)",
    re.I,
)
_ORDER_ADDRESS = re.compile(r"\b(?:shipping|delivery) address\b|\border\b", re.I)
# "This does not affect your pending orders", "any future orders".
_ORDERS_ASIDE = re.compile(
    r"\b(?:no|not|n't|none|without|any|existing|pending|future|your) (?:\w+ ){0,3}orders?\b", re.I
)

# Which order: "#W1234567" and "w1234567", "#1234567", "order number 1234567".
_ORDER_ID = re.compile(r"#?\b[Ww]\d{5,9}\b")
_ORDER_DIGITS = (re.compile(r"#(\d{6,8})\b"), re.compile(r"\border (?:number |no\.? |id )?(\d{7})\b", re.I))

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
    r"\breason(?: is| being| given)?:? [\"']?((?!you\b|for\b|and\b|that\b|as\b|" r"why\b)[a-z][^.;()\n\"']{4,60})", re.I
)

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


def _wrong_kind(reading: WishText) -> bool:
    """Whether another action is spoken of than the one wanted."""
    kind = reading.request.kind
    wanted = kind if kind in ("cancel", "return") else "change"
    body = _MONEY_BACK.sub(" ", reading.body)
    found = {action for action, pattern in _ACTIONS.items() if pattern.search(body)}
    if wanted in found:
        reading.shown.add("kind")
    if wanted == "change":
        return bool(found) and _changes_something_else(reading, found)
    if kind == "cancel" and _NOT_ALL_CANCELLED.search(body):
        return True
    if _MOVES_ADDRESS.search(body):
        return True
    if wanted in found and found <= {wanted, "change", "exchange"} and not _SWAP.search(reading.body):
        return False
    return bool(found - {wanted, "change"})


def _changes_something_else(reading: WishText, found: set[str]) -> bool:
    """Whether what is meant to be changed is cancelled or returned, or another address is changed."""
    kind, body = reading.request.kind, reading.body
    if "cancel" in found and not _NO_CANCEL.search(body):
        return True
    if kind != "modify_address" and kind != "user_address" and _MOVES_ADDRESS.search(body):
        return True
    if kind in ("exchange", "modify_items") and _REFUNDED.search(body):
        return True
    if kind != "question" and "return" in found and not _TRADE.search(body):
        # "You send the red one back and get the blue one" is an exchange, if the blue one is what is wanted.
        wrong_options(reading)
        if kind != "exchange" or "options" not in reading.shown or _A_REFUND.search(body):
            return True
    profile = bool(_PROFILE.search(body))
    if kind == "modify_address":
        return profile and not _PROFILE_SPARED.search(body)
    if kind == "user_address":
        if profile:
            reading.shown.add("profile")
        if _ORDERS_TOO.search(body):
            return True
        return not profile and bool(_ORDER_ADDRESS.search(body)) and not _ORDERS_ASIDE.search(body)
    return False


def _wrong_order(reading: WishText) -> bool:
    """Whether the number of another order is given."""
    body, order = reading.body, reading.request.order
    numbers = {"#" + found.upper().lstrip("#") for found in _ORDER_ID.findall(body)}
    numbers |= {"#W" + digits for pattern in _ORDER_DIGITS for digits in pattern.findall(body)}
    if order is None:
        return bool(numbers)
    if any(places_of(sign, reading.words) for sign in order.signs):
        reading.shown.add("clue")
    if not order.known:
        # A number that the customer does not know tells it nothing, right or wrong, unless the clue comes with it.
        if numbers:
            reading.shown.add("number")
        return "clue" in reading.shown and bool(numbers - {order.id})
    if order.id in numbers:
        reading.shown.add("order")
    return bool(numbers - {order.id})


def _wrong_reason(reading: WishText) -> bool:
    """Whether the other of the two reasons for a cancellation is given."""
    reason = reading.request.reason
    if reading.request.kind != "cancel":
        return False
    if reason is None:  # its reason is another one, which the policy does not accept
        return any(pattern.search(reading.body) for pattern in _REASONS.values())
    stated = _STATED_REASON.search(reading.body)
    if stated and not _REASONS[reason].search(stated.group(1)):
        return True
    given = {name for name, pattern in _REASONS.items() if pattern.search(reading.body)}
    if reason in given:
        reading.shown.add("reason")
    return bool(given) and reason not in given


_JUDGEMENTS: dict[str, Callable[[WishText], bool]] = {
    "kind": _wrong_kind,
    "order": _wrong_order,
    "items": wrong_items,
    "options": wrong_options,
    "payment": wrong_payment,
    "reason": _wrong_reason,
    "address": wrong_address,
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
    return judge(reading, reading.shown, _JUDGEMENTS)


def _deed_of(request: Request) -> str:
    return request.kind if request.kind in ("cancel", "return") else "change"


def judgements(facts: Facts) -> Judgements[Request]:
    """How a customer who knows these facts judges what it hears."""
    return Judgements(
        partial(_compared, facts),
        weights=_WEIGHTS,
        deeds=_DEEDS,
        deed_of=_deed_of,
        vague=frozenset(get_args(RequestKind)) - {"cancel", "return"},  # words of changing may mean anything
        pieces=_PIECE,
        answers=answers,
    )


def _compared(facts: Facts, text: str, request: Request) -> Agreement:
    return compare(text, request, facts)
