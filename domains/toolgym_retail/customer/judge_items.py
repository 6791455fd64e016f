"""Whether the units that an assistant speaks of are those that a customer means."""

from __future__ import annotations

import re
from collections.abc import Collection

from toolgym.language.words import places_of, words_of
from toolgym_retail.catalog import CATALOG
from toolgym_retail.customer.wish_text import ITEM_KINDS, WishText

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
# "Out of the four items only the lamp" counts what is there, not what is taken.
_COUNT = re.compile(
    r"(?<!out of )(?<!out of the )(?<!of the )(?<!of your )(?<!of )\b(one|two|three|four|"
    r"five|1|2|3|4|5) (?:of )?(?:the |your |these )?(?:items?|products?)\b",
    re.I,
)

# A sentence with one of these may name a product that is not wanted, as one that is left alone.
_KEPT = re.compile(
    r"\b(?:keep|kept|keeps|stay|stays|remain|remains|unaffected|untouched|unchanged|except|without|leav|"
    r"not (?:be )?(?:affect|touch|chang|return|includ|part)|other items?|won't|not the|but not|apart from|"
    r"instead of|rather than|same as|no change|not touch\w*|not includ\w*|as (?:it is|they are|is))",
    re.I,
)
# The same said of a product that is wanted means that it is left out. Narrower: "instead of the lamp" or "without the
# lamp" may well stand beside what is done with it.
_LEFT_OUT = re.compile(
    r"\b(?:(?:you|will|shall|to) keep|kept|keeps|keeping|leaving|stay|stays|stayed|remain|remains|remaining|"
    r"untouched|unchanged|left out|not (?:be )?(?:return|chang|touch|includ))\b",
    re.I,
)
_CLAUSE = re.compile(r"[,;:()]| but | and (?=the )|whil?st?\b")
# Other products of the same order may be named to tell it apart: "the lamp that came with the kettle".
_BESIDE = re.compile(
    r"\b(?:(?:came|arrived|bought|ordered|shipped|purchased|delivered|packed|order(?: #?w\d+)?|one|purchase)\b"
    r"(?: \w+){0,2} (?:with|alongside)|also (?:has|holds|contains|includes|in)|contain\w*|includ\w+|hold(?:s|ing))\b",
    re.I,
)

_WHOLE = re.compile(
    r"\b(?:both|all (?:of )?(?:the |your )?(?:\w+ )?(?:items?|products?|\d)|"
    r"(?:entire|whole|complete|full) (?:order|parcel|package|purchase)|everything (?:in|from|of|inside|on)|"
    r"(?:return|exchange|change|swap|back|cancel) everything|each of|all (?:two|three|four|2|3|4|of it|of them))\b",
    re.I,
)
# Said of two units that are wanted, these mean just those two.
_THE_TWO = re.compile(r"both|all (?:two|2)|each of|all of them|all the|all your", re.I)
# Said of several units that are wanted, only these claim more.
_MORE_THAN_SEVERAL = re.compile(r"both|entire|whole|complete|full", re.I)
# "Everything is correct", "both the old and the new", or a condition, claim nothing about the order.
_NO_CLAIM = re.compile(
    r"everything (?:is|looks|else|correct|right|you)|both (?:the old|old|variants?|"
    r"addresses|actions|requests|ok|of these)|"
    r"for both\s*\?|\bboth\s*\?|\bif\b",
    re.I,
)
_CLAIM_END = re.compile(r"[.!?\n]")


def wrong_items(reading: WishText) -> bool:
    """Whether other units are spoken of than those wanted, more of them, or fewer."""
    request = reading.request
    named = reading.named()
    wanted = reading.products
    present = wanted & set(named)
    if present:
        reading.shown.add("items")
    numbers = reading.item_numbers()
    right = {number for item in request.items for number in (item.item_id, item.new_item_id) if number}
    if numbers - right and request.kind != "question":
        return True
    if request.kind == "cancel":
        # Only a part of the order is cancelled when some of it is kept.
        return _left_out(reading, named)
    if request.kind not in ITEM_KINDS:
        return False
    return (
        bool(_strangers(reading))
        or (not present and any(_handed_over(reading, product) for product in named))
        or _multiplies(reading)
        or _claims_whole(reading)
        or _miscounts(reading)
        or any(not _only_mentioned(reading, product) for product in named if product not in wanted)
        or _left_out(reading, present)
        or _incomplete(reading, present, numbers)
    )


