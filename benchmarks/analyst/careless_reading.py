"""How the careless clerk reads: by keywords and by what stands nearest, in a customer's words and in records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

Record: TypeAlias = Mapping[str, Any]
Kind: TypeAlias = Literal[
    "question", "user_address", "modify_address", "modify_payment", "cancel", "return", "exchange", "modify_items"
]

ORDER = re.compile(r"\b(W\d{7})\b")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
ZIP = re.compile(r"(?<![\d#W])\d{5}(?!\d)")
NAME = re.compile(r"(?!I'm\b|I\b)([A-Z\u00c0-\u00de][\w'-]+)((?: [A-Z\u00c0-\u00de][\w'-]+)+)")
AMOUNT = re.compile(r"\$(\d+\.\d\d)")
SHIPPED_TO = re.compile(r"shipped to ([A-Z][\w. ]+?)(?= for | to |[,.;?]|$)")
_ADDRESS = re.compile(r"(\d+ [A-Z][\w. ]+?), (?:([\w ]+? [\w-]*\d[\w-]*), )?([A-Z][\w. ]+?), ([A-Z]{2}) (\d{5})")
_CLUE = re.compile(
    r"(?:the|my) order (?:with|that had|that came|that was) "
    r"(?:[^,;:?.]|\.\d)+?(?= for the| for \d| to the|[,;:?]|\.(?!\d)|$)"
)
_ELSE = re.compile(r"[;,] (?:and if|or if|otherwise|and failing|if there is none)")
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("question", re.compile(r"\b(?:what i paid|the total|tracking|how much money)\b", re.I)),
    (
        "user_address",
        re.compile(r"\b(?:profile|default|account)\b.*\baddress|\baddress\b.*\b(?:profile|account)", re.I),
    ),
    ("modify_address", re.compile(r"(?<!email )\baddress|shipped somewhere", re.I)),
    ("modify_payment", re.compile(r"\bpayment method|\bpay for\b|\bis paid\b", re.I)),
    ("cancel", re.compile(r"\bcancel", re.I)),
    ("return", re.compile(r"\breturn|\bsend back|\bmoney back", re.I)),
    ("exchange", re.compile(r"\bexchang|\bswap|\btrade\b", re.I)),
    ("modify_items", re.compile(r"\bchange\b|\bchanged to|\bswitch|\binstead of|\brather have", re.I)),
)
_NO = re.compile(
    r"^(?:\w+, )?(?:no|not|nope|wrong|wait|stop|actually|hold on|whoa|almost)\b|"
    r"\bnot (?:it|correct|right|what|quite)\b|\bmind\b|n't mad|reconsidered|second thought|new plan|better idea|"
    r"hang on|after all|mistake|mix-up|crossed|misread|\bso close|a bit off|rather not",
    re.I,
)
_YES = re.compile(
    r"\b(?:yes|yep|yeah|yup|sure|confirm(?:ed)?|correct|exactly|go ahead|proceed|do it|please do|go for it|right|"
    r"perfect|absolutely)\b",
    re.I,
)


def parts(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for part in re.split(r"(?<=[.?!])\s+", text) if part]


def kind_of(text: str) -> Kind | None:
    """What a sentence asks for, by the first word that rings a bell; None if none does."""
    head = _ELSE.split(text)[0]
    return next((kind for kind, pattern in _KINDS if pattern.search(head)), None)


def reaction(text: str) -> Literal["yes", "no", "asks", "unclear"]:
    """How an answer to a proposal sounds."""
    if _NO.search(text) and not text.lower().startswith(("yes", "yep", "yeah", "sure")):
        return "no"
    if "?" in text:
        return "asks"
    return "yes" if _YES.search(text) else "unclear"


def alternative(text: str) -> str:
    """What a customer would take instead, as far as it said so in the same breath."""
    halves = _ELSE.split(text, maxsplit=1)
    return halves[1] if len(halves) > 1 else ""


def clue_of(text: str) -> str:
    """The customer's description of an order, without a closing full stop; empty if there is none."""
    found = _CLUE.search(text)
    return found.group(0).rstrip(".") if found else ""


def without_clue(text: str) -> str:
    """A text without the description of the order and without what stands in brackets."""
    return re.sub(r"\([^)]*\)", "", _CLUE.sub("", text))


def names_in(text: str, names: Iterable[str], *, loosely: bool = False) -> list[str]:
    """The products that a text names, as they come; loosely, one word of a name is enough."""
    lower = text.lower()
    found = {}
    for name in names:
        spots = [lower.find(word) for word in (name.lower().split() if loosely else [name.lower()])]
        spots = [spot for spot in spots if spot >= 0]
        if spots:
            found[name] = min(spots)
    return sorted(found, key=lambda name: found[name])


def address_in(text: str) -> dict[str, str] | None:
    """A postal address as the tools want it."""
    found = _ADDRESS.search(text)
    if not found:
        return None
    street, flat, city, state, zip_code = found.groups()
    return {
        "address1": street,
        "address2": flat or "",
        "city": city,
        "state": state,
        "country": "USA",
        "zip": zip_code,
    }


def method_in(text: str, methods: Mapping[str, Record], *, closely: bool) -> str | None:
    """The payment method that a text speaks of; not closely: the first of that sort."""
    lower = text.lower()
    if closely:
        for name, method in methods.items():
            if name in lower or (method.get("last_four") and method["last_four"] in lower):
                return name
    for name, method in methods.items():
        words = {"paypal": "paypal", "gift_card": "gift card", "credit_card": "ending in"}
        if words[method["source"]] in lower:
            return name
    return None


def values_in(text: str, product: Record) -> list[str]:
    """The option values of a product that a text holds, as they come."""
    found = {}
    for variant in product["variants"].values():
        for value in variant["options"].values():
            flags = re.NOFLAG if len(value) < 3 else re.IGNORECASE
            if spot := re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text, flags):
                found[value] = spot.start()
    return sorted(found, key=lambda value: found[value])


def around(text: str, name: str, names: Sequence[str]) -> str:
    """The part of a text that belongs to one of several products: from the one named before it to the word after it."""
    lower, key = text.lower(), name.lower()
    spot = lower.rfind(key)
    if spot < 0 or len(names) < 2:
        return text
    begin = max((lower.rfind(other.lower(), 0, spot) + len(other) for other in names), default=0)
    begin = max(begin, lower.rfind(key, 0, spot) + len(key) if lower.rfind(key, 0, spot) >= 0 else 0)
    end = re.search(r" and the |[,;.?]|$", text[spot:])
    return text[begin : spot + (end.start() if end else 0)]


def variant_for(text: str, product: Record, unit: Record, *, closely: bool) -> Record | None:
    """The variant that a text asks for; not closely: the first in the list that has most of what was said."""
    wanted = values_in(text, product)
    if not wanted:
        return None
    best: Record | None = None
    score = (0, 0)
    for variant in product["variants"].values():
        options = variant["options"]
        if variant["item_id"] == unit["item_id"]:
            continue
        hits = sum(value in wanted for value in options.values())
        same = sum(unit["options"].get(axis) == value for axis, value in options.items()) if closely else 0
        if (hits, same) > score:
            best, score = variant, (hits, same)
    return best


def total_of(order: Record) -> float:
    """What the items of an order come to."""
    return round(sum(item["price"] for item in order["items"]), 2)
