"""Whether what an assistant says agrees with what a customer wants, detail by detail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgym_retail.facts import Facts, ItemRef, Method, Place, Request
from toolgym_retail.customer.understanding import plain

Words = list[str]

_WORD = re.compile(r"#?[Ww]\d{4,}|[A-Za-z]+(?:'[a-z]+)?|\d+(?:[.,]\d+)*")
_ALIASES = {"colour": "color", "colours": "colors", "grey": "gray", "aluminium": "aluminum", "metre": "meter"}
_ALIASES |= {
    "rd": "road",
    "st": "street",
    "ave": "avenue",
    "dr": "drive",
    "ln": "lane",
    "blvd": "boulevard",
    "ct": "court",
}
_ALIASES |= {"pl": "place", "ter": "terrace", "cir": "circle", "pkwy": "parkway", "hwy": "highway"}
_SIZES = {"s": "small", "m": "medium", "l": "large", "xl": "extra large", "xxl": "extra extra large"}
_KINDS: dict[str, re.Pattern[str]] = {
    "cancel": re.compile(r"\bcancel", re.I),
    "return": re.compile(
        r"\breturn(?!(?:ed|s)? to (?:your|the) (?:card|visa|paypal|gift|original))|"
        r"\b(?:send(?:ing)?|sent|goe?s?|going|tak(?:e|ing))\b[^.]{0,40}\bback\b(?! to (?:your|"
        r"the (?:card|visa|original|account)|you\b)| there| on )",
        re.I,
    ),
    "exchange": re.compile(r"\bexchang|\bswap|\breplac|\btrad(?:e|ing)\b|\bmodif|\bchang|\bswitch|\bconvert", re.I),
    "change": re.compile(
        r"\bexchang|\bswap|\breplac|\btrad(?:e|ing)\b|\bmodif|\bchang|\bswitch|\bupdat|"
        r"\bconvert|\badjust|\bedit|\bmov(?:e|ing)\b|\bredirect|\bship|\bset\b|\bput\b|\bbill|"
        r"\bcharg|\bpa(?:y|id)\b|\bbecom|\bmake\b|\buse\b|\bsend\b|\bdeliver|\bgo(?:es)? to\b|"
        r"->",
        re.I,
    ),
}
_MONEY_BACK = re.compile(
    r"\b(?:money|refund|amount|funds|cash|balance|difference|credit|sum|price|payment|\$ "
    r"?[\d.,]+)\b[^.;\n]{0,60}?\b(?:back|returned)\b[^.;\n]*",
    re.I,
)
_GROUP = {"cancel": "cancel", "return": "return"}
_KEPT = re.compile(
    r"\b(?:keep|kept|keeps|stay|stays|remain|remains|unaffected|untouched|unchanged|except|without|leav|"
    r"not (?:be )?(?:affect|touch|chang|return|includ|part)|other items?|won't|not the|"
    r"but not|apart from|instead of|rather than|"
    r"same as|no change|not touch\w*|not includ\w*|as (?:it is|they are|is))",
    re.I,
)
_CONTEXT = re.compile(
    r"\b(?:(?:came|arrived|bought|ordered|shipped|purchased|delivered|packed|order(?: "
    r"#?w\d+)?|one|purchase)\b(?: \w+){0,2} (?:with|alongside)|"
    r"also (?:has|holds|contains|includes|in)|contain\w*|includ\w+|hold(?:s|ing))\b",
    re.I,
)
_REVERSED = re.compile(
    r"\b(?:instead of|in exchange for|in place of|replac(?:es?|ing)|in return for|rather "
    r"than|not|to replace|previously|currently|before|was|old|away from|no longer|"
    r"currently on)\b",
    re.I,
)
_WHOLE = re.compile(
    r"\b(?:both|all (?:of )?(?:the |your )?(?:\w+ )?(?:items?|products?|\d)|(?:entire|"
    r"whole|complete|full) (?:order|parcel|package|purchase)|everything (?:in|from|of|"
    r"inside|on)|(?:return|exchange|change|swap|back|cancel) everything|each of|all "
    r"(?:two|three|four|2|3|4|of it|of them))\b",
    re.I,
)
_ASIDE = re.compile(
    r"\b(?:if (?:it|you|the|that)|in case|for (?:a )?gift cards?|gift cards? (?:refund|"
    r"are|get)|other (?:payment )?methods?|otherwise|depending)\b",
    re.I,
)


_TURNS = {
    "to",
    "for",
    "with",
    "into",
    "becomes",
    "become",
    "place",
    "instead",
    "of",
    "than",
    "by",
    "from",
    "not",
    "was",
    "old",
    "your",
}


@dataclass(frozen=True)
class Agreement:
    """How a text compares with a wish.

    Args:
        wrong: What contradicts it, such as ``"order"`` or ``"payment"``; empty if nothing does.
        shown: What of it the text states, so that the customer can recognise it.
    """

    wrong: tuple[str, ...]
    shown: frozenset[str]


def words_of(text: str) -> Words:
    """A text as words in lower case: hyphens and units apart, British spellings American."""
    text = re.sub(r"(\d)(?=[A-Za-z])", r"\1 ", re.sub(r"(?<![#\w])(?<![Ww])[-/]|(?<=\w)[-/](?=\w)", " ", text))
    return [_ALIASES.get(word.lower(), word.lower()) for word in _WORD.findall(text)]


def places_of(needle: str, words: Sequence[str]) -> list[int]:
    """Where the words of a phrase stand in a text, a plural s aside."""
    wanted = words_of(needle)
    size = len(wanted)
    return [
        start
        for start in range(len(words) - size + 1)
        if all(_same(one, other) for one, other in zip(wanted, words[start : start + size], strict=True))
    ]


def _same(wanted: str, word: str) -> bool:
    return wanted == word or (len(wanted) > 3 and wanted.rstrip("s") == word.rstrip("s"))


def compare(text: str, request: Request, facts: Facts) -> Agreement:
    """Compare what the assistant says with one wish of the customer.

    Args:
        text: The message, or a part of it.
        request: The wish.
        facts: Everything that the customer knows.
    """
    body = plain(text)
    reader = _Reader(body, request, facts)
    wrong = [slot for slot, check in reader.checks() if check]
    return Agreement(tuple(dict.fromkeys(wrong)), frozenset(reader.shown))


def touches(text: str, request: Request, facts: Facts) -> int:
    """How much a text speaks of a request: the more, the higher; 0 if nothing points to it."""
    reader = _Reader(plain(text), request, facts)
    list(reader.checks())
    score = {
        "order": 4,
        "number": 4,
        "clue": 3,
        "items": 2,
        "address": 3,
        "options": 2,
        "kind": 1,
        "reason": 1,
        "payment": 1,
    }
    return sum(score.get(slot, 0) for slot in reader.shown)


class _Reader:
    """Reads one text against one wish."""

    def __init__(self, body: str, request: Request, facts: Facts) -> None:
        self.body = body
        self.request = request
        self.facts = facts
        self.words = words_of(body)
        self.shown: set[str] = set()

    def checks(self) -> Iterator[tuple[str, bool]]:
        yield "kind", self._wrong_kind()
        yield "order", self._wrong_order()
        yield "items", self._wrong_items()
        yield "options", self._wrong_options()
        yield "payment", self._wrong_payment()
        yield "reason", self._wrong_reason()
        yield "address", self._wrong_address()

    # What is done

    def _wrong_kind(self) -> bool:
        kind = self.request.kind
        group = _GROUP.get(kind, "change")
        body = _MONEY_BACK.sub(" ", self.body)
        found = {name for name, cue in _KINDS.items() if cue.search(body)}
        if group in found:
            self.shown.add("kind")
        if group == "change":
            return bool(found) and self._changes_something_else(found)
        return bool(found - {group, "change"}) and not (
            group in found
            and found <= {group, "change", "exchange"}
            and not re.search(r"\bexchang|\bswap|\breplac", self.body, re.I)
        )

    def _changes_something_else(self, found: set[str]) -> bool:
        kind = self.request.kind
        if "cancel" in found and not re.search(
            r"(?:not|never|cannot|can't|neither|or)\b[^.]{0,40}cancel", self.body, re.I
        ):
            return True
        returns = "return" in found and not re.search(r"\bexchang|\bswap|\breplac|\btrad", self.body, re.I)
        if kind == "exchange" and returns:
            return True
        if kind in ("modify_items", "modify_address", "modify_payment", "user_address") and returns:
            return True
        profile = re.search(
            r"\b(?:profile|default|account|primary|home)\b[^.;]{0,30}\baddress|\baddress (?:on|in|"
            r"of) (?:your|the) (?:profile|account)|\baddress book",
            self.body,
            re.I,
        )
        spared = re.search(
            r"(?:profile|default|account|primary|home)[^.;]{0,40}(?:stay|remain|not|n't|unchanged|"
            r"same|untouched|keep|as (?:it )?is|alone)|(?:not|n't|without|leav\w+|keep\w*|no "
            r"change)[^.;]{0,45}(?:profile|default|account|primary)",
            self.body,
            re.I,
        )
        if kind == "modify_address":
            return bool(profile) and not spared
        if kind == "user_address":
            return (
                False
                if profile
                else bool(re.search(r"\b(?:shipping|delivery) address\b|\border\b", self.body, re.I))
                and not re.search(
                    r"\b(?:no|not|n't|none|without|any|existing|pending|future|your) (?:\w+ ){0,3}orders?\b",
                    self.body,
                    re.I,
                )
            )
        return False

    # Which order

    def _wrong_order(self) -> bool:
        ids = {"#" + found.upper().lstrip("#") for found in re.findall(r"#?\b[Ww]\d{5,9}\b", self.body)}
        ids |= {"#W" + found for found in re.findall(r"#(\d{6,8})\b", self.body)}
        ids |= {"#W" + found for found in re.findall(r"\border (?:number |no\.? |id )?(\d{7})\b", self.body, re.I)}
        order = self.request.order
        if order is None:
            return bool(ids)
        if any(places_of(sign, self.words) for sign in order.signs):
            self.shown.add("clue")
        if order.id in ids:
            self.shown.add("order" if order.known else "number")
        return bool(ids - {order.id})

    # Which items

    def _wrong_items(self) -> bool:
        request = self.request
        named = self._named()
        wanted = {item.product for item in request.items}
        for product in wanted & set(named):
            self.shown.add("items")
        mine = self._numbers()
        allowed = {number for item in request.items for number in (item.item_id, item.new_item_id) if number}
        if mine - allowed and request.kind != "question":
            return True
        if request.kind not in ("return", "exchange", "modify_items"):
            return False
        if _WHOLE.search(self.body) and self._claims_whole():
            return True
        count = len(request.items)
        told = re.search(
            r"\b(one|two|three|four|five|1|2|3|4|5) (?:of )?(?:the |your |these )?(?:items?|products?)\b",
            self.body,
            re.I,
        )
        if told and _NUMBER[told.group(1).lower()] != count and not _KEPT.search(self.body):
            return True
        strange = [product for product in named if product not in wanted]
        for product in strange:
            if not self._only_mentioned(product):
                return True
        if any(self._only_kept(product, named[product]) for product in wanted & set(named)):
            return True
        present = wanted & set(named)
        return bool(present) and present != wanted and not (mine & allowed)

    def _named(self) -> dict[str, list[int]]:
        """The products that the text names, of those that the customer ever bought, and where."""
        known = {product for products in self.facts.orders.values() for product in products}
        known |= {item.product for item in self.request.items}
        heads: dict[str, set[str]] = {}
        for product in known:
            for word in words_of(product):
                heads.setdefault(word.rstrip("s"), set()).add(product)
        found: dict[str, list[int]] = {}
        for product in sorted(known):
            spots = places_of(product, self.words)
            head = words_of(product)[-1]
            if heads[head.rstrip("s")] == {product} and len(head) > 2:
                spots = sorted({*spots, *places_of(head, self.words)})
            first = words_of(product)[0]
            if not spots and len(words_of(product)) > 1 and heads[first.rstrip("s")] == {product} and len(first) > 5:
                spots = places_of(first, self.words)
            if spots:
                found[product] = spots
        return found

    def _claims_whole(self) -> bool:
        """Whether 'both', 'all' or 'the whole order' says more than is wanted."""
        request, words = self.request, _WHOLE.findall(self.body)
        order = self.facts.orders.get(request.order.id, ()) if request.order else ()
        if len(order) == len(request.items):
            return False
        if len(request.items) == 2 and all(
            re.match(r"both|all (?:two|2)|each of|all of them|all the|all your", word, re.I) for word in words
        ):
            return False
        if len(request.items) > 1 and not any(
            re.match(r"both|entire|whole|complete|full", word, re.I) for word in words
        ):
            return False
        sentence = next((part for part in re.split(r"[.!?\n]", self.body) if _WHOLE.search(part)), "")
        return not re.search(
            r"everything (?:is|looks|else|correct|right|you)|both (?:the old|old|variants?|addresses)|\bif\b",
            sentence,
            re.I,
        )

    def _only_mentioned(self, product: str) -> bool:
        """Whether a product is named only as one that is kept, or to tell the order apart."""
        order = self.request.order
        if order is not None and any(places_of(sign, words_of(product)) for sign in order.signs):
            return not self._joined_in(product)
        for sentence in re.split(r"(?<=[.!?;])\s|\n", self.body):
            words = words_of(sentence)
            head = words_of(product)[-1]
            spots = places_of(product, words) or places_of(head, words)
            if not spots:
                continue
            clause = _clause_with(sentence, head)
            if _KEPT.search(clause) or _KEPT.search(sentence):
                continue
            if order is not None and product in self.facts.orders.get(order.id, ()) and _CONTEXT.search(sentence):
                continue
            return False
        return True

    def _joined_in(self, product: str) -> bool:
        """Whether a product that only tells the order apart is put on the list of what is sent back."""
        head = re.escape(words_of(product)[-1])
        return bool(
            re.search(
                rf"(?:\band|\bplus|\+|&|\bboth)\s+(?:with\s+)?(?:the\s+|your\s+|"
                rf"a\s+)?(?:\w+\s+)?{head}\b(?! (?:stays|you keep))",
                self.body,
                re.I,
            )
            or re.search(
                rf"\b{head}\b,? (?:and|plus|\+|&) (?:the |your )?(?:{'|'.join(re.escape(words_of(item.product)[-1]) for item in self.request.items)})\b",
                self.body,
                re.I,
            )
        )

    def _only_kept(self, product: str, spots: Sequence[int]) -> bool:
        """Whether a product that is wanted is left out in so many words."""
        for sentence in re.split(r"(?<=[.!?;])\s|\n", self.body):
            for clause in re.split(r"[,;:()]| but | and (?=the )|whil?st?\b", sentence):
                words = words_of(clause)
                if (places_of(product, words) or places_of(words_of(product)[-1], words)) and re.search(
                    r"\b(?:(?:you|will|shall|to) keep|kept|keeps|keeping|leaving|stay|stays|stayed|remain|"
                    r"remains|remaining|untouched|unchanged|left out|not (?:be )?(?:return|chang|touch|"
                    r"includ))\b",
                    clause,
                    re.I,
                ):
                    return True
        return False

    # Which variants

    def _numbers(self) -> set[str]:
        return set(re.findall(r"(?<![\d#W_])\d{10}(?!\d)", self.body))

    def _wrong_options(self) -> bool:
        changed = [item for item in self.request.items if item.new_options is not None]
        plain_items = [item for item in self.request.items if item.new_options is None]
        wrong = False
        spans = self._spans([item.product for item in self.request.items])
        if self.request.kind not in ("return", "exchange", "modify_items"):
            return self._foreign_values(plain_items) if self.request.kind == "cancel" else False
        for item in changed:
            wrong |= self._wrong_change(item, spans[item.product])
        for item in plain_items:
            wrong |= self._wrong_unit(item, spans[item.product])
        return wrong

    def _foreign_values(self, items: Sequence[ItemRef]) -> bool:
        return False

    def _spans(self, products: list[str]) -> dict[str, list[int]]:
        """The words that speak of each product: those nearest to its name, in its own line or clause."""
        distinct = list(dict.fromkeys(products))
        if len(distinct) < 2:
            return {product: list(range(len(self.words))) for product in distinct}
        named = self._named()
        marks = sorted((spot, product) for product in distinct for spot in named.get(product, ()))
        spans: dict[str, list[int]] = {product: [] for product in distinct}
        if not marks:
            return {product: list(range(len(self.words))) for product in distinct}
        edges = self._edges()
        for place in range(len(self.words)):
            spans[_owner(place, marks, edges)].append(place)
        return spans

    def _edges(self) -> list[int]:
        """For each word, the number of its sentence, line or clause."""
        numbers: list[int] = []
        for number, part in enumerate(re.split(r"(?<=[.!?;])\s|\n|,? and (?=the |your )|,? plus ", self.body)):
            numbers += [number] * len(words_of(part))
        return (numbers + [numbers[-1] if numbers else 0] * len(self.words))[: len(self.words)]

    def _values(self, item: ItemRef, span: Sequence[int]) -> list[tuple[int, str, str]]:
        """The values of the product's options in a span of words: where, which axis, which value."""
        inside, taken = set(span), set()
        found: list[tuple[int, str, str]] = []
        values = [(axis, value) for axis, all_values in item.axes.items() for value in all_values]
        for axis, value in sorted(values, key=lambda pair: -len(words_of(pair[1]))):
            for place, size in self._spots(axis, value):
                covered = set(range(place, place + size))
                if place in inside and not covered & taken:
                    taken |= covered
                    found.append((place, axis, value))
        return sorted(found)

    def _spots(self, axis: str, value: str) -> list[tuple[int, int]]:
        short = len(value) <= 3 and value.isalpha() and value.isupper()
        spots = [] if short else [(place, len(words_of(value))) for place in places_of(value, self.words)]
        if short:
            letters = re.compile(rf"(?<![\w'-]){value}(?![\w'])|size:? *{value.lower()}(?!\w)", re.MULTILINE)
            before = [len(words_of(self.body[: match.end()])) - 1 for match in letters.finditer(self.body)]
            spots = [(place, 1) for place in before if place >= 0]
            long = _SIZES.get(value.lower())
            if long:
                size = len(words_of(long))
                spots += [
                    (place, size)
                    for place in places_of(long, self.words)
                    if place == 0 or self.words[place - 1] not in ("extra", "too", "bit", "little", "very", "rather")
                ]
        return spots

    def _wrong_change(self, item: ItemRef, span: Sequence[int]) -> bool:
        new, old = item.new_options or {}, item.options
        found = self._values(item, span)
        wrong = False
        reached = False
        for axis in item.axes:
            values = [(place, value) for place, its_axis, value in found if its_axis == axis]
            if any(value not in (old.get(axis), new.get(axis)) for _, value in values):
                wrong = True
            if old.get(axis) == new.get(axis) or not values:
                continue
            news = [place for place, value in values if value == new.get(axis)]
            olds = [place for place, value in values if value == old.get(axis)]
            if not news:
                wrong |= self._still_old(olds, found, item)
            elif olds and not self._forward(olds, news):
                wrong = True
            if news:
                reached = True
        if reached:
            self.shown.add("options")
        text = self.body
        if item.new_item_id and item.new_item_id in text and item.item_id in text:
            first, second = text.index(item.item_id), text.index(item.new_item_id)
            if second < first and not _REVERSED.search(text[second:first]):
                wrong = True
        return wrong

    def _still_old(self, olds: Sequence[int], found: Sequence[tuple[int, str, str]], item: ItemRef) -> bool:
        """Whether an old value is given as what the item becomes: after a word of becoming, or among new values."""
        if not olds:
            return False
        before = " ".join(self.words[max(0, olds[0] - 4) : olds[0]])
        if re.search(r"\b(?:to|into|for|with|new|receive|get|become|becomes)\b", before):
            return True
        new = item.new_options or {}
        for place, axis, value in found:
            if value == new.get(axis) != item.options.get(axis):
                low, high = sorted((place, olds[0]))
                between = self.words[low + 1 : high]
                if len(between) <= 4 and not set(between) & _TURNS:
                    return True
        return False

    def _forward(self, olds: Sequence[int], news: Sequence[int]) -> bool:
        """Whether the change runs from an old value to a new one, and not the other way round."""
        if min(olds) < min(news):
            between = " ".join(self.words[min(olds) : min(news)])
            return not re.search(
                r"\b(?:instead of|rather than|in exchange for|in place of|replacing|replaces)\b", between
            )
        between = " ".join(self.words[max(0, min(news) - 8) : min(olds)])
        back = self.words[min(news) : min(olds)]
        if re.search(
            r"\b(?:send|sends|sent|return|give|gives) (?:\w+ ){0,3}$", " ".join(self.words[: min(olds)]) + " "
        ):
            return True
        after = " ".join(self.words[max(olds) + 1 : max(olds) + 14])
        if re.search(r"\b(?:for|with|to|by) (?:it|this|that|these|those)\b", after):
            return True
        return bool(_REVERSED.search(" ".join(back))) or bool(
            re.search(r"\b(?:new|replacement|receive|get|you want|becomes?)\b", between)
            and re.search(r"\b(?:old|current|return|send|original|for|from|was|existing|yours?)\b", " ".join(back))
        )

    def _wrong_unit(self, item: ItemRef, span: Sequence[int]) -> bool:
        """Whether a unit that is only referred to is described otherwise than it is."""
        found = self._values(item, span)
        if any(value == item.options.get(axis) for _, axis, value in found if axis in item.tell_apart):
            self.shown.add("unit")
        others = {value for other in self.request.items if other is not item for value in other.options.values()}
        return any(item.options.get(axis) != value and value not in others for _, axis, value in found)

    # How it is paid

    def _wrong_payment(self) -> bool:
        request = self.request
        if request.kind in ("modify_address", "user_address", "question"):
            return False
        wanted = request.payment
        if wanted is None and not (request.order and request.order.paid_by):
            return False
        original = set(request.order.paid_by) if request.order else set()
        fine = {wanted.id} if wanted is not None else original
        if request.kind == "modify_payment":
            fine |= original
        wrong = False
        for method_ids, spot in self._methods():
            if wanted is not None and wanted.id in method_ids:
                self.shown.add("payment")
            if method_ids & fine:
                continue
            if not self._aside(spot):
                wrong = True
        digits = set(
            re.findall(
                r"(?:ending|ends|end|last four|last 4|last digits|digits|\*+|x{2,}|•+|\.{3,}|visa|"
                r"mastercard|card)(?: (?:in|with|are|digits|on|by|number|"
                r"no))*[:\s*•.x#-]*(\d{4})(?!\d)",
                self.body,
                re.I,
            )
        )
        known = {method.last_four for method in self.facts.methods if method.id in fine}
        if digits - known:
            wrong = True
        if request.kind == "modify_payment" and wanted is not None:
            wrong |= self._backward_payment(wanted)
        return wrong

    def _methods(self) -> Iterator[tuple[set[str], int]]:
        """Each mention of a payment method: whose it may be, and where in the text."""
        owned: Sequence[Method] = self.facts.methods
        by_id = {method.id: method for method in owned}
        body = self.body
        for match in re.finditer(r"\b(?:credit_card|gift_card|paypal)_\d+\b", body):
            yield ({match.group()} & set(by_id)) or {match.group()}, match.start()
        for match in re.finditer(r"\bpay ?pal\b(?!_)", body, re.I):
            yield {method.id for method in owned if method.source == "paypal"} or {"another"}, match.start()
        for match in re.finditer(r"\bgift[- ]?cards?\b(?!_)|\bgc\b", body, re.I):
            yield {method.id for method in owned if method.source == "gift_card"} or {"another"}, match.start()
        for match in re.finditer(
            r"(?<!gift )(?<!gift-)\b(?:(?:credit|debit|bank) ?cards?(?!_)|visa|master ?card|amex|"
            r"american express|discover|(?<!gift )card (?:ending|with|that ends|\*))",
            body,
            re.I,
        ):
            name = match.group().lower().replace(" ", "")
            cards = {
                method.id
                for method in owned
                if method.source == "credit_card"
                and (
                    name.startswith(("credit", "debit", "bank", "card"))
                    or name == method.brand.lower().replace(" ", "")
                )
            }
            after = re.match(r"[^.,;\d]{0,40}?(\d{4})(?!\d)", body[match.end() :])
            if after:
                cards = {card for card in cards if by_id[card].last_four == after.group(1)}
            yield cards or {"another"}, match.start()
        paid = set(self.request.order.paid_by) if self.request.order else set()
        if paid:
            for match in re.finditer(
                r"\boriginal (?:payment|method|form|card|account|source)|\b(?:the )?(?:same|way|"
                r"method|account|card|payment method)(?: that)? (?:you|it was|was) (?:originally "
                r")?(?:paid|used)|\bhow you paid",
                body,
                re.I,
            ):
                yield paid, match.start()

    def _aside(self, spot: int) -> bool:
        """Whether a payment method is named in a remark about others, or as the one not used."""
        start = max(self.body.rfind(mark, 0, spot) for mark in (".", "\n", "!", "?", ";", "("))
        ends = [place for mark in (".", "\n", "!", "?", ";", ")") if (place := self.body.find(mark, spot)) >= 0]
        sentence = self.body[start + 1 : min(ends, default=len(self.body))]
        before = self.body[max(0, spot - 32) : spot]
        if re.match(r"(?:credit_card|gift_card|paypal)_", self.body[spot:]):
            return False
        if re.search(
            r"\b(?:not|instead of|rather than|paid (?:with|by|via|using)|originally|and not|nor|never)\b[^,;.]*$",
            before,
            re.I,
        ):
            return True
        return bool(_ASIDE.search(sentence)) and not re.search(
            r"\b(?:your|the) refund (?:will|goes|to)\b", sentence, re.I
        )

    def _backward_payment(self, wanted: Method) -> bool:
        right = [spot for ids, spot in self._methods() if wanted.id in ids]
        left = [spot for ids, spot in self._methods() if wanted.id not in ids]
        for spots, role in (
            (right, r"old|current|previous|former|present|before|so far"),
            (left, r"new|future|from now"),
        ):
            for spot in spots:
                if re.search(rf"\b(?:{role})\b[^.,;\n]{{0,25}}$", self.body[:spot], re.I):
                    return True
        if not right or not left or min(right) < min(left):
            if right and left:
                between = self.body[min(right) : min(left)]
                return (
                    bool(re.search(r"\b(?:to|onto|->)\b", between))
                    and not _REVERSED.search(between)
                    and bool(re.search(r"\bfrom\b[^.]{0,20}$", self.body[: min(right)], re.I))
                )
            return bool(left) and not right
        between = self.body[min(left) : min(right)]
        return bool(re.search(r"\b(?:instead of|rather than|in place of)\b", between, re.I))

    # Why

    def _wrong_reason(self) -> bool:
        reason = self.request.reason
        if self.request.kind != "cancel" or reason is None:
            return False
        cues = {
            "no longer needed": r"\bno longer (?:need|want|requir)|\bnot need|\bn't need|\bunneeded|\bnot (?:be "
            r")?(?:needed|required)|\bchanged? (?:your|of) mind",
            "ordered by mistake": r"\bmistake|\baccident|\berror\b|\bwrongly ordered|\bin error",
        }
        hit = {name for name, cue in cues.items() if re.search(cue, self.body, re.I)}
        if reason in hit:
            self.shown.add("reason")
        return bool(hit) and reason not in hit

    # Where to

    def _wrong_address(self) -> bool:
        address = self.request.address
        if address is None:
            return False
        body = self.body
        if places_of(address.address1, self.words):
            self.shown.add("address")
        zips = {found for found in re.findall(r"(?<![\d#W_.,])\d{5}(?!\d|[.,]\d)", body)}
        street = words_of(address.address1)
        wrong = False
        if zips and address.zip not in zips:
            wrong = True
        if zips - {address.zip, self.facts.zip}:
            wrong = True
        name = [word for word in street if word.isalpha() and len(word) > 2][:1]
        if name and places_of(name[0], self.words) and not places_of(" ".join(street[:2]), self.words):
            wrong = True
        if (
            "address" not in self.shown
            and not zips
            and re.search(
                r"\b\d{1,5} [A-Z][a-z]+ (?:[A-Z][a-z]+ )?(?:St|Ave|Rd|Road|Street|Avenue|Lane|Ln|Dr|"
                r"Drive|Way|Court|Ct|Blvd|Boulevard|Place|Pl|Terrace|Circle|Trail)",
                body,
            )
        ):
            wrong = True
        return wrong or self._wrong_unit_or_city(address)

    def _wrong_unit_or_city(self, address: Place) -> bool:
        body = self.body
        spots = [match.start() for match in re.finditer(re.escape(address.address1), body, re.I)]
        for spot in spots:
            tail = body[spot + len(address.address1) : spot + len(address.address1) + 60]
            unit = re.match(r"[,\s(]*((?:apt|apartment|suite|ste|unit|floor|fl|#)\.? ?#?\w+)", tail, re.I)
            if unit and not address.address2:
                return True
            if unit and words_of(unit.group(1))[-1:] != words_of(address.address2)[-1:]:
                return True
            near = re.search(r"\b([A-Z]{2}),? +\d{5}", tail)
            if near and near.group(1) != address.state:
                return True
            city = re.search(r",\s*([A-Z][A-Za-z. ]+?),\s*[A-Z]{2}\b", tail)
            if city and city.group(1).lower() != address.city.lower() and not unit:
                return True
        return False


_NUMBER = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}


def _clause_with(sentence: str, word: str) -> str:
    for clause in re.split(r"[,;:()]| but ", sentence):
        if places_of(word, words_of(clause)):
            return clause
    return sentence


def _owner(place: int, marks: Sequence[tuple[int, str]], edges: Sequence[int]) -> str:
    """The product that a word speaks of: one in its own clause first, else the last one named before."""
    here = [mark for mark in marks if edges[mark[0]] == edges[place]]
    if here:
        return min(here, key=lambda mark: (abs(mark[0] - place), mark[0] > place))[1]
    before = [mark for mark in marks if mark[0] <= place]
    return (before[-1] if before else marks[0])[1]
