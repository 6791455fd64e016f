"""Whether the payment methods that an assistant speaks of are those that a customer wants to use."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from toolgym.language.changes import REVERSED
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import Method

_ID = re.compile(r"\b(?:credit_card|gift_card|paypal)_\d+\b")
_ANY_ID = re.compile(r"(?:credit_card|gift_card|paypal)_")
_PAYPAL = re.compile(r"\bpay ?pal\b(?!_)", re.I)
_GIFT_CARD = re.compile(r"\bgift[- ]?cards?\b(?!_)|\bgc\b", re.I)
# A card by its kind or brand. A bare "card" is one only where its digits follow, and a gift card is none.
_CARD = re.compile(
    r"(?<!gift )(?<!gift-)\b(?:(?:credit|debit|bank) ?cards?(?!_|:? (?:credit_card_))|visa|master ?card|amex|"
    r"american express|discover|"
    r"card (?:ending|with|that ends|\*))",
    re.I,
)
_ANY_CARD = ("credit", "debit", "bank", "card")
_DIGITS_AFTER = re.compile(r"[^.,;\d$]{0,40}?(\d{4})(?!\d|\.\d)")
# The last four digits of a card: "ending in 1234", "Visa ****1234", "last four digits: 1234". Each run of marks is gone
# through once, from its beginning.
_MASK, _MARK, _LINK = r"(?:\*|xx|•|\.{3})", r"[:\s*•.x#-]", r"(?: (?:in|with|are|digits|on|by|number|no))"
_DIGITS = re.compile(
    rf"(?:(?<!{_MARK})(?={_MARK}*?{_MASK})|{_MASK}{_LINK}{{1,8}}|"
    rf"(?:ending|ends|end|last four|last 4|last digits|digits|visa|mastercard|card){_LINK}{{0,8}})"
    rf"(?:, \(?)?{_MARK}*+(\d{{4}})(?!\d|[.,]\d)",
    re.I,
)
_ORIGINAL = re.compile(
    r"\boriginal (?:payment|method|form|card|account|source)|"
    r"\b(?:the )?(?:same|way|method|account|card|payment method)(?: that)? (?:you|it was|was) (?:originally )?"
    r"(?:paid|used)|\bhow you paid",
    re.I,
)

_NOT_USED = re.compile(
    r"\b(?:not|there(?:'s| is| are) no|ha(?:ve|s) no|without|instead of|rather than|prefer it to|(?:you|was|"
    r"were|been|be|originally|,) paid(?: \w+)?"
    r" (?:with|by|via|using|through)|originally|original payment(?: method)? was(?: made)?|and not|nor|never|"
    r"(?:bought|ordered|"
    r"placed)(?: \w+){0,3} (?:with|on))\b"
    r"[^,;.\n]*$",
    re.I,
)
# "The Visa with which the order was placed", "the card that was charged originally".
_USED_BEFORE = re.compile(
    r"[^.,;:\n]{0,40}\b(?:(?:was|were|had been|you(?:'d| had)?) (?:charged|used|paid|placed)|placed|"
    r"charged originally|original payment(?: method)? was)\b",
    re.I,
)
# "You get it back on the PayPal account that you paid with."
_GOES_TO = re.compile(
    r"\b(?:back|refund\w*|credit(?:ed|s)?|charg\w*|return\w*|issued|goes?|going|sent|paid)\b[^.;\n]{0,30}"
    r"\b(?:on|onto|to|into|in|through|via|by|with|using)(?: (?:the|your|an?))?(?: \w+)? ?$",
    re.I,
)
_ROLE_OF_PAST = 80
"""Characters before a method in which it may be said that it was used before, or will be."""
# "If you have a gift card", "gift card refunds are immediate": remarks that propose nothing.
_REMARK = re.compile(
    r"\b(?:if (?:it|you|the|that)|in case|for (?:a )?gift cards?|gift cards? (?:refund|are|get|balance)|"
    r"other (?:payment )?methods?|otherwise|depending|would be possible|either|may go|memory card)\b",
    re.I,
)
# "Half of it on the Visa, and the remaining $20 stay on PayPal": the whole is to be moved, or nothing.
_SPLIT = re.compile(
    r"\b(?:(?:remain|stay|keep|kept)s?\b[^.;]{0,25}\b(?:on|with) your|split|half|halves|"
    r"partly|part of (?:it|the (?:amount|total|sum|payment|price|order))\b[^.;]{0,30}\b(?:on|with|by|to|via|"
    r"stays?|remains?)|remaining \$|the rest)\b|\bremaining [$\d]",
    re.I,
)
_PART_STAYS = re.compile(
    r"\$\d[\d.,]* (?:stays?|remains?)\b|\bthe (?:rest|remainder)\b[^.;\n]{0,30}\b(?:on|with|by)\b", re.I
)
# Ways to pay that nobody here has, and fees that nobody wants.
_ELSEWHERE = re.compile(
    r"\b(?:as|with|by|via|in|to|through|get|receive) (?:an? |your )?(?:\w+ )?(?:bank "
    r"transfer|wire transfer|store credit|voucher|cash|"
    r"bank account|cheque|paper check)\b|\b(?:minus|less|after|deduct\w*|with) (?:an? |"
    r"the )?(?:[\d.$%]+ )?(?:restocking|handling|processing|return) fee",
    re.I,
)
# What a sentence, or a remark in brackets, begins after and ends with.
_BEGIN, _END = re.compile(r"[.\n!?;(]"), re.compile(r"[.\n!?;)]")
_REFUND_GOES = re.compile(r"\b(?:your|the) refund (?:will|goes|to)\b", re.I)

# Roles right before a method: what is wanted must not be called the old one, nor another the new one.
_CALLED_OLD = re.compile(r"\b(?:old|current|previous|former|present|before|so far)\b[^.,;\n]{0,25}$", re.I)
_CALLED_NEW = re.compile(r"\b(?:new|future|from now)\b[^.,;\n]{0,25}$", re.I)
_ROLE = 40
"""Characters before a method in which its role may stand."""
_TO = re.compile(r"\b(?:to|onto|->)\b")
_FROM = re.compile(r"\bfrom\b[^.]{0,20}$", re.I)
_INSTEAD_OF = re.compile(r"\b(?:instead of|rather than|in place of)\b", re.I)

# Of the payment of an order that is changed: "refunded to the Visa", "your Visa will be refunded".
_REFUNDED = re.compile(
    r"\b(?:refund(?:ed|s)?|returned|credited|back|currently(?: \w+){0,3}|so far|instead of|replac\w+|"
    r"(?<!deducted )(?<!taken )(?<!paid )(?<!charged )from)"
    r"(?: \$?[\d.,]+)?(?: (?:on|to|onto|with|the|your|paid|being|by|in full))*[ :*]*$",
    re.I,
)
_IS_REFUNDED = re.compile(
    r"[^,;.\n]{0,40}\b(?:(?:will be|is|be|being|gets?|are) (?:(?:fully )?refunded|credited|restored|it back|its|"
    r"back)|"
    r"balance being|refund)\b",
    re.I,
)
_CHARGES = re.compile(
    r"(?:(?<!was )(?<!were )(?<!been )\bcharg(?:e|ed|ing|es)\b(?: (?!to |on )[^ ,;.]+){0,4}(?: (?:to|"
    r"on))?(?: (?:the|your|it))*|"
    r"\b(?:switch|chang|mov)\w*\b[^.;]{0,45} to(?: (?:the|your))?|\bmake (?:the|your)|\buse (?:the|your))[ :*]*$",
    re.I,
)


class Mention(NamedTuple):
    """Where a text names a payment method."""

    methods: set[str]
    """The ids of the customer's methods that may be meant; something else if it has none such."""
    spot: int
    """At which character."""


