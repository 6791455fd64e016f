"""Whether the address that an assistant speaks of is the one that a customer wants."""

from __future__ import annotations

import re

from toolgym.language.words import STREET_FORMS, STREET_KINDS, places_of, words_of
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import Place

# Five digits that are neither part of a number or price nor of an id.
_ZIP = re.compile(r"(?<![\d#W_.,])\d{5}(?!\d|[.,]\d)")
_STREET = re.compile(
    r"\b\d{1,5} [A-Z][a-z]+ (?:[A-Z][a-z]+ )?(?:St|Ave|Rd|Road|Street|Avenue|Lane|Ln|Dr|Drive|Way|Court|Ct|Blvd|"
    r"Boulevard|Place|Pl|Terrace|Circle|Trail)"
)
# What may follow a street: ", Apt 5", ", Boston, MA 02134".
_APARTMENT = re.compile(r"[,\s(]*((?:apt|apartment|suite|ste|unit|floor|fl|#)\.? ?#?\w+)", re.I)
_STATE = re.compile(r"\b([A-Z]{2}),? +\d{5}")
_CITY = re.compile(r"[,\s]*([A-Z][A-Za-z. ]+?),\s*[A-Z]{2}\b")
# ", Boston" or " in Boston", without a state.
_BARE_CITY = re.compile(r"(?:,| in)\s+((?!USA|Apt|Suite|Unit|Order|The|And|For|Your)[A-Z][a-z]+(?: [A-Z][a-z]+)?)")
# Before the address that is replaced: "from 12 Elm Street", "instead of ...", "the old entry, ...".
_OLD = re.compile(
    r"\b(?:from|instead of|rather than|in place of|old|current|currently|previous|former|not|remov\w*|replac\w*)\b"
    r"(?:(?!\bto\b|\bwith\b|\bby\b|;|\n)[^?!]){0,70}$",
    re.I,
)
_LEAD = 120
"""Characters before an address in which it may be called the old one."""
_TAIL = 60
"""Characters after a street that may belong to its address."""


def wrong_address(reading: WishText) -> bool:
    """Whether another address is given than the one wanted; the one that it replaces may be named beside it."""
    address = reading.request.address
    if address is None:
        return False
    if places_of(address.address1, reading.words):
        reading.shown.add("address")
    body = reading.body
    zips = {match.group(): match.start() for match in _ZIP.finditer(body)}
    others = [spot for code, spot in zips.items() if code not in (address.zip, reading.facts.zip)]
    if (zips and address.zip not in zips) or not all(_is_old(body, spot) for spot in others):
        return True
    right = [match.start() for match in _street(address).finditer(body)]
    if right and all(_is_old(body, spot) for spot in right):
        return True
    return (
        _wrong_house(reading, address)
        or ("address" not in reading.shown and bool(_STREET.search(body)))
        or _wrong_rest(reading, address)
    )


def _is_old(body: str, spot: int) -> bool:
    """Whether what is named at a character is, by the words before it, the address that is replaced."""
    return _OLD.search(body, max(0, spot - _LEAD), spot) is not None


def _wrong_house(reading: WishText, address: Place) -> bool:
    """Whether the street is named, but never with its house number, or as another kind of street."""
    street = words_of(address.address1)
    name = next((word for word in street if word.isalpha() and len(word) > 2), None)
    if name is None or not places_of(name, reading.words) or places_of(address.address1, reading.words):
        return False
    known = places_of(" ".join(street[:-1]), reading.words)
    kinds = [reading.words[place + len(street) - 1] for place in known if place + len(street) - 1 < len(reading.words)]
    return not known or any(kind in STREET_KINDS for kind in kinds)


def _street(address: Place) -> re.Pattern[str]:
    """The street of an address, its last word in full or abbreviated."""
    *words, last = address.address1.split()
    forms = [last, *(short for short, full in STREET_FORMS.items() if full == last.lower())]
    names = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"{re.escape(' '.join(words))} (?:{names})\b\.?", re.I)


def _wrong_rest(reading: WishText, address: Place) -> bool:
    """Whether the street is right, and what follows it is not: apartment, city or state."""
    for match in _street(address).finditer(reading.body):
        tail = reading.body[match.end() : match.end() + _TAIL]
        apartment = _APARTMENT.match(tail)
        rest = tail[apartment.end() :] if apartment else tail
        state, city = _STATE.search(rest), _CITY.match(rest)
        if apartment and not address.address2:
            return True
        if apartment and words_of(apartment.group(1))[-1:] != words_of(address.address2)[-1:]:
            return True
        if state and state.group(1) != address.state:
            return True
        if city and city.group(1).lower() != address.city.lower():
            return True
        bare = _BARE_CITY.match(rest)
        if bare and not city and not _same_city(bare.group(1), address.city):
            return True
    return False


def _same_city(said: str, city: str) -> bool:
    """Whether what follows a street may be the city: it begins as the city does."""
    return said.lower().startswith(city.lower()) or city.lower().startswith(said.lower())
