"""What a clerk hears: requests in a customer's words, and the particulars of one, matched with what tools returned."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from toolgym.language.words import places_of, words_of
from toolgym_retail.facts import Place, RequestKind
from toolgym_retail.records import total_of

QuestionTopic: TypeAlias = Literal["tracking", "total", "balance", "price"]
"""What a question is about."""

_SENTENCE = re.compile(r"(?<=[.!?])(?<!\bSt\.)\s+")
# The first kind whose words stand in a sentence is the one that is asked for.
_KINDS: tuple[tuple[RequestKind, re.Pattern[str]], ...] = (
    (
        "question",
        re.compile(
            r"tracking number|\btotal of\b|\bhow much money is left|\bbalance (?:of|on)|\bwhat i paid for", re.I
        ),
    ),
    ("cancel", re.compile(r"\b(?:to|please|could you|can you|still|you) cancel\b|\bcancell?ed\b|\bcall off\b", re.I)),
    (
        "user_address",
        re.compile(
            r"\bdefault address|\baddress (?:in|on|of) my (?:profile|account)|\baddress for my profile|"
            r"\bprofile needs a new address",
            re.I,
        ),
    ),
    (
        "modify_address",
        re.compile(
            r"\b(?:shipping|different|another) address\b(?! (?:is|would|should))|"
            r"\b(?:shipped|ship|sent|send) (?:it )?somewhere else",
            re.I,
        ),
    ),
    ("exchange", re.compile(r"\bexchang|\bswap|\btrade\b", re.I)),
    ("return", re.compile(r"\breturn(?:ing)?\b|\bsend(?:ing)? back\b|\bmoney back\b", re.I)),
    (
        "modify_payment",
        re.compile(
            r"\b(?:change|switch|use|need|has|want)\b[^.?]{0,30}\bpayment method (?:for|on)\b|"
            r"\b(?:different|another|wrong) payment method\b|\bchange how\b[^.?]{0,120} is paid|"
            r"\bpay for\b[^.?]{0,120} a different way",
            re.I,
        ),
    ),
    (
        "modify_items",
        re.compile(r"\b(?:change|switch)\b(?! that\b)|\bchanged to\b|\binstead of\b|\brather have\b", re.I),
    ),
)
# Where a request names what will do if it cannot be had.
_OTHERWISE = re.compile(
    r"[,;] (?:(?:or|and) )?(?:if (?:that|it|this|there)\b[^,;]{0,30}, (?:then )?|failing that,? |else |otherwise, )",
    re.I,
)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_ZIP = re.compile(r"(?<![\d#W$_])\d{5}(?!\d)")
_NAME = re.compile(r"(?:[A-Z][\w'-]{0,40}\s+)+[A-Z][\w'-]{0,40}")
_NO_NAMES = re.compile(
    r"\b(?:You|It|My|The|That|This|I|Name|Zip|Look|Let|Just|Here|Is|And)(?:['](?:s|m|d))?\b:?|\bname[']s\b"
)
_NUMBER = re.compile(r"#?\b[Ww]\d{7}\b")
_TOTAL = re.compile(r"\bcame to \$?([\d,]+\.\d\d)")
_ADDRESS = re.compile(
    r"(?P<address1>\d{1,8} [^,:;.]{1,80}), (?:(?P<address2>[^,:;]{1,80}), )?(?P<city>[A-Z][^,:;]{0,80}), "
    r"(?P<state>[A-Z]{2}) (?P<zip>\d{5})"
)
_METHOD_ID = re.compile(r"\b(?:credit_card|gift_card|paypal)_\d+\b")
_METHOD = re.compile(
    r"\b(?:my|the) (?:[\w ]{2,20}? ending in (?P<digits>\d{4})|(?P<paypal>pay ?pal)(?: account)?|"
    r"(?P<gift>gift card)|(?P<card>(?:credit|debit) card))\b",
    re.I,
)
_ORIGINAL = re.compile(r"\bi (?:originally )?(?:paid with|used before|paid is)|\bsame as before|\bthe usual way", re.I)
_REASONS = {
    "ordered by mistake": re.compile(r"\bmistake|\baccident|\bwrong button", re.I),
    "no longer needed": re.compile(r"\bno longer need|n't need|\bnot need", re.I),
}
_BECAUSE = re.compile(r"\b(?:because|since)\b", re.I)
_TOPICS: tuple[tuple[QuestionTopic, re.Pattern[str]], ...] = (
    ("tracking", re.compile(r"\btracking", re.I)),
    ("balance", re.compile(r"\bhow much money is left|\bbalance", re.I)),
    ("price", re.compile(r"\bwhat i paid", re.I)),
    ("total", re.compile(r"\btotal", re.I)),
)
# What tells requests apart when one is brought up again: numbers, and words with a capital within a sentence.
_MARKS = re.compile(r"#?W\d{7}|(?<=[a-z,] )(?!I\b|I')[A-Z][\w-]+")


@dataclass
class Wish:
    """One thing that a customer was heard to ask for.

    Args:
        kind: What is asked for.
        said: The customer's words about it, in order; later ones correct earlier ones.
        otherwise: What it takes if that cannot be had.
        order_id: The order, where it is known without being told in those words.
        asked: How many questions were needed for it.
        reason: Why an order is to be cancelled: one of the policy's two, ``"other"``, or empty.
    """

    kind: RequestKind
    said: list[str]
    otherwise: Wish | None = None
    order_id: str = ""
    asked: int = 0
    reason: str = ""
    drawn: set[str] = field(default_factory=set)
    """The slips that were drawn for it; each is drawn once."""
    _heard: list[str] = field(default_factory=list, init=False, repr=False, compare=False)
    _read: int = field(default=0, init=False, repr=False, compare=False)
    _number: str = field(default="", init=False, repr=False, compare=False)
    _marks: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def is_again(self, other: Wish) -> bool:
        """Whether another request is this one, brought up again."""
        if self.kind != other.kind:
            return False
        self._read_on()
        others = number(other.said)
        if self._number and others and self._number != others:
            return False
        marks = set(_MARKS.findall(other.said[0]))
        return bool(marks & self._marks) or not marks or not self._marks

    def _read_on(self) -> None:
        """Take in what was said since it was read last: the number of the order, and what tells it from others."""
        if self._heard is not self.said:
            self._heard, self._read, self._number, self._marks = self.said, 0, "", set()
        before = self.said[self._read - 1][-1:] if self._read else ""
        for text in self.said[self._read :]:
            self._number = number([text]) or self._number
            self._marks.update(_MARKS.findall(f"{before} {text}" if self._read else text))
            self._read, before = self._read + 1, text[-1:]


def wishes_in(text: str) -> list[Wish]:
    """The requests that a customer brings up, in order.

    Example:
        >>> [wish.kind for wish in wishes_in("Hi! I'd like to return the Jeans. Also, please cancel order #W1234567.")]
        ['return', 'cancel']
    """
    found = []
    for sentence in _SENTENCE.split(text):
        first, *rest = _OTHERWISE.split(sentence, maxsplit=1)
        kind = kind_of(first)
        if kind is None:
            continue
        wish = Wish(kind, [first])
        if rest:
            wish.otherwise = Wish(kind_of(rest[0]) or kind, [rest[0]])
        found.append(wish)
    return found


def kind_of(sentence: str) -> RequestKind | None:
    """What a sentence asks for; None if it asks for nothing."""
    return next((kind for kind, pattern in _KINDS if pattern.search(sentence)), None)


def first_choice(text: str) -> str:
    """A text without what it names as an alternative.

    Example:
        >>> first_choice("I'd like the black one, or else the red one, please.")
        "I'd like the black one"
    """
    return _OTHERWISE.split(text, maxsplit=1)[0]


# Who it is


def identity(texts: Iterable[str]) -> dict[str, str]:
    """The arguments of the look-up by which a customer is found; empty if it has not said enough.

    Example:
        >>> identity(["I'm Ada Lovelace, zip code 12345."])
        {'first_name': 'Ada', 'last_name': 'Lovelace', 'zip': '12345'}
    """
    name = zip_code = ""
    for text in texts:
        if mail := _MAIL.search(text):
            return {"email": mail.group()}
        text = _ADDRESS.sub(" ", text)
        of_order = bool(number([text]))
        for sentence in re.split(r"[.:/,]", text):
            if found := _NAME.search(_NO_NAMES.sub(";", sentence)):
                name = name if of_order else found.group()
        if found_zip := _ZIP.search(text):
            zip_code = found_zip.group()
    if not name or not zip_code:
        return {}
    first, *last = name.split()
    return {"first_name": first, "last_name": " ".join(last), "zip": zip_code}


# Which order


def number(said: Sequence[str]) -> str:
    """The number of an order, as said last; empty if none was."""
    for text in reversed(said):
        if found := _NUMBER.search(text):
            return "#" + found.group().upper().removeprefix("#")
    return ""


@dataclass(frozen=True)
class Clue:
    """By what a customer knows an order whose number it does not say.

    Args:
        text: Its words.
        product: A product in it; empty if none is named.
        city: Where it was shipped to; empty if not said.
        total: What it came to, in dollars; empty if not said.
    """

    text: str = ""
    product: str = ""
    city: str = ""
    total: str = ""

    def fits(self, order: Mapping[str, Any]) -> bool:
        """Whether it is true of an order."""
        return (
            (not self.product or any(item["name"] == self.product for item in order["items"]))
            and (not self.city or order["address"]["city"] == self.city)
            and (not self.total or total_of(order) == self.total)
        )


def clue(said: Sequence[str], names: Collection[str], cities: Collection[str], *, whole: bool) -> Clue:
    """The clue to an order, as said last; an empty one if there is none.

    Args:
        said: The customer's words.
        names: The products that it ever bought.
        cities: Where its orders were shipped to.
        whole: Whether the request is about a whole order, so that any product that is named is a clue.
    """
    for text in reversed(said):
        if found := _TOTAL.search(text):
            amount = found.group(1).replace(",", "")
            return Clue(f"the order that came to ${amount}", total=amount)
        for city in sorted(cities):
            if re.search(rf"\bshipped to {re.escape(city)}\b", text):
                return Clue(f"the order that was shipped to {city}", city=city)
        named = [name for name in _longest(names) if _clue_of(name).search(text)]
        if not named and whole:
            named = [name for name in _longest(names) if re.search(rf"\b{re.escape(name)}\b", text)]
        if named:
            return Clue(f"the order with the {named[0]}", product=named[0])
    return Clue()


def _longest(names: Collection[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def _clue_of(name: str) -> re.Pattern[str]:
    """What is said of an order by a product in it."""
    product = re.escape(name)
    return re.compile(
        rf"\border (?:with|that had|containing|holding) (?:the |a )?{product}(?: in it)?|\bmy {product} order"
    )


# Which items


def products(said: Sequence[str], names: Collection[str]) -> list[str]:
    """The products that a request is about, in the order of their mention, as said last; not those of a clue."""
    for text in reversed(said):
        rest = _without_clues(first_choice(text), names)
        spots: dict[str, int] = {}
        for name in _longest(names):
            for found in re.finditer(rf"\b{re.escape(name)}\b", rest, re.I):
                spots.setdefault(name, found.start())
                rest = rest[: found.start()] + " " * len(found.group()) + rest[found.end() :]
        if spots:
            return sorted(spots, key=lambda name: spots[name])
    return []


def _without_clues(text: str, names: Collection[str]) -> str:
    for name in _longest(names):
        text = _clue_of(name).sub(lambda found: " " * len(found.group()), text)
    return text


def told_apart(said: Sequence[str], name: str) -> str:
    """How a unit is told from others of its product: ``"the black one"``; empty if it is not."""
    for text in reversed(said):
        if found := re.search(rf"\b{re.escape(name)} \(([^)]*)\)", text, re.I):
            return found.group(1)
    return ""


def wanted(said: Sequence[str], name: str, values: Collection[str], names: Collection[str]) -> list[str]:
    """The values of options that a product shall have instead, as said last; empty if none was.

    Args:
        said: The customer's words.
        name: The product.
        values: All values of its options.
        names: The products that the customer ever bought.
    """
    for text in reversed(said):
        rest = _without_clues(re.sub(r"\([^)]*\)", " ", first_choice(text)), names)
        for pattern in (_METHOD, _METHOD_ID, _NUMBER, _TOTAL):
            rest = pattern.sub(" ", rest)
        others = [other for other in names if other != name and re.search(rf"\b{re.escape(other)}\b", rest)]
        parts = re.split(r"\b[Tt]he\b", rest) if others else [rest]
        about = [part for part in parts if not others or name in part]
        if found := values_in(" . ".join(part.replace(name, " . ") for part in about), values):
            return found
    return []


def values_in(text: str, values: Collection[str]) -> list[str]:
    """The values of options that a text names; the longer of two that overlap.

    Example:
        >>> values_in("the white laminate one with 2 drawers", ["white", "white laminate", "2 drawers", "4 drawers"])
        ['white laminate', '2 drawers']
    """
    words = list(words_of(text))
    spots: dict[int, str] = {}
    for value in sorted(set(values), key=lambda value: (-len(words_of(value)), value)):
        size = len(words_of(value))
        for start in places_of(value, words) if size else []:
            if all(words[start : start + size]):
                spots[start] = value
                words[start : start + size] = [""] * size
    return [spots[start] for start in sorted(spots)]


# Money, reasons, addresses, questions


def payment(said: Sequence[str], methods: Mapping[str, Mapping[str, Any]], original: str = "") -> str:
    """The id of the payment method that is meant, as said last; empty if none is, or it could be several.

    Args:
        said: The customer's words.
        methods: The customer's payment methods, as its record has them.
        original: The one that paid for the order.
    """
    for text in reversed(said):
        text = first_choice(text)
        ids = [found for found in _METHOD_ID.findall(text) if found in methods]
        if ids:
            return str(ids[-1])
        fits: list[str] = []
        for found in _METHOD.finditer(text):
            fits = [key for key, method in methods.items() if _is_meant(found, method)]
        if len(fits) == 1:
            return fits[0]
        if original and not fits and _ORIGINAL.search(text):
            return original
    return ""


def _is_meant(found: re.Match[str], method: Mapping[str, Any]) -> bool:
    if found["digits"]:
        return bool(method.get("last_four") == found["digits"])
    source = "paypal" if found["paypal"] else "gift_card" if found["gift"] else "credit_card"
    return bool(method["source"] == source)


def reason(said: Sequence[str]) -> str:
    """Why an order is to be cancelled: a reason of the policy, ``"other"``, or empty if none was said."""
    for text in reversed(said):
        for name, pattern in _REASONS.items():
            if pattern.search(text):
                return name
        if _BECAUSE.search(text):
            return "other"
    return ""


def address(said: Sequence[str]) -> Place | None:
    """An address, as said last; None if none was.

    Example:
        >>> address(["It's 12 Elm Street, Apt 3, Boston, MA 02115."]).city
        'Boston'
    """
    for text in reversed(said):
        if found := _ADDRESS.search(text):
            given = {name: value or "" for name, value in found.groupdict().items()}
            return Place(country="USA", **given)
    return None


def topic(said: Sequence[str]) -> QuestionTopic | None:
    """What a question is about; None if that was not understood."""
    return next((name for name, pattern in _TOPICS if pattern.search(said[0])), None)
