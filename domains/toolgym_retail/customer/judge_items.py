"""Whether the units that an assistant speaks of are those that a customer means."""

from __future__ import annotations

import re
from collections.abc import Collection

from toolgym.language.words import Phrases, places_of, words_of
from toolgym_retail.catalog import CATALOG
from toolgym_retail.customer.wish_text import ITEM_KINDS, WishText

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
# "Out of the four items only the lamp" counts what is there, not what is taken.
_COUNT = re.compile(
    r"(?<!out of )(?<!out of the )(?<!of the )(?<!of your )(?<!of )\b(one|two|three|four|"
    r"five|1|2|3|4|5) (?:of (?!the items|them))?(?:the |your |these )?(?:items?|products?)\b",
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
# "If you'd rather keep it", "or would you prefer to keep it?", "answer no to keep the order" leave nothing out.
_CHOICE = re.compile(
    r"\b(?:if|should|prefer|rather|instead|or|no)\b[^.]{0,40}\bkeep|\banother\b|can(?:'t|not) (?:do|be)", re.I
)
# "The lamp becomes black and keeps its arm."
_CHANGES = re.compile(r"\bfrom\b.*\bto\b|\bbecom|\bexchang|\breplac|\bswap|\bchang", re.I)
_CLAUSE = re.compile(r"[,;:()]| but | and (?=the )|whil?st?\b")
# Other products of the same order may be named to tell it apart: "the lamp that came with the kettle".
_BESIDE = re.compile(
    r"#w\d+ \(|^(?:order|(?:order )?contents?|contains|items? (?:in|of) (?:the |your |this )?order)\b: |"
    r"\b(?:came|one|order)\b(?:[^.;:]|\.\d){0,30} with|"
    r"\b(?:(?:came|arrived|bought|ordered|shipped|purchased|delivered|packed|order(?: #?w\d+)?|one|purchase)\b"
    r"(?: \w+){0,2} (?:with|alongside)|also (?:has|holds|contains|includes|in)|"
    r"(?<!will )(?<!would )(?:contain\w*|includ\w+|hold(?:s|ing)))\b",
    re.I,
)

_ANOTHER_ORDER = re.compile(
    r"\borders\b|\b(?:other|another|different|next|new|earlier|separate|"
    r"second) order\b",
    re.I,
)

_WHOLE = re.compile(
    r"\b(?:both|all (?:of )?(?:the |your )?(?:\w+ )?(?:items?|products?|\d)|"
    r"(?:entire|whole|complete|full) (?:order|parcel|package|purchase)|everything (?:in|from|of|inside|on)|"
    r"(?:return|exchange|change|swap|back|cancel) everything|each of|all (?:two|three|four|2|3|4|of it|of them)|"
    r"as a whole|in its entirety)\b",
    re.I,
)
# Said of two units that are wanted, these mean just those two.
_THE_TWO = re.compile(r"both|all (?:two|2)|each of|all of them|all the|all your", re.I)
# Said of several units that are wanted, only these claim more.
_MORE_THAN_SEVERAL = re.compile(r"both|entire|whole|complete|full|everything|as a whole|in its", re.I)
# "Everything is correct", "both the old and the new", or a condition, claim nothing about the order.
_NO_CLAIM = re.compile(
    r"everything (?:is|looks|else|correct|right|you|in (?:(?:the|this) (?:table|list)|one place))|answers both|"
    r"both (?:the old|old|variants?|"
    r"addresses|actions|requests|ok|of these)|"
    r"for both\s*\?|\bboth\s*\?|\bif\b",
    re.I,
)
# "Are these all the items that you want to return?" asks, and claims nothing.
_IS_THAT_ALL = re.compile(
    r"\b(?:you(?:'ve| have|'d| would)? (?:\w+ )?(?:want|like|wish|need|list|name|mention|provid|includ)\w*|"
    r"(?:is|are) (?:this|that|these|those) (?:really )?all|listed|named|items? delivered|together)\b[^.!]*",
    re.I,
)
# "The other two stay in the order", "the rest of it ships as planned"; of other orders that says nothing.
_OTHERS_STAY = re.compile(
    r"\b(?:the |your )?(?:(?:other|remaining) (?:items?|products?|ones?|things?|articles?|two|three|four|five|"
    r"\d)(?! orders?)|"
    r"rest(?: of (?:it|the (?:order|items)|your (?:order|items)))?)\b(?:(?!\borders\b)[^.;:\n]){0,40}?"
    r"\b(?:stays?|remains?|keep\w*|kept|ships?|shipped|is left|are left|unaffected|untouched|not (?:be "
    r")?(?:cancel|affect|"
    r"touch)\w*|(?:is|are)n't (?:cancel|affect|touch)\w*|won't be (?:cancel|affect|touch)\w*|(?:be )?delivered)\b|"
    r"\b(?:stays?|remains?|kept) in the order\b",
    re.I,
)
# "Single items can't be taken out."
_SINGLE = re.compile(
    r"\b(?:can't|cannot|not possible|isn't possible|only possible|unable|individual|single items)\b", re.I
)
_ITEM_LABEL = re.compile(
    r"^(?:cancel (?:these |the |this )?)?(?:items?|products?|articles?)(?: to (?:be )?cancel\w*)?$"
)
_KEPT_LABEL = re.compile(
    r"^(?:(?:to|you|we) )?(?:keep|kept|stays?|staying|remain\w*|still ship\w*)\b|^not (?:to be )?cancel|^left in\b"
)
# A product by which the order is known is named with the order.
_TELLS_ORDER = re.compile(rf"\border|\bone (?:with|that|which)\b|#?w\d{{7}}|{_KEPT.pattern}|{_BESIDE.pattern}", re.I)
_HOLDS = re.compile(
    r"\b(?:one of|identical|there are|there's|you have|you own|bought|see|found|located|has|holds|contains|"
    r"includes|\w+ plus two)\b",
    re.I,
)
_DEED_BEFORE = re.compile(r"\b(?:return|exchang|chang|modif|swap|replac|send|tak)\w*\b[^.]{0,30}$", re.I)
_IF = re.compile(r"\W*(?:if|should|in case)\b", re.I)


_SOLD = Phrases(kind.name for kind in CATALOG)
"""What the shop sells."""
_BORDER = " / border / "
"""Between parts that are searched together: no name of a product goes across it."""


def wrong_items(reading: WishText) -> bool:
    """Whether other units are spoken of than those wanted, more of them, or fewer."""
    request = reading.request
    wanted = reading.products
    named = reading.named()
    if wanted & set(named if request.kind not in ITEM_KINDS else reading.meant.named()):
        reading.shown.add("items")
    if request.kind not in ITEM_KINDS:
        # Only a part of the order is cancelled when some of it is kept.
        part = request.kind == "cancel" and (_left_out(reading, named) or _only_part(reading))
        return part or _of_another_order(reading)
    meant = reading.meant
    named = meant.named()
    present = wanted & set(named)
    numbers = meant.item_numbers()
    right = {number for item in request.items for number in (item.item_id, item.new_item_id) if number}
    if numbers & right:
        reading.shown.add("items")
    if "items" not in reading.shown and set(named) - wanted:
        reading.doubtful.add("items")
    return (
        bool(numbers - right)
        or bool(_strangers(meant))
        or (not present and any(_handed_over(meant, product) for product in named))
        or _multiplies(meant)
        or _claims_whole(meant)
        or _miscounts(meant)
        or any(not _only_mentioned(meant, product) for product in named if product not in wanted)
        or _trades_another(meant)
        or _left_out(reading, wanted & set(reading.named()))
        or _incomplete(meant, present, numbers)
    )


def _only_part(reading: WishText) -> bool:
    """Whether only a part of an order is cancelled; where that may be meant, it is doubtful."""
    inside = _in_order(reading)
    if len(inside) < 2:
        return False
    told = [part for part in reading.parts if part.role != "note" and not _IF.match(part.text)]
    if any(_OTHERS_STAY.search(part.text) for part in told):
        return True
    kept = [words_of(part.text) for part in told if _KEPT_LABEL.match(part.label) and part.role == "left"]
    if any(places_of(words_of(product)[-1], words) for words in kept for product in inside):
        return True
    done = [part for part in told if part.role != "left"]
    for part in done:
        counts = [_NUMBERS[count.lower()] for count in _COUNT.findall(part.text)]
        if any(count < len(inside) for count in counts) and not _SINGLE.search(part.text):
            return True
    heads = "|".join(sorted({re.escape(words_of(product)[-1]) for product in inside}))
    alone = re.compile(rf"\b(?:only|just|solely) (?:the|your|this) (?:\w+ ){{0,2}}(?:{heads})\b(?!')", re.I)
    left = re.compile(
        rf"\b(?:leav(?:e|es|ing)|keep(?:s|ing)?|except) (?:for )?(?:the |your )?(?:\w+ ){{0,2}}(?:{heads})\b", re.I
    )
    ships = re.compile(
        rf"\b(?:{heads})s? (?:(?:will|is|are|still|soon) )+(?:be )?(?:\w+ )?(?:ship|sen[dt]|deliver|arriv|"
        rf"com(?:e|ing)\b|on (?:its|their) way)",
        re.I,
    )
    if any(ships.search(part.text) for part in told):
        return True
    if any(left.search(part.text) and not _CHOICE.search(part.text) for part in told):
        return True
    if any(alone.search(part.text) and not _SINGLE.search(part.text) for part in done):
        return True
    taken = re.compile(
        rf"\bcancel\w* (?:the |your |of the )?(?:\w+ ){{0,3}}(?:{heads})s?,? (?:\([^()]{{0,80}}\) )?(?:in|from|"
        rf"of|out of) "
        r"(?:the |your )?(?:\w+ )?order\b",
        re.I,
    )
    if not any(_WHOLE.search(part.text) for part in done):
        listed = {
            product
            for part in done
            if _ITEM_LABEL.match(part.label)
            for product in set(inside)
            if places_of(product, words_of(part.text))
        }
        if any(taken.search(part.text) for part in done) or 0 < len(listed) < len(set(inside)):
            reading.doubtful.add("scope")
    return False


def _trades_another(reading: WishText) -> bool:
    """Whether another product of the order stands where the old or the new unit is to be named."""
    wanted = [words_of(product)[-1] for product in reading.products]
    others = [product for product in _in_order(reading) if product not in reading.products]
    for part in reading.parts:
        if part.role in ("now", "new") and part.label and not _KEPT.search(part.text):
            words = words_of(part.text)
            if any(places_of(other, words) for other in others) and not any(places_of(one, words) for one in wanted):
                return True
    return False


def _of_another_order(reading: WishText) -> bool:
    """Whether a message names a product, in full, as one of an order in which it is not."""
    order = reading.request.order
    inside = reading.facts.orders.get(order.id) if order else None
    if not inside:
        return False
    meant = dict.fromkeys(part.text for part in reading.parts if not _ANOTHER_ORDER.search(part.text))
    words = words_of(_BORDER.join(meant))
    return any(name not in inside and places_of(name, words) for name in _SOLD.near(words))


def _strangers(reading: WishText) -> list[str]:
    """Products of the shop that the message names in full although the customer never bought them."""
    bought = {product for products in reading.facts.orders.values() for product in products} | reading.products
    others = [name for name in _SOLD.near(reading.words) if name not in bought and len(words_of(name)) > 1]
    return [name for name in others if places_of(name, reading.words)]


def _handed_over(reading: WishText, product: str) -> bool:
    """Whether a product that is not wanted is what is returned or exchanged, by the words."""
    head = re.escape(words_of(product)[-1])
    deed = rf"\b(?:return|exchang|swap|chang|replac|send(?:ing)? back)\w* (?:the |your )?(?:\w+ ){{0,3}}{head}\b"
    return product not in reading.products and bool(re.search(deed, reading.body, re.I))


def _multiplies(reading: WishText) -> bool:
    """Whether several of a product are counted where one is wanted; how many an order holds is told aside."""
    for product in reading.products:
        if sum(item.product == product for item in reading.request.items) > 1:
            continue
        head = re.escape(words_of(product)[-1].rstrip("s"))
        several = re.compile(rf"\b(?:two|three|four|five|both|all) (?:of )?(?:the |your )?(?:\w+ )?{head}s\b", re.I)
        told = [sentence for sentence in reading.sentences() if several.search(sentence)]
        if any(not _KEPT.search(one) and not _HOLDS.search(one) for one in told):
            return True
    return False


def _incomplete(reading: WishText, present: set[str], numbers: set[str]) -> bool:
    """Whether some of the units that are wanted are named, by product or number, and others are not."""
    items = reading.request.items
    covered = [item for item in items if item.product in present or {item.item_id, item.new_item_id} & numbers]
    return 0 < len(covered) < len(items)


def _claims_whole(reading: WishText) -> bool:
    """Whether 'both', 'all' or 'the whole order' says more than is wanted."""
    request, order = reading.request, _in_order(reading)
    count = len(request.items)
    if not _WHOLE.search(reading.body) or len(order) == count:
        return False
    spoken = [one for one in reading.sentences() if not _NO_CLAIM.search(one) and not _IS_THAT_ALL.search(one)]
    claims = [claim for one in spoken for claim in _WHOLE.findall(one)]
    if len(reading.facts.requests) > 1:  # "I can do both" is said of two requests
        claims = [claim for claim in claims if claim.lower() != "both"]
    if count == 2:
        return not all(_THE_TWO.match(claim) for claim in claims)
    return any(count == 1 or _MORE_THAN_SEVERAL.match(claim) for claim in claims)


def _in_order(reading: WishText) -> tuple[str, ...]:
    """The products of the order that is meant, as far as the customer knows."""
    order = reading.request.order
    return reading.facts.orders.get(order.id, ()) if order else ()


def _miscounts(reading: WishText) -> bool:
    """Whether another number of items is given; what is kept, or all that the order holds, may be counted too."""
    count, held = len(reading.request.items), len(_in_order(reading))
    for sentence in reading.sentences():
        for told in _COUNT.finditer(sentence):
            number = _NUMBERS[told.group(1).lower()]
            of_the_order = number == held and not _DEED_BEFORE.search(sentence[: told.start()])
            if number != count and not of_the_order and not _KEPT.search(sentence) and not _IF.match(sentence):
                return True
    return False


def _only_mentioned(reading: WishText, product: str) -> bool:
    """Whether a product is named only as one that is kept, or to tell the order apart."""
    order = reading.request.order
    if order is not None and any(places_of(sign, words_of(product)) for sign in order.signs):
        return not _joined_in(reading, product) and all(map(_TELLS_ORDER.search, reading.sentences_with(product)))
    beside = order is not None and product in reading.facts.orders.get(order.id, ())
    untouched = re.compile(
        rf"{re.escape(words_of(product)[-1])}s? (?:is|are|was|were|does|do|has|have|will)(?:n't| not)\b", re.I
    )
    head = re.escape(words_of(product)[-1])
    becomes = re.compile(
        rf"\b{head}s?\b(?::? from\b|[^.;,\n]{{0,12}} (?:goes from|becomes?\b|chang(?:es|ed)\b|"
        r"will be (?:exchang|chang|return|swapp)))",
        re.I,
    )
    if any(becomes.search(sentence) for sentence in reading.sentences_with(product)):
        return False
    return all(
        _KEPT.search(sentence) or untouched.search(sentence) or (beside and _told_apart(sentence, product))
        for sentence in reading.sentences_with(product)
    )


def _told_apart(sentence: str, product: str) -> bool:
    """Whether a product is named after words that tell what else is in an order: "the one with the kettle"."""
    told = _BESIDE.search(sentence)
    return told is not None and bool(places_of(words_of(product)[-1], words_of(sentence[told.end() - 1 :])))


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
    """Whether the message says outright that a wanted product is left out, and not another unit of the same kind."""
    order = _in_order(reading)
    wanted = [item.product for item in reading.request.items]
    sure = [product for product in products if order.count(product) <= max(1, wanted.count(product))]
    if not sure or not _LEFT_OUT.search(reading.body):
        return False
    clauses = (clause for part in reading.parts for clause in _CLAUSE.split(part.text) if not _CHOICE.search(part.text))
    left_out = [
        words_of(clause)
        for clause in dict.fromkeys(clauses)
        if _LEFT_OUT.search(clause) and not _CHANGES.search(clause)
    ]
    return any(places_of(words_of(product)[-1], words) for product in sure for words in left_out)