def _strangers(reading: WishText) -> list[str]:
    """Products of the shop that the message names in full although the customer never bought them."""
    bought = {product for products in reading.facts.orders.values() for product in products} | reading.products
    others = [kind.name for kind in CATALOG if kind.name not in bought]
    return [name for name in others if len(words_of(name)) > 1 and places_of(name, reading.words)]


def _handed_over(reading: WishText, product: str) -> bool:
    """Whether a product that is not wanted is what is returned or exchanged, by the words."""
    head = re.escape(words_of(product)[-1])
    deed = rf"\b(?:return|exchang|swap|chang|replac|send(?:ing)? back)\w* (?:the |your )?(?:\w+ ){{0,3}}{head}\b"
    return product not in reading.products and bool(re.search(deed, reading.body, re.I))


def _multiplies(reading: WishText) -> bool:
    """Whether several of a product are counted where one is wanted."""
    for product in reading.products:
        if sum(item.product == product for item in reading.request.items) > 1:
            continue
        head = re.escape(words_of(product)[-1].rstrip("s"))
        if re.search(rf"\b(?:two|three|four|five) (?:of )?(?:the |your )?(?:\w+ )?{head}s\b", reading.body, re.I):
            return not _KEPT.search(reading.body) and not re.search(
                r"\b(?:there are|you have|bought|see)\b", reading.body, re.I
            )
    return False


def _incomplete(reading: WishText, present: set[str], numbers: set[str]) -> bool:
    """Whether some of the units that are wanted are named, by product or number, and others are not."""
    items = reading.request.items
    covered = [item for item in items if item.product in present or {item.item_id, item.new_item_id} & numbers]
    return 0 < len(covered) < len(items)


def _claims_whole(reading: WishText) -> bool:
    """Whether 'both', 'all' or 'the whole order' says more than is wanted."""
    request, claims = reading.request, _WHOLE.findall(reading.body)
    order = reading.facts.orders.get(request.order.id, ()) if request.order else ()
    count = len(request.items)
    if len(reading.facts.requests) > 1:  # "I can do both" is said of two requests
        claims = [claim for claim in claims if claim.lower() != "both"]
    if not claims or len(order) == count:
        return False
    if count == 2 and all(_THE_TWO.match(claim) for claim in claims):
        return False
    if count > 1 and not any(_MORE_THAN_SEVERAL.match(claim) for claim in claims):
        return False
    sentence = next((part for part in _CLAIM_END.split(reading.body) if _WHOLE.search(part)), "")
    return not _NO_CLAIM.search(sentence)


def _miscounts(reading: WishText) -> bool:
    """Whether another number of items is given; what is said to be kept may be counted too."""
    told = _COUNT.search(reading.body)
    if told is None or _KEPT.search(reading.body):
        return False
    return _NUMBERS[told.group(1).lower()] != len(reading.request.items)


def _only_mentioned(reading: WishText, product: str) -> bool:
    """Whether a product is named only as one that is kept, or to tell the order apart."""
    order = reading.request.order
    if order is not None and any(places_of(sign, words_of(product)) for sign in order.signs):
        return not _joined_in(reading, product)
    beside = order is not None and product in reading.facts.orders.get(order.id, ())
    return all(
        _KEPT.search(sentence) or (beside and _BESIDE.search(sentence)) for sentence in reading.sentences_with(product)
    )


def _joined_in(reading: WishText, product: str) -> bool:
    """Whether a product that only tells the order apart is put on the list of what is sent back."""
    head = re.escape(words_of(product)[-1])
    wanted = "|".join(re.escape(words_of(item.product)[-1]) for item in reading.request.items)
    after = (
        r"(?:\band|\bplus|\+|&|\bboth)\s+(?:with\s+)?(?:the\s+|your\s+|a\s+)?(?:\w+\s+)?"
        rf"{head}\b(?! (?:stays|you keep))"
    )
    before = rf"\b{head}\b,? (?:and|plus|\+|&) (?:the |your )?(?:{wanted})\b"
    return bool(re.search(after, reading.body, re.I) or re.search(before, reading.body, re.I))


def _left_out(reading: WishText, products: Collection[str]) -> bool:
    """Whether the message says outright that a wanted product is left out."""
    if not products or not _LEFT_OUT.search(reading.body):
        return False
    clauses = (clause for sentence in reading.sentences() for clause in _CLAUSE.split(sentence))
    left_out = [words_of(clause) for clause in dict.fromkeys(clauses) if _LEFT_OUT.search(clause)]
    return any(places_of(words_of(product)[-1], words) for product in products for words in left_out)
