"""Whether the order that an assistant speaks of is the one that a customer means."""

from __future__ import annotations

import re

from toolgym.language.words import places_of, words_of
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import OrderRef

# Which order: "#W1234567" and "w1234567", "#1234567", "order number 1234567".
_ORDER_ID = re.compile(r"#?\b[Ww]\d{5,9}\b")
_ORDER_DIGITS = (re.compile(r"#(\d{6,8})\b"), re.compile(r"\border (?:number |no\.? |id )?(\d{7})\b", re.I))

# Several orders were looked through to find the one.
_LOOKED = re.compile(r"\b(?:checked|looked|went|gone|searched|compared|reviewed)\b[^.]{0,40}\border", re.I)
# "Among your orders (#W1234567, #W7654321)", "it is #W1234567, and not #W7654321".
_LISTED = re.compile(r"\([^()]*#W\d+[^()]*#W\d+[^()]*\)", re.I)
_NOT_THOSE = re.compile(r"\b(?:not|nor|neither|none of|other than|apart from)\b[^.;:)]*", re.I)
# "If you meant another order, such as #W7654321, please tell me."
_IF = re.compile(r"\W*(?:if|should|in case)\b", re.I)
_WRITES = re.compile(r"\b(?:cancel|exchang|return|modif|updat|chang|ship|refund|replac|switch|swap|submit)", re.I)
# "Your open order #W1234567 keeps the address it has."
_STILL_OPEN = re.compile(r"\b(?:not|other|none|nor|still|keeps?|current|open|existing)\b|n't\b", re.I)

# Other orders, in brackets, of which it is said that they will be cancelled too.
_DONE_TO = re.compile(
    r"\b(?:will|would|shall|are|is|going to|to) (?:(?:all|also|both|then|now) )*(?:be )?(?:(?:all|also|both) )*"
    r"(?:cancel|return|exchang|modif|chang|updat|redirect|ship|charg|refund)\w*",
    re.I,
)
_SEVERAL = re.compile(
    r"\b(?:cancel|return|chang|updat|modif)\w* (?:all )?(?:these|those|both|all|your(?: other)?|the(?: other)?|"
    r"(?:all|both)"
    r"(?: (?:two|three|four|five|\d))?(?: of)? (?:your|the|these|those)) "
    r"(?:\w+ )?orders\b(?!\?? (?:address|number))",
    re.I,
)
# What is told of an order when all that is known of it is recited.
_CONTENTS = re.compile(
    r"\b(?:contain\w*|holds?|holding|includ\w+|consists? of|contents?|comprises?|has|made up of)\b", re.I
)
_TOTAL = re.compile(
    r"\b(?:came|comes?|total\w*|sum\w*|amount\w*|worth|costs?|cost)\b[^.;\n]{0,25}\$ ?\d|\$ ?\d[\d.,]* (?:in total|in "
    r"all|altogether)",
    re.I,
)
_WENT_TO = re.compile(
    r"\b(?i:went|shipp\w*|ships?|sent|deliver\w*|goes|going|addressed|destination|address)\b[^.;\n]{0,25}?(?:\bto|:) "
    r"(?:the )?(?:\d+ )?([A-Z][a-z]+)"
)
# "The order that came to $20.00 is ...": who puts it so has looked for it.
_THE_ONE = re.compile(
    r"\b(?:order|one|purchase|parcel) (?:(?:that|which|you|your|i|it|is|was) )*(?:\w+ ){1,3}?(?:the |an? )?\$?$", re.I
)
_FOUND_AS = 40
"""Characters between what an order is known by and its number."""
# "- #W1234567: delivered, $20.00", one of several that were looked through.
_CANDIDATE = re.compile(r"#?W\d{7}\b ?(?:[-:,(\u2013\u2014]|is\b)", re.I)
_FEW = 1
"""Products beside those that are meant which a description of an order may name."""


