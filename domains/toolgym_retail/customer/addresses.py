"""Whether the address that an assistant speaks of is the one that a customer wants."""

from __future__ import annotations

import re

from toolgym_retail.customer.reading import Reading
from toolgym_retail.customer.words import places_of, words_of
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
_CITY = re.compile(r",\s*([A-Z][A-Za-z. ]+?),\s*[A-Z]{2}\b")
_TAIL = 60
"""So many characters after a street may belong to its address."""


def wrong_address(reading: Reading) -> bool:
    """Whether another address is given than the one wanted; that where the customer lives may be named beside it."""
    address = reading.request.address
    if address is None:
        return False
    if places_of(address.address1, reading.words):
        reading.shown.add("address")
    zips = set(_ZIP.findall(reading.body))
    if zips and (address.zip not in zips or zips - {address.zip, reading.facts.zip}):
        return True
    return (
        _wrong_house(reading, address)
        or ("address" not in reading.shown and not zips and bool(_STREET.search(reading.body)))
        or _wrong_rest(reading, address)
    )


def _wrong_house(reading: Reading, address: Place) -> bool:
    """Whether the street is named, but never with its house number."""
    street = words_of(address.address1)
    name = next((word for word in street if word.isalpha() and len(word) > 2), None)
    return (
        name is not None and bool(places_of(name, reading.words)) and not places_of(" ".join(street[:2]), reading.words)
    )


def _wrong_rest(reading: Reading, address: Place) -> bool:
    """Whether the street is right, and what follows it is not: apartment, city or state."""
    for match in re.finditer(re.escape(address.address1), reading.body, re.I):
        tail = reading.body[match.end() : match.end() + _TAIL]
        apartment, state, city = _APARTMENT.match(tail), _STATE.search(tail), _CITY.search(tail)
        if apartment and not address.address2:
            return True
        if apartment and words_of(apartment.group(1))[-1:] != words_of(address.address2)[-1:]:
            return True
        if state and state.group(1) != address.state:
            return True
        if city and not apartment and city.group(1).lower() != address.city.lower():
            return True
    return False
