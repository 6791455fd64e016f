"""One message read against one wish: what the judgements of each detail look at."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from toolgym.language.parts import Part, Role, parts_of
from toolgym.language.words import Phrases, Words, places_of, words_of
from toolgym_retail.facts import Facts, Request

ITEM_KINDS = ("return", "exchange", "modify_items")
"""The kinds of requests that are about single units of an order."""

_SENTENCE = re.compile(r"(?<=[.!?;])\s(?![^()\n]{0,99}\))|\n")
# "The three items above" are those of the list.
_ALL_ABOVE = re.compile(
    r"\b(?:items?|products?|ones?|all|everything|two|three|four|five|\d)\b[^.;\n]{0,20}\babove\b|"
    r"\b(?:these|those|the) (?:\w+ )?(?:two|three|four|five|[2-5]) (?:items|products)\b",
    re.I,
)
# The heading of all that an order holds.
_CONTENTS = re.compile(
    r"^(?:(?:the |your |all )?(?:order )?(?:items|products|contents)|"
    r"(?:items|products) (?:in|of) (?:the|this|your) order)$"
)
_ITEM_NUMBER = re.compile(r"(?<![\d#W_])\d{10}(?!\d)")


@dataclass(frozen=True, slots=True)
class WishText:
    """A message, and the wish that it is compared with.

    Args:
        body: The message without markdown.
        words: The same as words.
        request: The wish.
        facts: Everything that the customer knows.
        parts: The message's parts, each with its role.
        shown: What of the wish the message states; those that judge a detail add to it.
        doubtful: What of the wish the message leaves open; they add to it too.
        seen: What was asked of it before: its parts by their roles, and the products that it names.
    """

    body: str
    words: Words
    request: Request
    facts: Facts
    parts: tuple[Part, ...] = ()
    shown: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    seen: _Seen = field(default_factory=lambda: _Seen(), repr=False, compare=False)

    @classmethod
    def of(cls, text: str, request: Request, facts: Facts) -> WishText:
        """A message as it was written, read against a wish."""
        parts = parts_of(text)
        body, words = _read(parts)
        return cls(body, words, request, facts, parts)

    def only(self, *roles: Role) -> WishText:
        """The parts of the message that have one of these roles; what they show is shown by the whole."""
        seen = self.seen.roles
        if all(part.role in roles for part in self.parts):
            return self
        if roles not in seen:
            body, words, parts = _with_roles(self.parts, roles)
            seen[roles] = WishText(body, words, self.request, self.facts, parts, self.shown, self.doubtful)
        return seen[roles]

    @property
    def meant(self) -> WishText:
        """What the message says of what will be done, and of what is now: no remarks, nothing that is left alone."""
        if self.seen.meant is None:
            meant = self.only("do", "new", "now")
            rest = meant._without_contents()
            if len(rest) < len(meant.parts):
                body, words = _read(rest)
                meant = WishText(body, words, self.request, self.facts, rest, self.shown, self.doubtful)
            self.seen.meant = meant
        return self.seen.meant

    def _without_contents(self) -> tuple[Part, ...]:
        """The parts without the list of all that an order holds, if what is wanted of it is named elsewhere too."""
        order = self.request.order
        inside = set(self.facts.orders.get(order.id, ())) if order and self.request.kind in ITEM_KINDS else set()
        if not inside - self.products or _ALL_ABOVE.search(self.body):
            return self.parts
        heading = ""
        for number, part in enumerate(self.parts):
            if (
                _CONTENTS.search(part.label)
                and "order" in f"{heading} {part.label}"
                and part.text.lower().startswith(part.label)
            ):
                end, listed = number + 1, set[str]()
                while end < len(self.parts) and (here := self._lists(self.parts[end], inside)):
                    listed |= here
                    end += 1
                rest = self.parts[:number] + self.parts[end:]
                if listed == inside and all(any(self._lists(one, {name}) for one in rest) for name in self.products):
                    return rest
            if part.label and part.text.rstrip(":").lower() == part.label:
                heading = part.label
        return self.parts

    @staticmethod
    def _lists(part: Part, products: set[str]) -> set[str]:
        """The products that a part names, in full."""
        words = words_of(part.text)
        return {name for name in products if places_of(name, words)}

    @property
    def products(self) -> set[str]:
        """The products of the units that the wish is about."""
        return {item.product for item in self.request.items}

    def sentences(self) -> list[str]:
        """The sentences and lines of the message."""
        if self.seen.sentences is None:
            self.seen.sentences = _SENTENCE.split(self.body)
        return self.seen.sentences

    def sentences_with(self, product: str) -> list[str]:
        """The sentences and lines that name a product, by its last word at least."""
        ends = [found.start() for found in _SENTENCE.finditer(self.body)]
        starts = self.words.starts
        spots = places_of(words_of(product)[-1], self.words)
        numbers = dict.fromkeys(bisect_right(ends, starts[spot]) for spot in spots)
        parts = self.sentences() if numbers else []
        return [parts[number] for number in numbers]

    def item_numbers(self) -> set[str]:
        """The item numbers in the message."""
        return set(_ITEM_NUMBER.findall(self.body))

    def named(self) -> dict[str, list[int]]:
        """The products that the message names, of those that the customer ever bought, and at which words.

        The last word of a name ("lamp" of "desk lamp"), or a long first one, is enough where only one product has it,
        and where it does not describe a unit of another: the panel of "tower fan (touch panel)" is no curtain panel.
        """
        if self.seen.named is None:
            known = {product for products in self.facts.orders.values() for product in products} | self.products
            names = _names(tuple(sorted(known)))
            found = {product: self._spots(product, names) for product in names.phrases.near(self.words)}
            self.seen.named = {product: spots for product, spots in found.items() if spots}
        return dict(self.seen.named)

    def _spots(self, product: str, names: _Names) -> list[int]:
        name = words_of(product)
        spots = places_of(product, self.words)
        if product in names.by_last:
            spots = sorted({*spots, *self._spots_of_word(name[-1], product)})
        if not spots and product in names.by_first:
            spots = self._spots_of_word(name[0], product)
        return spots

    def _spots_of_word(self, word: str, product: str) -> list[int]:
        """Where a word of a product's name stands, but not as a part of how a unit of another product is described."""
        spots = places_of(word, self.words)
        others = [item for item in self.request.items if item.product != product] if spots else []
        described = {
            place + further
            for item in others
            for values in item.axes.values()
            for value in values
            for place in places_of(value, self.words)
            for further in range(len(words_of(value)))
        }
        return [spot for spot in spots if spot not in described]