def wrong_payment(reading: WishText) -> bool:
    """Whether a payment method is to be used that the customer does not want to use."""
    left, reading = reading.only("left"), reading.meant
    request = reading.request
    if request.kind in ("modify_address", "user_address", "question"):
        return False
    wanted = request.payment
    original = set(request.order.paid_by) if request.order else set()
    if wanted is None and not original:
        return False
    fine = {wanted.id} if wanted is not None else original
    if request.kind == "modify_payment":
        fine |= original
    mentions = list(_mentions(reading))
    if wanted is not None and any(wanted.id in mention.methods for mention in mentions):
        reading.shown.add("payment")
    asides = _Asides(reading.body)
    if any(not mention.methods & fine and not asides.hold(mention.spot) for mention in mentions):
        return True
    ids = set(_ID.findall(reading.body))
    named = "payment" in reading.shown and not any(wanted is not None and one.startswith(wanted.source) for one in ids)
    if wanted is not None and ids and wanted.id not in ids and not named:  # of two gift cards the id alone tells which
        return True
    if wanted is not None and _ELSEWHERE.search(reading.body):
        return True
    if request.kind == "modify_payment" and (_SPLIT.search(reading.body) or _PART_STAYS.search(left.body)):
        return True
    known = {method.last_four or method.id[-4:] for method in reading.facts.methods if method.id in fine}
    if any(
        found.group(1) not in known and not asides.not_used(found.start()) for found in _DIGITS.finditer(reading.body)
    ):
        return True
    return request.kind == "modify_payment" and wanted is not None and _reversed(reading, mentions, wanted)


