"""Whether the postal address that a text speaks of is the one that is meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from toolgym.language.words import STREET_FORMS, STREET_KINDS, places_of, words_of

# Five digits that are neither part of a number or price nor of an id.
_ZIP = re.compile(r"(?<![\d#W_.,])\d{5}(?!\d|[.,]\d)")
_STREET = re.compile(
    r"\b\d{1,5} [A-Z][a-z]+ (?:[A-Z][a-z]+ )?(?:St|Ave|Rd|Road|Street|Avenue|Lane|Ln|Dr|Drive|Way|Court|Ct|Blvd|"
    r"Boulevard|Place|Pl|Terrace|Circle|Trail)"
)
# What may follow a street: ", Apt 5", ", Boston, MA 02134".
_APARTMENT = re.compile(r"[,\s(]*((?:apt|apartment|suite|ste|unit|floor|fl|#)\.? ?#?\w+)", re.I)
_STATES = {
    "AL": "alabama",
    "AK": "alaska",
    "AZ": "arizona",
    "AR": "arkansas",
    "CA": "california",
    "CO": "colorado",
    "CT": "connecticut",
    "DE": "delaware",
    "DC": "district of columbia",
    "FL": "florida",
    "GA": "georgia",
    "HI": "hawaii",
    "ID": "idaho",
    "IL": "illinois",
    "IN": "indiana",
    "IA": "iowa",
    "KS": "kansas",
    "KY": "kentucky",
    "LA": "louisiana",
    "ME": "maine",
    "MD": "maryland",
    "MA": "massachusetts",
    "MI": "michigan",
    "MN": "minnesota",
    "MS": "mississippi",
    "MO": "missouri",
    "MT": "montana",
    "NE": "nebraska",
    "NV": "nevada",
    "NH": "new hampshire",
    "NJ": "new jersey",
    "NM": "new mexico",
    "NY": "new york",
    "NC": "north carolina",
    "ND": "north dakota",
    "OH": "ohio",
    "OK": "oklahoma",
    "OR": "oregon",
    "PA": "pennsylvania",
    "RI": "rhode island",
    "SC": "south carolina",
    "SD": "south dakota",
    "TN": "tennessee",
    "TX": "texas",
    "UT": "utah",
    "VT": "vermont",
    "VA": "virginia",
    "WA": "washington",
    "WV": "west virginia",
    "WI": "wisconsin",
    "WY": "wyoming",
}
"""The states and the District of Columbia, by their two letters."""
_NAMES = "|".join(sorted(_STATES.values(), key=len, reverse=True))
_STATE = re.compile(rf"(?<![A-Za-z])([A-Z]{{2}}|(?i:{_NAMES}))(?=,? *(?:\d{{5}}|$|[.)]|USA|United))")
_CITY = re.compile(rf"[,\s]*([A-Z][A-Za-z. ]+?),?\s+(?:[A-Z]{{2}}|(?i:{_NAMES}))\b")
_FIELDS = {
    "apartment": re.compile(r"\b(?:apt|apartment|unit|suite|line 2|address ?2)\b"),
    "city": re.compile(r"\b(?:city|town)\b"),
    "state": re.compile(r"\bstate\b"),
}
"""Of which field a label speaks."""
_LABEL = re.compile(
    r"(?:address )?(?:line|street|unit|apt|apartment|suite|city|state|zip|country)\b(?: code| \d)?", re.I
)
_SHORT = re.compile(r"\(([A-Z]{2})\)")
_NUMBER = re.compile(r"#?\b\d+[A-Za-z]?\b|\b[A-Za-z]\d*$")
# ", Boston" or " in Boston", without a state.
_BARE_CITY = re.compile(r"(?:,? in|,)\s+((?!USA|Apt|Suite|Unit|Order|The|And|For|Your)[A-Z][a-z]+(?: [A-Z][a-z]+)?)")
# Before the address that is replaced: "from 12 Elm Street", "instead of ...", "the old entry, ...".
_OLD = re.compile(
    r"\b(?:from|instead of|rather than|in place of|old|current|currently|previous|former|not|remov\w*|replac\w*)\b"
    r"(?:(?!\bto\b|\bwith\b|\bby\b|;|\n)[^?!]){0,70}$",
    re.I,
)
_LEAD = 120
"""Characters before an address in which it may be called the old one."""
_LINE = 48
"""Characters of a line that may be one of an address, at most."""
_STATES_BY_NAME = {name: short for short, name in _STATES.items()}
_TAIL = 120
"""Characters after a street that may belong to its address."""


class Address(Protocol):
    """A postal address of the United States."""

    @property
    def address1(self) -> str:
        """House number and street."""

    @property
    def address2(self) -> str:
        """Apartment, suite or floor; empty if there is none."""

    @property
    def city(self) -> str:
        """The city."""

    @property
    def state(self) -> str:
        """The state, in two letters."""

    @property
    def zip(self) -> str:
        """The zip code, in five digits."""


def names_street(words: Sequence[str], address: Address) -> bool:
    """Whether a text, by its words, names house number and street of an address."""
    return bool(places_of(address.address1, words))


def contradicts(
    text: str,
    words: Sequence[str],
    address: Address,
    *,
    known_zips: Collection[str] = (),
    fields: Iterable[tuple[str, str]] = (),
) -> bool:
    """Whether a text gives another address than the one that is meant; the one that it replaces may stand beside it.

    Args:
        text: The text.
        words: Its words; see :func:`~toolgym.language.words.words_of`.
        address: The address that is meant.
        known_zips: Zip codes that may be named for another reason.
        fields: Labels of the text, such as ``"city"``, each with what stands after it.
    """
    zips = {match.group(): match.start() for match in _ZIP.finditer(text)}
    others = [spot for code, spot in zips.items() if code != address.zip and code not in known_zips]
    if (zips and address.zip not in zips) or not all(_is_old(text, spot) for spot in others):
        return True
    right = [match.start() for match in _street(address).finditer(text)]
    if right and all(_is_old(text, spot) for spot in right):
        return True
    if any(_wrong_field(label.lower(), value.strip(), address) for label, value in fields):
        return True
    if any(not _is_old(text, spot) for spot in _other_houses(text, address)):
        return True
    named = names_street(words, address)
    return _wrong_house(words, address) or (not named and bool(_STREET.search(text))) or _wrong_rest(text, address)


def _wrong_field(label: str, value: str, address: Address) -> bool:
    """Whether a labelled field of an address has another value."""
    city, *rest = (part.strip() for part in value.split(","))
    if _FIELDS["city"].search(label):
        state = rest[0].split()[0] if rest and len(rest[0].split()[0:1]) and rest[0][:2].isupper() else ", ".join(rest)
        return bool(city) and (not _same_city(city, address.city) or (bool(rest) and _other_state(state, address)))
    if _FIELDS["state"].search(label):
        return _other_state(city, address)
    return bool(_FIELDS["apartment"].search(label)) and _other_apartment(value, address)


def _other_apartment(said: str, address: Address) -> bool:
    """Whether a text that gives an apartment gives another one."""
    numbers = _numbers_in(said)
    return bool(numbers) and numbers[0] not in _numbers_in(address.address2)


def _numbers_in(text: str) -> list[str]:
    return [found.lstrip("#").lower() for found in _NUMBER.findall(text)]


def _other_state(said: str, address: Address, *, zip_follows: bool = False) -> bool:
    """Whether a text is the name or the letters of another state; letters before a zip code are those of a state."""
    short = _SHORT.search(said)
    if short and short.group(1) in _STATES and short.group(1) != address.state:
        return True
    said = said.strip(" .").split("(")[0].strip()
    known = said.upper() if said.upper() in _STATES else _STATES_BY_NAME.get(said.lower())
    return known != address.state if known or (zip_follows and len(said) == len(address.state)) else False


def _is_old(text: str, spot: int) -> bool:
    """Whether what is named at a character is, by the words before it, the address that is replaced."""
    return _OLD.search(text, max(0, spot - _LEAD), spot) is not None


def _wrong_house(words: Sequence[str], address: Address) -> bool:
    """Whether the street is named, but never with its house number, or as another kind of street."""
    street = words_of(address.address1)
    name = next((word for word in street if word.isalpha() and len(word) > 2), None)
    if name is None or not places_of(name, words) or places_of(address.address1, words):
        return False
    known = places_of(" ".join(street[:-1]), words)
    kinds = [words[place + len(street) - 1] for place in known if place + len(street) - 1 < len(words)]
    return not known or any(kind in STREET_KINDS for kind in kinds)


def _other_houses(text: str, address: Address) -> list[int]:
    """At which characters the street of an address stands with another house number."""
    number, _, name = address.address1.partition(" ")
    return [
        found.start()
        for found in re.finditer(rf"(?<![\w-])(\d{{1,5}}) {re.escape(name)}\b", text)
        if found.group(1) != number
    ]


def _street(address: Address) -> re.Pattern[str]:
    """The street of an address, its last word in full or abbreviated."""
    *words, last = address.address1.split()
    forms = [last, *(short for short, full in STREET_FORMS.items() if full == last.lower())]
    names = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"{re.escape(' '.join(words))} (?:{names})\b\.?", re.I)


def _wrong_rest(text: str, address: Address) -> bool:
    """Whether the street is right, and what follows it, there or in the next lines, is not."""
    for match in _street(address).finditer(text):
        lines = text[match.end() : match.end() + _TAIL].split("\n")
        tail = ", ".join([lines[0], *_lines_of_address(lines[1:])])
        apartment = _APARTMENT.match(tail)
        rest = tail[apartment.end() :] if apartment else tail
        state, city = _STATE.search(rest), _CITY.match(rest)
        if apartment and not address.address2:
            return True
        if apartment and _other_apartment(apartment.group(1), address):
            return True
        if state and city and _other_state(state.group(1), address, zip_follows=state.group(1).isupper()):
            return True
        if city and city.group(1).lower() != address.city.lower():
            return True
        bare = _BARE_CITY.match(rest)
        if bare and not city and not _same_city(bare.group(1), address.city):
            return True
    return False


def _lines_of_address(lines: Sequence[str]) -> list[str]:
    """The lines that go on with an address, without a sentence or a label in them."""
    found = []
    for line in lines:
        if len(line) > _LINE or ":" in line or line.rstrip().endswith("?") or _LABEL.fullmatch(line.strip()):
            break
        found.append(line)
    return found


def _same_city(said: str, city: str) -> bool:
    """Whether what follows a street may be the city: it begins as the city does."""
    return said.lower().startswith(city.lower()) or city.lower().startswith(said.lower())