@dataclass(slots=True)
class _Seen:
    """What a reading was asked before."""

    roles: dict[tuple[Role, ...], WishText] = field(default_factory=dict)
    meant: WishText | None = None
    named: dict[str, list[int]] | None = None
    sentences: list[str] | None = None


class _Names(NamedTuple):
    """Names of products, and which of them a single word is enough for."""

    phrases: Phrases
    by_last: frozenset[str]
    by_first: frozenset[str]


@lru_cache(256)
def _names(products: tuple[str, ...]) -> _Names:
    owners: dict[str, set[str]] = {}
    for product in products:
        for word in words_of(product):
            owners.setdefault(word.rstrip("s"), set()).add(product)
    by_last, by_first = set(), set()
    for product in products:
        first, *_, last = [*words_of(product)] * 2
        if owners[last.rstrip("s")] == {product} and len(last) > 2 and last != "set":
            by_last.add(product)
        if owners[first.rstrip("s")] == {product} and len(first) > 5 and len(words_of(product)) > 1:
            by_first.add(product)
    return _Names(Phrases(products), frozenset(by_last), frozenset(by_first))


@lru_cache(8)  # the same text is compared with one wish after the other
def _read(parts: tuple[Part, ...]) -> tuple[str, Words]:
    body = "\n".join(part.text for part in parts)
    return body, words_of(body)


@lru_cache(16)
def _with_roles(parts: tuple[Part, ...], roles: tuple[Role, ...]) -> tuple[str, Words, tuple[Part, ...]]:
    kept = tuple(part for part in parts if part.role in roles)
    body = "\n".join(part.text for part in kept)
    return body, words_of(body), kept