def _mentions(reading: WishText) -> Iterator[Mention]:
    """Each mention of a payment method."""
    owned, body, order = reading.facts.methods, reading.body, reading.request.order
    for match in _ID.finditer(body):
        yield Mention({match.group()}, match.start())
    for source, pattern in (("paypal", _PAYPAL), ("gift_card", _GIFT_CARD)):
        for match in pattern.finditer(body):
            yield Mention({method.id for method in owned if method.source == source} or {"another"}, match.start())
    for match in _CARD.finditer(body):
        cards = [method for method in owned if method.source == "credit_card" and _is_called(method, match.group())]
        digits = _DIGITS_AFTER.match(body, match.end())
        if digits:
            cards = [card for card in cards if card.last_four == digits.group(1)]
        yield Mention({card.id for card in cards} or {"another"}, match.start())
    if order is not None and order.paid_by:
        for match in _ORIGINAL.finditer(body):
            yield Mention(set(order.paid_by), match.start())


def _is_called(card: Method, name: str) -> bool:
    """Whether a card may be called so: by its brand, or just a card."""
    name = name.lower().replace(" ", "")
    return name.startswith(_ANY_CARD) or name == card.brand.lower().replace(" ", "")


class _Asides:
    """Where a text names a payment method in a remark about others, or as the one not used.

    Args:
        body: The text.
    """

    def __init__(self, body: str) -> None:
        self._body = body

    def hold(self, spot: int) -> bool:
        """Whether the method that is named at a character is named aside."""
        body = self._body
        if self.not_used(spot):
            return True
        before, after = bisect_left(self._begins, spot), bisect_left(self._ends, spot)
        start = self._begins[before - 1] + 1 if before else 0
        end = self._ends[after] if after < len(self._ends) else len(body)
        return _any_in(self._remarks, start, end) and not _any_in(self._refunds, start, end)

    def not_used(self, spot: int) -> bool:
        """Whether what is named at a character was used before, or is expressly not used."""
        body = self._body
        return bool(
            _NOT_USED.search(body[max(0, spot - _ROLE_OF_PAST) : spot])
            or (_USED_BEFORE.match(body, spot) and not _GOES_TO.search(body[max(0, spot - _ROLE_OF_PAST) : spot]))
        )

    @cached_property
    def _begins(self) -> list[int]:
        return _spots(_BEGIN, self._body)

    @cached_property
    def _ends(self) -> list[int]:
        return _spots(_END, self._body)

    @cached_property
    def _remarks(self) -> list[int]:
        return _spots(_REMARK, self._body)

    @cached_property
    def _refunds(self) -> list[int]:
        return _spots(_REFUND_GOES, self._body)


def _spots(pattern: re.Pattern[str], text: str) -> list[int]:
    return [found.start() for found in pattern.finditer(text)]


def _any_in(spots: list[int], start: int, end: int) -> bool:
    """Whether one of the spots, in order, is from one character up to another."""
    place = bisect_left(spots, start)
    return place < len(spots) and spots[place] < end


def _reversed(reading: WishText, mentions: list[Mention], wanted: Method) -> bool:
    """Whether an order's payment is changed away from the wanted method, or only another one is named."""
    body = reading.body
    right = [mention.spot for mention in mentions if wanted.id in mention.methods]
    left = [mention.spot for mention in mentions if wanted.id not in mention.methods]
    if any(_is_called_before(_CALLED_OLD, body, spot) for spot in right):
        return True
    if any(_is_called_before(_CALLED_NEW, body, spot) for spot in left):
        return True
    if any(_gets_back(body, spot) and not _is_charged(body, spot) for spot in right):
        return True
    if any(_is_charged(body, spot) and not _gets_back(body, spot) for spot in left):
        return True
    if not right or not left:
        return bool(left)
    first, other = min(right), min(left)
    if first < other:
        between = body[first:other]
        return bool(_TO.search(between) and not REVERSED.search(between) and _FROM.search(body[:first]))
    return bool(_INSTEAD_OF.search(body[other:first]))


def _gets_back(body: str, spot: int) -> bool:
    """Whether what an order was paid with is given back to a method, or it pays so far."""
    before = body[max(0, spot - 60) : spot]
    return _REFUNDED.search(before) is not None or _IS_REFUNDED.match(body, spot) is not None


def _is_charged(body: str, spot: int) -> bool:
    """Whether a method is the one that will be charged."""
    return _CHARGES.search(body[max(0, spot - 60) : spot]) is not None


def _is_called_before(role: re.Pattern[str], body: str, spot: int) -> bool:
    """Whether a method is called the old or the new one right before the spot at which it is named."""
    return role.search(body, max(0, spot - _ROLE), spot) is not None