def wrong_order(reading: WishText) -> bool:
    """Whether the number of another order is given; one that is only left alone, beside the right one, is none."""
    numbers, order = _numbers(reading.body), reading.request.order
    if order is None:
        parts = [part.text for part in reading.meant.parts if _numbers(_NOT_THOSE.sub(" ", part.text))]
        return any(_WRITES.search(text) or not _STILL_OPEN.search(text) for text in parts)
    if any(places_of(sign, reading.words) for sign in order.signs) and _points_out(reading, order):
        reading.shown.add("clue")
    others = numbers - {order.id}
    meant = _numbers_meant(reading) if others else set()
    if order.id in meant:
        others = meant - {order.id}
    several = _alone(reading) and _SEVERAL.search(reading.meant.body) is not None
    if not order.known:
        # A number that the customer does not know tells it nothing, right or wrong, unless the clue comes with it.
        if numbers:
            reading.shown.add("number")
        return "clue" in reading.shown and (bool(others) or several)
    if order.id in numbers:
        reading.shown.add("order")
    return bool(others) or several


def _alone(reading: WishText) -> bool:
    """Whether the customer wants this done to no other order."""
    return sum(request.kind == reading.request.kind for request in reading.facts.requests) == 1


def _numbers(text: str) -> set[str]:
    """The order numbers in a text."""
    found = {"#" + number.upper().lstrip("#") for number in _ORDER_ID.findall(text)}
    return found | {"#W" + digits for pattern in _ORDER_DIGITS for digits in pattern.findall(text)}


def _numbers_meant(reading: WishText) -> set[str]:
    """The order numbers of which it is not said that they are left alone, or were only looked through."""
    found: set[str] = set()
    candidates = [part for part in reading.parts if _CANDIDATE.match(part.text) and not _WRITES.search(part.text)]
    passed = set(candidates) if len(candidates) > 1 else set()
    for part in reading.parts:
        if part in passed or part.role == "left" or not _numbers(part.text) or _IF.match(part.text):
            continue
        plain = _NOT_THOSE.sub(" ", part.text)
        text = plain if _DONE_TO.search(plain) else _LISTED.sub(" ", plain)
        numbers = _numbers(text)
        listed = len(numbers) > 1 and not _WRITES.search(text)
        if not listed and not _LOOKED.search(text):
            found |= numbers
        elif reading.request.order is not None and len(numbers) == 1:
            found |= numbers & {reading.request.order.id}
    return found


def _points_out(reading: WishText, order: OrderRef) -> bool:
    """Whether a message that holds the clue says that this is the order, and does not just recite all that is known."""
    if _recites(reading):
        return False
    if any(_finds(part.text, order) for part in reading.parts):
        return True
    inside = set(reading.facts.orders.get(order.id, ())) - reading.products
    for part in reading.parts:
        words = words_of(part.text)
        signs = [sign for sign in order.signs if places_of(sign, words)]
        others = [
            one for one in inside if places_of(one, words) and not any(places_of(sign, words_of(one)) for sign in signs)
        ]
        if signs and len(others) <= (0 if any(map(str.isdigit, "".join(signs))) else _FEW):
            return True
    return False


def _finds(text: str, order: OrderRef) -> bool:
    """Whether a text says that the order with what it is known by is the one with its number."""
    number = text.find(order.id)
    before = text[:number] if number >= 0 else ""
    for sign in order.signs if before else ():
        spot = before.rfind(sign)
        between = before[spot + len(sign) :]
        if spot >= 0 and len(between) <= _FOUND_AS and not re.search(r"[,;&]|\band\b", between):
            return _THE_ONE.search(before[:spot]) is not None
    return False


def _recites(reading: WishText) -> bool:
    """Whether contents, total and destination of an order are told, or contents and another of them in one breath."""
    address = reading.request.address
    bought = {product for products in reading.facts.orders.values() for product in products}
    found: set[str] = set()
    for part in reading.parts:
        here = set()
        listing = _CONTENTS.search(part.text)
        if listing and any(places_of(product, words_of(part.text[listing.end() :])) for product in bought):
            here.add("contents")
        if _TOTAL.search(part.text):
            here.add("total")
        towns = _WENT_TO.findall(part.text)
        if any(address is None or town not in address.address1 + address.city for town in towns):
            here.add("town")
        if len(here) > 1 and "contents" in here:
            return True
        found |= here
    return len(found) == 3
